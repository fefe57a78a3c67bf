//! Indexes on paths: expression indexes of SQLite, each over one collection only.
//!
//! An index holds, for each document, the type and the value at its path, or the type `array` when
//! there is an array on the path: what such a document matches is for the matcher to say.

use rusqlite::{OptionalExtension as _, Transaction};

use crate::limits::INDEXES_MAX;
use crate::query::Filter;
use crate::sqlite::pushdown::{Predicate, indexed};
use crate::sqlite::scan::Scope;
use crate::sqlite::{failed, require_app};
use crate::{Index, StoreError};

/// Creates an index, and fills it; false when it exists already.
pub(super) fn create(
    transaction: &Transaction<'_>,
    app: &str,
    index: &Index,
) -> Result<bool, StoreError> {
    let path = index.check()?;
    require_app(transaction, app)?;
    let step = "create the index";
    if number(transaction, app, index)?.is_some() {
        return Ok(false);
    }
    if all(transaction, app)?.len() >= INDEXES_MAX {
        return Err(StoreError::LimitExceeded {
            what: format!("the number of indexes of the app `{app}`"),
            limit: INDEXES_MAX.to_string(),
            advice: "drop one that is not needed",
        });
    }
    transaction
        .execute(
            "INSERT INTO indexes (app, collection, path) VALUES (?1, ?2, ?3)",
            [app, &index.collection, &index.path],
        )
        .map_err(failed(step))?;
    let name = name(transaction.last_insert_rowid());
    let Some(columns) = indexed::columns(&path) else {
        return Err(StoreError::BadName(format!(
            "an index on the path {:?} is not possible",
            index.path
        )));
    };
    let own = own_rows(app, &index.collection);
    let sql = format!("CREATE INDEX {name} ON documents ({columns}) WHERE {own}");
    transaction.execute_batch(&sql).map_err(failed(step))?;
    Ok(true)
}

/// Drops an index; false when there is none.
pub(super) fn drop(
    transaction: &Transaction<'_>,
    app: &str,
    index: &Index,
) -> Result<bool, StoreError> {
    let step = "drop the index";
    let Some(number) = number(transaction, app, index)? else {
        return Ok(false);
    };
    transaction
        .execute("DELETE FROM indexes WHERE number = ?1", [number])
        .and_then(|_| transaction.execute_batch(&format!("DROP INDEX {}", name(number))))
        .map_err(failed(step))?;
    Ok(true)
}

/// An app's indexes, ordered by collection and path.
pub(super) fn all(transaction: &Transaction<'_>, app: &str) -> Result<Vec<Index>, StoreError> {
    let step = "list the indexes";
    let sql = "SELECT collection, path FROM indexes WHERE app = ?1 ORDER BY collection, path";
    let mut statement = transaction.prepare_cached(sql).map_err(failed(step))?;
    let index = |row: &rusqlite::Row<'_>| {
        Ok(Index {
            collection: row.get(0)?,
            path: row.get(1)?,
        })
    };
    let found = statement.query_map([app], index).map_err(failed(step))?;
    found.collect::<Result<_, _>>().map_err(failed(step))
}

/// The query for the rows that may match, by the index that serves the filter best.
pub(super) fn lookup(scope: &Scope<'_>, filter: &Filter) -> Result<Option<Predicate>, StoreError> {
    let step = "look for an index";
    let mut best: Option<(bool, i64, Vec<Predicate>)> = None;
    let mut statement = scope
        .transaction
        .prepare_cached("SELECT number, path FROM indexes WHERE app = ?1 AND collection = ?2")
        .map_err(failed(step))?;
    let mut rows = statement
        .query([scope.app, scope.collection])
        .map_err(failed(step))?;
    while let Some(row) = rows.next().map_err(failed(step))? {
        let number: i64 = row.get(0).map_err(failed(step))?;
        let path: String = row.get(1).map_err(failed(step))?;
        let Some((is_exact, parts)) = indexed::parts(filter, &path) else {
            continue;
        };
        if best
            .as_ref()
            .is_none_or(|(was_exact, ..)| is_exact && !was_exact)
        {
            best = Some((is_exact, number, parts));
        }
    }
    Ok(best.map(|(_, number, parts)| union(scope, number, parts)))
}

/// All rows of the parts; a row in several of them does no harm in an `IN`.
fn union(scope: &Scope<'_>, number: i64, parts: Vec<Predicate>) -> Predicate {
    let own = own_rows(scope.app, scope.collection);
    let name = name(number);
    let selects: Vec<String> = parts
        .iter()
        .map(|part| {
            format!(
                "SELECT seq FROM documents INDEXED BY {name} WHERE {own} AND {}",
                part.sql
            )
        })
        .collect();
    Predicate {
        sql: selects.join(" UNION ALL "),
        parameters: parts.into_iter().flat_map(|part| part.parameters).collect(),
    }
}

fn number(
    transaction: &Transaction<'_>,
    app: &str,
    index: &Index,
) -> Result<Option<i64>, StoreError> {
    transaction
        .prepare_cached(
            "SELECT number FROM indexes WHERE app = ?1 AND collection = ?2 AND path = ?3",
        )
        .and_then(|mut statement| {
            let row = statement.query_row([app, &index.collection, &index.path], |row| row.get(0));
            row.optional()
        })
        .map_err(failed("look for the index"))
}

fn name(number: i64) -> String {
    format!("documents_of_index_{number}")
}

/// Literals: SQLite uses an index over some rows only where the statement itself says that it is
/// about them. The names were checked, and quotes in them are doubled.
fn own_rows(app: &str, collection: &str) -> String {
    let quoted = |text: &str| text.replace('\'', "''");
    format!(
        "app = '{}' AND collection = '{}'",
        quoted(app),
        quoted(collection)
    )
}
