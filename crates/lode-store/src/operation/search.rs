//! Rows of a database on their way to whoever asked for them: read, counted and matched.

use std::ops::ControlFlow;

use serde_json::{Map, Value};

use crate::StoreError;
use crate::budget::Budget;
use crate::limits::SCAN_DOCUMENTS_MAX;
use crate::query::Filter;

/// One collection's rows that may match.
#[derive(Debug)]
pub(crate) struct Search<'a> {
    pub(crate) app: &'a str,
    pub(crate) collection: &'a str,
    pub(crate) filter: &'a Filter,
    pub(crate) budget: &'a Budget,
    scanned: usize,
}

/// A stored document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    /// Names the row in its table.
    pub(crate) seq: i64,
    /// The canonical `_id`, for messages.
    pub(crate) id: &'a str,
    pub(crate) text: &'a str,
}

/// A stored document that matches.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    pub(crate) seq: i64,
    pub(crate) text: &'a str,
    pub(crate) fields: Map<String, Value>,
}

/// Takes what matches, until it has enough.
pub(crate) trait Sink {
    fn take(
        &mut self,
        found: Found<'_>,
        search: &Search<'_>,
    ) -> Result<ControlFlow<()>, StoreError>;
}

impl<'a> Search<'a> {
    pub(crate) fn new(
        app: &'a str,
        collection: &'a str,
        filter: &'a Filter,
        budget: &'a Budget,
    ) -> Self {
        Self {
            app,
            collection,
            filter,
            budget,
            scanned: 0,
        }
    }

    /// Gives a row to the sink if it matches. Rows have to be offered in the order of insertion.
    pub(crate) fn offer(
        &mut self,
        row: Row<'_>,
        sink: &mut dyn Sink,
    ) -> Result<ControlFlow<()>, StoreError> {
        self.scanned += 1;
        if self.scanned > SCAN_DOCUMENTS_MAX {
            return Err(StoreError::LimitExceeded {
                what: "the number of documents to look at".to_owned(),
                limit: SCAN_DOCUMENTS_MAX.to_string(),
                advice: "narrow the query by a plain equality or comparison, or give a limit",
            });
        }
        let fields = serde_json::from_str(row.text)
            .map_err(|error| self.corrupt(row.id, error.to_string()))?;
        let matches = self.filter.matches_within(&fields, self.budget);
        // Before the answer is used: a spent budget makes it meaningless.
        self.budget.check()?;
        if !matches {
            return Ok(ControlFlow::Continue(()));
        }
        let found = Found {
            seq: row.seq,
            text: row.text,
            fields,
        };
        sink.take(found, self)
    }

    /// The error about a row that is no document.
    pub(crate) fn corrupt(&self, id: &str, reason: String) -> StoreError {
        StoreError::Corrupt {
            app: self.app.to_owned(),
            collection: self.collection.to_owned(),
            id: id.to_owned(),
            reason,
        }
    }
}

/// Counts.
#[derive(Debug, Default)]
pub(crate) struct Counter(pub(crate) u64);

impl Sink for Counter {
    fn take(&mut self, _: Found<'_>, _: &Search<'_>) -> Result<ControlFlow<()>, StoreError> {
        self.0 += 1;
        Ok(ControlFlow::Continue(()))
    }
}

/// Collects the rows that are to be removed.
#[derive(Debug, Default)]
pub(crate) struct Doomed(pub(crate) Vec<i64>);

impl Sink for Doomed {
    fn take(&mut self, found: Found<'_>, _: &Search<'_>) -> Result<ControlFlow<()>, StoreError> {
        self.0.push(found.seq);
        Ok(ControlFlow::Continue(()))
    }
}
