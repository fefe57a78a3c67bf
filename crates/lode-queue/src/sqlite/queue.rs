//! `SqliteQueue`: the contract on a SQLite file.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::time::{Instant, sleep_until};

use super::apps::{Step, ready};
use super::replies::has_reply;
use super::settle::dead;
use super::thread::DbThread;
use crate::clock::now_us;
use crate::error::QueueError;
use crate::fields::Fields;
use crate::limits::{LEASE_MAX, POLL_INTERVAL};
use crate::open::QueueOptions;
use crate::queue::{DeadJob, LeaseRef, Leased, Queue, QueueStats, Settle};
use crate::token::TokenSource;

/// A handle on one queue of a SQLite file.
#[derive(Debug)]
pub(crate) struct SqliteQueue {
    path: PathBuf,
    setup: Arc<Setup>,
    db: DbThread,
    tokens: TokenSource,
}

/// What every step on the thread needs to know.
#[derive(Debug)]
struct Setup {
    name: String,
    options: QueueOptions,
}

impl SqliteQueue {
    /// Opens the file, and creates it when missing.
    pub(crate) async fn open(
        path: PathBuf,
        name: String,
        options: QueueOptions,
    ) -> Result<Self, QueueError> {
        let db = DbThread::open(path.clone()).await?;
        Ok(Self {
            path,
            setup: Arc::new(Setup { name, options }),
            db,
            tokens: TokenSource::new(),
        })
    }

    /// Runs one atomic transition.
    async fn step<T: Send + 'static>(
        &self,
        step: &'static str,
        change: impl FnOnce(&Step<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, QueueError> {
        let setup = Arc::clone(&self.setup);
        self.db.write(step, move |db| change(&setup.step(db))).await
    }

    /// Waits until `probe` holds; `false` after `timeout`. This handle's own changes are told by
    /// a signal; for those of other processes it looks again every few milliseconds.
    async fn wait_until(
        &self,
        step: &'static str,
        timeout: Duration,
        probe: impl Fn(&Connection, i64) -> rusqlite::Result<bool> + Send + Sync + 'static,
    ) -> Result<bool, QueueError> {
        let deadline = Instant::now() + timeout;
        let probe = Arc::new(probe);
        let mut changes = self.db.changes();
        loop {
            changes.mark_unchanged();
            let now_probe = Arc::clone(&probe);
            if self
                .db
                .read(step, move |db| now_probe(db, now_us()))
                .await?
            {
                return Ok(true);
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            let next = deadline.min(Instant::now() + POLL_INTERVAL);
            tokio::select! {
                // An ended thread shows in the next read.
                _ = changes.changed() => {}
                () = sleep_until(next) => {}
            }
        }
    }
}

impl Setup {
    fn step<'a>(&'a self, db: &'a Connection) -> Step<'a> {
        Step {
            db,
            queue: &self.name,
            options: &self.options,
            now_us: now_us(),
        }
    }
}

#[async_trait]
impl Queue for SqliteQueue {
    async fn enqueue(&self, job_json: &str) -> Result<String, QueueError> {
        let job = job_json.to_owned();
        let fields = Fields::read(&job);
        self.step("enqueue", move |step| step.admit(&job, &fields))
            .await
    }

    async fn lease(&self, worker: &str, max: usize) -> Result<Vec<Leased>, QueueError> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let (worker, stem) = (worker.to_owned(), self.tokens.next());
        self.step("lease", move |step| {
            step.lease(&worker, max.min(LEASE_MAX), &stem)
        })
        .await
    }

    async fn wait(&self, timeout: Duration) -> Result<(), QueueError> {
        let setup = Arc::clone(&self.setup);
        self.wait_until("wait", timeout, move |db, now| ready(db, &setup.name, now))
            .await?;
        Ok(())
    }

    async fn extend(&self, leases: &[LeaseRef]) -> Result<Vec<bool>, QueueError> {
        if leases.is_empty() {
            return Ok(Vec::new());
        }
        let leases = leases.to_vec();
        self.step("extend", move |step| {
            leases.iter().map(|l| step.extend(l)).collect()
        })
        .await
    }

    async fn settle(&self, lease: &LeaseRef, settle: Settle) -> Result<bool, QueueError> {
        let lease = lease.clone();
        self.step("settle", move |step| step.settle(&lease, &settle))
            .await
    }

    async fn release(&self, leases: &[LeaseRef]) -> Result<usize, QueueError> {
        if leases.is_empty() {
            return Ok(0);
        }
        let leases = leases.to_vec();
        self.step("release", move |step| {
            let mut count = 0;
            for lease in &leases {
                count += usize::from(step.hand_back(lease, true)?);
            }
            Ok(count)
        })
        .await
    }

    async fn retry(&self, lease: &LeaseRef) -> Result<bool, QueueError> {
        let lease = lease.clone();
        self.step("retry", move |step| step.hand_back(&lease, false))
            .await
    }

    async fn set_caps(&self, caps: &[(String, i64)]) -> Result<(), QueueError> {
        let caps = caps.to_vec();
        self.step("set_caps", move |step| step.set_caps(&caps))
            .await
    }

    async fn await_reply(
        &self,
        list: &str,
        timeout: Duration,
    ) -> Result<Option<String>, QueueError> {
        let deadline = Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let probed = list.to_owned();
            let probe = move |db: &Connection, now| has_reply(db, &probed, now);
            if !self.wait_until("await_reply", left, probe).await? {
                return Ok(None);
            }
            let popped = list.to_owned();
            let reply = self
                .step("await_reply", move |step| step.pop_reply(&popped))
                .await?;
            // None: another reader was quicker.
            if reply.is_some() {
                return Ok(reply);
            }
        }
    }

    async fn stats(&self) -> Result<QueueStats, QueueError> {
        let setup = Arc::clone(&self.setup);
        self.db
            .read("stats", move |db| setup.step(db).stats())
            .await
    }

    async fn dead(&self, limit: usize) -> Result<Vec<DeadJob>, QueueError> {
        let setup = Arc::clone(&self.setup);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.db
            .read("dead", move |db| dead(db, &setup.name, limit))
            .await
    }

    async fn ping(&self) -> Result<String, QueueError> {
        // Reads the file, not only the library's version.
        self.db.read("ping", |db| ready(db, "", 0)).await?;
        Ok(format!(
            "SQLite {} at {}",
            rusqlite::version(),
            self.path.display()
        ))
    }

    fn name(&self) -> &str {
        &self.setup.name
    }
}
