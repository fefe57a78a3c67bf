//! Answers to clients of npm `background-task` 2.x: which hash, which field, what stands there,
//! and the message that says so.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{BackgroundOrigin, TaskOrigin, reply};
use crate::outcome::{Outcome, to_raw};
use crate::tag::{Blame, Tag};

/// The client's word for what has become of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskStatus {
    /// The hook ended well.
    Success,
    /// The hook, its app or the caller is to blame.
    Error,
    /// The platform is to blame, or the task was withdrawn.
    Failed,
    /// The task runs and says how far it is.
    Progress,
}

impl TaskStatus {
    /// The status that an outcome with this tag has.
    #[must_use]
    pub fn of(tag: Tag) -> Self {
        match tag.verdict().0 {
            Blame::None if tag.is_success() => Self::Success,
            Blame::Tenant | Blame::Caller => Self::Error,
            Blame::Platform | Blame::None => Self::Failed,
        }
    }

    /// As it stands on the wire, such as `SUCCESS`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Error => "ERROR",
            Self::Failed => "FAILED",
            Self::Progress => "PROGRESS",
        }
    }

    /// The hash that the client looks in, such as `success:normal`.
    #[must_use]
    pub fn hash(self) -> &'static str {
        match self {
            Self::Success => "success:normal",
            Self::Error => "error:normal",
            Self::Failed => "failed:normal",
            Self::Progress => "progress:normal",
        }
    }
}

/// What is to be written for the client: `HSET hash field value`, then `PUBLISH channel message`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskAnswer {
    /// Such as `success:normal`.
    pub hash: &'static str,
    /// The message's id.
    pub field: String,
    /// The envelope as JSON.
    pub value: String,
    /// The client's listen channel.
    pub channel: String,
    /// What is published, as JSON.
    pub message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    task_id: &'a str,
    task_details: &'a RawValue,
    #[serde(rename = "_listenChannel")]
    listen_channel: &'a str,
    #[serde(rename = "_messageId")]
    message_id: &'a str,
    #[serde(rename = "_status")]
    status: &'static str,
}

#[derive(Serialize)]
struct Notice<'a> {
    id: &'a str,
    status: &'static str,
}

/// The answer that ends a task, or `None` when it did not come from npm `background-task`.
#[must_use]
pub fn answer(outcome: &Outcome, origin: &TaskOrigin) -> Option<TaskAnswer> {
    let background = origin.background.as_ref()?;
    let details = RawValue::from_string(reply(outcome, origin)).expect("a reply is JSON");
    let status = TaskStatus::of(outcome.tag);
    Some(written(origin, background, status, &details))
}

/// What a running task says of itself, any JSON, or `None` when the task did not come from npm
/// `background-task`. `null` becomes `{}`: the client's code reads a field of it without a look.
#[must_use]
pub fn progress(value: &RawValue, origin: &TaskOrigin) -> Option<TaskAnswer> {
    let background = origin.background.as_ref()?;
    let nothing = (value.get() == "null").then(|| to_raw(&serde_json::Map::new()));
    let details = nothing.as_deref().unwrap_or(value);
    Some(written(origin, background, TaskStatus::Progress, details))
}

fn written(
    origin: &TaskOrigin,
    background: &BackgroundOrigin,
    status: TaskStatus,
    details: &RawValue,
) -> TaskAnswer {
    let envelope = to_raw(&Envelope {
        task_id: &origin.task_id,
        task_details: details,
        listen_channel: &background.listen_channel,
        message_id: &background.message_id,
        status: status.as_str(),
    });
    let notice = to_raw(&Notice {
        id: &background.message_id,
        status: status.as_str(),
    });
    TaskAnswer {
        hash: status.hash(),
        field: background.message_id.clone(),
        value: String::from(Box::<str>::from(envelope)),
        channel: background.listen_channel.clone(),
        message: String::from(Box::<str>::from(notice)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{ErrorInfo, HookResponse, Timings, Usage, raw_null};

    fn origin() -> TaskOrigin {
        TaskOrigin {
            task_id: "0af7".to_owned(),
            background: Some(BackgroundOrigin {
                listen_channel: "msgChannels:c1".to_owned(),
                message_id: "0af8".to_owned(),
            }),
        }
    }

    fn outcome(tag: Tag) -> Outcome {
        let (blame, _, kinvey) = tag.verdict();
        let response = HookResponse {
            status_code: 200,
            headers: Default::default(),
            body: raw_null(),
            proceed: tag == Tag::Continued,
        };
        Outcome {
            id: "17-3".to_owned(),
            app: "kid_1".to_owned(),
            hook: "script:onPreSave".to_owned(),
            tag,
            blame,
            status: kinvey.map_or(200, |kinvey| kinvey.status),
            response,
            request: None,
            error: ErrorInfo::for_tag(tag, "why".to_owned(), None),
            timings: Timings::default(),
            usage: Usage::default(),
            worker: "w".to_owned(),
        }
    }

    #[test]
    fn a_success_is_written_where_the_client_looks() {
        let outcome = outcome(Tag::Completed);
        let found = answer(&outcome, &origin()).unwrap();
        let details = reply(&outcome, &origin());
        let value = format!(
            r#"{{"taskId":"0af7","taskDetails":{details},"_listenChannel":"msgChannels:c1","_messageId":"0af8","_status":"SUCCESS"}}"#
        );
        let expected = TaskAnswer {
            hash: "success:normal",
            field: "0af8".to_owned(),
            value,
            channel: "msgChannels:c1".to_owned(),
            message: r#"{"id":"0af8","status":"SUCCESS"}"#.to_owned(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn the_status_says_who_is_to_blame() {
        let statuses = Tag::ALL.map(|tag| (tag, answer(&outcome(tag), &origin()).unwrap().hash));
        for (tag, hash) in statuses {
            let expected = match tag.as_str() {
                "completed" | "continued" => "success:normal",
                "child_crashed" | "worker_lost" | "queue_full" | "expired" | "cancelled" => {
                    "failed:normal"
                }
                _ => "error:normal",
            };
            assert_eq!(hash, expected, "{tag}");
        }
    }

    #[test]
    fn progress_is_any_value_but_null() {
        for (given, shown) in [
            ("0.50", "0.50"),
            ("{\"a\":[1]}", "{\"a\":[1]}"),
            ("null", "{}"),
        ] {
            let value = RawValue::from_string(given.to_owned()).unwrap();
            let found = progress(&value, &origin()).unwrap();
            assert_eq!(found.hash, "progress:normal");
            assert_eq!(found.message, r#"{"id":"0af8","status":"PROGRESS"}"#);
            let details = format!(r#""taskDetails":{shown},"_listen"#);
            assert!(found.value.contains(&details), "{}", found.value);
        }
    }

    #[test]
    fn only_background_tasks_are_answered_so() {
        let plain = TaskOrigin {
            background: None,
            ..origin()
        };
        assert_eq!(answer(&outcome(Tag::Completed), &plain), None);
        assert_eq!(progress(RawValue::NULL, &plain), None);
    }
}
