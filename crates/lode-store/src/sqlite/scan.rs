//! Walks the documents of a collection that match a filter, in the order of insertion.

use rusqlite::types::Value as SqlValue;
use rusqlite::{Transaction, params_from_iter};

use crate::StoreError;
use crate::budget::Budget;
use crate::operation::{Row, Search, Sink};
use crate::query::Filter;
use crate::sqlite::{failed, indexes, pushdown};

/// One collection of one app: what every statement on documents is bound to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) transaction: &'a Transaction<'a>,
    pub(super) app: &'a str,
    pub(super) collection: &'a str,
    pub(super) budget: &'a Budget,
}

impl Scope<'_> {
    /// Gives each match to the sink until that has enough.
    ///
    /// SQL leaves out what certainly does not match; the search decides on the rest.
    pub(super) fn scan(&self, filter: &Filter, sink: &mut dyn Sink) -> Result<(), StoreError> {
        let (sql, parameters) = self.statement(filter)?;
        let step = "search the collection";
        let mut statement = self
            .transaction
            .prepare_cached(&sql)
            .map_err(failed(step))?;
        let mut rows = statement
            .query(params_from_iter(parameters))
            .map_err(failed(step))?;
        let mut search = Search::new(self.app, self.collection, filter, self.budget);
        while let Some(row) = rows
            .next()
            .map_err(|error| self.search_error(&search, error))?
        {
            let read = |error| failed("read a document")(error);
            let seq = row.get(0).map_err(read)?;
            let text = row.get_ref(2).map_err(read)?;
            let id = row.get_ref(1).map_err(read)?;
            let id = id.as_str().unwrap_or("(unreadable)");
            let text = text
                .as_str()
                .map_err(|error| search.corrupt(id, error.to_string()))?;
            if search.offer(Row { seq, id, text }, sink)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn statement(&self, filter: &Filter) -> Result<(String, Vec<SqlValue>), StoreError> {
        let mut parameters = Vec::new();
        let mut sql = String::from("SELECT seq, id, doc FROM documents ");
        // The way is named, because the planner knows no sizes and would read the whole
        // collection.
        let by_index = if pushdown::names_ids(filter) {
            sql.push_str("INDEXED BY documents_by_id WHERE ");
            None
        } else {
            indexes::lookup(self, filter)?
        };
        match by_index {
            Some(lookup) => {
                sql.push_str("WHERE seq IN (");
                sql.push_str(&lookup.sql);
                // With a sign, so that no other index is used for them.
                sql.push_str(") AND +app = ? AND +collection = ?");
                parameters.extend(lookup.parameters);
            }
            None if sql.ends_with("WHERE ") => sql.push_str("app = ? AND collection = ?"),
            None => sql.push_str("INDEXED BY documents_in_order WHERE app = ? AND collection = ?"),
        }
        parameters.push(SqlValue::Text(self.app.to_owned()));
        parameters.push(SqlValue::Text(self.collection.to_owned()));
        if let Some(predicate) = pushdown::compile(filter) {
            sql.push_str(" AND ");
            sql.push_str(&predicate.sql);
            parameters.extend(predicate.parameters);
        }
        sql.push_str(" ORDER BY seq");
        Ok((sql, parameters))
    }

    /// SQLite says "malformed JSON" without saying where, so look for the row.
    fn search_error(&self, search: &Search<'_>, error: rusqlite::Error) -> StoreError {
        let first_damaged = self
            .transaction
            .prepare_cached(
                "SELECT id FROM documents
                 WHERE app = ?1 AND collection = ?2 AND NOT json_valid(doc) LIMIT 1",
            )
            .and_then(|mut statement| {
                statement.query_row([self.app, self.collection], |row| row.get::<_, String>(0))
            });
        match first_damaged {
            Ok(id) => search.corrupt(&id, "its text is not JSON".to_owned()),
            Err(_) => failed("search the collection")(error),
        }
    }

    #[cfg(test)]
    pub(super) fn plan_of(&self, filter: &Filter) -> String {
        let (sql, parameters) = self.statement(filter).unwrap();
        let mut statement = self
            .transaction
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        let lines = statement
            .query_map(params_from_iter(parameters), |row| row.get::<_, String>(3))
            .unwrap();
        lines.collect::<Result<Vec<_>, _>>().unwrap().join("; ")
    }
}
