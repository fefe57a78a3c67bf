//! Reads an update, and refuses one that contradicts itself.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::{Action, Change, Pull, Update};
use crate::StoreError;
use crate::limits::DEPTH_MAX;
use crate::query::document::{depth_exceeds, missing_entity};
use crate::query::order::type_name;
use crate::query::parse::is_operators;
use crate::query::path::Segment;
use crate::query::{Condition, Filter, Path};

const UPDATE_OPERATORS: &str = "$set $unset $inc $push $pull";

impl Update {
    /// Reads `{$set: {…}, …}`, or a replacement document, which has no `$` keys.
    pub fn parse(entity: &Value) -> Result<Self, StoreError> {
        let entity = match entity {
            Value::Object(entity) => entity,
            Value::Null => return Err(missing_entity()),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(StoreError::bad_query(format!(
                    "an update must be an object, not {}",
                    type_name(entity)
                )));
            }
        };
        if entity
            .values()
            .any(|value| depth_exceeds(value, DEPTH_MAX + 1))
        {
            return Err(StoreError::LimitExceeded {
                what: "the update's nesting".to_owned(),
                limit: format!("{DEPTH_MAX} levels"),
                advice: "write a flatter update",
            });
        }
        let operators = entity.keys().filter(|key| key.starts_with('$')).count();
        if operators == 0 {
            return Ok(Self::Replace(entity.clone()));
        }
        if let Some(plain) = entity.keys().find(|key| !key.starts_with('$')) {
            return Err(StoreError::bad_query(format!(
                "the update mixes operators with the plain field {plain:?}; put it into $set, or \
                 use no operators to replace the document"
            )));
        }
        let mut changes = Vec::new();
        for (operator, fields) in entity {
            read_operator(operator, fields, &mut changes)?;
        }
        changes.sort_by(|a, b| compare_paths(a.path.segments(), b.path.segments()));
        refuse_conflicts(&changes)?;
        Ok(Self::Modify(changes))
    }
}

fn read_operator(
    operator: &str,
    fields: &Value,
    changes: &mut Vec<Change>,
) -> Result<(), StoreError> {
    let action: fn(&str, &Value) -> Result<Action, StoreError> = match operator {
        "$set" => |_, value| Ok(Action::Set(value.clone())),
        "$unset" => |_, _| Ok(Action::Unset),
        "$inc" => read_inc,
        "$push" => read_push,
        "$pull" => read_pull,
        _ => {
            return Err(StoreError::bad_query(format!(
                "{operator:?} is not a supported update operator; supported are {UPDATE_OPERATORS}"
            )));
        }
    };
    let Value::Object(fields) = fields else {
        return Err(StoreError::bad_query(format!(
            "{operator} needs an object of paths and values, not {}",
            type_name(fields)
        )));
    };
    for (path, value) in fields {
        let action = action(path, value)?;
        changes.push(Change {
            path: Path::of_field(path, operator)?,
            action,
        });
    }
    Ok(())
}

fn read_inc(path: &str, value: &Value) -> Result<Action, StoreError> {
    match value {
        Value::Number(by) => Ok(Action::Inc(by.clone())),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            Err(StoreError::bad_query(format!(
                "$inc of {path:?} needs a number, not {}",
                type_name(value)
            )))
        }
    }
}

fn read_push(path: &str, value: &Value) -> Result<Action, StoreError> {
    let Some(modifiers) = value.as_object().filter(|object| is_operators(object)) else {
        return Ok(Action::Push(vec![value.clone()]));
    };
    if let Some(other) = modifiers.keys().find(|key| *key != "$each") {
        return Err(StoreError::bad_query(format!(
            "$push of {path:?} has the modifier {other:?}; only $each is supported"
        )));
    }
    match modifiers.get("$each") {
        Some(Value::Array(values)) => Ok(Action::Push(values.clone())),
        Some(_) | None => Err(StoreError::bad_query(format!(
            "$each in the $push of {path:?} needs an array"
        ))),
    }
}

fn read_pull(path: &str, value: &Value) -> Result<Action, StoreError> {
    let pull = match value {
        Value::Object(object) if is_operators(object) => Pull::Condition(
            Condition::parse_operators(object, &format!("$pull of {path}"))?,
        ),
        Value::Object(object) => Pull::Filter(Filter::parse_object(object)?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Pull::Equal(value.clone())
        }
    };
    Ok(Action::Pull(pull))
}

/// Indexes by number, before names by their bytes: the order in which MongoDB adds new fields.
/// A path directly precedes everything below it, which is what the check for conflicts needs.
fn compare_paths(a: &[Segment], b: &[Segment]) -> Ordering {
    let by_step = a.iter().zip(b).map(|(a, b)| match (a.index, b.index) {
        (Some(a), Some(b)) => a.cmp(&b),
        (a_index, b_index) => b_index
            .is_some()
            .cmp(&a_index.is_some())
            .then_with(|| a.name.cmp(&b.name)),
    });
    by_step
        .into_iter()
        .find(|order| order.is_ne())
        .unwrap_or_else(|| a.len().cmp(&b.len()))
}

fn refuse_conflicts(changes: &[Change]) -> Result<(), StoreError> {
    for pair in changes.windows(2) {
        if let [upper, lower] = pair
            && lower.path.segments().starts_with(upper.path.segments())
        {
            return Err(StoreError::bad_query(format!(
                "the update changes {:?} and {:?}, which conflict; change each place once",
                upper.path.as_str(),
                lower.path.as_str()
            )));
        }
    }
    Ok(())
}

/// Puts a value where an upsert copies it from the query: through objects only, since there is
/// no array yet.
pub(super) fn plant(
    document: &mut Map<String, Value>,
    path: &Path,
    value: Value,
) -> Result<(), StoreError> {
    let conflict = || {
        StoreError::bad_query(format!(
            "the upsert cannot tell what {path:?} should become: the query names it twice",
            path = path.as_str()
        ))
    };
    let (last, way) = match path.segments() {
        [way @ .., last] => (last, way),
        [] => return Ok(()),
    };
    let mut object = document;
    for step in way {
        let inner = object
            .entry(step.name.clone())
            .or_insert_with(|| Value::Object(Map::new()));
        object = inner.as_object_mut().ok_or_else(conflict)?;
    }
    match object.insert(last.name.clone(), value) {
        None => Ok(()),
        Some(_) => Err(conflict()),
    }
}
