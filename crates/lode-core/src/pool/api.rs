//! [`Pool`]: what the shell calls.

use std::collections::VecDeque;

use super::children::Children;
use super::drain::Phase;
use super::hooks::Hooks;
use super::jobs::{Jobs, LeasedJob};
use super::zygotes::Zygotes;
use crate::backoff::Backoff;
use crate::{Input, Output, PoolOptions, PoolStats, Time};

/// Every decision about processes and leased jobs of one worker.
///
/// Hand in what happened, then take outputs until there are none, then wait until
/// [`poll_timeout`](Self::poll_timeout) or the next thing that happens.
#[derive(Debug)]
pub struct Pool {
    pub(super) options: PoolOptions,
    pub(super) phase: Phase,
    pub(super) children: Children,
    pub(super) zygotes: Zygotes,
    pub(super) jobs: Jobs,
    pub(super) hooks: Hooks,
    pub(super) last_child_ready: Time,
    pub(super) child_backoff: Backoff,
    pub(super) zygote_backoff: Backoff,
    pub(super) counters: Counters,
    outputs: VecDeque<Output>,
    /// Mutations since the invariants were last checked.
    unchecked: usize,
}

/// What only grows; the rest of [`PoolStats`] is read from the registries.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) jobs_started: u64,
    pub(super) jobs_postponed: u64,
    pub(super) kills: u64,
    pub(super) zygote_kills: u64,
    pub(super) failed_starts: u64,
    pub(super) late_dropped: u64,
}

impl Pool {
    /// A pool without processes; its first output starts a zygote.
    #[must_use]
    pub fn new(options: PoolOptions, now: Time) -> Self {
        let options = options.bounded();
        let backoff = || Backoff::new(options.backoff_min_us, options.backoff_max_us);
        let mut pool = Self {
            options,
            phase: Phase::Serving,
            children: Children::new(),
            zygotes: Zygotes::new(),
            jobs: Jobs::new(options.share()),
            hooks: Hooks::new(options.hook_backoff_min_us, options.hook_backoff_max_us),
            last_child_ready: Time::default(),
            child_backoff: backoff(),
            zygote_backoff: backoff(),
            counters: Counters::default(),
            outputs: VecDeque::new(),
            unchecked: 0,
        };
        pool.tend(now);
        pool
    }

    /// Takes in one thing that happened. Whatever is due at `now` is decided first.
    pub fn handle_input(&mut self, input: Input, now: Time) {
        self.expire(now);
        match input {
            Input::ZygoteReady { zygote } => self.zygote_ready(zygote, now),
            Input::ZygoteGone { zygote } => self.zygote_gone(zygote, now),
            Input::ChildSpawned { child } => self.child_spawned(child),
            Input::ChildReady { child } => self.child_ready(child, now),
            Input::JobLeased {
                job: key,
                app,
                hook,
                wall_limit_us,
                host_wait_limit_us,
                idempotent,
            } => {
                let job = LeasedJob {
                    key,
                    app,
                    hook,
                    wall_limit_us,
                    host_wait_limit_us,
                    idempotent,
                };
                self.job_leased(job, now);
            }
            Input::HostCallStarted { child } => {
                self.set_clock(child, |clock| clock.stopped(now));
            }
            Input::HostCallEnded { child } => {
                self.set_clock(child, |clock| clock.resumed(now));
            }
            Input::ChildDone { child } => self.child_done(child, now),
            Input::ChildReported {
                child,
                finish_limit_us,
            } => self.set_clock(child, |clock| clock.reported(finish_limit_us, now)),
            Input::ChildBroke { child, breach } => self.child_broke(child, breach, now),
            Input::ChildGone { child, cause } => self.child_gone(child, cause, now),
            Input::LeaseLost { job } => self.lease_lost(job, now),
            Input::Cancel { job } => self.cancel(job, now),
            Input::Drain { limit_us } => self.drain(limit_us, now),
        }
        self.tend(now);
    }

    /// Does what is due at `now`; nothing if that is earlier than [`Self::poll_timeout`].
    pub fn handle_timeout(&mut self, now: Time) {
        self.expire(now);
        self.tend(now);
    }

    /// The next thing for the shell to do; `None` when all is said.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`]; `None` if time alone changes nothing.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        [
            self.children.next_deadline(),
            self.zygotes.next_deadline(),
            self.phase.limit_at(),
            self.jobs.next_unblock(),
            self.release_at(),
            (self.children_missing() > 0).then(|| self.child_backoff.not_before()),
            self.is_zygote_missing()
                .then(|| self.zygote_backoff.not_before()),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// How many jobs may be leased right now: the idle children. A job that could start on one of
    /// them would have, so none of those that wait does it for an idle child. Zero while draining.
    #[must_use]
    pub fn wants_jobs(&self) -> usize {
        if self.is_draining() {
            return 0;
        }
        self.children.counts().idle
    }

    /// Counts per state and since the start.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        PoolStats {
            children: *self.children.counts(),
            zygotes: self.zygotes.processes(),
            held: self.jobs.held(),
            hooks_in_trouble: self.hooks.len(),
            jobs_started: self.counters.jobs_started,
            jobs_postponed: self.counters.jobs_postponed,
            children_requested: self.children.requested_ever(),
            zygotes_started: self.zygotes.started_ever(),
            kills: self.counters.kills,
            zygote_kills: self.counters.zygote_kills,
            failed_starts: self.counters.failed_starts,
            late_dropped: self.counters.late_dropped,
        }
    }

    /// True from the first `Drain` on, also when all is drained.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.phase != Phase::Serving
    }

    pub(super) fn emit(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(super) fn drop_late(&mut self) {
        self.counters.late_dropped += 1;
    }

    /// Fires every deadline at or before `now`. Children first: a hard deadline that falls on the
    /// drain limit is a timeout.
    fn expire(&mut self, now: Time) {
        self.hooks.forget_quiet(now);
        while let Some(child) = self.children.due(now) {
            self.child_deadline(child, now);
        }
        while let Some(zygote) = self.zygotes.due(now) {
            self.zygote_deadline(zygote, now);
        }
        self.drain_deadline(now);
        self.jobs.unblock_due(now);
    }

    /// What follows from any change: jobs whose turn has come, then those that have waited for too
    /// long, children and zygotes that are missing, and the end of a drain.
    fn tend(&mut self, now: Time) {
        self.start_waiting(now);
        self.release_overdue(now);
        self.refill(now);
        self.start_missing_zygote(now);
        self.finish_drain();
        if cfg!(debug_assertions) {
            self.check_now_and_then();
        }
    }

    /// Checks after every mutation while the pool is small. A check reads every child, so a large
    /// pool in a debug build checks once per so many mutations that the cost stays even.
    fn check_now_and_then(&mut self) {
        self.unchecked += 1;
        if self.unchecked * 64 >= self.children.counts().live() {
            self.unchecked = 0;
            self.check_invariants();
        }
    }
}
