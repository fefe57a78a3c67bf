//! Turns: which leased job starts when, which has to wait, and which is handed back.
//!
//! A job may start on an idle child if its hook has no wait on, its app runs less than its share,
//! and the place is not one of those that are kept for apps that run nothing. All that may not
//! start waits in the room, in nobody's way.

use super::Pool;
use super::child::ChildState;
use super::jobs::LeasedJob;
use super::run::Run;
use crate::{ChildId, Output, Time};

impl Pool {
    /// Starts the job at once if it may and a child is idle; else it waits, if there is room.
    pub(super) fn job_leased(&mut self, job: LeasedJob, now: Time) {
        if self.is_draining() {
            self.emit(Output::Release { job: job.key });
            return;
        }
        if self.jobs.contains(job.key) {
            self.drop_late();
            return;
        }
        let blocked_until = self.hooks.blocked_until(job.hook, now);
        self.jobs.hold(job, now, blocked_until);
        // Had another been able to start, it would have: so it is this one, or none.
        self.start_waiting(now);
        let is_full = self.jobs.held() > self.options.room();
        if is_full || self.jobs.held_of(job.app) > self.options.room_of_app() {
            self.jobs.close(job.key);
            self.counters.jobs_postponed += 1;
            self.emit(Output::Postpone { job: job.key });
        }
    }

    /// Gives idle children the jobs that may start, the longest-waiting ones first.
    pub(super) fn start_waiting(&mut self, now: Time) {
        while let Some(child) = self.children.first_idle() {
            let Some(job) = self.jobs.take_next(self.is_kept_place_next()) else {
                return;
            };
            self.start_job(child, job, now);
        }
    }

    /// True if so much runs that the next place is one of those kept for apps that run nothing.
    pub(super) fn is_kept_place_next(&self) -> bool {
        self.children.counts().running >= self.options.places_for_all()
    }

    fn start_job(&mut self, child: ChildId, job: LeasedJob, now: Time) {
        let run = Run::start(job, self.options.hard_grace_us, now);
        self.children.set(child, ChildState::Running { run });
        self.jobs.run_on(&job, child);
        self.counters.jobs_started += 1;
        self.emit(Output::StartJob {
            child,
            job: job.key,
        });
    }

    /// When the job that has waited for longest is handed back, should no child get ready.
    pub(super) fn release_at(&self) -> Option<Time> {
        let (_, since) = self.jobs.first_held()?;
        let quiet_since = since.max(self.last_child_ready);
        Some(quiet_since.plus_us(self.options.start_limit_us))
    }

    /// Hands back what has waited for so long that another worker is the better place for it.
    pub(super) fn release_overdue(&mut self, now: Time) {
        while self.release_at().is_some_and(|at| at <= now) {
            self.release_first();
        }
    }

    /// Hands back all that waits.
    pub(super) fn release_all(&mut self) {
        while self.release_first() {}
    }

    fn release_first(&mut self) -> bool {
        let Some((job, _)) = self.jobs.first_held() else {
            return false;
        };
        self.jobs.close(job);
        self.emit(Output::Release { job });
        true
    }
}
