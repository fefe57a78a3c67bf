//! A task: reads an envelope into a job record.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::envelope::{Draft, TaskDraft};
use crate::hook::NAME_BYTES_MAX;
use crate::job::{self, JobRecord};
use crate::limits;
use crate::outcome::to_raw;
use crate::record::check_length;

/// The fields of a task that matter; all others are skipped unread.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Task {
    #[serde(default)]
    task_id: Option<String>,
    app_id: String,
    #[serde(default)]
    app_metadata: Option<Box<RawValue>>,
    target_function: String,
    bl_script: String,
    #[serde(default)]
    collection_name: Option<String>,
    #[serde(default)]
    request: Option<Box<RawValue>>,
    #[serde(default)]
    response: Option<Box<RawValue>>,
    #[serde(default, rename = "reply_to")]
    reply_to: Option<String>,
    #[serde(default, rename = "timeout_ms")]
    timeout_ms: Option<u64>,
    #[serde(default)]
    priority: Option<i64>,
    #[serde(default)]
    idempotent: Option<bool>,
}

/// Which of the two fields that tell an envelope from a record are there.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Shape {
    #[serde(deserialize_with = "present")]
    app: bool,
    #[serde(rename = "appId", deserialize_with = "present")]
    app_id: bool,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// Whether `text`, a JSON object, is an envelope: it has `appId` and no `app`. An error says why
/// it is not even JSON.
pub(crate) fn is_envelope(text: &str) -> Result<bool, String> {
    match serde_json::from_str::<Shape>(text) {
        Ok(shape) => Ok(shape.app_id && !shape.app),
        Err(error) if error.is_syntax() || error.is_eof() => {
            Err(format!("the job is not valid: {error}"))
        }
        // A field that is there twice: neither of both.
        Err(_) => Ok(false),
    }
}

/// The record that says the same as an envelope; its bounds are still to be checked. The error
/// names the envelope's field and what is allowed there, calls the whole `what`, and never quotes
/// `appMetadata`.
pub(crate) fn read(text: &str, what: &str) -> Result<Draft, String> {
    let task: Task = job::read_fields(text, what)?;
    check_length("appId", &task.app_id, limits::ID_BYTES_MAX)?;
    check_length(
        "targetFunction",
        &task.target_function,
        limits::ID_BYTES_MAX,
    )?;
    check_length("blScript", &task.bl_script, limits::SCRIPT_BYTES_MAX)?;
    if task.app_metadata.is_some_and(|given| !is_object(&given)) {
        return Err("appMetadata must be an object, it is something else".to_owned());
    }
    let collection = task.collection_name.filter(|name| !name.is_empty());
    if let Some(name) = &collection {
        check_length("collectionName", name, NAME_BYTES_MAX)?;
    }
    let request = match task.request {
        Some(request) if is_object(&request) => Some(filled(request, collection.as_deref())?),
        other => other,
    };
    let task_id = task.task_id.filter(|id| is_good_id(id));
    // The queue knows no `taskId`: to it, the job has its entry's id, and a task that comes again
    // under one id is two jobs. Only the reply speaks of the task's id.
    let record = JobRecord {
        app: task.app_id,
        script: Some(task.bl_script),
        function: Some(task.target_function),
        request,
        response: task.response,
        reply_to: task.reply_to,
        timeout_ms: task.timeout_ms,
        priority: task.priority,
        idempotent: task.idempotent,
        ..JobRecord::default()
    };
    let task = Some(TaskDraft::of_envelope(task_id));
    Ok(Draft { record, task })
}

/// A task may name no id, or one that a reply cannot bear: then the reply has the job's.
fn is_good_id(id: &str) -> bool {
    (1..=limits::ID_BYTES_MAX).contains(&id.len()) && !id.chars().any(char::is_control)
}

pub(super) fn is_object(value: &RawValue) -> bool {
    value.get().starts_with('{')
}

