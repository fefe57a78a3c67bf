//! `Producer`: an application server with a plain Redis client and nothing of ours.

use lode_proto::Outcome;
use serde_json::{Value, json};

use super::{Place, outcome};

/// Seconds that a producer waits for one outcome; only what never comes takes so long.
const PATIENCE_S: u32 = 60;

/// A connection with a reply list of its own.
pub(crate) struct Producer {
    pub(crate) connection: redis::Connection,
    inbox: String,
    /// The list that outcomes come to.
    pub(crate) reply_to: String,
}

impl Producer {
    /// A producer whose list ends with `caller`.
    pub(crate) fn new(place: &Place, caller: &str) -> Self {
        let url = place.redis_url.clone().expect("this place has a Redis");
        let client = redis::Client::open(url).unwrap();
        Self {
            connection: client.get_connection().unwrap(),
            inbox: format!("lode:{{{}}}:in", place.name),
            reply_to: format!("lode:{{{}}}:reply:{caller}", place.name),
        }
    }

    /// Enqueues a text as it is.
    pub(crate) fn push_text(&mut self, text: &str) {
        let _: String = redis::cmd("XADD")
            .arg(&[&self.inbox, "*", "job", text])
            .query(&mut self.connection)
            .unwrap();
    }

    /// Enqueues a job whose outcome comes to this producer.
    pub(crate) fn push(&mut self, mut job: Value) {
        job["reply_to"] = json!(self.reply_to);
        self.push_text(&job.to_string());
    }

    /// Enqueues many texts in one round trip.
    pub(crate) fn push_all(&mut self, texts: &[String]) {
        let mut pipe = redis::pipe();
        for text in texts {
            pipe.cmd("XADD")
                .arg(&[&self.inbox, "*", "job", text])
                .ignore();
        }
        pipe.query::<()>(&mut self.connection).unwrap();
    }

    /// Withdraws a job by its id, as a producer does that knows nothing but XADD.
    pub(crate) fn cancel(&mut self, id: &str) {
        let _: String = redis::cmd("XADD")
            .arg(&[&self.inbox, "*", "cancel", id])
            .query(&mut self.connection)
            .unwrap();
    }

    /// Waits for the next outcome.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Outcome {
        let answer: Option<(String, String)> = redis::cmd("BLPOP")
            .arg(&self.reply_to)
            .arg(PATIENCE_S)
            .query(&mut self.connection)
            .unwrap();
        outcome(&answer.expect("an outcome comes").1)
    }

    /// Outcomes that have come and nobody has taken.
    pub(crate) fn waiting(&mut self) -> usize {
        redis::cmd("LLEN")
            .arg(&self.reply_to)
            .query(&mut self.connection)
            .unwrap()
    }

    /// Enqueues a job and waits for its outcome.
    #[track_caller]
    pub(crate) fn ask(&mut self, job: Value) -> Outcome {
        self.push(job);
        self.next()
    }
}

/// A job for an endpoint of app `a`.
pub(crate) fn endpoint(name: &str, body: Value) -> Value {
    json!({"app": "a", "hook": format!("endpoint:{name}"), "request": {"body": body}})
}

/// A job of any app that brings its own script, which is the body of an async `onRequest` with
/// `request`, `response` and `modules`; for a worker with `JOBS_ALLOW_INLINE_SCRIPT=true`.
pub(crate) fn script(app: &str, text: &str, body: Value) -> Value {
    let text = format!("async function onRequest(request, response, modules) {{\n{text}\n}}");
    json!({"app": app, "script": text, "function": "onRequest", "request": {"body": body}})
}
