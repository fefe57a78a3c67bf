//! A job: one execution request as a producer writes it, and its validated form.
//!
//! A producer may send Kinvey's task envelope in place of a record; see [`crate::envelope`].
//!
//! Producers' JSON is hostile. Each error names the field, what was wrong and what is allowed.
//! The bodies stay text ([`RawValue`]): the master never walks a tenant's value.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::envelope::{self, Draft, TaskOrigin};
use crate::hook::HookName;
use crate::limits;
pub use crate::record::JobRecord;
use crate::record::check_length;
use crate::scan::strings_at;

/// What a job runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobTarget {
    /// A hook of the store.
    Stored(HookName),
    /// A script in the job itself.
    Inline {
        /// The source.
        script: String,
        /// The function to call.
        function: String,
    },
}

/// A job that has been checked.
#[derive(Debug, Clone)]
pub struct Job {
    /// Unique among the live jobs of its queue.
    pub id: String,
    /// The app.
    pub app: String,
    /// What runs.
    pub target: JobTarget,
    /// `request` as JSON text, an object.
    pub request: Option<Box<RawValue>>,
    /// `response` as JSON text, an object.
    pub response: Option<Box<RawValue>>,
    /// The list for the outcome.
    pub reply_to: Option<String>,
    /// Asked-for wall limit in milliseconds.
    pub timeout_ms: Option<u64>,
    /// The list for its progress.
    pub progress_to: Option<String>,
    /// May be run again after a platform failure.
    pub idempotent: bool,
    /// The task that the job came as; its sender wants a reply of another shape.
    pub task: Option<Box<TaskOrigin>>,
}

impl Job {
    /// The hook as it stands in the outcome: its name, or `script:<function>` for an inline one.
    #[must_use]
    pub fn hook_label(&self) -> String {
        match &self.target {
            JobTarget::Stored(name) => name.to_string(),
            JobTarget::Inline { function, .. } => format!("script:{function}"),
        }
    }
}

/// A job that cannot be read, with whatever the outcome needs of it and could be made out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct JobError {
    /// What was wrong and what is allowed.
    pub reason: String,
    /// `app`, or an envelope's `appId`, if that much is readable.
    pub app: Option<String>,
    /// `hook`, if that much is readable.
    pub hook: Option<String>,
    /// `reply_to`, if that much is readable.
    pub reply_to: Option<String>,
    /// Where an answer to npm `background-task` goes, if that much is readable.
    pub task: Option<Box<TaskOrigin>>,
}

/// Parses and checks a job record, or a task envelope. `entry_id` is the id of a job that names none.
pub fn parse(text: &str, entry_id: &str) -> Result<Job, JobError> {
    parse_record(text)
        .and_then(|draft| check(draft, entry_id))
        .map_err(|reason| {
            let probe = probe(text);
            JobError {
                reason,
                app: probe.app,
                hook: probe.hook,
                reply_to: probe.reply_to,
                task: probe.task,
            }
        })
}

fn parse_record(text: &str) -> Result<Draft, String> {
    if text.len() > limits::JOB_BYTES_MAX {
        return Err(format!(
            "the job has {} bytes, allowed are {}",
            text.len(),
            limits::JOB_BYTES_MAX
        ));
    }
    if text.trim().is_empty() {
        return Err("the job is empty; it must be a JSON object in the field \"job\"".to_owned());
    }
    crate::plain_json::check(text).map_err(|reason| format!("the job is not valid: {reason}"))?;
    // Without this, an array of the fields' values would be a record, too.
    if text.trim_start().starts_with('[') {
        return Err("the job is not valid: invalid type: array, expected an object".to_owned());
    }
    // An envelope is never a record, which has no field `appId`. So a record is not searched first.
    match read_fields(text, "the job") {
        Ok(record) => envelope::unfold(record),
        Err(reason) => match envelope::is_envelope(text)? {
            true => envelope::read(text, "the job"),
            false => Err(reason),
        },
    }
}

/// Reads the fields of a record or envelope, which the error calls `what`; it names the field.
pub(crate) fn read_fields<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, String> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let fields = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let reason = limits::cut(&error.inner().to_string(), 1000);
        if path == "." || reason.starts_with("unknown field") {
            format!("{what} is not valid: {reason}")
        } else {
            format!("{path}: {reason}")
        }
    })?;
    reader
        .end()
        .map_err(|error| format!("{what} is not valid: {error}"))?;
    Ok(fields)
}

fn check(draft: Draft, entry_id: &str) -> Result<Job, String> {
    let Draft { record, task } = draft;
    record.check_bounds()?;
    let id = record.id.unwrap_or_else(|| entry_id.to_owned());
    check_length("id", &id, limits::ID_BYTES_MAX)?;
    let task = task.map(|task| Box::new(task.origin(&id)));
    Ok(Job {
        id,
        app: record.app,
        target: check_target(record.hook, record.script, record.function)?,
        request: record.request,
        response: record.response,
        reply_to: record.reply_to,
        timeout_ms: record.timeout_ms,
        progress_to: record.progress_to,
        idempotent: record.idempotent.unwrap_or(false),
        task,
    })
}

