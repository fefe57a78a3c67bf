//! What goes into the pool and what comes out: a job ready to run, its tally, its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use lode_core::Verdict;
use lode_proto::ExitCause;
use lode_proto::message::{Done, Run};

use crate::master::broker::JobScope;

/// A job with everything that its child needs.
#[derive(Debug)]
pub(crate) struct Work {
    /// The Run frame.
    pub(crate) run: Run,
    /// What its host calls may reach.
    pub(crate) scope: JobScope,
    /// May run twice.
    pub(crate) idempotent: bool,
    /// When its lease came.
    pub(crate) leased_at: Instant,
}

/// What a job has used so far, counted by the master: it outlives the child.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    host_calls: AtomicU64,
    host_calls_us: AtomicU64,
    log_lines: AtomicU64,
}

impl Tally {
    /// One more host call; returns how many there are now.
    pub(crate) fn host_call(&self) -> u64 {
        self.host_calls.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn host_call_took(&self, us: u64) {
        self.host_calls_us.fetch_add(us, Ordering::Relaxed);
    }

    /// One more log line; returns how many there are now.
    pub(crate) fn log_line(&self) -> u64 {
        self.log_lines.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn host_calls(&self) -> u64 {
        self.host_calls.load(Ordering::Relaxed)
    }

    pub(crate) fn host_calls_us(&self) -> u64 {
        self.host_calls_us.load(Ordering::Relaxed)
    }

    pub(crate) fn log_lines(&self) -> u64 {
        self.log_lines.load(Ordering::Relaxed)
    }
}

/// How a job's stay in the pool ended.
#[derive(Debug)]
pub(crate) enum Fate {
    /// It has an outcome.
    Settled {
        /// The pool's verdict.
        verdict: Verdict,
        /// The child's report, when the verdict says that there is one.
        report: Option<Box<Done>>,
    },
    /// The platform failed it, and it may run again.
    Retry(ExitCause),
    /// It was never started.
    Released,
    /// It may not start now: it goes back, but not at once.
    Postponed,
    /// Its lease is somebody else's now: nothing to be done.
    Dropped,
}

/// A job's end with the figures that go into its outcome.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) fate: Fate,
    pub(crate) tally: Arc<Tally>,
    /// From lease to the start of the run, in microseconds.
    pub(crate) dispatch_us: u64,
    /// From the start of the run to its end, in microseconds.
    pub(crate) run_us: u64,
    /// CPU time of the child by the kernel's account, where the child could not speak.
    pub(crate) cpu_us: u64,
    /// What the child did that it must not do, in words.
    pub(crate) note: Option<String>,
}
