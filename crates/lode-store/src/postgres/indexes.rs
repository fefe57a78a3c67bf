//! Indexes on paths: rows of keys, written with each document.

use serde_json::{Map, Value};

use crate::budget::Budget;
use crate::limits::{INDEX_MS_MAX, INDEXES_MAX};
use crate::postgres::fault::failed;
use crate::postgres::lookup::Known;
use crate::postgres::rows::{self, LOCK};
use crate::postgres::sql::Param;
use crate::postgres::transaction::Transaction;
use crate::query::Path;
use crate::{Index, StoreError};

/// Documents whose keys are written by one statement.
const BATCH: i64 = 500;

/// Creates an index, and fills it; false when it exists already.
pub(super) async fn create(
    transaction: &Transaction<'_>,
    app: &str,
    index: &Index,
    budget: &Budget,
) -> Result<bool, StoreError> {
    let path = index.check()?;
    transaction.require_app(app)?;
    let timeout = format!("SET LOCAL statement_timeout = {INDEX_MS_MAX}");
    transaction.run_text(&timeout, "give itself time").await?;
    lock(transaction, index).await?;
    if number(transaction, index).await?.is_some() {
        return Ok(false);
    }
    if all(transaction).await?.len() >= INDEXES_MAX {
        return Err(StoreError::LimitExceeded {
            what: format!("the number of indexes of the app `{app}`"),
            limit: INDEXES_MAX.to_string(),
            advice: "drop one that is not needed",
        });
    }
    let step = "create the index";
    let sql = "INSERT INTO indexes (app, collection, path) VALUES ($1, $2, $3) RETURNING number";
    let params = named(transaction, index);
    let rows = transaction.query(sql, &params, step);
    let Some(number) = rows.await?.first().map(|row| row.get(0)) else {
        return Ok(false);
    };
    let known = Known {
        number,
        path: index.path.clone(),
        is_multi: false,
    };
    fill(transaction, index, (known, path), budget).await?;
    Ok(true)
}

async fn fill(
    transaction: &Transaction<'_>,
    index: &Index,
    new: (Known, Path),
    budget: &Budget,
) -> Result<(), StoreError> {
    let sql = "SELECT seq, doc FROM documents
               WHERE app = $1 AND collection = $2 AND seq > $3 ORDER BY seq LIMIT $4";
    let indexes = [new];
    let mut last = i64::MIN;
    loop {
        budget.check()?;
        let collection = (&index.collection).into();
        let params = [
            transaction.app().into(),
            collection,
            last.into(),
            BATCH.into(),
        ];
        let step = "read the documents";
        let rows = transaction.query(sql, &params, step).await?;
        let mut documents: Vec<(i64, Map<String, Value>)> = Vec::with_capacity(rows.len());
        for row in &rows {
            last = row.try_get(0).map_err(failed(step))?;
            let text: &str = row.try_get(1).map_err(failed(step))?;
            // A damaged one matches nothing, and is named when it is read.
            if let Ok(fields) = serde_json::from_str(text) {
                documents.push((last, fields));
            }
        }
        rows::index(transaction, &indexes, &documents).await?;
        if (rows.len() as u64) < BATCH.unsigned_abs() {
            return Ok(());
        }
    }
}

/// Drops an index; false when there is none.
pub(super) async fn drop(transaction: &Transaction<'_>, index: &Index) -> Result<bool, StoreError> {
    // Names that no text of Postgres has, and no index.
    if index.collection.contains('\0') || index.path.contains('\0') {
        return Ok(false);
    }
    lock(transaction, index).await?;
    let Some(number) = number(transaction, index).await? else {
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

/// The app's indexes, ordered by collection and path.
pub(super) async fn all(transaction: &Transaction<'_>) -> Result<Vec<Index>, StoreError> {
    let sql = "SELECT collection, path FROM indexes WHERE app = $1 ORDER BY collection, path";
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

async fn number(transaction: &Transaction<'_>, index: &Index) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT number FROM indexes WHERE app = $1 AND collection = $2 AND path = $3";
    let params = named(transaction, index);
    let rows = transaction.query(sql, &params, "look for the index");
    Ok(rows.await?.first().map(|row| row.get(0)))
}

fn named(transaction: &Transaction<'_>, index: &Index) -> [Param; 3] {
    [
        transaction.app().into(),
        (&index.collection).into(),
        (&index.path).into(),
    ]
}
