//! The store on Postgres: the cases of both stores, and what only Postgres has.
//!
//! The server is that of `LODE_TEST_POSTGRES`, where each store gets a schema of its own, or a
//! private one that each test starts and stops.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

mod client;
#[path = "../store/concurrency.rs"]
mod concurrency;
#[path = "../store/documents.rs"]
mod documents;
mod drops;
#[path = "../store/hooks.rs"]
mod hooks;
mod indexes;
mod isolation;
#[path = "../store/limits.rs"]
mod limits;
#[path = "../store/logs.rs"]
mod logs;
#[path = "../store/long.rs"]
mod long;
mod opening;
#[path = "../store/operations.rs"]
mod operations;
#[path = "../store/outbox.rs"]
mod outbox;
mod place;
#[path = "../store/races.rs"]
mod races;
#[path = "../store/schedules.rs"]
mod schedules;
mod server;
#[path = "../store/support.rs"]
mod support;
#[path = "../store/usernames.rs"]
mod usernames;

use support::*;
