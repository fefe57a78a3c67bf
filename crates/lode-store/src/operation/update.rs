//! Updates of one or all matches.

use std::ops::ControlFlow;

use super::{Effect, Found, RowWrite, Search, Sink};
use crate::StoreError;
use crate::budget::Budget;
use crate::ids::ObjectIds;
use crate::limits::BUFFER_BYTES_MAX;
use crate::query::{Document, Filter, Occasion, Update, UpdateOptions};

/// Computes what an update does. Everything is computed before the first row is written: a scan
/// must not meet its own updates.
#[derive(Debug)]
pub(crate) struct Updater<'a> {
    update: &'a Update,
    options: UpdateOptions,
    now_ms: u64,
    ids: &'a ObjectIds,
    matched: u64,
    writes: Vec<RowWrite>,
    bytes: usize,
}

impl<'a> Updater<'a> {
    pub(crate) fn new(
        update: &'a Update,
        options: UpdateOptions,
        now_ms: u64,
        ids: &'a ObjectIds,
    ) -> Self {
        Self {
            update,
            options,
            now_ms,
            ids,
            matched: 0,
            writes: Vec::new(),
            bytes: 0,
        }
    }

    /// The effect, once everything has been offered.
    pub(crate) fn finish(self, filter: &Filter, budget: &Budget) -> Result<Effect, StoreError> {
        if self.matched == 0 && self.options.upsert {
            let occasion = Occasion {
                filter,
                now_ms: self.now_ms,
                budget,
            };
            let document = Document::new(self.update.upserted(occasion)?, || self.ids.next())?;
            return Ok(Effect {
                writes: vec![RowWrite::Insert(document)],
                reply: r#"{"numberAffected":1,"updatedExisting":false}"#.to_owned(),
            });
        }
        let (matched, existing) = (self.matched, self.matched > 0);
        Ok(Effect {
            writes: self.writes,
            reply: format!(r#"{{"numberAffected":{matched},"updatedExisting":{existing}}}"#),
        })
    }
}

impl Sink for Updater<'_> {
    fn take(
        &mut self,
        found: Found<'_>,
        search: &Search<'_>,
    ) -> Result<ControlFlow<()>, StoreError> {
        self.matched += 1;
        let occasion = Occasion {
            filter: search.filter,
            now_ms: self.now_ms,
            budget: search.budget,
        };
        let updated = self.update.apply(&found.fields, occasion)?;
        let document = Document::new(updated, || self.ids.next())?;
        if document.text != found.text {
            self.bytes += document.text.len();
            self.writes.push(RowWrite::Replace(found.seq, document));
        }
        if self.bytes > BUFFER_BYTES_MAX {
            return Err(StoreError::LimitExceeded {
                what: "the memory for one update".to_owned(),
                limit: format!("{BUFFER_BYTES_MAX} bytes"),
                advice: "update in parts, with a query that matches less",
            });
        }
        Ok(if self.options.multi {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    }
}
