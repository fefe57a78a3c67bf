//! Turns a [`DocOp`] into a checked plan, before any thread or lock is taken for it.

use serde_json::{Map, Value};

use crate::limits::INSERT_DOCUMENTS_MAX;
use crate::operation::{FindAndModify, Modification, distinct, near};
use crate::query::{
    Document, Filter, FindOptions, ModifyOptions, Path, Sort, Update, UpdateOptions,
    check_collection,
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

/// Reads an operation; nothing is looked up for that.
pub(crate) fn plan(op: DocOp) -> Result<Plan, StoreError> {
    check_collection(op.collection())?;
    let collection = op.collection().to_owned();
    let step = match op {
        DocOp::Find { query, options, .. } => Step::Read(Read::Find(
            Filter::parse(&query)?,
            FindOptions::parse(&options)?,
        )),
        DocOp::FindOne { query, options, .. } => Step::Read(find_one(&query, &options)?),
        DocOp::Count { query, .. } => Step::Read(Read::Count(Filter::parse(&query)?)),
        DocOp::CollectionExists { .. } => Step::Read(Read::Exists),
        DocOp::Distinct { key, query, .. } => Step::Read(Read::Distinct(
            Filter::parse(&query)?,
            distinct::parse_key(&key)?,
        )),
        DocOp::GeoNear { x, y, options, .. } => {
            let (filter, options) = near::as_find(&x, &y, &options)?;
            Step::Read(Read::Find(filter, options))
        }
        DocOp::Insert { entity, .. } => Step::Write(Write::Insert(entities(entity)?)),
        DocOp::Save { entity, .. } => Step::Write(Write::Save(Document::object(entity)?)),
        DocOp::Update {
            query,
            entity,
            options,
            ..
        } => Step::Write(update(&query, &entity, &options)?),
        DocOp::Remove { query, .. } => Step::Write(Write::Remove(Filter::parse(&query)?)),
        DocOp::FindAndModify {
            query,
            sort,
            entity,
            options,
            ..
        } => {
            let filter = Filter::parse(&query)?;
            let modification = modification(&entity, &options)?;
            Step::Write(find_and(filter, &sort, modification)?)
        }
        DocOp::FindAndRemove { query, sort, .. } => {
            let filter = Filter::parse(&query)?;
            Step::Write(find_and(filter, &sort, Modification::TakeOut)?)
        }
    };
    Ok(Plan { collection, step })
}

fn find_one(query: &Value, options: &Value) -> Result<Read, StoreError> {
    let filter = Filter::parse(query)?;
    let options = FindOptions {
        limit: Some(1),
        ..FindOptions::parse(options)?
    };
    Ok(Read::FindOne(filter, options))
}

fn update(query: &Value, entity: &Value, options: &Value) -> Result<Write, StoreError> {
    let filter = Filter::parse(query)?;
    let update = Update::parse(entity)?;
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
fn modification(entity: &Value, options: &Value) -> Result<Modification, StoreError> {
    let options = ModifyOptions::parse(options)?;
    if !options.removes {
        return Ok(Modification::Update(Update::parse(entity)?, options));
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
