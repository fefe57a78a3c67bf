//! `SqliteQueue`: a handle on the file: its thread, its clock, its waits.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::time::{Instant, sleep_until};

use super::apps::{Step, ready};
use super::dead::Walk;
use super::lease::Taker;
use super::thread::DbThread;
use crate::clock::now_us;
use crate::error::QueueError;
use crate::limits::POLL_INTERVAL;
use crate::open::QueueOptions;
use crate::token::TokenSource;
use crate::values::DeadPick;

/// A handle on one queue of a SQLite file.
#[derive(Debug)]
pub(crate) struct SqliteQueue {
    pub(super) path: PathBuf,
    pub(super) setup: Arc<Setup>,
    db: DbThread,
    tokens: TokenSource,
    /// What this handle's leases and heartbeats are known by.
    pub(super) holder: String,
    /// The apps that the last lease call passed over: a wait that they ended would spin.
    passed: Mutex<Vec<String>>,
}

/// What every step on the thread needs to know.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) name: String,
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
        let tokens = TokenSource::new();
        Ok(Self {
            path,
            setup: Arc::new(Setup { name, options }),
            db,
            holder: tokens.next(),
            tokens,
            passed: Mutex::default(),
        })
    }

    /// This handle under a worker's name, with the tokens of one call.
    pub(super) fn taker(&self, worker: &str) -> Taker {
        Taker {
            worker: worker.to_owned(),
            holder: self.holder.clone(),
            stem: self.tokens.next(),
        }
    }

    /// Notes what this lease call passes over, for the waits after it.
    pub(super) fn pass_over(&self, apps: &[String]) {
        let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        *passed = apps.to_vec();
    }

    /// Waits until a lease call that passes over the same apps again has something to do.
    pub(super) async fn wait_ready(&self, timeout: Duration) -> Result<(), QueueError> {
        let setup = Arc::clone(&self.setup);
        let passed = self
            .passed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let holder = self.holder.clone();
        let probe = move |db: &Connection, _| ready(&setup.step(db), &holder, &passed);
        self.wait_until("wait", timeout, probe).await?;
        Ok(())
    }

    /// Runs one query on the queue as it is now.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        step: &'static str,
        query: impl FnOnce(&Step<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, QueueError> {
        let setup = Arc::clone(&self.setup);
        self.db.read(step, move |db| query(&setup.step(db))).await
    }

    /// Runs one atomic transition.
    pub(super) async fn step<T: Send + 'static>(
        &self,
        step: &'static str,
        change: impl FnOnce(&Step<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, QueueError> {
        let setup = Arc::clone(&self.setup);
        self.db.write(step, move |db| change(&setup.step(db))).await
    }

    /// Goes through the dead list, some entries in each step.
    pub(super) async fn walk_dead(
        &self,
        name: &'static str,
        pick: &DeadPick,
        change: impl Fn(&Step<'_>, &DeadPick, &mut Walk) -> rusqlite::Result<u64>
        + Copy
        + Send
        + 'static,
    ) -> Result<u64, QueueError> {
        let mut walk = Walk::new(self.look(name, |step| step.newest_dead()).await?);
        let mut count = 0;
        while !walk.is_over {
            let (pick, mut next) = (pick.clone(), walk.next_step());
            let done = self.step(name, move |step| {
                let count = change(step, &pick, &mut next)?;
                Ok((count, next))
            });
            let (some, came_to) = done.await?;
            count += some;
            walk = came_to;
        }
        Ok(count)
    }

    /// Waits until `probe` holds; `false` after `timeout`. This handle's own changes are told by
    /// a signal; for those of other processes it looks again every few milliseconds.
    pub(super) async fn wait_until(
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
