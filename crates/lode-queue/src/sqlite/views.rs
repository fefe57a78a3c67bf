//! What people see of the SQLite queue: numbers, apps, jobs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rusqlite::{OptionalExtension as _, params};

use super::apps::{ACTIVE, CAPPED, PAUSED, Step, THROTTLED, rows};
use super::jobs::{JobRow, State};
use crate::limits::{COST, VIEW_MAX};
use crate::values::{AppStats, JobView, QueueStats};

/// A count as the contract has it; rows deleted by hand may have made it negative.
fn number(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

impl Step<'_> {
    /// The queue in numbers.
    pub(super) fn stats(&self) -> rusqlite::Result<QueueStats> {
        let leased: i64 = self
            .db
            .prepare_cached(
                "SELECT count(*) FROM queue_live WHERE queue = ?1 AND token IS NOT NULL",
            )?
            .query_row(params![self.queue], |row| row.get(0))?;
        let meta = |name: &str| self.meta(name).map(number);
        Ok(QueueStats {
            inbox: 0,
            queued: meta("queued")?,
            delayed: meta("delayed")?,
            leased: number(leased),
            dead: meta("dead")?,
            settled: meta("settled")?,
            duplicates: meta("duplicates")?,
            reclaimed: meta("reclaimed")?,
            undelivered: meta("undelivered")?,
            refused: meta("refused")?,
            cancelled: meta("cancelled")?,
            expired: meta("expired")?,
            workers: self.workers()?.len() as u64,
            paused: self.meta("paused")? != 0,
        })
    }

    /// One app, or those with the most live jobs, in numbers.
    pub(super) fn app_stats(
        &self,
        app: Option<&str>,
        limit: usize,
    ) -> rusqlite::Result<Vec<AppStats>> {
        let apps: Vec<String> = match app {
            Some(app) => vec![app.to_owned()],
            None => self
                .db
                .prepare_cached(
                    "SELECT app FROM queue_apps
                     WHERE queue = ?1 AND waiting + delayed + running > 0
                     ORDER BY waiting + delayed + running DESC, app LIMIT ?2",
                )?
                .query_map(params![self.queue, rows(limit.min(VIEW_MAX))], |row| {
                    row.get(0)
                })?
                .collect::<Result<_, _>>()?,
        };
        apps.into_iter().map(|app| self.one_app(app)).collect()
    }

    fn one_app(&self, app: String) -> rusqlite::Result<AppStats> {
        let found = self
            .db
            .prepare_cached(
                "SELECT waiting, delayed, running FROM queue_apps WHERE queue = ?1 AND app = ?2",
            )?
            .query_row(params![self.queue, app], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let (waiting, delayed, running): (i64, i64, i64) = found.unwrap_or_default();
        let rate = self.quota(&app)?.rate;
        Ok(AppStats {
            live: number(waiting + delayed + running),
            queued: number(waiting),
            leased: number(running),
            paused: self.is_paused(&app)?,
            throttled: self.throttled_until(&app, "", rate)?.is_some(),
            ban: self.ban_of(&app)?,
            app,
        })
    }

    /// One live job with its text.
    pub(super) fn inspect(&self, id: &str) -> rusqlite::Result<Option<JobView>> {
        let Some(job) = self.job(id)? else {
            return Ok(None);
        };
        let text = self.body(job.num)?;
        Ok(Some(JobView {
            job: Some(text),
            ..self.view(job)
        }))
    }

    fn view(&self, job: JobRow) -> JobView {
        let left_us = |due: i64| number((due - self.now_us) / 1_000);
        JobView {
            state: job.state.shown(),
            priority: job.priority,
            attempts: u32::try_from(job.attempts).unwrap_or(u32::MAX),
            age_ms: number((self.now_us - job.at_us) / 1_000),
            due_in_ms: job
                .due_us
                .filter(|_| job.state == State::Delayed)
                .map(left_us),
            id: job.id,
            app: job.app,
            hook: job.hook,
            worker: job.worker,
            progress: job.progress,
            job: None,
        }
    }

    /// Jobs that have not started: those that wait in the order in which the apps would be served
    /// if each could start all of its own, then the delayed by their time.
    pub(super) fn peek(&self, app: Option<&str>, limit: usize) -> rusqlite::Result<Vec<JobView>> {
        let limit = limit.min(VIEW_MAX);
        let turns = match app {
            Some(app) => vec![app.to_owned(); limit],
            None => self.turns(limit)?,
        };
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for app in &turns {
            *counts.entry(app).or_default() += 1;
        }
        let mut waiting: BTreeMap<&str, VecDeque<JobRow>> = BTreeMap::new();
        for (app, count) in counts {
            waiting.insert(app, self.first_jobs(app, count)?.into());
        }
        let mut jobs: Vec<JobRow> = Vec::new();
        for app in &turns {
            jobs.extend(waiting.get_mut(app.as_str()).and_then(VecDeque::pop_front));
        }
        let left = rows(limit - jobs.len());
        jobs.extend(match app {
            Some(app) => self.jobs_where(
                "state = 1 AND app = ?2 ORDER BY due_us LIMIT ?3",
                &[&app, &left],
            )?,
            None => self.jobs_where("state = 1 ORDER BY due_us LIMIT ?2", &[&left])?,
        });
        Ok(jobs.into_iter().map(|job| self.view(job)).collect())
    }

    /// The apps of the next jobs, by their virtual times; those that may not start one come last.
    /// However many apps wait, no more than `limit` of each state are read.
    fn turns(&self, limit: usize) -> rusqlite::Result<Vec<String>> {
        let mut line = BTreeSet::new();
        for state in [ACTIVE, CAPPED, THROTTLED, PAUSED] {
            let apps: Vec<(i64, String, i64)> = self
                .db
                .prepare_cached(
                    "SELECT tag, app, waiting FROM queue_apps
                     WHERE queue = ?1 AND state = ?2 ORDER BY tag, app LIMIT ?3",
                )?
                .query_map(params![self.queue, state, rows(limit)], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?
                .collect::<Result<_, _>>()?;
            let apps = apps.into_iter();
            line.extend(apps.map(|(tag, app, waiting)| (state != ACTIVE, tag, app, waiting)));
        }
        let mut costs: BTreeMap<String, i64> = BTreeMap::new();
        let mut turns = Vec::new();
        while turns.len() < limit
            && let Some((out, tag, app, waiting)) = line.pop_first()
        {
            turns.push(app.clone());
            if waiting > 1 {
                let cost = match costs.get(&app) {
                    Some(cost) => *cost,
                    None => COST / self.quota(&app)?.weight,
                };
                costs.insert(app.clone(), cost);
                line.insert((out, tag + cost, app, waiting - 1));
            }
        }
        Ok(turns)
    }

    /// The first waiting jobs of an app over all its lanes.
    fn first_jobs(&self, app: &str, count: usize) -> rusqlite::Result<Vec<JobRow>> {
        let first = "state = 0 AND app = ?2 AND lane = ?3 ORDER BY priority DESC, num LIMIT ?4";
        let mut jobs = Vec::new();
        let mut lane = self.next_lane(app, None)?;
        while let Some(name) = lane {
            jobs.extend(self.jobs_where(first, &[&app, &name, &rows(count)])?);
            lane = self.next_lane(app, Some(&name))?;
        }
        jobs.sort_by_key(|job| (-job.priority, job.num));
        jobs.truncate(count);
        Ok(jobs)
    }
}
