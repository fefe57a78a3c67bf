//! Replacing the quotas of all apps: every worker does so, and often nothing has changed.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use rusqlite::params;

use super::apps::Step;
use super::quotas::Gcra;
use crate::limits::HOOK_RATES_MAX;
use crate::values::AppQuota;

/// One app's quota as the tables hold it.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
struct Kept {
    cap: Option<i64>,
    weight: Option<i64>,
    rate: Option<Gcra>,
    queue_max: Option<i64>,
    hooks: BTreeMap<String, Gcra>,
}

impl Kept {
    fn of(quota: &AppQuota) -> Self {
        let hooks = quota.hook_rates.iter().take(HOOK_RATES_MAX);
        Self {
            cap: quota.max_concurrent,
            weight: quota.weight.map(i64::from),
            rate: quota.rate.map(Gcra::of),
            queue_max: quota.queue_max,
            hooks: hooks
                .map(|(h, rate)| (h.clone(), Gcra::of(*rate)))
                .collect(),
        }
    }
}

/// Changes whenever a quota does. Another build may count otherwise, and then compares once.
fn digest(wanted: &BTreeMap<&str, Kept>) -> i64 {
    let mut hasher = DefaultHasher::new();
    wanted.hash(&mut hasher);
    i64::from_ne_bytes(hasher.finish().to_ne_bytes())
}

impl Step<'_> {
    /// Replaces the quotas. Only apps whose quota is another one are touched, and those are put
    /// where they belong; the same list as last time costs one look.
    pub(super) fn set_quotas(&self, quotas: &[(String, AppQuota)]) -> rusqlite::Result<()> {
        let each = quotas.iter();
        let wanted: BTreeMap<&str, Kept> = each
            .map(|(app, quota)| (app.as_str(), Kept::of(quota)))
            .collect();
        let digest = digest(&wanted);
        if self.noted("quotas")? == Some(digest) {
            return Ok(());
        }
        self.note("quotas", digest)?;
        let kept = self.kept_quotas()?;
        for app in kept.keys().filter(|app| !wanted.contains_key(app.as_str())) {
            self.drop_quota(app)?;
            self.place(app)?;
        }
        for (app, quota) in &wanted {
            if kept.get(*app) != Some(quota) {
                self.drop_quota(app)?;
                self.write_quota(app, quota)?;
                self.place(app)?;
            }
        }
        Ok(())
    }

    fn kept_quotas(&self) -> rusqlite::Result<BTreeMap<String, Kept>> {
        let mut kept: BTreeMap<String, Kept> = self
            .db
            .prepare_cached(
                "SELECT app, cap, weight, rate_jobs, rate_us, queue_max FROM queue_quotas
                 WHERE queue = ?1",
            )?
            .query_map(params![self.queue], |row| {
                let rate: (Option<i64>, Option<i64>) = (row.get(3)?, row.get(4)?);
                let kept = Kept {
                    cap: row.get(1)?,
                    weight: row.get(2)?,
                    rate: rate.0.zip(rate.1).map(|(jobs, per)| Gcra::new(jobs, per)),
                    queue_max: row.get(5)?,
                    hooks: BTreeMap::new(),
                };
                Ok((row.get(0)?, kept))
            })?
            .collect::<Result<_, _>>()?;
        let mut hooks = self.db.prepare_cached(
            "SELECT app, hook, jobs, per_us FROM queue_hook_rates WHERE queue = ?1",
        )?;
        let mut rows = hooks.query(params![self.queue])?;
        while let Some(row) = rows.next()? {
            let rate = Gcra::new(row.get(2)?, row.get(3)?);
            let app = kept.entry(row.get(0)?).or_default();
            app.hooks.insert(row.get(1)?, rate);
        }
        Ok(kept)
    }

    fn drop_quota(&self, app: &str) -> rusqlite::Result<()> {
        for table in ["queue_quotas", "queue_hook_rates"] {
            self.db
                .prepare_cached(&format!(
                    "DELETE FROM {table} WHERE queue = ?1 AND app = ?2"
                ))?
                .execute(params![self.queue, app])?;
        }
        Ok(())
    }

    fn write_quota(&self, app: &str, quota: &Kept) -> rusqlite::Result<()> {
        self.db
            .prepare_cached("INSERT INTO queue_quotas VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
            .execute(params![
                self.queue,
                app,
                quota.cap,
                quota.weight,
                quota.rate.map(|rate| rate.jobs),
                quota.rate.map(|rate| rate.per_us),
                quota.queue_max
            ])?;
        for (hook, rate) in &quota.hooks {
            self.db
                .prepare_cached("INSERT INTO queue_hook_rates VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![self.queue, app, hook, rate.jobs, rate.per_us])?;
        }
        Ok(())
    }
}
