//! One app floods the pool with jobs that run to their limits; others come and want their turn.
//!
//! No faults and no chance here: the worst queue there is, which always has one more job of the
//! flooding app, and bounds on how long the others wait.

use std::collections::BTreeMap;

use lode_core::{AppKey, ChildId, HookKey, Input, JobKey, Output, Pool, PoolOptions, Time};
use lode_proto::ExitCause;

use crate::plan::MS;

const FLOODER: AppKey = AppKey(1);
const NEWCOMER: AppKey = AppKey(2);
const WALL_US: u64 = 40 * MS;
const GRACE_US: u64 = 10 * MS;
const KILL_US: u64 = MS;
const FORK_US: u64 = MS;
/// From the start of a job that hangs to the next child that is ready in its place.
const PLACE_US: u64 = WALL_US + GRACE_US + KILL_US + FORK_US;

/// The flooding app's children do not end all at once: while they are replaced one after the other,
/// it runs less than its share, and its jobs that came first start first.
const FLUX_US: u64 = 6 * (KILL_US + FORK_US);

/// A pool in which every job hangs and every process does at once as it is told.
struct Flood {
    pool: Pool,
    now: Time,
    agenda: BTreeMap<(Time, u64), Input>,
    counter: u64,
    /// Jobs that are not over, and what they run on, of each app.
    jobs: BTreeMap<JobKey, AppKey>,
    running: BTreeMap<JobKey, ChildId>,
    started: BTreeMap<JobKey, Time>,
    flooder_max: usize,
    postponed: u64,
}

impl Flood {
    fn new(max_children: usize, app_share: usize, reserve: usize) -> Self {
        let now = Time(0);
        let options = PoolOptions {
            max_children,
            warm: max_children.min(2),
            app_share,
            reserve,
            hard_grace_us: GRACE_US,
            ..PoolOptions::default()
        };
        let mut flood = Self {
            pool: Pool::new(options, now),
            now,
            agenda: BTreeMap::new(),
            counter: 0,
            jobs: BTreeMap::new(),
            running: BTreeMap::new(),
            started: BTreeMap::new(),
            flooder_max: 0,
            postponed: 0,
        };
        flood.carry_out();
        flood
    }

    /// Leases a job of the app; each is of a hook of its own, so that none waits for its hook.
    fn lease(&mut self, app: AppKey, wall_limit_us: u64) -> JobKey {
        self.counter += 1;
        let job = JobKey(self.counter);
        self.jobs.insert(job, app);
        self.input(Input::JobLeased {
            job,
            app,
            hook: HookKey(self.counter),
            wall_limit_us,
            host_wait_limit_us: 0,
            idempotent: false,
        });
        job
    }

    fn input(&mut self, input: Input) {
        self.pool.handle_input(input, self.now);
        self.carry_out();
    }

    fn later(&mut self, us: u64, input: Input) {
        self.counter += 1;
        self.agenda
            .insert((self.now.plus_us(us), self.counter), input);
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.pool.poll_output() {
            match output {
                Output::StartZygote { zygote } => self.later(0, Input::ZygoteReady { zygote }),
                Output::SpawnChild { child, .. } => {
                    self.later(FORK_US, Input::ChildSpawned { child });
                    self.later(FORK_US, Input::ChildReady { child });
                }
                Output::KillChild { child } => {
                    let cause = ExitCause::KILLED;
                    self.later(KILL_US, Input::ChildGone { child, cause });
                }
                Output::StartJob { child, job } => {
                    self.running.insert(job, child);
                    self.started.insert(job, self.now);
                    let of_flooder = self.running.keys().filter(|j| self.jobs[j] == FLOODER);
                    self.flooder_max = self.flooder_max.max(of_flooder.count());
                }
                Output::Settle { job, .. } | Output::Retry { job, .. } => {
                    self.running.remove(&job);
                    self.jobs.remove(&job);
                }
                Output::Postpone { job } => {
                    self.postponed += 1;
                    assert_eq!(self.jobs.remove(&job), Some(FLOODER), "postponed");
                }
                Output::StopZygote { .. }
                | Output::KillZygote { .. }
                | Output::Release { .. }
                | Output::Drained => assert_eq!(Some(output), None, "nothing calls for that"),
            }
        }
    }

