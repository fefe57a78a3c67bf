//! The worker's part in the queue's upkeep, busy or not: what it learns by it, and what it does then.

use std::sync::Arc;
use std::time::Duration;

use lode_queue::{DueTick, LeaseRef, Tended};

use super::{Back, Server, UNRUNNABLE_ENOUGH};
use crate::master::clock::now;
use crate::master::ticks;

impl Server {
    /// Tends the queue, unless that is under way. A worker that has nothing left lets it be: others
    /// hear of its end soon enough.
    pub(super) fn tend(&mut self) {
        if self.tending || self.drained {
            return;
        }
        self.tending = true;
        self.tend_more = false;
        self.bans.asked();
        let (clerk, limit) = (self.clerk.clone(), self.worker_timeout() / 3);
        self.tasks
            .spawn(async move { Back::Tended(clerk.tend(limit).await) });
    }

    pub(super) fn tended(&mut self, tended: Option<Tended>) {
        self.tending = false;
        let Some(tended) = tended else {
            self.tend_failed = true;
            return; // the next tick asks again
        };
        let is_first = self.queue_ms.replace(tended.now_ms).is_none();
        let silence = now() - std::mem::replace(&mut self.tended_at, now());
        let failed = std::mem::take(&mut self.tend_failed);
        if failed || silence > self.worker_timeout() / 2 {
            // The leases may have ended meanwhile: those that nobody has taken are ours again, and
            // what was taken from us must not go on here.
            self.extend();
        }
        self.bans.replace(tended.bans, now());
        self.show_health();
        for lease in &tended.cancelled {
            self.cancel(lease);
        }
        for leased in tended.unrunnable {
            self.take(leased);
        }
        for tick in tended.due {
            self.fire(tick, tended.now_ms);
        }
        if is_first {
            self.carry();
        }
        self.tend_more = tended.more;
        self.tend_on();
    }

    fn worker_timeout(&self) -> Duration {
        Duration::from_millis(self.config.queue.worker_timeout_ms)
    }

    /// Tends the queue at once if there is more to do, and what it hands over can be settled.
    pub(super) fn tend_on(&mut self) {
        if self.tend_more && self.unrunnable.len() < UNRUNNABLE_ENOUGH {
            self.tend();
        }
    }

    /// Whoever asked for the job wants it no more. Said with each tending until it is settled, so a
    /// job that is only just being taken in is met the next time.
    fn cancel(&mut self, lease: &LeaseRef) {
        let mut running = self.running.iter();
        let job = running.find(|(_, running)| running.lease.token == lease.token);
        if let Some(job) = job.map(|(job, _)| *job) {
            tracing::info!(job = lease.job_id, "the job is cancelled");
            self.shell.cancel(job);
        }
    }

    /// A schedule's tick has come.
    fn fire(&mut self, tick: DueTick, now_ms: u64) {
        let answer = match ticks::answer(&tick, now_ms) {
            Ok(answer) => answer,
            Err(reason) => {
                if self.unreadable.insert(tick.id.clone()) {
                    tracing::error!(schedule = tick.id, reason, "a schedule cannot be read");
                }
                return;
            }
        };
        let clerk = self.clerk.clone();
        self.tasks.spawn(async move {
            let (next_ms, job) = (answer.next_ms, answer.job);
            clerk.fire(&tick.id, tick.tick_ms, next_ms, &job).await;
            Back::Fired
        });
    }

    /// Carries quotas and schedules to the queue, where they have changed.
    pub(super) fn carry(&mut self) {
        if self.draining_since.is_some() {
            return;
        }
        // Schedules go by the queue's clock.
        let Some(now_ms) = self.queue_ms else {
            return;
        };
        let Some(mut carrier) = self.carrier.take() else {
            return; // under way
        };
        let (queue, reach) = (Arc::clone(&self.clerk.queue), self.clerk.reach.clone());
        self.tasks.spawn(async move {
            carrier.carry(queue.as_ref(), &reach, now_ms).await;
            Back::Carried(carrier)
        });
    }
}
