//! Leasing on SQLite: reclaim what expired, promote what is due, then pick fairly; and the ways
//! back.

use std::collections::HashSet;
use std::time::Duration;

use rusqlite::{OptionalExtension as _, params};

use super::apps::{ACTIVE, Step, THROTTLED};
use super::jobs::{JobRow, State};
use crate::limits::{HEAL_MAX, PROMOTE_MAX, RECLAIM_MAX, SORT_MAX, UNRUNNABLE_MAX};
use crate::values::{LeaseRef, Leased, Unrunnable};

/// Who leases: the worker's name for people, its handle, and the stem of the call's tokens.
#[derive(Debug, Clone)]
pub(super) struct Taker {
    pub(super) worker: String,
    pub(super) holder: String,
    pub(super) stem: String,
}

/// What one call has handed out so far.
#[derive(Debug)]
pub(super) struct Hands<'a> {
    taker: &'a Taker,
    pub(super) jobs: Vec<Leased>,
    /// Jobs that it may still sort into the lanes of their hooks.
    sorts_left: usize,
}

impl<'a> Hands<'a> {
    pub(super) fn new(taker: &'a Taker) -> Self {
        Self {
            taker,
            jobs: Vec::new(),
            sorts_left: SORT_MAX,
        }
    }
}

/// What an app has to offer.
enum First {
    Job(Box<JobRow>),
    /// All its jobs belong to hooks that are at their rates until this instant.
    Throttled(i64),
    /// Jobs have to be sorted by hook first, more than this call may: a later one goes on.
    NotYet,
    None,
}

