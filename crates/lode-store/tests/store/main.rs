//! The store on SQLite through its public interface. The cases of both stores are run again on
//! Postgres by the binary beside this one.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod concurrency;
mod damage;
mod documents;
mod hooks;
mod limits;
mod logs;
mod long;
mod opening;
mod operations;
mod outbox;
mod place;
mod races;
mod schedules;
mod support;
mod usernames;

use support::*;
