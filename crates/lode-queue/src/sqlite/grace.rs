//! When the queue itself was out of reach: nobody is lost for that.

use rusqlite::{OptionalExtension as _, params};

use super::apps::Step;
use crate::limits::{CLOCK_SLACK_US, GRACE_US_MAX, SILENCE_US_MIN};

impl Step<'_> {
    /// Notes that the queue is looked after. When nobody did so for long, then the queue was out
    /// of reach, and whoever comes first must not take the leases of all the others: they get time
    /// to come back, too. Not again at once, unless somebody has looked in often meanwhile, so
    /// that one who always looks in seldom takes back in the end what was lost.
    pub(super) fn observe(&self, is_tending: bool) -> rusqlite::Result<()> {
        let length = self.grace_length();
        let (seen, grace) = (self.noted("seen_us")?, self.grace()?);
        let is_gap = seen.is_some_and(|seen| self.now_us.saturating_sub(seen) > self.silence());
        if is_gap && (self.meta("often")? != 0 || self.now_us > grace + 2 * length) {
            self.note("grace_us", self.now_us + length)?;
            self.note("often", 0)?;
        }
        if is_tending {
            if !is_gap {
                self.note("often", 1)?;
            }
            self.note("seen_us", self.now_us)?;
        }
        Ok(())
    }

    /// Until when nothing is taken back from anybody. Nothing is ever granted further ahead than
    /// its length: then the clock was set back.
    pub(super) fn grace(&self) -> rusqlite::Result<i64> {
        let grace = self.meta("grace_us")?;
        let is_sound = grace <= self.now_us.saturating_add(self.grace_length());
        Ok(if is_sound { grace } else { 0 })
    }

    /// A clock that was set back leaves times behind that would come far too late.
    pub(super) fn set_back(&self) -> rusqlite::Result<()> {
        // Handles may differ: a lease is sound if any of them could have given it.
        let own_us = i64::try_from(self.options.lease.as_micros()).unwrap_or(i64::MAX);
        let longest_us = own_us.max(self.meta("lease_us")?);
        self.note("lease_us", longest_us)?;
        let expiry_us = self.now_us.saturating_add(longest_us);
        let latest = |time_us: i64| time_us.saturating_add(CLOCK_SLACK_US);
        self.db
            .prepare_cached(
                "UPDATE queue_live SET expires_us = ?2
                 WHERE queue = ?1 AND token IS NOT NULL AND expires_us > ?3",
            )?
            .execute(params![self.queue, expiry_us, latest(expiry_us)])?;
        self.db
            .prepare_cached(
                "UPDATE queue_workers SET beat_us = ?2 WHERE queue = ?1 AND beat_us > ?3",
            )?
            .execute(params![self.queue, self.now_us, latest(self.now_us)])?;
        Ok(())
    }

    /// A worker that lives tends the queue far more often.
    fn silence(&self) -> i64 {
        let half = self.options.worker_timeout / 2;
        i64::try_from(half.as_micros())
            .unwrap_or(i64::MAX)
            .max(SILENCE_US_MIN)
    }

    fn grace_length(&self) -> i64 {
        let longer = self.options.worker_timeout.max(self.options.lease);
        i64::try_from(longer.as_micros())
            .unwrap_or(i64::MAX)
            .min(GRACE_US_MAX)
    }

    /// A number of the queue, if it was ever set.
    pub(super) fn noted(&self, name: &str) -> rusqlite::Result<Option<i64>> {
        self.db
            .prepare_cached("SELECT value FROM queue_meta WHERE queue = ?1 AND name = ?2")?
            .query_row(params![self.queue, name], |row| row.get(0))
            .optional()
    }

    /// Sets a number of the queue, if it is another one.
    pub(super) fn note(&self, name: &str, value: i64) -> rusqlite::Result<()> {
        if self.noted(name)? == Some(value) {
            return Ok(());
        }
        self.db
            .prepare_cached(
                "INSERT INTO queue_meta (queue, name, value) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET value = excluded.value",
            )?
            .execute(params![self.queue, name, value])?;
        Ok(())
    }
}
