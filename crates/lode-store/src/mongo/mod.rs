//! The store on MongoDB, for who has one already; behind the feature `mongodb`.
//!
//! ```text
//!  async callers ──► lane of documents ─► n threads ─┐  driver's pool
//!               └──► lane of catalogue ─► 2 threads ─┴► of n + 2 connections
//! ```
//!
//! # Queries pass through
//!
//! The parsers in [`crate::query`] are the gatekeeper: what the other stores refuse is refused here,
//! in the same words. What they let by goes to the server as it was written, with its sort and
//! limit, and the server's answer stands; updates go there, too, so that a field that is not named
//! keeps whatever type another program gave it. Only what JSON and BSON see differently is decided
//! here ([`filter`]).
//!
//! # One document at a time
//!
//! A single server of MongoDB has no transactions, so nothing here needs one: each change of one
//! document is atomic, claims and numbers are handed out by one such change each, and what takes
//! several steps leaves nothing wrong behind at any of them. What is weaker than on the other
//! stores: a change of many documents may be seen half done, and stays so if the server or this
//! process dies in it.

mod address;
mod apps;
mod change;
mod facade;
mod fault;
mod filter;
mod hooks;
mod indexes;
mod insert;
mod logs;
mod names;
mod outbox;
mod place;
mod read;
mod schedules;
mod schema;
mod server;
mod value;
mod write;

pub use facade::MongoStore;

/// Connections for apps and hooks: what each job needs to start must not wait behind the documents
/// of others.
const CATALOGUE_CONNECTIONS: u32 = 2;

/// BSON has signed integers only. Times and versions are far below the limit.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// For a count of the driver's.
fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