    /// Time passes, and at each millisecond there are more jobs of the flooding app.
    fn run(&mut self, us: u64) {
        let end = self.now.plus_us(us);
        while self.now < end {
            for _ in 0..=self.pool.wants_jobs() {
                self.lease(FLOODER, WALL_US);
            }
            let tick = self.now.plus_us(MS);
            loop {
                let event = self.agenda.first_key_value().map(|((at, _), _)| *at);
                let next = event.into_iter().chain(self.pool.poll_timeout()).min();
                let Some(next) = next.filter(|at| *at < tick) else {
                    break;
                };
                self.now = self.now.max(next);
                if event == Some(next) {
                    let (_, input) = self.agenda.pop_first().expect("the event");
                    self.input(input);
                } else {
                    self.pool.handle_timeout(self.now);
                    self.carry_out();
                }
            }
            self.now = tick;
        }
    }

    /// How long a newcomer's job waits that comes now.
    fn newcomer_waits_us(&mut self) -> u64 {
        let job = self.lease(NEWCOMER, WALL_US);
        let leased = self.now;
        self.run(3 * PLACE_US);
        let started = self.started.get(&job).expect("the newcomer starts");
        started.saturating_since(leased)
    }
}

/// How long newcomers wait, whenever they come; from the shortest to the longest. Right before
/// them come so many others, each of an app of its own, that stay.
fn waits_us(flood: impl Fn() -> Flood, lodgers: u64) -> Vec<u64> {
    let waits = (0..=PLACE_US / MS).map(|after_ms| {
        let mut flood = flood();
        flood.run(3 * PLACE_US + after_ms * MS);
        assert!(flood.postponed > 0, "that was no flood");
        for lodger in 0..lodgers {
            flood.lease(AppKey(100 + lodger), 1_000 * PLACE_US);
        }
        flood.newcomer_waits_us()
    });
    let mut waits: Vec<_> = waits.collect();
    waits.sort_unstable();
    waits
}

#[test]
fn a_newcomer_starts_in_the_place_that_is_kept_for_it() {
    for (max_children, app_share) in [(2, 0), (4, 0), (4, 2), (8, 0)] {
        let waits = waits_us(|| Flood::new(max_children, app_share, 1), 0);
        assert_eq!(waits[waits.len() / 2], 0, "{max_children} children");
        let longest = waits[waits.len() - 1];
        assert!(longest <= FLUX_US, "{max_children} children: {longest}");
    }
}

#[test]
fn with_no_kept_place_left_a_newcomer_gets_the_next_one_that_is_free() {
    for max_children in [4, 8] {
        let waits = waits_us(|| Flood::new(max_children, 0, 1), 1);
        assert!(waits[waits.len() / 2] > 0, "a place was left");
        let longest = waits[waits.len() - 1];
        assert!(
            longest <= PLACE_US + FLUX_US,
            "{max_children} children: {longest}"
        );
    }
}

/// Then the flooding app, too, runs nothing whenever a place is free, and what came first is first.
#[test]
fn with_one_place_for_all_a_newcomer_waits_for_those_that_came_before_it() {
    for (max_children, lodgers, before) in [(1, 0, 1), (2, 1, 2)] {
        let waits = waits_us(|| Flood::new(max_children, 0, 1), lodgers);
        let longest = waits[waits.len() - 1];
        assert!(longest <= (before + 1) * PLACE_US, "{longest}");
    }
}

#[test]
fn a_flooding_app_fills_its_share_and_no_more() {
    for (max_children, app_share, reserve, expected) in [
        (1, 0, 1, 1),
        (4, 0, 1, 3),
        (4, 2, 1, 2),
        (8, 0, 3, 5),
        (4, 0, 0, 4),
    ] {
        let mut flood = Flood::new(max_children, app_share, reserve);
        flood.run(5 * PLACE_US);
        assert_eq!(flood.flooder_max, expected, "of {max_children} children");
    }
}
