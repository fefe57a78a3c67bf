//! The pool's rules, one test per fact, on a rig that plays the shell by hand.

mod children;
mod clock;
mod drain;
mod hooks;
mod jobs;
mod turns;
mod zygotes;

use lode_proto::ExitCause;

use crate::{
    AppKey, Breach, ChildId, HookKey, Input, JobKey, Output, Pool, PoolOptions, Time, ZygoteId,
};

pub(super) const MS: u64 = 1_000;
pub(super) const WALL_US: u64 = 1_000 * MS;
pub(super) const HARD_GRACE_US: u64 = 500 * MS;
pub(super) const HOST_WAIT_US: u64 = 2_000 * MS;
pub(super) const SIGKILL: ExitCause = ExitCause::Signal(9);
pub(super) const SIGSEGV: ExitCause = ExitCause::Signal(11);
pub(super) const Z1: ZygoteId = ZygoteId(1);
pub(super) const Z2: ZygoteId = ZygoteId(2);
pub(super) const C1: ChildId = ChildId(1);
pub(super) const C2: ChildId = ChildId(2);
pub(super) const C3: ChildId = ChildId(3);
pub(super) const J1: JobKey = JobKey(1);
pub(super) const J2: JobKey = JobKey(2);

/// A pool, a clock that only the test moves, and the jobs' numbers.
pub(super) struct Rig {
    pub(super) pool: Pool,
    pub(super) now: Time,
}

impl Rig {
    /// Just made; the first zygote was asked for.
    pub(super) fn new(max_children: usize, warm: usize) -> Self {
        Self::with(PoolOptions {
            max_children,
            warm,
            ..PoolOptions::default()
        })
    }

    pub(super) fn with(options: PoolOptions) -> Self {
        let now = Time(1_000_000);
        let mut rig = Self {
            pool: Pool::new(options, now),
            now,
        };
        assert_eq!(rig.outputs(), [Output::StartZygote { zygote: Z1 }]);
        rig
    }

    /// With its first zygote and all warm children ready.
    pub(super) fn warmed(max_children: usize, warm: usize) -> Self {
        Self::new(max_children, warm).warm_up()
    }

    pub(super) fn warm_up(mut self) -> Self {
        for output in self.input(Input::ZygoteReady { zygote: Z1 }) {
            if let Output::SpawnChild { child, .. } = output {
                self.ready(child);
            }
        }
        self
    }

    pub(super) fn outputs(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.pool.poll_output()).collect()
    }

    pub(super) fn input(&mut self, input: Input) -> Vec<Output> {
        self.pool.handle_input(input, self.now);
        self.outputs()
    }

    /// Moves the clock and calls the timeout at its end only.
    pub(super) fn wait(&mut self, us: u64) -> Vec<Output> {
        self.now = self.now.plus_us(us);
        self.pool.handle_timeout(self.now);
        self.outputs()
    }

    pub(super) fn spawned(&mut self, child: ChildId) -> Vec<Output> {
        self.input(Input::ChildSpawned { child })
    }

    /// Spawned and ready.
    pub(super) fn ready(&mut self, child: ChildId) -> Vec<Output> {
        let mut outputs = self.spawned(child);
        outputs.extend(self.input(Input::ChildReady { child }));
        outputs
    }

    pub(super) fn lease(&mut self, job: JobKey) -> Vec<Output> {
        self.lease_as(job, false)
    }

    /// Each such job is of an app and a hook of its own.
    pub(super) fn lease_as(&mut self, job: JobKey, idempotent: bool) -> Vec<Output> {
        self.input(Input::JobLeased {
            job,
            app: AppKey(1_000 + job.0),
            hook: HookKey(1_000 + job.0),
            wall_limit_us: WALL_US,
            host_wait_limit_us: HOST_WAIT_US,
            idempotent,
        })
    }

    /// Leases a job of this app and hook.
    pub(super) fn lease_of(&mut self, job: u64, app: AppKey, hook: HookKey) -> Vec<Output> {
        self.input(Input::JobLeased {
            job: JobKey(job),
            app,
            hook,
            wall_limit_us: WALL_US,
            host_wait_limit_us: HOST_WAIT_US,
            idempotent: false,
        })
    }

    pub(super) fn done(&mut self, child: ChildId) -> Vec<Output> {
        self.input(Input::ChildDone { child })
    }

    pub(super) fn gone(&mut self, child: ChildId, cause: ExitCause) -> Vec<Output> {
        self.input(Input::ChildGone { child, cause })
    }

    pub(super) fn broke(&mut self, child: ChildId, breach: Breach) -> Vec<Output> {
        self.input(Input::ChildBroke { child, breach })
    }

    pub(super) fn late(&self) -> u64 {
        self.pool.stats().late_dropped
    }
}
