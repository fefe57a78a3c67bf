//! The breaker on SQLite: bad jobs per app in a window of time, and the bans they lead to.

use std::time::Duration;

use rusqlite::{OptionalExtension as _, Row, params};

use super::apps::Step;
use crate::limits::{BAD_JOBS_MAX, PURGE_MAX, REASON_BYTES_MAX};
use crate::values::Ban;

impl Step<'_> {
    /// Counts a bad job; returns the ban if this is the one too many.
    pub(super) fn bad_job(&self, app: &str, reason: &str) -> rusqlite::Result<Option<Ban>> {
        let forgiven = self.options.breaker_bad_jobs.min(BAD_JOBS_MAX);
        if forgiven == 0 || self.ban_of(app)?.is_some() {
            return Ok(None);
        }
        self.db
            .prepare_cached("INSERT INTO queue_bad (queue, app, at_us) VALUES (?1, ?2, ?3)")?
            .execute(params![self.queue, app, self.now_us])?;
        let count: i64 = self
            .db
            .prepare_cached(
                "SELECT count(*) FROM queue_bad WHERE queue = ?1 AND app = ?2 AND at_us > ?3",
            )?
            .query_row(params![self.queue, app, self.window_start()], |row| {
                row.get(0)
            })?;
        if count <= i64::from(forgiven) {
            return Ok(None);
        }
        self.ban(app, reason, self.options.breaker_ban)?;
        self.ban_of(app)
    }

    fn window_start(&self) -> i64 {
        let window = i64::try_from(self.options.breaker_window.as_micros()).unwrap_or(i64::MAX);
        self.now_us.saturating_sub(window)
    }

    /// Suspends an app; its bad jobs are paid for with that.
    pub(super) fn ban(&self, app: &str, reason: &str, time: Duration) -> rusqlite::Result<()> {
        let mut end = reason.len().min(REASON_BYTES_MAX);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        self.db
            .prepare_cached("INSERT OR REPLACE INTO queue_bans VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![self.queue, app, &reason[..end], self.after(time)])?;
        self.forgive(app)
    }

    fn forgive(&self, app: &str) -> rusqlite::Result<()> {
        self.db
            .prepare_cached("DELETE FROM queue_bad WHERE queue = ?1 AND app = ?2")?
            .execute(params![self.queue, app])?;
        Ok(())
    }

    /// Ends a ban and forgets the bad jobs; `false`: there was no ban.
    pub(super) fn lift(&self, app: &str) -> rusqlite::Result<bool> {
        self.forgive(app)?;
        let until: Option<i64> = self
            .db
            .prepare_cached(
                "DELETE FROM queue_bans WHERE queue = ?1 AND app = ?2 RETURNING until_us",
            )?
            .query_row(params![self.queue, app], |row| row.get(0))
            .optional()?;
        Ok(until.is_some_and(|until| until > self.now_us))
    }

    fn read_ban(&self, row: &Row<'_>) -> rusqlite::Result<Ban> {
        let left_us = row.get::<_, i64>(2)? - self.now_us;
        let left = Duration::from_micros(u64::try_from(left_us).unwrap_or(0));
        Ok(Ban {
            app: row.get(0)?,
            reason: row.get(1)?,
            remaining: left.max(Duration::from_millis(1)),
        })
    }

    /// An app's ban, if there is one now.
    pub(super) fn ban_of(&self, app: &str) -> rusqlite::Result<Option<Ban>> {
        self.db
            .prepare_cached(
                "SELECT app, reason, until_us FROM queue_bans
                 WHERE queue = ?1 AND app = ?2 AND until_us > ?3",
            )?
            .query_row(params![self.queue, app, self.now_us], |row| {
                self.read_ban(row)
            })
            .optional()
    }

    /// All bans, by app.
    pub(super) fn bans(&self) -> rusqlite::Result<Vec<Ban>> {
        self.db
            .prepare_cached(
                "SELECT app, reason, until_us FROM queue_bans
                 WHERE queue = ?1 AND until_us > ?2 ORDER BY app",
            )?
            .query_map(params![self.queue, self.now_us], |row| self.read_ban(row))?
            .collect()
    }

    /// Deletes a few bad jobs that are forgiven, and bans that are over.
    pub(super) fn purge_bad(&self) -> rusqlite::Result<()> {
        self.db
            .prepare_cached(&format!(
                "DELETE FROM queue_bad WHERE num IN
                     (SELECT num FROM queue_bad WHERE queue = ?1 AND at_us <= ?2
                      LIMIT {PURGE_MAX})"
            ))?
            .execute(params![self.queue, self.window_start()])?;
        self.db
            .prepare_cached("DELETE FROM queue_bans WHERE queue = ?1 AND until_us <= ?2")?
            .execute(params![self.queue, self.now_us])?;
        Ok(())
    }
}
