//! The store on SQLite: one file, one writer thread, a few readers.
//!
//! ```text
//!  async callers ──► writer lane ─► 1 thread, 1 connection   BEGIN IMMEDIATE … COMMIT
//!               └──► reader lane ─► n threads, n connections BEGIN … (a snapshot, thanks to WAL)
//! ```
//!
//! In each lane apps take turns, and every operation ends within a limit.
//!
//! A database in memory exists in one connection only, so there the writer lane serves both.

mod apps;
mod connection;
mod facade;
mod hooks;
mod indexes;
mod logs;
mod outbox;
mod pushdown;
mod read;
mod scan;
mod schedules;
mod schema;
mod transaction;
mod write;

pub use facade::SqliteStore;

use rusqlite::Connection;

use crate::StoreError;

/// Turns a database's error into ours, with the step that failed.
fn failed(step: &'static str) -> impl FnOnce(rusqlite::Error) -> StoreError {
    move |error| StoreError::unavailable(step, error)
}

/// SQLite has signed integers only. Times and versions are far below the limit.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Refuses an app that does not exist: a typing mistake must not look like an empty collection.
fn require_app(connection: &Connection, app: &str) -> Result<(), StoreError> {
    let known = connection
        .prepare_cached("SELECT 1 FROM apps WHERE id = ?1")
        .and_then(|mut statement| statement.exists([app]))
        .map_err(failed("look up the app"))?;
    if known {
        Ok(())
    } else {
        Err(StoreError::UnknownApp {
            app: app.to_owned(),
        })
    }
}
