//! Jobs on children: reported, broken, timed out, lost. Each job's one verdict is here or in the
//! drain limit.

use lode_proto::ExitCause;

use super::Pool;
use super::child::ChildState;
use super::jobs::Place;
use super::run::{Run, WallClock};
use crate::{Breach, ChildId, JobKey, Output, Time, Verdict};

impl Pool {
    /// A report counts if the child still runs its job: a verdict that was taken stays.
    pub(super) fn child_done(&mut self, id: ChildId, now: Time) {
        let state = self.children.get(id).map(|child| child.state);
        let Some(ChildState::Running { run }) = state else {
            self.drop_late();
            return;
        };
        let exit_by = now.plus_us(self.options.exit_grace_us);
        self.children.set(id, ChildState::Finished { exit_by });
        self.child_backoff.reset();
        self.zygote_backoff.reset();
        self.hooks.reported(run.hook);
        self.jobs.unblock(run.app, run.hook);
        self.settle(run.job, Verdict::Reported { child: id });
    }

    /// Host calls or a report move a run's deadline; what does not fit is late or said twice.
    pub(super) fn set_clock(
        &mut self,
        id: ChildId,
        change: impl FnOnce(WallClock) -> Option<WallClock>,
    ) {
        let state = self.children.get(id).map(|child| child.state);
        let Some(ChildState::Running { run }) = state else {
            self.drop_late();
            return;
        };
        match change(run.clock) {
            Some(clock) => {
                let run = Run { clock, ..run };
                self.children.set(id, ChildState::Running { run });
            }
            None => self.drop_late(),
        }
    }

    /// Kills a child that broke the rules, whatever it was doing.
    pub(super) fn child_broke(&mut self, id: ChildId, breach: Breach, now: Time) {
        let Some(child) = self.children.get(id) else {
            self.drop_late();
            return;
        };
        match child.state {
            ChildState::Running { run } => {
                self.kill_child(id, now);
                self.not_survived(run, now);
                self.settle(run.job, breach.verdict());
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
        if breach.is_suspicious() {
            self.suspect(child.zygote, now);
        }
    }

    /// The hard deadline, decided once: a report that comes later is late.
    pub(super) fn time_out(&mut self, id: ChildId, run: Run, now: Time) {
        self.kill_child(id, now);
        self.not_survived(run, now);
        self.settle(run.job, Verdict::TimedOut);
    }

    /// Stops a job that is someone else's now, and says nothing about it.
    pub(super) fn lease_lost(&mut self, job: JobKey, now: Time) {
        match self.jobs.close(job) {
            Some(Place::On(child, _)) => self.kill_child(child, now),
            Some(Place::Held(_)) => {}
            None => self.drop_late(),
        }
    }

    /// Stops a job that nobody wants any more. Its hook did nothing wrong.
    pub(super) fn cancel(&mut self, job: JobKey, now: Time) {
        match self.jobs.close(job) {
            Some(place) => {
                if let Place::On(child, _) = place {
                    self.kill_child(child, now);
                }
                let verdict = Verdict::Cancelled;
                self.emit(Output::Settle { job, verdict });
            }
            None => self.drop_late(),
        }
    }

    /// A child ended with its job unreported: the way it ended says whose fault that is.
    pub(super) fn child_lost(&mut self, run: Run, cause: ExitCause, now: Time) {
        self.not_survived(run, now);
        if cause.is_out_of_memory() {
            self.settle(run.job, Verdict::OutOfMemory { cause });
        } else if cause.is_cpu_limit() {
            self.settle(run.job, Verdict::CpuTimedOut { cause });
        } else if cause.is_forbidden_syscall() {
            let cause = Some(cause);
            let breach = None;
            self.settle(run.job, Verdict::Violation { breach, cause });
        } else {
            // Also an exit that claims a report we never read.
            self.fail_for_platform(run, cause, Verdict::Crashed { cause });
        }
    }

    /// Nobody's hook is to blame: run it again if that is safe, else settle it so.
    pub(super) fn fail_for_platform(&mut self, run: Run, cause: ExitCause, verdict: Verdict) {
        let job = run.job;
        if run.idempotent {
            self.jobs.close(job);
            self.emit(Output::Retry { job, cause });
        } else {
            self.settle(job, verdict);
        }
    }

    /// A child ended, or has to, while it ran a job of this hook: its next ones may have to wait.
    fn not_survived(&mut self, run: Run, now: Time) {
        if let Some(until) = self.hooks.died(run.hook, now) {
            self.jobs.block(run.app, run.hook, until);
        }
    }

    fn settle(&mut self, job: JobKey, verdict: Verdict) {
        self.jobs.close(job);
        self.emit(Output::Settle { job, verdict });
    }
}
