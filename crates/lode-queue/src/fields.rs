//! `Fields`: the few fields of a job that queueing needs, read leniently.
//!
//! The Redis side reads the same fields in Lua; the conformance suite holds the two together.
//! Whatever cannot be read gets its default, and the worker refuses the job.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::limits::{
    APP_BYTES_MAX, DECODE_BYTES_MAX, DEDUPE_KEY_BYTES_MAX, DEDUPE_TTL_MS_MAX, DELAY_MS_MAX,
    HOOK_BYTES_MAX, ID_BYTES_MAX, PRIORITY_MAX, REPLY_TO_BYTES_MAX, RUN_AT_MS_MAX,
};

/// What the queue knows of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    /// The job's own id, if it has a usable one.
    pub(crate) id: Option<String>,
    /// The app; empty when missing, and then without a cap.
    pub(crate) app: String,
    /// The hook; empty when missing.
    pub(crate) hook: String,
    pub(crate) priority: i64,
    pub(crate) idempotent: bool,
    pub(crate) reply_to: Option<String>,
    /// When it may start.
    pub(crate) start: Start,
    /// Milliseconds from its enqueue on within which it must have started.
    pub(crate) deadline_ms: Option<i64>,
    pub(crate) dedupe_key: Option<String>,
    /// Milliseconds from its enqueue on for which the key holds; `None`: until it is settled.
    pub(crate) dedupe_ttl_ms: Option<i64>,
}

/// When a job may start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Start {
    #[default]
    AtOnce,
    /// So many milliseconds after its enqueue.
    After(i64),
    /// At this moment, in milliseconds since 1970.
    At(i64),
}

impl Fields {
    /// Reads what can be read.
    pub(crate) fn read(job: &str) -> Self {
        if job.len() > DECODE_BYTES_MAX {
            return Self::default();
        }
        let Ok(Value::Object(job)) = serde_json::from_str::<Value>(job) else {
            return Self::default();
        };
        Self {
            id: text(&job, "id", ID_BYTES_MAX),
            app: text(&job, "app", APP_BYTES_MAX).unwrap_or_default(),
            hook: text(&job, "hook", HOOK_BYTES_MAX).unwrap_or_default(),
            priority: job.get("priority").map_or(0, priority),
            idempotent: job.get("idempotent") == Some(&Value::Bool(true)),
            reply_to: text(&job, "reply_to", REPLY_TO_BYTES_MAX),
            start: start(&job),
            deadline_ms: whole(&job, "deadline_ms", 1..=DELAY_MS_MAX),
            dedupe_key: text(&job, "dedupe_key", DEDUPE_KEY_BYTES_MAX),
            dedupe_ttl_ms: whole(&job, "dedupe_ttl_ms", 1..=DEDUPE_TTL_MS_MAX),
        }
    }
}

/// A text of 1 to `bytes_max` bytes.
fn text(job: &Map<String, Value>, key: &str, bytes_max: usize) -> Option<String> {
    let text = job.get(key)?.as_str()?;
    (1..=bytes_max)
        .contains(&text.len())
        .then(|| text.to_owned())
}

/// A whole number in `allowed`, however it is written: `5`, `5.0` and `5e0` are one to Lua as well.
fn whole(job: &Map<String, Value>, key: &str, allowed: RangeInclusive<u64>) -> Option<i64> {
    let number = job.get(key)?.as_f64()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a double saturates, and the largest bound is far below 2^53"
    )]
    let whole = (number.fract() == 0.0 && number >= 0.0).then_some(number as u64)?;
    i64::try_from(whole)
        .ok()
        .filter(|_| allowed.contains(&whole))
}

/// A delay or a date; both at once contradict each other, and are none.
fn start(job: &Map<String, Value>) -> Start {
    if job.contains_key("delay_ms") && job.contains_key("run_at_ms") {
        return Start::AtOnce;
    }
    let after = whole(job, "delay_ms", 0..=DELAY_MS_MAX).map(Start::After);
    let at = || whole(job, "run_at_ms", 0..=RUN_AT_MS_MAX).map(Start::At);
    after.or_else(at).unwrap_or_default()
}

