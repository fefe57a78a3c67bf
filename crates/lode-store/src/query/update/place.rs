//! Places in a document: what is there, putting something there, and taking it away.

use serde_json::{Map, Value};

use crate::StoreError;
use crate::budget::Budget;
use crate::limits::{ARRAY_PAD_MAX, DOCUMENT_BYTES_MAX};
use crate::query::Path;
use crate::query::order::type_name;
use crate::query::path::Segment;

/// What one update may still add to a document.
#[derive(Debug)]
pub(super) struct Room {
    nulls: usize,
    bytes: usize,
}

impl Room {
    pub(super) fn new() -> Self {
        Self {
            nulls: ARRAY_PAD_MAX,
            bytes: DOCUMENT_BYTES_MAX,
        }
    }

    /// A copy of a value, unless all copies together exceed any document: `$[]` may ask for many.
    pub(super) fn copy(&mut self, value: &Value) -> Result<Value, StoreError> {
        self.bytes =
            take_least_bytes(value, self.bytes).ok_or_else(|| StoreError::LimitExceeded {
                what: "what the update writes into one document".to_owned(),
                limit: format!("{DOCUMENT_BYTES_MAX} bytes"),
                advice: "split the document, or write less",
            })?;
        Ok(value.clone())
    }
}

/// What is left of so many bytes after the shortest JSON that the value could have.
fn take_least_bytes(value: &Value, left: usize) -> Option<usize> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => left.checked_sub(1),
        Value::String(text) => left.checked_sub(2 + text.len()),
        Value::Array(array) => array.iter().try_fold(left.checked_sub(2)?, |left, value| {
            take_least_bytes(value, left)
        }),
        Value::Object(fields) => fields
            .iter()
            .try_fold(left.checked_sub(2)?, |left, (name, value)| {
                take_least_bytes(value, left.checked_sub(3 + name.len())?)
            }),
    }
}

/// What is at the end of the steps now.
pub(super) fn existing<'a>(root: &'a mut Value, steps: &[Segment]) -> Option<&'a mut Value> {
    steps.iter().try_fold(root, child)
}

fn child<'a>(value: &'a mut Value, step: &Segment) -> Option<&'a mut Value> {
    match value {
        Value::Object(object) => object.get_mut(&step.name),
        Value::Array(array) => array.get_mut(step.index?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// Puts a value at the end of the steps, creating objects on the way and nulls up to an array's
/// index; `path` is for messages.
pub(super) fn put(
    root: &mut Value,
    steps: &[Segment],
    value: Value,
    path: &Path,
    room: &mut Room,
) -> Result<(), StoreError> {
    let mut place = root;
    for step in steps {
        // What is missing on the way becomes an object; at the end it is overwritten below.
        place = match place {
            Value::Object(object) => object
                .entry(step.name.clone())
                .or_insert_with(|| Value::Object(Map::new())),
            Value::Array(array) => element(array, step, path, room)?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Err(StoreError::bad_update(format!(
                    "the path {path} cannot be created: {:?} would be a field of {}",
                    step.name,
                    type_name(place)
                )));
            }
        };
    }
    *place = value;
    Ok(())
}

fn element<'a>(
    array: &'a mut Vec<Value>,
    step: &Segment,
    path: &Path,
    room: &mut Room,
) -> Result<&'a mut Value, StoreError> {
    let Some(index) = step.index else {
        return Err(StoreError::bad_update(format!(
            "the path {path} cannot be created: {:?} would be a field of an array, which has \
             indexes only",
            step.name
        )));
    };
    if index >= array.len() {
        let missing = index - array.len();
        room.nulls = room
            .nulls
            .checked_sub(missing)
            .ok_or_else(|| StoreError::LimitExceeded {
                what: format!("filling an array up to the index in {path}"),
                limit: format!("{ARRAY_PAD_MAX} nulls per update"),
                advice: "use an object for sparse numbers",
            })?;
        array.resize(index, Value::Null);
        array.push(Value::Object(Map::new()));
    }
    Ok(&mut array[index])
}

/// Removes a field and gives back what it was; an array's element becomes null, so that the others
/// keep their indexes.
pub(super) fn unset(root: &mut Value, steps: &[Segment], budget: &Budget) -> Option<Value> {
    let Some((last, way)) = steps.split_last() else {
        return Some(std::mem::take(root));
    };
    match way.iter().try_fold(root, child)? {
        Value::Object(object) => {
            // All later fields move up; the next change sees whether that was too much.
            let _ = budget.steps(1 + object.len());
            object.shift_remove(&last.name)
        }
        Value::Array(array) => array.get_mut(last.index?).map(std::mem::take),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}
