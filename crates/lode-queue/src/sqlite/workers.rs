//! Workers on SQLite: their heartbeats, what becomes of the leases of those that are lost, and
//! what each learns as it tends the queue.

use rusqlite::params;

use super::apps::Step;
use super::lease::{Hands, Taker};
use crate::limits::{LOST_MAX, PURGE_MAX};
use crate::values::{LeaseRef, Tended, WorkerView};

impl Step<'_> {
    /// What every worker does a few times a second.
    pub(super) fn tend(&self, taker: &Taker) -> rusqlite::Result<Tended> {
        self.observe(true)?;
        self.beat(taker)?;
        self.note("app_queue_max", self.options.app_queue_max)?;
        self.note("queue_max", self.options.queue_max)?;
        let lost_left = self.take_back_lost()?;
        let due_left = self.housekeep()?;
        self.purge_bad()?;
        self.forget_idle()?;
        let mut hands = Hands::new(taker);
        let unrunnable_left = self.hand_unrunnable(&mut hands)?;
        Ok(Tended {
            unrunnable: hands.jobs,
            cancelled: self.cancelled_of(&taker.holder)?,
            bans: self.bans()?,
            due: self.due()?,
            more: lost_left || due_left || unrunnable_left,
            now_ms: u64::try_from(self.now_us / 1_000).unwrap_or(0),
        })
    }

    fn beat(&self, taker: &Taker) -> rusqlite::Result<()> {
        self.db
            .prepare_cached("INSERT OR REPLACE INTO queue_workers VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![self.queue, taker.holder, taker.worker, self.now_us])?;
        Ok(())
    }

    /// True for a handle that tends the queue.
    pub(super) fn tends(&self, holder: &str) -> rusqlite::Result<bool> {
        self.db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM queue_workers WHERE queue = ?1 AND holder = ?2)",
            )?
            .query_row(params![self.queue, holder], |row| row.get(0))
    }

    /// Handles that tended the queue and do so no more lose their leases. `true`: more to do.
    fn take_back_lost(&self) -> rusqlite::Result<bool> {
        if self.now_us < self.grace()? {
            return Ok(false);
        }
        let lost: Vec<String> = self
            .db
            .prepare_cached(&format!(
                "SELECT holder FROM queue_workers WHERE queue = ?1 AND beat_us < ?2
                 LIMIT {PURGE_MAX}"
            ))?
            .query_map(params![self.queue, self.beat_limit()], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for holder in &lost {
            if self.take_back(holder, true)? >= LOST_MAX {
                return Ok(true);
            }
            self.forget_worker(holder)?;
        }
        Ok(lost.len() >= PURGE_MAX)
    }

    /// The moment before which a last heartbeat is too old.
    fn beat_limit(&self) -> i64 {
        let timeout = i64::try_from(self.options.worker_timeout.as_micros()).unwrap_or(i64::MAX);
        self.now_us.saturating_sub(timeout)
    }

    fn take_back(&self, holder: &str, counted: bool) -> rusqlite::Result<usize> {
        let held = self.jobs_where(
            &format!("token IS NOT NULL AND holder = ?2 LIMIT {LOST_MAX}"),
            &[&holder],
        )?;
        let count = held.len();
        for job in held {
            self.lose(job, counted)?;
        }
        Ok(count)
    }

    fn forget_worker(&self, holder: &str) -> rusqlite::Result<()> {
        self.db
            .prepare_cached("DELETE FROM queue_workers WHERE queue = ?1 AND holder = ?2")?
            .execute(params![self.queue, holder])?;
        Ok(())
    }

    /// A worker ends in order; what it still holds goes back without counting as a loss.
    pub(super) fn leave(&self, holder: &str) -> rusqlite::Result<()> {
        while self.take_back(holder, false)? >= LOST_MAX {}
        self.forget_worker(holder)
    }

    /// Running jobs of this handle that were cancelled.
    fn cancelled_of(&self, holder: &str) -> rusqlite::Result<Vec<LeaseRef>> {
        self.db
            .prepare_cached(
                "SELECT id, token FROM queue_live
                 WHERE queue = ?1 AND holder = ?2 AND cancelled = 1 AND state = 2 ORDER BY num",
            )?
            .query_map(params![self.queue, holder], |row| {
                Ok(LeaseRef {
                    job_id: row.get(0)?,
                    token: row.get(1)?,
                })
            })?
            .collect()
    }

    /// Workers that tend the queue, by name.
    pub(super) fn workers(&self) -> rusqlite::Result<Vec<WorkerView>> {
        self.db
            .prepare_cached(
                "SELECT name, beat_us FROM queue_workers WHERE queue = ?1 AND beat_us >= ?2
                 ORDER BY name",
            )?
            .query_map(params![self.queue, self.beat_limit()], |row| {
                let age_us = self.now_us - row.get::<_, i64>(1)?;
                Ok(WorkerView {
                    name: row.get(0)?,
                    beat_age_ms: u64::try_from(age_us / 1_000).unwrap_or(0),
                })
            })?
            .collect()
    }
}
