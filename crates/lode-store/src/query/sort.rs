//! Sorting: what the option says, and the keys that a document sorts by.
//!
//! Known difference: with several keys that lead into the same array, each key takes its own
//! least (or greatest) element, while MongoDB compares whole combinations.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::StoreError;
use crate::limits::OPTION_FIELDS_MAX;
use crate::query::Path;
use crate::query::order::compare;
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
        if pairs.len() > OPTION_FIELDS_MAX {
            return Err(StoreError::bad_query(format!(
                "sort has more than {OPTION_FIELDS_MAX} keys"
            )));
        }
        let key = |(field, direction): (&str, &Value)| {
            Ok((
                Path::of_field(field, "sort")?,
                Direction::parse(field, direction)?,
            ))
        };
        let keys: Result<_, StoreError> = pairs.into_iter().map(key).collect();
        Ok(Self { keys: keys? })
    }

    /// Whether the order of insertion is asked for.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(crate) fn key(&self, document: &Map<String, Value>) -> SortKey {
        self.keys
            .iter()
            .map(|(path, direction)| direction.pick(document, path))
            .collect()
    }

    pub(crate) fn compare(&self, a: &SortKey, b: &SortKey) -> Ordering {
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
    fn pick(self, document: &Map<String, Value>, path: &Path) -> Option<Value> {
        let mut candidates = Vec::new();
        keys_in_object(document, path.segments(), &mut candidates);
        let best = match self {
            Self::Ascending => candidates.into_iter().min_by(|a, b| compare_keys(*a, *b)),
            Self::Descending => candidates.into_iter().max_by(|a, b| compare_keys(*a, *b)),
        };
        best.unwrap_or(Some(&Value::Null)).cloned()
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

fn compare_keys(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => compare(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

fn keys_in_object<'a>(
    object: &'a Map<String, Value>,
    steps: &[Segment],
    keys: &mut Vec<Option<&'a Value>>,
) {
    let Some((step, rest)) = steps.split_first() else {
        return;
    };
    match object.get(&step.name) {
        Some(Value::Array(array)) => keys_in_array(array, rest, keys),
        Some(value) if rest.is_empty() => keys.push(Some(value)),
        Some(Value::Object(inner)) => keys_in_object(inner, rest, keys),
        Some(_) | None => keys.push(Some(&Value::Null)),
    }
}

fn keys_in_array<'a>(array: &'a [Value], steps: &[Segment], keys: &mut Vec<Option<&'a Value>>) {
    let Some((step, rest)) = steps.split_first() else {
        // At the end of the path: its elements, which are not entered in their turn.
        if array.is_empty() {
            keys.push(None);
        }
        keys.extend(array.iter().map(Some));
        return;
    };
    let picked = step.index.and_then(|index| array.get(index));
    match picked {
        Some(element) if rest.is_empty() => keys.push(Some(element)),
        Some(Value::Object(object)) => keys_in_object(object, rest, keys),
        Some(Value::Array(inner)) => keys_in_array(inner, rest, keys),
        Some(_) => keys.push(Some(&Value::Null)),
        None if array.is_empty() => keys.push(Some(&Value::Null)),
        None => array.iter().for_each(|element| match element {
            Value::Object(object) => keys_in_object(object, steps, keys),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => keys.push(Some(&Value::Null)),
        }),
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
}
