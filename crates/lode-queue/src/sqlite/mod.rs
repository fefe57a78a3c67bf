//! The queue in one SQLite file: for a single machine with no Redis.
//!
//! Durable: write-ahead log with `synchronous=FULL`, so what was answered is on the disk. Several
//! processes may share the file. There is no inbox: a job is admitted as it is enqueued.

mod admit;
mod apps;
mod breaker;
mod dead;
mod duplicates;
mod grace;
mod handle;
mod jobs;
mod lease;
mod queue;
mod quotas;
mod replies;
mod schedules;
mod schema;
mod set_quotas;
mod settle;
mod thread;
mod views;
mod workers;

pub(crate) use handle::SqliteQueue;

#[cfg(test)]
mod tests;
