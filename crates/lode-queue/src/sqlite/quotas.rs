//! What each app may: caps, weights, rates (GCRA), bounds, pauses.

use rusqlite::{OptionalExtension, params};

use super::apps::Step;
use crate::limits::PURGE_MAX;
use crate::values::Rate;

/// What holds for one app now: its own quota, or the handle's default.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quota {
    /// Negative: none.
    pub(super) cap: i64,
    /// 1 to 100.
    pub(super) weight: i64,
    pub(super) rate: Option<Gcra>,
}

/// A rate in microseconds: `jobs` starts at once, then one per `per_us / jobs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Gcra {
    pub(super) jobs: i64,
    pub(super) per_us: i64,
}

impl Gcra {
    pub(super) fn new(jobs: i64, per_us: i64) -> Self {
        let jobs = jobs.max(1);
        Self {
            jobs,
            per_us: per_us.max(jobs),
        }
    }

    pub(super) fn of(rate: Rate) -> Self {
        let per_us = i64::try_from(rate.per.as_micros()).unwrap_or(i64::MAX);
        Self::new(rate.jobs.into(), per_us)
    }

    fn interval(self) -> i64 {
        self.per_us / self.jobs
    }
}

impl Step<'_> {
    /// What holds for an app. The nameless one has no cap: its jobs are broken and only wait to be
    /// told so.
    pub(super) fn quota(&self, app: &str) -> rusqlite::Result<Quota> {
        if app.is_empty() {
            return Ok(Quota {
                cap: -1,
                weight: 1,
                rate: None,
            });
        }
        let default = Quota {
            cap: self.options.default_app_cap,
            weight: 1,
            rate: None,
        };
        let own = self
            .db
            .prepare_cached(
                "SELECT cap, weight, rate_jobs, rate_us FROM queue_quotas
                 WHERE queue = ?1 AND app = ?2",
            )?
            .query_row(params![self.queue, app], |row| {
                let rate: (Option<i64>, Option<i64>) = (row.get(2)?, row.get(3)?);
                let weight: Option<i64> = row.get(1)?;
                Ok(Quota {
                    cap: row.get::<_, Option<i64>>(0)?.unwrap_or(default.cap),
                    weight: weight.unwrap_or(1).clamp(1, 100),
                    rate: rate.0.zip(rate.1).map(|(jobs, per)| Gcra::new(jobs, per)),
                })
            })
            .optional()?;
        Ok(own.unwrap_or(default))
    }

    /// How many live jobs an app may have; negative: any number. The default is that of the worker
    /// that tended last: a producer or an admin's tool may have been given none, or another.
    pub(super) fn bound(&self, app: &str) -> rusqlite::Result<i64> {
        if app.is_empty() {
            return Ok(-1);
        }
        let own = self
            .db
            .prepare_cached("SELECT queue_max FROM queue_quotas WHERE queue = ?1 AND app = ?2")?
            .query_row(params![self.queue, app], |row| row.get(0))
            .optional()?;
        if let Some(own) = own.flatten() {
            return Ok(own);
        }
        let tended = self.noted("app_queue_max")?;
        Ok(tended.unwrap_or(self.options.app_queue_max))
    }

    /// The hooks of an app that have a rate of their own.
    pub(super) fn hook_rates(&self, app: &str) -> rusqlite::Result<Vec<(String, Gcra)>> {
        self.db
            .prepare_cached(
                "SELECT hook, jobs, per_us FROM queue_hook_rates WHERE queue = ?1 AND app = ?2",
            )?
            .query_map(params![self.queue, app], |row| {
                Ok((row.get(0)?, Gcra::new(row.get(1)?, row.get(2)?)))
            })?
            .collect()
    }

    /// The rate of one hook.
    pub(super) fn hook_rate(&self, app: &str, hook: &str) -> rusqlite::Result<Option<Gcra>> {
        self.db
            .prepare_cached(
                "SELECT jobs, per_us FROM queue_hook_rates
                 WHERE queue = ?1 AND app = ?2 AND hook = ?3",
            )?
            .query_row(params![self.queue, app, hook], |row| {
                Ok(Gcra::new(row.get(0)?, row.get(1)?))
            })
            .optional()
    }

    /// When the next start is allowed, if it is not now; `hook` is empty for the app's own rate.
    pub(super) fn throttled_until(
        &self,
        app: &str,
        hook: &str,
        rate: Option<Gcra>,
    ) -> rusqlite::Result<Option<i64>> {
        let Some(rate) = rate else {
            return Ok(None);
        };
        let tat = self
            .db
            .prepare_cached(
                "SELECT tat_us FROM queue_starts WHERE queue = ?1 AND app = ?2 AND hook = ?3",
            )?
            .query_row(params![self.queue, app, hook], |row| row.get::<_, i64>(0))
            .optional()?;
        let allowed = tat.map(|tat| tat - (rate.per_us - rate.interval()));
        Ok(allowed.filter(|allowed| *allowed > self.now_us))
    }

    /// Counts a start of a job.
    pub(super) fn count_start(&self, app: &str, hook: &str) -> rusqlite::Result<()> {
        self.each_rate(app, hook, |hook, rate| {
            self.db
                .prepare_cached(
                    "INSERT INTO queue_starts VALUES (?1, ?2, ?3, ?4 + ?5)
                     ON CONFLICT DO UPDATE SET tat_us = max(tat_us, ?4) + ?5",
                )?
                .execute(params![self.queue, app, hook, self.now_us, rate.interval()])?;
            Ok(())
        })
    }

    /// Takes a start back: the job was leased and did not start. Nobody gains by it: a moment that
    /// has passed gives no more than now.
    pub(super) fn uncount_start(&self, app: &str, hook: &str) -> rusqlite::Result<()> {
        self.each_rate(app, hook, |hook, rate| {
            self.db
                .prepare_cached(
                    "UPDATE queue_starts SET tat_us = max(tat_us - ?4, ?5)
                     WHERE queue = ?1 AND app = ?2 AND hook = ?3",
                )?
                .execute(params![self.queue, app, hook, rate.interval(), self.now_us])?;
            Ok(())
        })
    }

    fn each_rate(
        &self,
        app: &str,
        hook: &str,
        change: impl Fn(&str, Gcra) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        if let Some(rate) = self.quota(app)?.rate {
            change("", rate)?;
        }
        if !hook.is_empty()
            && let Some(rate) = self.hook_rate(app, hook)?
        {
            change(hook, rate)?;
        }
        Ok(())
    }

    /// Forgets starts that hold nothing back any more.
    pub(super) fn purge_starts(&self) -> rusqlite::Result<()> {
        self.db
            .prepare_cached(&format!(
                "DELETE FROM queue_starts WHERE (queue, app, hook) IN
                     (SELECT queue, app, hook FROM queue_starts
                      WHERE queue = ?1 AND tat_us <= ?2 LIMIT {PURGE_MAX})"
            ))?
            .execute(params![self.queue, self.now_us])?;
        Ok(())
    }

    /// Whether this app is paused.
    pub(super) fn is_paused(&self, app: &str) -> rusqlite::Result<bool> {
        self.db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM queue_paused WHERE queue = ?1 AND app = ?2)",
            )?
            .query_row(params![self.queue, app], |row| row.get(0))
    }

    /// Pauses or resumes an app or the queue; `false`: it was so already.
    pub(super) fn set_paused(&self, app: Option<&str>, paused: bool) -> rusqlite::Result<bool> {
        let Some(app) = app else {
            let was = self.meta("paused")?;
            self.count("paused", i64::from(paused) - was)?;
            return Ok((was != 0) != paused);
        };
        let change = if paused {
            "INSERT OR IGNORE INTO queue_paused VALUES (?1, ?2)"
        } else {
            "DELETE FROM queue_paused WHERE queue = ?1 AND app = ?2"
        };
        let changed = self
            .db
            .prepare_cached(change)?
            .execute(params![self.queue, app])?;
        self.place(app)?;
        Ok(changed > 0)
    }
}
