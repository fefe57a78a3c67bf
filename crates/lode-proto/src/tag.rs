//! Outcome tags: the one terminal result a job can have, each with fixed blame, retry rule and
//! the Kinvey error that the application server sees (design table, "A job's life").

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of a job. The same word stands in the reply, the log and the metrics.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Tag {
    /// `complete()` or `response.complete()`.
    Completed,
    /// `response.continue()`: the pipeline goes on with the mutated request and response.
    Continued,
    /// `response.error(m)` or a node-style `complete(err)`.
    HookError,
    /// An exception or an unhandled rejection, also in a later callback.
    HookThrew,
    /// The script does not compile.
    HookSyntax,
    /// Nothing was left to run and no terminal call had been made.
    HookNeverCompleted,
    /// The wall limit passed.
    HookTimeout,
    /// A heap, ArrayBuffer or process memory limit was reached.
    HookOutOfMemory,
    /// A forbidden system call, a result that is too large, too many host calls.
    HookViolation,
    /// The app's circuit breaker is open.
    AppSuspended,
    /// The app's quota of jobs is used up. The queue's own bounds say `QueueFull`.
    TooManyJobs,
    /// The queue has as many live jobs as it may have, of the app or in all.
    QueueFull,
    /// Another job of this id or dedupe key was taken, and its outcome cannot be had any more.
    Duplicate,
    /// The child died through no known fault of the hook.
    ChildCrashed,
    /// The worker that held the job was lost.
    WorkerLost,
    /// Not started before its deadline.
    Expired,
    /// Cancelled by the caller.
    Cancelled,
    /// The job record cannot be run as it is: unreadable, unknown app or hook.
    BadJob,
}

/// Whose fault an outcome is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Blame {
    /// Nobody's: the job did what it should, or was withdrawn.
    None,
    /// The hook's or its app's.
    Tenant,
    /// Lode's or the machine's.
    Platform,
    /// The producer's: the job record was wrong.
    Caller,
}

/// Whether running the job again may be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same thing would happen again.
    Never,
    /// Only if the job says that it is idempotent.
    IfIdempotent,
    /// The caller may try again later.
    CallersChoice,
}

/// A Kinvey error: its name, HTTP status and fixed description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KinveyError {
    /// Stable name, such as `BLRuntimeError`.
    pub name: &'static str,
    /// HTTP status for the application server's client.
    pub status: u16,
    /// Fixed sentence; the detail goes into `debug`.
    pub description: &'static str,
}

const RUNTIME: KinveyError = KinveyError {
    name: "BLRuntimeError",
    status: 400,
    description: "The Business Logic script has a runtime error. See debug message for details",
};
const SYNTAX: KinveyError = KinveyError {
    name: "BLSyntaxError",
    status: 550,
    description: "The Business Logic script has a syntax error(s). See debug message for details",
};
const TIMEOUT: KinveyError = KinveyError {
    name: "BLTimeoutError",
    status: 550,
    description: "The Business Logic script did not complete in time. See debug message for details",
};
const VIOLATION: KinveyError = KinveyError {
    name: "BLViolationError",
    status: 550,
    description: "The Business Logic script violated a constraint. See debug message for details",
};
const INTERNAL: KinveyError = KinveyError {
    name: "BLInternalError",
    status: 550,
    description: "The Business Logic script did not complete. See debug message for details",
};
const NOT_STARTED: KinveyError = KinveyError {
    name: "BLInternalError",
    status: 550,
    description: "The Business Logic script was not started. See debug message for details",
};
const CANCELLED: KinveyError = KinveyError {
    name: "BLInternalError",
    status: 550,
    description: "The Business Logic script was cancelled. See debug message for details",
};
const DUPLICATE: KinveyError = KinveyError {
    name: "Duplicate",
    status: 409,
    description: "Another job of this id or dedupe key was taken. See debug message for details",
};
const BAD_JOB: KinveyError = KinveyError {
    name: "BadRequest",
    status: 400,
    description: "The job cannot be run as it is. See debug message for details",
};

impl Tag {
    /// Every tag, in the order of the outcome table.
    pub const ALL: [Self; 18] = [
        Self::Completed,
        Self::Continued,
        Self::HookError,
        Self::HookThrew,
        Self::HookSyntax,
        Self::HookNeverCompleted,
        Self::HookTimeout,
        Self::HookOutOfMemory,
        Self::HookViolation,
        Self::AppSuspended,
        Self::TooManyJobs,
        Self::QueueFull,
        Self::Duplicate,
        Self::ChildCrashed,
        Self::WorkerLost,
        Self::Expired,
        Self::Cancelled,
        Self::BadJob,
    ];

    /// Blame, retry rule and error of this tag: the one table.
    #[must_use]
    pub fn verdict(self) -> (Blame, Retry, Option<KinveyError>) {
        match self {
            Self::Completed | Self::Continued => (Blame::None, Retry::Never, None),
            Self::HookError | Self::HookThrew => (Blame::Tenant, Retry::Never, Some(RUNTIME)),
            Self::HookSyntax => (Blame::Tenant, Retry::Never, Some(SYNTAX)),
            Self::HookNeverCompleted | Self::HookTimeout => {
                (Blame::Tenant, Retry::Never, Some(TIMEOUT))
            }
            Self::HookOutOfMemory | Self::HookViolation => {
                (Blame::Tenant, Retry::Never, Some(VIOLATION))
            }
            Self::AppSuspended | Self::TooManyJobs => {
                (Blame::Tenant, Retry::CallersChoice, Some(VIOLATION))
            }
            Self::QueueFull => (Blame::Platform, Retry::CallersChoice, Some(VIOLATION)),
            Self::Duplicate => (Blame::Caller, Retry::Never, Some(DUPLICATE)),
            Self::ChildCrashed | Self::WorkerLost => {
                (Blame::Platform, Retry::IfIdempotent, Some(INTERNAL))
            }
            Self::Expired => (Blame::None, Retry::Never, Some(NOT_STARTED)),
            Self::Cancelled => (Blame::None, Retry::Never, Some(CANCELLED)),
            Self::BadJob => (Blame::Caller, Retry::Never, Some(BAD_JOB)),
        }
    }

    /// True for `completed` and `continued`.
    #[must_use]
    pub fn is_success(self) -> bool {
        matches!(self, Self::Completed | Self::Continued)
    }

    /// The tag as it stands on the wire, such as `hook_timeout`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Continued => "continued",
            Self::HookError => "hook_error",
            Self::HookThrew => "hook_threw",
            Self::HookSyntax => "hook_syntax",
            Self::HookNeverCompleted => "hook_never_completed",
            Self::HookTimeout => "hook_timeout",
            Self::HookOutOfMemory => "hook_out_of_memory",
            Self::HookViolation => "hook_violation",
            Self::AppSuspended => "app_suspended",
            Self::TooManyJobs => "too_many_jobs",
            Self::QueueFull => "queue_full",
            Self::Duplicate => "duplicate",
            Self::ChildCrashed => "child_crashed",
            Self::WorkerLost => "worker_lost",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::BadJob => "bad_job",
        }
    }
}

impl std::fmt::Display for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tag_is_written_as_it_is_serialised() {
        for tag in Tag::ALL {
            let json = serde_json::to_string(&tag).unwrap();
            assert_eq!(json, format!("\"{tag}\""));
        }
    }

    #[test]
    fn only_successes_carry_no_error() {
        for tag in Tag::ALL {
            assert_eq!(tag.verdict().2.is_none(), tag.is_success(), "{tag}");
        }
    }
}
