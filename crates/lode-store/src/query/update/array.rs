//! What updates do to arrays.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value;

use super::Pull;
use super::place::Room;
use super::{ElementSort, Push};
use crate::StoreError;
use crate::budget::Budget;
use crate::limits::PUSH_SORT_KEYS_MAX;
use crate::query::Path;
use crate::query::order::{Ordered, compare, compare_within};
use crate::query::path::Fields;

impl Push {
    /// Inserts, sorts, cuts, in this order whatever the order of the modifiers.
    pub(super) fn apply(&self, array: &mut Vec<Value>, room: &mut Room) -> Result<(), StoreError> {
        let place = match self.position {
            None => array.len(),
            Some(position) => from_start(position, array.len()),
        };
        let values = self.values.iter().map(|value| room.copy(value));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        array.splice(place..place, values);
        if let Some(sort) = &self.sort {
            sort.apply(array)?;
        }
        match self.slice {
            None => {}
            Some(slice) if slice >= 0 => array.truncate(usize::try_from(slice).unwrap_or(0)),
            Some(slice) => {
                array.drain(..from_start(slice, array.len()));
            }
        }
        Ok(())
    }
}

/// An index that may count from the end, as one from the start and within the array.
fn from_start(position: i64, length: usize) -> usize {
    let size = usize::try_from(position.unsigned_abs()).unwrap_or(usize::MAX);
    if position < 0 {
        length.saturating_sub(size)
    } else {
        size.min(length)
    }
}

impl ElementSort {
    fn apply(&self, array: &mut [Value]) -> Result<(), StoreError> {
        match self {
            Self::Whole(descending) => array.sort_by(|a, b| directed(compare(a, b), *descending)),
            Self::Paths(paths) => {
                let keys = array.len().saturating_mul(paths.len());
                if keys > PUSH_SORT_KEYS_MAX {
                    return Err(StoreError::LimitExceeded {
                        what: format!("sorting an array by {keys} keys"),
                        limit: PUSH_SORT_KEYS_MAX.to_string(),
                        advice: "keep shorter arrays, or sort by fewer fields",
                    });
                }
                array.sort_by(|a, b| compare_by(paths, a, b));
            }
        }
        Ok(())
    }
}

fn compare_by(paths: &[(Path, bool)], a: &Value, b: &Value) -> Ordering {
    let order = |(path, descending): &(Path, bool)| {
        directed(compare(part(a, path), part(b, path)), *descending)
    };
    let mut orders = paths.iter().map(order);
    orders
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn directed(order: Ordering, descending: bool) -> Ordering {
    if descending { order.reverse() } else { order }
}

/// What an element sorts by; null stands for what is missing.
fn part<'a>(element: &'a Value, path: &Path) -> &'a Value {
    let mut steps = path.segments().iter();
    let found = steps.try_fold(element, |value, step| Fields::of(value)?.get(step));
    found.unwrap_or(&Value::Null)
}

/// Appends each value that is not there yet.
pub(super) fn add_to_set(
    array: &mut Vec<Value>,
    values: &[Value],
    room: &mut Room,
    budget: &Budget,
) -> Result<(), StoreError> {
    let _ = budget.steps(array.len());
    let mut known: BTreeSet<Ordered<&Value>> = array.iter().map(Ordered).collect();
    let new = values.iter().filter(|value| known.insert(Ordered(*value)));
    let new = new
        .map(|value| room.copy(value))
        .collect::<Result<Vec<_>, _>>()?;
    array.extend(new);
    budget.check()
}

/// Takes out all elements equal to one of the values.
pub(super) fn pull_all(
    array: &mut Vec<Value>,
    values: &[Value],
    budget: &Budget,
) -> Result<(), StoreError> {
    let doomed: BTreeSet<Ordered<&Value>> = values.iter().map(Ordered).collect();
    array.retain(|element| budget.step() || !doomed.contains(&Ordered(element)));
    budget.check()
}

impl Pull {
    pub(super) fn takes(&self, element: &Value, budget: &Budget) -> bool {
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
