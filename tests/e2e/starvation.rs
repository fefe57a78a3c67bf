//! What one app, or one hook, can do to the others: nothing that lasts.

use serde_json::{Value, json};

use crate::support::{Place, Producer, Worker, eventually};

/// Jobs of an app in one go, none of which waits for another.
const UNCAPPED: &str = "QUEUE_APP_MAX_CONCURRENT=-1";
/// A long window: a busy machine runs few bad jobs a second.
const WINDOW: &str = "BREAKER_WINDOW_MS=600000";

/// A place with apps `bad` and `good`, each with these hooks, and a producer.
fn place(bad_flags: &[&str], hooks: &[&str]) -> (Place, Producer) {
    let place = Place::redis();
    place.app("bad", bad_flags);
    place.app("good", &[]);
    for app in ["bad", "good"] {
        place.endpoints(app, hooks);
    }
    let producer = Producer::new(&place, "p");
    (place, producer)
}

fn job(app: &str, hook: &str) -> Value {
    let request = json!({"body": {"name": "x", "ms": 1}});
    json!({"app": app, "hook": format!("endpoint:{hook}"), "request": request})
}

fn sleeper(app: &str, name: &str, ms: u64) -> Value {
    let request = json!({"body": {"name": name, "ms": ms}});
    json!({"app": app, "hook": "endpoint:sleeps", "id": name, "request": request, "timeout_ms": 60_000})
}

/// Runs so many jobs one after the other, which all end with `tag`.
#[track_caller]
fn repeat(producer: &mut Producer, count: usize, (hook, tag): (&str, &str)) {
    for _ in 0..count {
        let outcome = producer.ask(job("bad", hook));
        assert_eq!(outcome.tag.as_str(), tag, "{outcome:?}");
    }
}

const BAD: (&str, &str) = ("smuggles_a_header", "hook_violation");
const HOOKS: &[&str] = &["smuggles_a_header", "throws", "echo", "endless_loop"];

#[test]
fn an_app_with_more_than_ten_bad_jobs_is_suspended_and_no_other() {
    let (place, mut producer) = place(&[], HOOKS);
    let worker = Worker::start(&place, &[WINDOW]);
    repeat(&mut producer, 10, BAD);
    assert_eq!(
        producer.ask(job("bad", "echo")).tag.as_str(),
        "completed",
        "ten are forgiven"
    );
    repeat(&mut producer, 1, BAD);
    let outcome = producer.ask(job("bad", "echo"));
    let error = outcome.error.unwrap();
    assert_eq!(
        (outcome.tag.as_str(), outcome.status),
        ("app_suspended", 550)
    );
    assert_eq!(json!(outcome.blame), json!("tenant"));
    assert_eq!(error.error, "BLViolationError");
    let text = "Blacklisted: too many bad jobs in a short time, the last one hook_violation of \
                endpoint:smuggles_a_header; remaining time: ";
    let seconds = error
        .debug
        .strip_prefix(text)
        .and_then(|rest| rest.strip_suffix(" s"));
    let seconds: u64 = seconds.and_then(|s| s.parse().ok()).expect(&error.debug);
    assert!((3_500..=3_600).contains(&seconds), "{seconds}");
    worker.await_log("the app is suspended");
    assert_eq!(outcome.usage.cpu_us, 0, "it was not run");
    assert_eq!(producer.ask(job("good", "echo")).tag.as_str(), "completed");
}

#[test]
fn timeouts_count_as_bad_and_every_worker_knows() {
    let (place, mut producer) = place(&["--limit", "wall_limit_ms=20"], HOOKS);
    let first = Worker::start(&place, &[WINDOW, "BREAKER_BAD_JOBS=2"]);
    repeat(&mut producer, 3, ("endless_loop", "hook_timeout"));
    repeat(&mut producer, 1, ("endless_loop", "app_suspended"));
    drop(first);
    let _second = Worker::start(&place, &[WINDOW, "BREAKER_BAD_JOBS=2"]);
    repeat(&mut producer, 1, ("endless_loop", "app_suspended"));
}

#[test]
fn exceptions_suspend_nobody() {
    let (place, mut producer) = place(&[], HOOKS);
    let _worker = Worker::start(&place, &[WINDOW, "BREAKER_BAD_JOBS=2"]);
    repeat(&mut producer, 20, ("throws", "hook_threw"));
    repeat(&mut producer, 1, ("echo", "completed"));
}

#[test]
fn the_breaker_can_be_switched_off() {
    let (place, mut producer) = place(&[], HOOKS);
    let _worker = Worker::start(&place, &[WINDOW, "BREAKER_BAD_JOBS=0"]);
    repeat(&mut producer, 20, BAD);
    repeat(&mut producer, 1, ("echo", "completed"));
}

