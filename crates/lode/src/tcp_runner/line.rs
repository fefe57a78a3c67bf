//! `Line`: what a client of the task runner has sent.

use lode_proto::plain_json;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Bytes of an app's name and of a task's id.
const NAME_BYTES_MAX: usize = 128;

/// One line, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A blank line, or `null`: nothing to do and nothing to say.
    Nothing,
    /// `{"healthCheck": 1}`.
    HealthCheck,
    /// A task; whether its envelope is good is for the worker that leases its job.
    Task {
        task_id: Option<String>,
        app: Option<String>,
    },
    /// Not a task; the client is told why.
    Bad { reason: String },
}

/// The fields that matter here, whatever their types; the rest is skipped unread.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    #[serde(borrow, default)]
    health_check: Option<&'a RawValue>,
    #[serde(borrow, default)]
    task_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    app_id: Option<&'a RawValue>,
}

impl Line {
    /// Reads one line without its end.
    pub(super) fn read(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() || text == "null" {
            return Self::Nothing;
        }
        let bad = |reason: String| Self::Bad { reason };
        if !text.starts_with('{') {
            return bad("the line is not a task: expected is one JSON object a line".to_owned());
        }
        if let Err(reason) = plain_json::check(text) {
            return bad(format!("the line is not a task: {reason}"));
        }
        let fields: Fields<'_> = match serde_json::from_str(text) {
            Ok(fields) => fields,
            Err(error) => return bad(format!("the line is not a task: {error}")),
        };
        // A task may carry any field, this one as well; what has an app is a task.
        let is_one = |value: &RawValue| value.get().parse::<f64>() == Ok(1.0);
        if fields.app_id.is_none() && fields.health_check.is_some_and(is_one) {
            return Self::HealthCheck;
        }
        let within = |text: String| (1..=NAME_BYTES_MAX).contains(&text.len()).then_some(text);
        let name = |value: Option<&RawValue>| within(serde_json::from_str(value?.get()).ok()?);
        // A number would be refused with the rest of the task; its answer names it all the same.
        let number = |value: Option<&RawValue>| {
            let text = value?.get();
            text.parse::<f64>()
                .ok()
                .and_then(|_| within(text.to_owned()))
        };
        Self::Task {
            task_id: name(fields.task_id).or_else(|| number(fields.task_id)),
            app: name(fields.app_id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Line;

    fn task(task_id: Option<&str>, app: Option<&str>) -> Line {
        Line::Task {
            task_id: task_id.map(str::to_owned),
            app: app.map(str::to_owned),
        }
    }

    #[track_caller]
    fn check_bad(text: &str, words: &str) {
        let Line::Bad { reason } = Line::read(text) else {
            panic!("{text} was taken")
        };
        assert!(reason.contains(words), "{reason}");
    }

    #[test]
    fn lines_are_told_apart() {
        for text in ["", " \t\r", "null", " null "] {
            assert_eq!(Line::read(text), Line::Nothing, "{text:?}");
        }
        for text in [
            r#"{"healthCheck":1}"#,
            " { \"x\" : [] , \"healthCheck\" : 1 } \r",
        ] {
            assert_eq!(Line::read(text), Line::HealthCheck, "{text:?}");
        }
        for (text, expected) in [
            (r#"{"taskId":"t","appId":"a"}"#, task(Some("t"), Some("a"))),
            (
                r#"{"taskId":"t","appId":"a","healthCheck":1}"#,
                task(Some("t"), Some("a")),
            ),
            (r#"{"blScript":"{\"healthCheck\":1}"}"#, task(None, None)),
            (r#"{"request":{"healthCheck":1}}"#, task(None, None)),
            (r#"{"healthCheck":2,"taskId":7}"#, task(Some("7"), None)),
            (r#"{"healthCheck":"1"}"#, task(None, None)),
        ] {
            assert_eq!(Line::read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_task_is_told_why() {
        check_bad("7", "one JSON object a line");
        check_bad("[null]", "one JSON object a line");
        check_bad(r#"{"appId":"#, "EOF");
        check_bad(r#"{"appId":"a"} {}"#, "trailing");
        check_bad(r#"{"a":"\ud800"}"#, "surrogate");
        check_bad(&format!(r#"{{"a":{}"#, "[".repeat(200)), "nested deeper");
    }
}
