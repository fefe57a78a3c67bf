//! Turns a [`DocOp`] into a checked plan, before any thread or lock is taken for it.

use serde_json::{Map, Value};

use crate::limits::INSERT_DOCUMENTS_MAX;
use crate::query::{Document, Filter, FindOptions, Update, UpdateOptions, check_collection};
use crate::{DocOp, StoreError};

/// What is to be done, with everything understood that the caller wrote.
#[derive(Debug)]
pub(super) enum Plan {
    Read(Read),
    Write(Write),
}

#[derive(Debug)]
pub(super) enum Read {
    Find {
        collection: String,
        filter: Filter,
        options: FindOptions,
    },
    FindOne {
        collection: String,
        filter: Filter,
        options: FindOptions,
    },
    Count {
        collection: String,
        filter: Filter,
    },
    Exists {
        collection: String,
    },
}

#[derive(Debug)]
pub(super) enum Write {
    Insert {
        collection: String,
        entities: Vec<Map<String, Value>>,
    },
    Save {
        collection: String,
        entity: Map<String, Value>,
    },
    Update {
        collection: String,
        filter: Filter,
        update: Update,
        options: UpdateOptions,
    },
    Remove {
        collection: String,
        filter: Filter,
    },
}

pub(super) fn plan(op: DocOp) -> Result<Plan, StoreError> {
    check_collection(op.collection())?;
    Ok(match op {
        DocOp::Find {
            collection,
            query,
            options,
        } => Plan::Read(Read::Find {
            collection,
            filter: Filter::parse(&query)?,
            options: FindOptions::parse(&options)?,
        }),
        DocOp::FindOne {
            collection,
            query,
            options,
        } => Plan::Read(Read::FindOne {
            collection,
            filter: Filter::parse(&query)?,
            options: FindOptions {
                limit: Some(1),
                ..FindOptions::parse(&options)?
            },
        }),
        DocOp::Count { collection, query } => Plan::Read(Read::Count {
            collection,
            filter: Filter::parse(&query)?,
        }),
        DocOp::CollectionExists { collection } => Plan::Read(Read::Exists { collection }),
        DocOp::Insert { collection, entity } => Plan::Write(Write::Insert {
            collection,
            entities: entities(entity)?,
        }),
        DocOp::Save { collection, entity } => Plan::Write(Write::Save {
            collection,
            entity: Document::object(entity)?,
        }),
        DocOp::Update {
            collection,
            query,
            entity,
            options,
        } => Plan::Write(update(
            collection,
            Filter::parse(&query)?,
            Update::parse(&entity)?,
            UpdateOptions::parse(&options)?,
        )?),
        DocOp::Remove { collection, query } => Plan::Write(Write::Remove {
            collection,
            filter: Filter::parse(&query)?,
        }),
    })
}

fn update(
    collection: String,
    filter: Filter,
    update: Update,
    options: UpdateOptions,
) -> Result<Write, StoreError> {
    if options.multi && matches!(update, Update::Replace(_)) {
        return Err(StoreError::bad_query(
            "a multi update needs operators such as $set; a whole document can replace only one",
        ));
    }
    Ok(Write::Update {
        collection,
        filter,
        update,
        options,
    })
}

fn entities(entity: Value) -> Result<Vec<Map<String, Value>>, StoreError> {
    let Value::Array(entities) = entity else {
        return Ok(vec![Document::object(entity)?]);
    };
    if entities.len() > INSERT_DOCUMENTS_MAX {
        return Err(StoreError::LimitExceeded {
            what: format!("an insert of {} documents", entities.len()),
            limit: INSERT_DOCUMENTS_MAX.to_string(),
            advice: "insert in parts",
        });
    }
    let element = |(index, entity): (usize, Value)| match entity {
        Value::Object(fields) => Ok(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(StoreError::bad_document(format!(
                "element {index} of the entity is not an object; every document must be one"
            )))
        }
    };
    entities.into_iter().enumerate().map(element).collect()
}
