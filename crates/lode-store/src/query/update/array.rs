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
use crate::query::order::{Ordered, compare_within};
use crate::query::path::Fields;

impl Push {
    /// Inserts, sorts, cuts, in this order whatever the order of the modifiers.
    pub(super) fn apply(
        &self,
        array: &mut Vec<Value>,
        room: &mut Room,
        budget: &Budget,
    ) -> Result<(), StoreError> {
        let place = match self.position {
            None => array.len(),
            Some(position) => from_start(position, array.len()),
        };
        let values = self.values.iter().map(|value| room.copy(value));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        array.splice(place..place, values);
        if let Some(sort) = &self.sort {
            sort.apply(array, budget)?;
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
    fn apply(&self, array: &mut Vec<Value>, budget: &Budget) -> Result<(), StoreError> {
        let order = match self {
            Self::Whole(descending) => {
                let by_whole = |a: usize, b: usize| {
                    directed(compare_within(&array[a], &array[b], budget), *descending)
                };
                sorted_within(array.len(), by_whole, budget)?
            }
            Self::Paths(paths) => {
                let count = array.len().saturating_mul(paths.len());
                if count > PUSH_SORT_KEYS_MAX {
                    return Err(StoreError::LimitExceeded {
                        what: format!("sorting an array by {count} keys"),
                        limit: PUSH_SORT_KEYS_MAX.to_string(),
                        advice: "keep shorter arrays, or sort by fewer fields",
                    });
                }
                let elements = array.iter();
                let keys: Vec<&Value> = elements
                    .flat_map(|element| paths.iter().map(|(path, _)| part(element, path, budget)))
                    .collect();
                let by_keys = |a: usize, b: usize| {
                    let (a, b) = (a * paths.len(), b * paths.len());
                    let orders = paths.iter().enumerate().map(|(at, (_, descending))| {
                        directed(
                            compare_within(keys[a + at], keys[b + at], budget),
                            *descending,
                        )
                    });
                    first_difference(orders)
                };
                sorted_within(array.len(), by_keys, budget)?
            }
        };
        let mut elements = std::mem::take(array);
        let sorted = order.into_iter().map(|at| elements[at].take());
        *array = sorted.collect();
        Ok(())
    }
}

/// So many places in the order of a comparison, those that are equal as they were: by merging. A
/// ready-made sort cannot be ended, and a comparison that is out of time may break it.
fn sorted_within(
    count: usize,
    compare: impl Fn(usize, usize) -> Ordering,
    budget: &Budget,
) -> Result<Vec<usize>, StoreError> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut width = 1;
    while width < count {
        let mut merged = Vec::with_capacity(count);
        for pair in order.chunks(2 * width) {
            let (mut left, mut right) = pair.split_at(width.min(pair.len()));
            while let ([a, rest_left @ ..], [b, rest_right @ ..]) = (left, right) {
                if budget.step() {
                    budget.check()?;
                }
                if compare(*a, *b).is_le() {
                    merged.push(*a);
                    left = rest_left;
                } else {
                    merged.push(*b);
                    right = rest_right;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        order = merged;
        width *= 2;
    }
    budget.check()?;
    Ok(order)
}

fn first_difference(mut orders: impl Iterator<Item = Ordering>) -> Ordering {
    let difference = orders.find(|order| order.is_ne());
    difference.unwrap_or(Ordering::Equal)
}

fn directed(order: Ordering, descending: bool) -> Ordering {
    if descending { order.reverse() } else { order }
}

/// What an element sorts by; null stands for what is missing. Means nothing once the budget is
/// spent.
fn part<'a>(element: &'a Value, path: &Path, budget: &Budget) -> &'a Value {
    let mut steps = path.segments().iter();
    let found = steps.try_fold(element, |value, step| {
        if budget.step_by_name(&step.name) {
            return None;
        }
        Fields::of(value)?.get(step)
    });
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
