//! Opens one connection and sets it up.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::StoreError;
use crate::sqlite::failed;

/// More tries than openers of one new file will ever be.
const WAL_TRIES_MAX: u32 = 100;

/// How long to wait for another process that writes to the same file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Statements kept ready: those of this crate, and the usual shapes of queries.
const CACHED_STATEMENTS: usize = 256;

/// The settings of every connection.
///
/// `synchronous = NORMAL`: under WAL a file is never damaged by a crash, and a crash of the
/// process loses nothing. A power failure may lose the last commits, which for documents is what
/// MongoDB's default promises too, and it saves a disk flush per write.
const SETTINGS: &str = "
    PRAGMA foreign_keys = ON;
    PRAGMA synchronous = NORMAL;
    PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF;
";

/// Creates the file if there is none, readable by its owner only: it holds the apps' secrets.
/// SQLite gives its side files the same mode.
pub(super) fn create_file(path: &Path) -> Result<(), StoreError> {
    let created = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path);
    created.map(drop).map_err(|error| {
        StoreError::unavailable(format!("open the file {}", path.display()), error)
    })
}

/// A connection to a file.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    // Each connection stays on one thread, so SQLite need not lock. No URI flag: a path is a path.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(failed("open its database file"))?;
    set_up(&connection)?;
    // WAL: readers do not wait for the writer, nor the writer for readers.
    let mode = enter_wal(&connection).map_err(failed("switch to write-ahead logging"))?;
    if mode != "wal" {
        return Err(StoreError::BadUrl(format!(
            "the file system of {} does not support write-ahead logging (SQLite stayed with \
             {mode:?}); put the store on a local disk",
            path.display()
        )));
    }
    Ok(connection)
}

/// Switches the file to its write-ahead log and says which mode it is in then. While several
/// openers of a new file do so, SQLite answers some with "busy" without asking the busy handler; a
/// write transaction does wait, and after it the switch is either ours to make or made.
fn enter_wal(connection: &Connection) -> rusqlite::Result<String> {
    let mut tries = 0;
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)) {
            Err(error)
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
                    && tries < WAL_TRIES_MAX =>
            {
                tries += 1;
                connection.execute_batch("BEGIN IMMEDIATE; COMMIT;")?;
            }
            result => return result,
        }
    }
}

/// A connection to a database of its own in memory.
pub(super) fn open_in_memory() -> Result<Connection, StoreError> {
    let connection = Connection::open_in_memory().map_err(failed("open a database in memory"))?;
    set_up(&connection)?;
    Ok(connection)
}

fn set_up(connection: &Connection) -> Result<(), StoreError> {
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    connection
        .busy_timeout(BUSY_TIMEOUT)
        .and_then(|()| connection.execute_batch(SETTINGS))
        .map_err(failed("set up its database connection"))
}
