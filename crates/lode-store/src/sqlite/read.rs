//! Finds, counts and what else only reads.

use rusqlite::Transaction;

use crate::budget::Budget;
use crate::operation::{Counter, Distinct, Finder, Read, Texts};
use crate::query::Filter;
use crate::sqlite::scan::Scope;
use crate::sqlite::{failed, require_app};
use crate::{DocReply, StoreError};

pub(super) fn run(
    read: &Read,
    collection: &str,
    transaction: &Transaction<'_>,
    app: &str,
    budget: &Budget,
) -> Result<DocReply, StoreError> {
    require_app(transaction, app)?;
    let scope = Scope {
        transaction,
        app,
        collection,
        budget,
    };
    let json = match read {
        Read::Find(filter, options) => {
            let mut finder = Finder::new(filter, options, Texts::array());
            scope.scan(filter, &mut finder)?;
            finder.finish(filter, budget)?.finish()
        }
        Read::FindOne(filter, options) => {
            let mut finder = Finder::new(filter, options, Texts::default());
            scope.scan(filter, &mut finder)?;
            finder.finish(filter, budget)?.single_or("null")
        }
        Read::Count(filter) => format!(r#"{{"count":{}}}"#, count(&scope, filter)?),
        Read::Exists => exists(&scope)?.to_string(),
        Read::Distinct(filter, path) => {
            let mut distinct = Distinct::new(path);
            scope.scan(filter, &mut distinct)?;
            distinct.finish()?
        }
    };
    Ok(DocReply::new(json))
}

fn count(scope: &Scope<'_>, filter: &Filter) -> Result<u64, StoreError> {
    if filter.is_trivial() {
        return scope
            .transaction
            .prepare_cached("SELECT COUNT(*) FROM documents WHERE app = ?1 AND collection = ?2")
            .and_then(|mut statement| {
                statement.query_row([scope.app, scope.collection], |row| row.get(0))
            })
            .map(super::unsigned)
            .map_err(failed("count the collection"));
    }
    let mut counter = Counter::default();
    scope.scan(filter, &mut counter)?;
    Ok(counter.0)
}

fn exists(scope: &Scope<'_>) -> Result<bool, StoreError> {
    scope
        .transaction
        .prepare_cached("SELECT 1 FROM documents WHERE app = ?1 AND collection = ?2")
        .and_then(|mut statement| statement.exists([scope.app, scope.collection]))
        .map_err(failed("look for the collection"))
}
