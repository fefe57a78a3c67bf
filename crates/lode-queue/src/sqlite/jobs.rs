//! One job's row: what is known of it, and its ways from state to state.

use rusqlite::{OptionalExtension, Row, params};

use super::apps::Step;
use crate::values::{JobState, LeaseRef, Unrunnable};

/// Where a job stands; the numbers are those of the column, and of the partial indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Queued = 0,
    Delayed = 1,
    Leased = 2,
    Unrunnable = 3,
}

impl State {
    fn of(number: i64) -> Self {
        match number {
            0 => Self::Queued,
            1 => Self::Delayed,
            2 => Self::Leased,
            _ => Self::Unrunnable,
        }
    }

    /// The number in the column.
    pub(super) fn number(self) -> i64 {
        self as i64
    }

    /// The same for people.
    pub(super) fn shown(self) -> JobState {
        match self {
            Self::Queued => JobState::Queued,
            Self::Delayed => JobState::Delayed,
            Self::Leased => JobState::Leased,
            Self::Unrunnable => JobState::Unrunnable,
        }
    }
}

/// One row of `queue_live`, without its text.
#[derive(Debug)]
pub(super) struct JobRow {
    pub(super) num: i64,
    pub(super) id: String,
    pub(super) app: String,
    pub(super) hook: String,
    pub(super) priority: i64,
    pub(super) idempotent: bool,
    pub(super) at_us: i64,
    pub(super) attempts: i64,
    pub(super) losses: i64,
    pub(super) state: State,
    pub(super) due_us: Option<i64>,
    pub(super) deadline_us: Option<i64>,
    pub(super) why: Option<Unrunnable>,
    pub(super) own_id: Option<String>,
    pub(super) dedupe: Option<String>,
    pub(super) worker: Option<String>,
    pub(super) cancelled: bool,
    pub(super) progress: Option<String>,
}

/// The columns that [`JobRow::read`] expects.
const COLUMNS: &str = "num, id, app, hook, priority, idempotent, at_us, attempts, losses, state,
                       due_us, deadline_us, why, why_arg, own_id, dedupe, worker, cancelled,
                       progress";

impl JobRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let state = State::of(row.get(9)?);
        let (why, arg): (Option<String>, Option<String>) = (row.get(12)?, row.get(13)?);
        Ok(Self {
            num: row.get(0)?,
            id: row.get(1)?,
            app: row.get(2)?,
            hook: row.get(3)?,
            priority: row.get(4)?,
            idempotent: row.get(5)?,
            at_us: row.get(6)?,
            attempts: row.get(7)?,
            losses: row.get(8)?,
            state,
            due_us: row.get(10)?,
            deadline_us: row.get(11)?,
            why: (state == State::Unrunnable)
                .then(|| reason(&why.unwrap_or_default(), arg.unwrap_or_default())),
            own_id: row.get(14)?,
            dedupe: row.get(15)?,
            worker: row.get(16)?,
            cancelled: row.get(17)?,
            progress: row.get(18)?,
        })
    }
}

/// The name of a reason in the file, and its one number or id.
pub(super) fn reason_columns(why: &Unrunnable) -> (&'static str, String) {
    match why {
        Unrunnable::WorkerLost => ("worker_lost", String::new()),
        Unrunnable::TooManyAttempts => ("too_many_attempts", String::new()),
        Unrunnable::Poison { workers } => ("poison", workers.to_string()),
        Unrunnable::Expired => ("expired", String::new()),
        Unrunnable::Cancelled => ("cancelled", String::new()),
        Unrunnable::AppQueueFull { max } => ("app_queue_full", max.to_string()),
        Unrunnable::QueueFull { max } => ("queue_full", max.to_string()),
        Unrunnable::Duplicate { of } => ("duplicate", of.clone()),
    }
}

/// The opposite; a name that a later Lode may have written counts as a lost worker.
fn reason(name: &str, arg: String) -> Unrunnable {
    match name {
        "too_many_attempts" => Unrunnable::TooManyAttempts,
        "poison" => Unrunnable::Poison {
            workers: arg.parse().unwrap_or(0),
        },
        "expired" => Unrunnable::Expired,
        "cancelled" => Unrunnable::Cancelled,
        "app_queue_full" => Unrunnable::AppQueueFull {
            max: arg.parse().unwrap_or(0),
        },
        "queue_full" => Unrunnable::QueueFull {
            max: arg.parse().unwrap_or(0),
        },
        "duplicate" => Unrunnable::Duplicate { of: arg },
        _ => Unrunnable::WorkerLost,
    }
}

