//! Admission on SQLite: a job goes straight under its app, unless it is a second one of its kind
//! or there is no room for it.

use rusqlite::{OptionalExtension as _, params};

use super::apps::Step;
use super::jobs::{State, reason_columns};
use crate::fields::{Fields, Start};
use crate::limits::LANE_MAX;
use crate::values::Unrunnable;

impl Step<'_> {
    /// True while so many jobs wait only to be settled that nothing more is admitted.
    pub(super) fn lane_full(&self) -> rusqlite::Result<bool> {
        Ok(self.meta("lane")? >= LANE_MAX)
    }

    /// Takes one job in and returns the entry's id.
    pub(super) fn admit(&self, job: &str, fields: &Fields) -> rusqlite::Result<String> {
        let seq = self.count("seq", 1)?;
        let entry_id = format!("{}-{seq}", self.now_us / 1_000);
        if let Some(earlier) = self.earlier(fields)? {
            if let Some(of) = self.join(&earlier, fields)? {
                let id = self.free_id(&entry_id, seq)?;
                let nobody = Fields {
                    id: None,
                    ..fields.clone()
                };
                self.insert(&id, job, &nobody, Some(&Unrunnable::Duplicate { of }))?;
            }
            return Ok(entry_id);
        }
        let full = self.full(&fields.app)?;
        let wanted = match &fields.id {
            Some(id) => self.own_id(id, &fields.app)?,
            None => entry_id.clone(),
        };
        let id = self.free_id(&wanted, seq)?;
        let num = self.insert(&id, job, fields, full.as_ref())?;
        if full.is_some() {
            self.count("refused", 1)?;
        } else {
            self.keep_dedupe(num, &id, fields)?;
        }
        Ok(entry_id)
    }

    /// Why there is no room for another job of this app.
    pub(super) fn full(&self, app: &str) -> rusqlite::Result<Option<Unrunnable>> {
        let max = self.bound(app)?;
        if max >= 0 && self.live_of(app)? >= max {
            let max = max.unsigned_abs();
            return Ok(Some(Unrunnable::AppQueueFull { max }));
        }
        let max = self.noted("queue_max")?.unwrap_or(self.options.queue_max);
        if max >= 0 {
            let live = self.meta("queued")? + self.meta("delayed")? + self.meta("running")?;
            if live >= max {
                let max = max.unsigned_abs();
                return Ok(Some(Unrunnable::QueueFull { max }));
            }
        }
        Ok(None)
    }

    fn live_of(&self, app: &str) -> rusqlite::Result<i64> {
        let live = self
            .db
            .prepare_cached(
                "SELECT waiting + delayed + running FROM queue_apps
                 WHERE queue = ?1 AND app = ?2",
            )?
            .query_row(params![self.queue, app], |row| row.get(0))
            .optional()?;
        Ok(live.unwrap_or(0))
    }

    /// Writes a new job: unrunnable for a reason, delayed, or queued.
    fn insert(
        &self,
        id: &str,
        job: &str,
        fields: &Fields,
        why: Option<&Unrunnable>,
    ) -> rusqlite::Result<i64> {
        let due_us = match fields.start {
            Start::AtOnce => self.now_us,
            Start::After(ms) => self.now_us + ms * 1_000,
            Start::At(ms) => ms * 1_000,
        };
        let state = if why.is_some() {
            State::Unrunnable
        } else if due_us > self.now_us {
            State::Delayed
        } else {
            State::Queued
        };
        let (why, arg) = why.map(reason_columns).unzip();
        self.db
            .prepare_cached(
                "INSERT INTO queue_live (queue, id, app, hook, lane, priority, idempotent, at_us,
                     state, due_us, deadline_us, why, why_arg, own_id, dedupe)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            )?
            .execute(params![
                self.queue,
                id,
                fields.app,
                fields.hook,
                self.lane(&fields.app, &fields.hook)?,
                fields.priority,
                fields.idempotent,
                self.now_us,
                state.number(),
                (state == State::Delayed).then_some(due_us),
                fields.deadline_ms.map(|ms| self.now_us + ms * 1_000),
                why,
                arg,
                fields.id,
                fields.dedupe_key
            ])?;
        let num = self.db.last_insert_rowid();
        self.db
            .prepare_cached("INSERT INTO queue_bodies (num, job) VALUES (?1, ?2)")?
            .execute(params![num, job])?;
        self.shift(&fields.app, None, Some(state))?;
        Ok(num)
    }

    /// The id under which a job lives: its own, unless another app has a live job of that name,
    /// and then one with the app behind it.
    fn own_id(&self, id: &str, app: &str) -> rusqlite::Result<String> {
        Ok(if self.live_app(id)?.is_none() {
            id.to_owned()
        } else {
            format!("{id}~{app}")
        })
    }

    /// A name that somebody else took by chance or by will gives way to one that nobody has.
    fn free_id(&self, wanted: &str, mut seq: i64) -> rusqlite::Result<String> {
        let mut id = wanted.to_owned();
        while self.live_app(&id)?.is_some() {
            id = format!("{wanted}~{seq}");
            seq = self.count("seq", 1)?;
        }
        Ok(id)
    }

    /// The app of the live job `id`, if there is one.
    fn live_app(&self, id: &str) -> rusqlite::Result<Option<String>> {
        self.db
            .prepare_cached("SELECT app FROM queue_live WHERE queue = ?1 AND id = ?2")?
            .query_row(params![self.queue, id], |row| row.get(0))
            .optional()
    }
}
