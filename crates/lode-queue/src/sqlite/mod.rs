//! The queue in one SQLite file: for a single machine with no Redis.
//!
//! Durable: write-ahead log with `synchronous=FULL`, so what was answered is on the disk. Several
//! processes may share the file. There is no inbox: a job is admitted as it is enqueued.

mod admit;
mod apps;
mod lease;
mod queue;
mod replies;
mod schema;
mod settle;
mod thread;

pub(crate) use queue::SqliteQueue;
