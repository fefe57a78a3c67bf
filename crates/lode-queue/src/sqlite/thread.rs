//! `DbThread`: the one thread that touches the file, off the async runtime.
//!
//! Writes that wait together share one transaction, each in its own savepoint, and so one fsync.
//! Nobody is answered before the commit: an answer means that the step is on the disk.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{oneshot, watch};

use super::schema;
use crate::error::QueueError;
use crate::limits::GROUP_MAX;

/// A handle on the thread; the thread ends with the last handle.
#[derive(Debug)]
pub(super) struct DbThread {
    work: Sender<Work>,
    changes: watch::Receiver<u64>,
}

/// Answers the caller once the commit is known.
type Answer = Box<dyn FnOnce(Result<(), QueueError>) + Send>;
type Write = Box<dyn FnOnce(&Connection) -> Answer + Send>;

enum Work {
    Read(Box<dyn FnOnce(&Connection) + Send>),
    /// The step, and what to do when there is no transaction to do it in.
    Write(Write, Answer),
}

impl DbThread {
    /// Opens the file on a new thread.
    pub(super) async fn open(path: PathBuf) -> Result<Self, QueueError> {
        let (work, inbox) = channel();
        let (changed, changes) = watch::channel(0);
        let (opened, answer) = oneshot::channel();
        let serve = move || match schema::open(&path) {
            Ok(db) => {
                // The opener may have given up by now; the closed channel then ends the thread.
                let _ = opened.send(Ok(()));
                serve(&db, &inbox, &changed);
            }
            Err(error) => {
                let _ = opened.send(Err(error));
            }
        };
        std::thread::Builder::new()
            .name("lode-queue".to_owned())
            .spawn(serve)
            .map_err(|error| QueueError::Unavailable(format!("no thread for SQLite: {error}")))?;
        answer.await.unwrap_or_else(|_| Err(gone()))?;
        Ok(Self { work, changes })
    }

    /// A view on the count of transactions committed through this handle.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    /// Runs a query.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        step: &'static str,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, QueueError> {
        let (sender, answer) = oneshot::channel();
        let read = Box::new(move |db: &Connection| {
            // A caller that gave up needs no answer.
            let _ = sender.send(query(db).map_err(|error| queue_error(step, &error)));
        });
        self.work.send(Work::Read(read)).map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Runs one atomic step.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        step: &'static str,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, QueueError> {
        let (sender, answer) = oneshot::channel();
        let (failed, failure) = oneshot::channel();
        let write: Write = Box::new(move |db| {
            let result = in_savepoint(db, change).map_err(|error| queue_error(step, &error));
            Box::new(move |commit| {
                let _ = sender.send(commit.and(result));
            })
        });
        let fail: Answer = Box::new(move |commit| {
            let _ = failed.send(commit);
        });
        self.work
            .send(Work::Write(write, fail))
            .map_err(|_| gone())?;
        match answer.await {
            Ok(result) => result,
            // Never run: the reason comes the other way.
            Err(_) => Err(failure
                .await
                .ok()
                .and_then(Result::err)
                .unwrap_or_else(gone)),
        }
    }
}

/// Sorts SQLite's errors: a busy or full disk passes, the rest does not.
pub(super) fn queue_error(step: &'static str, error: &rusqlite::Error) -> QueueError {
    let passing = [
        ErrorCode::DatabaseBusy,
        ErrorCode::DatabaseLocked,
        ErrorCode::DiskFull,
        ErrorCode::SystemIoFailure,
    ];
    match error.sqlite_error_code() {
        Some(code) if passing.contains(&code) => QueueError::Unavailable(error.to_string()),
        Some(_) | None => QueueError::Refused {
            step,
            reason: error.to_string(),
        },
    }
}

fn gone() -> QueueError {
    QueueError::Unavailable("the thread of the SQLite queue has ended".to_owned())
}

/// Serves until the last handle is gone.
fn serve(db: &Connection, inbox: &Receiver<Work>, changed: &watch::Sender<u64>) {
    while let Ok(first) = inbox.recv() {
        let mut writes = Vec::new();
        for work in std::iter::once(first).chain(inbox.try_iter().take(GROUP_MAX - 1)) {
            match work {
                Work::Read(read) => read(db),
                Work::Write(write, fail) => writes.push((write, fail)),
            }
        }
        if !writes.is_empty() {
            commit_group(db, writes);
            changed.send_modify(|count| *count += 1);
        }
    }
}

fn commit_group(db: &Connection, writes: Vec<(Write, Answer)>) {
    if let Err(error) = db.execute_batch("BEGIN IMMEDIATE") {
        for (_, fail) in writes {
            fail(Err(queue_error("begin", &error)));
        }
        return;
    }
    // Some failures (a full disk) end the transaction by themselves: what went before is undone,
    // and what comes after must not run outside of it.
    let run = |(write, fail): (Write, Answer)| if db.is_autocommit() { fail } else { write(db) };
    let answers: Vec<Answer> = writes.into_iter().map(run).collect();
    let commit = commit(db);
    for answer in answers {
        answer(commit.clone());
    }
}

fn commit(db: &Connection) -> Result<(), QueueError> {
    if db.is_autocommit() {
        return Err(QueueError::Unavailable(
            "SQLite rolled the transaction back".to_owned(),
        ));
    }
    db.execute_batch("COMMIT").map_err(|error| {
        if !db.is_autocommit()
            && let Err(error) = db.execute_batch("ROLLBACK")
        {
            return queue_error("rollback", &error);
        }
        queue_error("commit", &error)
    })
}

fn in_savepoint<T>(
    db: &Connection,
    change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    db.prepare_cached("SAVEPOINT step")?.execute([])?;
    let result = change(db);
    if db.is_autocommit() {
        return result;
    }
    if result.is_err() {
        db.prepare_cached("ROLLBACK TO step")?.execute([])?;
    }
    db.prepare_cached("RELEASE step")?.execute([])?;
    result
}