impl Step<'_> {
    /// Takes up to `max` jobs that may run; and some that only wait to be settled, unless this
    /// handle gets those as it tends the queue: it does not lease for them what it cannot settle.
    pub(super) fn lease(
        &self,
        taker: &Taker,
        max: usize,
        not_of: &[String],
    ) -> rusqlite::Result<Vec<Leased>> {
        self.observe(false)?;
        self.housekeep()?;
        let mut hands = Hands::new(taker);
        let mut passed: HashSet<String> = not_of.iter().cloned().collect();
        self.pick(&mut hands, max, &mut passed)?;
        if hands.jobs.len() < max {
            self.heal(HEAL_MAX)?;
            self.pick(&mut hands, max, &mut passed)?;
        }
        if !self.tends(&taker.holder)? {
            self.hand_unrunnable(&mut hands)?;
        }
        self.forget_idle()?;
        Ok(hands.jobs)
    }

    /// What is due by time alone, a bounded part of it. `true`: there is more.
    pub(super) fn housekeep(&self) -> rusqlite::Result<bool> {
        self.set_back()?;
        let reclaimed = self.reclaim()?;
        let promoted = self.promote()?;
        let expired = self.expire()?;
        let unthrottled = self.unthrottle()?;
        self.purge_replies()?;
        self.purge_kept()?;
        self.purge_starts()?;
        let moved = promoted.max(expired).max(unthrottled);
        Ok(reclaimed >= RECLAIM_MAX || moved >= PROMOTE_MAX)
    }

    /// Gives a lease its full time again.
    pub(super) fn extend(&self, lease: &LeaseRef) -> rusqlite::Result<bool> {
        let changed = self
            .db
            .prepare_cached(
                "UPDATE queue_live SET expires_us = ?4
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

    /// Hands back a job that was not started: its attempt and its start do not count, and its
    /// deadline does again.
    pub(super) fn release(&self, lease: &LeaseRef) -> rusqlite::Result<bool> {
        let Some(mut job) = self.owned(lease)? else {
            return Ok(false);
        };
        if job.state == State::Unrunnable {
            self.to_lane(&job)?;
            return Ok(true);
        }
        self.uncount_start(&job.app, &job.hook)?;
        if job.cancelled {
            self.to_unrunnable(&job, &Unrunnable::Cancelled)?;
        } else {
            job.attempts -= 1;
            self.to_queued(&job)?;
        }
        Ok(true)
    }

    /// Hands back a job after a platform failure, to wait for `delay` first.
    pub(super) fn retry(&self, lease: &LeaseRef, delay: Duration) -> rusqlite::Result<bool> {
        let Some(mut job) = self.owned(lease)? else {
            return Ok(false);
        };
        if job.state == State::Unrunnable {
            self.to_lane(&job)?;
        } else if job.cancelled {
            self.to_unrunnable(&job, &Unrunnable::Cancelled)?;
        } else if job.attempts >= i64::from(self.options.max_attempts) {
            self.to_unrunnable(&job, &Unrunnable::TooManyAttempts)?;
        } else if delay.is_zero() {
            job.deadline_us = None;
            self.to_queued(&job)?;
        } else {
            self.to_delayed(&job, self.after(delay))?;
        }
        Ok(true)
    }

    /// A lease that its worker will not end any more; `counted`: as the loss of a worker.
    pub(super) fn lose(&self, mut job: JobRow, counted: bool) -> rusqlite::Result<()> {
        self.count("reclaimed", 1)?;
        if job.state == State::Unrunnable {
            return self.to_lane(&job);
        }
        job.losses += i64::from(counted);
        job.deadline_us = None;
        let why = if job.cancelled {
            Unrunnable::Cancelled
        } else if !job.idempotent {
            Unrunnable::WorkerLost
        } else if counted && job.losses >= i64::from(self.options.poison_losses) {
            Unrunnable::Poison {
                workers: u32::try_from(job.losses).unwrap_or(u32::MAX),
            }
        } else if job.attempts >= i64::from(self.options.max_attempts) {
            Unrunnable::TooManyAttempts
        } else {
            return self.to_queued(&job);
        };
        self.to_unrunnable(&job, &why)
    }

    fn reclaim(&self) -> rusqlite::Result<usize> {
        if self.now_us < self.grace()? {
            return Ok(0);
        }
        let expired = self.jobs_where(
            &format!(
                "token IS NOT NULL AND expires_us <= ?2 ORDER BY expires_us LIMIT {RECLAIM_MAX}"
            ),
            &[&self.now_us],
        )?;
        let count = expired.len();
        for job in expired {
            self.lose(job, true)?;
        }
        Ok(count)
    }

    /// Queues delayed jobs that are due.
    fn promote(&self) -> rusqlite::Result<usize> {
        let due = self.jobs_where(
            &format!("state = 1 AND due_us <= ?2 ORDER BY due_us LIMIT {PROMOTE_MAX}"),
            &[&self.now_us],
        )?;
        due.iter().try_for_each(|job| self.to_queued(job))?;
        Ok(due.len())
    }

    /// Ends jobs that have not started in time, so that they are answered without room.
    fn expire(&self) -> rusqlite::Result<usize> {
        let late = self.jobs_where(
            &format!(
                "deadline_us IS NOT NULL AND state < 2 AND deadline_us <= ?2
                 ORDER BY deadline_us LIMIT {PROMOTE_MAX}"
            ),
            &[&self.now_us],
        )?;
        for job in &late {
            self.count("expired", 1)?;
            self.to_unrunnable(job, &Unrunnable::Expired)?;
        }
        Ok(late.len())
    }

    /// Start-time fair queueing: the app of the smallest tag is next, and each job costs it.
    fn pick(
        &self,
        hands: &mut Hands<'_>,
        max: usize,
        passed: &mut HashSet<String>,
    ) -> rusqlite::Result<()> {
        if self.meta("paused")? != 0 {
            return Ok(());
        }
        // Every turn takes a job, ends one, or takes an app out; the bound is for the latter two.
        for _ in 0..max + PROMOTE_MAX {
            if hands.jobs.len() >= max {
                break;
            }
            let Some((app, tag)) = self.next_app(|app| passed.contains(app))? else {
                break;
            };
            if self.place(&app)? != ACTIVE {
                continue;
            }
            match self.first_of(&app, &mut hands.sorts_left)? {
                First::Job(job) => self.start(*job, tag, hands)?,
                First::Throttled(until_us) => self.set_place(&app, THROTTLED, until_us)?,
                First::NotYet => {
                    passed.insert(app);
                }
                // The count was wrong: somebody deleted rows by hand.
                First::None => self.recount(&app)?,
            }
        }
        Ok(())
    }

    /// Leases a picked job to run, unless it is too late or too often for that.
    fn start(&self, mut job: JobRow, tag: i64, hands: &mut Hands<'_>) -> rusqlite::Result<()> {
        if job.deadline_us.is_some_and(|late| late <= self.now_us) {
            self.count("expired", 1)?;
            return self.to_unrunnable(&job, &Unrunnable::Expired);
        }
        if job.attempts >= i64::from(self.options.max_attempts) {
            return self.to_unrunnable(&job, &Unrunnable::TooManyAttempts);
        }
        self.charge(&job.app, tag)?;
        self.count_start(&job.app, &job.hook)?;
        job.attempts += 1;
        self.hand(&job, State::Leased, hands)?;
        self.shift(&job.app, Some(State::Queued), Some(State::Leased))
    }

    /// The job of an app that may start next: by priority and arrival, those of hooks at their
    /// rates passed over. Each hook with a rate has a lane of its own, all others share one.
    fn first_of(&self, app: &str, sorts_left: &mut usize) -> rusqlite::Result<First> {
        let limits = self.hook_rates(app)?;
        let limit_of = |hook: &str| limits.iter().find(|(h, _)| h == hook).map(|(_, r)| *r);
        let (mut best, mut soonest) = (None::<JobRow>, None::<i64>);
        let mut lane = self.next_lane(app, None)?;
        while let Some(name) = lane {
            if let Some(until) = self.throttled_until(app, &name, limit_of(&name))? {
                soonest = Some(soonest.map_or(until, |other| other.min(until)));
            } else if let Some(first) = loop {
                let first = self.first_in(app, &name)?;
                match first {
                    // Its hook has got a rate since the job was queued.
                    Some(job) if job.hook != name && limit_of(&job.hook).is_some() => {
                        if *sorts_left == 0 {
                            return Ok(First::NotYet);
                        }
                        *sorts_left -= 1;
                        self.set_lane(&job)?;
                    }
                    first => break first,
                }
            } && best
                .as_ref()
                .is_none_or(|best| (-first.priority, first.num) < (-best.priority, best.num))
            {
                best = Some(first);
            }
            lane = self.next_lane(app, Some(&name))?;
        }
        Ok(match (best, soonest) {
            (Some(job), _) => First::Job(Box::new(job)),
            (None, Some(until)) => First::Throttled(until),
            (None, None) => First::None,
        })
    }

    fn first_in(&self, app: &str, lane: &str) -> rusqlite::Result<Option<JobRow>> {
        let first = "state = 0 AND app = ?2 AND lane = ?3 ORDER BY priority DESC, num LIMIT 1";
        Ok(self.jobs_where(first, &[&app, &lane])?.pop())
    }

    fn set_lane(&self, job: &JobRow) -> rusqlite::Result<()> {
        self.db
            .prepare_cached("UPDATE queue_live SET lane = hook WHERE num = ?1")?
            .execute(params![job.num])?;
        Ok(())
    }

    /// The first lane of an app with jobs in it, after another one.
    pub(super) fn next_lane(
        &self,
        app: &str,
        after: Option<&str>,
    ) -> rusqlite::Result<Option<String>> {
        let (after, inclusive) = (after.unwrap_or_default(), after.is_none());
        self.db
            .prepare_cached(if inclusive {
                "SELECT lane FROM queue_live WHERE state = 0 AND queue = ?1 AND app = ?2
                     AND lane >= ?3 ORDER BY lane LIMIT 1"
            } else {
                "SELECT lane FROM queue_live WHERE state = 0 AND queue = ?1 AND app = ?2
                     AND lane > ?3 ORDER BY lane LIMIT 1"
            })?
            .query_row(params![self.queue, app, after], |row| row.get(0))
            .optional()
    }

    fn recount(&self, app: &str) -> rusqlite::Result<()> {
        self.db
            .prepare_cached("UPDATE queue_apps SET waiting = 0 WHERE queue = ?1 AND app = ?2")?
            .execute(params![self.queue, app])?;
        self.place(app).map(drop)
    }

    /// Hands out jobs that only wait to be settled. `true`: there are more.
    pub(super) fn hand_unrunnable(&self, hands: &mut Hands<'_>) -> rusqlite::Result<bool> {
        let mut jobs = self.jobs_where(
            &format!(
                "state = 3 AND token IS NULL ORDER BY num LIMIT {}",
                UNRUNNABLE_MAX + 1
            ),
            &[],
        )?;
        let more = jobs.len() > UNRUNNABLE_MAX;
        jobs.truncate(UNRUNNABLE_MAX);
        for job in jobs {
            self.hand(&job, State::Unrunnable, hands)?;
        }
        Ok(more)
    }

    /// Hands one job to this worker under a new token.
    fn hand(&self, job: &JobRow, state: State, hands: &mut Hands<'_>) -> rusqlite::Result<()> {
        let token = format!("{}.{}", hands.taker.stem, hands.jobs.len() + 1);
        self.db
            .prepare_cached(
                "UPDATE queue_live SET token = ?2, worker = ?3, holder = ?4, expires_us = ?5,
                     attempts = ?6, state = ?7
                 WHERE num = ?1",
            )?
            .execute(params![
                job.num,
                token,
                hands.taker.worker,
                hands.taker.holder,
                self.expiry_us(),
                job.attempts,
                state.number()
            ])?;
        hands.jobs.push(Leased {
            lease: LeaseRef {
                job_id: job.id.clone(),
                token,
            },
            job: self.body(job.num)?,
            attempts: u32::try_from(job.attempts).unwrap_or(u32::MAX),
            queued_us: u64::try_from(self.now_us - job.at_us).unwrap_or(0),
            unrunnable: job.why.clone(),
        });
        Ok(())
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
