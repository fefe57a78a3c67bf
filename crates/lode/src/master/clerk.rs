//! The clerk: the queue's transitions as the worker needs them, tried again until the queue answers.
//!
//! A queue that cannot be reached loses nothing: what is to be settled waits here. Waiting longer
//! than a lease lasts is harmless, too: the token no longer counts then.

use std::sync::Arc;
use std::time::Duration;

use lode_queue::{LeaseRef, Leased, Queue, QueueError, Settle};
use lode_store::Store;

use crate::shown::chain;

/// How long one wait for work lasts at most: also the longest time in which a worker does not
/// see a job that another one handed back.
const WAIT: Duration = Duration::from_millis(500);
/// Pauses between tries: from the first to the longest.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);
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
}

impl Clerk {
    /// Leases up to `room` jobs, waiting a little when there is none.
    pub(crate) async fn lease(&self, room: usize) -> Vec<Leased> {
        match self.queue.lease(&self.worker, room).await {
            Ok(batch) if batch.is_empty() => {
                if let Err(error) = self.queue.wait(WAIT).await {
                    self.pause_after("wait", &error, PAUSE_MAX / 2).await;
                }
                Vec::new()
            }
            Ok(batch) => batch,
            Err(error) => {
                self.pause_after("lease", &error, PAUSE_MAX / 2).await;
                Vec::new()
            }
        }
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

    pub(crate) async fn retry(&self, lease: LeaseRef) -> Filed {
        self.persist("retry", || self.queue.retry(&lease)).await;
        Filed { lease }
    }

    /// Extends leases; one that could not be asked about counts as ours until the next time.
    pub(crate) async fn extend(&self, leases: Vec<LeaseRef>) -> Vec<(LeaseRef, bool)> {
        match self.queue.extend(&leases).await {
            Ok(results) => leases.into_iter().zip(results).collect(),
            Err(error) => {
                tracing::warn!(%error, "leases could not be extended");
                Vec::new()
            }
        }
    }

    /// Carries the apps' own concurrency caps from the store to the queue.
    pub(crate) async fn carry_caps(&self, store: &dyn Store) {
        let caps: Vec<(String, i64)> = match store.apps().await {
            Ok(apps) => apps
                .into_iter()
                .filter_map(|app| Some((app.id, app.limits.max_concurrent?)))
                .collect(),
            Err(error) => return tracing::warn!(error = chain(&error), "apps could not be read"),
        };
        if let Err(error) = self.queue.set_caps(&caps).await {
            tracing::warn!(%error, "concurrency caps could not be carried to the queue");
        }
    }

    /// Tries until the queue answers; `None` when it never did.
    async fn persist<T, F>(&self, what: &str, mut attempt: impl FnMut() -> F) -> Option<T>
    where
        F: Future<Output = Result<T, QueueError>>,
    {
        let mut pause = PAUSE_MIN;
        for _ in 0..TRIES_MAX {
            match attempt().await {
                Ok(value) => return Some(value),
                Err(error) if !error.is_transient() => {
                    tracing::error!(what, error = chain(&error), "the queue refuses");
                    return None;
                }
                Err(error) => self.pause_after(what, &error, pause).await,
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
        tracing::error!(
            what,
            "the queue did not answer; the job comes back when its lease ends"
        );
        None
    }

    async fn pause_after(&self, what: &str, error: &QueueError, pause: Duration) {
        tracing::warn!(
            what,
            error = chain(error),
            "the queue does not answer; trying again"
        );
        tokio::time::sleep(pause).await;
    }
}
