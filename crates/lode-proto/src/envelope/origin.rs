//! Where a task came from, and the record inside it: envelopes in records, messages of npm
//! `background-task`.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::task::is_object;
use super::{is_envelope, read};
use crate::job::{self, JobRecord};
use crate::limits::TASK_ID_BYTES_MAX;
use crate::scan::strings_at;

/// What the channels of the client's instances begin with.
const CHANNEL_PREFIX: &str = "msgChannels:";

/// What a reply to a task needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskOrigin {
    /// The task's id as its sender knows it; the job's, where the sender named none. 1 to 128 bytes.
    pub task_id: String,
    /// Set for a message of npm `background-task`: its client reads the reply from a hash.
    pub background: Option<BackgroundOrigin>,
}

/// Where a client of npm `background-task` waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackgroundOrigin {
    /// `msgChannels:` and 1 to 64 letters, digits and dashes.
    pub listen_channel: String,
    /// The field of the hashes, 1 to 64 letters, digits and dashes.
    pub message_id: String,
}

/// A record whose bounds are still to be checked, and the task that it was inside.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) record: JobRecord,
    pub(crate) task: Option<TaskDraft>,
}

/// An origin whose id may still have to be the job's.
#[derive(Debug)]
pub(crate) struct TaskDraft {
    id: Option<String>,
    background: Option<BackgroundOrigin>,
}

impl TaskDraft {
    pub(super) fn of_envelope(id: Option<String>) -> Self {
        let background = None;
        Self { id, background }
    }

    pub(crate) fn origin(self, job_id: &str) -> TaskOrigin {
        TaskOrigin {
            task_id: self.id.unwrap_or_else(|| job_id.to_owned()),
            background: self.background,
        }
    }
}

/// A message of npm `background-task`. It is a fixed program's: there are no other fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    #[serde(rename = "taskId")]
    task_id: String,
    #[serde(rename = "taskDetails")]
    details: Box<RawValue>,
    #[serde(rename = "_listenChannel")]
    listen_channel: String,
    #[serde(rename = "_messageId")]
    message_id: String,
    #[serde(rename = "_status")]
    status: String,
}

/// The part of a message that an answer needs.
#[derive(Deserialize)]
struct Address {
    #[serde(rename = "taskId")]
    task_id: String,
    #[serde(rename = "_listenChannel")]
    listen_channel: String,
    #[serde(rename = "_messageId")]
    message_id: String,
}

/// Where the answer to a message goes, if that much of it is good.
pub(crate) fn origin_of_message(text: &str) -> Option<TaskOrigin> {
    origin_of(serde_json::from_str(text).ok()?)
}

/// The same of a record with a message inside, if it is not quite JSON.
pub(crate) fn origin_of_almost_message(record: &str) -> Option<TaskOrigin> {
    let [task_id, listen_channel, message_id] =
        strings_at(record, 2, ["taskId", "_listenChannel", "_messageId"]);
    origin_of(Address {
        task_id: task_id?,
        listen_channel: listen_channel?,
        message_id: message_id?,
    })
}

fn origin_of(found: Address) -> Option<TaskOrigin> {
    let is_good = is_task_id(&found.task_id)
        && is_task_id(&found.message_id)
        && is_listen_channel(&found.listen_channel);
    is_good.then_some(TaskOrigin {
        task_id: found.task_id,
        background: Some(BackgroundOrigin {
            listen_channel: found.listen_channel,
            message_id: found.message_id,
        }),
    })
}

