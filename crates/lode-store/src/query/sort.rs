//! Sorting: what the option says, and the keys that a document sorts by.
//!
//! Known difference: with several keys that lead into the same array, each key takes its own
//! least (or greatest) element, while MongoDB compares whole combinations.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::StoreError;
use crate::budget::Budget;
use crate::limits::SORT_KEYS_MAX;
use crate::query::Path;
use crate::query::order::{compare, compare_within};
use crate::query::path::Segment;

/// Sort keys, the most significant first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sort {
    keys: Vec<(Path, Direction)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Ascending,
    Descending,
}

/// What one document sorts by, one value per key; None is an empty array, which comes before
/// everything, even before null.
pub(crate) type SortKey = Vec<Option<Value>>;

impl Sort {
    /// Reads `{a: 1, b: -1}`, `[["a", -1]]`, `["a", "b"]` or `"a"`; null stands for none.
    pub fn parse(sort: &Value) -> Result<Self, StoreError> {
        let ascending = Value::from(1);
        let pairs: Vec<(&str, &Value)> = match sort {
            Value::Null => Vec::new(),
            Value::String(field) => vec![(field, &ascending)],
            Value::Object(fields) => fields.iter().map(|(k, v)| (k.as_str(), v)).collect(),
            Value::Array(list) => {
                let pair = |item| array_item(item, &ascending);
                list.iter().map(pair).collect::<Result<_, _>>()?
            }
            Value::Bool(_) | Value::Number(_) => return Err(bad_sort(sort)),
        };
        if pairs.len() > SORT_KEYS_MAX {
            return Err(StoreError::bad_query(format!(
                "the sort has {} keys; it may have at most {SORT_KEYS_MAX}",
                pairs.len()
            )));
        }
        refuse_repeated(&pairs)?;
        let key = |(field, direction): (&str, &Value)| {
            Ok((
                Path::of_field(field, "sort")?,
                Direction::parse(field, direction)?,
            ))
        };
        let keys: Result<_, StoreError> = pairs.into_iter().map(key).collect();
        Ok(Self { keys: keys? })
    }

    /// One key, which is no field: a number that whoever pushes knows.
    pub(crate) fn by_distance() -> Self {
        Self {
            keys: vec![(Path::new(""), Direction::Ascending)],
        }
    }

    /// Whether the order of insertion is asked for.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The paths, each with whether it is downwards.
    #[cfg(feature = "mongodb")]
    pub(crate) fn directions(&self) -> impl Iterator<Item = (&str, bool)> {
        let is_descending = |direction: &Direction| *direction == Direction::Descending;
        let keys = self.keys.iter();
        keys.map(move |(path, direction)| (path.as_str(), is_descending(direction)))
    }

    /// What the document sorts by, still within the document; means nothing once the budget is
    /// spent.
    pub(crate) fn key<'a>(
        &self,
        document: &'a Map<String, Value>,
        budget: &Budget,
    ) -> Vec<Option<&'a Value>> {
        self.keys
            .iter()
            .map(|(path, direction)| direction.pick(document, path, budget))
            .collect()
    }

    pub(crate) fn compare(&self, a: &[Option<Value>], b: &[Option<Value>]) -> Ordering {
        let orders = self.keys.iter().zip(a.iter().zip(b));
        let mut orders = orders
            .map(|((_, direction), (a, b))| direction.apply(compare_keys(a.as_ref(), b.as_ref())));
        orders
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

impl Direction {
    fn parse(field: &str, direction: &Value) -> Result<Self, StoreError> {
        let word = direction.as_str().unwrap_or_default();
        if direction.as_f64() == Some(1.0) || ["asc", "ascending", "1"].contains(&word) {
            return Ok(Self::Ascending);
        }
        if direction.as_f64() == Some(-1.0) || ["desc", "descending", "-1"].contains(&word) {
            return Ok(Self::Descending);
        }
        Err(StoreError::bad_query(format!(
            "the sort direction of {field:?} is {direction}; it must be 1 or -1"
        )))
    }

    /// An array sorts by its least element upwards and by its greatest downwards.
    fn pick<'a>(
        self,
        document: &'a Map<String, Value>,
        path: &Path,
        budget: &Budget,
    ) -> Option<&'a Value> {
        let mut keys = Keys {
            direction: self,
            best: None,
            budget,
        };
        keys.in_object(document, path.segments());
        keys.best.unwrap_or(Some(&Value::Null))
    }

    fn apply(self, order: Ordering) -> Ordering {
        match self {
            Self::Ascending => order,
            Self::Descending => order.reverse(),
        }
    }
}

