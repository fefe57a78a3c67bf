//! [`Exchange`]: the request and response of one pipeline as its hooks see and change them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use lode_proto::job::JobRecord;
use lode_proto::outcome::to_raw;
use lode_proto::{Outcome, Tag};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::database::Done;
use crate::fault::Failure;
use crate::limits::HOOK_JOB_BYTES_MAX;
use crate::{Identity, Reply, Request};

/// What goes from hook to hook, and by the last one to the client.
#[derive(Debug)]
pub(crate) struct Exchange {
    request: Map<String, Value>,
    response: Response,
}

#[derive(Debug, Serialize)]
struct Response {
    /// 0 before the database action, as in Kinvey's tasks.
    status: u16,
    headers: BTreeMap<String, String>,
    body: Box<RawValue>,
}

impl Exchange {
    pub(crate) fn new(request: &Request) -> Self {
        Self {
            request: first_request(request),
            response: Response {
                status: 0,
                headers: BTreeMap::new(),
                body: to_raw(&Map::new()),
            },
        }
    }

    /// The job of this hook. Fails when request and response are too large for one.
    pub(crate) fn job(&self, app: &str, hook: String) -> Result<JobRecord, Failure> {
        let job = JobRecord {
            app: app.to_owned(),
            hook: Some(hook),
            request: Some(to_raw(&self.request)),
            response: Some(to_raw(&self.response)),
            ..JobRecord::default()
        };
        let bytes = to_raw(&job).get().len();
        if bytes <= HOOK_JOB_BYTES_MAX {
            return Ok(job);
        }
        let hook = job.hook.unwrap_or_default();
        let debug = format!(
            "the request and response for {hook} have {bytes} bytes, allowed are \
             {HOOK_JOB_BYTES_MAX}; ask for less by limit, skip or fields"
        );
        Err(Failure::of_tag(Tag::HookViolation, debug))
    }

    /// What has become of a hook: either the pipeline goes on with what it has left, or this is
    /// the reply.
    pub(crate) fn take(&mut self, outcome: Outcome) -> ControlFlow<Reply> {
        let response = outcome.response;
        if outcome.tag != Tag::Continued {
            return ControlFlow::Break(Reply::from(response));
        }
        let left = outcome.request.map(|request| request.get().to_owned());
        // A `request.toJSON` can make anything of it. What is no object changes nothing.
        if let Some(Ok(left)) = left.map(|text| serde_json::from_str(&text)) {
            self.request = left;
        }
        self.response = Response {
            status: response.status_code,
            headers: response.headers,
            body: response.body,
        };
        ControlFlow::Continue(())
    }

    /// The database's answer, which post hooks see. Headers that pre hooks have set stay.
    pub(crate) fn answer(&mut self, done: Done) {
        self.response.status = done.status;
        self.response.body = done.body;
    }

    pub(crate) fn into_reply(self) -> Reply {
        let Response {
            status,
            headers,
            body,
        } = self.response;
        Reply {
            status,
            headers,
            body,
        }
    }

    /// The body as the pre hooks have left it.
    pub(crate) fn body(&self) -> Option<&Value> {
        self.request.get("body")
    }

    /// The URL's parameters as the pre hooks have left them.
    pub(crate) fn params(&self) -> Map<String, Value> {
        let params = self.request.get("params").and_then(Value::as_object);
        params.cloned().unwrap_or_default()
    }

    /// The entity's id: what a pre hook has put in its place, or the URL's.
    pub(crate) fn entity_id(&self, of_url: &str) -> String {
        match self.request.get("entityId") {
            Some(Value::String(id)) if !id.is_empty() => id.clone(),
            _ => of_url.to_owned(),
        }
    }
}

/// The `request` of the first hook.
fn first_request(request: &Request) -> Map<String, Value> {
    let name = &request.collection;
    let mut params = request.params.clone();
    let mut out = Map::new();
    out.insert("method".to_owned(), json!(request.action.method()));
    let headers = request.headers.iter();
    let headers = headers.map(|(name, value)| (name.to_lowercase(), json!(value)));
    out.insert("headers".to_owned(), headers.collect());
    let body = request.body.clone().unwrap_or_else(|| json!({}));
    out.insert("body".to_owned(), body);
    if let Some(id) = request.action.entity_id() {
        let of_user = name == "user";
        let param = if of_user { "userid" } else { "id" };
        params.insert(param.to_owned(), json!(id));
        out.insert("entityId".to_owned(), json!(id));
    }
    out.insert("params".to_owned(), Value::Object(params));
    let username = match &request.identity {
        Identity::User { id, username } => {
            out.insert("userId".to_owned(), json!(id));
            username
        }
        // Kinvey shows the app's key where there is no user.
        Identity::App | Identity::Master => &request.app,
    };
    out.insert("username".to_owned(), json!(username));
    out.insert("collectionName".to_owned(), json!(name));
    out.insert("appKey".to_owned(), json!(request.app));
    out.insert("tempObjectStore".to_owned(), json!({}));
    out
}
