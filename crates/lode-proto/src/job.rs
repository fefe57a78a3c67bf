//! A job: one execution request as a producer writes it, and its validated form.
//!
//! A producer may send Kinvey's task envelope in place of a record; see [`crate::envelope`].
//!
//! Producers' JSON is hostile. Each error names the field, what was wrong and what is allowed.
//! The bodies stay text ([`RawValue`]): the master never walks a tenant's value.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::hook::HookName;
use crate::{envelope, limits};

/// The record on the wire. Unknown fields are refused by name.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "job")]
pub struct JobRecord {
    /// The producer's own id, 1 to 128 bytes; default: the inbox entry's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub id: Option<String>,
    /// The app whose hook runs.
    pub app: String,
    /// A stored hook, such as `books.onPreSave` or `endpoint:report`; or else `script` and `function`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<String>,
    /// Inline source; only where the worker's configuration allows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// The function of `script` to call, such as `onPreSave` or `onRequest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The hook's `request`, an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    pub request: Option<Box<RawValue>>,
    /// The hook's `response`, an object with `status`, `headers`, `body`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    pub response: Option<Box<RawValue>>,
    /// The list that the outcome is pushed to, 1 to 512 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub reply_to: Option<String>,
    /// Wall limit of the run in milliseconds, 1 to 3,600,000; the worker's ceiling applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3_600_000))]
    pub timeout_ms: Option<u64>,
    /// -100 to 100, higher first inside an app. Default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -100, max = 100))]
    pub priority: Option<i64>,
    /// True when running the job twice does no harm: a platform failure is then retried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotent: Option<bool>,
    /// Anything of the producer's own; Lode does not read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Value>")]
    pub metadata: Option<Box<RawValue>>,
}

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
    /// May be run again after a platform failure.
    pub idempotent: bool,
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
}

/// Parses and checks a job record, or a task envelope. `entry_id` is the id of a job that names none.
pub fn parse(text: &str, entry_id: &str) -> Result<Job, JobError> {
    parse_record(text)
        .and_then(|record| check(record, entry_id))
        .map_err(|reason| {
            let probe = probe(text);
            JobError {
                reason,
                app: probe.app,
                hook: probe.hook,
                reply_to: probe.reply_to,
            }
        })
}

fn parse_record(text: &str) -> Result<JobRecord, String> {
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
    // An envelope is never a record, which must have `app`. So a record is not searched first.
    read_fields(text).or_else(|reason| match envelope::is_envelope(text)? {
        true => envelope::read(text),
        false => Err(reason),
    })
}

/// Reads the fields of a record or envelope; the error names the field.
pub(crate) fn read_fields<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let fields = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let what = limits::cut(&error.inner().to_string(), 1000);
        if path == "." || what.starts_with("unknown field") {
            format!("the job is not valid: {what}")
        } else {
            format!("{path}: {what}")
        }
    })?;
    reader
        .end()
        .map_err(|error| format!("the job is not valid: {error}"))?;
    Ok(fields)
}

fn check(record: JobRecord, entry_id: &str) -> Result<Job, String> {
    let id = record.id.unwrap_or_else(|| entry_id.to_owned());
    check_length("id", &id, limits::ID_BYTES_MAX)?;
    check_length("app", &record.app, limits::ID_BYTES_MAX)?;
    if let Some(list) = &record.reply_to {
        check_length("reply_to", list, limits::REPLY_TO_BYTES_MAX)?;
    }
    check_object("request", record.request.as_deref())?;
    check_object("response", record.response.as_deref())?;
    if let Some(ms) = record.timeout_ms
        && !(1..=limits::TIMEOUT_MS_MAX).contains(&ms)
    {
        return Err(format!(
            "timeout_ms is {ms}, allowed are 1 to {}",
            limits::TIMEOUT_MS_MAX
        ));
    }
    let priority = record.priority.unwrap_or(0);
    let max = limits::PRIORITY_MAX;
    if !(-max..=max).contains(&priority) {
        return Err(format!(
            "priority is {priority}, allowed are -{max} to {max}"
        ));
    }
    Ok(Job {
        id,
        app: record.app,
        target: check_target(record.hook, record.script, record.function)?,
        request: record.request,
        response: record.response,
        reply_to: record.reply_to,
        timeout_ms: record.timeout_ms,
        idempotent: record.idempotent.unwrap_or(false),
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

pub(crate) fn check_length(field: &str, text: &str, max: usize) -> Result<(), String> {
    if text.is_empty() || text.len() > max {
        return Err(format!(
            "{field} has {} bytes, allowed are 1 to {max}",
            text.len()
        ));
    }
    Ok(())
}

fn check_object(field: &str, value: Option<&RawValue>) -> Result<(), String> {
    match value {
        Some(value) if !value.get().starts_with('{') => {
            let given = limits::cut(value.get(), 60);
            Err(format!("{field} must be an object, it is {given}"))
        }
        Some(_) | None => Ok(()),
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
}

/// Reads what can be read of a job record or envelope.
#[must_use]
pub fn probe(text: &str) -> Probe {
    let record: ProbeRecord<'_> = match text.trim_start().starts_with('{') {
        true => serde_json::from_str(text).unwrap_or_default(),
        false => ProbeRecord::default(),
    };
    let field = |value: Option<&RawValue>, max: usize| {
        let text: String = serde_json::from_str(value?.get()).ok()?;
        (!text.is_empty() && text.len() <= max).then_some(text)
    };
    Probe {
        app: field(record.app.or(record.app_id), limits::ID_BYTES_MAX),
        hook: field(record.hook, limits::ID_BYTES_MAX * 2),
        reply_to: field(record.reply_to, limits::REPLY_TO_BYTES_MAX),
    }
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
