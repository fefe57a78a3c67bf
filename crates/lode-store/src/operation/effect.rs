//! What a write does to the rows of its collection, and its reply.

use serde_json::{Map, Value};

use crate::StoreError;
use crate::budget::Budget;
use crate::ids::ObjectIds;
use crate::operation::Texts;
use crate::query::Document;

/// Where usernames are unique.
const USERS: &str = "user";

/// All that a write does: its rows in order, all or none.
#[derive(Debug)]
pub(crate) struct Effect {
    pub(crate) writes: Vec<RowWrite>,
    pub(crate) reply: String,
}

/// What happens to one row.
#[derive(Debug)]
pub(crate) enum RowWrite {
    /// A new row; an equal `_id` is an error.
    Insert(Document),
    /// A new row, or a new text in the row of the same `_id`.
    Save(Document),
    /// A new text.
    Replace(i64, Document),
    Delete(i64),
}

impl Effect {
    /// Refuses what this collection cannot hold.
    pub(crate) fn check(&self, collection: &str) -> Result<(), StoreError> {
        if collection != USERS {
            return Ok(());
        }
        self.writes.iter().try_for_each(|write| match write {
            RowWrite::Insert(document)
            | RowWrite::Save(document)
            | RowWrite::Replace(_, document) => document.check_username(),
            RowWrite::Delete(_) => Ok(()),
        })
    }

    pub(crate) fn none(reply: impl Into<String>) -> Self {
        Self {
            writes: Vec::new(),
            reply: reply.into(),
        }
    }
}

/// An insert of several documents.
pub(crate) fn inserted(
    entities: Vec<Map<String, Value>>,
    ids: &ObjectIds,
    budget: &Budget,
) -> Result<Effect, StoreError> {
    let mut texts = Texts::array();
    let mut writes = Vec::with_capacity(entities.len());
    for entity in entities {
        budget.check()?;
        let document = Document::new(entity, || ids.next())?;
        texts.push(&document.text)?;
        writes.push(RowWrite::Insert(document));
    }
    Ok(Effect {
        writes,
        reply: texts.finish(),
    })
}

/// A save of one document.
pub(crate) fn saved(entity: Map<String, Value>, ids: &ObjectIds) -> Result<Effect, StoreError> {
    let document = Document::new(entity, || ids.next())?;
    Ok(Effect {
        reply: document.text.clone(),
        writes: vec![RowWrite::Save(document)],
    })
}

/// A canonical id as the JSON that the caller would write.
pub(crate) fn shown_id(canonical: &str) -> String {
    match canonical.split_once(':') {
        Some(("s", text)) => Value::from(text).to_string(),
        Some((_, number)) => number.to_owned(),
        None => canonical.to_owned(),
    }
}