fn array_item<'a>(
    item: &'a Value,
    ascending: &'a Value,
) -> Result<(&'a str, &'a Value), StoreError> {
    match item {
        Value::String(field) => Ok((field, ascending)),
        Value::Array(pair) => match pair.as_slice() {
            [Value::String(field), direction] => Ok((field, direction)),
            [..] => Err(bad_sort(item)),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Err(bad_sort(item)),
    }
}

fn bad_sort(sort: &Value) -> StoreError {
    StoreError::bad_query(format!(
        "the sort {sort} is not understood; write {{\"a\": 1, \"b\": -1}}, [[\"a\", -1]] or [\"a\"]"
    ))
}

/// A path given twice cannot change the order, and costs as much as any other.
fn refuse_repeated(pairs: &[(&str, &Value)]) -> Result<(), StoreError> {
    let mut paths: Vec<&str> = pairs.iter().map(|(path, _)| *path).collect();
    paths.sort_unstable();
    match paths.windows(2).find(|two| two[0] == two[1]) {
        None => Ok(()),
        Some(two) => Err(StoreError::bad_query(format!(
            "the sort names {:?} more than once; name each path once",
            two[0]
        ))),
    }
}

fn compare_keys(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    compare_keys_by(a, b, compare)
}

fn compare_keys_by(
    a: Option<&Value>,
    b: Option<&Value>,
    compare: impl Fn(&Value, &Value) -> Ordering,
) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => compare(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// The best of all values that a path leads to.
struct Keys<'a, 'b> {
    direction: Direction,
    best: Option<Option<&'a Value>>,
    budget: &'b Budget,
}

impl<'a> Keys<'a, '_> {
    fn meet(&mut self, key: Option<&'a Value>) {
        let better = self.best.is_none_or(|best| {
            let compare = |a: &Value, b: &Value| compare_within(a, b, self.budget);
            let order = compare_keys_by(key, best, compare);
            self.direction.apply(order).is_lt()
        });
        if better {
            self.best = Some(key);
        }
    }

    fn in_object(&mut self, object: &'a Map<String, Value>, steps: &[Segment]) {
        let Some((step, rest)) = steps.split_first() else {
            return;
        };
        if self.budget.step_by_name(&step.name) {
            return;
        }
        match object.get(&step.name) {
            Some(Value::Array(array)) => self.in_array(array, rest),
            Some(value) if rest.is_empty() => self.meet(Some(value)),
            Some(Value::Object(inner)) => self.in_object(inner, rest),
            Some(_) | None => self.meet(Some(&Value::Null)),
        }
    }

    fn in_array(&mut self, array: &'a [Value], steps: &[Segment]) {
        let Some((step, rest)) = steps.split_first() else {
            // At the end of the path: its elements, which are not entered in their turn.
            if array.is_empty() {
                self.meet(None);
            }
            for element in array {
                if self.budget.step() {
                    return;
                }
                self.meet(Some(element));
            }
            return;
        };
        let picked = step.index.and_then(|index| array.get(index));
        match picked {
            Some(element) if rest.is_empty() => self.meet(Some(element)),
            Some(Value::Object(object)) => self.in_object(object, rest),
            Some(Value::Array(inner)) => self.in_array(inner, rest),
            Some(_) => self.meet(Some(&Value::Null)),
            None if array.is_empty() => self.meet(Some(&Value::Null)),
            None => self.in_elements(array, steps),
        }
    }

    fn in_elements(&mut self, array: &'a [Value], steps: &[Segment]) {
        for element in array {
            if self.budget.step() {
                return;
            }
            match element {
                Value::Object(object) => self.in_object(object, steps),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_) => self.meet(Some(&Value::Null)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn wrong_sorts_are_refused() {
        for bad in [
            json!({"a": 2}),
            json!({"a": "up"}),
            json!({"a": null}),
            json!([["a"]]),
            json!(5),
            json!({"$natural": 1}),
            json!({"": 1}),
            json!([["a", 1, 2]]),
            json!(true),
        ] {
            assert_eq!(Sort::parse(&bad).unwrap_err().code(), "BadQuery", "{bad}");
        }
    }
    #[test]
    fn a_sort_has_at_most_32_keys_and_names_each_path_once() {
        let keys = |count: usize| (0..count).map(|n| json!([format!("a{n}"), 1])).collect();
        Sort::parse(&Value::Array(keys(32))).unwrap();
        for (bad, part_of_message) in [
            (Value::Array(keys(33)), "at most 32"),
            (json!(["a", "b", "a"]), "\"a\" more than once"),
            (json!([["a.b", 1], ["a.b", -1]]), "\"a.b\" more than once"),
        ] {
            let error = Sort::parse(&bad).unwrap_err();
            assert_eq!(error.code(), "BadQuery");
            assert!(error.to_string().contains(part_of_message), "{error}");
        }
    }
}