/// The record that says what runs: this one, or the one inside its `task` or `background_task`.
pub(crate) fn unfold(mut record: JobRecord) -> Result<Draft, String> {
    let (field, inner) = match (record.task.take(), record.background_task.take()) {
        (None, None) => return Ok(Draft { record, task: None }),
        (Some(task), None) => ("task", of_task(&task)),
        (None, Some(message)) => ("background_task", of_message(&message)),
        (Some(_), Some(_)) => {
            return Err("`task` excludes `background_task`: give one or the other".to_owned());
        }
    };
    if let Some(other) = own_content(&record) {
        return Err(format!(
            "`{field}` excludes `{other}`: the task says what runs"
        ));
    }
    let inner = inner.map_err(|reason| format!("{field}: {reason}"))?;
    let (given, named) = (&record.app, &inner.record.app);
    if !given.is_empty() && !named.is_empty() && given != named {
        return Err(format!(
            "app is {given:?}, but the {field}'s is {named:?}; they must be the same"
        ));
    }
    if record.app.is_empty() {
        record.app.clone_from(named);
    }
    Ok(Draft {
        record: record.over(inner.record),
        task: inner.task,
    })
}

/// The first field that says what the job runs, beside `task` and `background_task`.
fn own_content(record: &JobRecord) -> Option<&'static str> {
    let fields = [
        ("hook", record.hook.is_some()),
        ("script", record.script.is_some()),
        ("function", record.function.is_some()),
        ("request", record.request.is_some()),
        ("response", record.response.is_some()),
    ];
    fields
        .into_iter()
        .find_map(|(name, is_there)| is_there.then_some(name))
}

fn of_task(task: &RawValue) -> Result<Draft, String> {
    // What it is instead is not quoted: it may hold an app's secrets.
    match is_object(task) {
        true => read(task.get(), "the task"),
        false => Err("it must be an object, it is something else".to_owned()),
    }
}

fn of_message(message: &RawValue) -> Result<Draft, String> {
    if !is_object(message) {
        return Err("it must be an object, it is something else".to_owned());
    }
    let message: Message = job::read_fields(message.get(), "the message")?;
    for (name, id) in [
        ("taskId", &message.task_id),
        ("_messageId", &message.message_id),
    ] {
        if !is_task_id(id) {
            return Err(format!(
                "{name} has {} bytes, allowed are 1 to {TASK_ID_BYTES_MAX} letters, digits and '-'",
                id.len()
            ));
        }
    }
    if !is_listen_channel(&message.listen_channel) {
        return Err(format!(
            "_listenChannel must be \"{CHANNEL_PREFIX}\" and 1 to {TASK_ID_BYTES_MAX} letters, \
             digits and '-'"
        ));
    }
    if message.status != "NEWTASK" {
        return Err("_status must be \"NEWTASK\"".to_owned());
    }
    let record = of_details(&message.details).map_err(|reason| format!("taskDetails: {reason}"))?;
    let task = Some(TaskDraft {
        id: Some(message.task_id),
        background: Some(BackgroundOrigin {
            listen_channel: message.listen_channel,
            message_id: message.message_id,
        }),
    });
    Ok(Draft { record, task })
}

/// The record that the details are, or that they stand for.
fn of_details(details: &RawValue) -> Result<JobRecord, String> {
    if !is_object(details) {
        return Err("it must be an object, it is something else".to_owned());
    }
    if is_envelope(details.get())? {
        return Ok(read(details.get(), "the task")?.record);
    }
    let record: JobRecord = job::read_fields(details.get(), "the record")?;
    match record.task.is_some() || record.background_task.is_some() {
        true => Err("a record in it may have no `task` or `background_task`".to_owned()),
        false => Ok(record),
    }
}

fn is_task_id(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=TASK_ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_part)
}

