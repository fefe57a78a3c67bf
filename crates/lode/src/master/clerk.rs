//! The clerk: the queue's transitions as the worker needs them, tried again until the queue answers.
//!
//! A queue that cannot be reached loses nothing: what is to be settled waits here. Waiting longer
//! than a lease lasts is harmless, too: the token no longer counts then.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lode_queue::{Ban, LeaseRef, Leased, Queue, QueueError, Settle, Tended};

use crate::master::reach::Reach;
use crate::shown::chain;

/// How long one wait for work lasts at most: also the longest time in which a worker does not
/// see a job that another one handed back.
const WAIT: Duration = Duration::from_millis(500);
/// Pauses between tries: from the first to the longest.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// The longest pause between two tries to lease: a queue that answers again is to be seen soon.
const LEASE_PAUSE_MAX: Duration = Duration::from_secs(1);
/// How long a worker that ends waits until the queue has taken note of it.
const LEAVE_MAX: Duration = Duration::from_secs(2);
/// A transition that has not gone through after so many tries (about four minutes) is given up:
/// the job is no longer extended then, and comes back when its lease ends.
const TRIES_MAX: u32 = 120;

/// A job that is no longer held.
#[derive(Debug)]
pub(crate) struct Filed {
    pub(crate) lease: LeaseRef,
}

/// See the file's head.
#[derive(Debug, Clone)]
pub(crate) struct Clerk {
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) worker: String,
    pub(crate) reach: Reach,
    /// Tries to lease that have failed since the last one that went well.
    pub(crate) failed_leases: Arc<AtomicU32>,
}

impl Clerk {
    /// Leases up to `room` jobs, waiting a little when there is none.
    pub(crate) async fn lease(&self, room: usize, not_of: &[String]) -> Vec<Leased> {
        let batch = self.queue.lease(&self.worker, room, not_of).await;
        self.reach.see("lease", &batch);
        let waited = match &batch {
            Ok(batch) if batch.is_empty() => self.queue.wait(WAIT).await,
            Ok(_) => Ok(()),
            Err(error) => Err(error.clone()),
        };
        self.reach.see("wait", &waited);
        if waited.is_ok() {
            self.failed_leases.store(0, Ordering::Relaxed);
        } else {
            let failures = self.failed_leases.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(lease_pause(failures)).await;
        }
        batch.unwrap_or_default()
    }

    /// Says that this worker lives, and learns what it must know; `None` without an answer within
    /// `limit`: a call that hangs must not keep a worker silent until it is taken for lost.
    pub(crate) async fn tend(&self, limit: Duration) -> Option<Tended> {
        let tended = tokio::time::timeout(limit, self.queue.tend(&self.worker)).await;
        let tended = tended.unwrap_or_else(|_| {
            let limit = humantime::format_duration(limit);
            Err(QueueError::Unavailable(format!("no answer within {limit}")))
        });
        self.reach.see("tend", &tended);
        tended.ok()
    }

    /// Says that this worker ends.
    pub(crate) async fn leave(&self) {
        let left = tokio::time::timeout(LEAVE_MAX, self.queue.leave(&self.worker)).await;
        let why = match left {
            Ok(Ok(())) => return,
            Ok(Err(error)) => chain(&error),
            Err(_) => "no answer".to_owned(),
        };
        tracing::warn!(
            why,
            "the queue could not be told that this worker ends: it will find out"
        );
    }

    pub(crate) async fn settle(&self, lease: LeaseRef, settle: Settle) -> Filed {
        let done = self
            .persist("settle", || self.queue.settle(&lease, settle.clone()))
            .await;
        if done == Some(false) {
            tracing::warn!(
                job = lease.job_id,
                "the settlement did not count: the lease had ended, or an earlier try went through"
            );
        }
        Filed { lease }
    }

    pub(crate) async fn release(&self, lease: LeaseRef) -> Filed {
        let one = std::slice::from_ref(&lease);
        self.persist("release", || self.queue.release(one)).await;
        Filed { lease }
    }

