//! Indexes on paths: rows of keys, written with each document.
//!
//! ```text
//!  create ─► (alone) in the list ─► a batch of documents gets keys ─┬─► ready
//!                                       ▲                           │
//!                                       └───────────────────────────┘
//! ```
//!
//! Those who write to the collection wait for the first step, which is short, and for a batch that
//! has their document; those who write elsewhere wait for nothing. From the first step on they write
//! keys of the new index, too; it is looked into once it is ready. One that was given up halfway
//! serves nobody, and whoever creates it again finishes it.

use serde_json::{Map, Value};

use crate::budget::Budget;
use crate::limits::{INDEX_MS_MAX, INDEXES_MAX, OPERATION_MS_MAX};
use crate::postgres::fault::failed;
use crate::postgres::lookup::Known;
use crate::postgres::rows::{self, LOCK};
use crate::postgres::server::Server;
use crate::postgres::sql::Param;
use crate::postgres::transaction::{Access, Scope, Transaction, in_transaction};
use crate::query::Path;
use crate::{Index, StoreError};

/// Documents whose keys are written by one transaction, as their writers may wait for it.
const BATCH: i64 = 500;

/// Bytes of them, unless one alone has more: they are in memory at once.
const BATCH_BYTES: i64 = 16 << 20;

/// Creates an index, and fills it; false when it exists already, or somebody else was faster.
pub(super) async fn create(
    server: &Server,
    app: &str,
    index: &Index,
    budget: &Budget,
) -> Result<bool, StoreError> {
    let path = index.check()?;
    let (scope, access) = (Scope::app(app), Access::Write);
    let listed = in_transaction(server, &scope, access, budget, async |transaction| {
        list(transaction, app, index).await
    });
    let Some(number) = listed.await? else {
        return Ok(false);
    };
    let known = Known {
        number,
        path: index.path.clone(),
        is_multi: false,
        is_ready: false,
    };
    let new = [(known, path)];
    let mut last = Some(i64::MIN);
    while let Some(after) = last {
        let filled = in_transaction(server, &scope, access, budget, async |transaction| {
            fill(transaction, index, &new, after).await
        });
        last = match filled.await {
            // Somebody holds a document of the batch for long. There is time to wait for it.
            Err(StoreError::OperationTooLong { .. }) if budget.check().is_ok() => continue,
            filled => filled?,
        };
    }
    let finished = in_transaction(server, &scope, access, budget, async |transaction| {
        let sql = "UPDATE indexes SET is_ready = true
                   WHERE app = $1 AND number = $2 AND NOT is_ready";
        let params = [transaction.app().into(), number.into()];
        let finished = transaction.execute(sql, &params, "finish the index");
        Ok(finished.await? > 0)
    });
    let finished = finished.await?;
    // The owner's to do. Without the new sizes the planner could take the long way to the keys until
    // the server has counted by itself, a minute later; so it is no failure.
    let counted = in_transaction(server, &scope, access, budget, async |transaction| {
        let count = "SET LOCAL ROLE NONE; ANALYZE (SKIP_LOCKED) documents, document_keys";
        transaction.run_text(count, "count the documents").await
    });
    let _ = counted.await;
    Ok(finished)
}

