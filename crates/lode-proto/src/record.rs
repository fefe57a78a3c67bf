//! The job record on the wire, and the bounds of its fields.

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::limits;

/// The record on the wire. Unknown fields are refused by name.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "job")]
pub struct JobRecord {
    /// The producer's own id, 1 to 128 bytes; default: the inbox entry's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub id: Option<String>,
    /// The app whose hook runs, 1 to 128 bytes. Required, but beside `task` and `background_task`,
    /// which may name it as `appId`; the queue, which looks only here, counts no other app.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(min = 1, max = 128))]
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
    #[serde(
        default,
        deserialize_with = "whole",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 1, max = 3_600_000))]
    pub timeout_ms: Option<u64>,
    /// -100 to 100, higher first inside an app. Default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -100, max = 100))]
    pub priority: Option<i64>,
    /// True when running the job twice does no harm: a platform failure is then retried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotent: Option<bool>,
    /// Milliseconds from enqueue before which the job does not start, up to a year.
    #[serde(
        default,
        deserialize_with = "whole",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 0, max = 31_536_000_000_u64))]
    pub delay_ms: Option<u64>,
    /// Milliseconds since 1970 (UTC) before which the job does not start; a time that has passed
    /// is at once. Not beside `delay_ms`.
    #[serde(
        default,
        deserialize_with = "whole",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 0, max = 4_102_444_800_000_u64))]
    pub run_at_ms: Option<u64>,
    /// Milliseconds from enqueue within which the job must have started, or else it is `expired`.
    #[serde(
        default,
        deserialize_with = "whole",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 1, max = 31_536_000_000_u64))]
    pub deadline_ms: Option<u64>,
    /// While a job of the same app and key is alive, this one joins it and does not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub dedupe_key: Option<String>,
    /// Milliseconds from enqueue that `dedupe_key` counts; default: until the job is settled.
    #[serde(
        default,
        deserialize_with = "whole",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 1, max = 604_800_000))]
    pub dedupe_ttl_ms: Option<u64>,
    /// The list that the job's progress is pushed to, 1 to 512 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub progress_to: Option<String>,
    /// Kinvey's task envelope: says what runs in place of `hook`, `request` and their like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    pub task: Option<Box<RawValue>>,
    /// A message of npm `background-task` 2.x as it stands in its hash; its `taskDetails` is an
    /// envelope or a record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    pub background_task: Option<Box<RawValue>>,
    /// Anything of the producer's own; Lode does not read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Value>")]
    pub metadata: Option<Box<RawValue>>,
}

/// A whole number however it is written: `8000.0` is what some languages make of 8000, and the queue
/// reads it so.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let Some(number) = Option::<serde_json::Number>::deserialize(deserializer)? else {
        return Ok(None);
    };
    if let Some(whole) = number.as_u64() {
        return Ok(Some(whole));
    }
    let text = number.to_string();
    let digits = text
        .split_once('.')
        .filter(|(_, rest)| rest.bytes().all(|b| b == b'0'));
    digits
        .and_then(|(digits, _)| digits.parse().ok())
        .map(Some)
        .ok_or_else(|| {
            D::Error::custom(format!(
                "invalid value: {text}, expected a whole number from 0"
            ))
        })
}

impl JobRecord {
    /// What this record says itself, and for the rest what the record inside its task says. The
    /// app is not touched: two names of it must agree.
    pub(crate) fn over(self, inner: Self) -> Self {
        Self {
            id: self.id,
            app: self.app,
            hook: inner.hook,
            script: inner.script,
            function: inner.function,
            request: inner.request,
            response: inner.response,
            reply_to: self.reply_to.or(inner.reply_to),
            timeout_ms: self.timeout_ms.or(inner.timeout_ms),
            priority: self.priority.or(inner.priority),
            idempotent: self.idempotent.or(inner.idempotent),
            delay_ms: self.delay_ms.or(inner.delay_ms),
            run_at_ms: self.run_at_ms.or(inner.run_at_ms),
            deadline_ms: self.deadline_ms.or(inner.deadline_ms),
            dedupe_key: self.dedupe_key.or(inner.dedupe_key),
            dedupe_ttl_ms: self.dedupe_ttl_ms.or(inner.dedupe_ttl_ms),
            progress_to: self.progress_to.or(inner.progress_to),
            task: None,
            background_task: None,
            metadata: None,
        }
    }

