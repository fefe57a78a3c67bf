//! The dead list on SQLite: what goes in, who looks, and the two ways out.

use rusqlite::{OptionalExtension as _, Row, params};

use super::apps::{Step, rows};
use super::duplicates::Earlier;
use super::jobs::JobRow;
use crate::fields::Fields;
use crate::limits::{DEAD_BYTES_MAX, DEAD_MAX, ENQUEUE_BYTES_MAX, ENQUEUE_MAX};
use crate::values::{DeadJob, DeadPick};

/// One entry on its way out.
struct Entry {
    num: i64,
    job: String,
    bytes: i64,
}

/// How far a walk through the list has come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk {
    after: i64,
    until: i64,
    entries_left: usize,
    bytes_left: i64,
    pub(super) is_over: bool,
}

impl Walk {
    /// A walk up to this entry, at its beginning.
    pub(super) fn new(until: i64) -> Self {
        Self {
            after: 0,
            until,
            entries_left: 0,
            bytes_left: 0,
            is_over: false,
        }
    }

    /// One step more.
    pub(super) fn next_step(mut self) -> Self {
        self.entries_left = ENQUEUE_MAX;
        self.bytes_left = i64::try_from(ENQUEUE_BYTES_MAX).unwrap_or(i64::MAX);
        self
    }
}

impl Step<'_> {
    /// Keeps a job in the dead list; the oldest entries give way.
    pub(super) fn bury(
        &self,
        job: &JobRow,
        text: &str,
        reason: &str,
        outcome: &str,
    ) -> rusqlite::Result<()> {
        let size = job.id.len() + text.len() + reason.len() + outcome.len();
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        self.db
            .prepare_cached(
                "INSERT INTO queue_dead (queue, id, app, job, reason, outcome, at_ms, bytes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                self.queue,
                job.id,
                job.app,
                text,
                reason,
                outcome,
                self.now_us / 1_000,
                size
            ])?;
        let mut bytes = self.count("dead_bytes", size)?;
        let mut entries = self.count("dead", 1)?;
        let (entries_max, bytes_max) = (
            i64::try_from(DEAD_MAX).unwrap_or(i64::MAX),
            i64::try_from(DEAD_BYTES_MAX).unwrap_or(i64::MAX),
        );
        while entries > 1 && (entries > entries_max || bytes > bytes_max) {
            let oldest: i64 = self
                .db
                .prepare_cached(
                    "DELETE FROM queue_dead WHERE num =
                         (SELECT num FROM queue_dead WHERE queue = ?1 ORDER BY num LIMIT 1)
                     RETURNING bytes",
                )?
                .query_row(params![self.queue], |row| row.get(0))?;
            bytes = self.count("dead_bytes", -oldest)?;
            entries = self.count("dead", -1)?;
        }
        Ok(())
    }

    /// The newest entries, of one app or of any.
    pub(super) fn dead(&self, app: Option<&str>, limit: usize) -> rusqlite::Result<Vec<DeadJob>> {
        let read = |row: &Row<'_>| {
            Ok(DeadJob {
                id: row.get(0)?,
                app: row.get(1)?,
                job: row.get(2)?,
                reason: row.get(3)?,
                outcome: row.get(4)?,
                at_ms: u64::try_from(row.get::<_, i64>(5)?).unwrap_or(0),
            })
        };
        let of_app = if app.is_some() { "AND app = ?3" } else { "" };
        let mut query = self.db.prepare_cached(&format!(
            "SELECT id, app, job, reason, outcome, at_ms FROM queue_dead
             WHERE queue = ?1 {of_app} ORDER BY num DESC LIMIT ?2"
        ))?;
        let limit = rows(limit);
        match app {
            Some(app) => query
                .query_map(params![self.queue, limit, app], read)?
                .collect(),
            None => query.query_map(params![self.queue, limit], read)?.collect(),
        }
    }

    /// The newest entry: a walk through the list ends there, and does not meet what dies anew.
    pub(super) fn newest_dead(&self) -> rusqlite::Result<i64> {
        let newest: Option<i64> = self
            .db
            .prepare_cached("SELECT max(num) FROM queue_dead WHERE queue = ?1")?
            .query_row(params![self.queue], |row| row.get(0))?;
        Ok(newest.unwrap_or(0))
    }

    /// Queues the picked entries anew, oldest first. One whose id or dedupe key is live stays, and
    /// so does one for which there is no room. A part of them: others wait for the file meanwhile.
    pub(super) fn requeue_dead(&self, pick: &DeadPick, walk: &mut Walk) -> rusqlite::Result<u64> {
        let mut count = 0;
        while let Some(entry) = self.next_dead(pick, walk)? {
            if self.lane_full()? {
                walk.is_over = true;
                break;
            }
            let fields = Fields::read(&entry.job);
            let live = matches!(self.earlier(&fields)?, Some(Earlier::Live { .. }));
            if live || self.full(&fields.app)?.is_some() {
                continue;
            }
            self.forget_earlier(&fields)?;
            self.admit(&entry.job, &fields)?;
            self.strike(&entry)?;
            count += 1;
        }
        Ok(count)
    }

    /// Takes a part of the picked entries off the list.
    pub(super) fn purge_dead(&self, pick: &DeadPick, walk: &mut Walk) -> rusqlite::Result<u64> {
        let mut count = 0;
        while let Some(entry) = self.next_dead(pick, walk)? {
            self.strike(&entry)?;
            count += 1;
        }
        Ok(count)
    }

    /// One entry at a time: together they may be 256 MiB. `None`: this part of the walk is over,
    /// or all of it.
    fn next_dead(&self, pick: &DeadPick, walk: &mut Walk) -> rusqlite::Result<Option<Entry>> {
        if walk.entries_left == 0 || walk.bytes_left <= 0 {
            return Ok(None);
        }
        let (condition, wanted) = match pick {
            DeadPick::Job(id) => ("id = ?4", id.as_str()),
            DeadPick::App(app) => ("app = ?4", app.as_str()),
            DeadPick::All => ("?4 = ''", ""),
        };
        let entry = self
            .db
            .prepare_cached(&format!(
                "SELECT num, job, bytes FROM queue_dead
                 WHERE queue = ?1 AND num > ?2 AND num <= ?3 AND {condition}
                 ORDER BY num LIMIT 1"
            ))?
            .query_row(params![self.queue, walk.after, walk.until, wanted], |row| {
                Ok(Entry {
                    num: row.get(0)?,
                    job: row.get(1)?,
                    bytes: row.get(2)?,
                })
            })
            .optional()?;
        match &entry {
            Some(entry) => {
                walk.after = entry.num;
                walk.entries_left -= 1;
                walk.bytes_left -= entry.bytes;
            }
            None => walk.is_over = true,
        }
        Ok(entry)
    }

    fn strike(&self, entry: &Entry) -> rusqlite::Result<()> {
        self.db
            .prepare_cached("DELETE FROM queue_dead WHERE num = ?1")?
            .execute(params![entry.num])?;
        self.count("dead_bytes", -entry.bytes)?;
        self.count("dead", -1)?;
        Ok(())
    }
}
