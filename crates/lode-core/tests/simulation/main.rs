//! Seeded simulation of a pool in a world where everything fails.
//!
//! One seed is one world: pool options, how zygotes, children and jobs behave, when leases are
//! lost, which app floods the others, how long host calls take, how late the shell is, and when it
//! drains, all in virtual time. `shadow.rs` and `turns.rs` keep their own simple model of what the
//! pool knows and check every output against it; `world.rs` plays the processes and the shell. When
//! the faults stop, the pool must finish all jobs and have its warm reserve again; at last it is
//! drained. `flood.rs` is another world, without faults: how long others wait for a flooding app.
//!
//! `LODE_SIM_SEED=7` replays one seed, `LODE_SIM_SEEDS=100000` runs more of them. A panic prints
//! the seed and the step.
//!
//! Does it catch anything? Each of these bugs was planted alone and then removed. All were
//! caught within the default seeds, also with `check_invariants` switched off, most of them in
//! the first ten:
//!
//! * jobs: the input is looked at before what is due; the hard deadline kills without settling, or
//!   settles without killing; a late report settles again; SIGSYS counts as a platform failure; a
//!   lost lease leaves the run alone, or is settled; a held job is not given to the next ready
//!   child; a job leaves its child idle;
//! * children: one more than allowed; no refill for held jobs; no second kill when a killed child
//!   is spawned after all; the exit grace is not enforced; no timer for the backoff; a report does
//!   not end the backoff;
//! * zygotes: doubt leaves the idle children alone, or waits for the successor; a replaced zygote
//!   does not retire; unspawned children outlive it; a stuck one is left alone, or keeps its
//!   idle children; one is stopped before its last child is gone; two start at once; no timer for
//!   the backoff;
//! * host calls: a stopped clock has the old deadline; the cap is not applied, or not used up; calls
//!   after the report move the deadline; the limit after the report can only be a later one;
//! * turns: a kept place goes to an app that runs something; one more than the share; the kept places
//!   for nobody; one app fills the room; the room is one smaller; nobody starts when another ends;
//!   children are asked for on behalf of those that may not start; no job is handed back after a long
//!   wait, or too late, or one although a child got ready; a lost lease leaves the app's count;
//! * hooks: their waits have no timer, never end, spare those that wait already, or those that come;
//!   the first death costs a wait; a breach or a timeout is no death; a report does not end the wait,
//!   or does not forget the deaths; quiet time counts from the death and not from the wait's end;
//! * breaches: a forbidden call leaves the zygote alone; too much memory is a violation; a death at
//!   the CPU limit is a crash;
//! * drain: held jobs are kept; leases are held; the limit comes 1 ms late; idempotent jobs are
//!   settled at the limit; `Drained` with a child left, or twice.

mod flood;
mod oracle;
mod outputs;
mod plan;
mod processes;
mod shadow;
mod turns;
mod world;

use std::collections::BTreeMap;

use world::World;

const SEEDS_DEFAULT: u64 = 2_000;

/// What must have happened in some seed, or the simulation no longer reaches what it is for.
const MUST_HAPPEN: [&str; 35] = [
    "a drain ended by itself",
    "a drain hit its limit",
    "a forbidden call",
    "a fork failed",
    "a held job lost its lease",
    "a held job started",
    "a hook has to wait",
    "a job handed back after a long wait",
    "a job started in a kept place",
    "a job started past one that has to wait",
    "a late report",
    "a lease lost while running",
    "a successor got ready",
    "a zygote asked to stop",
    "a zygote died while starting",
    "a zygote died while serving",
    "a zygote killed for its start limit",
    "a zygote killed for not stopping",
    "a zygote killed for being stuck",
    "an unspawned child killed",
    "child: breach before the job",
    "child: exit grace over",
    "child: start limit over",
    "doubt about a zygote",
    "end: Cancelled",
    "end: CpuTimedOut",
    "end: Crashed",
    "end: DrainLimit",
    "end: OutOfMemory",
    "end: Postpone",
    "end: Release",
    "end: Reported",
    "end: Retry",
    "end: TimedOut",
    "end: Violation",
];

#[expect(clippy::disallowed_methods, reason = "the knobs of this test")]
fn knob(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().expect("a number"))
}

#[test]
fn the_pool_keeps_its_promises_whatever_fails() {
    if let Some(seed) = knob("LODE_SIM_SEED") {
        World::new(seed).run();
        return;
    }
    let seeds = knob("LODE_SIM_SEEDS").unwrap_or(SEEDS_DEFAULT);
    let mut happened: BTreeMap<&'static str, u64> = BTreeMap::new();
    for seed in 0..seeds {
        let mut world = World::new(seed);
        world.run();
        for (what, times) in &world.shadow.happened {
            *happened.entry(*what).or_default() += *times;
        }
    }
    if seeds >= SEEDS_DEFAULT {
        for what in MUST_HAPPEN {
            assert!(
                happened.contains_key(what),
                "never happened: {what}; did: {happened:#?}"
            );
        }
    }
}

#[test]
fn a_seed_replays_to_the_same_outputs() {
    for seed in 0..20 {
        let run = || {
            let mut world = World::new(seed);
            world.run();
            std::mem::take(&mut world.shadow.trace)
        };
        assert!(run() == run(), "seed {seed} ran in two ways");
    }
}
