//! Jobs of a producer: what is accepted obeys every bound and says what the text says; what is
//! refused has a reason, and what can be made out of it is found.
#![no_main]

use libfuzzer_sys::{fuzz_crossover, fuzz_mutator, fuzz_target};
use lode_fuzz::words::JOBS;
use lode_proto::job::{self, Job, JobError, JobRecord, JobTarget};
use lode_proto::limits;
use serde_json::{Map, Value};

/// Bytes of the longest reason: a field's path and name, a quotation, what is allowed.
const REASON_BYTES_MAX: usize = 4_000;
/// The id of the queue's entry.
const ENTRY_ID: &str = "17-3";

fuzz_mutator!(|data: &mut [u8], size: usize, max: usize, seed: u32| {
    lode_fuzz::mutate(data, size, max, seed, &JOBS)
        .unwrap_or_else(|| libfuzzer_sys::fuzzer_mutate(data, size, max))
});
fuzz_crossover!(|one: &[u8], other: &[u8], out: &mut [u8], seed: u32| {
    lode_fuzz::cross(one, other, out, seed)
});

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    match job::parse(&text, ENTRY_ID) {
        Ok(job) => {
            check_bounds(&job);
            if !is_folded(&text) {
                check_meaning(&text, &job);
            }
            check_comes_back(&job);
        }
        Err(error) => check_refusal(&text, &error),
    }
});

/// What it says stands in a task inside; the envelopes' own target reads such jobs.
fn is_folded(text: &str) -> bool {
    let root: Value = serde_json::from_str(text).expect("a job is JSON");
    let is_there = |name: &str| root.get(name).is_some_and(|value| !value.is_null());
    is_there("task") || is_there("background_task")
}

#[track_caller]
fn check_length(text: &str, max: usize) {
    assert!((1..=max).contains(&text.len()), "{} bytes", text.len());
}

fn check_bounds(job: &Job) {
    check_length(&job.id, limits::ID_BYTES_MAX);
    check_length(&job.app, limits::ID_BYTES_MAX);
    for list in [&job.reply_to, &job.progress_to].into_iter().flatten() {
        check_length(list, limits::REPLY_TO_BYTES_MAX);
    }
    if let Some(ms) = job.timeout_ms {
        assert!((1..=limits::TIMEOUT_MS_MAX).contains(&ms));
    }
    match &job.target {
        JobTarget::Stored(name) => assert!(!name.is_common()),
        JobTarget::Inline { script, function } => {
            check_length(script, limits::SCRIPT_BYTES_MAX);
            check_length(function, limits::ID_BYTES_MAX);
        }
    }
    for object in [&job.request, &job.response].into_iter().flatten() {
        check_length(object.get(), limits::JOB_BYTES_MAX);
        let fields: Result<Map<String, Value>, _> = serde_json::from_str(object.get());
        fields.expect("a body is an object that every parser reads");
    }
    check_length(&job.hook_label(), 2 * limits::ID_BYTES_MAX);
}

/// The job against the text as a tree.
fn check_meaning(text: &str, job: &Job) {
    let root: Value = serde_json::from_str(text).expect("a job is JSON");
    assert!(root.is_object(), "a job is an object: {text}");
    let is_envelope = root.get("app").is_none();
    let field = |own: &str, kinveys: &str| {
        root.get(if is_envelope { kinveys } else { own })
            .filter(|value| !value.is_null())
    };
    let text_of = |own, kinveys| field(own, kinveys).and_then(Value::as_str);
    assert_eq!(text_of("app", "appId"), Some(job.app.as_str()));
    let id = text_of("id", "taskId");
    assert!(id == Some(job.id.as_str()) || (job.id == ENTRY_ID && (id.is_none() || is_envelope)));
    assert_eq!(text_of("reply_to", "reply_to"), job.reply_to.as_deref());
    if !is_envelope {
        assert_eq!(text_of("progress_to", ""), job.progress_to.as_deref());
    }
    let number = field("timeout_ms", "timeout_ms").and_then(whole);
    assert_eq!(number, job.timeout_ms);
    let flag = field("idempotent", "idempotent").and_then(Value::as_bool);
    assert_eq!(flag.unwrap_or(false), job.idempotent);
    match &job.target {
        JobTarget::Stored(name) => assert_eq!(text_of("hook", ""), Some(&*name.to_string())),
        JobTarget::Inline { script, function } => {
            assert_eq!(text_of("script", "blScript"), Some(script.as_str()));
            assert_eq!(
                text_of("function", "targetFunction"),
                Some(function.as_str())
            );
        }
    }
    for (name, object) in [("request", &job.request), ("response", &job.response)] {
        let tree = object.as_ref().map(|object| -> Value {
            serde_json::from_str(object.get()).expect("it was read before")
        });
        if name == "request" && is_envelope {
            check_filled(field(name, name), tree.as_ref());
        } else {
            assert_eq!(field(name, name), tree.as_ref());
        }
    }
}

/// `8000.0` is 8000.
fn whole(value: &Value) -> Option<u64> {
    let of_float = || value.as_f64().map(|number| number as u64);
    value.as_u64().or_else(of_float)
}

/// An envelope's request may have got a `collectionName` and a `query`, and lost nothing.
fn check_filled(given: Option<&Value>, request: Option<&Value>) {
    let none = Map::new();
    let fields = |value: Option<&Value>| value.and_then(Value::as_object).unwrap_or(&none).clone();
    let (given, mut request) = (fields(given), fields(request));
    for (name, value) in &given {
        let filled = value.is_null() || name == "query" || name == "collectionName";
        assert!(
            request.get(name) == Some(value) || filled,
            "{name} has changed"
        );
        request.shift_remove(name);
    }
    let only_filled = |name: &String| name == "query" || name == "collectionName";
    assert!(
        request.keys().all(only_filled),
        "{request:?} came from nowhere"
    );
}

/// A job written as a record is read as the same job.
fn check_comes_back(job: &Job) {
    let (hook, script, function) = match &job.target {
        JobTarget::Stored(name) => (Some(name.to_string()), None, None),
        JobTarget::Inline { script, function } => {
            (None, Some(script.clone()), Some(function.clone()))
        }
    };
    let record = JobRecord {
        id: Some(job.id.clone()),
        app: job.app.clone(),
        hook,
        script,
        function,
        request: job.request.clone(),
        response: job.response.clone(),
        reply_to: job.reply_to.clone(),
        timeout_ms: job.timeout_ms,
        idempotent: Some(job.idempotent),
        progress_to: job.progress_to.clone(),
        ..JobRecord::default()
    };
    let text = serde_json::to_string(&record).expect("a record is written");
    if text.len() <= limits::JOB_BYTES_MAX {
        let mut same = job::parse(&text, "another").expect("a job's own record is read");
        // A record has no place for what a task came as.
        same.task.clone_from(&job.task);
        assert_eq!(format!("{same:?}"), format!("{job:?}"));
    }
}

fn check_refusal(text: &str, error: &JobError) {
    check_length(&error.reason, REASON_BYTES_MAX);
    let probe = job::probe(text);
    assert_eq!(
        (&error.app, &error.hook, &error.reply_to),
        (&probe.app, &probe.hook, &probe.reply_to)
    );
    for (found, max) in [
        (probe.app, limits::ID_BYTES_MAX),
        (probe.hook, 2 * limits::ID_BYTES_MAX),
        (probe.reply_to, limits::REPLY_TO_BYTES_MAX),
    ] {
        if let Some(found) = found {
            check_length(&found, max);
            assert!(text.contains(':'), "it was in no object");
        }
    }
}
