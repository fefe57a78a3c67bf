//! Dotted paths, and how one walks through a document and its arrays.

use std::fmt;

use serde_json::{Map, Value};

use crate::StoreError;
use crate::budget::Budget;

/// A dotted path, taken apart once.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    text: String,
    segments: Vec<Segment>,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// A field of an object.
    pub name: String,
    /// The element of an array, if the name is an index as JavaScript writes it.
    pub index: Option<usize>,
}

impl Path {
    /// Takes a path apart; any text is a path.
    pub(crate) fn new(text: &str) -> Self {
        let segments = text.split('.').map(Segment::new).collect();
        Self {
            text: text.to_owned(),
            segments,
        }
    }

    /// A path that something will be written to or read out of by name: no empty and no `$` step.
    pub(crate) fn of_field(text: &str, place: &str) -> Result<Self, StoreError> {
        let path = Self::new(text);
        match path
            .segments
            .iter()
            .find(|s| s.name.is_empty() || s.name.starts_with('$'))
        {
            None => Ok(path),
            Some(step) => Err(StoreError::bad_query(format!(
                "the path {text:?} in {place} has the step {:?}; a step must not be empty and must \
                 not begin with `$` (positional operators are not supported)",
                step.name
            ))),
        }
    }

    /// The path as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its steps, at least one.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Visits everything that a filter on this path looks at, until the visitor returns true;
    /// says whether it did. `None` stands for "missing".
    ///
    /// An array on the way is entered: each object in it is walked on its own, and an index step
    /// picks an element as well. An array at the end is visited element by element and then as a
    /// whole. Scalars inside an array on the way count for nothing, not even for "missing".
    ///
    /// Steps that are both an index and a name fork the walk, so that its length grows with the
    /// power of the nesting: once the budget is spent it stops and returns true.
    pub(crate) fn any<'a>(
        &self,
        document: &'a Map<String, Value>,
        budget: &Budget,
        visit: &mut dyn FnMut(Option<&'a Value>) -> bool,
    ) -> bool {
        any_in_object(document, &self.segments, budget, visit)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Segment {
    fn new(name: &str) -> Self {
        let canonical = name == "0" || name.starts_with(|c: char| ('1'..='9').contains(&c));
        let index = if canonical { name.parse().ok() } else { None };
        Self {
            name: name.to_owned(),
            index,
        }
    }
}

fn any_in_object<'a>(
    object: &'a Map<String, Value>,
    steps: &[Segment],
    budget: &Budget,
    visit: &mut dyn FnMut(Option<&'a Value>) -> bool,
) -> bool {
    let mut object = object;
    for (done, step) in steps.iter().enumerate() {
        let rest = &steps[done + 1..];
        if budget.step_by_name(&step.name) {
            return true;
        }
        match object.get(&step.name) {
            Some(Value::Array(array)) if rest.is_empty() => {
                return array
                    .iter()
                    .any(|element| budget.step() || visit(Some(element)))
                    || visit(object.get(&step.name));
            }
            Some(Value::Array(array)) => return any_in_array(array, rest, budget, visit),
            Some(value) if rest.is_empty() => return visit(Some(value)),
            Some(Value::Object(inner)) => object = inner,
            Some(_) | None => return visit(None),
        }
    }
    false
}

fn any_in_array<'a>(
    array: &'a [Value],
    steps: &[Segment],
    budget: &Budget,
    visit: &mut dyn FnMut(Option<&'a Value>) -> bool,
) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        return false;
    };
    array.iter().enumerate().any(|(index, element)| {
        if budget.step() {
            return true;
        }
        if let Value::Object(object) = element
            && any_in_object(object, steps, budget, visit)
        {
            return true;
        }
        if step.index != Some(index) {
            return false;
        }
        if rest.is_empty() {
            // The element as it is: an array picked by its index is not entered.
            return visit(Some(element));
        }
        match element {
            Value::Object(object) => any_in_object(object, rest, budget, visit),
            Value::Array(inner) => any_in_array(inner, rest, budget, visit),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The visited values in order; "missing" is written as the string `-`.
    #[track_caller]
    fn check(document: Value, path: &str, expected: Value) {
        let mut seen = Vec::new();
        Path::new(path).any(
            document.as_object().unwrap(),
            &Budget::unlimited(),
            &mut |value| {
                seen.push(value.cloned().unwrap_or_else(|| json!("-")));
                false
            },
        );
        assert_eq!(Value::Array(seen), expected, "{path} in {document}");
    }

    #[test]
    fn a_path_visits_what_mongodb_visits() {
        check(json!({"a": {"b": 1}}), "a.b", json!([1]));
        check(json!({"a": 5}), "a.b", json!(["-"]));
        check(json!({}), "a.b", json!(["-"]));
        check(json!({"a": [1, [2]]}), "a", json!([1, [2], [1, [2]]]));
        check(json!({"a": []}), "a", json!([[]]));
        check(json!({"a": []}), "a.b", json!([]));
        check(
            json!({"a": [1, {"b": 2}, {}, [{"b": 3}]]}),
            "a.b",
            json!([2, "-"]),
        );
        check(json!({"a": [{"b": [1, 2]}]}), "a.b", json!([1, 2, [1, 2]]));
    }

    #[test]
    fn an_index_step_picks_an_element_or_names_a_field() {
        check(json!({"a": [5, [2, 4]]}), "a.1", json!([[2, 4]]));
        check(json!({"a": [5, [2, 4]]}), "a.1.0", json!([2]));
        check(json!({"a": {"1": 7}}), "a.1", json!([7]));
        check(json!({"a": [5, {"1": 4}]}), "a.1", json!([4, {"1": 4}]));
        check(
            json!({"a": [{"b": 1}, {"b": 2}]}),
            "a.1.b",
            json!(["-", "-", 2]),
        );
        check(json!({"a": [5]}), "a.00", json!([]));
    }
}
