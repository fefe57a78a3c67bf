//! A flood of one app's jobs, as fast as a client can push them, next to another app's single ones.
//!
//! What is counted is not time but starts: how many of the flood's jobs begin between the moment
//! before a newcomer's job is sent and the moment when it begins itself. With eight jobs at a time,
//! eight starts are one job length.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests fail the test and say why"
)]

// The shared support has more than this file needs.
#[expect(dead_code, reason = "shared with the conformance suite")]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use lode_queue::{Leased, Queue, QueueOptions};
use tokio::sync::Notify;

use support::{Bench, outcome};

/// Jobs that have come before any worker: a million take Redis a few seconds.
const BACKLOG: u64 = 1_000_000;
/// Jobs that pour in beside a worker, which takes ten times as long: here a tenth will do, and
/// `LODE_FLOOD_JOBS=1000000` asks for all of them.
const POURING: u64 = BACKLOG / 10;
/// Jobs in one round trip of the flooding client.
const PIPELINE: u64 = 1_000;
/// Jobs that the worker runs at one time.
const ROOM: usize = 8;
/// The jobs in hand are one job length; a few more for what the machine does meanwhile.
const STARTS_MAX: u64 = 5 * ROOM as u64;

/// What the worker has started so far.
#[derive(Debug, Default)]
struct Starts {
    flood: AtomicU64,
    /// Newcomers started, and the greatest number of the flood's starts that one waited for.
    newcomers: AtomicU64,
    waited_for: AtomicU64,
    /// Told when a newcomer has started.
    told: Notify,
    stop: AtomicBool,
}

/// How many jobs the flood has: `usual`, unless the environment says otherwise.
fn jobs(usual: u64) -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests have no config.rs to read it in"
    )]
    let given = std::env::var("LODE_FLOOD_JOBS");
    given.map_or(usual, |text| text.parse().unwrap())
}

/// A worker whose jobs take no time: leases what it has room for, settles it, tends in between.
async fn work(queue: Arc<dyn Queue>, starts: Arc<Starts>) {
    while !starts.stop.load(Ordering::Relaxed) {
        let tended = queue.tend("w").await.unwrap();
        finish(&queue, tended.unrunnable).await;
        let batch = queue.lease("w", ROOM, &[]).await.unwrap();
        for leased in &batch {
            start(leased, &starts);
        }
        finish(&queue, batch).await;
    }
}

fn start(leased: &Leased, starts: &Starts) {
    // A newcomer's job says how many of the flood's had started when it was enqueued.
    let job: serde_json::Value = serde_json::from_str(&leased.job).unwrap();
    match job["seen"].as_u64() {
        Some(seen) => {
            let waited_for = starts.flood.load(Ordering::Relaxed) - seen;
            starts.waited_for.fetch_max(waited_for, Ordering::Relaxed);
            starts.newcomers.fetch_add(1, Ordering::Relaxed);
            starts.told.notify_one();
        }
        None => {
            starts.flood.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn finish(queue: &Arc<dyn Queue>, batch: Vec<Leased>) {
    let mut settles = tokio::task::JoinSet::new();
    for leased in batch {
        let queue = Arc::clone(queue);
        settles.spawn(async move { queue.settle(&leased.lease, outcome("{}")).await.unwrap() });
    }
    assert!(settles.join_all().await.into_iter().all(|settled| settled));
}

/// Pushes one newcomer and waits until it has started.
async fn newcomer(bench: &Bench, raw: &mut redis::aio::MultiplexedConnection, starts: &Starts) {
    let before = starts.newcomers.load(Ordering::Relaxed);
    // The one before has just started, and the worker's next call is yet to come: some round trips
    // first, so that newcomers fall on any moment of the worker's turn.
    for _ in 0..before % 10 {
        let () = redis::cmd("PING").query_async(raw).await.unwrap();
    }
    let seen = starts.flood.load(Ordering::Relaxed);
    let job = format!(r#"{{"app":"newcomer","hook":"endpoint:x","seen":{seen}}}"#);
    let mut add = redis::cmd("XADD");
    add.arg(bench.key("in")).arg(&["*", "job", &job]);
    let _: String = add.query_async(raw).await.unwrap();
    support::within("a newcomer starts", async {
        while starts.newcomers.load(Ordering::Relaxed) == before {
            starts.told.notified().await;
        }
    })
    .await;
}

async fn flood(bench: &Bench, jobs: u64, done: &AtomicBool) {
    let mut raw = bench.raw().await;
    for _ in 0..jobs / PIPELINE {
        let mut pipe = redis::pipe();
        for _ in 0..PIPELINE {
            let add = pipe.cmd("XADD").arg(bench.key("in"));
            add.arg(&["*", "job", r#"{"app":"flood","hook":"endpoint:x"}"#])
                .ignore();
        }
        let () = pipe.query_async(&mut raw).await.unwrap();
    }
    done.store(true, Ordering::Relaxed);
}

fn options() -> QueueOptions {
    QueueOptions {
        app_queue_max: -1,
        queue_max: -1,
        default_app_cap: -1,
        ..Default::default()
    }
}

#[tokio::test]
async fn a_newcomer_waits_a_few_job_lengths_while_jobs_pour_in() {
    let bench = Bench::private_redis(&[]);
    let queue = bench.open_with(options()).await;
    let starts = Arc::new(Starts::default());
    let worker = tokio::spawn(work(queue, Arc::clone(&starts)));
    let done = AtomicBool::new(false);
    let newcomers = async {
        let mut raw = bench.raw().await;
        while !done.load(Ordering::Relaxed) {
            newcomer(&bench, &mut raw, &starts).await;
        }
        // And behind what is left of it.
        for _ in 0..20 {
            newcomer(&bench, &mut raw, &starts).await;
        }
    };
    tokio::join!(flood(&bench, jobs(POURING), &done), newcomers);
    starts.stop.store(true, Ordering::Relaxed);
    worker.await.unwrap();
    report("while pouring in", &starts);
}

#[tokio::test]
async fn a_newcomer_waits_a_few_job_lengths_behind_a_million_jobs_that_came_before_any_worker() {
    let bench = Bench::private_redis(&[]);
    let queue = bench.open_with(options()).await;
    flood(&bench, jobs(BACKLOG), &AtomicBool::new(false)).await;
    let starts = Arc::new(Starts::default());
    let worker = tokio::spawn(work(queue, Arc::clone(&starts)));
    let mut raw = bench.raw().await;
    for _ in 0..100 {
        newcomer(&bench, &mut raw, &starts).await;
    }
    starts.stop.store(true, Ordering::Relaxed);
    worker.await.unwrap();
    report("behind a backlog", &starts);
}

#[track_caller]
fn report(what: &str, starts: &Starts) {
    let (newcomers, waited_for) = (
        starts.newcomers.load(Ordering::Relaxed),
        starts.waited_for.load(Ordering::Relaxed),
    );
    eprintln!(
        "{what}: {newcomers} newcomers, each waited for {waited_for} starts of the flood at most, \
         {:.1} job lengths",
        waited_for as f64 / ROOM as f64
    );
    assert!(newcomers > 0);
    assert!(
        waited_for <= STARTS_MAX,
        "{waited_for} starts, allowed are {STARTS_MAX}"
    );
}
