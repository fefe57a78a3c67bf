//! Finds, counts and what else only reads.

use crate::budget::Budget;
use crate::operation::{Counter, Distinct, Finder, Read, Search, Sink, Texts};
use crate::postgres::lookup;
use crate::postgres::scan::scan;
use crate::postgres::transaction::{Scope, Transaction};
use crate::postgres::unsigned;
use crate::query::Filter;
use crate::{DocReply, StoreError};

/// What a read has to see.
pub(super) fn scope(read: &Read, app: &str, collection: &str) -> Scope {
    let filter = match read {
        Read::Find(filter, _) | Read::FindOne(filter, _) => Some(filter),
        Read::Count(filter) | Read::Distinct(filter, _) => Some(filter),
        Read::Exists => None,
    };
    let scope = Scope::app(app);
    if filter.is_some_and(lookup::may_serve) {
        return scope.and_indexes_of(collection);
    }
    scope
}

pub(super) async fn run(
    read: &Read,
    collection: &str,
    transaction: &Transaction<'_>,
    app: &str,
    budget: &Budget,
) -> Result<DocReply, StoreError> {
    transaction.require_app(app)?;
    let offer = async |filter: &Filter, sink: &mut dyn Sink| {
        let mut search = Search::new(app, collection, filter, budget);
        scan(transaction, &mut search, sink).await
    };
    let json = match read {
        Read::Find(filter, options) => {
            let mut finder = Finder::new(filter, options, Texts::array());
            offer(filter, &mut finder).await?;
            finder.finish(filter, budget)?.finish()
        }
        Read::FindOne(filter, options) => {
            let mut finder = Finder::new(filter, options, Texts::default());
            offer(filter, &mut finder).await?;
            finder.finish(filter, budget)?.single_or("null")
        }
        Read::Count(filter) if filter.is_trivial() => {
            let sql = "SELECT COUNT(*) FROM documents WHERE app = $1 AND collection = $2";
            let params = [transaction.app().into(), collection.into()];
            let step = "count the collection";
            let rows = transaction.query(sql, &params, step).await?;
            let count = rows.first().map_or(0, |row| unsigned(row.get(0)));
            format!(r#"{{"count":{count}}}"#)
        }
        Read::Count(filter) => {
            let mut counter = Counter::default();
            offer(filter, &mut counter).await?;
            format!(r#"{{"count":{}}}"#, counter.0)
        }
        Read::Exists => {
            let sql = "SELECT 1 FROM documents WHERE app = $1 AND collection = $2 LIMIT 1";
            let params = [transaction.app().into(), collection.into()];
            let step = "look for the collection";
            let rows = transaction.query(sql, &params, step).await?;
            (!rows.is_empty()).to_string()
        }
        Read::Distinct(filter, path) => {
            let mut distinct = Distinct::new(path);
            offer(filter, &mut distinct).await?;
            distinct.finish()?
        }
    };
    Ok(DocReply::new(json))
}