#[test]
fn a_suspension_ends() {
    let (place, mut producer) = place(&[], HOOKS);
    let _worker = Worker::start(&place, &[WINDOW, "BREAKER_BAD_JOBS=1", "BREAKER_BAN_S=3"]);
    repeat(&mut producer, 2, BAD);
    let mut suspended = 0;
    eventually("the app runs again", || {
        let tag = producer.ask(job("bad", "echo")).tag;
        suspended += usize::from(tag.as_str() == "app_suspended");
        (tag.as_str() == "completed").then_some(())
    });
    assert!(suspended > 0, "it was never suspended");
    // What led to it is forgotten.
    repeat(&mut producer, 1, BAD);
    repeat(&mut producer, 1, ("echo", "completed"));
}

#[test]
fn an_app_runs_no_more_jobs_in_a_worker_than_its_share() {
    let (place, mut producer) = place(&[], &["sleeps", "echo"]);
    let settings = [
        UNCAPPED,
        "POOL_APP_SHARE=1",
        "POOL_MAX_CHILDREN=4",
        "POOL_WARM=4",
    ];
    let worker = Worker::start(&place, &settings);
    for (name, ms) in [("one", 5_000), ("two", 100), ("three", 100)] {
        producer.push(sleeper("bad", name, ms));
    }
    worker.await_log("started one.");
    let mut other = Producer::new(&place, "other");
    assert_eq!(other.ask(job("good", "sleeps")).tag.as_str(), "completed");
    assert_eq!(producer.waiting(), 0, "the first of them still runs");
    for name in ["one", "two", "three"] {
        let outcome = producer.next();
        assert_eq!(
            (outcome.id.as_str(), outcome.tag.as_str()),
            (name, "completed")
        );
        worker.await_settled(&outcome);
    }
    let log = worker.log();
    let mut running = 0_i32;
    for line in log.lines().filter(|line| line.contains("app=\"bad\"")) {
        running +=
            i32::from(line.contains("line=\"started")) - i32::from(line.contains(": settled "));
        assert!((0..=1).contains(&running), "{running} at {line}");
    }
}

#[test]
fn a_newcomer_is_served_while_a_flood_has_all_other_places() {
    let (place, mut producer) = place(&[], &["sleeps", "echo"]);
    let settings = [UNCAPPED, "POOL_MAX_CHILDREN=3", "POOL_WARM=3"];
    let worker = Worker::start(&place, &settings);
    for n in 0..12 {
        // Ended by its own time limit.
        let mut job = sleeper("bad", &format!("flood-{n}"), 3_600_000);
        job["timeout_ms"] = json!(20_000);
        producer.push(job);
    }
    worker.await_log("started flood-0.");
    worker.await_log("started flood-1.");
    let mut other = Producer::new(&place, "other");
    for _ in 0..3 {
        assert_eq!(other.ask(job("good", "echo")).tag.as_str(), "completed");
    }
    assert_eq!(producer.waiting(), 0, "what has the places still runs");
    let log = worker.log();
    assert_eq!(log.matches("line=\"started flood-").count(), 2, "{log}");
}

#[test]
fn a_hook_whose_children_die_waits_and_the_other_hooks_of_its_app_do_not() {
    // Each log line is a frame: the master kills the child of a hook that logs more than this.
    let (place, mut producer) = place(&["--limit", "frames_limit=10"], &["log_flood", "echo"]);
    let settings = [UNCAPPED, "BREAKER_BAD_JOBS=0", "POOL_MAX_CHILDREN=4"];
    let _worker = Worker::start(&place, &settings);
    const COUNT: usize = 12;
    for _ in 0..COUNT {
        producer.push(job("bad", "log_flood"));
    }
    let mut other = Producer::new(&place, "other");
    for _ in 0..4 {
        assert_eq!(producer.next().tag.as_str(), "hook_violation");
    }
    for _ in 0..5 {
        assert_eq!(other.ask(job("bad", "echo")).tag.as_str(), "completed");
        assert_eq!(other.ask(job("good", "echo")).tag.as_str(), "completed");
    }
    // Waits of 0.1, 0.2, 0.4 … s stand between them: they are far from over.
    assert!(producer.waiting() < COUNT - 4, "the hook did not wait");
}

#[test]
fn a_flood_of_log_lines_does_not_hold_up_another_app() {
    const COUNT: usize = 150;
    let (place, mut producer) = place(&[], &["log_flood", "echo"]);
    let worker = Worker::start(&place, &[UNCAPPED]);
    for _ in 0..COUNT {
        producer.push(job("bad", "log_flood"));
    }
    worker.await_log("line 999");
    let mut other = Producer::new(&place, "other");
    assert_eq!(other.ask(job("good", "echo")).tag.as_str(), "completed");
    assert!(producer.waiting() < COUNT, "the flood is over already");
    let worst = (0..20)
        .map(|_| other.ask(job("good", "echo")).timings.total_us)
        .max();
    assert!(worst < Some(10_000_000), "{worst:?} us");
    for _ in 0..COUNT {
        assert_eq!(producer.next().usage.log_lines, 20_000);
    }
}
