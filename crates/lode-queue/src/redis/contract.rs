//! The steps of the contract on Redis, each of them one script or one command.

use std::time::Duration;

use async_trait::async_trait;
use redis::{Value, cmd};
use tokio::time::Instant;

use super::args::{
    lease_args, maybe, millis, pairs, progress_args, reason, schedule_args, settle_args,
};
use super::queue::{RedisQueue, Seen};
use super::reply::{
    app_stats, bans, job_views, lease_reply, queue_stats, tended, text, worker_views,
};
use super::version::describe;
use crate::error::QueueError;
use crate::limits::{BAD_JOBS_MAX, VIEW_MAX};
use crate::queue::Queue;
use crate::values::{
    AppQuota, AppStats, Ban, Cancelled, DeadJob, DeadPick, JobView, LeaseRef, Leased, Progress,
    QueueStats, ScheduleEntry, Settle, Tended, WorkerView,
};

#[async_trait]
impl Queue for RedisQueue {
    async fn enqueue(&self, job_json: &str) -> Result<String, QueueError> {
        let mut add = cmd("XADD");
        add.arg(self.keys.of("in"))
            .arg("*")
            .arg("job")
            .arg(job_json);
        self.ask("enqueue", &add).await
    }

    async fn enqueue_many(&self, jobs: &[String]) -> Result<Vec<String>, QueueError> {
        self.add_all(jobs).await
    }