/// A number, rounded down and clamped; anything else is 0.
fn priority(value: &Value) -> i64 {
    #[expect(clippy::cast_precision_loss, reason = "the bound is 100")]
    let max = PRIORITY_MAX as f64;
    let number = value.as_f64().filter(|n| !n.is_nan()).unwrap_or(0.0);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "clamped to the bound, which is 100"
    )]
    let whole = number.clamp(-max, max).floor() as i64;
    whole
}

#[cfg(test)]
mod tests {
    use super::{Fields, Start};

    #[track_caller]
    fn check(job: &str, id: Option<&str>, app: &str, priority: i64, idempotent: bool) {
        let (id, app) = (id.map(str::to_owned), app.to_owned());
        assert_eq!(
            Fields::read(job),
            Fields {
                id,
                app,
                priority,
                idempotent,
                ..Fields::default()
            }
        );
    }

    #[test]
    fn fields_are_read_leniently() {
        check(
            r#"{"id":"i","app":"a","priority":7,"idempotent":true}"#,
            Some("i"),
            "a",
            7,
            true,
        );
        check(
            r#"{"app":"a","priority":1e300,"idempotent":1}"#,
            None,
            "a",
            100,
            false,
        );
        check(r#"{"app":7,"id":"","priority":"5"}"#, None, "", 0, false);
        check(r#"{"app":"a","priority":-0.5}"#, None, "a", -1, false);
        check(
            &format!(r#"{{"id":"{}"}}"#, "x".repeat(129)),
            None,
            "",
            0,
            false,
        );
        check("[]", None, "", 0, false);
        check("{", None, "", 0, false);
        check(
            &format!(r#"{{"app":"a","x":"{}"}}"#, "x".repeat(2 << 20)),
            None,
            "",
            0,
            false,
        );
    }
    #[test]
    fn texts_have_their_bounds() {
        let job = |key: &str, bytes: usize| {
            Fields::read(&format!(r#"{{"{key}":"{}"}}"#, "x".repeat(bytes)))
        };
        assert_eq!(job("hook", 256).hook.len(), 256);
        assert_eq!(job("hook", 257).hook, "");
        assert_eq!(job("reply_to", 512).reply_to.unwrap().len(), 512);
        assert_eq!(job("reply_to", 513).reply_to, None);
        assert_eq!(job("dedupe_key", 128).dedupe_key.unwrap().len(), 128);
        assert_eq!(job("dedupe_key", 129).dedupe_key, None);
        assert_eq!(job("dedupe_key", 0).dedupe_key, None);
    }

    #[test]
    fn times_are_whole_numbers_in_their_bounds() {
        let deadline = |value: &str| {
            let job = format!(r#"{{"deadline_ms":{value},"dedupe_ttl_ms":{value}}}"#);
            let fields = Fields::read(&job);
            (fields.deadline_ms, fields.dedupe_ttl_ms)
        };
        assert_eq!(deadline("1"), (Some(1), Some(1)));
        assert_eq!(deadline("5e2"), (Some(500), Some(500)));
        assert_eq!(deadline("604800001"), (Some(604_800_001), None));
        assert_eq!(deadline("31536000000").0, Some(31_536_000_000));
        for bad in [
            "0",
            "-1",
            "1.5",
            "31536000001",
            "1e300",
            "\"5\"",
            "null",
            "true",
        ] {
            assert_eq!(deadline(bad), (None, None), "{bad}");
        }
    }

    #[test]
    fn a_delay_and_a_date_exclude_each_other() {
        let start = |job: &str| Fields::read(job).start;
        assert_eq!(start(r#"{"delay_ms":0}"#), Start::After(0));
        assert_eq!(start(r#"{"run_at_ms":7}"#), Start::At(7));
        assert_eq!(start(r#"{"run_at_ms":4102444800001}"#), Start::AtOnce);
        assert_eq!(start(r#"{"delay_ms":31536000001}"#), Start::AtOnce);
        assert_eq!(start(r#"{"delay_ms":5,"run_at_ms":7}"#), Start::AtOnce);
        assert_eq!(start(r#"{"delay_ms":5,"run_at_ms":null}"#), Start::AtOnce);
    }
}
