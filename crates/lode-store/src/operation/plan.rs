//! Turns a [`DocOp`] into a checked plan, in the turn and within the limit of its app but before any
//! lock is taken for it.

use serde_json::{Map, Value};

use crate::budget::Budget;
use crate::limits::INSERT_DOCUMENTS_MAX;
use crate::operation::{FindAndModify, Modification, distinct, near};
use crate::query::{
    Document, Filter, FindOptions, ModifyOptions, Path, Sort, Update, UpdateOptions,
};
use crate::{DocOp, StoreError};

/// What is to be done, with everything understood that the caller wrote.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) collection: String,
    pub(crate) step: Step,
}

#[derive(Debug)]
pub(crate) enum Step {
    Read(Read),
    Write(Write),
}

#[derive(Debug)]
pub(crate) enum Read {
    Find(Filter, FindOptions),
    FindOne(Filter, FindOptions),
    Count(Filter),
    Exists,
    Distinct(Filter, Path),
}

#[derive(Debug)]
pub(crate) enum Write {
    Insert(Vec<Map<String, Value>>),
    Save(Map<String, Value>),
    Update(Filter, Update, UpdateOptions),
    Remove(Filter),
    FindAndModify(Filter, FindAndModify),
}

/// Reads an operation; nothing is looked up for that. Its collection's name has been checked.
pub(crate) fn plan(op: DocOp, budget: &Budget) -> Result<Plan, StoreError> {
    let collection = op.collection().to_owned();
    let step = match op {
        DocOp::Find { query, options, .. } => Step::Read(Read::Find(
            Filter::parse_within(&query, budget)?,
            FindOptions::parse_within(&options, budget)?,
        )),
        DocOp::FindOne { query, options, .. } => Step::Read(find_one(&query, &options, budget)?),
        DocOp::Count { query, .. } => {
            Step::Read(Read::Count(Filter::parse_within(&query, budget)?))
        }
        DocOp::CollectionExists { .. } => Step::Read(Read::Exists),
        DocOp::Distinct { key, query, .. } => Step::Read(Read::Distinct(
            Filter::parse_within(&query, budget)?,
            distinct::parse_key(&key)?,
        )),
        DocOp::GeoNear { x, y, options, .. } => {
            let (filter, options) = near::as_find(&x, &y, &options, budget)?;
            Step::Read(Read::Find(filter, options))
        }
        DocOp::Insert { entity, .. } => Step::Write(Write::Insert(entities(entity)?)),
        DocOp::Save { entity, .. } => Step::Write(Write::Save(Document::object(entity)?)),
        DocOp::Update {
            query,
            entity,
            options,
            ..
        } => Step::Write(update(&query, &entity, &options, budget)?),
        DocOp::Remove { query, .. } => {
            Step::Write(Write::Remove(Filter::parse_within(&query, budget)?))
        }
        DocOp::FindAndModify {
            query,
            sort,
            entity,
            options,
            ..
        } => {
            let filter = Filter::parse_within(&query, budget)?;
            let modification = modification(&entity, &options, budget)?;
            Step::Write(find_and(filter, &sort, modification)?)
        }
        DocOp::FindAndRemove { query, sort, .. } => {
            let filter = Filter::parse_within(&query, budget)?;
            Step::Write(find_and(filter, &sort, Modification::TakeOut)?)
        }
    };
    budget.check()?;
    Ok(Plan { collection, step })
}

fn find_one(query: &Value, options: &Value, budget: &Budget) -> Result<Read, StoreError> {
    let filter = Filter::parse_within(query, budget)?;
    let options = FindOptions {
        limit: Some(1),
        ..FindOptions::parse_within(options, budget)?
    };
    Ok(Read::FindOne(filter, options))
}

fn update(
    query: &Value,
    entity: &Value,
    options: &Value,
    budget: &Budget,
) -> Result<Write, StoreError> {
    let filter = Filter::parse_within(query, budget)?;
    let update = Update::parse_within(entity, budget)?;
    let options = UpdateOptions::parse(options)?;
    if options.multi && matches!(update, Update::Replace(_)) {
        return Err(StoreError::bad_update(
            "a multi update needs operators such as $set; a whole document can replace only one",
        ));
    }
    Ok(Write::Update(filter, update, options))
}

fn find_and(filter: Filter, sort: &Value, modification: Modification) -> Result<Write, StoreError> {
    let sort = Sort::parse(sort)?;
    Ok(Write::FindAndModify(
        filter,
        FindAndModify { sort, modification },
    ))
}

/// An entity beside `remove` is ignored, as MongoDB's driver does.
fn modification(
    entity: &Value,
    options: &Value,
    budget: &Budget,
) -> Result<Modification, StoreError> {
    let options = ModifyOptions::parse(options, budget)?;
    if !options.removes {
        return Ok(Modification::Update(
            Update::parse_within(entity, budget)?,
            options,
        ));
    }
    if options.upsert || options.returns_new {
        return Err(StoreError::bad_query(
            "the option remove goes with neither upsert nor new (returnModifiedEntity)",
        ));
    }
    Ok(Modification::Remove(options.fields))
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
