//! The values that cross the queue's contract: leases, settlements, numbers, views for people.

use std::time::Duration;

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
    /// 1 for the first lease that may run; 0 for a job that was never leased to run.
    pub attempts: u32,
    /// Microseconds since the job was enqueued.
    pub queued_us: u64,
    /// When set, the job must not run: it only waits to be settled. Such a lease holds no place of
    /// its app's cap.
    pub unrunnable: Option<Unrunnable>,
}

/// Why a leased job must not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unrunnable {
    /// Its worker was lost (or its lease expired) and the job did not say `"idempotent": true`.
    WorkerLost,
    /// It was leased as often as allowed and never settled.
    TooManyAttempts,
    /// So many workers were lost while they held it that it is taken for the cause.
    Poison {
        /// How many.
        workers: u32,
    },
    /// It had not started when its deadline passed.
    Expired,
    /// It was cancelled before it was settled.
    Cancelled,
    /// Its app has as many live jobs as it may have.
    AppQueueFull {
        /// The bound.
        max: u64,
    },
    /// The queue has as many live jobs as it may have.
    QueueFull {
        /// The bound.
        max: u64,
    },
    /// Another job of its id or dedupe key was settled already and its outcome is not kept, or has
    /// as many callers waiting as one may have.
    Duplicate {
        /// That job's id.
        of: String,
    },
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
    /// The answer to a client of npm `background-task`, written in the same step. Redis only.
    pub task_reply: Option<TaskReply>,
}

/// What a client of npm `background-task` reads: a field of a hash, then a message that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskReply {
    /// Such as `success:normal`.
    pub hash: String,
    /// The task's id.
    pub field: String,
    /// The envelope as JSON.
    pub value: String,
    /// Such as `msgChannels:<uuid>`.
    pub channel: String,
    /// What is published there, as JSON.
    pub message: String,
}

/// What a running job says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Any JSON; replaces what the job said before.
    pub value: String,
    /// A list that gets it as well, as `{"id": …, "progress": …}` that the caller has made.
    pub push: Option<(String, String)>,
    /// The same for a client of npm `background-task`. Redis only.
    pub task_reply: Option<TaskReply>,
}

/// What a worker learns when it tends the queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tended {
    /// Jobs that wait only for their outcome, leased to this worker; at most 100.
    pub unrunnable: Vec<Leased>,
    /// Running jobs of this handle that were cancelled: they are to be killed and settled.
    pub cancelled: Vec<LeaseRef>,
    /// Apps that are suspended now.
    pub bans: Vec<Ban>,
    /// Schedules whose tick has come; each is to be answered by `fire`.
    pub due: Vec<DueTick>,
    /// There is more to do: tend again at once.
    pub more: bool,
    /// The queue's clock, in milliseconds since 1970.
    pub now_ms: u64,
}

/// That an app is suspended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// Whose jobs get `app_suspended`.
    pub app: String,
    /// What its worst job did, or what the admin said; at most 300 bytes.
    pub reason: String,
    /// From now on, at least 1 ms.
    pub remaining: Duration,
}

/// A schedule, as far as the queue keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleEntry {
    /// Unique in the queue, such as `shop/nightly`.
    pub id: String,
    /// Anything that the caller wants back with a due tick; a changed text is a new schedule.
    pub spec: String,
    /// First tick in milliseconds since 1970; `None`: none any more.
    pub first_ms: Option<u64>,
}

/// A tick that has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueTick {
    /// The schedule's id.
    pub id: String,
    /// Its text.
    pub spec: String,
    /// When it was due, in milliseconds since 1970.
    pub tick_ms: u64,
}

/// What a cancellation met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// The job had not started and will not: its outcome is on its way.
    Queued,
    /// The job is leased: its worker is told, kills it, and settles it as cancelled, unless its
    /// outcome comes first.
    Running,
    /// There is no live job of this id (in this app).
    NotFound,
}

