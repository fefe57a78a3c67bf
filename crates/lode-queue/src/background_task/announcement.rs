//! `Announcement`: what a client of npm `background-task` publishes to its workers.

use std::time::Duration;

use serde_json::Value;

/// What the package assumes of a broadcast that does not say how long it stands.
const BROADCAST_DEFAULT: Duration = Duration::from_secs(5);
/// A broadcast that would stand longer is remembered no longer than this.
const BROADCAST_MAX: Duration = Duration::from_secs(86_400);
/// Bytes of a task's id; the package's have 32.
const ID_BYTES_MAX: usize = 512;

/// A message on the workers' channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Announcement {
    /// A task for whoever claims it first.
    Task {
        /// Its field in `newtask:normal`.
        id: String,
    },
    /// A task for every worker to read; its client takes it away.
    Broadcast {
        /// Its field in `newtask:normal`.
        id: String,
        /// When its client takes it away, from now on.
        stands: Duration,
    },
}

impl Announcement {
    /// Reads `{"id", "status", "metadata"?}`; `None` when it is nothing that a worker acts on.
    /// The package's own worker looks at `id` and `metadata.broadcast` only, and so does this.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let message: Value = serde_json::from_str(text).ok()?;
        let id = message.get("id")?.as_str()?;
        if id.is_empty() || id.len() > ID_BYTES_MAX {
            return None;
        }
        let id = id.to_owned();
        let metadata = message.get("metadata");
        let is_broadcast = metadata.and_then(|given| given.get("broadcast"));
        if !is_broadcast.is_some_and(is_truthy) {
            return Some(Self::Task { id });
        }
        let seconds = metadata
            .and_then(|given| given.get("expires"))
            .and_then(Value::as_f64);
        let stands = seconds
            .filter(|seconds| *seconds > 0.0)
            .map_or(BROADCAST_DEFAULT, |seconds| {
                Duration::from_secs_f64(seconds.min(BROADCAST_MAX.as_secs_f64()))
            });
        Some(Self::Broadcast { id, stands })
    }
}

/// What JavaScript takes for true.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<Announcement>) {
        assert_eq!(Announcement::read(text), expected, "{text}");
    }

    fn task() -> Option<Announcement> {
        Some(Announcement::Task {
            id: "a1".to_owned(),
        })
    }

    fn broadcast(ms: u64) -> Option<Announcement> {
        Some(Announcement::Broadcast {
            id: "a1".to_owned(),
            stands: Duration::from_millis(ms),
        })
    }

    #[test]
    fn a_task_is_told_from_a_broadcast() {
        check(r#"{"id":"a1","status":"NEWTASK"}"#, task());
        check(
            r#"{"id":"a1","status":"NEWTASK","metadata":{"x":1}}"#,
            task(),
        );
        check(r#"{"id":"a1","metadata":{"broadcast":false}}"#, task());
        check(r#"{"id":"a1","metadata":null}"#, task());
        check(
            r#"{"id":"a1","metadata":{"broadcast":true}}"#,
            broadcast(5_000),
        );
        let expires =
            |text: &str| format!(r#"{{"id":"a1","metadata":{{"broadcast":1,"expires":{text}}}}}"#);
        check(&expires("1.5"), broadcast(1_500));
        check(&expires("0"), broadcast(5_000));
        check(&expires("1e300"), broadcast(86_400_000));
    }

    #[test]
    fn what_is_no_announcement_is_none() {
        for text in [
            "",
            "{",
            "null",
            "[]",
            r#"{"status":"NEWTASK"}"#,
            r#"{"id":""}"#,
            r#"{"id":7}"#,
        ] {
            check(text, None);
        }
    }
}
