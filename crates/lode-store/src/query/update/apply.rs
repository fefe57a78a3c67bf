//! Carries an update out on one document.

use serde_json::{Map, Number, Value};

use super::{Action, Change, Pull, Update};
use crate::StoreError;
use crate::budget::Budget;
use crate::limits::ARRAY_PAD_MAX;
use crate::query::Path;
use crate::query::order::{as_integer, compare, compare_within, type_name};
use crate::query::path::Segment;

impl Update {
    /// The document after the update; the given one is left as it is, so that a failure halfway
    /// changes nothing.
    pub fn apply(&self, document: &Map<String, Value>) -> Result<Map<String, Value>, StoreError> {
        self.apply_within(document, &Budget::unlimited())
    }

    /// [`Update::apply`] that fails once the budget is spent.
    pub(crate) fn apply_within(
        &self,
        document: &Map<String, Value>,
        budget: &Budget,
    ) -> Result<Map<String, Value>, StoreError> {
        let id = document.get("_id");
        let mut updated = match self {
            Self::Replace(replacement) => replacement.clone(),
            Self::Modify(changes) => {
                let mut root = Value::Object(document.clone());
                let mut pad = ARRAY_PAD_MAX;
                changes
                    .iter()
                    .try_for_each(|change| change.apply(&mut root, &mut pad, budget))?;
                match root {
                    Value::Object(updated) => updated,
                    // A path has at least one step, so the root itself is never replaced.
                    Value::Null
                    | Value::Bool(_)
                    | Value::Number(_)
                    | Value::String(_)
                    | Value::Array(_) => Map::new(),
                }
            }
        };
        match (id, updated.get("_id"), self) {
            (None, _, _) => {}
            (Some(id), Some(new), _) if compare(id, new).is_eq() => {}
            (Some(id), None, Self::Replace(_)) => {
                updated.insert("_id".to_owned(), id.clone());
            }
            (Some(id), _, _) => {
                return Err(StoreError::bad_query(format!(
                    "the update would change the _id {id}, which cannot change; leave _id out"
                )));
            }
        }
        Ok(updated)
    }
}

impl Change {
    fn apply(&self, root: &mut Value, pad: &mut usize, budget: &Budget) -> Result<(), StoreError> {
        let path = &self.path;
        if budget.step_by_name(path.as_str()) {
            return budget.check();
        }
        let fault = |what: String| Err(StoreError::bad_query(what));
        match (&self.action, existing(root, path)) {
            (Action::Set(value), _) => put(root, path, value.clone(), pad),
            (Action::Unset, _) => {
                unset(root, path, budget);
                Ok(())
            }
            (Action::Inc(by), None) => put(root, path, Value::Number(by.clone()), pad),
            (Action::Inc(by), Some(Value::Number(number))) => {
                *number = sum(number, by, path)?;
                Ok(())
            }
            (Action::Push(values), None) => put(root, path, Value::Array(values.clone()), pad),
            (Action::Push(values), Some(Value::Array(array))) => {
                array.extend(values.iter().cloned());
                Ok(())
            }
            (Action::Pull(_), None) => Ok(()),
            (Action::Pull(pull), Some(Value::Array(array))) => {
                array.retain(|element| !pull.takes(element, budget));
                budget.check()
            }
            (Action::Inc(_), Some(other)) => fault(format!(
                "$inc needs a number at {path}, which is {}",
                type_name(other)
            )),
            (Action::Push(_), Some(other)) => fault(format!(
                "$push needs an array at {path}, which is {}",
                type_name(other)
            )),
            (Action::Pull(_), Some(other)) => fault(format!(
                "$pull needs an array at {path}, which is {}",
                type_name(other)
            )),
        }
    }
}

impl Pull {
    fn takes(&self, element: &Value, budget: &Budget) -> bool {
        if budget.step() {
            return false;
        }
        match self {
            Self::Equal(value) => compare_within(element, value, budget).is_eq(),
            Self::Condition(condition) => condition.holds_for_element(element, budget),
            Self::Filter(filter) => element
                .as_object()
                .is_some_and(|object| filter.matches_within(object, budget)),
        }
    }
}

/// What is at the path now.
fn existing<'a>(root: &'a mut Value, path: &Path) -> Option<&'a mut Value> {
    path.segments()
        .iter()
        .try_fold(root, |value, step| child(value, step))
}

fn child<'a>(value: &'a mut Value, step: &Segment) -> Option<&'a mut Value> {
    match value {
        Value::Object(object) => object.get_mut(&step.name),
        Value::Array(array) => array.get_mut(step.index?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// Puts a value at the path, creating objects on the way and nulls up to an array's index.
fn put(root: &mut Value, path: &Path, value: Value, pad: &mut usize) -> Result<(), StoreError> {
    let mut place = root;
    for step in path.segments() {
        // What is missing on the way becomes an object; at the end it is overwritten below.
        place = match place {
            Value::Object(object) => object
                .entry(step.name.clone())
                .or_insert_with(|| Value::Object(Map::new())),
            Value::Array(array) => element(array, step, path, pad)?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Err(StoreError::bad_query(format!(
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
    pad: &mut usize,
) -> Result<&'a mut Value, StoreError> {
    let Some(index) = step.index else {
        return Err(StoreError::bad_query(format!(
            "the path {path} cannot be created: {:?} would be a field of an array, which has \
             indexes only",
            step.name
        )));
    };
    if index >= array.len() {
        let missing = index - array.len();
        *pad = pad
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

/// Removes a field; an array's element becomes null, so that the others keep their indexes.
fn unset(root: &mut Value, path: &Path, budget: &Budget) {
    let Some((last, way)) = path.segments().split_last() else {
        return;
    };
    match way.iter().try_fold(root, |value, step| child(value, step)) {
        Some(Value::Object(object)) => {
            // All later fields move up; the next change sees whether that was too much.
            let _ = budget.steps(1 + object.len());
            object.shift_remove(&last.name);
        }
        Some(Value::Array(array)) => {
            if let Some(element) = last.index.and_then(|index| array.get_mut(index)) {
                *element = Value::Null;
            }
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => {}
    }
}

/// Integers stay integers, and never wrap or lose digits silently.
fn sum(number: &Number, by: &Number, path: &Path) -> Result<Number, StoreError> {
    let overflow = || {
        StoreError::bad_query(format!(
            "$inc of {path} by {by} leaves the range of numbers: it is {number}"
        ))
    };
    if let (Some(a), Some(b)) = (as_integer(number), as_integer(by)) {
        let sum = a + b;
        let small = i64::try_from(sum).map(Number::from);
        return small
            .or_else(|_| u64::try_from(sum).map(Number::from))
            .map_err(|_| overflow());
    }
    let float = |n: &Number| n.as_f64().unwrap_or_default();
    Number::from_f64(float(number) + float(by)).ok_or_else(overflow)
}