fn is_listen_channel(text: &str) -> bool {
    text.strip_prefix(CHANNEL_PREFIX).is_some_and(is_task_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Job, JobTarget, parse, probe};

    const ENVELOPE: &str = r#"{"taskId":"0af7","appId":"kid_1","appMetadata":{"appsecret":"hush"},"targetFunction":"onPreSave","blScript":"x","request":{"n":1.0},"timeout_ms":9}"#;

    fn message(details: &str) -> String {
        format!(
            r#"{{"taskId":"t-1","taskDetails":{details},"_listenChannel":"msgChannels:c1","_messageId":"m-1","_status":"NEWTASK"}}"#
        )
    }

    fn record(fields: &str, message: &str) -> String {
        format!(r#"{{{fields}"background_task":{message}}}"#)
    }

    #[track_caller]
    fn read_job(text: &str) -> Job {
        parse(text, "17-3").unwrap()
    }

    #[track_caller]
    fn check_refused(text: &str, expected: &str) {
        let error = parse(text, "17-3").unwrap_err();
        let reason = &error.reason;
        assert!(
            reason.contains(expected),
            "{reason} does not say {expected:?}"
        );
        assert!(!format!("{error:?}").contains("hush"), "{error:?}");
    }

    #[test]
    fn an_envelope_inside_a_record_says_what_runs() {
        let job = read_job(&format!(
            r#"{{"id":"j1","app":"kid_1","reply_to":"r","task":{ENVELOPE}}}"#
        ));
        assert_eq!((job.id.as_str(), job.app.as_str()), ("j1", "kid_1"));
        assert_eq!(
            (job.reply_to.as_deref(), job.timeout_ms),
            (Some("r"), Some(9))
        );
        assert_eq!(job.request.unwrap().get(), r#"{"n":1.0}"#);
        let JobTarget::Inline { function, .. } = job.target else {
            panic!("{:?}", job.target)
        };
        assert_eq!(function, "onPreSave");
        let origin = job.task.unwrap();
        assert_eq!((origin.task_id.as_str(), origin.background), ("0af7", None));
    }

    #[test]
    fn a_task_without_an_id_has_the_jobs() {
        let task = r#"{"appId":"a","targetFunction":"f","blScript":"x"}"#;
        let job = read_job(&format!(r#"{{"id":"j1","task":{task}}}"#));
        assert_eq!((job.app.as_str(), job.id.as_str()), ("a", "j1"));
        assert_eq!(job.task.unwrap().task_id, "j1");
        let bare = read_job(task).task.unwrap();
        assert_eq!((bare.task_id.as_str(), bare.background), ("17-3", None));
        let plain = read_job(r#"{"app":"a","hook":"b.onPreSave"}"#);
        assert_eq!(plain.task, None);
    }

    #[test]
    fn a_message_has_an_envelope_or_a_record_inside() {
        let job = read_job(&record("", &message(ENVELOPE)));
        assert_eq!((job.id.as_str(), job.app.as_str()), ("17-3", "kid_1"));
        let expected = TaskOrigin {
            task_id: "t-1".to_owned(),
            background: Some(BackgroundOrigin {
                listen_channel: "msgChannels:c1".to_owned(),
                message_id: "m-1".to_owned(),
            }),
        };
        assert_eq!(job.task.as_deref(), Some(&expected));

        let details = r#"{"id":"inner","hook":"endpoint:e","idempotent":true,"reply_to":"r"}"#;
        let text = record(r#""id":"m-1","app":"shop","#, &message(details));
        let job = read_job(&text);
        assert_eq!((job.id.as_str(), job.app.as_str()), ("m-1", "shop"));
        assert_eq!(job.hook_label(), "endpoint:e");
        assert!(job.idempotent && job.reply_to.as_deref() == Some("r"));
        let named = message(r#"{"app":"shop","hook":"endpoint:e"}"#);
        assert_eq!(read_job(&record("", &named)).app, "shop");
    }

    #[test]
    fn what_a_task_excludes_is_named() {
        let with = |field: &str| format!(r#"{{"app":"kid_1",{field},"task":{ENVELOPE}}}"#);
        for field in ["hook", "script", "function"] {
            let expected = format!("`task` excludes `{field}`");
            check_refused(&with(&format!(r#""{field}":"x""#)), &expected);
        }
        for field in ["request", "response"] {
            let expected = format!("`task` excludes `{field}`");
            check_refused(&with(&format!(r#""{field}":{{}}"#)), &expected);
        }
        check_refused(
            &with(r#""background_task":{}"#),
            "`task` excludes `background_task`",
        );
        check_refused(
            &record(r#""hook":"b.onPreSave","#, &message(ENVELOPE)),
            "`background_task` excludes `hook`",
        );
        let other = format!(r#"{{"app":"other","task":{ENVELOPE}}}"#);
        check_refused(&other, r#"app is "other", but the task's is "kid_1""#);
        let other = record(r#""app":"other","#, &message(ENVELOPE));
        check_refused(&other, r#"but the background_task's is "kid_1""#);
    }

    #[test]
    fn a_bad_task_is_refused_with_its_place() {
        check_refused(r#"{"app":"a","task":"hush"}"#, "task: it must be an object");
        check_refused(
            r#"{"app":"a","task":["hush"]}"#,
            "task: it must be an object",
        );
        check_refused(
            r#"{"app":"a","task":{"appId":"a","blScript":"x"}}"#,
            "task: the task is not valid: missing field `targetFunction`",
        );
        check_refused(
            &record("", &message(r#"{"appId":5,"appMetadata":{"s":"hush"}}"#)),
            "background_task: taskDetails: appId: invalid type: integer `5`",
        );
        check_refused(
            &record("", &message(r#"{"app":"a","hok":1}"#)),
            "taskDetails: the record is not valid: unknown field `hok`",
        );
        check_refused(
            &record(
                r#""app":"a","#,
                &message(&format!(r#"{{"task":{ENVELOPE}}}"#)),
            ),
            "may have no `task`",
        );
        check_refused(
            &record("", &message(r#"{"hook":"endpoint:e"}"#)),
            "missing field `app`",
        );
        check_refused(
            &record("", &message("\"hush\"")),
            "taskDetails: it must be an object",
        );
    }

    #[test]
    fn a_message_is_as_the_client_writes_it() {
        let good = message(ENVELOPE);
        for (from, to, expected) in [
            (
                "msgChannels:c1",
                "lode:{default}:in",
                "_listenChannel must be \"msgChannels:\"",
            ),
            ("msgChannels:c1", "msgChannels:", "_listenChannel must be"),
            (
                "\"t-1\"",
                "\"t:1\"",
                "taskId has 3 bytes, allowed are 1 to 64 letters",
            ),
            ("\"m-1\"", "\"\"", "_messageId has 0 bytes"),
            ("NEWTASK", "SUCCESS", "_status must be \"NEWTASK\""),
            ("\"_status\"", "\"_more\"", "unknown field `_more`"),
            ("\"m-1\"", "5", "_messageId: invalid type: integer `5`"),
        ] {
            check_refused(&record("", &good.replace(from, to)), expected);
        }
        let long = good.replace("m-1", &"x".repeat(65));
        check_refused(&record("", &long), "_messageId has 65 bytes");
    }

    #[test]
    fn what_an_answer_needs_of_a_bad_task_is_found() {
        let text = record(
            "",
            &message(r#"{"app":"shop","hook":"endpoint:e","reply_to":"r","x":1}"#),
        );
        let found = probe(&text);
        assert_eq!(
            (found.app.as_deref(), found.hook.as_deref()),
            (Some("shop"), Some("endpoint:e"))
        );
        assert_eq!(found.reply_to.as_deref(), Some("r"));
        let origin = found.task.unwrap();
        assert_eq!(origin.background.as_ref().unwrap().message_id, "m-1");
        assert_eq!(parse(&text, "17-3").unwrap_err().task, Some(origin));
        let text = r#"{"task":{"appId":"kid_1","blScript":5}}"#;
        assert_eq!(probe(text).app.as_deref(), Some("kid_1"));
        let stranger = record("", &message("{}").replace("msgChannels:", "lode:"));
        assert_eq!(probe(&stranger).task, None);
    }
}
