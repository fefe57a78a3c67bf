//! The values of the model: jobs, their states, leases, quotas, answers.

use std::collections::BTreeMap;

/// Milliseconds of the queue's clock.
pub(crate) type Ms = u64;

/// What the queue is set to; numbers of work per call are parameters here, so that small worlds
/// reach them.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) lease: Ms,
    pub(crate) default_cap: i64,
    pub(crate) max_attempts: u32,
    pub(crate) result_ttl: Ms,
    pub(crate) worker_timeout: Ms,
    /// How long nobody loses a lease after an outage of the queue, at most.
    pub(crate) grace_max: Ms,
    pub(crate) poison_losses: u32,
    pub(crate) app_queue_max: i64,
    pub(crate) queue_max: i64,
    pub(crate) breaker_bad_jobs: u32,
    pub(crate) breaker_window: Ms,
    pub(crate) breaker_ban: Ms,
    /// Inbox entries that one call admits from the old end, and from the new one.
    pub(crate) admit_max: usize,
    pub(crate) admit_newest: usize,
    /// Unrunnable jobs that one call hands out, and with how many waiting admission stops.
    pub(crate) unrunnable_batch: usize,
    pub(crate) unrunnable_max: usize,
    /// Lists that may join a job beside its own.
    pub(crate) joined_max: usize,
}

/// A job as its producer wrote it.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewJob {
    /// What nobody reads; the simulation knows a job by it.
    pub(crate) text: String,
    pub(crate) id: Option<String>,
    pub(crate) app: String,
    pub(crate) hook: String,
    pub(crate) priority: i64,
    pub(crate) idempotent: bool,
    pub(crate) reply_to: Option<String>,
    pub(crate) delay: Ms,
    pub(crate) run_at: Option<Ms>,
    pub(crate) deadline: Option<Ms>,
    pub(crate) dedupe_key: Option<String>,
    pub(crate) dedupe_ttl: Option<Ms>,
}

/// What waits in the inbox.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    Job { number: u64, at: Ms, job: NewJob },
    Cancel { id: String, app: Option<String> },
}

/// A job in the queue.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) new: NewJob,
    pub(crate) at: Ms,
    /// Place among jobs of its priority.
    pub(crate) seq: u64,
    /// Leases to run, without released ones.
    pub(crate) attempts: u32,
    pub(crate) losses: u32,
    /// Somebody asked for its end while it was leased.
    pub(crate) cancelled: bool,
    pub(crate) joined: Vec<String>,
    pub(crate) state: State,
}

/// Where a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    Delayed {
        due: Ms,
    },
    Queued,
    Leased(Lease),
    /// It only waits for its outcome; `place` is its place in that lane.
    Unrunnable {
        why: Why,
        place: u64,
        lease: Option<Lease>,
    },
}

/// Who holds a job, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) token: String,
    pub(crate) handle: u64,
    pub(crate) expires: Ms,
}

/// Why a job must not run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    WorkerLost,
    TooManyAttempts,
    Poison { workers: u32 },
    Expired,
    Cancelled,
    AppQueueFull { max: u64 },
    QueueFull { max: u64 },
    Duplicate { of: String },
}

/// A job in a worker's hands.
#[derive(Debug, Clone)]
pub(crate) struct Leased {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) job: NewJob,
    pub(crate) attempts: u32,
    pub(crate) unrunnable: Option<Why>,
}

/// How the queue treats an app.
#[derive(Debug, Clone, Default)]
pub(crate) struct Quota {
    pub(crate) cap: Option<i64>,
    pub(crate) weight: Option<u32>,
    pub(crate) rate: Option<Rate>,
    pub(crate) hook_rates: BTreeMap<String, Rate>,
    pub(crate) queue_max: Option<i64>,
}

/// So many starts per time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) jobs: u32,
    pub(crate) per: Ms,
}

impl Rate {
    pub(crate) fn interval_us(self) -> u64 {
        self.per * 1_000 / u64::from(self.jobs)
    }

    /// How much earlier than evenly spread a start may come: all but one of the burst.
    pub(crate) fn slack_us(self) -> u64 {
        self.per * 1_000 - self.interval_us()
    }
}

/// An app's place in the line.
#[derive(Debug, Clone, Default)]
pub(crate) struct App {
    pub(crate) quota: Quota,
    pub(crate) paused: bool,
    /// Virtual time at which it may start next.
    pub(crate) tag: u64,
    /// Whether it was in the running when last looked at.
    pub(crate) eligible: bool,
    /// Theoretical arrival time of GCRA, in microseconds; and those of limited hooks.
    pub(crate) tat_us: u64,
    pub(crate) hook_tats_us: BTreeMap<String, u64>,
    /// When its jobs went bad, within the breaker's window.
    pub(crate) bad: Vec<Ms>,
    pub(crate) banned_until: Ms,
}

/// A dedupe key points to a job for some time.
#[derive(Debug, Clone)]
pub(crate) struct Dedupe {
    /// The job's id in the queue, and the one it named.
    pub(crate) job: String,
    /// That job's place of arrival: another may live under its id later.
    pub(crate) seq: u64,
    pub(crate) named: Option<String>,
    /// `None`: until the job is settled.
    pub(crate) until: Option<Ms>,
}

/// How a job ends.
#[derive(Debug, Clone)]
pub(crate) struct Settle {
    pub(crate) outcome: String,
    pub(crate) dead: bool,
}

/// What a worker learns from `tend`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tended {
    pub(crate) unrunnable: Vec<Leased>,
    pub(crate) cancelled: Vec<(String, String)>,
    pub(crate) bans: Vec<String>,
    pub(crate) due: Vec<(String, Ms)>,
    pub(crate) more: bool,
}

/// What a cancellation met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cancelled {
    Queued,
    Running,
    NotFound,
}

/// What is counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) settled: u64,
    pub(crate) duplicates: u64,
    pub(crate) reclaimed: u64,
    pub(crate) refused: u64,
    pub(crate) cancelled: u64,
    pub(crate) expired: u64,
    pub(crate) undelivered: u64,
}

/// Whether a list may be told an outcome: any but a queue's own keys, of which only reply lists are
/// for callers.
pub(crate) fn is_usable(list: &str) -> bool {
    list.strip_prefix("lode:{").is_none_or(|rest| {
        let key = rest.split_once('}').map(|(_, key)| key);
        key.and_then(|key| key.strip_prefix(":reply:"))
            .is_some_and(|caller| !caller.is_empty())
    })
}
