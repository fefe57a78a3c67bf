//! The shell's jobs: submitted, started, ended.

use std::hash::BuildHasher;
use std::sync::Arc;

use lode_core::{AppKey, ChildId, HookKey, Input, JobKey, Verdict};

use super::{Happening, JobEntry, Link, Shell};
use crate::master::clock::{micros, now};
use crate::master::work::{Ended, Fate, Work};

impl Shell {
    /// Gives a leased job to the pool; its end comes as [`Happening::Ended`].
    pub(crate) fn submit(&mut self, work: Work) -> JobKey {
        self.next_job += 1;
        let job = JobKey(self.next_job);
        let limits = work.run.limits;
        let app = AppKey(self.hasher.hash_one(&work.scope.app));
        let hook = HookKey(self.hasher.hash_one((&work.scope.app, &work.scope.hook)));
        let (idempotent, leased_at) = (work.idempotent, work.leased_at);
        let memory_limit_bytes = work.run.limits.memory_limit_bytes();
        let entry = JobEntry {
            work: Some(work),
            tally: Arc::default(),
            leased_at,
            memory_limit_bytes,
            cpu_limit_us: limits.cpu_limit_ms.saturating_mul(1000),
            started: None,
            child: None,
            note: None,
        };
        self.jobs.insert(job, entry);
        self.input(Input::JobLeased {
            job,
            app,
            hook,
            wall_limit_us: limits.wall_limit_ms.saturating_mul(1000),
            host_wait_limit_us: limits.host_wait_limit_ms.saturating_mul(1000),
            idempotent,
        });
        job
    }

    /// Somebody else has the job's lease.
    pub(crate) fn lease_lost(&mut self, job: JobKey) {
        self.input(Input::LeaseLost { job });
        if self.jobs.contains_key(&job) {
            self.end(job, Fate::Dropped);
        }
    }

    /// Nobody wants the job any more; its end comes as [`Happening::Ended`].
    pub(crate) fn cancel(&mut self, job: JobKey) {
        self.input(Input::Cancel { job });
    }

    // ---- jobs ----

    pub(super) fn start_job(&mut self, child: ChildId, job: JobKey) {
        let Some(entry) = self.jobs.get_mut(&job) else {
            return;
        };
        let Some(work) = entry.work.take() else {
            return;
        };
        entry.started = Some(now());
        entry.child = Some(child);
        let assignment = (work, Arc::clone(&entry.tally));
        let holder = self.children.get_mut(&child).map(|holder| {
            holder.job = Some(job);
            &mut holder.link
        });
        let sent = match holder {
            Some(Link::Open { assign, .. }) => assign
                .take()
                .is_some_and(|assign| assign.send(assignment).is_ok()),
            Some(Link::Requested | Link::Closed) | None => false,
        };
        if !sent {
            // The child is gone and the pool does not know yet. The job was never started: it goes
            // back, and what the pool will say of it finds nothing.
            self.end(job, Fate::Released);
        }
    }

    pub(super) fn end(&mut self, job: JobKey, fate: Fate) {
        let Some(entry) = self.jobs.remove(&job) else {
            return;
        };
        let time = now();
        let child = entry.child.and_then(|child| self.children.get(&child));
        let ended = Ended {
            fate,
            tally: entry.tally,
            dispatch_us: micros(entry.started.unwrap_or(time) - entry.leased_at),
            run_us: entry.started.map_or(0, |started| micros(time - started)),
            cpu_us: child
                .and_then(|child| child.exit)
                .map_or(0, |(_, cpu_us)| cpu_us),
            note: entry.note,
        };
        self.happenings.push_back(Happening::Ended { job, ended });
    }

    pub(super) fn settle(&mut self, job: JobKey, verdict: Verdict) {
        let report = match verdict {
            Verdict::Reported { child } => self
                .children
                .get_mut(&child)
                .and_then(|entry| entry.report.take()),
            Verdict::TimedOut
            | Verdict::CpuTimedOut { .. }
            | Verdict::OutOfMemory { .. }
            | Verdict::Violation { .. }
            | Verdict::Crashed { .. }
            | Verdict::DrainLimit
            | Verdict::Cancelled => None,
        };
        self.end(job, Fate::Settled { verdict, report });
    }
}
