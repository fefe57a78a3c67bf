//! Second jobs of one id or dedupe key: they join the first while it lives, and get its outcome
//! while that is kept.

use rusqlite::{OptionalExtension as _, params};

use super::apps::Step;
use super::jobs::JobRow;
use crate::fields::Fields;
use crate::limits::{JOINED_MAX, PURGE_MAX};
use crate::reply_to::refusal;
use crate::values::Unrunnable;

/// The job that came first.
#[derive(Debug)]
pub(super) enum Earlier {
    Live { num: i64, id: String },
    Settled { id: String, kept: Option<Kept> },
}

/// The outcome that is kept of a settled job, under the id that it named.
#[derive(Debug)]
pub(super) struct Kept {
    id: String,
    outcome: String,
}

impl Step<'_> {
    /// The job that this one would double: a live one before a settled one.
    pub(super) fn earlier(&self, fields: &Fields) -> rusqlite::Result<Option<Earlier>> {
        let mut kept = None;
        if let Some(id) = &fields.id {
            if let Some((num, id)) = self.live(id, &fields.app)? {
                return Ok(Some(Earlier::Live { num, id }));
            }
            kept = self.kept(&fields.app, id)?.map(|kept| Earlier::Settled {
                id: id.clone(),
                kept: Some(kept),
            });
        }
        let of_key = match &fields.dedupe_key {
            Some(key) => self.earlier_of_key(&fields.app, key)?,
            None => None,
        };
        // An id names one job for certain, a key some job of its kind.
        Ok(kept.or(of_key))
    }

    /// The number and id of an app's live job of this id: the one to which it gave that, whatever
    /// name it lives under, for others may have taken this one, and whatever would have come in its
    /// place; else one that has the id from its entry. A job of another id that lives under this
    /// name by chance is not it.
    pub(super) fn live(&self, id: &str, app: &str) -> rusqlite::Result<Option<(i64, String)>> {
        for its_id in ["own_id = ?3", "own_id IS NULL AND id = ?3"] {
            let found = self
                .db
                .prepare_cached(&format!(
                    "SELECT num, id FROM queue_live
                     WHERE queue = ?1 AND app = ?2 AND {its_id} LIMIT 1"
                ))?
                .query_row(params![self.queue, app, id], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn earlier_of_key(&self, app: &str, key: &str) -> rusqlite::Result<Option<Earlier>> {
        let found = self
            .db
            .prepare_cached(
                "SELECT num, id, own_id, EXISTS (SELECT 1 FROM queue_live j WHERE j.num = d.num)
                 FROM queue_dedupe d
                 WHERE queue = ?1 AND app = ?2 AND key = ?3
                     AND (expires_us IS NULL OR expires_us > ?4)",
            )?
            .query_row(params![self.queue, app, key, self.now_us], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()?;
        let Some((num, id, own_id, live)): Option<(i64, String, Option<String>, bool)> = found
        else {
            return Ok(None);
        };
        if live {
            return Ok(Some(Earlier::Live { num, id }));
        }
        let kept = match own_id {
            Some(own_id) => self.kept(app, &own_id)?,
            None => None,
        };
        Ok(Some(Earlier::Settled { id, kept }))
    }

    fn kept(&self, app: &str, id: &str) -> rusqlite::Result<Option<Kept>> {
        let id = id.to_owned();
        let outcome = self.result(app, &id)?;
        Ok(outcome.map(|outcome| Kept { id, outcome }))
    }

    /// Gives a second job what the first one gets. Returns the first one's id when it cannot.
    pub(super) fn join(
        &self,
        earlier: &Earlier,
        fields: &Fields,
    ) -> rusqlite::Result<Option<String>> {
        let list = fields
            .reply_to
            .as_ref()
            .filter(|list| refusal(self.queue, list).is_none());
        if let Some(list) = list {
            match earlier {
                Earlier::Live { num, id } => {
                    let another = self.is_another_on_its_list(*num, id, fields, list)?;
                    if another || !self.join_live(*num, list)? {
                        return Ok(Some(id.clone()));
                    }
                }
                Earlier::Settled { id, kept } => match kept {
                    Some(kept) if self.may_tell(&fields.app, &kept.id)? => {
                        self.push_reply(list, &kept.outcome)?;
                    }
                    Some(_) | None => return Ok(Some(id.clone())),
                },
            }
        }
        self.count("duplicates", 1)?;
        Ok(None)
    }

    /// Whether a job that shares a key with a live one of another id has named a list that waits
    /// for that one already. One outcome for both would leave the caller waiting for the second.
    fn is_another_on_its_list(
        &self,
        num: i64,
        id: &str,
        fields: &Fields,
        list: &str,
    ) -> rusqlite::Result<bool> {
        let Some(own) = &fields.id else {
            return Ok(false);
        };
        let first: Option<String> = self
            .db
            .prepare_cached("SELECT own_id FROM queue_live WHERE num = ?1")?
            .query_row(params![num], |row| row.get(0))?;
        if id == own || first.as_ref() == Some(own) {
            return Ok(false);
        }
        if Fields::read(&self.body(num)?).reply_to.as_deref() == Some(list) {
            return Ok(true);
        }
        self.db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM queue_joined WHERE num = ?1 AND list = ?2)",
            )?
            .query_row(params![num, list], |row| row.get(0))
    }

    /// Adds a list to those that wait for a job; `false`: there are too many. A list waits once,
    /// however often its owner has tried.
    fn join_live(&self, num: i64, list: &str) -> rusqlite::Result<bool> {
        let (has, count): (bool, i64) = self
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM queue_joined WHERE num = ?1 AND list = ?2),
                        (SELECT count(*) FROM queue_joined WHERE num = ?1)",
            )?
            .query_row(params![num, list], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if !has && count < JOINED_MAX {
            self.db
                .prepare_cached("INSERT INTO queue_joined VALUES (?1, ?2)")?
                .execute(params![num, list])?;
        }
        Ok(has || count < JOINED_MAX)
    }

    /// Counts one more who is told a kept result; `false`: so many were told already. Without a
    /// bound, repeats of one small job would copy a large outcome without end.
    fn may_tell(&self, app: &str, id: &str) -> rusqlite::Result<bool> {
        let counted = self
            .db
            .prepare_cached(
                "UPDATE queue_results SET told = told + 1
                 WHERE queue = ?1 AND app = ?2 AND id = ?3 AND told < ?4",
            )?
            .execute(params![self.queue, app, id, JOINED_MAX])?;
        Ok(counted > 0)
    }

    /// Takes the lists that have joined a job.
    pub(super) fn take_joined(&self, num: i64) -> rusqlite::Result<Vec<String>> {
        self.db
            .prepare_cached("DELETE FROM queue_joined WHERE num = ?1 RETURNING list")?
            .query_map(params![num], |row| row.get(0))?
            .collect()
    }

    /// Notes the dedupe key of an admitted job.
    pub(super) fn keep_dedupe(&self, num: i64, id: &str, fields: &Fields) -> rusqlite::Result<()> {
        let Some(key) = &fields.dedupe_key else {
            return Ok(());
        };
        self.db
            .prepare_cached(
                "INSERT OR REPLACE INTO queue_dedupe VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                self.queue,
                fields.app,
                key,
                num,
                id,
                fields.id,
                fields.dedupe_ttl_ms.map(|ms| self.now_us + ms * 1_000)
            ])?;
        Ok(())
    }

    /// What a settled job leaves for those that come later: its outcome, if it named its id and
    /// was not refused for want of room; and not its dedupe key, unless that has a time of its own.
    pub(super) fn leave_behind(&self, job: &JobRow, outcome: &str) -> rusqlite::Result<()> {
        if let Some(key) = &job.dedupe {
            self.db
                .prepare_cached(
                    "DELETE FROM queue_dedupe WHERE queue = ?1 AND app = ?2 AND key = ?3
                         AND num = ?4 AND expires_us IS NULL",
                )?
                .execute(params![self.queue, job.app, key, job.num])?;
        }
        let refused = match &job.why {
            Some(
                Unrunnable::AppQueueFull { .. }
                | Unrunnable::QueueFull { .. }
                | Unrunnable::Duplicate { .. },
            ) => true,
            Some(_) | None => false,
        };
        if let Some(id) = &job.own_id
            && !refused
            && !self.options.result_ttl.is_zero()
        {
            self.db
                .prepare_cached(
                    "INSERT OR REPLACE INTO queue_results (queue, app, id, outcome, expires_us)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![
                    self.queue,
                    job.app,
                    id,
                    outcome,
                    self.after(self.options.result_ttl)
                ])?;
        }
        Ok(())
    }

    /// The outcome that is kept of a settled job that named its id.
    pub(super) fn result(&self, app: &str, id: &str) -> rusqlite::Result<Option<String>> {
        self.db
            .prepare_cached(
                "SELECT outcome FROM queue_results
                 WHERE queue = ?1 AND app = ?2 AND id = ?3 AND expires_us > ?4",
            )?
            .query_row(params![self.queue, app, id, self.now_us], |row| row.get(0))
            .optional()
    }

    /// Forgets what an earlier run of this job has left, so that it can come anew.
    pub(super) fn forget_earlier(&self, fields: &Fields) -> rusqlite::Result<()> {
        if let Some(id) = &fields.id {
            self.db
                .prepare_cached(
                    "DELETE FROM queue_results WHERE queue = ?1 AND app = ?2 AND id = ?3",
                )?
                .execute(params![self.queue, fields.app, id])?;
        }
        if let Some(key) = &fields.dedupe_key {
            self.db
                .prepare_cached(
                    "DELETE FROM queue_dedupe WHERE queue = ?1 AND app = ?2 AND key = ?3",
                )?
                .execute(params![self.queue, fields.app, key])?;
        }
        Ok(())
    }

    /// Deletes a few results and dedupe keys whose time is over.
    pub(super) fn purge_kept(&self) -> rusqlite::Result<()> {
        self.db
            .prepare_cached(&format!(
                "DELETE FROM queue_results WHERE rowid IN
                     (SELECT rowid FROM queue_results WHERE expires_us <= ?1 LIMIT {PURGE_MAX})"
            ))?
            .execute(params![self.now_us])?;
        self.db
            .prepare_cached(&format!(
                "DELETE FROM queue_dedupe WHERE (queue, app, key) IN
                     (SELECT queue, app, key FROM queue_dedupe
                      WHERE expires_us IS NOT NULL AND expires_us <= ?1 LIMIT {PURGE_MAX})"
            ))?
            .execute(params![self.now_us])?;
        Ok(())
    }
}