fn check_target(
    hook: Option<String>,
    script: Option<String>,
    function: Option<String>,
) -> Result<JobTarget, String> {
    match (hook, script, function) {
        (Some(hook), None, None) => {
            let name = HookName::parse(&hook).map_err(|error| error.to_string())?;
            if name.is_common() {
                return Err(format!(
                    "hook {hook:?} is common code, which does not run by itself"
                ));
            }
            Ok(JobTarget::Stored(name))
        }
        (None, Some(script), Some(function)) => {
            check_length("script", &script, limits::SCRIPT_BYTES_MAX)?;
            check_length("function", &function, limits::ID_BYTES_MAX)?;
            Ok(JobTarget::Inline { script, function })
        }
        (None, None, None) => {
            Err("missing field `hook`, or `script` and `function` together".to_owned())
        }
        (None, Some(_), None) => Err("`script` needs `function` beside it".to_owned()),
        (None, None, Some(_)) => Err("`function` needs `script` beside it".to_owned()),
        (Some(_), _, _) => {
            Err("`hook` excludes `script` and `function`: give one or the other".to_owned())
        }
    }
}

/// The few fields that are worth having of a job that cannot be read.
#[derive(Debug, Default)]
pub struct Probe {
    /// `app`, or an envelope's `appId`, if that much is readable.
    pub app: Option<String>,
    /// `hook`, if that much is readable.
    pub hook: Option<String>,
    /// `reply_to`, if that much is readable.
    pub reply_to: Option<String>,
    /// Where an answer to npm `background-task` goes, if that much is readable.
    pub task: Option<Box<TaskOrigin>>,
}

/// The same fields, whatever their types; everything beside them is skipped unread.
#[derive(Debug, Default, Deserialize)]
struct ProbeRecord<'a> {
    #[serde(borrow, default)]
    app: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "appId")]
    app_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    hook: Option<&'a RawValue>,
    #[serde(borrow, default)]
    reply_to: Option<&'a RawValue>,
    #[serde(borrow, default)]
    task: Option<&'a RawValue>,
    #[serde(borrow, default)]
    background_task: Option<&'a RawValue>,
    /// Of a `background_task` only.
    #[serde(borrow, default, rename = "taskDetails")]
    details: Option<&'a RawValue>,
}

/// Reads what can be read of a job record or envelope, and of a task inside it.
#[must_use]
pub fn probe(text: &str) -> Probe {
    match probe_record(Some(text)) {
        Some(record) => probe_json(record),
        None => probe_scanned(text),
    }
}

fn probe_json(mut record: ProbeRecord<'_>) -> Probe {
    let message = record.background_task.map(RawValue::get);
    let inner = match record.task {
        Some(task) => probe_record(Some(task.get())),
        None => probe_record(message)
            .and_then(|message| probe_record(message.details.map(RawValue::get))),
    };
    let inner = inner.unwrap_or_default();
    record.app = record.app.or(record.app_id).or(inner.app).or(inner.app_id);
    record.hook = record.hook.or(inner.hook);
    record.reply_to = record.reply_to.or(inner.reply_to);
    let text = |value: Option<&RawValue>| serde_json::from_str(value?.get()).ok();
    Probe {
        app: within(text(record.app), limits::ID_BYTES_MAX),
        hook: within(text(record.hook), limits::ID_BYTES_MAX * 2),
        reply_to: within(text(record.reply_to), limits::REPLY_TO_BYTES_MAX),
        task: message.and_then(envelope::origin_of_message).map(Box::new),
    }
}

/// Of a text that is not JSON, or has a field twice: its sender waits for an answer all the same.
fn probe_scanned(text: &str) -> Probe {
    let [app, app_id, hook, reply_to, message] = strings_at(
        text,
        1,
        ["app", "appId", "hook", "reply_to", "background_task"],
    );
    // A message is an object; what the scan finds is a text of that name.
    let has_message = message.is_none() && text.contains("\"background_task\"");
    let task = has_message.then(|| envelope::origin_of_almost_message(text));
    Probe {
        app: within(app.or(app_id), limits::ID_BYTES_MAX),
        hook: within(hook, limits::ID_BYTES_MAX * 2),
        reply_to: within(reply_to, limits::REPLY_TO_BYTES_MAX),
        task: task.flatten().map(Box::new),
    }
}

fn within(text: Option<String>, bytes_max: usize) -> Option<String> {
    text.filter(|text| !text.is_empty() && text.len() <= bytes_max)
}

