//! The end of processes: drains, kills of each kind of process, and what jobs get of it.

use std::collections::BTreeSet;

use lode_proto::Outcome;
use serde_json::{Value, json};

use crate::support::proc::{self, Process};
use crate::support::{Place, Producer, Worker, eventually};

/// A place with the hooks of this file, and a producer.
fn place() -> (Place, Producer) {
    let place = Place::redis();
    place.app("a", &[]);
    place.endpoints("a", &["sleeps", "counts_starts", "echo", "endless_loop"]);
    let producer = Producer::new(&place, "p");
    (place, producer)
}

fn sleeper(name: &str, ms: u64) -> Value {
    let request = json!({"body": {"name": name, "ms": ms}});
    json!({"app": "a", "hook": "endpoint:sleeps", "id": name, "request": request, "timeout_ms": 60000})
}

/// How often the job `name` has been started.
fn starts(producer: &mut Producer, name: &str) -> String {
    let request = json!({"body": {"name": name}});
    let job = json!({"app": "a", "hook": "endpoint:counts_starts", "request": request});
    producer.ask(job).response.body.get().to_owned()
}

#[track_caller]
fn check_works(producer: &mut Producer) {
    let job = json!({"app": "a", "hook": "endpoint:echo", "request": {"body": "still here"}});
    let outcome = producer.ask(job);
    assert_eq!(
        outcome.response.body.get(),
        r#""still here""#,
        "{outcome:?}"
    );
}

#[track_caller]
fn check_crashed(outcome: &Outcome, id: &str) {
    let error = outcome.error.clone().unwrap();
    assert_eq!(
        (outcome.id.as_str(), outcome.tag.as_str(), outcome.status),
        (id, "child_crashed", 550)
    );
    assert_eq!(error.error, "BLInternalError", "{error:?}");
    assert_eq!(json!(outcome.blame), json!("platform"));
}

#[track_caller]
fn await_gone(processes: &BTreeSet<Process>) {
    eventually("every process is gone", || {
        processes
            .iter()
            .all(|process| !process.lives())
            .then_some(())
    });
}

#[test]
fn sigterm_lets_running_jobs_finish_and_hands_the_others_back() {
    let (place, mut producer) = place();
    // Only a lease that is handed back can be had by another worker within an hour.
    let lease = "QUEUE_LEASE_MS=3600000";
    let settings = [
        "WORKER_NAME=first",
        lease,
        "POOL_MAX_CHILDREN=2",
        "POOL_WARM=2",
    ];
    let mut first = Worker::start(&place, &settings);
    let ids: Vec<String> = (0..8).map(|n| format!("job-{n}")).collect();
    for id in &ids {
        producer.push(sleeper(id, 700));
    }
    first.await_log("started job-0.");
    first.await_log("started job-1.");
    first.terminate();
    assert_eq!(first.exit_code(), Some(0), "{}", first.log());
    let by_first = producer.waiting();
    assert!((2..8).contains(&by_first), "{by_first} are answered");
    let _second = Worker::start(&place, &["WORKER_NAME=second", lease]);
    let outcomes: Vec<Outcome> = ids.iter().map(|_| producer.next()).collect();
    let mut answered: Vec<&str> = outcomes.iter().map(|outcome| outcome.id.as_str()).collect();
    answered.sort_unstable();
    assert_eq!(answered, ids);
    for (index, outcome) in outcomes.iter().enumerate() {
        let worker = if index < by_first { "first" } else { "second" };
        assert_eq!(
            (outcome.tag.as_str(), outcome.worker.as_str()),
            ("completed", worker)
        );
    }
    assert_eq!(starts(&mut producer, "job-7"), "1");
}

#[test]
fn a_drain_ends_at_its_limit() {
    let (place, mut producer) = place();
    let mut worker = Worker::start(&place, &["WORKER_DRAIN_LIMIT_MS=200"]);
    producer.push(sleeper("slow", 50_000));
    worker.await_log("started slow.");
    worker.terminate();
    let outcome = producer.next();
    assert_eq!(outcome.tag.as_str(), "worker_lost");
    assert!(outcome.error.unwrap().debug.contains("drain limit"));
    assert_eq!(worker.exit_code(), Some(0));
}

