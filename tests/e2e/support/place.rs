//! `Place`: one test's folder, store and queue; and the binary run to its end.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use lode_proto::Outcome;
use lode_queue::{DeadJob, QueueOptions};
use serde_json::Value;
use tempfile::TempDir;

use super::eventually;
use super::redis_server::RedisServer;

/// A finished run of the binary.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Standard output of a run that must have succeeded.
    #[track_caller]
    pub(crate) fn good(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }

    /// Standard error of a run that must have ended with `code`, without a word on standard output.
    #[track_caller]
    pub(crate) fn bad(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        self.stderr
    }

    /// The outcome on standard output: one line, one JSON object, and the exit code that fits it.
    #[track_caller]
    pub(crate) fn outcome(&self) -> Outcome {
        assert_eq!(self.stdout.lines().count(), 1, "{self:?}");
        let outcome = outcome(&self.stdout);
        let code = if outcome.tag.is_success() { 0 } else { 1 };
        assert_eq!(self.code, Some(code), "{self:?}");
        outcome
    }
}

/// Parses an outcome.
#[track_caller]
pub(crate) fn outcome(text: &str) -> Outcome {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A file of `tests/hooks`.
pub(crate) fn hook_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/hooks")
        .join(name)
}

/// The binary, with none of the caller's settings.
pub(crate) fn lode() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lode"));
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"LODE_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Place {
    /// The queue's URL.
    pub(crate) queue: String,
    /// The queue's name.
    pub(crate) name: String,
    /// The store's URL.
    pub(crate) store: String,
    /// Of the server, without the queue's name; none with SQLite.
    pub(crate) redis_url: Option<String>,
    files: AtomicU32,
    // Before the folder: dropped, and thereby stopped, first.
    _server: Option<RedisServer>,
    dir: TempDir,
}

impl Place {
    /// A place whose queue is on Redis.
    pub(crate) fn redis() -> Self {
        let dir = TempDir::new().unwrap();
        #[expect(
            clippy::disallowed_methods,
            reason = "tests have no config.rs to read it in"
        )]
        let (url, server) = match std::env::var("LODE_TEST_REDIS") {
            Ok(url) => (url, None),
            Err(_) => {
                let server = RedisServer::start(dir.path(), &[]);
                (server.url.clone(), Some(server))
            }
        };
        Self::on_redis(dir, url, server)
    }

    /// A place with a Redis server of its own, for keys that bear no queue's name.
    pub(crate) fn private_redis() -> Self {
        let dir = TempDir::new().unwrap();
        let server = RedisServer::start(dir.path(), &[]);
        Self::on_redis(dir, server.url.clone(), Some(server))
    }

    fn on_redis(dir: TempDir, url: String, server: Option<RedisServer>) -> Self {
        // The folder's random name is unique on a shared server, too.
        let unique = dir.path().file_name().unwrap().to_string_lossy();
        let name: String = unique
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let joint = if url.contains('?') { '&' } else { '?' };
        Self {
            queue: format!("{url}{joint}queue={name}"),
            redis_url: Some(url),
            name,
            ..Self::new(dir, server)
        }
    }

    /// A place whose queue is a SQLite file.
    pub(crate) fn sqlite() -> Self {
        Self::new(TempDir::new().unwrap(), None)
    }

    fn new(dir: TempDir, server: Option<RedisServer>) -> Self {
        Self {
            queue: format!("sqlite:{}", dir.path().join("queue.sqlite").display()),
            name: "default".to_owned(),
            store: format!("sqlite:{}", dir.path().join("store.sqlite").display()),
            redis_url: None,
            files: AtomicU32::new(0),
            _server: server,
            dir,
        }
    }

    /// A path in the test's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A path in the test's folder that nobody has been given before.
    pub(crate) fn new_path(&self, stem: &str) -> PathBuf {
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        self.path(&format!("{stem}-{number}"))
    }

    /// Writes a file into the test's folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Runs the binary with these arguments to its end, in the test's folder.
    pub(crate) fn lode<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        self.finish(lode().args(args))
    }

    /// Runs a command to its end, in the test's folder.
    pub(crate) fn finish(&self, command: &mut Command) -> Ran {
        // Files and not pipes: nobody has to read while it runs.
        let (out, err) = (self.new_path("stdout"), self.new_path("stderr"));
        let mut child = command
            .current_dir(self.dir.path())
            .stdout(File::create(&out).unwrap())
            .stderr(File::create(&err).unwrap())
            .spawn()
            .unwrap();
        let status = eventually("the command ends", || child.try_wait().unwrap());
        Ran {
            code: status.code(),
            stdout: fs::read_to_string(&out).unwrap(),
            stderr: String::from_utf8_lossy(&fs::read(&err).unwrap()).into_owned(),
        }
    }

    /// `lode run` of a file of `tests/hooks`.
    pub(crate) fn run(&self, file: &str, flags: &[&str]) -> Ran {
        let mut command = lode();
        command.arg("run").arg(hook_file(file)).args(flags);
        self.finish(&mut command)
    }

    /// `lode run` of a script written here.
    #[track_caller]
    pub(crate) fn run_script(&self, script: &str, flags: &[&str]) -> Outcome {
        let path = self.new_path("script");
        fs::write(&path, script).unwrap();
        self.finish(lode().arg("run").arg(path).args(flags))
            .outcome()
    }

    /// Creates an app in the store.
    #[track_caller]
    pub(crate) fn app(&self, id: &str, flags: &[&str]) {
        let args = ["app", "create", id, "--store", self.store.as_str()];
        self.lode(args.iter().chain(flags)).good();
    }

    /// Stores files of `tests/hooks` as endpoints of an app, each named as its file.
    #[track_caller]
    pub(crate) fn endpoints(&self, app: &str, names: &[&str]) {
        for name in names {
            let file = hook_file(&format!("{name}.js"));
            self.put(app, &file, &format!("endpoint:{name}")).good();
        }
    }

    /// `lode hook put`.
    pub(crate) fn put(&self, app: &str, file: &Path, on: &str) -> Ran {
        let mut command = lode();
        command.args(["hook", "put", app, "--on", on, "--store", &self.store]);
        self.finish(command.arg(file))
    }

    /// The newest entries of the queue's dead list.
    pub(crate) fn dead(&self) -> Vec<DeadJob> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let queue = lode_queue::open(&self.queue, QueueOptions::default());
            queue.await.unwrap().dead(None, 100).await.unwrap()
        })
    }

    /// `lode enqueue --wait` of an endpoint: its outcome.
    #[track_caller]
    pub(crate) fn ask(&self, app: &str, endpoint: &str, body: &Value) -> Outcome {
        let (hook, body) = (format!("endpoint:{endpoint}"), body.to_string());
        let args = ["enqueue", app, &hook, "--body", &body, "--wait", "60s"];
        self.lode(args.iter().chain(&["--queue", self.queue.as_str()]))
            .outcome()
    }
}