/// The request with the envelope's `collectionName`, if it has none of its own, and with `params`
/// as its `query`, if it has none: the original's task runner does so.
fn filled(request: Box<RawValue>, collection: Option<&str>) -> Result<Box<RawValue>, String> {
    let fields = serde_json::from_str(request.get());
    let mut fields: Fields = fields.map_err(|error| format!("request: {error}"))?;
    let name = collection.filter(|_| fields.lacks("collectionName"));
    let query = fields.get("params").filter(|params| !is_falsy(params));
    let query = query.filter(|_| fields.lacks("query"));
    let query = query.map(ToOwned::to_owned);
    if name.is_none() && query.is_none() {
        return Ok(request);
    }
    if let Some(name) = name {
        fields.set("collectionName", to_raw(&name));
    }
    if let Some(query) = query {
        fields.set("query", query);
    }
    let request = to_raw(&fields);
    let bytes = request.get().len();
    if bytes > limits::JOB_BYTES_MAX {
        return Err(format!(
            "request has {bytes} bytes with `params` as its `query`, allowed are {}",
            limits::JOB_BYTES_MAX
        ));
    }
    Ok(request)
}

/// What JavaScript takes for false, in the spellings that `JSON.stringify` has for it.
fn is_falsy(value: &RawValue) -> bool {
    matches!(value.get(), "null" | "false" | "0" | "\"\"")
}

/// The fields of an object in their order, their values unread.
struct Fields(Vec<(String, Box<RawValue>)>);

impl Fields {
    /// The value that counts: of a name that is there twice, every reader takes the last.
    fn get(&self, name: &str) -> Option<&RawValue> {
        let mut named = self.0.iter().rev().filter(|(key, _)| key == name);
        named.next().map(|(_, value)| &**value)
    }

    fn lacks(&self, name: &str) -> bool {
        self.get(name).is_none_or(is_falsy)
    }

    fn set(&mut self, name: &str, value: Box<RawValue>) {
        self.0.retain(|(key, _)| key != name);
        self.0.push((name.to_owned(), value));
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Job, JobTarget, parse, probe};

