//! `Plan`: what a seed decides: sizes, limits, apps and their quotas, jobs, and which faults come.

use std::collections::BTreeMap;

use fastrand::Rng;

use crate::model::{Ms, NewJob, Options, Quota, Rate};

/// Faults come until then; after it everything must come to its end.
pub(crate) const FAULTS_END: Ms = 5_000;

/// The kinds of faults of a world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Faults {
    /// Of 100 messages, how many are lost, and how many come twice.
    pub(crate) lost: u32,
    pub(crate) doubled: u32,
    /// Messages take up to so long.
    pub(crate) delay_max: Ms,
    pub(crate) crashes: bool,
    pub(crate) hangs: bool,
    pub(crate) failovers: bool,
    /// The queue is out of reach for a while.
    pub(crate) outages: bool,
}

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) options: Options,
    pub(crate) faults: Faults,
    pub(crate) workers: usize,
    pub(crate) apps: Vec<String>,
    pub(crate) quotas: Vec<(String, Quota)>,
    /// Jobs and when their producers send them, by their clocks.
    pub(crate) jobs: Vec<(Ms, NewJob)>,
    /// Whether workers pass over apps now and then.
    pub(crate) passes_over: bool,
    pub(crate) admins: u32,
    /// A schedule's name, first tick and interval.
    pub(crate) schedules: Vec<(String, Ms, Ms)>,
}

/// True in `percent` of 100 cases.
pub(crate) fn chance(rng: &mut Rng, percent: u32) -> bool {
    rng.u32(0..100) < percent
}

impl Plan {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        let apps: Vec<String> = (0..rng.usize(1..=5))
            .map(|number| format!("a{number}"))
            .collect();
        let quotas = apps.iter().map(|app| (app.clone(), quota(rng))).collect();
        let jobs = jobs(rng, &apps);
        let schedules = (0..rng.usize(0..3))
            .map(|number| (format!("s{number}"), rng.u64(0..2_000), rng.u64(300..1_500)));
        Self {
            schedules: schedules.collect(),
            options: options(rng),
            faults: faults(rng),
            workers: rng.usize(1..=4),
            apps,
            quotas,
            jobs,
            passes_over: chance(rng, 25),
            admins: if chance(rng, 60) { rng.u32(1..15) } else { 0 },
        }
    }
}

/// Small numbers, so that limits meet.
fn options(rng: &mut Rng) -> Options {
    Options {
        lease: rng.u64(900..2_500),
        default_cap: rng.i64(-1..=3).max(1),
        max_attempts: rng.u32(1..=4),
        result_ttl: if chance(rng, 20) {
            0
        } else {
            rng.u64(200..6_000)
        },
        worker_timeout: rng.u64(700..1_200),
        grace_max: rng.u64(500..3_000),
        poison_losses: rng.u32(1..=3),
        app_queue_max: if chance(rng, 30) { rng.i64(2..12) } else { -1 },
        queue_max: if chance(rng, 30) { rng.i64(5..25) } else { -1 },
        breaker_bad_jobs: rng.u32(0..4),
        breaker_window: rng.u64(100..800),
        breaker_ban: rng.u64(300..1_500),
        admit_max: rng.usize(1..10),
        admit_newest: rng.usize(0..4),
        unrunnable_batch: rng.usize(1..5),
        unrunnable_max: rng.usize(2..20),
        joined_max: rng.usize(0..4),
    }
}

fn faults(rng: &mut Rng) -> Faults {
    let bad_net = chance(rng, 60);
    Faults {
        lost: if bad_net { rng.u32(0..25) } else { 0 },
        doubled: if bad_net { rng.u32(0..15) } else { 0 },
        delay_max: if bad_net {
            rng.u64(1..700)
        } else {
            rng.u64(1..20)
        },
        crashes: chance(rng, 40),
        hangs: chance(rng, 40),
        failovers: chance(rng, 25),
        outages: chance(rng, 25),
    }
}

fn quota(rng: &mut Rng) -> Quota {
    let rate = |rng: &mut Rng| Rate {
        jobs: rng.u32(1..5),
        per: rng.u64(50..600),
    };
    let mut hook_rates = BTreeMap::new();
    if chance(rng, 20) {
        hook_rates.insert("h0".to_owned(), rate(rng));
    }
    Quota {
        cap: chance(rng, 60).then(|| [1, 2, 3, -1][rng.usize(0..4)]),
        weight: chance(rng, 50).then(|| [1, 2, 3, 7, 100][rng.usize(0..5)]),
        rate: chance(rng, 20).then(|| rate(rng)),
        hook_rates,
        queue_max: chance(rng, 15).then(|| rng.i64(1..8)),
    }
}

/// Few ids and keys, so that they meet; in some worlds all at once, and half of them one app's.
fn jobs(rng: &mut Rng, apps: &[String]) -> Vec<(Ms, NewJob)> {
    let flood =
        chance(rng, 40).then(|| (rng.u64(0..1_500), apps[rng.usize(0..apps.len())].clone()));
    let plain = chance(rng, 30);
    let squats = chance(rng, 10);
    let count = rng.usize(8..45);
    let mut jobs = Vec::new();
    for number in 0..count {
        let mut job = job(rng, number, apps, plain);
        if squats {
            squat(rng, &mut job, apps);
        }
        let mut at = rng.u64(0..FAULTS_END - 1_000);
        if let Some((flood_at, app)) = &flood {
            at = *flood_at;
            if number % 2 == 0 {
                job.app.clone_from(app);
            }
        }
        jobs.push((at, job));
    }
    jobs
}

/// Names that meet those under which others' jobs live.
fn squat(rng: &mut Rng, job: &mut NewJob, apps: &[String]) {
    let app = &apps[rng.usize(0..apps.len())];
    let id = format!("j{}", rng.usize(0..2));
    job.id = Some(if rng.bool() {
        format!("{id}~{app}")
    } else {
        id
    });
}

/// A plain one asks for nothing special but a priority.
fn job(rng: &mut Rng, number: usize, apps: &[String], plain: bool) -> NewJob {
    let app = apps[rng.usize(0..apps.len())].clone();
    let mut job = NewJob {
        id: chance(rng, 70).then(|| format!("j{number}")),
        app,
        hook: format!("h{}", rng.u32(0..3)),
        priority: rng.i64(-1..=1),
        idempotent: rng.bool(),
        reply_to: chance(rng, 90).then(|| format!("r{number}")),
        ..NewJob::default()
    };
    if plain {
        return job;
    }
    if chance(rng, 15) {
        job.id = Some(format!("j{}", rng.usize(0..6)));
    }
    if chance(rng, 4) {
        job.reply_to = Some("lode:{q}:in".to_owned());
    }
    if chance(rng, 15) {
        job.delay = rng.u64(1..1_500);
    } else if chance(rng, 5) {
        job.run_at = Some(rng.u64(0..FAULTS_END));
    }
    if chance(rng, 15) {
        job.deadline = Some(rng.u64(1..1_500));
    }
    if chance(rng, 25) {
        job.dedupe_key = Some(format!("k{}", rng.usize(0..3)));
        job.dedupe_ttl = rng.bool().then(|| rng.u64(1..2_500));
    }
    job
}
