//! Schedules on SQLite: the next tick of each, answered once.

use std::collections::HashSet;

use rusqlite::{OptionalExtension as _, params};

use super::apps::Step;
use crate::fields::Fields;
use crate::limits::DUE_MAX;
use crate::values::{DueTick, ScheduleEntry};

/// Milliseconds as SQLite keeps them.
fn column(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

impl Step<'_> {
    /// Makes these the queue's schedules. One whose text stayed keeps its next tick.
    pub(super) fn set_schedules(&self, entries: &[ScheduleEntry]) -> rusqlite::Result<()> {
        let wanted: HashSet<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
        let old: Vec<String> = self
            .db
            .prepare_cached("SELECT id FROM queue_schedules WHERE queue = ?1")?
            .query_map(params![self.queue], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for id in old.iter().filter(|id| !wanted.contains(id.as_str())) {
            self.db
                .prepare_cached("DELETE FROM queue_schedules WHERE queue = ?1 AND id = ?2")?
                .execute(params![self.queue, id])?;
        }
        for entry in entries {
            self.db
                .prepare_cached(
                    "INSERT INTO queue_schedules VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT DO UPDATE SET spec = excluded.spec, next_ms = excluded.next_ms
                     WHERE spec <> excluded.spec",
                )?
                .execute(params![
                    self.queue,
                    entry.id,
                    entry.spec,
                    entry.first_ms.map(column)
                ])?;
        }
        Ok(())
    }

    /// Ticks that have come, the earliest first.
    pub(super) fn due(&self) -> rusqlite::Result<Vec<DueTick>> {
        self.db
            .prepare_cached(&format!(
                "SELECT id, spec, next_ms FROM queue_schedules
                 WHERE queue = ?1 AND next_ms IS NOT NULL AND next_ms <= ?2
                 ORDER BY next_ms LIMIT {DUE_MAX}"
            ))?
            .query_map(params![self.queue, self.now_us / 1_000], |row| {
                Ok(DueTick {
                    id: row.get(0)?,
                    spec: row.get(1)?,
                    tick_ms: u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0),
                })
            })?
            .collect()
    }

    /// Answers a tick, if it is still the schedule's next one.
    pub(super) fn fire(
        &self,
        id: &str,
        tick_ms: u64,
        next_ms: Option<u64>,
        job: &str,
    ) -> rusqlite::Result<bool> {
        let next: Option<Option<i64>> = self
            .db
            .prepare_cached("SELECT next_ms FROM queue_schedules WHERE queue = ?1 AND id = ?2")?
            .query_row(params![self.queue, id], |row| row.get(0))
            .optional()?;
        if next.flatten() != Some(column(tick_ms)) {
            return Ok(false);
        }
        self.db
            .prepare_cached("UPDATE queue_schedules SET next_ms = ?3 WHERE queue = ?1 AND id = ?2")?
            .execute(params![self.queue, id, next_ms.map(column)])?;
        self.admit(job, &Fields::read(job))?;
        Ok(true)
    }
}