    /// Checks every bound but those of `id` and of what the job runs. The error names the field
    /// and what is allowed.
    pub(crate) fn check_bounds(&self) -> Result<(), String> {
        if self.app.is_empty() {
            return Err("missing field `app`, 1 to 128 bytes".to_owned());
        }
        check_length("app", &self.app, limits::ID_BYTES_MAX)?;
        if let Some(list) = &self.reply_to {
            check_length("reply_to", list, limits::REPLY_TO_BYTES_MAX)?;
        }
        if let Some(list) = &self.progress_to {
            check_length("progress_to", list, limits::REPLY_TO_BYTES_MAX)?;
        }
        check_object("request", self.request.as_deref())?;
        check_object("response", self.response.as_deref())?;
        check_range("timeout_ms", self.timeout_ms, 1, limits::TIMEOUT_MS_MAX)?;
        let (priority, max) = (self.priority.unwrap_or(0), limits::PRIORITY_MAX);
        if !(-max..=max).contains(&priority) {
            return Err(format!(
                "priority is {priority}, allowed are -{max} to {max}"
            ));
        }
        self.check_times()?;
        self.check_dedupe()
    }

    fn check_times(&self) -> Result<(), String> {
        check_range("delay_ms", self.delay_ms, 0, limits::DELAY_MS_MAX)?;
        check_range("run_at_ms", self.run_at_ms, 0, limits::RUN_AT_MS_MAX)?;
        check_range("deadline_ms", self.deadline_ms, 1, limits::DELAY_MS_MAX)?;
        if self.delay_ms.is_some() && self.run_at_ms.is_some() {
            return Err("`delay_ms` excludes `run_at_ms`: give one or the other".to_owned());
        }
        match (self.deadline_ms, self.delay_ms) {
            (Some(deadline), Some(delay)) if deadline <= delay => Err(format!(
                "deadline_ms is {deadline} and delay_ms {delay}: the job could never start; \
                 deadline_ms must be the larger, both count from enqueue"
            )),
            _ => Ok(()),
        }
    }

    fn check_dedupe(&self) -> Result<(), String> {
        let ttl = self.dedupe_ttl_ms;
        check_range("dedupe_ttl_ms", ttl, 1, limits::DEDUPE_TTL_MS_MAX)?;
        match &self.dedupe_key {
            Some(key) => check_length("dedupe_key", key, limits::ID_BYTES_MAX),
            None if ttl.is_some() => Err("`dedupe_ttl_ms` needs `dedupe_key` beside it".to_owned()),
            None => Ok(()),
        }
    }
}

fn check_range(field: &str, value: Option<u64>, min: u64, max: u64) -> Result<(), String> {
    match value {
        Some(given) if !(min..=max).contains(&given) => {
            Err(format!("{field} is {given}, allowed are {min} to {max}"))
        }
        Some(_) | None => Ok(()),
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

#[cfg(test)]
mod tests {
    use crate::job::parse;

    fn record(fields: &str) -> String {
        format!(r#"{{"app":"a","hook":"b.onPreSave",{fields}}}"#)
    }

    #[track_caller]
    fn check_refused(fields: &str, expected: &str) {
        let reason = parse(&record(fields), "1-0").unwrap_err().reason;
        assert!(
            reason.contains(expected),
            "{reason} does not say {expected:?}"
        );
    }

    #[test]
    fn the_ends_of_each_range_are_allowed() {
        for fields in [
            r#""delay_ms":0"#,
            r#""delay_ms":31535999999,"deadline_ms":31536000000"#,
            r#""run_at_ms":0,"deadline_ms":1"#,
            r#""run_at_ms":4102444800000"#,
            r#""dedupe_key":"k","dedupe_ttl_ms":1"#,
            r#""dedupe_key":"k","dedupe_ttl_ms":604800000"#,
        ] {
            parse(&record(fields), "1-0").unwrap();
        }
        let job = parse(&record(r#""progress_to":"p""#), "1-0").unwrap();
        assert_eq!(job.progress_to.as_deref(), Some("p"));
    }

    #[test]
    fn beyond_a_range_the_error_says_what_is_allowed() {
        for (fields, expected) in [
            (r#""delay_ms":31536000001"#, "allowed are 0 to 31536000000"),
            (r#""delay_ms":-1"#, "delay_ms: invalid value"),
            (
                r#""run_at_ms":4102444800001"#,
                "allowed are 0 to 4102444800000",
            ),
            (r#""deadline_ms":0"#, "deadline_ms is 0, allowed are 1 to"),
            (
                r#""dedupe_key":"""#,
                "dedupe_key has 0 bytes, allowed are 1 to 128",
            ),
            (
                r#""dedupe_key":"k","dedupe_ttl_ms":604800001"#,
                "allowed are 1 to 604800000",
            ),
            (
                r#""progress_to":"""#,
                "progress_to has 0 bytes, allowed are 1 to 512",
            ),
        ] {
            check_refused(fields, expected);
        }
    }

    #[test]
    fn fields_that_contradict_each_other_are_named() {
        check_refused(
            r#""delay_ms":1,"run_at_ms":1"#,
            "`delay_ms` excludes `run_at_ms`",
        );
        check_refused(
            r#""delay_ms":10,"deadline_ms":10"#,
            "deadline_ms must be the larger",
        );
        check_refused(r#""dedupe_ttl_ms":1"#, "`dedupe_ttl_ms` needs `dedupe_key`");
    }
}