/// `None` for what is no object of JSON.
fn probe_record(text: Option<&str>) -> Option<ProbeRecord<'_>> {
    let text = text.filter(|text| text.trim_start().starts_with('{'))?;
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_refused(text: &str, expected: &str) {
        let error = parse(text, "1-0").unwrap_err();
        assert!(
            error.reason.contains(expected),
            "{} does not say {expected:?}",
            error.reason
        );
    }

    #[test]
    fn a_job_that_is_almost_json_is_answered() {
        for text in [
            "\u{feff}{\"app\":\"a\",\"hook\":\"b.onPreSave\",\"reply_to\":\"r\"}",
            r#"{"app":"a","hook":"b.onPreSave","reply_to":"r","delay_ms":NaN}"#,
            r#"{"app":"a","hook":"b.onPreSave","reply_to":"r","reply_to":"s"}"#,
            r#"{"app":"a","hook":"b.onPreSave","reply_to":"r""#,
        ] {
            let error = parse(text, "1-0").unwrap_err();
            assert_eq!(error.app.as_deref(), Some("a"), "{text}");
            assert_eq!(error.hook.as_deref(), Some("b.onPreSave"), "{text}");
            assert_eq!(error.reply_to.as_deref(), Some("r"), "{text}");
            assert_eq!(error.task, None, "{text}");
        }
        let text = r#"{"id":"nbt-m","background_task":{"taskId":"t","taskDetails":{"n":NaN},"_listenChannel":"msgChannels:c","_messageId":"m","_status":"NEWTASK"}}"#;
        let task = parse(text, "1-0").unwrap_err().task.unwrap();
        assert_eq!(task.background.unwrap().listen_channel, "msgChannels:c");
    }

    #[test]
    fn a_plain_job_is_read() {
        let job = parse(
            r#"{"app":"shop","hook":"books.onPreSave","request":{"body":{"n":1.0}},"reply_to":"r"}"#,
            "17-3",
        )
        .unwrap();
        assert_eq!((job.id.as_str(), job.app.as_str()), ("17-3", "shop"));
        assert_eq!(job.request.unwrap().get(), r#"{"body":{"n":1.0}}"#);
        assert_eq!(job.reply_to.as_deref(), Some("r"));
    }

    #[test]
    fn a_bad_job_is_refused_with_the_field_and_what_is_allowed() {
        check_refused("", "is empty");
        check_refused("[1]", "invalid type");
        check_refused("{\"app\":", "EOF");
        check_refused(r#"{"hook":"books.onPreSave"}"#, "missing field `app`");
        check_refused(r#"{"app":"a"}"#, "missing field `hook`");
        check_refused(r#"{"app":"a","hook":"x"}"#, "<collection>.<function>");
        check_refused(r#"{"app":"a","hook":"common:x"}"#, "does not run by itself");
        check_refused(
            r#"{"app":"a","hook":"b.onPreSave","hok":1}"#,
            "unknown field `hok`",
        );
        check_refused(
            r#"{"app":5,"hook":"b.onPreSave"}"#,
            "app: invalid type: integer `5`",
        );
        check_refused(
            r#"{"app":"a","hook":"b.onPreSave","request":[1]}"#,
            "request must be an object",
        );
        check_refused(
            r#"{"app":"a","hook":"b.onPreSave","timeout_ms":0}"#,
            "allowed are 1 to 3600000",
        );
        check_refused(
            r#"{"app":"a","hook":"b.onPreSave","priority":101}"#,
            "allowed are -100 to 100",
        );
        let lowest = format!(
            r#"{{"app":"a","hook":"b.onPreSave","priority":{}}}"#,
            i64::MIN
        );
        check_refused(&lowest, "allowed are -100 to 100");
        let deep = format!(
            r#"{{"app":"a","hook":"b.onPreSave","metadata":{}"#,
            "[".repeat(101)
        );
        check_refused(&deep, "nested deeper than 100");
        check_refused(
            r#"{"app":"a","hook":"b.onPreSave","metadata":"\ud800"}"#,
            "surrogate",
        );
        check_refused(r#"{"app":"a","script":"x"}"#, "needs `function`");
        check_refused(
            r#"{"app":"a","hook":"b.onPreSave","script":"x"}"#,
            "excludes",
        );
        check_refused(r#"{"app":"a","hook":"b.onPreSave"} x"#, "trailing");
    }

    #[test]
    fn the_reply_list_of_a_bad_job_is_still_found() {
        let error = parse(r#"{"app":"a","hook":"nope","reply_to":"here"}"#, "1-0").unwrap_err();
        assert_eq!(error.reply_to.as_deref(), Some("here"));
        assert_eq!(error.app.as_deref(), Some("a"));
        let odd = r#"{"app":5,"metadata":["\ud800"],"reply_to":"here"}"#;
        assert_eq!(
            parse(odd, "1-0").unwrap_err().reply_to.as_deref(),
            Some("here")
        );
    }

    #[test]
    fn an_array_is_no_job() {
        check_refused(r#"[null,"a","b.onPreSave"]"#, "expected an object");
        let found = probe(r#"["a",null,"b.onPreSave","r"]"#);
        assert!(found.app.is_none() && found.reply_to.is_none());
    }

    #[test]
    fn a_job_above_the_limit_is_refused_with_both_numbers() {
        let text = format!(
            r#"{{"app":"a","hook":"{}"}}"#,
            "x".repeat(limits::JOB_BYTES_MAX)
        );
        check_refused(&text, "allowed are 1048576");
    }
}
