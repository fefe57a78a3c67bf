//! The contract on a SQLite file: each call is one step on the file's thread.

use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::time::Instant;

use super::handle::SqliteQueue;
use super::replies::has_reply;
use crate::error::QueueError;
use crate::fields::Fields;
use crate::limits::{ENQUEUE_MAX, LANE_MAX, LEASE_MAX};
use crate::queue::Queue;
use crate::values::{
    AppQuota, AppStats, Ban, Cancelled, DeadJob, DeadPick, JobView, LeaseRef, Leased, Progress,
    QueueStats, ScheduleEntry, Settle, Tended, WorkerView,
};

/// There is no inbox that could keep a job until there is room.
fn no_room() -> QueueError {
    QueueError::Unavailable(format!(
        "{LANE_MAX} refused, expired or cancelled jobs wait for a worker to answer them, and until \
         then nothing more is taken in"
    ))
}

#[async_trait]
impl Queue for SqliteQueue {
    async fn enqueue(&self, job_json: &str) -> Result<String, QueueError> {
        let job = job_json.to_owned();
        let fields = Fields::read(&job);
        let entry = self.step("enqueue", move |step| {
            if step.lane_full()? {
                return Ok(None);
            }
            step.admit(&job, &fields).map(Some)
        });
        entry.await?.ok_or_else(no_room)
    }

    async fn enqueue_many(&self, jobs: &[String]) -> Result<Vec<String>, QueueError> {
        let mut entries = Vec::with_capacity(jobs.len());
        for part in jobs.chunks(ENQUEUE_MAX) {
            let read = |job: &String| (job.clone(), Fields::read(job));
            let jobs: Vec<(String, Fields)> = part.iter().map(read).collect();
            let ids = self.step("enqueue_many", move |step| {
                let mut ids = Vec::with_capacity(jobs.len());
                for (job, fields) in &jobs {
                    if step.lane_full()? {
                        break;
                    }
                    ids.push(step.admit(job, fields)?);
                }
                Ok(ids)
            });
            let ids = ids.await?;
            if ids.len() < part.len() {
                return Err(no_room());
            }
            entries.extend(ids);
        }
        Ok(entries)
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
        let (taker, not_of) = (self.taker(worker), not_of.to_vec());
        self.pass_over(&not_of);
        self.step("lease", move |step| {
            step.lease(&taker, max.min(LEASE_MAX), &not_of)
        })
        .await
    }

    async fn wait(&self, timeout: Duration) -> Result<(), QueueError> {
        self.wait_ready(timeout).await
    }

    async fn tend(&self, worker: &str) -> Result<Tended, QueueError> {
        let taker = self.taker(worker);
        self.step("tend", move |step| step.tend(&taker)).await
    }

    async fn leave(&self, _worker: &str) -> Result<(), QueueError> {
        let holder = self.holder.clone();
        self.step("leave", move |step| step.leave(&holder)).await
    }

    async fn extend(&self, leases: &[LeaseRef]) -> Result<Vec<bool>, QueueError> {
        if leases.is_empty() {
            return Ok(Vec::new());
        }
        let leases = leases.to_vec();
        self.step("extend", move |step| {
            leases.iter().map(|l| step.extend(l)).collect()
        })
        .await
    }

    async fn settle(&self, lease: &LeaseRef, settle: Settle) -> Result<bool, QueueError> {
        let lease = lease.clone();
        self.step("settle", move |step| step.settle(&lease, &settle))
            .await
    }

    async fn release(&self, leases: &[LeaseRef]) -> Result<usize, QueueError> {
        if leases.is_empty() {
            return Ok(0);
        }
        let leases = leases.to_vec();
        self.step("release", move |step| {
            let mut count = 0;
            for lease in &leases {
                count += usize::from(step.release(lease)?);
            }
            Ok(count)
        })
        .await
    }

    async fn retry(&self, lease: &LeaseRef, delay: Duration) -> Result<bool, QueueError> {
        let lease = lease.clone();
        self.step("retry", move |step| step.retry(&lease, delay))
            .await
    }

    async fn progress(&self, lease: &LeaseRef, progress: Progress) -> Result<bool, QueueError> {
        let lease = lease.clone();
        self.step("progress", move |step| step.progress(&lease, &progress))
            .await
    }

    async fn cancel(&self, id: &str, app: Option<&str>) -> Result<Cancelled, QueueError> {
        let (id, app) = (id.to_owned(), app.map(str::to_owned));
        self.step("cancel", move |step| step.cancel(&id, app.as_deref()))
            .await
    }

    async fn result(&self, app: &str, id: &str) -> Result<Option<String>, QueueError> {
        let (app, id) = (app.to_owned(), id.to_owned());
        self.look("result", move |step| step.result(&app, &id))
            .await
    }