#[test]
fn a_sigterm_that_comes_twice_at_once_is_one_wish() {
    let (place, mut producer) = place();
    let mut worker = Worker::start(&place, &[]);
    producer.push(sleeper("slow", 500));
    worker.await_log("started slow.");
    worker.terminate();
    worker.await_log("draining");
    worker.terminate();
    assert_eq!(producer.next().tag.as_str(), "completed");
    assert_eq!(worker.exit_code(), Some(0));
}

#[test]
fn an_impatient_sigterm_ends_the_worker_before_its_jobs() {
    let (place, mut producer) = place();
    let mut worker = Worker::start(&place, &["WORKER_DRAIN_LIMIT_MS=3600000"]);
    producer.push(sleeper("slow", 50_000));
    worker.await_log("started slow.");
    let below = proc::descendants(worker.pid());
    worker.terminate_until_gone();
    assert_eq!(worker.exit_code(), Some(1));
    assert!(worker.has_logged("a second signal (SIGTERM)"));
    await_gone(&below);
    assert_eq!(producer.waiting(), 0);
}

#[test]
fn an_idle_worker_drains_and_leaves_no_process() {
    let (place, _producer) = place();
    let mut worker = Worker::start(&place, &["POOL_WARM=3"]);
    worker.idle_children(3);
    let below = proc::descendants(worker.pid());
    worker.terminate();
    assert_eq!(worker.exit_code(), Some(0));
    await_gone(&below);
}

#[test]
fn no_process_outlives_a_killed_master() {
    let (place, mut producer) = place();
    let mut worker = Worker::start(&place, &["POOL_WARM=2", "POOL_MAX_CHILDREN=4"]);
    let job = json!({"app": "a", "hook": "endpoint:endless_loop", "timeout_ms": 60000});
    producer.push(job);
    producer.push(sleeper("slow", 50_000));
    worker.await_log("started slow.");
    let below = proc::descendants(worker.pid());
    assert!(below.len() >= 4, "{below:?}");
    worker.kill();
    await_gone(&below);
}

/// The worker that runs this job is killed, and another one comes: the outcome's tag and how often
/// the job was started.
#[track_caller]
fn outlive_a_worker(name: &str, job: Value) -> (String, String) {
    let (place, mut producer) = place();
    let mut first = Worker::start(&place, &["QUEUE_LEASE_MS=500"]);
    producer.push(job);
    first.await_log(&format!("started {name}."));
    first.kill();
    let _second = Worker::start(&place, &["QUEUE_LEASE_MS=500"]);
    let outcome = producer.next();
    assert_eq!(outcome.id, name);
    (outcome.tag.to_string(), starts(&mut producer, name))
}

#[test]
fn a_job_of_a_killed_worker_is_answered_by_another() {
    let (tag, starts) = outlive_a_worker("once", sleeper("once", 5_000));
    assert_eq!((tag.as_str(), starts.as_str()), ("worker_lost", "1"));
}

#[test]
fn an_idempotent_job_of_a_killed_worker_runs_again() {
    let mut job = sleeper("twice", 1_000);
    job["idempotent"] = json!(true);
    let (tag, starts) = outlive_a_worker("twice", job);
    assert_eq!((tag.as_str(), starts.as_str()), ("completed", "2"));
}

#[test]
fn a_killed_child_is_a_crash_and_not_the_tenants_fault() {
    let (place, mut producer) = place();
    let worker = Worker::start(&place, &["POOL_WARM=1", "POOL_MAX_CHILDREN=1"]);
    producer.push(sleeper("once", 50_000));
    worker.await_log("started once.");
    worker.children().iter().for_each(Process::kill);
    let outcome = producer.next();
    check_crashed(&outcome, "once");
    assert!(outcome.error.unwrap().debug.contains("SIGKILL"));
    check_works(&mut producer);
}

