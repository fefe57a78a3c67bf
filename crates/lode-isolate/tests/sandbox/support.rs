//! One job in a fresh isolate, with a port that answers host calls from the test.

use std::io;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use lode_isolate::{Incoming, Port, Pristine, engine};
use lode_proto::message::{
    Call, CallError, Done, Log, LogLevel, Mode, Realm, Reply, Run, SourcePart,
};
use lode_proto::{JobLimits, Tag};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// Answers one host call.
pub(crate) type Answer = fn(&str, &Value) -> Result<Value, CallError>;

/// V8 is told to use one thread, so one isolate lives at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A hook to run.
pub(crate) struct Hook {
    script: String,
    function: Option<&'static str>,
    collection: Option<&'static str>,
    request: Value,
    response: Option<Value>,
    realm: Realm,
    answer: Answer,
}

/// What came out.
#[derive(Debug, Default, Clone)]
pub(crate) struct Ran {
    pub(crate) done: Option<Done>,
    /// Method and arguments of each host call.
    pub(crate) calls: Vec<(String, Value)>,
    /// Level and text of each log line.
    pub(crate) logs: Vec<(LogLevel, String)>,
}

/// Refuses every call, as a master that does not know it.
pub(crate) fn unknown(method: &str, _args: &Value) -> Result<Value, CallError> {
    Err(CallError {
        code: "UnknownMethod".to_owned(),
        message: format!("there is no {method:?}"),
    })
}

/// The function `onRequest` of a file in `tests/hooks`.
pub(crate) fn hook(file: &str) -> Hook {
    let path = format!("{}/../../tests/hooks/{file}.js", env!("CARGO_MANIFEST_DIR"));
    script(&std::fs::read_to_string(&path).expect(&path))
}

/// The function `onRequest` of a script.
pub(crate) fn script(text: &str) -> Hook {
    Hook {
        script: text.to_owned(),
        function: Some("onRequest"),
        collection: None,
        request: json!({}),
        response: None,
        realm: Realm::default(),
        answer: unknown,
    }
}

impl Hook {
    pub(crate) fn function(mut self, name: &'static str) -> Self {
        self.function = Some(name);
        self.collection = Some("books");
        self
    }

    pub(crate) fn request(mut self, request: Value) -> Self {
        self.request = request;
        self
    }

    pub(crate) fn response(mut self, response: Value) -> Self {
        self.response = Some(response);
        self
    }

    pub(crate) fn realm(mut self, realm: Realm) -> Self {
        self.realm = realm;
        self
    }

    pub(crate) fn answer(mut self, answer: Answer) -> Self {
        self.answer = answer;
        self
    }

    pub(crate) fn run(self) -> Ran {
        static ENGINE: Once = Once::new();
        ENGINE.call_once(|| engine::init(|_exit| std::process::abort()));
        let _one = ONE_AT_A_TIME
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let raw = |value: Value| RawValue::from_string(value.to_string()).ok();
        let job = Run {
            mode: Mode::Run,
            parts: vec![SourcePart {
                name: "hook".to_owned(),
                source: self.script,
            }],
            function: self.function.map(str::to_owned),
            collection: self.collection.map(str::to_owned),
            endpoint: None,
            request: raw(self.request),
            response: self.response.and_then(raw),
            app_key: "kid_1".to_owned(),
            realm: self.realm,
            limits: JobLimits::default(),
        };
        let ran = Arc::new(Mutex::new(Ran::default()));
        let port = TestPort {
            ran: Arc::clone(&ran),
            replies: Vec::new(),
            answer: self.answer,
        };
        let mut pristine = Pristine::build().expect("the realm is made");
        pristine.wake([7; 16], || 0).expect("the isolate wakes");
        pristine.run(job, Box::new(port));
        drop(pristine);
        ran.lock().expect("the run is over").clone()
    }

    /// The body with which the hook completed or went on.
    #[track_caller]
    pub(crate) fn body(self) -> Value {
        self.run().body()
    }
}

impl Ran {
    #[track_caller]
    pub(crate) fn done(&self) -> &Done {
        self.done.as_ref().expect("every job is reported")
    }

    #[track_caller]
    pub(crate) fn body(&self) -> Value {
        let done = self.done();
        assert!(done.tag.is_success(), "{done:?}");
        parsed(done.body.as_deref())
    }

    /// What is left in the request.
    #[track_caller]
    pub(crate) fn request(&self) -> Value {
        parsed(self.done().request.as_deref())
    }

    /// The debug text of a hook that failed with `tag`.
    #[track_caller]
    pub(crate) fn failed(&self, tag: Tag) -> &str {
        let done = self.done();
        assert_eq!(done.tag, tag, "{done:?}");
        &done.debug
    }
}

#[track_caller]
fn parsed(raw: Option<&RawValue>) -> Value {
    serde_json::from_str(raw.expect("a success has it").get()).expect("it is JSON")
}

struct TestPort {
    ran: Arc<Mutex<Ran>>,
    replies: Vec<Reply>,
    answer: Answer,
}

impl Port for TestPort {
    fn call(&mut self, call: &Call) -> io::Result<()> {
        let args: Value = serde_json::from_str(call.args.get())?;
        let (ok, error) = match (self.answer)(&call.method, &args) {
            Ok(value) => (RawValue::from_string(value.to_string()).ok(), None),
            Err(error) => (None, Some(error)),
        };
        self.replies.push(Reply {
            id: call.id,
            ok,
            error,
        });
        let mut ran = self.ran.lock().expect("one thread");
        ran.calls.push((call.method.clone(), args));
        Ok(())
    }

    fn log(&mut self, log: &Log) -> io::Result<()> {
        let mut ran = self.ran.lock().expect("one thread");
        ran.logs.push((log.level, log.message.clone()));
        Ok(())
    }

    fn done(&mut self, done: &Done) -> io::Result<()> {
        self.ran.lock().expect("one thread").done = Some(done.clone());
        Ok(())
    }

    fn receive(&mut self, wait: Option<Duration>) -> io::Result<Incoming> {
        if self.replies.is_empty() {
            // Nothing can come: only the clock goes on.
            let until = wait.unwrap_or_default().min(Duration::from_millis(5));
            std::thread::park_timeout(until);
            return Ok(Incoming::TimedOut);
        }
        Ok(Incoming::Reply(self.replies.remove(0)))
    }

    fn cpu_us(&self) -> u64 {
        0
    }
}