    async fn set_quotas(&self, quotas: &[(String, AppQuota)]) -> Result<(), QueueError> {
        let quotas = quotas.to_vec();
        self.step("set_quotas", move |step| step.set_quotas(&quotas))
            .await
    }

    async fn bad_job(&self, app: &str, reason: &str) -> Result<Option<Ban>, QueueError> {
        let (app, reason) = (app.to_owned(), reason.to_owned());
        self.step("bad_job", move |step| step.bad_job(&app, &reason))
            .await
    }

    async fn ban(&self, app: &str, reason: &str, time: Duration) -> Result<(), QueueError> {
        let (app, reason) = (app.to_owned(), reason.to_owned());
        self.step("ban", move |step| step.ban(&app, &reason, time))
            .await
    }

    async fn lift(&self, app: &str) -> Result<bool, QueueError> {
        let app = app.to_owned();
        self.step("lift", move |step| step.lift(&app)).await
    }

    async fn bans(&self) -> Result<Vec<Ban>, QueueError> {
        self.look("bans", |step| step.bans()).await
    }

    async fn set_schedules(&self, schedules: &[ScheduleEntry]) -> Result<(), QueueError> {
        let schedules = schedules.to_vec();
        self.step("set_schedules", move |step| step.set_schedules(&schedules))
            .await
    }

    async fn fire(
        &self,
        id: &str,
        tick_ms: u64,
        next_ms: Option<u64>,
        job_json: &str,
    ) -> Result<bool, QueueError> {
        let (id, job) = (id.to_owned(), job_json.to_owned());
        let fired = self.step("fire", move |step| {
            if step.lane_full()? {
                return Ok(None);
            }
            step.fire(&id, tick_ms, next_ms, &job).map(Some)
        });
        fired.await?.ok_or_else(no_room)
    }

    async fn pause(&self, app: Option<&str>) -> Result<bool, QueueError> {
        let app = app.map(str::to_owned);
        self.step("pause", move |step| step.set_paused(app.as_deref(), true))
            .await
    }

    async fn resume(&self, app: Option<&str>) -> Result<bool, QueueError> {
        let app = app.map(str::to_owned);
        self.step("resume", move |step| step.set_paused(app.as_deref(), false))
            .await
    }

    async fn await_reply(
        &self,
        list: &str,
        timeout: Duration,
    ) -> Result<Option<String>, QueueError> {
        let deadline = Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let probed = list.to_owned();
            let probe = move |db: &Connection, now| has_reply(db, &probed, now);
            if !self.wait_until("await_reply", left, probe).await? {
                return Ok(None);
            }
            let popped = list.to_owned();
            let reply = self
                .step("await_reply", move |step| step.pop_reply(&popped))
                .await?;
            // None: another reader was quicker.
            if reply.is_some() {
                return Ok(reply);
            }
        }
    }

    async fn stats(&self) -> Result<QueueStats, QueueError> {
        self.look("stats", |step| step.stats()).await
    }

    async fn app_stats(
        &self,
        app: Option<&str>,
        limit: usize,
    ) -> Result<Vec<AppStats>, QueueError> {
        let app = app.map(str::to_owned);
        self.look("app_stats", move |step| {
            step.app_stats(app.as_deref(), limit)
        })
        .await
    }

    async fn peek(&self, app: Option<&str>, limit: usize) -> Result<Vec<JobView>, QueueError> {
        let app = app.map(str::to_owned);
        self.look("peek", move |step| step.peek(app.as_deref(), limit))
            .await
    }

    async fn inspect(&self, id: &str) -> Result<Option<JobView>, QueueError> {
        let id = id.to_owned();
        self.look("inspect", move |step| step.inspect(&id)).await
    }

    async fn dead(&self, app: Option<&str>, limit: usize) -> Result<Vec<DeadJob>, QueueError> {
        let app = app.map(str::to_owned);
        self.look("dead", move |step| step.dead(app.as_deref(), limit))
            .await
    }

    async fn requeue_dead(&self, pick: &DeadPick) -> Result<u64, QueueError> {
        self.walk_dead("requeue_dead", pick, |step, pick, walk| {
            step.requeue_dead(pick, walk)
        })
        .await
    }

    async fn purge_dead(&self, pick: &DeadPick) -> Result<u64, QueueError> {
        self.walk_dead("purge_dead", pick, |step, pick, walk| {
            step.purge_dead(pick, walk)
        })
        .await
    }

    async fn workers(&self) -> Result<Vec<WorkerView>, QueueError> {
        self.look("workers", |step| step.workers()).await
    }

    async fn ping(&self) -> Result<String, QueueError> {
        // Reads the file, not only the library's version.
        self.look("ping", |step| step.meta("seq")).await?;
        Ok(format!(
            "SQLite {} at {}",
            rusqlite::version(),
            self.path.display()
        ))
    }

    fn name(&self) -> &str {
        &self.setup.name
    }
}