impl Step<'_> {
    /// Jobs of this queue by a condition, whose first parameter is `?2`.
    pub(super) fn jobs_where(
        &self,
        condition: &str,
        args: &[&dyn rusqlite::ToSql],
    ) -> rusqlite::Result<Vec<JobRow>> {
        let mut all: Vec<&dyn rusqlite::ToSql> = vec![&self.queue];
        all.extend(args);
        self.db
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM queue_live WHERE queue = ?1 AND {condition}"
            ))?
            .query_map(&*all, JobRow::read)?
            .collect()
    }

    /// The live job of this id.
    pub(super) fn job(&self, id: &str) -> rusqlite::Result<Option<JobRow>> {
        Ok(self.jobs_where("id = ?2", &[&id])?.pop())
    }

    /// The job under this lease; `None` when the lease is no longer the caller's.
    pub(super) fn owned(&self, lease: &LeaseRef) -> rusqlite::Result<Option<JobRow>> {
        let found = self.jobs_where("id = ?2 AND token = ?3", &[&lease.job_id, &lease.token])?;
        Ok(found.into_iter().next())
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

    /// The lane that a job of this hook waits in: the hook's own if it has a rate.
    pub(super) fn lane<'h>(&self, app: &str, hook: &'h str) -> rusqlite::Result<&'h str> {
        let limited = !hook.is_empty() && self.hook_rate(app, hook)?.is_some();
        Ok(if limited { hook } else { "" })
    }

    /// Queues a job at its place, by priority and arrival.
    pub(super) fn to_queued(&self, job: &JobRow) -> rusqlite::Result<()> {
        let lane = self.lane(&job.app, &job.hook)?;
        self.db
            .prepare_cached(
                "UPDATE queue_live SET state = 0, lane = ?2, due_us = NULL, token = NULL,
                     worker = NULL, holder = NULL, expires_us = NULL, attempts = ?3, losses = ?4,
                     deadline_us = ?5
                 WHERE num = ?1",
            )?
            .execute(params![
                job.num,
                lane,
                job.attempts,
                job.losses,
                job.deadline_us
            ])?;
        self.shift(&job.app, Some(job.state), Some(State::Queued))
    }

    /// Lets a job that was leased wait until `due_us`.
    pub(super) fn to_delayed(&self, job: &JobRow, due_us: i64) -> rusqlite::Result<()> {
        self.db
            .prepare_cached(
                "UPDATE queue_live SET state = 1, due_us = ?2, token = NULL, worker = NULL,
                     holder = NULL, expires_us = NULL, deadline_us = NULL
                 WHERE num = ?1",
            )?
            .execute(params![job.num, due_us])?;
        self.shift(&job.app, Some(job.state), Some(State::Delayed))
    }

    /// Lets a job wait for nothing but its outcome.
    pub(super) fn to_unrunnable(&self, job: &JobRow, why: &Unrunnable) -> rusqlite::Result<()> {
        let (why, arg) = reason_columns(why);
        self.db
            .prepare_cached(
                "UPDATE queue_live SET state = 3, why = ?2, why_arg = ?3, due_us = NULL,
                     token = NULL, worker = NULL, holder = NULL, expires_us = NULL, losses = ?4
                 WHERE num = ?1",
            )?
            .execute(params![job.num, why, arg, job.losses])?;
        self.shift(&job.app, Some(job.state), Some(State::Unrunnable))
    }

    /// Puts a job that only waits to be settled back where it waits.
    pub(super) fn to_lane(&self, job: &JobRow) -> rusqlite::Result<()> {
        self.db
            .prepare_cached(
                "UPDATE queue_live SET token = NULL, worker = NULL, holder = NULL,
                     expires_us = NULL
                 WHERE num = ?1",
            )?
            .execute(params![job.num])?;
        Ok(())
    }
}