/// How the queue treats one app; `None` is the handle's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppQuota {
    /// Jobs under lease at one time over all workers; -1 is no cap, 0 lets none start.
    pub max_concurrent: Option<i64>,
    /// Share among apps that wait, 1 to 100; default 1.
    pub weight: Option<u32>,
    /// Jobs that may start per time, over all hooks.
    pub rate: Option<Rate>,
    /// The same for single hooks, by their name as the job has it in `hook`; at most 16.
    pub hook_rates: Vec<(String, Rate)>,
    /// Live jobs (waiting, delayed, leased) that the app may have; -1 is no bound.
    pub queue_max: Option<i64>,
}

/// So many starts per time: a burst of `jobs` at once, then evenly spread (GCRA).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// At least 1.
    pub jobs: u32,
    /// At least 1 ms.
    pub per: Duration,
}

/// The queue in numbers, as of one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueStats {
    /// Entries not yet admitted; always 0 on SQLite.
    pub inbox: u64,
    /// Jobs waiting for a lease, those of paused, capped and rate-limited apps included.
    pub queued: u64,
    /// Jobs whose time has not come: delayed, scheduled, backing off.
    pub delayed: u64,
    /// Jobs under a lease.
    pub leased: u64,
    /// Entries of the dead list.
    pub dead: u64,
    /// Jobs settled so far.
    pub settled: u64,
    /// Jobs dropped or joined to another so far because of their id or dedupe key.
    pub duplicates: u64,
    /// Leases taken back so far: expired, or their worker lost.
    pub reclaimed: u64,
    /// Outcomes so far that could not be pushed to their `reply_to`; they are in the dead list.
    pub undelivered: u64,
    /// Jobs refused so far because the queue or their app was full.
    pub refused: u64,
    /// Jobs so far that were cancelled before their outcome.
    pub cancelled: u64,
    /// Jobs so far whose deadline passed before they started.
    pub expired: u64,
    /// Workers that tend the queue now.
    pub workers: u64,
    /// Whether the whole queue is paused.
    pub paused: bool,
}

/// One app in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppStats {
    /// Whose; the nameless app has the jobs that nobody can read.
    pub app: String,
    /// Live jobs: waiting, delayed and leased.
    pub live: u64,
    /// Jobs waiting for a lease.
    pub queued: u64,
    /// Jobs under a lease that may run.
    pub leased: u64,
    /// Whether an admin has paused it.
    pub paused: bool,
    /// Whether it may not start a job now because of its rate.
    pub throttled: bool,
    /// Its ban, if there is one.
    pub ban: Option<Ban>,
}

/// Where a live job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// Its time has not come.
    Delayed,
    /// It waits for a lease.
    Queued,
    /// It is leased, to run.
    Leased,
    /// It waits for nothing but its outcome.
    Unrunnable,
}

/// One live job for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobView {
    /// Its id in the queue.
    pub id: String,
    /// Whose.
    pub app: String,
    /// Its hook, as far as the queue could read it.
    pub hook: String,
    /// Where it stands.
    pub state: JobState,
    /// -100 to 100.
    pub priority: i64,
    /// Leases so far.
    pub attempts: u32,
    /// Milliseconds since it was enqueued.
    pub age_ms: u64,
    /// Milliseconds until it is due, for a delayed one.
    pub due_in_ms: Option<u64>,
    /// Who has leased it.
    pub worker: Option<String>,
    /// What it said of its progress.
    pub progress: Option<String>,
    /// Its text; only `inspect` fills it in.
    pub job: Option<String>,
}

/// One entry of the dead list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadJob {
    /// The job's id.
    pub id: String,
    /// Whose.
    pub app: String,
    /// Its text.
    pub job: String,
    /// Why it is here.
    pub reason: String,
    /// The outcome it was settled with.
    pub outcome: String,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

/// Which entries of the dead list are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadPick {
    /// All of this job id.
    Job(String),
    /// All of this app.
    App(String),
    /// Every one.
    All,
}

/// A worker that tends the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerView {
    /// Its name.
    pub name: String,
    /// Milliseconds since it last tended.
    pub beat_age_ms: u64,
}
