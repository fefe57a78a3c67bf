//! [`HookRunner`]: whoever runs a hook's job, a queue with its workers for one.

use std::fmt::Debug;

use async_trait::async_trait;
use lode_proto::Outcome;
use lode_proto::job::JobRecord;

/// Runs one job and waits for its outcome.
#[async_trait]
pub trait HookRunner: Send + Sync + Debug {
    /// `job` has `app`, `hook`, `request` and `response`, and at most
    /// [`crate::limits::HOOK_JOB_BYTES_MAX`] bytes; an id and a reply list are the runner's to add.
    async fn run(&self, job: JobRecord) -> Result<Outcome, RunError>;
}

/// Why there is no outcome. The texts reach the client: they tell nothing of the platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The job could not be handed over; the hook has not run.
    #[error("the hook could not be started: {0}")]
    NotStarted(String),
    /// No outcome came in time; the hook may have run, or may still.
    #[error("no outcome of the hook came within {waited_ms} ms")]
    NoOutcome {
        /// How long the runner has waited, in milliseconds.
        waited_ms: u64,
    },
    /// The way to the outcome broke; the hook may have run, or may still.
    #[error("the hook's outcome was lost: {0}")]
    OutcomeLost(String),
}
