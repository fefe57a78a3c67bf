//! A worker behind a real queue, and producers that know nothing but Redis commands.

use serde_json::{Value, json};

use crate::support::{Place, Producer, Worker, endpoint};

const HOOKS: &[&str] = &["echo", "says_hello", "endless_loop", "sleeps"];
const SCRIPT: &str = "function onRequest(q, r) { r.body = 6 * 7; r.complete(); }";

/// A place with app `a`, its hooks, and a producer.
fn place() -> (Place, Producer) {
    let place = Place::redis();
    place.app("a", &[]);
    place.endpoints("a", HOOKS);
    let producer = Producer::new(&place, "p");
    (place, producer)
}

#[test]
fn a_job_comes_back_with_every_field_of_its_outcome() {
    let (place, mut producer) = place();
    let _worker = Worker::start(&place, &["WORKER_NAME=tester"]);
    let request = json!({"body": {"name": "Ada"}, "params": {"n": "1"}});
    let job = json!({"id": "my-id", "app": "a", "hook": "endpoint:says_hello", "request": request,
                     "metadata": {"trace": [1, 2]}});
    let outcome = producer.ask(job);
    assert_eq!((outcome.id.as_str(), outcome.app.as_str()), ("my-id", "a"));
    assert_eq!(
        (outcome.hook.as_str(), outcome.worker.as_str()),
        ("endpoint:says_hello", "tester")
    );
    assert_eq!((outcome.tag.as_str(), outcome.status), ("completed", 203));
    assert_eq!((json!(outcome.blame), outcome.error), (json!("none"), None));
    let response = json!(outcome.response);
    let body = json!({"hello": "Ada", "params": {"n": "1"}});
    let headers = json!({"x-served-by": "hello"});
    assert_eq!(
        response,
        json!({"statusCode": 203, "headers": headers, "body": body, "continue": false})
    );
    let left: Value = serde_json::from_str(outcome.request.unwrap().get()).unwrap();
    assert_eq!(
        (&left["seen"], &left["body"]),
        (&json!(true), &json!({"name": "Ada"}))
    );
    let (timings, usage) = (outcome.timings, outcome.usage);
    assert!(
        timings.run_us > 0 && timings.total_us >= timings.run_us + timings.queued_us,
        "{timings:?}"
    );
    assert_eq!((usage.host_calls, usage.log_lines), (1, 1));
}

#[test]
fn a_job_without_an_id_gets_the_entrys() {
    let (place, mut producer) = place();
    let _worker = Worker::start(&place, &[]);
    let outcome = producer.ask(endpoint("echo", json!(1)));
    let (ms, sequence) = outcome.id.split_once('-').expect("a stream id");
    assert!(
        ms.parse::<u64>().is_ok() && sequence.parse::<u64>().is_ok(),
        "{}",
        outcome.id
    );
}

