//! Admission on SQLite: a job goes straight under its app.

use rusqlite::{OptionalExtension as _, params};

use super::apps::Step;
use crate::fields::Fields;

impl Step<'_> {
    /// Takes one job in and returns the entry's id. A job whose id is live is dropped and counted.
    pub(super) fn admit(&self, job: &str, fields: &Fields) -> rusqlite::Result<String> {
        let mut seq = self.count("seq", 1)?;
        let entry_id = format!("{}-{seq}", self.now_us / 1_000);
        let wanted = match &fields.id {
            Some(id) => match self.own_id(id, &fields.app)? {
                Some(id) => id,
                None => {
                    self.count("duplicates", 1)?;
                    return Ok(entry_id);
                }
            },
            None => entry_id.clone(),
        };
        // A name that somebody else took by chance or by will: then one that nobody has.
        let mut id = wanted.clone();
        while self.live_app(&id)?.is_some() {
            id = format!("{wanted}~{seq}");
            seq = self.count("seq", 1)?;
        }
        self.db
            .prepare_cached(
                "INSERT INTO queue_jobs (queue, id, app, priority, idempotent, at_us)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                self.queue,
                id,
                fields.app,
                fields.priority,
                fields.idempotent,
                self.now_us
            ])?;
        self.db
            .prepare_cached("INSERT INTO queue_bodies (num, job) VALUES (?1, ?2)")?
            .execute(params![self.db.last_insert_rowid(), job])?;
        self.shift(&fields.app, 1, 0)?;
        Ok(entry_id)
    }

    /// The id under which a job lives: its own, unless another app has a live job of that name,
    /// and then one with the app behind it. `None` when the app has that very job already.
    fn own_id(&self, id: &str, app: &str) -> rusqlite::Result<Option<String>> {
        let other = format!("{id}~{app}");
        let taken = self.live_app(id)?;
        if taken.as_deref() == Some(app) || self.live_app(&other)?.as_deref() == Some(app) {
            return Ok(None);
        }
        Ok(Some(if taken.is_none() {
            id.to_owned()
        } else {
            other
        }))
    }

    /// The app of the live job `id`, if there is one.
    fn live_app(&self, id: &str) -> rusqlite::Result<Option<String>> {
        self.db
            .prepare_cached("SELECT app FROM queue_jobs WHERE queue = ?1 AND id = ?2")?
            .query_row(params![self.queue, id], |row| row.get(0))
            .optional()
    }
}

#[cfg(test)]
mod tests {
    use crate::fields::Fields;
    use crate::open::QueueOptions;
    use crate::sqlite::apps::Step;
    use crate::sqlite::schema;

    #[test]
    fn an_entry_whose_id_is_taken_by_a_name_gets_another() {
        let dir = tempfile::TempDir::new().unwrap();
        let db = schema::open(&dir.path().join("queue.db")).unwrap();
        let options = QueueOptions::default();
        let step = Step {
            db: &db,
            queue: "q",
            options: &options,
            now_us: 5_000,
        };
        let named = Fields {
            id: Some("5-2".to_owned()),
            ..Fields::default()
        };
        assert_eq!(step.admit("named", &named).unwrap(), "5-1");
        assert_eq!(step.admit("nameless", &Fields::default()).unwrap(), "5-2");
        let jobs = step.lease("w", 9, "token").unwrap();
        let ids: Vec<&str> = jobs.iter().map(|j| j.lease.job_id.as_str()).collect();
        assert_eq!(ids, ["5-2", "5-2~2"]);
    }
}
