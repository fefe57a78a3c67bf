//! `Step`: what every transition on SQLite needs: the clock, the counters and the apps' places.

use rusqlite::{Connection, OptionalExtension, params};

use super::jobs::State;
use crate::limits::{COST, PROMOTE_MAX};
use crate::open::QueueOptions;

/// One transition in progress, inside its savepoint.
#[derive(Debug)]
pub(super) struct Step<'a> {
    pub(super) db: &'a Connection,
    pub(super) queue: &'a str,
    pub(super) options: &'a QueueOptions,
    /// The one clock of the step, in microseconds since 1970.
    pub(super) now_us: i64,
}

/// Where an app stands in the line. The schema's partial indexes name some of these numbers.
pub(super) const IDLE: i64 = 0;
pub(super) const ACTIVE: i64 = 1;
pub(super) const CAPPED: i64 = 2;
pub(super) const THROTTLED: i64 = 3;
pub(super) const PAUSED: i64 = 4;

/// A bound as SQLite takes it after LIMIT.
pub(super) fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl Step<'_> {
    /// A number of the queue; 0 when never set.
    pub(super) fn meta(&self, name: &str) -> rusqlite::Result<i64> {
        Ok(self.noted(name)?.unwrap_or(0))
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

    /// Notes that a job of an app went from one state to another, and puts the app where it
    /// belongs.
    pub(super) fn shift(
        &self,
        app: &str,
        from: Option<State>,
        to: Option<State>,
    ) -> rusqlite::Result<()> {
        let change = |state| i64::from(to == Some(state)) - i64::from(from == Some(state));
        let changes = [
            ("queued", change(State::Queued)),
            ("delayed", change(State::Delayed)),
            ("running", change(State::Leased)),
            ("lane", change(State::Unrunnable)),
        ];
        for (name, by) in changes {
            if by != 0 {
                self.count(name, by)?;
            }
        }
        let [(_, waiting), (_, delayed), (_, running), _] = changes;
        if (waiting, delayed, running) == (0, 0, 0) {
            return Ok(());
        }
        self.db
            .prepare_cached(
                "INSERT INTO queue_apps (queue, app, waiting, delayed, running)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET waiting = waiting + excluded.waiting,
                                           delayed = delayed + excluded.delayed,
                                           running = running + excluded.running",
            )?
            .execute(params![self.queue, app, waiting, delayed, running])?;
        self.place(app)?;
        Ok(())
    }

    /// Puts an app where it belongs and says where. A newly eligible one starts at the queue's
    /// virtual time, or at its own when that is ahead.
    pub(super) fn place(&self, app: &str) -> rusqlite::Result<i64> {
        let found = self
            .db
            .prepare_cached(
                "SELECT state, waiting, running FROM queue_apps WHERE queue = ?1 AND app = ?2",
            )?
            .query_row(params![self.queue, app], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let Some((old, waiting, running)): Option<(i64, i64, i64)> = found else {
            return Ok(IDLE);
        };
        let quota = self.quota(app)?;
        let rest_us = self.throttled_until(app, "", quota.rate)?;
        let state = if waiting <= 0 {
            IDLE
        } else if self.is_paused(app)? {
            PAUSED
        } else if quota.cap >= 0 && running >= quota.cap {
            CAPPED
        } else if rest_us.is_some() {
            THROTTLED
        } else {
            ACTIVE
        };
        if state != old || state == THROTTLED {
            self.set_place(app, state, rest_us.unwrap_or(0))?;
        }
        Ok(state)
    }

    /// Writes an app's place; `ready_us` is for one at its rate.
    pub(super) fn set_place(&self, app: &str, state: i64, ready_us: i64) -> rusqlite::Result<()> {
        let now = self.meta("v")?;
        self.db
            .prepare_cached(
                "UPDATE queue_apps SET
                     tag = CASE WHEN state = ?5 THEN tag ELSE max(tag, ?3) END,
                     state = ?4, ready_us = ?6
                 WHERE queue = ?1 AND app = ?2",
            )?
            .execute(params![self.queue, app, now, state, ACTIVE, ready_us])?;
        Ok(())
    }

    /// The eligible app of the smallest virtual time that is not to be passed over, and that time.
    pub(super) fn next_app(
        &self,
        passed: impl Fn(&str) -> bool,
    ) -> rusqlite::Result<Option<(String, i64)>> {
        let mut eligible = self.db.prepare_cached(
            "SELECT app, tag FROM queue_apps WHERE queue = ?1 AND state = ?2 ORDER BY tag, app",
        )?;
        let mut rows = eligible.query(params![self.queue, ACTIVE])?;
        while let Some(row) = rows.next()? {
            let app: String = row.get(0)?;
            if !passed(&app) {
                return Ok(Some((app, row.get(1)?)));
            }
        }
        Ok(None)
    }

    /// Charges an app for one job picked at `tag`, and moves the queue's virtual time there.
    pub(super) fn charge(&self, app: &str, tag: i64) -> rusqlite::Result<()> {
        let cost = COST / self.quota(app)?.weight;
        self.db
            .prepare_cached("UPDATE queue_apps SET tag = ?3 WHERE queue = ?1 AND app = ?2")?
            .execute(params![self.queue, app, tag + cost])?;
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
            .query_map(params![self.queue, CAPPED, rows(limit)], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        apps.iter().try_for_each(|app| self.place(app).map(drop))
    }

    /// Brings apps back into the running whose rate allows a job again. Returns how many.
    pub(super) fn unthrottle(&self) -> rusqlite::Result<usize> {
        let apps: Vec<String> = self
            .db
            .prepare_cached(&format!(
                "SELECT app FROM queue_apps WHERE queue = ?1 AND state = 3 AND ready_us <= ?2
                 ORDER BY ready_us LIMIT {PROMOTE_MAX}"
            ))?
            .query_map(params![self.queue, self.now_us], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        apps.iter().try_for_each(|app| self.place(app).map(drop))?;
        Ok(apps.len())
    }

    /// Forgets apps with nothing waiting, delayed or running that are not ahead of the queue's
    /// time: they would start at it anyway.
    pub(super) fn forget_idle(&self) -> rusqlite::Result<()> {
        let now = self.meta("v")?;
        self.db
            .prepare_cached(
                "DELETE FROM queue_apps WHERE queue = ?1 AND tag <= ?2
                     AND state = 0 AND running <= 0 AND delayed <= 0",
            )?
            .execute(params![self.queue, now])?;
        Ok(())
    }
}

/// Something to do now that a lease call of this handle does: an eligible app that is not passed
/// over, a job to be told its end, an expired lease, a job that is due or too late, an app at its
/// rate no more.
pub(super) fn ready(step: &Step<'_>, holder: &str, not_of: &[String]) -> rusqlite::Result<bool> {
    let timely: bool = step
        .db
        .prepare_cached(
            "SELECT (NOT ?4 AND EXISTS (SELECT 1 FROM queue_live
                            WHERE queue = ?1 AND state = 3 AND token IS NULL))
                 OR (?2 >= ?3 AND EXISTS (SELECT 1 FROM queue_live
                            WHERE queue = ?1 AND token IS NOT NULL AND expires_us <= ?2))
                 OR EXISTS (SELECT 1 FROM queue_live
                            WHERE queue = ?1 AND state = 1 AND due_us <= ?2)
                 OR EXISTS (SELECT 1 FROM queue_live
                            WHERE queue = ?1 AND deadline_us IS NOT NULL AND state < 2
                                AND deadline_us <= ?2)
                 OR EXISTS (SELECT 1 FROM queue_apps
                            WHERE queue = ?1 AND state = 3 AND ready_us <= ?2)",
        )?
        .query_row(
            params![step.queue, step.now_us, step.grace()?, step.tends(holder)?],
            |row| row.get(0),
        )?;
    if timely {
        return Ok(true);
    }
    if step.meta("paused")? != 0 {
        return Ok(false);
    }
    let next = step.next_app(|app| not_of.iter().any(|not| not == app))?;
    Ok(next.is_some())
}
