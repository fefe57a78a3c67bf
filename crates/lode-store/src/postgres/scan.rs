//! Offers the documents of a collection that may match, in the order of insertion.

use std::ops::ControlFlow;

use futures_util::TryStreamExt as _;
use tokio_postgres::Row as PgRow;

use crate::StoreError;
use crate::operation::{Row, Search, Sink};
use crate::postgres::fault::failed;
use crate::postgres::lookup::Source;
use crate::postgres::sql::{Param, Params};
use crate::postgres::transaction::{Access, Transaction};
use crate::postgres::{lookup, pushdown};
use crate::query::Filter;

/// Rows of the first batch: what is left of it when the sink has enough is brought in vain. Each
/// next one is larger; none is ever in memory as a whole.
const FIRST_BATCH: usize = 16;
const BATCH_GROWTH: usize = 8;
const BATCH_MAX: usize = 8_192;
/// Rows that are locked by one statement.
const LOCKED_AT_ONCE: usize = 1_000;

const STEP: &str = "search the collection";

/// Offers what may match, until the sink has enough.
///
/// SQL leaves out what certainly does not match; the matcher decides on the rest.
pub(super) async fn scan(
    transaction: &Transaction<'_>,
    search: &mut Search<'_>,
    sink: &mut dyn Sink,
) -> Result<(), StoreError> {
    let (sql, params) = statement(transaction, search.collection, search.filter);
    // A cursor, whose plan is made for the first rows: most finds have a limit.
    let declare = format!("DECLARE found NO SCROLL CURSOR FOR {sql}");
    let mut batch = FIRST_BATCH;
    let fetch = |batch: usize| format!("FETCH {batch} FROM found");
    let first = fetch(batch);
    // Sent together, in this order: one round trip.
    let (_, mut rows) = tokio::try_join!(
        biased;
        transaction.execute(&declare, &params, STEP),
        transaction.stream(&first, &[], STEP)
    )?;
    loop {
        let mut count = 0;
        while let Some(row) = rows.try_next().await.map_err(failed(STEP))? {
            count += 1;
            if offer(&row, search, sink)?.is_break() {
                return close(transaction);
            }
        }
        if count < batch {
            return close(transaction);
        }
        batch = (batch * BATCH_GROWTH).min(BATCH_MAX);
        rows = transaction.stream(&fetch(batch), &[], STEP).await?;
    }
}

/// What writes may search again; what reads ends with its one search.
fn close(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    if transaction.access() == Access::Write {
        transaction.send_text("CLOSE found");
    }
    Ok(())
}

/// Locks these rows, in order, and offers them as they are then; those that are gone are left out.
pub(super) async fn lock(
    transaction: &Transaction<'_>,
    seqs: &[i64],
    search: &mut Search<'_>,
    sink: &mut dyn Sink,
) -> Result<(), StoreError> {
    let step = "lock the documents";
    let sql = "SELECT d.seq, d.id, d.doc FROM unnest($3::bigint[]) AS w (wanted)
               CROSS JOIN LATERAL (
                 SELECT seq, id, doc FROM documents
                 WHERE app = $1 AND collection = $2 AND seq = w.wanted OFFSET 0 FOR UPDATE) AS d
               ORDER BY d.seq";
    for part in seqs.chunks(LOCKED_AT_ONCE) {
        let collection = search.collection.into();
        let params = [transaction.app().into(), collection, part.to_vec().into()];
        let mut rows = transaction.stream(sql, &params, step).await?;
        // To its end: it is the statement that locks.
        let mut has_enough = false;
        while let Some(row) = rows.try_next().await.map_err(failed(step))? {
            has_enough = has_enough || offer(&row, search, sink)?.is_break();
        }
        if has_enough {
            return Ok(());
        }
    }
    Ok(())
}

fn statement(
    transaction: &Transaction<'_>,
    collection: &str,
    filter: &Filter,
) -> (String, Vec<Param>) {
    let mut params = Params::default();
    // $1 and $2.
    params.bind(transaction.app());
    params.bind(collection);
    let of_collection = "SELECT seq, id, doc FROM documents WHERE app = $1 AND collection = $2";
    let source = match lookup::ids(filter) {
        Some(mut ids) if ids.len() == 1 => {
            // The matcher has the rest, and without an order no other index looks better.
            let id = params.bind(ids.pop_first().unwrap_or_default());
            return (format!("{of_collection} AND id = {id}"), params.0);
        }
        Some(ids) => Some(lookup::by_ids(ids, &mut params)),
        None => by_index(transaction, filter, &mut params),
    };
    let predicate = pushdown::compile(filter, &mut params);
    let sql = match (source, predicate) {
        (Some(Source { from, order }), predicate) => {
            let predicate = predicate.unwrap_or_else(|| "true".to_owned());
            format!("SELECT d.seq, d.id, d.doc FROM {from} WHERE {predicate} ORDER BY {order}")
        }
        (None, Some(predicate)) => format!("{of_collection} AND {predicate} ORDER BY seq"),
        (None, None) => format!("{of_collection} ORDER BY seq"),
    };
    (sql, params.0)
}

/// None where no index serves the filter.
fn by_index(transaction: &Transaction<'_>, filter: &Filter, params: &mut Params) -> Option<Source> {
    let mut indexes = transaction.indexes()?.to_vec();
    if transaction.access() == Access::Write {
        // Somebody may make one so before the search begins, which has a later snapshot.
        indexes.iter_mut().for_each(|index| index.is_multi = true);
    }
    lookup::keys(filter, &indexes, params).map(|keys| lookup::by_keys(&keys))
}

fn offer(
    row: &PgRow,
    search: &mut Search<'_>,
    sink: &mut dyn Sink,
) -> Result<ControlFlow<()>, StoreError> {
    let step = "read a document";
    let id: &[u8] = row.try_get(1).map_err(failed(step))?;
    let row = Row {
        seq: row.try_get(0).map_err(failed(step))?,
        id: &String::from_utf8_lossy(id),
        text: row.try_get(2).map_err(failed(step))?,
    };
    search.offer(row, sink)
}