#[test]
fn a_job_enqueued_before_any_worker_runs_when_one_comes() {
    let (place, mut producer) = place();
    producer.push(endpoint("echo", json!("early")));
    let _worker = Worker::start(&place, &[]);
    assert_eq!(producer.next().response.body.get(), r#""early""#);
}

#[test]
fn the_jobs_own_time_limit_counts() {
    let (place, mut producer) = place();
    let _worker = Worker::start(&place, &[]);
    let mut job = endpoint("endless_loop", json!({}));
    job["timeout_ms"] = json!(150);
    let outcome = producer.ask(job);
    assert_eq!(outcome.tag.as_str(), "hook_timeout");
    let error = outcome.error.unwrap();
    assert!(error.debug.contains("wall limit of 150 ms"), "{error:?}");
    assert!(
        error
            .stack
            .unwrap()
            .contains("spin (endpoint:endless_loop:7:")
    );
}

#[test]
fn a_job_cannot_raise_its_time_limit_above_the_ceiling() {
    let (place, mut producer) = place();
    let settings = ["CEILING_WALL_LIMIT_MS=200", "LIMITS_WALL_LIMIT_MS=100"];
    let _worker = Worker::start(&place, &settings);
    let mut job = endpoint("endless_loop", json!({}));
    job["timeout_ms"] = json!(3_600_000);
    let error = producer.ask(job).error.unwrap();
    assert!(error.debug.contains("wall limit of 200 ms"), "{error:?}");
}

#[test]
fn the_apps_limits_replace_the_workers() {
    let (place, mut producer) = place();
    place.app(
        "small",
        &[
            "--limit",
            "wall_limit_ms=120",
            "--limit",
            "result_limit_bytes=200",
        ],
    );
    place.endpoints("small", &["endless_loop", "echo"]);
    let _worker = Worker::start(&place, &[]);
    let slow = producer.ask(json!({"app": "small", "hook": "endpoint:endless_loop"}));
    assert!(slow.error.unwrap().debug.contains("wall limit of 120 ms"));
    let request = json!({"body": "x".repeat(300)});
    let large = producer.ask(json!({"app": "small", "hook": "endpoint:echo", "request": request}));
    assert_eq!(large.tag.as_str(), "hook_violation");
    assert!(large.error.unwrap().debug.contains("allowed are 200"));
}

#[test]
fn a_higher_priority_comes_first() {
    let (place, mut producer) = place();
    place.endpoints("a", &["appends_its_name", "lists_the_order"]);
    for (name, priority) in [("low", -5), ("middle", 0), ("high", 100)] {
        let mut job = endpoint("appends_its_name", json!(name));
        job["priority"] = json!(priority);
        producer.push(job);
    }
    let _worker = Worker::start(&place, &["POOL_MAX_CHILDREN=1", "POOL_WARM=1"]);
    let order: Vec<String> = (0..3)
        .map(|_| {
            let request = producer.next().request.unwrap();
            let request: Value = serde_json::from_str(request.get()).unwrap();
            request["body"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(order, ["high", "middle", "low"]);
    let seen = producer.ask(endpoint("lists_the_order", json!({})));
    assert_eq!(seen.response.body.get(), r#""high middle low""#);
}

/// A record that cannot be run, and what its outcome says.
const BAD_RECORDS: &[(&str, &str)] = &[
    (
        r#""app":"a","hook":"endpoint:echo","hok":1"#,
        "unknown field `hok`",
    ),
    (
        r#""app":5,"hook":"endpoint:echo""#,
        "app: invalid type: integer `5`",
    ),
    (
        r#""app":"a","hook":"endpoint:echo","timeout_ms":"1""#,
        "timeout_ms: invalid type",
    ),
    (
        r#""app":"a","hook":"endpoint:echo","timeout_ms":0"#,
        "allowed are 1 to 3600000",
    ),
    (
        r#""app":"a","hook":"endpoint:echo","priority":1000"#,
        "allowed are -100 to 100",
    ),
    // Its negation overflows: it once ended every worker that leased it.
    (
        r#""app":"a","hook":"endpoint:echo","priority":-9223372036854775808"#,
        "allowed are -100 to 100",
    ),
    // The queue's scripts cannot read it, and it once ran outside its app's cap.
    (
        r#""app":"a","hook":"endpoint:echo","metadata":"\ud800""#,
        "lone surrogate",
    ),
    (
        r#""app":"a","hook":"endpoint:echo","request":[1]"#,
        "request must be an object",
    ),
    (r#""hook":"endpoint:echo""#, "missing field `app`"),
    (r#""app":"a""#, "missing field `hook`"),
    (
        r#""app":"nobody","hook":"endpoint:echo""#,
        "there is no app \"nobody\"",
    ),
    (
        r#""app":"a","hook":"endpoint:nothing""#,
        "app \"a\" has no hook endpoint:nothing",
    ),
    (
        r#""app":"a","hook":"books.onPreSaev""#,
        "there is no hook function \"onPreSaev\"",
    ),
    (r#""app":"a","hook":"common:x""#, "does not run by itself"),
    (
        r#""app":"a","script":"1","function":"onRequest""#,
        "inline scripts are allowed by jobs.allow_inline_script",
    ),
];

#[test]
fn each_bad_record_is_answered_and_kept_in_the_dead_list() {
    let (place, mut producer) = place();
    let _worker = Worker::start(&place, &[]);
    for (fields, reason) in BAD_RECORDS {
        let text = format!(r#"{{{fields},"reply_to":"{}"}}"#, producer.reply_to);
        producer.push_text(&text);
        let outcome = producer.next();
        assert_eq!(
            (outcome.tag.as_str(), outcome.status),
            ("bad_job", 400),
            "{fields}"
        );
        assert_eq!(json!(outcome.blame), json!("caller"));
        let error = outcome.error.unwrap();
        assert_eq!(error.error, "BadRequest");
        assert!(error.debug.contains(reason), "{error:?} is not {reason:?}");
        let dead = place.dead().remove(0);
        assert_eq!((dead.id, dead.job), (outcome.id, text));
        assert!(dead.reason.contains(reason), "{}", dead.reason);
    }
    assert_eq!(place.dead().len(), BAD_RECORDS.len());
}

#[test]
fn texts_that_are_no_records_go_to_the_dead_list_and_stop_nobody() {
    let (place, mut producer) = place();
    let _worker = Worker::start(&place, &[]);
    let texts = [
        "",
        "{",
        "null",
        "[]",
        "\"x\"",
        "{\"app\":",
        "\u{0}\u{1}",
        "{}{}",
    ];
    for text in texts {
        producer.push_text(text);
    }
    // An entry without the field, and one whose field is not UTF-8.
    let inbox = format!("lode:{{{}}}:in", place.name);
    for (field, value) in [("jbo", &b"{}"[..]), ("job", &b"\xff\xfe{"[..])] {
        let mut command = redis::cmd("XADD");
        command.arg(&inbox).arg("*").arg(field).arg(value);
        command.query::<String>(&mut producer.connection).unwrap();
    }
    assert_eq!(
        producer.ask(endpoint("echo", json!(1))).tag.as_str(),
        "completed"
    );
    crate::support::eventually("all are in the dead list", || {
        (place.dead().len() == texts.len() + 2).then_some(())
    });
    for dead in place.dead() {
        assert!(dead.outcome.contains("\"bad_job\""), "{dead:?}");
        assert!(!dead.reason.is_empty(), "{dead:?}");
    }
}

#[test]
fn an_inline_script_runs_where_it_is_allowed() {
    let (place, mut producer) = place();
    let _worker = Worker::start(&place, &["JOBS_ALLOW_INLINE_SCRIPT=true"]);
    let outcome = producer.ask(json!({"app": "a", "script": SCRIPT, "function": "onRequest"}));
    assert_eq!(outcome.response.body.get(), "42", "{outcome:?}");
    assert_eq!(outcome.hook, "script:onRequest");
    let broken = json!({"app": "a", "script": "function onRequest( {", "function": "onRequest"});
    let error = producer.ask(broken).error.unwrap();
    assert!(
        error.debug.contains("at script:onRequest:1:22"),
        "{error:?}"
    );
}

#[test]
fn a_reply_list_of_another_type_does_not_stop_the_worker() {
    let (place, mut producer) = place();
    let _worker = Worker::start(&place, &[]);
    let taken = format!("lode:{{{}}}:reply:taken", place.name);
    redis::cmd("SET")
        .arg(&[&taken, "a string"])
        .query::<()>(&mut producer.connection)
        .unwrap();
    let own_key = format!("lode:{{{}}}:in", place.name);
    for list in [taken, own_key] {
        let mut job = endpoint("echo", json!(1));
        job["reply_to"] = json!(list);
        producer.push_text(&job.to_string());
        crate::support::eventually("the outcome is in the dead list", || {
            let dead = place.dead();
            let first = dead.first()?;
            first.reason.contains(&list).then_some(())
        });
    }
    assert_eq!(
        producer.ask(endpoint("echo", json!(1))).tag.as_str(),
        "completed"
    );
}

#[test]
fn a_job_that_nobody_waits_for_runs_too() {
    let (place, mut producer) = place();
    let worker = Worker::start(&place, &[]);
    let job = endpoint("sleeps", json!({"name": "alone", "ms": 1}));
    producer.push_text(&job.to_string());
    worker.await_log("started alone.");
}

#[test]
fn an_app_runs_no_more_jobs_at_a_time_than_its_cap() {
    let (place, mut producer) = place();
    place.app("capped", &["--max-concurrent", "1"]);
    place.endpoints("capped", &["sleeps"]);
    let worker = Worker::start(&place, &[]);
    for name in ["one", "two", "three"] {
        let request = json!({"body": {"name": name, "ms": 200}});
        producer.push(json!({"app": "capped", "hook": "endpoint:sleeps", "request": request}));
    }
    for done in 1..=3 {
        producer.next();
        let started = worker.log().matches("INFO hook: started").count();
        assert!(started <= done + 1, "{started} started, {done} done");
    }
}

#[test]
fn the_embedded_queue_serves_as_well() {
    let place = Place::sqlite();
    place.app("a", &[]);
    place.endpoints("a", HOOKS);
    let _worker = Worker::start(&place, &[]);
    let outcome = place.ask("a", "says_hello", &json!({"name": "Ada"}));
    assert_eq!((outcome.tag.as_str(), outcome.status), ("completed", 203));
    let refused = place.ask("a", "nothing", &json!({}));
    assert_eq!(refused.tag.as_str(), "bad_job");
    assert_eq!(place.dead().len(), 1);
}

#[test]
fn the_embedded_queue_loses_no_job_of_a_killed_worker() {
    let place = Place::sqlite();
    place.app("a", &[]);
    place.endpoints("a", HOOKS);
    let mut first = Worker::start(&place, &["QUEUE_LEASE_MS=500"]);
    let body = r#"{"name":"kept","ms":1500}"#;
    let queue = place.queue.as_str();
    place
        .lode([
            "enqueue",
            "a",
            "endpoint:sleeps",
            "--body",
            body,
            "--idempotent",
            "--queue",
            queue,
        ])
        .good();
    first.await_log("started kept.");
    first.kill();
    let second = Worker::start(&place, &["QUEUE_LEASE_MS=500"]);
    second.await_log("started kept.");
    second.await_log("tag=completed");
}
