//! Kinvey's envelopes there and back: a task becomes a job, an outcome made up for it becomes a
//! reply; the reply is what was said, and the app's secrets are nowhere in it.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::{Corpus, fuzz_crossover, fuzz_mutator, fuzz_target};
use lode_fuzz::words::JOBS;
use lode_proto::envelope::{TaskAnswer, TaskOrigin};
use lode_proto::job::{self, Job};
use lode_proto::limits::{ERROR_TEXT_BYTES_MAX, HEADERS_BYTES_MAX, cut};
use lode_proto::outcome::raw_null;
use lode_proto::{ErrorInfo, HookResponse, Outcome, Tag, Timings, Usage, envelope};
use serde_json::{Map, Value, json};

/// What must not get out; no input has it by itself.
const SECRET: &str = "hush0f76b1d2";
const ENTRY_ID: &str = "17-3";

fuzz_mutator!(|data: &mut [u8], size: usize, max: usize, seed: u32| {
    lode_fuzz::mutate(data, size, max, seed, &JOBS)
        .unwrap_or_else(|| libfuzzer_sys::fuzzer_mutate(data, size, max))
});
fuzz_crossover!(|one: &[u8], other: &[u8], out: &mut [u8], seed: u32| {
    lode_fuzz::cross(one, other, out, seed)
});

fuzz_target!(|input: &[u8]| -> Corpus {
    let Ok(Value::Object(mut task)) = serde_json::from_slice(input) else {
        return Corpus::Reject;
    };
    if input
        .windows(SECRET.len())
        .any(|part| part == SECRET.as_bytes())
    {
        return Corpus::Reject;
    }
    put_secrets(&mut task);
    let text = Value::Object(task).to_string();
    let probe = job::probe(&text);
    let job = match job::parse(&text, ENTRY_ID) {
        Ok(job) => job,
        Err(error) => {
            assert!(
                !format!("{error} {error:?} {probe:?}").contains(SECRET),
                "{error:?}"
            );
            assert_eq!((error.app, error.reply_to), (probe.app, probe.reply_to));
            return Corpus::Keep;
        }
    };
    assert!(!format!("{job:?}").contains(SECRET), "{job:?}");
    assert_eq!(probe.app.as_deref(), Some(job.app.as_str()));
    assert_eq!(probe.reply_to, job.reply_to);
    let turn = input.iter().map(|byte| usize::from(*byte)).sum::<usize>();
    let outcome = made_up(&job, Tag::ALL[turn % Tag::ALL.len()]);
    let Some(origin) = job.task else {
        return Corpus::Keep;
    };
    let reply = envelope::reply(&outcome, &origin);
    assert!(!reply.contains(SECRET), "{reply}");
    check(&outcome, &origin, &reply);
    if let Some(answer) = envelope::answer(&outcome, &origin) {
        check_answer(&origin, &answer, &reply);
    }
    Corpus::Keep
});

/// Puts the secrets where they are in a task, or where a careless sender may have put them.
fn put_secrets(task: &mut Map<String, Value>) {
    let secrets = json!({"appsecret": SECRET, "mastersecret": SECRET});
    let metadata = match task.remove("appMetadata") {
        Some(Value::Array(_)) => json!([secrets]),
        Some(Value::String(_)) => json!(SECRET),
        Some(Value::Object(mut fields)) => {
            fields.insert("appsecret".to_owned(), json!(SECRET));
            fields.insert("blFlags".to_owned(), json!({"mastersecret": [SECRET]}));
            Value::Object(fields)
        }
        Some(_) | None => secrets,
    };
    task.insert("appMetadata".to_owned(), metadata);
}

/// An outcome of this job that is made of its own parts.
fn made_up(job: &Job, tag: Tag) -> Outcome {
    let (blame, _, kinvey) = tag.verdict();
    let body = job.response.clone().unwrap_or_else(raw_null);
    let status = kinvey.map_or(200, |kinvey| kinvey.status);
    let error = ErrorInfo::for_tag(tag, body.get().to_owned(), Some(job.hook_label()));
    let response = HookResponse {
        status_code: status,
        headers: headers(job),
        body,
        proceed: tag == Tag::Continued,
    };
    Outcome {
        id: job.id.clone(),
        app: job.app.clone(),
        hook: job.hook_label(),
        tag,
        blame,
        status,
        response: match &error {
            Some(info) => HookResponse::of_failure(status, info),
            None => response,
        },
        request: job.request.clone(),
        error,
        timings: Timings::default(),
        usage: Usage::default(),
        worker: "worker".to_owned(),
    }
}

