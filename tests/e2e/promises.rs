//! What a producer may ask of the queue beside running a job: later, not after, only once, not any
//! more, all at once, and how far it is.

use serde_json::{Value, json};

use crate::support::{Place, Producer, Worker, endpoint, eventually};

const HOOKS: &[&str] = &[
    "echo",
    "sleeps",
    "endless_loop",
    "counts_starts",
    "reports_progress",
];

fn place() -> (Place, Producer) {
    let place = Place::redis();
    place.app("a", &[]);
    place.endpoints("a", HOOKS);
    let producer = Producer::new(&place, "p");
    (place, producer)
}

/// A job of the hook that leaves a document when it starts.
fn sleeper(name: &str, ms: u64) -> Value {
    let mut job = endpoint("sleeps", json!({"name": name, "ms": ms}));
    job["id"] = json!(name);
    job["timeout_ms"] = json!(60_000);
    job
}

/// How often the job of this name has started.
#[track_caller]
fn starts(producer: &mut Producer, name: &str) -> Value {
    let outcome = producer.ask(endpoint("counts_starts", json!({"name": name})));
    serde_json::from_str(outcome.response.body.get()).unwrap()
}

#[test]
fn a_delayed_job_comes_after_its_delay_and_after_jobs_that_came_later() {
    let (place, mut producer) = place();
    let _worker = Worker::start(&place, &[]);
    let mut later = endpoint("echo", json!("later"));
    later["delay_ms"] = json!(1_500);
    producer.push(later);
    let first = producer.ask(endpoint("echo", json!("first")));
    assert_eq!(first.response.body.get(), r#""first""#);
    let second = producer.next();
    assert_eq!(second.response.body.get(), r#""later""#);
    assert!(
        second.timings.queued_us >= 1_500_000,
        "{:?}",
        second.timings
    );
}

#[test]
fn a_job_that_could_not_start_before_its_deadline_expires() {
    let (place, mut producer) = place();
    let mut job = sleeper("too_late", 0);
    job["deadline_ms"] = json!(1);
    producer.push(job);
    let _worker = Worker::start(&place, &[]);
    let outcome = producer.next();
    assert_eq!(
        (outcome.tag.as_str(), outcome.id.as_str()),
        ("expired", "too_late")
    );
    assert!(outcome.error.unwrap().debug.contains("deadline"));
    assert_eq!(starts(&mut producer, "too_late"), json!(0));
}

#[test]
fn expired_jobs_are_answered_while_every_child_is_busy() {
    let (place, mut producer) = place();
    let worker = Worker::start(
        &place,
        &["POOL_MAX_CHILDREN=1", "POOL_WARM=1", "POOL_RESERVE=0"],
    );
    producer.push(sleeper("busy", 600_000));
    worker.await_log("started busy.");
    let mut job = endpoint("echo", json!(1));
    job["deadline_ms"] = json!(300);
    assert_eq!(producer.ask(job).tag.as_str(), "expired");
}

#[test]
fn a_running_job_that_is_cancelled_is_killed() {
    let (place, mut producer) = place();
    let worker = Worker::start(&place, &[]);
    producer.push(sleeper("long", 600_000));
    worker.await_log("started long.");
    let busy = worker.children();
    producer.cancel("long");
    let outcome = producer.next();
    assert_eq!(
        (outcome.tag.as_str(), outcome.id.as_str()),
        ("cancelled", "long")
    );
    assert!(outcome.timings.run_us > 0, "it ran: {:?}", outcome.timings);
    eventually("the child is gone", || {
        busy.iter().any(|child| !child.lives()).then_some(())
    });
    assert_eq!(
        producer.ask(endpoint("echo", json!(1))).tag.as_str(),
        "completed"
    );
}

#[test]
fn an_endless_loop_that_is_cancelled_is_killed() {
    let (place, mut producer) = place();
    let worker = Worker::start(
        &place,
        &[
            "LIMITS_WALL_LIMIT_MS=600000",
            "LIMITS_CPU_LIMIT_MS=600000",
            "CEILING_WALL_LIMIT_MS=600000",
            "CEILING_CPU_LIMIT_MS=600000",
        ],
    );
    let mut job = endpoint("endless_loop", json!({}));
    job["id"] = json!("spins");
    producer.push(job);
    eventually("it runs", || {
        let children = worker.children();
        children
            .iter()
            .any(|child| child.user_ticks() > 20)
            .then_some(())
    });
    producer.cancel("spins");
    assert_eq!(producer.next().tag.as_str(), "cancelled");
}

#[test]
fn a_job_cancelled_before_it_starts_never_starts() {
    let (place, mut producer) = place();
    producer.push(sleeper("unwanted", 0));
    producer.cancel("unwanted");
    let _worker = Worker::start(&place, &[]);
    assert_eq!(producer.next().tag.as_str(), "cancelled");
    assert_eq!(starts(&mut producer, "unwanted"), json!(0));
}

#[test]
fn the_same_id_enqueued_thrice_runs_once_and_every_caller_is_answered() {
    let (place, mut producer) = place();
    let mut other = Producer::new(&place, "other");
    producer.push(sleeper("once", 50));
    other.push(sleeper("once", 50));
    let _worker = Worker::start(&place, &[]);
    for caller in [&mut producer, &mut other] {
        assert_eq!(caller.next().id, "once");
    }
    // Long settled: the outcome that was kept is the answer.
    let mut third = Producer::new(&place, "third");
    third.push(sleeper("once", 50));
    assert_eq!(third.next().tag.as_str(), "completed");
    assert_eq!(starts(&mut producer, "once"), json!(1));
    assert_eq!((other.waiting(), third.waiting()), (0, 0), "each once");
}

#[test]
fn a_dedupe_key_lets_one_job_run_and_answers_the_other_with_it() {
    let (place, mut producer) = place();
    for name in ["one", "two"] {
        let mut job = sleeper(name, 0);
        job["dedupe_key"] = json!("report");
        producer.push(job);
    }
    let _worker = Worker::start(&place, &[]);
    // On one list, one outcome for both could not be told apart from one for the first alone.
    let mut answers = [producer.next(), producer.next()].map(|outcome| (outcome.id, outcome.tag));
    answers.sort();
    let tags = answers.map(|(id, tag)| format!("{id} {tag}"));
    assert_eq!(tags, ["one completed", "two duplicate"]);
    let mut other = Producer::new(&place, "other");
    let mut slow = sleeper("three", 300);
    slow["dedupe_key"] = json!("again");
    producer.push(slow.clone());
    slow["id"] = json!("four");
    other.push(slow);
    assert_eq!(producer.next().id, "three");
    assert_eq!(
        other.next().id,
        "three",
        "a list of its own gets the one's outcome"
    );
    assert_eq!(starts(&mut producer, "two"), json!(0));
}

#[test]
fn a_job_beyond_its_apps_bound_is_told_so() {
    let (place, mut producer) = place();
    place.app("small", &["--queue-max", "2"]);
    place.endpoints("small", &["echo"]);
    let worker = Worker::start(&place, &[]);
    // The bound is carried from the store when the worker starts.
    let job = |n: u64| json!({"app": "small", "hook": "endpoint:echo", "delay_ms": 2_000, "request": {"body": n}});
    eventually("the bound holds", || {
        producer.push(job(1));
        producer.push(job(2));
        producer.push(job(3));
        let first = producer.next();
        let full = first.tag.as_str() == "queue_full";
        if full {
            let debug = first.error.unwrap().debug;
            assert!(debug.contains('2') && debug.contains("small"), "{debug}");
        }
        full.then_some(())
    });
    worker.await_log("queue_full");
    assert_eq!(
        producer.ask(endpoint("echo", json!(1))).tag.as_str(),
        "completed",
        "no other app's"
    );
}

#[test]
fn a_job_says_how_far_it_is() {
    let (place, mut producer) = place();
    let _worker = Worker::start(&place, &[]);
    let list = format!("lode:{{{}}}:reply:progress", place.name);
    let mut job = endpoint("reports_progress", json!({}));
    job["progress_to"] = json!(list);
    assert_eq!(producer.ask(job).tag.as_str(), "completed");
    let said: Vec<String> = redis::cmd("LRANGE")
        .arg(&list)
        .arg(0)
        .arg(-1)
        .query(&mut producer.connection)
        .unwrap();
    let said: Vec<Value> = said
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    let steps: Vec<&Value> = said.iter().map(|one| &one["progress"]).collect();
    assert_eq!(steps, [&json!(1), &json!({"done": "half"}), &json!(null)]);
}

#[test]
fn a_field_out_of_bounds_is_named() {
    let (place, mut producer) = place();
    let _worker = Worker::start(&place, &[]);
    for (field, value) in [
        ("delay_ms", json!(-1)),
        ("delay_ms", json!("soon")),
        ("run_at_ms", json!(4_102_444_800_001_u64)),
        ("deadline_ms", json!(0)),
        ("dedupe_key", json!("")),
        ("dedupe_ttl_ms", json!(5)),
    ] {
        let mut job = endpoint("echo", json!(1));
        job[field] = value;
        let outcome = producer.ask(job);
        assert_eq!(outcome.tag.as_str(), "bad_job", "{field}");
        assert!(outcome.error.unwrap().debug.contains(field), "{field}");
    }
}
