//! `World`: a store with one app, hooks played by the test, and the pipeline on both.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use lode_pipeline::{Action, HookRunner, Identity, Pipeline, Reply, Request, RunError};
use lode_proto::job::JobRecord;
use lode_proto::outcome::{Timings, Usage, to_raw};
use lode_proto::{ErrorInfo, HookResponse, Outcome, Tag};
use lode_store::{DocOp, HookKind, NewApp, NewHook, Store};
use serde_json::{Map, Value, json};

/// The app.
pub(crate) const APP: &str = "kid_1";
/// 2014-02-26T19:45:22.211Z, the time of every request.
pub(crate) const NOW: &str = "2014-02-26T19:45:22.211Z";

fn now_ms() -> u64 {
    1_393_443_922_211
}

/// How a hook ends.
pub(crate) enum End {
    /// `response.continue()`.
    Continue,
    /// `response.complete(status)`.
    Complete(u16),
    /// `response.error(text)`.
    Error(&'static str),
    /// There is no outcome.
    Fails(RunError),
}

/// A hook: it may change its request and response.
pub(crate) type Hook = fn(&mut Value, &mut Value) -> End;

/// What a hook was given.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) hook: String,
    pub(crate) request: Value,
    pub(crate) response: Value,
}

struct Play {
    hooks: BTreeMap<&'static str, Hook>,
    calls: Mutex<Vec<Call>>,
}

impl std::fmt::Debug for Play {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Play").finish_non_exhaustive()
    }
}

#[async_trait]
impl HookRunner for Play {
    async fn run(&self, job: JobRecord) -> Result<Outcome, RunError> {
        let text = serde_json::to_string(&job).unwrap();
        // A worker could run it: it is a whole, valid record.
        lode_proto::job::parse(&text, "1-0").unwrap();
        let hook = job.hook.unwrap();
        let mut request: Value = serde_json::from_str(job.request.unwrap().get()).unwrap();
        let mut response: Value = serde_json::from_str(job.response.unwrap().get()).unwrap();
        self.calls.lock().unwrap().push(Call {
            hook: hook.clone(),
            request: request.clone(),
            response: response.clone(),
        });
        let end = self.hooks[hook.as_str()](&mut request, &mut response);
        outcome(&hook, end, &request, &response)
    }
}

fn outcome(hook: &str, end: End, request: &Value, response: &Value) -> Result<Outcome, RunError> {
    let status = response["status"].as_u64().unwrap();
    // What `continue()` makes of a response without a status.
    let status = if status == 0 {
        200
    } else {
        u16::try_from(status).unwrap()
    };
    let with = |status_code| HookResponse {
        status_code,
        headers: serde_json::from_value(response["headers"].clone()).unwrap(),
        body: to_raw(&response["body"]),
        proceed: false,
    };
    let (tag, response, error) = match end {
        End::Continue => (Tag::Continued, with(status), None),
        End::Complete(status) => (Tag::Completed, with(status), None),
        End::Error(text) => {
            let debug = format!("UserDefinedError: {text}");
            let info = ErrorInfo::for_tag(Tag::HookError, debug, None).unwrap();
            (
                Tag::HookError,
                HookResponse::of_failure(400, &info),
                Some(info),
            )
        }
        End::Fails(error) => return Err(error),
    };
    Ok(Outcome {
        id: "1-0".to_owned(),
        app: APP.to_owned(),
        hook: hook.to_owned(),
        tag,
        blame: tag.verdict().0,
        status: response.status_code,
        response: HookResponse {
            proceed: tag == Tag::Continued,
            ..response
        },
        request: Some(to_raw(request)),
        error,
        timings: Timings::default(),
        usage: Usage::default(),
        worker: "w".to_owned(),
    })
}

/// See the file's head.
pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    play: Arc<Play>,
    pub(crate) pipeline: Pipeline,
}

impl World {
    /// An app with these hooks.
    pub(crate) async fn new<const N: usize>(hooks: [(&'static str, Hook); N]) -> Self {
        let store = lode_store::open("sqlite::memory:").await.unwrap();
        let app = NewApp {
            id: APP.to_owned(),
            ..NewApp::default()
        };
        store.create_app(app).await.unwrap();
        for (name, _) in &hooks {
            let put = NewHook {
                app: APP.to_owned(),
                name: (*name).to_owned(),
                kind: HookKind::Hook,
                source: "// played by the test".to_owned(),
            };
            store.put_hook(put).await.unwrap();
        }
        let play = Arc::new(Play {
            hooks: hooks.into_iter().collect(),
            calls: Mutex::new(Vec::new()),
        });
        let runner = Arc::clone(&play) as Arc<dyn HookRunner>;
        let pipeline = Pipeline::new(Arc::clone(&store), runner, now_ms);
        Self {
            store,
            play,
            pipeline,
        }
    }

    /// What hooks were given so far, in order.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.play.calls.lock().unwrap().clone()
    }

    /// The names of the hooks that ran so far, in order.
    pub(crate) fn ran(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.hook).collect()
    }

    pub(crate) async fn serve(&self, request: Request) -> Reply {
        self.pipeline.serve(request).await
    }

    /// Status and body of a request.
    pub(crate) async fn ask(&self, request: Request) -> (u16, Value) {
        let reply = self.serve(request).await;
        (
            reply.status,
            serde_json::from_str(reply.body.get()).unwrap(),
        )
    }

    /// The document as it is stored.
    pub(crate) async fn stored(&self, id: &str) -> Value {
        let op = DocOp::FindOne {
            collection: "books".to_owned(),
            query: json!({ "_id": id }),
            options: Value::Null,
        };
        let reply = self.store.execute(APP, op).await.unwrap();
        serde_json::from_str(reply.as_json()).unwrap()
    }

    /// Stores documents without the pipeline.
    pub(crate) async fn put(&self, documents: Value) {
        let op = DocOp::Insert {
            collection: "books".to_owned(),
            entity: documents,
        };
        self.store.execute(APP, op).await.unwrap();
    }
}

/// A request to the collection `books`, by the master secret.
pub(crate) fn request(action: Action) -> Request {
    Request {
        app: APP.to_owned(),
        identity: Identity::Master,
        action,
        collection: "books".to_owned(),
        params: Map::new(),
        headers: BTreeMap::new(),
        body: None,
    }
}

/// The same with a body.
pub(crate) fn with_body(action: Action, body: Value) -> Request {
    Request {
        body: Some(body),
        ..request(action)
    }
}

/// The same with parameters.
pub(crate) fn with_params<const N: usize>(action: Action, params: [(&str, &str); N]) -> Request {
    let params = params.map(|(name, value)| (name.to_owned(), json!(value)));
    Request {
        params: params.into_iter().collect(),
        ..request(action)
    }
}

/// The same request by a user whose id is `id`.
pub(crate) fn by(id: &str, request: Request) -> Request {
    Request {
        identity: Identity::User {
            id: id.to_owned(),
            username: format!("{id}@example.com"),
        },
        ..request
    }
}

pub(crate) fn one(id: &str) -> Action {
    Action::ReadOne(id.to_owned())
}

pub(crate) fn update(id: &str) -> Action {
    Action::Update(id.to_owned())
}

pub(crate) fn delete(id: &str) -> Action {
    Action::DeleteOne(id.to_owned())
}

/// The `_id`s of an array of documents.
pub(crate) fn ids(documents: &Value) -> Vec<&str> {
    let documents = documents.as_array().unwrap();
    documents
        .iter()
        .map(|document| document["_id"].as_str().unwrap())
        .collect()
}
