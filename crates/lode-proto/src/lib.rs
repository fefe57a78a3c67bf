//! What crosses a boundary in Lode: job, outcome, limits, child frames, exit codes.
//!
//! Everything here is sans-IO: types, their validation, and a codec over byte slices. Bytes from
//! producers and from children are hostile; each decoder bounds what it accepts before it
//! allocates, and names what was wrong.
#![forbid(unsafe_code)]

pub mod envelope;
pub mod exit;
pub mod frame;
pub mod hook;
pub mod job;
pub mod limits;
pub mod message;
pub mod outcome;
pub mod plain_json;
mod record;
mod scan;
pub mod schema;
pub mod tag;

pub use exit::{ChildExit, ExitCause};
pub use hook::{HookName, HookNameError};
pub use job::{Job, JobError, JobTarget};
pub use limits::{JobLimits, LimitOverrides};
pub use outcome::{ErrorInfo, HookResponse, Outcome, Timings, Usage};
pub use tag::{Blame, Retry, Tag};