    const TASK: &str = r#"{"taskId":"0af7","appId":"kid_1",
        "appMetadata":{"_id":"kid_1","appsecret":"hush1","mastersecret":"hush2"},
        "targetFunction":"onPreSave","blScript":"var a;\n;function onPreSave(q,r){}",
        "requestId":"77","collectionName":"books","hookType":"pre","proxyURL":"http://h:2845",
        "request":{"method":"POST","body":{"n":1.0},"params":{"query":"{}"}},
        "response":{"status":0,"headers":{},"body":{}},"applicationId":"x"}"#;

    /// A task with these fields in front of the ones that it needs.
    fn task(fields: &str) -> String {
        format!(r#"{{{fields}"appId":"a","targetFunction":"onRequest","blScript":"x"}}"#)
    }

    fn parsed(fields: &str) -> Job {
        parse(&task(fields), "1-0").unwrap()
    }

    #[track_caller]
    fn check_request(fields: &str, expected: &str) {
        let request = parsed(fields).request.unwrap();
        assert_eq!(request.get(), expected, "{fields}");
    }

    #[track_caller]
    fn check_refused(text: &str, expected: &str) {
        let error = parse(text, "1-0").unwrap_err();
        assert!(
            error.reason.contains(expected),
            "{} does not say {expected:?}",
            error.reason
        );
        assert!(!format!("{error:?}").contains("hush"), "{error:?}");
    }

    #[test]
    fn a_task_becomes_a_job_with_its_script() {
        let job = parse(TASK, "1-0").unwrap();
        assert_eq!((job.id.as_str(), job.app.as_str()), ("1-0", "kid_1"));
        assert_eq!(job.task.as_ref().unwrap().task_id, "0af7");
        let JobTarget::Inline { script, function } = &job.target else {
            panic!("{job:?}")
        };
        assert_eq!(script, "var a;\n;function onPreSave(q,r){}");
        assert_eq!(function, "onPreSave");
        assert_eq!(
            job.request.as_ref().unwrap().get(),
            r#"{"method":"POST","body":{"n":1.0},"params":{"query":"{}"},"collectionName":"books","query":{"query":"{}"}}"#
        );
        let response = job.response.as_ref().unwrap().get();
        assert_eq!(response, r#"{"status":0,"headers":{},"body":{}}"#);
        assert_eq!((&job.reply_to, job.timeout_ms), (&None, None));
        assert!(!job.idempotent && !format!("{job:?}").contains("hush"));
    }

    #[test]
    fn fields_of_ours_are_read_beside_kinveys() {
        let job = parsed(r#""reply_to":"r","timeout_ms":9,"priority":-5,"idempotent":true,"#);
        assert_eq!(
            (job.reply_to.as_deref(), job.timeout_ms),
            (Some("r"), Some(9))
        );
        assert!(job.idempotent);
        check_refused(&task(r#""timeout_ms":0,"#), "timeout_ms is 0, allowed are");
        check_refused(&task(r#""priority":101,"#), "priority is 101, allowed are");
        check_refused(&task(r#""reply_to":"","#), "reply_to has 0 bytes");
    }

    #[test]
    fn what_the_request_has_is_not_filled() {
        let full = r#"{"query":{"a":1},"params":{"b":2},"collectionName":"c"}"#;
        check_request(&format!(r#""collectionName":"d","request":{full},"#), full);
        let query = r#""request":{"query":"","params":{"b":2}},"#;
        check_request(query, r#"{"params":{"b":2},"query":{"b":2}}"#);
        check_request(
            r#""request":{ "params" : null },"#,
            r#"{ "params" : null }"#,
        );
        let twice =
            r#""collectionName":"d","request":{"collectionName":"c","collectionName":null},"#;
        check_request(twice, r#"{"collectionName":"d"}"#);
        check_request(r#""collectionName":"","request":{},"#, "{}");
        assert!(parsed(r#""collectionName":"d","#).request.is_none());
    }

    #[test]
    fn a_task_id_that_a_reply_cannot_bear_is_replaced() {
        let long = format!(r#""taskId":"{}","#, "x".repeat(129));
        for fields in [
            "",
            r#""taskId":null,"#,
            r#""taskId":"","#,
            r#""taskId":"a\n","#,
            &long,
        ] {
            assert_eq!(parsed(fields).task.unwrap().task_id, "1-0", "{fields}");
        }
    }

    #[test]
    fn a_known_field_of_a_wrong_type_is_named() {
        check_refused(r#"{"appId":5}"#, "appId: invalid type: integer `5`");
        check_refused(r#"{"appId":null}"#, "appId: invalid type: null");
        check_refused(
            r#"{"appId":"a","blScript":"x"}"#,
            "missing field `targetFunction`",
        );
        check_refused(
            r#"{"appId":"a","targetFunction":"f"}"#,
            "missing field `blScript`",
        );
        check_refused(&task(r#""taskId":5,"#), "taskId: invalid type: integer `5`");
        check_refused(
            &task(r#""collectionName":{},"#),
            "collectionName: invalid type: map",
        );
        check_refused(&task(r#""request":[1],"#), "request must be an object");
        check_refused(&task(r#""response":"x","#), "response must be an object");
        let empty = r#"{"appId":"","targetFunction":"f","blScript":"x"}"#;
        check_refused(empty, "appId has 0 bytes");
        let long = format!(r#""collectionName":"{}","#, "x".repeat(121));
        check_refused(
            &task(&long),
            "collectionName has 121 bytes, allowed are 1 to 120",
        );
        check_refused(&task(r#""app":"a","#), "unknown field `appId`");
    }

    #[test]
    fn secrets_are_in_no_error() {
        for metadata in [
            r#""hush""#,
            r#"["hush"]"#,
            r#"{"mastersecret":"hush"},"taskId":5"#,
        ] {
            check_refused(&task(&format!(r#""appMetadata":{metadata},"#)), "");
        }
        check_refused(&TASK.replace("hush1", "hush\\ud800"), "surrogate");
        check_refused(&TASK[..TASK.len() - 1], "EOF");
    }

    #[test]
    fn the_bounds_of_a_job_hold() {
        let deep = format!(r#""extra":{}{},"#, "[".repeat(100), "]".repeat(100));
        check_refused(&task(&deep), "nested deeper than 100");
        let large = format!(r#""extra":"{}","#, "x".repeat(limits::JOB_BYTES_MAX));
        check_refused(&task(&large), "allowed are 1048576");
        let params = "x".repeat(limits::JOB_BYTES_MAX / 2);
        let twice = format!(r#""request":{{"params":"{params}"}},"#);
        check_refused(
            &task(&twice),
            "with `params` as its `query`, allowed are 1048576",
        );
    }

    #[test]
    fn app_and_reply_list_of_a_bad_task_are_found() {
        let found = probe(r#"{"reply_to":"r","appId":"a","blScript":5}"#);
        assert_eq!(
            (found.app.as_deref(), found.reply_to.as_deref()),
            (Some("a"), Some("r"))
        );
        let error = parse(r#"{"reply_to":"r","appId":"a"}"#, "1-0").unwrap_err();
        assert_eq!(
            (error.app.as_deref(), error.reply_to.as_deref()),
            (Some("a"), Some("r"))
        );
    }
}
