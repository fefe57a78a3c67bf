//! Thousands of jobs while processes are killed, and a bad app beside a good one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use lode_proto::Outcome;
use serde_json::{Value, json};

use crate::support::proc::Process;
use crate::support::{Place, Producer, Worker, eventually};

const PRODUCERS: usize = 3;
const JOBS_OF_EACH: usize = 3_334;
/// What a job may come to when its processes are killed.
const ALLOWED: [&str; 3] = ["completed", "child_crashed", "worker_lost"];
/// Jobs that one round trip enqueues.
const BATCH: usize = 500;

fn is_idempotent(id: &str) -> bool {
    let (_, n) = id.split_once('-').unwrap();
    n.parse::<usize>().unwrap().is_multiple_of(2)
}

/// Enqueues the jobs of one producer, half of them idempotent.
fn enqueue(producer: &mut Producer, number: usize) {
    let texts: Vec<String> = (0..JOBS_OF_EACH)
        .map(|n| {
            let job = json!({
                "id": format!("{number}-{n}"), "app": "a", "hook": "endpoint:echo",
                "request": {"body": n}, "idempotent": n % 2 == 0, "reply_to": producer.reply_to,
                // A child that is starved of time by the others is not what this is about.
                "timeout_ms": 60_000,
            });
            job.to_string()
        })
        .collect();
    for batch in texts.chunks(BATCH) {
        producer.push_all(batch);
    }
}

/// Takes every answer of one producer; how often each id came with each tag.
fn collect(producer: &mut Producer, answered: &AtomicUsize) -> BTreeMap<String, Vec<String>> {
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for _ in 0..JOBS_OF_EACH {
        let outcome = producer.next();
        let n = outcome.id.split_once('-').unwrap().1;
        if outcome.tag.as_str() == "completed" {
            assert_eq!(outcome.response.body.get(), n, "the answer of another job");
        }
        answered.fetch_add(1, Ordering::Relaxed);
        seen.entry(outcome.id)
            .or_default()
            .push(outcome.tag.to_string());
    }
    seen
}

/// Kills children all the time, a zygote of each worker, and one whole worker, which comes back.
fn rage(place: &Place, answered: &AtomicUsize) -> Vec<Worker> {
    let all = PRODUCERS * JOBS_OF_EACH;
    let settings = [
        "QUEUE_LEASE_MS=2000",
        "QUEUE_APP_MAX_CONCURRENT=-1",
        "LOG_LEVEL=warn,lode=info",
        // The deaths are of our making: they are not to suspend the app.
        "BREAKER_BAD_JOBS=0",
    ];
    let mut workers = vec![
        Worker::start(place, &settings),
        Worker::start(place, &settings),
    ];
    let (mut rounds, mut zygotes, mut restarted) = (0, 0, false);
    eventually("every job is answered", || {
        let done = answered.load(Ordering::Relaxed);
        rounds += 1;
        if rounds % 10 == 0 {
            let worker = &workers[rounds / 10 % 2];
            let children = worker.children();
            if let Some(child) = children.get(rounds % children.len().max(1)) {
                child.kill();
            }
        }
        if done > all * (zygotes + 1) / 5 && zygotes < 2 {
            workers[zygotes].zygotes().iter().for_each(Process::kill);
            zygotes += 1;
        }
        if done > all * 3 / 5 && !restarted {
            workers[0].kill();
            workers[0] = Worker::start(place, &settings);
            restarted = true;
        }
        (done >= all).then_some(())
    });
    assert!(
        restarted && zygotes == 2,
        "the jobs were over before the kills"
    );
    workers
}

#[test]
fn ten_thousand_jobs_are_answered_once_each_whatever_is_killed() {
    let place = Place::redis();
    place.app("a", &[]);
    place.endpoints("a", &["echo"]);
    let answered = AtomicUsize::new(0);
    let run = |number: usize| {
        let mut producer = Producer::new(&place, &format!("p{number}"));
        enqueue(&mut producer, number);
        let seen = collect(&mut producer, &answered);
        (seen, producer)
    };
    std::thread::scope(|scope| {
        let run = &run;
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|number| scope.spawn(move || run(number)))
            .collect();
        let workers = rage(&place, &answered);
        let (mut not_completed, mut given_up) = (0, 0);
        for producer in producers {
            let (seen, mut producer) = producer.join().unwrap();
            assert_eq!(
                seen.len(),
                JOBS_OF_EACH,
                "one job was answered twice, another never"
            );
            for (id, tags) in seen {
                assert_eq!(tags.len(), 1, "{id}: {tags:?}");
                assert!(ALLOWED.contains(&tags[0].as_str()), "{id}: {tags:?}");
                let completed = usize::from(tags[0] == "completed");
                not_completed += 1 - completed;
                given_up += (1 - completed) * usize::from(is_idempotent(&id));
            }
            assert_eq!(producer.waiting(), 0);
        }
        eprintln!("{not_completed} not completed, {given_up} of them idempotent");
        // An idempotent job is given up when it was hit three times.
        assert!(given_up < 10, "{given_up} idempotent jobs were given up");
        assert!(
            not_completed < 1_000,
            "{not_completed} jobs were not completed"
        );
        drop(workers);
    });
}

