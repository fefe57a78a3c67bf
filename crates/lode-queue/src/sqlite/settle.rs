//! Settling on SQLite: outcome, replies, kept result, counters and dead list in one step; and what
//! a running job says before.

use rusqlite::params;

use super::apps::Step;
use crate::reply_to::{refusal, undelivered};
use crate::values::{Cancelled, LeaseRef, Progress, Settle, Unrunnable};

use super::jobs::{JobRow, State};

/// Why an answer to a client of npm `background-task` cannot be given here.
const NO_TASK_REPLY: &str =
    "background-task reply not delivered: its clients read Redis, and this queue is a SQLite file";

impl Step<'_> {
    /// Ends a job. `false`: the lease is no longer the caller's, and nothing was done.
    pub(super) fn settle(&self, lease: &LeaseRef, settle: &Settle) -> rusqlite::Result<bool> {
        let Some(job) = self.owned(lease)? else {
            return Ok(false);
        };
        let text = self.body(job.num)?;
        let joined = self.take_joined(job.num)?;
        for table in ["queue_live", "queue_bodies"] {
            self.db
                .prepare_cached(&format!("DELETE FROM {table} WHERE num = ?1"))?
                .execute(params![job.num])?;
        }
        self.shift(&job.app, Some(job.state), None)?;
        self.count("settled", 1)?;
        self.leave_behind(&job, &settle.outcome)?;
        let mut reasons: Vec<String> = settle.dead.iter().cloned().collect();
        if let Some(list) = &settle.reply_to {
            match refusal(self.queue, list) {
                None => self.push_reply(list, &settle.outcome)?,
                Some(problem) => {
                    self.count("undelivered", 1)?;
                    reasons.push(undelivered(list, &problem));
                }
            }
        }
        for list in joined {
            // Who joined the job that it enqueued itself has its answer.
            if settle.reply_to.as_ref() != Some(&list) {
                self.push_reply(&list, &settle.outcome)?;
            }
        }
        if settle.task_reply.is_some() {
            self.count("undelivered", 1)?;
            reasons.push(NO_TASK_REPLY.to_owned());
        }
        if !reasons.is_empty() {
            self.bury(&job, &text, &reasons.join("; "), &settle.outcome)?;
        }
        Ok(true)
    }

    /// Notes what a leased job says of its progress; a list that cannot take it does not.
    pub(super) fn progress(&self, lease: &LeaseRef, progress: &Progress) -> rusqlite::Result<bool> {
        let changed = self
            .db
            .prepare_cached(
                "UPDATE queue_live SET progress = ?4
                 WHERE queue = ?1 AND id = ?2 AND token = ?3",
            )?
            .execute(params![
                self.queue,
                lease.job_id,
                lease.token,
                progress.value
            ])?;
        if changed > 0
            && let Some((list, text)) = &progress.push
            && refusal(self.queue, list).is_none()
        {
            self.push_reply(list, text)?;
        }
        Ok(changed > 0)
    }

    /// The job that somebody means by this id: with an app that one's, else the one that lives
    /// under it.
    fn meant(&self, id: &str, app: Option<&str>) -> rusqlite::Result<Option<JobRow>> {
        let Some(app) = app else {
            return self.job(id);
        };
        match self.live(id, app)? {
            Some((_, id)) => self.job(&id),
            None => Ok(None),
        }
    }

    /// Cancels the live job of this id, wherever it stands.
    pub(super) fn cancel(&self, id: &str, app: Option<&str>) -> rusqlite::Result<Cancelled> {
        let Some(job) = self.meant(id, app)? else {
            return Ok(Cancelled::NotFound);
        };
        match job.state {
            State::Unrunnable => Ok(Cancelled::NotFound),
            State::Queued | State::Delayed => {
                self.count("cancelled", 1)?;
                self.to_unrunnable(&job, &Unrunnable::Cancelled)?;
                Ok(Cancelled::Queued)
            }
            State::Leased => {
                self.count("cancelled", i64::from(!job.cancelled))?;
                self.db
                    .prepare_cached("UPDATE queue_live SET cancelled = 1 WHERE num = ?1")?
                    .execute(params![job.num])?;
                Ok(Cancelled::Running)
            }
        }
    }
}
