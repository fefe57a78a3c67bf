//! Reads an update, and refuses one that contradicts itself.

mod read;

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::{Action, Change, Update};
use crate::StoreError;
use crate::budget::Budget;
use crate::limits::DEPTH_MAX;
use crate::query::Path;
use crate::query::document::{depth_exceeds, missing_entity};
use crate::query::order::type_name;
use crate::query::parse::Parser;
use crate::query::path::Segment;

impl Update {
    /// Reads `{$set: {…}, …}`, or a replacement document, which has no `$` keys.
    pub fn parse(entity: &Value) -> Result<Self, StoreError> {
        Self::parse_within(entity, &Budget::unlimited())
    }

    /// [`Update::parse`] that ends between two patterns once the budget is spent.
    pub(crate) fn parse_within(entity: &Value, budget: &Budget) -> Result<Self, StoreError> {
        let entity = match entity {
            Value::Object(entity) => entity,
            Value::Null => return Err(missing_entity()),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(StoreError::bad_update(format!(
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
            return Err(StoreError::bad_update(format!(
                "the update mixes operators with the plain field {plain:?}; put it into $set, or \
                 use no operators to replace the document"
            )));
        }
        let mut changes = Vec::new();
        let mut parser = Parser::new(budget);
        for (operator, fields) in entity {
            let Value::Object(fields) = fields else {
                return Err(StoreError::bad_update(format!(
                    "{operator} needs an object of paths and values, not {}",
                    type_name(fields)
                )));
            };
            for (path, value) in fields {
                changes.push(read::change(operator, path, value, &mut parser)?);
            }
        }
        in_order(&mut changes)?;
        Ok(Self::Modify(changes))
    }
}

/// Puts the changes in the order in which they are carried out, and refuses those that meet.
pub(super) fn in_order(changes: &mut [Change]) -> Result<(), StoreError> {
    changes.sort_by(|a, b| compare_paths(a.path.segments(), b.path.segments()));
    let sources = changes.iter().filter_map(|change| match &change.action {
        Action::RenameFrom(source) => Some(source),
        Action::Set(_)
        | Action::SetOnInsert(_)
        | Action::Unset
        | Action::Inc(_)
        | Action::Mul(_)
        | Action::Min(_)
        | Action::Max(_)
        | Action::Push(_)
        | Action::AddToSet(_)
        | Action::Pop(_)
        | Action::Pull(_)
        | Action::PullAll(_)
        | Action::Bit(_)
        | Action::CurrentDate => None,
    });
    let mut paths: Vec<&Path> = changes
        .iter()
        .map(|change| &change.path)
        .chain(sources)
        .collect();
    paths.sort_by(|a, b| compare_paths(a.segments(), b.segments()));
    refuse_conflicts(&paths)
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

fn refuse_conflicts(paths: &[&Path]) -> Result<(), StoreError> {
    for pair in paths.windows(2) {
        if let [upper, lower] = pair
            && lower.segments().starts_with(upper.segments())
        {
            return Err(StoreError::bad_update(format!(
                "the update changes {:?} and {:?}, which conflict; change each place once",
                upper.as_str(),
                lower.as_str()
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
        StoreError::bad_update(format!(
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
