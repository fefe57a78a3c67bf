//! Workers that are lost: their jobs are taken back within seconds, by whoever is left.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{Place, Producer, Worker, endpoint, eventually};

/// A lease so long that only the heartbeat can have noticed the loss.
const LONG_LEASE: &str = "QUEUE_LEASE_MS=3600000";

fn place() -> (Place, Producer) {
    let place = Place::redis();
    place.app("a", &[]);
    place.endpoints("a", &["echo", "sleeps", "sleeps_once"]);
    let producer = Producer::new(&place, "p");
    (place, producer)
}

fn sleeper(hook: &str, idempotent: bool) -> Value {
    let mut job = endpoint(hook, json!({"name": "held", "ms": 600_000}));
    job["id"] = json!("held");
    job["idempotent"] = json!(idempotent);
    job["timeout_ms"] = json!(3_600_000);
    job
}

#[test]
fn a_killed_workers_job_is_answered_long_before_its_lease_ends() {
    let (place, mut producer) = place();
    let mut first = Worker::start(&place, &[LONG_LEASE]);
    producer.push(sleeper("sleeps", false));
    first.await_log("started held.");
    first.kill();
    let _second = Worker::start(&place, &[LONG_LEASE]);
    let outcome = producer.next();
    assert_eq!(
        (outcome.id.as_str(), outcome.tag.as_str()),
        ("held", "worker_lost")
    );
}

#[test]
fn an_idempotent_job_of_a_killed_worker_runs_again_at_its_peer() {
    let (place, mut producer) = place();
    let mut first = Worker::start(&place, &[LONG_LEASE, "WORKER_NAME=first"]);
    producer.push(sleeper("sleeps_once", true));
    first.await_log("started held.");
    first.kill();
    let _second = Worker::start(&place, &[LONG_LEASE, "WORKER_NAME=second"]);
    let outcome = producer.next();
    assert_eq!(
        (outcome.tag.as_str(), outcome.worker.as_str()),
        ("completed", "second")
    );
}

#[test]
fn a_job_that_takes_two_workers_with_it_is_quarantined() {
    let (place, mut producer) = place();
    producer.push(sleeper("sleeps", true));
    for _ in 0..2 {
        let mut worker = Worker::start(&place, &[LONG_LEASE]);
        worker.await_log("started held.");
        worker.kill();
    }
    let third = Worker::start(&place, &[LONG_LEASE]);
    let outcome = producer.next();
    assert_eq!(
        (outcome.id.as_str(), outcome.tag.as_str()),
        ("held", "worker_lost")
    );
    assert!(!third.has_logged("started held."), "not a third time");
    let dead = place.dead();
    assert_eq!(dead.len(), 1);
    assert!(dead[0].reason.contains("2 workers"), "{}", dead[0].reason);
    assert_eq!(
        producer.ask(endpoint("echo", json!(1))).tag.as_str(),
        "completed"
    );
}

#[test]
fn a_worker_that_stood_still_stops_what_was_taken_from_it() {
    let (place, mut producer) = place();
    let first = Worker::start(&place, &[LONG_LEASE, "WORKER_NAME=first"]);
    producer.push(sleeper("sleeps_once", true));
    first.await_log("started held.");
    let running = eventually("the job's child", || {
        let children = first.children();
        (!children.is_empty()).then_some(children)
    });
    first.signal(Signal::SIGSTOP);
    let _second = Worker::start(&place, &[LONG_LEASE, "WORKER_NAME=second"]);
    let outcome = producer.next();
    assert_eq!(
        (outcome.tag.as_str(), outcome.worker.as_str()),
        ("completed", "second")
    );
    first.signal(Signal::SIGCONT);
    first.await_log("the lease was lost");
    eventually("its child is killed", || {
        running.iter().any(|child| !child.lives()).then_some(())
    });
    assert_eq!(producer.waiting(), 0, "answered once");
}