/// Endpoint of the bad app and the tag that it must get.
const MISBEHAVIOURS: &[(&str, &str)] = &[
    ("throws", "hook_threw"),
    ("unhandled_rejection", "hook_threw"),
    ("never_completes", "hook_never_completed"),
    ("endless_loop", "hook_timeout"),
    ("regexp_backtracking", "hook_timeout"),
    ("array_buffer_bomb", "hook_out_of_memory"),
    ("too_many_timers", "hook_violation"),
    ("result_too_large", "hook_violation"),
];
const ROUNDS: usize = 100;
/// Far above what a job of the good app takes; without fairness the last would take minutes.
const WORST_US: u64 = 20_000_000;

fn bad_jobs(producer: &Producer) -> Vec<String> {
    let job = |round: usize, hook: &str, tag: &str| {
        let mut job = json!({
            "id": format!("{hook}-{round}"), "app": "bad", "hook": format!("endpoint:{hook}"),
            "request": {"body": {}}, "reply_to": producer.reply_to,
        });
        // Only those that are to reach the app's short limit may: on a busy machine others would.
        if tag != "hook_timeout" {
            job["timeout_ms"] = json!(60_000);
        }
        job.to_string()
    };
    (0..ROUNDS)
        .flat_map(|round| {
            MISBEHAVIOURS
                .iter()
                .map(move |(hook, tag)| job(round, hook, tag))
        })
        .collect()
}

/// Asks one good job after the other until `stop`; the worst time from enqueue to outcome.
fn behave(producer: &mut Producer, stop: &AtomicBool) -> (usize, u64) {
    let (mut count, mut worst) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        let request = json!({"body": {"n": count}});
        let job = json!({"app": "good", "hook": "endpoint:echo", "request": request, "timeout_ms": 60_000});
        let outcome = producer.ask(job);
        let body: Value = serde_json::from_str(outcome.response.body.get()).unwrap();
        assert_eq!(
            (outcome.tag.as_str(), &body["n"]),
            ("completed", &json!(count)),
            "{outcome:?}"
        );
        worst = worst.max(outcome.timings.total_us);
        count += 1;
    }
    (count, worst)
}

#[test]
fn a_good_app_does_not_suffer_from_a_bad_one() {
    let place = Place::redis();
    let limits = [
        "--limit",
        "wall_limit_ms=300",
        "--max-concurrent",
        "3",
        "--limit",
        "array_buffer_limit_bytes=16777216",
    ];
    place.app("bad", &limits);
    place.app("good", &[]);
    let hooks: Vec<&str> = MISBEHAVIOURS.iter().map(|(hook, _)| *hook).collect();
    place.endpoints("bad", &hooks);
    place.endpoints("good", &["echo"]);
    let mut bad = Producer::new(&place, "bad");
    let jobs = bad_jobs(&bad);
    bad.push_all(&jobs);
    // This is about fair places; with the breaker on, most of these jobs would not run at all.
    let _worker = Worker::start(&place, &["BREAKER_BAD_JOBS=0"]);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let good = scope.spawn(|| behave(&mut Producer::new(&place, "good"), &stop));
        let answers = scope.spawn(|| jobs.iter().map(|_| bad.next()).collect::<Vec<Outcome>>());
        let outcomes = answers.join();
        // Before anything can fail here: the good app's thread must end.
        stop.store(true, Ordering::Relaxed);
        let outcomes = outcomes.unwrap();
        let (count, worst) = good.join().unwrap();
        assert!(
            count > 100 && worst < WORST_US,
            "{count} good jobs, the worst took {worst} us"
        );
        for outcome in outcomes {
            let hook = outcome.hook.strip_prefix("endpoint:").unwrap();
            let expected = MISBEHAVIOURS
                .iter()
                .find(|(name, _)| *name == hook)
                .unwrap()
                .1;
            assert_eq!(outcome.tag.as_str(), expected, "{outcome:?}");
        }
    });
}
