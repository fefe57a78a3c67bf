//! Jobs on children: started, reported, broken, timed out, lost. Each job's one verdict is here
//! or in the drain limit.

use lode_proto::ExitCause;

use super::Pool;
use super::child::ChildState;
use super::jobs::{LeasedJob, Place};
use crate::{Breach, ChildId, JobKey, Output, Time, Verdict};

impl Pool {
    /// Starts the job at once if a child is idle. One may just have died between the lease and
    /// its answer: then the job is held for the next child that gets ready.
    pub(super) fn job_leased(
        &mut self,
        key: JobKey,
        wall_limit_us: u64,
        idempotent: bool,
        now: Time,
    ) {
        if self.is_draining() {
            self.emit(Output::Release { job: key });
            return;
        }
        if self.jobs.contains(key) {
            self.drop_late();
            return;
        }
        let job = LeasedJob {
            key,
            wall_limit_us,
            idempotent,
        };
        match self.children.first_idle() {
            Some(child) => self.start_job(child, job, now),
            None => self.jobs.hold(job),
        }
    }

    /// Gives the job to an idle child.
    pub(super) fn start_job(&mut self, child: ChildId, job: LeasedJob, now: Time) {
        let grace_us = self.options.hard_grace_us;
        let state = ChildState::Running {
            job: job.key,
            idempotent: job.idempotent,
            hard_deadline: now.plus_us(job.wall_limit_us).plus_us(grace_us),
        };
        self.children.set(child, state);
        self.jobs.run_on(job.key, child);
        self.counters.jobs_started += 1;
        self.emit(Output::StartJob {
            child,
            job: job.key,
        });
    }

    /// A report counts if the child still runs its job: a verdict that was taken stays.
    pub(super) fn child_done(&mut self, id: ChildId, now: Time) {
        let state = self.children.get(id).map(|child| child.state);
        let Some(ChildState::Running { job, .. }) = state else {
            self.drop_late();
            return;
        };
        let exit_by = now.plus_us(self.options.exit_grace_us);
        self.children.set(id, ChildState::Finished { exit_by });
        self.child_backoff.reset();
        self.zygote_backoff.reset();
        self.settle(job, Verdict::Reported { child: id });
    }

    /// The hook is over in time; what it asked for before its end is still being carried out, for
    /// which another limit holds.
    pub(super) fn child_reported(&mut self, id: ChildId, finish_limit_us: u64, now: Time) {
        let state = self.children.get(id).map(|child| child.state);
        let Some(ChildState::Running {
            job, idempotent, ..
        }) = state
        else {
            self.drop_late();
            return;
        };
        let hard_deadline = now.plus_us(finish_limit_us);
        let state = ChildState::Running {
            job,
            idempotent,
            hard_deadline,
        };
        self.children.set(id, state);
    }

    /// Kills a child that broke the rules, whatever it was doing.
    pub(super) fn child_broke(&mut self, id: ChildId, breach: Breach, now: Time) {
        let Some(child) = self.children.get(id) else {
            self.drop_late();
            return;
        };
        match child.state {
            ChildState::Running { job, .. } => {
                self.kill_child(id, now);
                let breach = Some(breach);
                self.settle(
                    job,
                    Verdict::Violation {
                        breach,
                        cause: None,
                    },
                );
            }
            // No tenant's code ran in it yet, so this is our own fault and may well repeat.
            ChildState::Requested { .. }
            | ChildState::Starting { .. }
            | ChildState::Idle { .. } => {
                self.start_failed(now);
                self.kill_child(id, now);
            }
            ChildState::Finished { .. } => self.kill_child(id, now),
            ChildState::Aborted { .. } | ChildState::Doomed { .. } => self.drop_late(),
        }
    }

    /// The hard deadline, decided once: a report that comes later is late.
    pub(super) fn time_out(&mut self, id: ChildId, job: JobKey, now: Time) {
        self.kill_child(id, now);
        self.settle(job, Verdict::TimedOut);
    }

    /// Stops a job that is someone else's now, and says nothing about it.
    pub(super) fn lease_lost(&mut self, job: JobKey, now: Time) {
        match self.jobs.close(job) {
            Some(Place::On(child)) => self.kill_child(child, now),
            Some(Place::Held(_)) => {}
            None => self.drop_late(),
        }
    }

    /// A child ended with its job unreported: the way it ended says whose fault that is.
    pub(super) fn child_lost(&mut self, job: JobKey, idempotent: bool, cause: ExitCause) {
        match cause {
            ExitCause::Exited(_) | ExitCause::Signal(_) | ExitCause::Starved(_)
                if cause.is_out_of_memory() =>
            {
                self.settle(job, Verdict::OutOfMemory { cause });
            }
            ExitCause::Signal(_) if cause.is_forbidden_syscall() => {
                let cause = Some(cause);
                let breach = None;
                self.settle(job, Verdict::Violation { breach, cause });
            }
            // Also an exit that claims a report we never read.
            ExitCause::Exited(_)
            | ExitCause::UnknownCode(_)
            | ExitCause::Signal(_)
            | ExitCause::Starved(_)
            | ExitCause::ForkFailed
            | ExitCause::ZygoteLost => {
                self.fail_for_platform(job, idempotent, cause, Verdict::Crashed { cause });
            }
        }
    }

    /// Nobody's hook is to blame: run it again if that is safe, else settle it so.
    pub(super) fn fail_for_platform(
        &mut self,
        job: JobKey,
        idempotent: bool,
        cause: ExitCause,
        verdict: Verdict,
    ) {
        if idempotent {
            self.jobs.close(job);
            self.emit(Output::Retry { job, cause });
        } else {
            self.settle(job, verdict);
        }
    }

    fn settle(&mut self, job: JobKey, verdict: Verdict) {
        self.jobs.close(job);
        self.emit(Output::Settle { job, verdict });
    }
}
