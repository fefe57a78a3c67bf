//! Leasing on SQLite: reclaim what expired, then pick fairly; and the ways back.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row, params};

use super::apps::Step;
use crate::limits::{HEAL_MAX, RECLAIM_MAX};
use crate::queue::{LeaseRef, Leased, Lost};

/// One row of `queue_jobs`, as far as leasing needs it.
#[derive(Debug)]
pub(super) struct JobRow {
    pub(super) num: i64,
    pub(super) id: String,
    pub(super) app: String,
    idempotent: bool,
    at_us: i64,
    attempts: i64,
    lost: i64,
}

/// The columns that [`JobRow::read`] expects.
const COLUMNS: &str = "num, id, app, idempotent, at_us, attempts, lost";

impl JobRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            num: row.get(0)?,
            id: row.get(1)?,
            app: row.get(2)?,
            idempotent: row.get(3)?,
            at_us: row.get(4)?,
            attempts: row.get(5)?,
            lost: row.get(6)?,
        })
    }
}

/// What one lease call has handed out so far.
#[derive(Debug)]
struct Hands<'a> {
    worker: &'a str,
    max: usize,
    stem: &'a str,
    jobs: Vec<Leased>,
}

impl Step<'_> {
    /// Takes up to `max` jobs.
    pub(super) fn lease(
        &self,
        worker: &str,
        max: usize,
        stem: &str,
    ) -> rusqlite::Result<Vec<Leased>> {
        let mut hands = Hands {
            worker,
            max,
            stem,
            jobs: Vec::new(),
        };
        self.reclaim(&mut hands)?;
        self.pick(&mut hands)?;
        if hands.jobs.len() < max {
            self.heal(HEAL_MAX)?;
            self.pick(&mut hands)?;
        }
        self.forget_idle()?;
        self.purge_replies()?;
        Ok(hands.jobs)
    }

    /// The job under this lease; `None` when the lease is no longer the caller's.
    pub(super) fn owned(&self, lease: &LeaseRef) -> rusqlite::Result<Option<JobRow>> {
        self.db
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM queue_jobs WHERE queue = ?1 AND id = ?2 AND token = ?3"
            ))?
            .query_row(params![self.queue, lease.job_id, lease.token], JobRow::read)
            .optional()
    }

    /// Gives a lease its full time again.
    pub(super) fn extend(&self, lease: &LeaseRef) -> rusqlite::Result<bool> {
        let changed = self
            .db
            .prepare_cached(
                "UPDATE queue_jobs SET expires_us = ?4
                 WHERE queue = ?1 AND id = ?2 AND token = ?3",
            )?
            .execute(params![
                self.queue,
                lease.job_id,
                lease.token,
                self.expiry_us()
            ])?;
        Ok(changed > 0)
    }

    /// Hands a job back to the place it had. A released one takes its attempt back, unless it was
    /// lost and so never given one.
    pub(super) fn hand_back(&self, lease: &LeaseRef, released: bool) -> rusqlite::Result<bool> {
        let Some(job) = self.owned(lease)? else {
            return Ok(false);
        };
        let uncounted = i64::from(released && job.lost == 0);
        self.requeue(&job, uncounted)?;
        Ok(true)
    }

    fn requeue(&self, job: &JobRow, uncounted: i64) -> rusqlite::Result<()> {
        self.db
            .prepare_cached(
                "UPDATE queue_jobs SET token = NULL, worker = NULL, expires_us = NULL,
                                       attempts = attempts - ?2
                 WHERE num = ?1",
            )?
            .execute(params![job.num, uncounted])?;
        self.shift(&job.app, 1, -1)
    }

    /// Expired leases: an idempotent job waits again, any other goes to this worker to be settled.
    fn reclaim(&self, hands: &mut Hands<'_>) -> rusqlite::Result<()> {
        let expired: Vec<JobRow> = self
            .db
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM queue_jobs
                 WHERE queue = ?1 AND token IS NOT NULL AND expires_us <= ?2
                 ORDER BY expires_us LIMIT {RECLAIM_MAX}"
            ))?
            .query_map(params![self.queue, self.now_us], JobRow::read)?
            .collect::<Result<_, _>>()?;
        for mut job in expired {
            let attempts_max = i64::from(self.options.max_attempts);
            if job.lost == 0 && job.idempotent && job.attempts < attempts_max {
                self.count("reclaimed", 1)?;
                self.requeue(&job, 0)?;
            } else if hands.jobs.len() < hands.max {
                self.count("reclaimed", 1)?;
                if job.lost == 0 {
                    job.lost = if job.idempotent { 2 } else { 1 };
                }
                self.hand(&job, hands)?;
            }
        }
        Ok(())
    }

    /// Start-time fair queueing: the app of the smallest tag is next, and each job costs it 1.
    fn pick(&self, hands: &mut Hands<'_>) -> rusqlite::Result<()> {
        // Every turn takes a job or takes an app out; the bound is for apps out by a lowered cap.
        for _ in 0..hands.max + 100 {
            if hands.jobs.len() >= hands.max {
                break;
            }
            let Some((app, tag)) = self.next_app()? else {
                break;
            };
            if self.at_cap(&app)? {
                self.place(&app)?;
                continue;
            }
            self.charge(&app, tag)?;
            match self.first_of(&app)? {
                Some(mut job) => {
                    if job.lost == 0 {
                        job.attempts += 1;
                        let too_many = job.attempts > i64::from(self.options.max_attempts);
                        job.lost = if too_many { 2 } else { 0 };
                    }
                    self.hand(&job, hands)?;
                    self.shift(&app, -1, 1)?;
                }
                // The count was wrong: somebody deleted rows by hand.
                None => self.recount(&app)?,
            }
        }
        Ok(())
    }

    fn first_of(&self, app: &str) -> rusqlite::Result<Option<JobRow>> {
        self.db
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM queue_jobs
                 WHERE queue = ?1 AND app = ?2 AND token IS NULL
                 ORDER BY priority DESC, num LIMIT 1"
            ))?
            .query_row(params![self.queue, app], JobRow::read)
            .optional()
    }

    fn recount(&self, app: &str) -> rusqlite::Result<()> {
        self.db
            .prepare_cached("UPDATE queue_apps SET waiting = 0 WHERE queue = ?1 AND app = ?2")?
            .execute(params![self.queue, app])?;
        self.place(app)
    }

    /// Hands one job to this worker under a new token.
    fn hand(&self, job: &JobRow, hands: &mut Hands<'_>) -> rusqlite::Result<()> {
        let token = format!("{}.{}", hands.stem, hands.jobs.len() + 1);
        self.db
            .prepare_cached(
                "UPDATE queue_jobs SET token = ?2, worker = ?3, expires_us = ?4, attempts = ?5,
                                       lost = ?6 WHERE num = ?1",
            )?
            .execute(params![
                job.num,
                token,
                hands.worker,
                self.expiry_us(),
                job.attempts,
                job.lost
            ])?;
        hands.jobs.push(Leased {
            lease: LeaseRef {
                job_id: job.id.clone(),
                token,
            },
            job: self.body(job.num)?,
            attempts: u32::try_from(job.attempts).unwrap_or(u32::MAX),
            queued_us: u64::try_from(self.now_us - job.at_us).unwrap_or(0),
            lost: match job.lost {
                0 => None,
                1 => Some(Lost::WorkerLost),
                _ => Some(Lost::TooManyAttempts),
            },
        });
        Ok(())
    }

    /// The text of a job; empty when the row was deleted by hand.
    pub(super) fn body(&self, num: i64) -> rusqlite::Result<String> {
        let body = self
            .db
            .prepare_cached("SELECT job FROM queue_bodies WHERE num = ?1")?
            .query_row(params![num], |row| row.get(0))
            .optional()?;
        Ok(body.unwrap_or_default())
    }

    fn expiry_us(&self) -> i64 {
        self.after(self.options.lease)
    }

    /// The moment this long from now.
    pub(super) fn after(&self, time: Duration) -> i64 {
        self.now_us
            .saturating_add(i64::try_from(time.as_micros()).unwrap_or(i64::MAX))
    }
}
