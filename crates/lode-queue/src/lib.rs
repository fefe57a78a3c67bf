//! `lode-queue`: jobs at rest, between the producer's push and the one outcome of each job.
//!
//! One contract, [`Queue`], with two implementations: Redis (one Lua script per transition) and an
//! embedded SQLite file. One conformance suite runs on both. A job is raw JSON text here; the few
//! fields that queueing needs are read leniently, because a job that nobody can read must still
//! reach a worker that says so. README.md beside this crate has the states and the invariants.

#![forbid(unsafe_code)]

mod address;
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

pub use error::QueueError;
pub use open::{QueueOptions, open};
pub use queue::{DeadJob, LeaseRef, Leased, Lost, Queue, QueueStats, Settle};
