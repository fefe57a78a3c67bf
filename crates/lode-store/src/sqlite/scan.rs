//! Walks the documents of a collection that match a filter, in the order of insertion.

use std::ops::ControlFlow;

use rusqlite::types::Value as SqlValue;
use rusqlite::{Row, Transaction, params_from_iter};
use serde_json::{Map, Value};

use crate::StoreError;
use crate::budget::Budget;
use crate::limits::SCAN_DOCUMENTS_MAX;
use crate::query::Filter;
use crate::sqlite::{failed, pushdown};

/// One collection of one app: what every statement on documents is bound to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) transaction: &'a Transaction<'a>,
    pub(super) app: &'a str,
    pub(super) collection: &'a str,
    pub(super) budget: &'a Budget,
}

/// A stored document that matches.
pub(super) struct Found<'a> {
    pub(super) seq: i64,
    pub(super) text: &'a str,
    pub(super) fields: Map<String, Value>,
}

impl Scope<'_> {
    /// Calls `visit` for each match until it breaks.
    ///
    /// SQL leaves out what certainly does not match; the matcher decides on the rest.
    pub(super) fn scan(
        &self,
        filter: &Filter,
        mut visit: impl FnMut(Found<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let (sql, parameters) = self.statement(filter);
        let step = "search the collection";
        let mut statement = self
            .transaction
            .prepare_cached(&sql)
            .map_err(failed(step))?;
        let mut rows = statement
            .query(params_from_iter(parameters))
            .map_err(failed(step))?;
        let mut scanned = 0;
        while let Some(row) = rows.next().map_err(|error| self.search_error(error))? {
            scanned += 1;
            if scanned > SCAN_DOCUMENTS_MAX {
                return Err(StoreError::LimitExceeded {
                    what: "the number of documents to look at".to_owned(),
                    limit: SCAN_DOCUMENTS_MAX.to_string(),
                    advice: "narrow the query by a plain equality or comparison, or give a limit",
                });
            }
            let found = self.read(row)?;
            let matches = filter.matches_within(&found.fields, self.budget);
            // Before the answer is used: a spent budget makes it meaningless.
            self.budget.check()?;
            if matches && visit(found)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn statement(&self, filter: &Filter) -> (String, Vec<SqlValue>) {
        // Named, because the planner knows no sizes and would read the whole collection.
        let index = if pushdown::names_ids(filter) {
            "documents_by_id"
        } else {
            "documents_in_order"
        };
        let mut sql = format!(
            "SELECT seq, id, doc FROM documents INDEXED BY {index} WHERE app = ? AND collection = ?"
        );
        let mut parameters = vec![
            SqlValue::Text(self.app.to_owned()),
            SqlValue::Text(self.collection.to_owned()),
        ];
        if let Some(predicate) = pushdown::compile(filter) {
            sql.push_str(" AND ");
            sql.push_str(&predicate.sql);
            parameters.extend(predicate.parameters);
        }
        sql.push_str(" ORDER BY seq");
        (sql, parameters)
    }

    fn read<'r>(&self, row: &'r Row<'_>) -> Result<Found<'r>, StoreError> {
        let step = failed("read a document");
        let (seq, text) = match (row.get(0), row.get_ref(2)) {
            (Ok(seq), Ok(text)) => (seq, text),
            (Err(error), _) | (_, Err(error)) => return Err(step(error)),
        };
        let damaged = |reason: String| {
            let id = row.get(1).unwrap_or_else(|_| "(unreadable)".to_owned());
            self.corrupt(id, reason)
        };
        let text = text.as_str().map_err(|error| damaged(error.to_string()))?;
        let fields = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
        Ok(Found { seq, text, fields })
    }

    fn corrupt(&self, id: String, reason: String) -> StoreError {
        StoreError::Corrupt {
            app: self.app.to_owned(),
            collection: self.collection.to_owned(),
            id,
            reason,
        }
    }

    /// SQLite says "malformed JSON" without saying where, so look for the row.
    fn search_error(&self, error: rusqlite::Error) -> StoreError {
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
            Ok(id) => self.corrupt(id, "its text is not JSON".to_owned()),
            Err(_) => failed("search the collection")(error),
        }
    }

    #[cfg(test)]
    pub(super) fn plan_of(&self, filter: &Filter) -> String {
        let (sql, parameters) = self.statement(filter);
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
