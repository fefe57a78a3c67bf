//! `Step`: what every transition on SQLite needs: the clock, the counters and the apps' places.

use rusqlite::{Connection, OptionalExtension, params};

use crate::open::QueueOptions;

/// One transition in progress, inside its savepoint.
#[derive(Debug)]
pub(super) struct Step<'a> {
    pub(super) db: &'a Connection,
    pub(super) queue: &'a str,
    pub(super) options: &'a QueueOptions,
    pub(super) now_us: i64,
}

/// Where an app stands in the line.
const IDLE: i64 = 0;
const ACTIVE: i64 = 1;
const CAPPED: i64 = 2;

impl Step<'_> {
    /// A number of the queue; 0 when never set.
    pub(super) fn meta(&self, name: &str) -> rusqlite::Result<i64> {
        let found = self
            .db
            .prepare_cached("SELECT value FROM queue_meta WHERE queue = ?1 AND name = ?2")?
            .query_row(params![self.queue, name], |row| row.get(0))
            .optional()?;
        Ok(found.unwrap_or(0))
    }

    /// Adds to a number of the queue and returns it.
    pub(super) fn count(&self, name: &str, by: i64) -> rusqlite::Result<i64> {
        self.db
            .prepare_cached(
                "INSERT INTO queue_meta (queue, name, value) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET value = value + excluded.value RETURNING value",
            )?
            .query_row(params![self.queue, name, by], |row| row.get(0))
    }

    /// Notes that jobs of an app began or ceased to wait or run, and puts the app where it
    /// belongs.
    pub(super) fn shift(&self, app: &str, waiting: i64, running: i64) -> rusqlite::Result<()> {
        self.db
            .prepare_cached(
                "INSERT INTO queue_apps (queue, app, waiting, running) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET waiting = waiting + excluded.waiting,
                                           running = running + excluded.running",
            )?
            .execute(params![self.queue, app, waiting, running])?;
        self.place(app)
    }

    /// Puts an app where it belongs: idle, eligible or at its cap. A newly eligible one starts at
    /// the queue's virtual time, or at its own when that is ahead.
    pub(super) fn place(&self, app: &str) -> rusqlite::Result<()> {
        let cap = self.cap(app)?;
        let now = self.meta("v")?;
        self.db
            .prepare_cached(
                "UPDATE queue_apps SET
                     tag = CASE WHEN state = ?4 THEN tag ELSE max(tag, ?3) END,
                     state = CASE WHEN waiting <= 0 THEN ?5
                                  WHEN ?6 >= 0 AND running >= ?6 THEN ?7
                                  ELSE ?4 END
                 WHERE queue = ?1 AND app = ?2",
            )?
            .execute(params![self.queue, app, now, ACTIVE, IDLE, cap, CAPPED])?;
        Ok(())
    }

    /// The nameless app has no cap: its jobs are broken and only wait to be told so.
    fn cap(&self, app: &str) -> rusqlite::Result<i64> {
        if app.is_empty() {
            return Ok(-1);
        }
        let own = self
            .db
            .prepare_cached("SELECT cap FROM queue_caps WHERE queue = ?1 AND app = ?2")?
            .query_row(params![self.queue, app], |row| row.get(0))
            .optional()?;
        Ok(own.unwrap_or(self.options.default_app_cap))
    }

    /// The eligible app of the smallest virtual time, and that time.
    pub(super) fn next_app(&self) -> rusqlite::Result<Option<(String, i64)>> {
        self.db
            .prepare_cached(
                "SELECT app, tag FROM queue_apps WHERE queue = ?1 AND state = ?2
                 ORDER BY tag, app LIMIT 1",
            )?
            .query_row(params![self.queue, ACTIVE], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()
    }

    /// True when the app is at its cap now, whatever its place says.
    pub(super) fn at_cap(&self, app: &str) -> rusqlite::Result<bool> {
        let cap = self.cap(app)?;
        let running: i64 = self
            .db
            .prepare_cached("SELECT running FROM queue_apps WHERE queue = ?1 AND app = ?2")?
            .query_row(params![self.queue, app], |row| row.get(0))?;
        Ok(cap >= 0 && running >= cap)
    }

    /// Charges an app for one job picked at `tag`, and moves the queue's virtual time there.
    pub(super) fn charge(&self, app: &str, tag: i64) -> rusqlite::Result<()> {
        self.db
            .prepare_cached("UPDATE queue_apps SET tag = ?3 WHERE queue = ?1 AND app = ?2")?
            .execute(params![self.queue, app, tag + 1])?;
        self.db
            .prepare_cached(
                "INSERT INTO queue_meta (queue, name, value) VALUES (?1, 'v', ?2)
                 ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
            )?
            .execute(params![self.queue, tag])?;
        Ok(())
    }

    /// Looks again at a few capped apps: a default cap that changed leaves them marked.
    pub(super) fn heal(&self, limit: usize) -> rusqlite::Result<()> {
        let apps: Vec<String> = self
            .db
            .prepare_cached(
                "SELECT app FROM queue_apps WHERE queue = ?1 AND state = ?2
                 ORDER BY tag LIMIT ?3",
            )?
            .query_map(
                params![self.queue, CAPPED, i64::try_from(limit).unwrap_or(i64::MAX)],
                |row| row.get(0),
            )?
            .collect::<Result<_, _>>()?;
        apps.iter().try_for_each(|app| self.place(app))
    }

    /// Forgets apps with nothing waiting or running that are not ahead of the queue's time: they
    /// would start at it anyway.
    pub(super) fn forget_idle(&self) -> rusqlite::Result<()> {
        let now = self.meta("v")?;
        self.db
            .prepare_cached(
                "DELETE FROM queue_apps
                 WHERE queue = ?1 AND state = ?2 AND tag <= ?3 AND running <= 0",
            )?
            .execute(params![self.queue, IDLE, now])?;
        Ok(())
    }

    /// Replaces the caps and puts every app concerned where it belongs.
    pub(super) fn set_caps(&self, caps: &[(String, i64)]) -> rusqlite::Result<()> {
        let mut touched: Vec<String> = self
            .db
            .prepare_cached("DELETE FROM queue_caps WHERE queue = ?1 RETURNING app")?
            .query_map(params![self.queue], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for (app, cap) in caps {
            self.db
                .prepare_cached("INSERT OR REPLACE INTO queue_caps VALUES (?1, ?2, ?3)")?
                .execute(params![self.queue, app, cap])?;
            touched.push(app.clone());
        }
        touched.iter().try_for_each(|app| self.place(app))
    }
}

/// Something to lease now: an eligible app or an expired lease.
pub(super) fn ready(db: &Connection, queue: &str, now_us: i64) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM queue_apps WHERE queue = ?1 AND state = ?2)
             OR EXISTS (SELECT 1 FROM queue_jobs
                        WHERE queue = ?1 AND token IS NOT NULL AND expires_us <= ?3)",
    )?
    .query_row(params![queue, ACTIVE, now_us], |row| row.get(0))
}
