//! Steps of several calls: many jobs at once, a cancellation behind a backlog, quotas, the dead
//! list.

use redis::cmd;

use super::args::{digest, maybe, pick_args, quota_args};
use super::queue::RedisQueue;
use super::reply::dead_jobs;
use crate::error::QueueError;
use crate::limits::{CANCEL_CALLS_MAX, DEAD_STEP, ENQUEUE_BYTES_MAX, ENQUEUE_MAX};
use crate::values::{AppQuota, Cancelled, DeadJob, DeadPick};

impl RedisQueue {
    /// Adds jobs to the inbox, as many as fit in one pipeline at a time.
    pub(super) async fn add_all(&self, jobs: &[String]) -> Result<Vec<String>, QueueError> {
        let (mut ids, inbox) = (Vec::with_capacity(jobs.len()), self.keys.of("in"));
        while ids.len() < jobs.len() {
            let (mut pipe, mut bytes) = (redis::pipe(), 0);
            for job in jobs[ids.len()..].iter().take(ENQUEUE_MAX) {
                pipe.cmd("XADD").arg(&inbox).arg("*").arg("job").arg(job);
                bytes += job.len();
                if bytes > ENQUEUE_BYTES_MAX {
                    break;
                }
            }
            let added: Vec<String> = pipe
                .query_async(&mut self.connections.shared())
                .await
                .map_err(|error| self.connections.failed("enqueue_many", &error))?;
            ids.extend(added);
        }
        Ok(ids)
    }

    /// Cancels a job, and admits the inbox as long as the job may still be in there.
    pub(super) async fn cancel_anywhere(
        &self,
        id: &str,
        app: Option<&str>,
    ) -> Result<Cancelled, QueueError> {
        let [named, app] = maybe(app);
        let args = [id.to_owned(), named, app];
        for _ in 0..CANCEL_CALLS_MAX {
            let (what, more): (String, bool) =
                self.run("cancel", &self.scripts.cancel, &args).await?;
            match what.as_str() {
                "queued" => return Ok(Cancelled::Queued),
                "running" => return Ok(Cancelled::Running),
                _ if !more => break,
                _ => {}
            }
        }
        Ok(Cancelled::NotFound)
    }

    /// Replaces the quotas of all apps; sends them only when the queue has others.
    pub(super) async fn replace_quotas(
        &self,
        quotas: &[(String, AppQuota)],
    ) -> Result<(), QueueError> {
        let list = quota_args(quotas);
        let mut args = vec![digest(&list), String::new()];
        let mut done: bool = self.run("set_quotas", &self.scripts.quotas, &args).await?;
        if !done {
            "1".clone_into(&mut args[1]);
            args.extend(list);
            done = self.run("set_quotas", &self.scripts.quotas, &args).await?;
        }
        debug_assert!(done, "a list that is sent is taken");
        Ok(())
    }

    /// The newest entries of the dead list, of one app or of any.
    pub(super) async fn dead_of(
        &self,
        app: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DeadJob>, QueueError> {
        let (mut found, mut before) = (Vec::new(), "+".to_owned());
        while found.len() < limit {
            let mut range = cmd("XREVRANGE");
            range.arg(self.keys.of("dead")).arg(&before).arg("-");
            range.arg("COUNT").arg(DEAD_STEP);
            let page = dead_jobs(self.ask("dead", &range).await?);
            let Some((last, _)) = page.last() else { break };
            before = format!("({last}");
            let of_app = page
                .into_iter()
                .map(|(_, job)| job)
                .filter(|job| app.is_none_or(|app| job.app == app));
            found.extend(of_app);
        }
        found.truncate(limit);
        Ok(found)
    }

    /// Queues anew or forgets what stands in the dead list now; what dies meanwhile stays.
    pub(super) async fn clear_dead(
        &self,
        what: &'static str,
        pick: &DeadPick,
    ) -> Result<u64, QueueError> {
        let mut newest = cmd("XREVRANGE");
        newest.arg(self.keys.of("dead")).arg("+").arg("-");
        let page = dead_jobs(self.ask(what, newest.arg("COUNT").arg(1)).await?);
        let Some((end, _)) = page.into_iter().next() else {
            return Ok(0);
        };
        let [kind, value] = pick_args(pick);
        let (mut from, mut count) = ("-".to_owned(), 0);
        loop {
            let args = [
                what.to_owned(),
                kind.clone(),
                value.clone(),
                from,
                end.clone(),
            ];
            let (some, next): (u64, String) = self.run(what, &self.scripts.dead, &args).await?;
            count += some;
            if next.is_empty() {
                return Ok(count);
            }
            from = next;
        }
    }
}
