//! `Queue`: the contract that both implementations keep.
//!
//! ```text
//!             delay, backoff            lease                    settle
//!  producer ─► delayed ──due──► queued ───────► leased ──────────────────► settled ─► reply, result
//!       └──────────────────────►  ▲  │            │ │                          └────► dead list, when asked
//!                                 │  │ cancel,    │ └ worker lost, lease expired:
//!                                 │  │ expiry,    │   idempotent → queued, else → unrunnable
//!                                 │  │ refusal    │
//!                                 │  └──► unrunnable ── leased to be settled, never to run
//!                                 └─ release, retry (delayed)
//! ```

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use crate::error::QueueError;
use crate::values::{
    AppQuota, AppStats, Ban, Cancelled, DeadJob, DeadPick, JobView, LeaseRef, Leased, Progress,
    QueueStats, ScheduleEntry, Settle, Tended, WorkerView,
};

/// One queue. Handles are cheap to share; several handles and processes may serve one queue.
///
/// A handle is a worker's identity: its leases are taken back when a handle that has tended the
/// queue stops to tend it for [`crate::QueueOptions::worker_timeout`].
#[async_trait]
pub trait Queue: Send + Sync + Debug {
    /// Puts one job in. Returns the entry's id, which is the job's id when the job names none.
    async fn enqueue(&self, job_json: &str) -> Result<String, QueueError>;

    /// Puts jobs in, in this order; any number. Returns their entries' ids. After an error some
    /// may be in: jobs that name their ids can be enqueued again without harm.
    async fn enqueue_many(&self, jobs: &[String]) -> Result<Vec<String>, QueueError>;

    /// Takes up to `max` jobs that may run, and some that may not: admits new ones, promotes due
    /// ones, reclaims expired leases, picks fairly across apps but those in `not_of`.
    /// May return fewer, or none.
    async fn lease(
        &self,
        worker: &str,
        max: usize,
        not_of: &[String],
    ) -> Result<Vec<Leased>, QueueError>;

    /// Returns when there may be something to lease, or after `timeout`.
    async fn wait(&self, timeout: Duration) -> Result<(), QueueError>;

    /// What every worker does a few times a second, busy or not: says that it lives, takes back
    /// the leases of workers that do not, admits, promotes, expires, and learns what it must know.
    async fn tend(&self, worker: &str) -> Result<Tended, QueueError>;

    /// This worker ends in order: it holds nothing, and is no longer waited for.
    async fn leave(&self, worker: &str) -> Result<(), QueueError>;

    /// Gives each lease its full time again. `false`: that lease is no longer ours.
    async fn extend(&self, leases: &[LeaseRef]) -> Result<Vec<bool>, QueueError>;

    /// Ends a job: pushes its outcome and forgets it, in one step. `false`: the lease is no longer
    /// ours, and nothing was done.
    async fn settle(&self, lease: &LeaseRef, settle: Settle) -> Result<bool, QueueError>;

    /// Hands back jobs that were not started: to the front of their app's queue, the attempt not
    /// counted. Returns how many leases were still ours.
    async fn release(&self, leases: &[LeaseRef]) -> Result<usize, QueueError>;

    /// Hands back one job after a platform failure: to its place, after `delay`, the attempt
    /// counted.
    async fn retry(&self, lease: &LeaseRef, delay: Duration) -> Result<bool, QueueError>;

    /// Notes what a leased job says of its progress. `false`: the lease is no longer ours.
    async fn progress(&self, lease: &LeaseRef, progress: Progress) -> Result<bool, QueueError>;

    /// Cancels the live job of this id; with `app`, only one of that app (which may live under
    /// `id~app`).
    async fn cancel(&self, id: &str, app: Option<&str>) -> Result<Cancelled, QueueError>;

    /// The outcome that is kept of a settled job that named its id.
    async fn result(&self, app: &str, id: &str) -> Result<Option<String>, QueueError>;

    /// Replaces the quotas of all apps.
    async fn set_quotas(&self, quotas: &[(String, AppQuota)]) -> Result<(), QueueError>;

    /// A job of this app went bad. Returns the ban if this is the one too many.
    async fn bad_job(&self, app: &str, reason: &str) -> Result<Option<Ban>, QueueError>;

    /// Suspends an app.
    async fn ban(&self, app: &str, reason: &str, time: Duration) -> Result<(), QueueError>;

    /// Ends an app's ban and forgets its bad jobs; `false`: there was no ban.
    async fn lift(&self, app: &str) -> Result<bool, QueueError>;

    /// All bans, by app.
    async fn bans(&self) -> Result<Vec<Ban>, QueueError>;

    /// Makes these the queue's schedules: new and changed ones begin at `first_ms`, those that
    /// stayed keep their next tick, others are forgotten.
    async fn set_schedules(&self, schedules: &[ScheduleEntry]) -> Result<(), QueueError>;

    /// Answers one due tick: enqueues `job_json` and sets the next one, if the schedule's next
    /// tick is still `tick_ms`; else does nothing and returns `false`. So each tick fires once.
    async fn fire(
        &self,
        id: &str,
        tick_ms: u64,
        next_ms: Option<u64>,
        job_json: &str,
    ) -> Result<bool, QueueError>;

    /// No job of this app, or of any, starts until resumed. `false`: it was so already.
    async fn pause(&self, app: Option<&str>) -> Result<bool, QueueError>;

    /// The opposite of `pause`; resuming the queue leaves single apps paused.
    async fn resume(&self, app: Option<&str>) -> Result<bool, QueueError>;

    /// Waits for the next outcome on `list`, and takes it.
    async fn await_reply(
        &self,
        list: &str,
        timeout: Duration,
    ) -> Result<Option<String>, QueueError>;

    /// The queue in numbers.
    async fn stats(&self) -> Result<QueueStats, QueueError>;

    /// One app, or the `limit` apps with the most live jobs, in numbers.
    async fn app_stats(&self, app: Option<&str>, limit: usize)
    -> Result<Vec<AppStats>, QueueError>;

    /// Live jobs that have not started, of one app or of any, in the order they would start as far
    /// as that is known; at most `limit`.
    async fn peek(&self, app: Option<&str>, limit: usize) -> Result<Vec<JobView>, QueueError>;

    /// One live job with its text.
    async fn inspect(&self, id: &str) -> Result<Option<JobView>, QueueError>;

    /// The newest entries of the dead list, of one app or of any, newest first.
    async fn dead(&self, app: Option<&str>, limit: usize) -> Result<Vec<DeadJob>, QueueError>;

    /// Queues dead jobs anew, as if they had just been enqueued, and takes them off the list.
    /// One whose id or dedupe key is live again stays, and so does one for which there is no room.
    /// Returns how many were queued.
    async fn requeue_dead(&self, pick: &DeadPick) -> Result<u64, QueueError>;

    /// Takes entries off the dead list. Returns how many.
    async fn purge_dead(&self, pick: &DeadPick) -> Result<u64, QueueError>;

    /// Workers that tend the queue, by name.
    async fn workers(&self) -> Result<Vec<WorkerView>, QueueError>;

    /// Reaches the queue and describes it: kind, version and place.
    async fn ping(&self) -> Result<String, QueueError>;

    /// The queue's name.
    fn name(&self) -> &str;

    /// The list on which `caller` waits for outcomes.
    fn reply_list(&self, caller: &str) -> String {
        format!("{}{caller}", crate::reply_to::reply_prefix(self.name()))
    }
}
