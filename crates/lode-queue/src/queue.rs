//! `Queue`: the contract that both implementations keep, and the values that cross it.
//!
//! ```text
//!  producer ── enqueue ──► queued ── lease ──► leased ── settle ──► settled (outcome pushed)
//!                            ▲                  │  │                   │
//!                            ├── release, retry─┘  └ expiry            └─► dead list, when asked
//!                            └── expiry of an idempotent job
//! ```

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use crate::error::QueueError;

/// One queue. Handles are cheap to share; several handles and processes may serve one queue.
#[async_trait]
pub trait Queue: Send + Sync + Debug {
    /// Puts one job in. Returns the entry's id, which is the job's id when the job names none.
    async fn enqueue(&self, job_json: &str) -> Result<String, QueueError>;

    /// Takes up to `max` jobs: admits new ones, reclaims expired leases, picks fairly across apps.
    /// May return fewer, or none.
    async fn lease(&self, worker: &str, max: usize) -> Result<Vec<Leased>, QueueError>;

    /// Returns when there may be something to lease, or after `timeout`.
    async fn wait(&self, timeout: Duration) -> Result<(), QueueError>;

    /// Gives each lease its full time again. `false`: that lease is no longer ours.
    async fn extend(&self, leases: &[LeaseRef]) -> Result<Vec<bool>, QueueError>;

    /// Ends a job: pushes its outcome and forgets it, in one step. `false`: the lease is no longer
    /// ours, and nothing was done.
    async fn settle(&self, lease: &LeaseRef, settle: Settle) -> Result<bool, QueueError>;

    /// Hands back jobs that were not started: to the front of their app's queue, the attempt not
    /// counted. Returns how many leases were still ours.
    async fn release(&self, leases: &[LeaseRef]) -> Result<usize, QueueError>;

    /// Hands back one job after a platform failure: to its place, the attempt counted.
    async fn retry(&self, lease: &LeaseRef) -> Result<bool, QueueError>;

    /// Replaces all per-app caps on concurrently leased jobs; -1 is no cap, 0 pauses the app.
    async fn set_caps(&self, caps: &[(String, i64)]) -> Result<(), QueueError>;

    /// Waits for the next outcome on `list`, and takes it.
    async fn await_reply(
        &self,
        list: &str,
        timeout: Duration,
    ) -> Result<Option<String>, QueueError>;

    /// The queue in numbers.
    async fn stats(&self) -> Result<QueueStats, QueueError>;

    /// The newest entries of the dead list, newest first.
    async fn dead(&self, limit: usize) -> Result<Vec<DeadJob>, QueueError>;

    /// Reaches the queue and describes it: kind, version and place.
    async fn ping(&self) -> Result<String, QueueError>;

    /// The queue's name.
    fn name(&self) -> &str;

    /// The list on which `caller` waits for outcomes.
    fn reply_list(&self, caller: &str) -> String {
        format!("{}{caller}", crate::reply_to::reply_prefix(self.name()))
    }
}

/// A claim on one job.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LeaseRef {
    /// The job.
    pub job_id: String,
    /// The fencing token, unique per lease: once the job is leased anew, the old token is dead.
    pub token: String,
}

/// One leased job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    /// The claim, needed for every further step.
    pub lease: LeaseRef,
    /// The text as enqueued; empty when the inbox entry had no `job` field. Bytes that are not
    /// UTF-8 stand as U+FFFD.
    pub job: String,
    /// 1 for the first lease.
    pub attempts: u32,
    /// Microseconds since the job was enqueued.
    pub queued_us: u64,
    /// When set, the job must not run: it only waits to be settled.
    pub lost: Option<Lost>,
}

/// Why a leased job must not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// Its previous lease expired and the job did not say `"idempotent": true`.
    WorkerLost,
    /// It was leased as often as allowed and never settled.
    TooManyAttempts,
}

/// How a job ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settle {
    /// The outcome, as JSON.
    pub outcome: String,
    /// The list that the outcome goes to.
    pub reply_to: Option<String>,
    /// When set, the job is also kept in the dead list, with this reason.
    pub dead: Option<String>,
}

/// The queue in numbers, as of one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueStats {
    /// Entries not yet admitted; always 0 on SQLite.
    pub inbox: u64,
    /// Jobs waiting for a lease.
    pub queued: u64,
    /// Jobs under a lease.
    pub leased: u64,
    /// Entries of the dead list.
    pub dead: u64,
    /// Jobs settled so far.
    pub settled: u64,
    /// Jobs dropped so far because a job of the same id was live.
    pub duplicates: u64,
    /// Expired leases taken back so far.
    pub reclaimed: u64,
    /// Outcomes so far that could not be pushed to their `reply_to`; they are in the dead list.
    pub undelivered: u64,
}

/// One entry of the dead list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadJob {
    /// The job's id.
    pub id: String,
    /// Its text.
    pub job: String,
    /// Why it is here.
    pub reason: String,
    /// The outcome it was settled with.
    pub outcome: String,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}
