//! `lode-queue`: jobs at rest, between the producer's push and the one outcome of each job.
//!
//! One contract, [`Queue`], with two implementations: Redis (one Lua script per transition) and an
//! embedded SQLite file. One conformance suite runs on both. A job is raw JSON text here; the few
//! fields that queueing needs are read leniently, because a job that nobody can read must still
//! reach a worker that says so. README.md beside this crate has the states and the invariants.

#![forbid(unsafe_code)]

mod address;
mod background_task;
mod clock;
mod error;
mod fields;
mod limits;
mod open;
mod queue;
mod redis;
mod reply_to;
mod sqlite;
mod token;
mod values;

pub use background_task::{
    Announcement, Announcements, BackgroundTaskOptions, BackgroundTasks, Swept,
};
pub use error::QueueError;
pub use open::{QueueOptions, open};
pub use queue::Queue;
pub use values::{
    AppQuota, AppStats, Ban, Cancelled, DeadJob, DeadPick, DueTick, JobState, JobView, LeaseRef,
    Leased, Progress, QueueStats, Rate, ScheduleEntry, Settle, TaskReply, Tended, Unrunnable,
    WorkerView,
};