    /// Hands a job back after a pause: whatever keeps it from running keeps the next one, too.
    pub(crate) async fn release_later(&self, lease: LeaseRef) -> Filed {
        tokio::time::sleep(PAUSE_MAX / 2).await;
        self.release(lease).await
    }

    pub(crate) async fn retry(&self, lease: LeaseRef, delay: Duration) -> Filed {
        self.persist("retry", || self.queue.retry(&lease, delay))
            .await;
        Filed { lease }
    }

    /// Tells of a bad job; the app's ban if it was the one too many. Not tried again: one bad job
    /// that was not counted hurts less than an outcome that comes late.
    pub(crate) async fn bad_job(&self, app: &str, reason: &str) -> Option<Ban> {
        let ban = self.queue.bad_job(app, reason).await;
        self.reach.see("bad_job", &ban);
        ban.ok().flatten()
    }

    /// Extends leases; one that could not be asked about counts as ours until the next time.
    pub(crate) async fn extend(&self, leases: Vec<LeaseRef>) -> Vec<(LeaseRef, bool)> {
        let results = self.queue.extend(&leases).await;
        self.reach.see("extend", &results);
        leases
            .into_iter()
            .zip(results.unwrap_or_default())
            .collect()
    }

    /// Answers a due tick of a schedule.
    pub(crate) async fn fire(&self, id: &str, tick_ms: u64, next_ms: Option<u64>, job: &str) {
        let fired = self.queue.fire(id, tick_ms, next_ms, job).await;
        self.reach.see("fire", &fired);
        if let Ok(true) = fired {
            tracing::info!(schedule = id, tick_ms, next_ms, "a schedule fired");
        }
    }

    /// Tries until the queue answers; `None` when it never did.
    async fn persist<T, F>(&self, what: &'static str, mut attempt: impl FnMut() -> F) -> Option<T>
    where
        F: Future<Output = Result<T, QueueError>>,
    {
        let mut pause = PAUSE_MIN;
        for _ in 0..TRIES_MAX {
            let result = attempt().await;
            match result {
                Err(error) if !error.is_transient() => {
                    tracing::error!(what, error = chain(&error), "the queue refuses");
                    return None;
                }
                result => {
                    self.reach.see(what, &result);
                    if let Ok(value) = result {
                        return Some(value);
                    }
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
        tracing::error!(
            what,
            "the queue did not answer; the job comes back when its lease ends"
        );
        None
    }
}

/// The pause before the next try to lease, after one that failed and `failures` before it.
fn lease_pause(failures: u32) -> Duration {
    PAUSE_MIN
        .saturating_mul(1 << failures.min(16))
        .min(LEASE_PAUSE_MAX)
}

/// The pause before a job is started anew: doubled with each attempt, up to a minute, and at
/// random between a half and all of that, so that what failed together does not come back together.
pub(crate) fn backoff(first: Duration, attempts: u32, random: f64) -> Duration {
    const MAX: Duration = Duration::from_secs(60);
    let doubled = first.saturating_mul(1 << attempts.saturating_sub(1).min(16));
    doubled.min(MAX).mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lost_connection_costs_a_short_pause_and_an_outage_longer_ones() {
        assert_eq!(lease_pause(0), PAUSE_MIN);
        assert_eq!(lease_pause(2), 4 * PAUSE_MIN);
        assert_eq!(lease_pause(u32::MAX), LEASE_PAUSE_MAX);
    }

    #[test]
    fn the_pause_before_a_retry_doubles_up_to_a_minute() {
        let first = Duration::from_secs(1);
        for (attempts, longest) in [(0, 1), (1, 1), (2, 2), (4, 8), (7, 60), (100, 60)] {
            let longest = Duration::from_secs(longest);
            assert_eq!(backoff(first, attempts, 1.0), longest, "{attempts}");
            assert_eq!(backoff(first, attempts, 0.0), longest / 2, "{attempts}");
        }
    }
}
