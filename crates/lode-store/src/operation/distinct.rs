//! `distinct`: the values at a path, each once.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde_json::Value;

use super::{Found, Search, Sink, Texts};
use crate::StoreError;
use crate::budget::Budget;
use crate::limits::RESULT_BYTES_MAX;
use crate::query::{Fields, Ordered, Path, Segment};

/// Collects values; an array at the end of the path stands for its elements.
#[derive(Debug)]
pub(crate) struct Distinct<'a> {
    path: &'a Path,
    values: BTreeSet<Ordered<Value>>,
    bytes: usize,
}

impl<'a> Distinct<'a> {
    pub(crate) fn new(path: &'a Path) -> Self {
        Self {
            path,
            values: BTreeSet::new(),
            bytes: 0,
        }
    }

    /// The values in their order.
    pub(crate) fn finish(self) -> Result<String, StoreError> {
        let mut texts = Texts::array();
        for value in &self.values {
            texts.push(&value.0.to_string())?;
        }
        Ok(texts.finish())
    }

    fn add(&mut self, value: &Value) -> Result<(), StoreError> {
        if !self.values.insert(Ordered(value.clone())) {
            return Ok(());
        }
        self.bytes += value.to_string().len() + 1;
        if self.bytes > RESULT_BYTES_MAX {
            return Err(StoreError::LimitExceeded {
                what: "the result".to_owned(),
                limit: format!("{RESULT_BYTES_MAX} bytes"),
                advice: "give a query that matches less",
            });
        }
        Ok(())
    }
}

impl Sink for Distinct<'_> {
    fn take(
        &mut self,
        found: Found<'_>,
        search: &Search<'_>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let mut values = Vec::new();
        let budget = search.budget;
        collect(
            Fields::Object(&found.fields),
            self.path.segments(),
            budget,
            &mut values,
        );
        for value in values {
            budget.check()?;
            self.add(value)?;
        }
        budget.check()?;
        Ok(ControlFlow::Continue(()))
    }
}

/// What `distinct` sees: an array on the way stands for its elements, or for the one that an index
/// step picks.
fn collect<'a>(
    fields: Fields<'a>,
    steps: &[Segment],
    budget: &Budget,
    values: &mut Vec<&'a Value>,
) {
    let Some((step, rest)) = steps.split_first() else {
        return;
    };
    if budget.step_by_name(&step.name) {
        return;
    }
    match (fields.get(step), rest.first()) {
        (None, _) => {}
        (Some(Value::Array(array)), None) => values.extend(array),
        (Some(value), None) => values.push(value),
        (Some(Value::Array(array)), Some(next)) if next.index.is_none() => {
            for inner in array.iter().filter_map(Fields::of) {
                collect(inner, rest, budget, values);
            }
        }
        (Some(value), Some(_)) => {
            if let Some(inner) = Fields::of(value) {
                collect(inner, rest, budget, values);
            }
        }
    }
}

/// Reads the path of a `distinct`.
pub(super) fn parse_key(key: &Value) -> Result<Path, StoreError> {
    match key {
        Value::String(text) => Path::of_field(text, "distinct"),
        Value::Null => Err(StoreError::MissingRequiredParameter {
            parameter: "key",
            allowed: "the path of a field, as a text",
        }),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Err(
            StoreError::bad_query(format!("the key {key} of distinct must be a text")),
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(document: Value, path: &str, expected: Value) {
        let Value::Object(fields) = document else {
            panic!("not an object")
        };
        let mut values = Vec::new();
        let path = Path::of_field(path, "x").unwrap();
        let budget = Budget::unlimited();
        collect(
            Fields::Object(&fields),
            path.segments(),
            &budget,
            &mut values,
        );
        assert_eq!(json!(values), expected, "{path}");
    }

    #[test]
    fn arrays_are_unwound_once() {
        check(json!({"a": 1}), "a", json!([1]));
        check(
            json!({"a": [1, [2], {"b": 3}]}),
            "a",
            json!([1, [2], {"b": 3}]),
        );
        check(json!({"a": []}), "a", json!([]));
        check(json!({"a": null}), "a", json!([null]));
        check(json!({}), "a", json!([]));
        check(
            json!({"a": [{"b": 1}, 5, {"b": [2, 3]}, [{"b": 4}]]}),
            "a.b",
            json!([1, 2, 3]),
        );
        check(json!({"a": [{"b": 1}, {"b": 2}]}), "a.1.b", json!([2]));
        check(json!({"a": [[5, 6]]}), "a.0.1", json!([6]));
        check(json!({"a": 5}), "a.b", json!([]));
    }
}
