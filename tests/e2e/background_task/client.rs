//! An application server with npm `background-task`, and a plain connection to look at its keys.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Place, eventually};

/// Far above anything that works.
const PATIENCE_MS: u64 = 60_000;

/// A running client of the package. Killed when dropped.
pub(super) struct Client {
    process: Child,
    output: PathBuf,
    errors: PathBuf,
}

impl Client {
    /// Starts a client with these options and tasks; see `tests/nbt/client.js`.
    pub(super) fn start(place: &Place, options: Value, tasks: &[Value], more: Value) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "tests have no config.rs to read it in"
        )]
        let [node, modules] = ["LODE_TEST_NODE", "LODE_TEST_NBT_PATH"].map(|name| {
            std::env::var(name).unwrap_or_else(|_| panic!("{name}: `cargo xtask test` sets it"))
        });
        let url = place.redis_url.clone().unwrap();
        let mut connect = json!({"taskKey": "appId", "timeout": PATIENCE_MS, "maxTasksPerKey": -1,
            "redisOptions": {"path": url.strip_prefix("unix://").unwrap()}});
        merge(&mut connect, options);
        let mut plan = json!({"connect": connect, "tasks": tasks});
        merge(&mut plan, more);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/nbt/client.js");
        let (output, errors) = (place.new_path("client"), place.new_path("client-errors"));
        let file = place.new_path("plan");
        fs::write(&file, plan.to_string()).unwrap();
        let process = Command::new(node)
            .arg(script)
            .arg(file)
            .env("NODE_PATH", modules)
            .stdin(Stdio::null())
            .stdout(File::create(&output).unwrap())
            .stderr(File::create(&errors).unwrap())
            .spawn()
            .unwrap();
        Self {
            process,
            output,
            errors,
        }
    }

    /// What it has printed so far.
    pub(super) fn lines(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.output).unwrap();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let lines = whole.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap()
    }

    /// Waits until it has printed such a line.
    #[track_caller]
    pub(super) fn await_event(&self, event: &str) -> Value {
        eventually(event, || {
            self.lines().into_iter().find(|line| line["event"] == event)
        })
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) {
        // Already gone is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Waits for its end: everything that it has printed.
    #[track_caller]
    pub(super) fn finish(mut self) -> Vec<Value> {
        let status = eventually("the client ends", || self.process.try_wait().unwrap());
        let errors = fs::read_to_string(&self.errors).unwrap();
        assert!(status.success(), "{errors}");
        self.lines()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!(
                "--- the client's output\n{:?}",
                fs::read_to_string(&self.output)
            );
            eprintln!("--- its errors\n{:?}", fs::read_to_string(&self.errors));
        }
    }
}

fn merge(into: &mut Value, from: Value) {
    let Value::Object(from) = from else {
        panic!("no object: {from}")
    };
    for (key, value) in from {
        into[key] = value;
    }
}

/// A plain connection to the place's Redis.
pub(super) struct Raw(redis::Connection);

impl Raw {
    pub(super) fn new(place: &Place) -> Self {
        let url = place.redis_url.clone().unwrap();
        Self(redis::Client::open(url).unwrap().get_connection().unwrap())
    }

    #[track_caller]
    pub(super) fn ask<T: redis::FromRedisValue>(&mut self, words: &[&str]) -> T {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]).query(&mut self.0).unwrap()
    }

    /// The package's keys that are there.
    pub(super) fn left(&mut self) -> Vec<String> {
        let keys: Vec<String> = self.ask(&["KEYS", "*"]);
        let mut keys: Vec<String> = keys
            .into_iter()
            .filter(|key| !key.starts_with("lode:"))
            .collect();
        keys.sort();
        keys
    }
}