/// The number of the index, which is in the list now; none when it is ready.
async fn list(
    transaction: &Transaction<'_>,
    app: &str,
    index: &Index,
) -> Result<Option<i64>, StoreError> {
    transaction.require_app(app)?;
    // Whoever writes and does not know of the index has ended by then.
    lock(transaction, index).await?;
    if let Some((number, is_ready)) = find(transaction, index).await? {
        return Ok((!is_ready).then_some(number));
    }
    let sql = "SELECT COUNT(*) FROM indexes WHERE app = $1";
    let params = [transaction.app().into()];
    let rows = transaction.query(sql, &params, "count the indexes").await?;
    let count: i64 = rows.first().map_or(0, |row| row.get(0));
    if usize::try_from(count).unwrap_or(usize::MAX) >= INDEXES_MAX {
        return Err(StoreError::LimitExceeded {
            what: format!("the number of indexes of the app `{app}`"),
            limit: INDEXES_MAX.to_string(),
            advice: "drop one that is not needed",
        });
    }
    let step = "create the index";
    let sql = "INSERT INTO indexes (app, collection, path, is_ready) VALUES ($1, $2, $3, false)
               RETURNING number";
    let params = named(transaction, index);
    let rows = transaction.query(sql, &params, step).await?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// Writes the keys of some documents after this one; the last of them, none when there are no more.
async fn fill(
    transaction: &Transaction<'_>,
    index: &Index,
    new: &[(Known, Path)],
    after: i64,
) -> Result<Option<i64>, StoreError> {
    // Longer than any writer has its document.
    let timeout = format!("SET LOCAL statement_timeout = {}", 2 * OPERATION_MS_MAX);
    transaction.run_text(&timeout, "give itself time").await?;
    let shared = format!("SELECT 1 FROM (SELECT pg_advisory_xact_lock_shared({LOCK})) AS locked");
    let own = || [transaction.app().into(), Param::from(&index.collection)];
    transaction
        .query(&shared, &own(), "lock the indexes")
        .await?;
    if find(transaction, index).await?.is_none() {
        // Dropped meanwhile: keys that are written now would stay for ever.
        return Ok(None);
    }
    let step = "read the documents";
    let sql = "SELECT COALESCE(MAX(seq) FILTER (WHERE bytes <= $5), MIN(seq)) FROM (
                 SELECT seq, SUM(octet_length(doc)) OVER (ORDER BY seq) AS bytes FROM (
                   SELECT seq, doc FROM documents
                   WHERE app = $1 AND collection = $2 AND seq > $3 ORDER BY seq LIMIT $4
                 ) AS following
               ) AS sized";
    let mut params = own().to_vec();
    params.extend([after.into(), BATCH.into(), BATCH_BYTES.into()]);
    let rows = transaction.query(sql, &params, step).await?;
    let Some(last) = rows.first().and_then(|row| row.get::<_, Option<i64>>(0)) else {
        return Ok(None);
    };
    // As they are until this transaction ends: who changes one then writes its keys after these.
    let sql = "SELECT seq, doc FROM documents
               WHERE app = $1 AND collection = $2 AND seq > $3 AND seq <= $4
               ORDER BY seq FOR SHARE";
    let mut params = own().to_vec();
    params.extend([after.into(), last.into()]);
    let rows = transaction.query(sql, &params, step).await?;
    let mut documents: Vec<(i64, Map<String, Value>)> = Vec::with_capacity(rows.len());
    for row in &rows {
        let seq = row.try_get(0).map_err(failed(step))?;
        let text: &str = row.try_get(1).map_err(failed(step))?;
        // A damaged one matches nothing, and is named when it is read.
        if let Ok(fields) = serde_json::from_str(text) {
            documents.push((seq, fields));
        }
    }
    rows::index(transaction, new, &documents, rows::Keys::Older).await?;
    Ok(Some(last))
}

/// Drops an index; false when there is none. Those who write to the collection wait for it.
pub(super) async fn drop(transaction: &Transaction<'_>, index: &Index) -> Result<bool, StoreError> {
    // Names that no text of Postgres has, and no index.
    if index.collection.contains('\0') || index.path.contains('\0') {
        return Ok(false);
    }
    let timeout = format!("SET LOCAL statement_timeout = {INDEX_MS_MAX}");
    transaction.run_text(&timeout, "give itself time").await?;
    lock(transaction, index).await?;
    let Some((number, _)) = find(transaction, index).await? else {
        return Ok(false);
    };
    let step = "drop the index";
    let params: [Param; 2] = [transaction.app().into(), number.into()];
    for sql in [
        "DELETE FROM document_keys WHERE app = $1 AND index = $2",
        "DELETE FROM indexes WHERE app = $1 AND number = $2",
    ] {
        transaction.execute(sql, &params, step).await?;
    }
    Ok(true)
}

/// The app's indexes that are ready, ordered by collection and path.
pub(super) async fn all(transaction: &Transaction<'_>) -> Result<Vec<Index>, StoreError> {
    let sql = "SELECT collection, path FROM indexes WHERE app = $1 AND is_ready
               ORDER BY collection, path";
    let params = [transaction.app().into()];
    let rows = transaction.query(sql, &params, "list the indexes").await?;
    let index = |row: &tokio_postgres::Row| Index {
        collection: row.get(0),
        path: row.get(1),
    };
    Ok(rows.iter().map(index).collect())
}

/// Waits for those who write to the collection, and keeps them waiting.
async fn lock(transaction: &Transaction<'_>, index: &Index) -> Result<(), StoreError> {
    let sql = format!("SELECT 1 FROM (SELECT pg_advisory_xact_lock({LOCK})) AS locked");
    let params = [transaction.app().into(), (&index.collection).into()];
    let locked = transaction.query(&sql, &params, "lock the indexes");
    locked.await.map(std::mem::drop)
}

/// The number of the index, and whether it is ready.
async fn find(
    transaction: &Transaction<'_>,
    index: &Index,
) -> Result<Option<(i64, bool)>, StoreError> {
    let sql = "SELECT number, is_ready FROM indexes
               WHERE app = $1 AND collection = $2 AND path = $3";
    let params = named(transaction, index);
    let rows = transaction
        .query(sql, &params, "look for the index")
        .await?;
    Ok(rows.first().map(|row| (row.get(0), row.get(1))))
}

fn named(transaction: &Transaction<'_>, index: &Index) -> [Param; 3] {
    [
        transaction.app().into(),
        (&index.collection).into(),
        (&index.path).into(),
    ]
}
