//! Settling on SQLite: outcome, reply, counters and dead list in one step.

use rusqlite::{Connection, Row, params};

use super::apps::Step;
use crate::limits::{DEAD_BYTES_MAX, DEAD_MAX};
use crate::queue::{DeadJob, LeaseRef, QueueStats, Settle};
use crate::reply_to::{refusal, undelivered};

impl Step<'_> {
    /// Ends a job. `false`: the lease is no longer the caller's, and nothing was done.
    pub(super) fn settle(&self, lease: &LeaseRef, settle: &Settle) -> rusqlite::Result<bool> {
        let Some(job) = self.owned(lease)? else {
            return Ok(false);
        };
        let text = self.body(job.num)?;
        for table in ["queue_jobs", "queue_bodies"] {
            self.db
                .prepare_cached(&format!("DELETE FROM {table} WHERE num = ?1"))?
                .execute(params![job.num])?;
        }
        self.shift(&job.app, 0, -1)?;
        self.count("settled", 1)?;
        let mut reasons: Vec<String> = settle.dead.iter().cloned().collect();
        if let Some(list) = &settle.reply_to {
            match refusal(self.queue, list) {
                None => self.push_reply(list, &settle.outcome)?,
                Some(problem) => {
                    self.count("undelivered", 1)?;
                    reasons.push(undelivered(list, &problem));
                }
            }
        }
        if !reasons.is_empty() {
            self.bury(&job.id, &text, &reasons.join("; "), &settle.outcome)?;
        }
        Ok(true)
    }

    /// Keeps a job in the dead list; the oldest entries give way.
    fn bury(&self, id: &str, job: &str, reason: &str, outcome: &str) -> rusqlite::Result<()> {
        let size = id.len() + job.len() + reason.len() + outcome.len();
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        self.db
            .prepare_cached(
                "INSERT INTO queue_dead (queue, id, job, reason, outcome, at_ms, bytes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                self.queue,
                id,
                job,
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

    /// The queue in numbers.
    pub(super) fn stats(&self) -> rusqlite::Result<QueueStats> {
        let number = |value: i64| u64::try_from(value).unwrap_or(0);
        let (queued, leased): (i64, i64) = self
            .db
            .prepare_cached(
                "SELECT coalesce(sum(waiting), 0), coalesce(sum(running), 0)
                 FROM queue_apps WHERE queue = ?1",
            )?
            .query_row(params![self.queue], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(QueueStats {
            inbox: 0,
            queued: number(queued),
            leased: number(leased),
            dead: number(self.meta("dead")?),
            settled: number(self.meta("settled")?),
            duplicates: number(self.meta("duplicates")?),
            reclaimed: number(self.meta("reclaimed")?),
            undelivered: number(self.meta("undelivered")?),
        })
    }
}

/// The newest entries of the dead list.
pub(super) fn dead(db: &Connection, queue: &str, limit: i64) -> rusqlite::Result<Vec<DeadJob>> {
    let read = |row: &Row<'_>| {
        Ok(DeadJob {
            id: row.get(0)?,
            job: row.get(1)?,
            reason: row.get(2)?,
            outcome: row.get(3)?,
            at_ms: u64::try_from(row.get::<_, i64>(4)?).unwrap_or(0),
        })
    };
    db.prepare_cached(
        "SELECT id, job, reason, outcome, at_ms FROM queue_dead WHERE queue = ?1
         ORDER BY num DESC LIMIT ?2",
    )?
    .query_map(params![queue, limit], read)?
    .collect()
}