    async fn lease(
        &self,
        worker: &str,
        max: usize,
        not_of: &[String],
    ) -> Result<Vec<Leased>, QueueError> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let args = lease_args(worker, max, self.tokens.next(), not_of);
        let values: Vec<Value> = self.run("lease", &self.scripts.lease, &args).await?;
        let reply = lease_reply(&values)?;
        self.has_seen(Seen {
            wake_id: reply.wake_id,
            next_at: reply.next_in.map(|left| Instant::now() + left),
        });
        Ok(reply.jobs)
    }

    async fn wait(&self, timeout: Duration) -> Result<(), QueueError> {
        let seen = self.seen();
        let left = seen
            .next_at
            .map(|at| at.saturating_duration_since(Instant::now()));
        // BLOCK 0 would be for ever, and what time brings comes at the end of its millisecond.
        let block = left.map_or(timeout, |left| left.min(timeout)).as_millis() + 1;
        let mut read = cmd("XREAD");
        read.arg("COUNT")
            .arg(1)
            .arg("BLOCK")
            .arg(u64::try_from(block).unwrap_or(u64::MAX));
        read.arg("STREAMS")
            .arg(self.keys.of("in"))
            .arg(self.keys.of("wake"));
        read.arg("0-0").arg(seen.wake_id);
        let _: Value = self.connections.block("wait", &read, timeout).await?;
        Ok(())
    }

    async fn tend(&self, worker: &str) -> Result<Tended, QueueError> {
        let args = [worker.to_owned(), self.tokens.next()];
        let values: Vec<Value> = self.run("tend", &self.scripts.tend, &args).await?;
        tended(&values)
    }

    async fn leave(&self, _worker: &str) -> Result<(), QueueError> {
        let mut done = 0;
        while done == 0 {
            done = self.run("leave", &self.scripts.leave, &[]).await?;
        }
        Ok(())
    }

    async fn extend(&self, leases: &[LeaseRef]) -> Result<Vec<bool>, QueueError> {
        if leases.is_empty() {
            return Ok(Vec::new());
        }
        self.run("extend", &self.scripts.extend, &pairs(leases))
            .await
    }

    async fn settle(&self, lease: &LeaseRef, settle: Settle) -> Result<bool, QueueError> {
        let args = settle_args(lease, settle);
        let done: u32 = self.run("settle", &self.scripts.settle, &args).await?;
        if done == 2 {
            tracing::warn!(
                job = lease.job_id,
                "outcome not delivered, kept in the dead list"
            );
        }
        Ok(done > 0)
    }

    async fn release(&self, leases: &[LeaseRef]) -> Result<usize, QueueError> {
        if leases.is_empty() {
            return Ok(0);
        }
        self.run("release", &self.scripts.release, &pairs(leases))
            .await
    }

    async fn retry(&self, lease: &LeaseRef, delay: Duration) -> Result<bool, QueueError> {
        let delay_ms = delay.as_millis().to_string();
        let args = [lease.job_id.clone(), lease.token.clone(), delay_ms];
        self.run("retry", &self.scripts.retry, &args).await
    }

    async fn progress(&self, lease: &LeaseRef, progress: Progress) -> Result<bool, QueueError> {
        let args = progress_args(lease, progress);
        let done: u32 = self.run("progress", &self.scripts.progress, &args).await?;
        if done == 2 {
            tracing::debug!(job = lease.job_id, "progress not delivered");
        }
        Ok(done > 0)
    }

    async fn cancel(&self, id: &str, app: Option<&str>) -> Result<Cancelled, QueueError> {
        self.cancel_anywhere(id, app).await
    }

    async fn result(&self, app: &str, id: &str) -> Result<Option<String>, QueueError> {
        let mut get = cmd("GET");
        get.arg(self.keys.result(app, id));
        let found: Option<Vec<u8>> = self.ask("result", &get).await?;
        Ok(found.map(|outcome| text(&outcome)))
    }

    async fn set_quotas(&self, quotas: &[(String, AppQuota)]) -> Result<(), QueueError> {
        self.replace_quotas(quotas).await
    }

    async fn bad_job(&self, app: &str, why: &str) -> Result<Option<Ban>, QueueError> {
        let options = &self.options;
        let args = [
            "bad".to_owned(),
            app.to_owned(),
            reason(why),
            millis(options.breaker_ban),
            options.breaker_bad_jobs.min(BAD_JOBS_MAX).to_string(),
            millis(options.breaker_window),
        ];
        let values: Vec<Value> = self.run("bad_job", &self.scripts.bans, &args).await?;
        Ok(bans(&values).pop())
    }

    async fn ban(&self, app: &str, why: &str, time: Duration) -> Result<(), QueueError> {
        let args = ["ban".to_owned(), app.to_owned(), reason(why), millis(time)];
        self.run("ban", &self.scripts.bans, &args).await
    }

    async fn lift(&self, app: &str) -> Result<bool, QueueError> {
        let args = ["lift".to_owned(), app.to_owned()];
        self.run("lift", &self.scripts.bans, &args).await
    }

    async fn bans(&self) -> Result<Vec<Ban>, QueueError> {
        let args = ["list".to_owned()];
        let values: Vec<Value> = self.run("bans", &self.scripts.bans, &args).await?;
        Ok(bans(&values))
    }

    async fn set_schedules(&self, schedules: &[ScheduleEntry]) -> Result<(), QueueError> {
        let args = schedule_args(schedules);
        self.run("set_schedules", &self.scripts.schedules, &args)
            .await
    }

    async fn fire(
        &self,
        id: &str,
        tick_ms: u64,
        next_ms: Option<u64>,
        job_json: &str,
    ) -> Result<bool, QueueError> {
        let next_ms = next_ms.map_or_else(String::new, |ms| ms.to_string());
        let args = [
            id.to_owned(),
            tick_ms.to_string(),
            next_ms,
            job_json.to_owned(),
        ];
        self.run("fire", &self.scripts.fire, &args).await
    }

    async fn pause(&self, app: Option<&str>) -> Result<bool, QueueError> {
        self.set_paused("pause", app).await
    }

    async fn resume(&self, app: Option<&str>) -> Result<bool, QueueError> {
        self.set_paused("resume", app).await
    }

    async fn await_reply(
        &self,
        list: &str,
        timeout: Duration,
    ) -> Result<Option<String>, QueueError> {
        let mut pop = cmd("BLPOP");
        // 0 would be for ever.
        let seconds = timeout.max(Duration::from_millis(1)).as_secs_f64();
        pop.arg(list).arg(format!("{seconds:.3}"));
        let found: Option<(Vec<u8>, Vec<u8>)> =
            self.connections.block("await_reply", &pop, timeout).await?;
        Ok(found.map(|(_, outcome)| text(&outcome)))
    }

    async fn stats(&self) -> Result<QueueStats, QueueError> {
        let numbers = self.run("stats", &self.scripts.stats, &[]).await?;
        Ok(queue_stats(numbers))
    }

    async fn app_stats(
        &self,
        app: Option<&str>,
        limit: usize,
    ) -> Result<Vec<AppStats>, QueueError> {
        let mut args = vec![limit.min(VIEW_MAX).to_string()];
        args.extend(app.map(str::to_owned));
        let values: Vec<Value> = self.run("app_stats", &self.scripts.apps, &args).await?;
        Ok(app_stats(&values))
    }

    async fn peek(&self, app: Option<&str>, limit: usize) -> Result<Vec<JobView>, QueueError> {
        let mut args = vec!["peek".to_owned(), limit.min(VIEW_MAX).to_string()];
        args.extend(app.map(str::to_owned));
        let values: Vec<Value> = self.run("peek", &self.scripts.views, &args).await?;
        Ok(job_views(&values))
    }

    async fn inspect(&self, id: &str) -> Result<Option<JobView>, QueueError> {
        let args = ["inspect".to_owned(), id.to_owned()];
        let values: Vec<Value> = self.run("inspect", &self.scripts.views, &args).await?;
        Ok(job_views(&values).pop())
    }

    async fn dead(&self, app: Option<&str>, limit: usize) -> Result<Vec<DeadJob>, QueueError> {
        self.dead_of(app, limit).await
    }

    async fn requeue_dead(&self, pick: &DeadPick) -> Result<u64, QueueError> {
        self.clear_dead("requeue", pick).await
    }

    async fn purge_dead(&self, pick: &DeadPick) -> Result<u64, QueueError> {
        self.clear_dead("purge", pick).await
    }

    async fn workers(&self) -> Result<Vec<WorkerView>, QueueError> {
        let values: Vec<Value> = self.run("workers", &self.scripts.workers, &[]).await?;
        Ok(worker_views(&values))
    }

    async fn ping(&self) -> Result<String, QueueError> {
        let info: String = self.ask("ping", cmd("INFO").arg("server")).await?;
        Ok(format!(
            "{} at {}",
            describe(&info)?,
            self.connections.place()
        ))
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl RedisQueue {
    async fn set_paused(&self, what: &'static str, app: Option<&str>) -> Result<bool, QueueError> {
        let [named, app] = maybe(app);
        let args = [what.to_owned(), named, app];
        self.run(what, &self.scripts.pause, &args).await
    }
}
