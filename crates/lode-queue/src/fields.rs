//! `Fields`: the few fields of a job that queueing needs, read leniently.
//!
//! The Redis side reads the same fields in `lua/lease.lua`; the conformance suite holds the two
//! together. Whatever cannot be read gets its default, and the worker refuses the job.

use serde_json::Value;

use crate::limits::{APP_BYTES_MAX, DECODE_BYTES_MAX, ID_BYTES_MAX, PRIORITY_MAX};

/// What the queue knows of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    /// The job's own id, if it has a usable one.
    pub(crate) id: Option<String>,
    /// The app; empty when missing, and then without a cap.
    pub(crate) app: String,
    pub(crate) priority: i64,
    pub(crate) idempotent: bool,
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
        let text = |key: &str, bytes_max: usize| {
            let text = job.get(key)?.as_str()?;
            (1..=bytes_max)
                .contains(&text.len())
                .then(|| text.to_owned())
        };
        Self {
            id: text("id", ID_BYTES_MAX),
            app: text("app", APP_BYTES_MAX).unwrap_or_default(),
            priority: job.get("priority").map_or(0, priority),
            idempotent: job.get("idempotent") == Some(&Value::Bool(true)),
        }
    }
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
    use super::Fields;

    #[track_caller]
    fn check(job: &str, id: Option<&str>, app: &str, priority: i64, idempotent: bool) {
        let (id, app) = (id.map(str::to_owned), app.to_owned());
        assert_eq!(
            Fields::read(job),
            Fields {
                id,
                app,
                priority,
                idempotent
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
}