#[test]
fn an_idempotent_job_of_a_killed_child_runs_again() {
    let (place, mut producer) = place();
    let worker = Worker::start(&place, &["POOL_WARM=1", "POOL_MAX_CHILDREN=1"]);
    let mut job = sleeper("twice", 1_000);
    job["idempotent"] = json!(true);
    producer.push(job);
    worker.await_log("started twice.");
    worker.children().iter().for_each(Process::kill);
    let outcome = producer.next();
    assert_eq!(
        (outcome.id.as_str(), outcome.tag.as_str()),
        ("twice", "completed")
    );
    assert_eq!(starts(&mut producer, "twice"), "2");
}

#[test]
fn an_idempotent_job_whose_children_always_die_is_given_up() {
    let (place, mut producer) = place();
    let worker = Worker::start(
        &place,
        &["POOL_WARM=1", "POOL_MAX_CHILDREN=1", "QUEUE_ATTEMPTS_MAX=2"],
    );
    let mut job = sleeper("doomed", 50_000);
    job["idempotent"] = json!(true);
    producer.push(job);
    for count in 1..=2 {
        eventually("the job has started", || {
            (worker.log().matches("started doomed.").count() == count).then_some(())
        });
        worker.children().iter().for_each(Process::kill);
    }
    check_crashed(&producer.next(), "doomed");
    assert_eq!(starts(&mut producer, "doomed"), "2");
}

/// Kills the processes that `which` picks while a job runs: that job has crashed, everything
/// below is gone, and the worker goes on with new ones.
#[track_caller]
fn check_recovers(which: fn(&Worker) -> Vec<Process>) {
    let (place, mut producer) = place();
    let worker = Worker::start(&place, &["POOL_WARM=1", "POOL_MAX_CHILDREN=2"]);
    producer.push(sleeper("once", 50_000));
    worker.await_log("started once.");
    let below = proc::descendants(worker.pid());
    let picked = which(&worker);
    assert_eq!(picked.len(), 1);
    picked.iter().for_each(Process::kill);
    check_crashed(&producer.next(), "once");
    await_gone(&below);
    check_works(&mut producer);
}

#[test]
fn a_worker_recovers_from_a_killed_zygote() {
    check_recovers(Worker::zygotes);
}

#[test]
fn a_worker_recovers_from_a_killed_launcher() {
    check_recovers(Worker::launchers);
}

#[test]
fn a_zygote_is_replaced_after_its_share_of_forks() {
    let (place, mut producer) = place();
    let worker = Worker::start(
        &place,
        &[
            "POOL_ZYGOTE_FORKS_MAX=5",
            "POOL_WARM=1",
            "POOL_MAX_CHILDREN=2",
        ],
    );
    let first = worker.zygotes();
    // A warm child of the old one lives on until a job takes it.
    eventually("the first zygote is gone", || {
        check_works(&mut producer);
        first.iter().all(|zygote| !zygote.lives()).then_some(())
    });
    assert_ne!(worker.zygotes(), first);
    check_works(&mut producer);
}

#[test]
fn there_are_never_more_children_than_allowed() {
    const MAX: usize = 3;
    let (place, mut producer) = place();
    let settings = [
        "POOL_MAX_CHILDREN=3",
        "POOL_WARM=3",
        "QUEUE_APP_MAX_CONCURRENT=-1",
    ];
    let worker = Worker::start(&place, &settings);
    let jobs: Vec<String> = (0..300)
        .map(|n| {
            let body = json!({"name": "burst", "ms": n % 7});
            let reply_to = producer.reply_to.as_str();
            let job = json!({"app": "a", "hook": "endpoint:sleeps", "request": {"body": body}, "reply_to": reply_to});
            job.to_string()
        })
        .collect();
    producer.push_all(&jobs);
    let mut looks = 0;
    while producer.waiting() < jobs.len() {
        let alive = worker.children().len();
        assert!(alive <= MAX, "{alive} children");
        looks += 1;
    }
    assert!(looks > 10, "only {looks} looks");
}