/// The request's headers that are strings, as many as a hook may set.
fn headers(job: &Job) -> BTreeMap<String, String> {
    let request = job.request.as_ref().map(|request| request.get());
    let request: Value = request.map_or(Value::Null, |text| {
        serde_json::from_str(text).expect("a request is JSON")
    });
    let given = request.get("headers").and_then(Value::as_object);
    let texts = given
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let mut bytes = 0;
    let fit = texts.take_while(|(name, value)| {
        bytes += name.len() + value.len();
        bytes <= HEADERS_BYTES_MAX
    });
    fit.collect()
}

/// A client of npm `background-task` gets the reply where it looks, and nothing else.
fn check_answer(origin: &TaskOrigin, answer: &TaskAnswer, reply: &str) {
    let background = origin.background.as_ref().expect("it has an answer");
    assert_eq!(answer.field, background.message_id);
    assert_eq!(answer.channel, background.listen_channel);
    let status = answer.hash.trim_end_matches(":normal").to_uppercase();
    let tree = |text: &str| -> Value { serde_json::from_str(text).expect("it is JSON") };
    let expected = json!({"id": background.message_id, "status": status});
    assert_eq!(tree(&answer.message), expected);
    let expected = json!({
        "taskId": origin.task_id,
        "taskDetails": tree(reply),
        "_listenChannel": background.listen_channel,
        "_messageId": background.message_id,
        "_status": status,
    });
    assert_eq!(tree(&answer.value), expected);
}

fn check(outcome: &Outcome, origin: &TaskOrigin, reply: &str) {
    let read: Value = serde_json::from_str(reply).expect("a reply is JSON");
    assert_eq!(read["taskId"], json!(origin.task_id));
    assert_eq!(read["metadata"]["taskId"], json!(origin.task_id));
    assert_eq!(read["metadata"]["tag"], json!(outcome.tag));
    match &outcome.error {
        Some(info) => check_failure(outcome, info, &read, reply.len()),
        None => check_success(outcome, &read, reply.len()),
    }
}

fn check_failure(outcome: &Outcome, info: &ErrorInfo, read: &Value, bytes: usize) {
    assert_eq!(read["isError"], json!(true));
    assert_eq!(read["error"], json!(info.error));
    assert_eq!(read["description"], json!(info.description));
    assert_eq!(read["message"], json!(info.description));
    let debug = json!(cut(&info.debug, ERROR_TEXT_BYTES_MAX));
    assert_eq!((&read["debug"], &read["debugMessage"]), (&debug, &debug));
    assert_eq!(read["stackTrace"], json!(info.stack));
    assert_eq!(read["statusCode"], json!(outcome.status));
    // A character becomes at most six when it is escaped.
    assert!(
        bytes < 6 * (3 * ERROR_TEXT_BYTES_MAX + 1_000),
        "{bytes} bytes"
    );
}

fn check_success(outcome: &Outcome, read: &Value, bytes: usize) {
    assert_eq!(read.get("isError"), None);
    let tree = |text: &str| -> Value { serde_json::from_str(text).expect("it is JSON") };
    let request = outcome.request.as_ref().map(|request| request.get());
    assert_eq!(read["request"], tree(request.unwrap_or("{}")));
    let response = &read["response"];
    assert_eq!(response["statusCode"], json!(outcome.response.status_code));
    assert_eq!(response["headers"], json!(outcome.response.headers));
    assert_eq!(response["body"], tree(outcome.response.body.get()));
    let (one, other) = match outcome.tag {
        Tag::Continued => ("continue", "complete"),
        _ => ("complete", "continue"),
    };
    assert_eq!(
        (response.get(one), response.get(other)),
        (Some(&json!(true)), None)
    );
    let parts = request.map_or(0, str::len) + outcome.response.body.get().len();
    assert!(
        bytes < parts + 6 * HEADERS_BYTES_MAX + 2_000,
        "{bytes} bytes"
    );
}
