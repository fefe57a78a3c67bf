//! The warm-up: a hook of ours through the whole path, so that children inherit compiled code.

use std::io;
use std::time::Duration;

use deno_core::v8;
use lode_proto::message::{Call, Done, Log, Mode, Realm, Reply, Run, SourcePart};
use lode_proto::{JobLimits, Tag};
use serde_json::value::RawValue;

use crate::job::{Incoming, Job, Port};
use crate::pristine::Pristine;
use crate::run::{compile, run};

/// Implicit globals only: a declared function could not be taken away again.
const HOOK: &str = include_str!("../js/warm_up.js");
/// The least that a hook does.
const LEAST: &str =
    "onPreSave = function (request, response, modules) { response.complete(200); };";
/// How often: V8 gives a function its own memory of types after some calls.
const LEAST_TIMES: usize = 8;
const CLEAN: &str = "delete globalThis.onPreSave; delete globalThis.complete; \
                     delete globalThis.db; delete globalThis.request; \
                     delete globalThis.fetch; /(?:)/.exec('');";

/// Answers every call at once, with something of the right shape.
#[derive(Debug, Default)]
struct Echo {
    replies: Vec<Reply>,
    done: std::sync::Arc<std::sync::Mutex<Option<Done>>>,
}

impl Port for Echo {
    fn call(&mut self, call: &Call) -> io::Result<()> {
        let text = match call.method.as_str() {
            "db.find" | "db.insert" => r#"[{"_id":"1"}]"#,
            _ => r#"{"_id":"1","count":1,"numberAffected":1}"#,
        };
        let ok = RawValue::from_string(text.to_owned()).ok();
        self.replies.push(Reply {
            id: call.id,
            ok,
            error: None,
        });
        Ok(())
    }
    fn log(&mut self, _log: &Log) -> io::Result<()> {
        Ok(())
    }
    fn done(&mut self, done: &Done) -> io::Result<()> {
        if let Ok(mut place) = self.done.lock() {
            *place = Some(done.clone());
        }
        Ok(())
    }
    fn receive(&mut self, _wait: Option<Duration>) -> io::Result<Incoming> {
        Ok(self
            .replies
            .pop()
            .map_or(Incoming::TimedOut, Incoming::Reply))
    }
    fn cpu_us(&self) -> u64 {
        0
    }
}

/// Runs what every job runs.
pub(crate) fn least(pristine: &mut Pristine) -> Result<(), String> {
    for _ in 0..LEAST_TIMES {
        warm_up(pristine, LEAST)?;
    }
    Ok(())
}

/// Runs a hook that uses the modules and the libraries.
pub(crate) fn all(pristine: &mut Pristine) -> Result<(), String> {
    warm_up(pristine, HOOK)
}

/// Runs one hook and removes its traces from the realm.
fn warm_up(pristine: &mut Pristine, hook: &str) -> Result<(), String> {
    let echo = Echo::default();
    let done = std::sync::Arc::clone(&echo.done);
    let job = Run {
        mode: Mode::Run,
        parts: vec![SourcePart {
            name: "lode:warm".to_owned(),
            source: hook.to_owned(),
        }],
        function: Some("onPreSave".to_owned()),
        collection: Some("warm".to_owned()),
        endpoint: None,
        request: RawValue::from_string(r#"{"body":{"a":1}}"#.to_owned()).ok(),
        response: None,
        app_key: "warm".to_owned(),
        realm: Realm::default(),
        limits: JobLimits {
            wall_limit_ms: 60_000,
            ..JobLimits::default()
        },
    };
    run(pristine, job, Box::new(echo));
    let done = done.lock().ok().and_then(|mut place| place.take());
    match done {
        Some(done) if done.tag == Tag::Completed => {}
        other => return Err(format!("the warm-up hook ended with {other:?}")),
    }
    pristine.isolate.cancel_terminate_execution();
    pristine.isolate.remove_slot::<Job>();
    evaluate(pristine, CLEAN)
}

/// Draws and drops a few random numbers: the seed flag has 31 bits, this adds eight.
pub(crate) fn skip_random(pristine: &mut Pristine, count: u8) -> Result<(), String> {
    evaluate(
        pristine,
        &format!("for(let i=0;i<{count};i++)Math.random()"),
    )
}

fn evaluate(pristine: &mut Pristine, source: &str) -> Result<(), String> {
    let context = pristine.context.clone();
    v8::scope!(let scope, &mut pristine.isolate);
    let context = v8::Local::new(scope, context);
    let scope = &mut v8::ContextScope::new(scope, context);
    let result = compile(scope, "lode:warm", source).and_then(|script| script.run(scope));
    result.map(drop).ok_or_else(|| format!("{source} failed"))
}
