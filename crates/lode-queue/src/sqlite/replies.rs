//! Reply lists on SQLite. They belong to the file, not to a queue, as lists belong to a server.

use rusqlite::{Connection, OptionalExtension, params};

use super::apps::Step;
use crate::limits::PURGE_MAX;

impl Step<'_> {
    /// Appends an outcome to a list.
    pub(super) fn push_reply(&self, list: &str, outcome: &str) -> rusqlite::Result<()> {
        self.db
            .prepare_cached(
                "INSERT INTO queue_replies (list, outcome, expires_us) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![list, outcome, self.after(self.options.reply_ttl)])?;
        Ok(())
    }

    /// Takes the first outcome of a list.
    pub(super) fn pop_reply(&self, list: &str) -> rusqlite::Result<Option<String>> {
        self.db
            .prepare_cached(
                "DELETE FROM queue_replies WHERE num =
                     (SELECT num FROM queue_replies WHERE list = ?1 AND expires_us > ?2
                      ORDER BY num LIMIT 1)
                 RETURNING outcome",
            )?
            .query_row(params![list, self.now_us], |row| row.get(0))
            .optional()
    }

    /// Deletes a few outcomes that nobody came for.
    pub(super) fn purge_replies(&self) -> rusqlite::Result<()> {
        self.db
            .prepare_cached(&format!(
                "DELETE FROM queue_replies WHERE num IN
                     (SELECT num FROM queue_replies WHERE expires_us <= ?1 LIMIT {PURGE_MAX})"
            ))?
            .execute(params![self.now_us])?;
        Ok(())
    }
}

/// True when the list holds an outcome.
pub(super) fn has_reply(db: &Connection, list: &str, now_us: i64) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM queue_replies WHERE list = ?1 AND expires_us > ?2)",
    )?
    .query_row(params![list, now_us], |row| row.get(0))
}
