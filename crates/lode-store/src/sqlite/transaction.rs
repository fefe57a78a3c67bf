//! One operation in one transaction, within its limit.

use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use crate::StoreError;
use crate::budget::{Budget, Limit};
use crate::sqlite::failed;

/// SQLite's instructions between two looks at the clock. Few, because one of them may read a
/// value out of a document of many megabytes.
const INSTRUCTIONS_PER_LOOK: c_int = 100;

/// Does `work` in a transaction that happens wholly or, on any error and when the limit is
/// reached before the end, not at all.
pub(super) fn in_transaction<T>(
    connection: &mut Connection,
    behavior: TransactionBehavior,
    limit: Limit,
    work: impl FnOnce(&Transaction<'_>, &Budget) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let budget = Budget::new(limit.clone());
    let watching = watch(connection, limit)?;
    let transaction = connection
        .transaction_with_behavior(behavior)
        .map_err(failed("begin a transaction"))?;
    // On an error the transaction is dropped, which rolls it back. Before that, as before the
    // commit, the watch has ended: neither may be interrupted.
    let value = {
        let _ends = watching;
        work(&transaction, &budget)
            .map_err(|error| if_interrupted(error, &budget))
            .and_then(|value| budget.check().map(|()| value))?
    };
    transaction.commit().map_err(failed("commit"))?;
    Ok(value)
}

/// While it lives, SQLite interrupts statements that run when the limit is reached.
struct Watch(Arc<AtomicBool>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

fn watch(connection: &mut Connection, limit: Limit) -> Result<Watch, StoreError> {
    let watching = Arc::new(AtomicBool::new(false));
    let is_watching = Arc::clone(&watching);
    let must_end = move || is_watching.load(Ordering::Relaxed) && limit.is_reached();
    connection
        .progress_handler(INSTRUCTIONS_PER_LOOK, Some(must_end))
        .map_err(failed("watch over its statements"))?;
    watching.store(true, Ordering::Relaxed);
    Ok(Watch(watching))
}

/// SQLite says only that it was interrupted; the budget knows why.
fn if_interrupted(error: StoreError, budget: &Budget) -> StoreError {
    if let StoreError::Unavailable { source, .. } = &error
        && let Some(source) = source.downcast_ref::<rusqlite::Error>()
        && source.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
        && let Err(reason) = budget.check()
    {
        return reason;
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count_of_rows(connection: &Connection) -> i64 {
        let count = connection.query_row("SELECT COUNT(*) FROM t", [], |row| row.get(0));
        count.unwrap()
    }

    #[test]
    fn an_endless_statement_is_interrupted_and_its_transaction_undone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (n)").unwrap();
        let abandoned = Arc::new(AtomicBool::new(false));
        let limit = Limit::start(Arc::clone(&abandoned));
        let behavior = TransactionBehavior::Immediate;
        let ended = in_transaction(&mut connection, behavior, limit, |transaction, _| {
            transaction.execute("INSERT INTO t VALUES (1)", []).unwrap();
            abandoned.store(true, Ordering::Relaxed);
            let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                           SELECT COUNT(*) FROM n";
            let count = transaction.query_row(endless, [], |row| row.get::<_, i64>(0));
            count.map_err(failed("count to infinity"))
        });
        assert!(matches!(ended, Err(StoreError::Stopped)), "{ended:?}");
        assert_eq!(count_of_rows(&connection), 0);
    }

    #[test]
    fn what_finishes_after_its_caller_has_gone_is_undone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (n)").unwrap();
        for (abandoned, rows) in [(false, 1), (true, 1)] {
            let limit = Limit::start(Arc::new(AtomicBool::new(abandoned)));
            let behavior = TransactionBehavior::Immediate;
            let done = in_transaction(&mut connection, behavior, limit, |transaction, _| {
                transaction.execute("INSERT INTO t VALUES (1)", []).unwrap();
                Ok(())
            });
            assert_eq!(done.is_ok(), !abandoned);
            assert_eq!(count_of_rows(&connection), rows);
        }
    }
}
