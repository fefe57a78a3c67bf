//! The store on MongoDB: the cases of the other stores, on the server of `LODE_TEST_MONGODB`
//! (`mongodb://HOST/?PARAMETERS`, without a database), where each store gets a database of its own.
//!
//! Run by name only: `cargo test -p lode-store --features mongodb --test mongodb`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

#[path = "../store/concurrency.rs"]
mod concurrency;
#[path = "../store/documents.rs"]
mod documents;
mod foreign;
#[path = "../store/hooks.rs"]
mod hooks;
mod indexes;
#[path = "../store/logs.rs"]
mod logs;
#[path = "../store/operations.rs"]
mod operations;
#[path = "../store/outbox.rs"]
mod outbox;
mod place;
#[path = "../store/races.rs"]
mod races;
#[path = "../store/schedules.rs"]
mod schedules;
#[path = "../store/support.rs"]
mod support;

use support::*;
