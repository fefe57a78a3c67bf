//! Seeded simulation of workers, producers and admins around a model of the queue.
//!
//! `model/` is the specification as a state machine in virtual time. One seed is one world: apps
//! and their quotas, jobs, workers, and what fails: messages late, lost and doubled, workers that
//! crash, hang and come back with old tokens, clocks that differ, a queue that is out of reach for
//! seconds, and in a quarter of the worlds a server that is replaced by one that lacks the last
//! writes. `watched.rs` checks at every step:
//!
//! * a job is settled once, by who holds its newest lease, and each waiting list is told once;
//! * a job that is not idempotent never runs twice;
//! * caps, rates, bounds, pauses, priorities and passed-over apps hold, and shares are fair
//!   (`fairness.rs` has the bound and its proof);
//! * what was cancelled, or has passed its deadline, before it started never starts; nothing
//!   starts before its time; a job that took its workers with it is not given to one more;
//! * a worker that says nothing loses its leases, and nobody does after an outage of the queue
//!   until all had time to come back (`outage.rs`); each tick fires once;
//! * who waits for a job waits for one of its id or its dedupe key;
//! * when the faults stop, every accepted job is answered within a minute.
//!
//! Where a failover takes the last writes, these hold in a weaker form. A job accepted within what
//! was lost may be gone; no other is. For each lease within it a job may run once more, for each
//! outcome pushed within it a list may be told once more, and a cancellation, start or tick within
//! it may not have been. By the queue's own books everything else still holds.
//!
//! `agrees.rs` holds the implementations to the model.
//!
//! `LODE_SIM_SEED=7` replays one seed, `LODE_SIM_SEEDS=100000` runs more of them. A failure prints
//! the seed and the step. `model/bug.rs` lists mistakes; each is found within the default seeds.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

mod agrees;
mod fairness;
mod flood;
mod ledger;
mod model;
mod outage;
mod plan;
mod rates;
mod reach;
#[path = "../support/server.rs"]
mod server;
mod watched;
mod wording;
mod worker;
mod world;

use std::collections::BTreeSet;

use model::{Bug, Why};
use world::World;

const SEEDS_DEFAULT: u64 = 2_000;

/// What must have happened in some seed, or the simulation no longer reaches what it is for.
const MUST_HAPPEN: [&str; 22] = [
    "a failover",
    "a grace",
    "a question was lost",
    "a release",
    "a retry",
    "a running job was cancelled",
    "a stale settle",
    "a tick was answered again",
    "a worker crashed",
    "a worker drained",
    "a worker hung",
    "an answer was lost",
    "an app was suspended",
    "an outage",
    "unrunnable: app queue full",
    "unrunnable: cancelled",
    "unrunnable: duplicate",
    "unrunnable: expired",
    "unrunnable: poison",
    "unrunnable: queue full",
    "unrunnable: too many attempts",
    "unrunnable: worker lost",
];

/// A reason's name, for what must have happened.
fn name_of(why: &Why) -> &'static str {
    match why {
        Why::WorkerLost => "unrunnable: worker lost",
        Why::TooManyAttempts => "unrunnable: too many attempts",
        Why::Poison { .. } => "unrunnable: poison",
        Why::Expired => "unrunnable: expired",
        Why::Cancelled => "unrunnable: cancelled",
        Why::AppQueueFull { .. } => "unrunnable: app queue full",
        Why::QueueFull { .. } => "unrunnable: queue full",
        Why::Duplicate { .. } => "unrunnable: duplicate",
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests have no config.rs to read it in"
)]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn the_queue_keeps_its_promises_in_a_world_where_everything_fails() {
    let seeds = match setting("LODE_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..setting("LODE_SIM_SEEDS").unwrap_or(SEEDS_DEFAULT),
    };
    let all = seeds.end - seeds.start >= SEEDS_DEFAULT;
    let mut seen = BTreeSet::new();
    let (mut steps, mut compared) = (0, 0);
    for seed in seeds {
        match World::new(seed, Bug::None).run() {
            Ok(report) => {
                seen.extend(report.seen);
                steps += report.steps;
                compared += report.compared;
            }
            Err(what) => panic!("LODE_SIM_SEED={seed}: {what}"),
        }
    }
    println!("{steps} steps, {compared} comparisons of shares");
    let missing: Vec<_> = MUST_HAPPEN
        .iter()
        .filter(|what| !seen.contains(*what))
        .collect();
    assert!(
        !all || (missing.is_empty() && compared > 1_000),
        "never happened: {missing:?}"
    );
}

#[test]
fn every_planted_bug_is_found() {
    for bug in Bug::ALL {
        let in_worlds = || {
            let mut errors =
                (0..SEEDS_DEFAULT).map(|seed| (seed, World::new(seed, bug).run().err()));
            errors.find_map(|(seed, error)| Some(format!("seed {seed}, {}", error?)))
        };
        let alone = flood::run(bug).and_then(|()| outage::run(bug)).err();
        let found = alone.or_else(in_worlds);
        match found {
            Some(what) => println!("{bug:?}: {}", what.chars().take(150).collect::<String>()),
            None => panic!("nobody noticed {bug:?}"),
        }
    }
}
