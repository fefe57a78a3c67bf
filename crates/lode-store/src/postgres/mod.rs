//! The store on Postgres: for more than one machine.
//!
//! ```text
//!  async callers ──► lane of documents ─► n threads ─┐   pool     BEGIN; SET LOCAL …
//!               └──► lane of catalogue ─► 2 threads ─┴► of n + 2 ─► … COMMIT
//! ```
//!
//! In each lane apps take turns, as on SQLite: one app has at most half of the connections. The
//! matcher computes on the lanes' threads; one more thread moves the bytes of all connections.
//!
//! # Apart by the database, too
//!
//! Every statement binds its app, and every table has row-level security, forced on its owner as
//! well: a transaction sees the rows of the app in its setting `lode.app` and no others. Where the
//! login could step over that (a superuser), the transaction takes on the role `lode_tenant`, which
//! cannot. Not a schema per app: ten thousand apps would be as many tables for the planner, the
//! vacuum and every migration, and a statement with the wrong schema would read another app's rows
//! where one with the wrong app now reads none.
//!
//! Some transactions are about all apps: lists of apps and schedules, and a worker's sweeps of the
//! outbox and the logs. They set `*`, which the policies of those four tables know and those of
//! documents, their indexes and hooks do not. What a hook causes is done as its app, and the outbox
//! and the logs refuse a row that is not inserted as its app.
//!
//! # Indexes
//!
//! Under row-level security Postgres may use an index only for operators that it calls leakproof,
//! and none of `jsonb` is: it would never use an expression index or a GIN index on documents.
//! So the keys of an index are rows of a table, `document_keys`, compared as `bytea`, which is
//! leakproof. A document has a row for each value at the path, so that an index serves arrays, too.
//!
//! # Nothing outlives its transaction
//!
//! Settings are `SET LOCAL`, statements are unnamed, cursors are of their transaction: connections
//! may go through a pooler that hands them out by transaction.

mod address;
mod apps;
mod body;
mod describe;
mod facade;
mod fault;
mod hooks;
mod indexes;
mod keys;
mod logs;
mod lookup;
mod outbox;
mod pushdown;
mod read;
mod rows;
mod scan;
mod schedules;
mod schema;
mod server;
mod sql;
mod tls;
mod transaction;
mod ways;
mod write;

use std::time::Duration;

pub use facade::PostgresStore;

/// Whole milliseconds.
fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A text that is kept as bytes, for it may have a NUL.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Postgres has signed integers only. Times and versions are far below the limit.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
