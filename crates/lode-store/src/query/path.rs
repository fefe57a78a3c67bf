//! Dotted paths, and how one walks through a document and its arrays.

use std::fmt;

use serde_json::{Map, Value};

use crate::StoreError;
use crate::budget::Budget;
use crate::limits::PATH_STEPS_MAX;

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

/// Whether a walk that ends at an array visits its elements, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Elements,
    Whole,
}

/// What has named parts: an object, or an array as the object of its indexes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fields<'a> {
    Object(&'a Map<String, Value>),
    Array(&'a [Value]),
}

impl<'a> Fields<'a> {
    /// None for what has no parts.
    pub(crate) fn of(value: &'a Value) -> Option<Self> {
        match value {
            Value::Object(object) => Some(Self::Object(object)),
            Value::Array(array) => Some(Self::Array(array)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }

    pub(crate) fn get(self, step: &Segment) -> Option<&'a Value> {
        match self {
            Self::Object(object) => object.get(&step.name),
            Self::Array(array) => array.get(step.index?),
        }
    }
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

    /// A path with no more steps than any document is deep.
    pub(crate) fn checked(text: &str) -> Result<Self, StoreError> {
        // Counted before it is taken apart: the steps take much more memory than their text.
        let steps = text.bytes().filter(|byte| *byte == b'.').count() + 1;
        if steps > PATH_STEPS_MAX {
            return Err(StoreError::LimitExceeded {
                what: format!("a path of {steps} steps"),
                limit: format!("{PATH_STEPS_MAX} steps"),
                advice: "use a shorter path; no document is deeper",
            });
        }
        Ok(Self::new(text))
    }

    /// A path that something will be written to or read out of by name: no empty and no `$` step.
    pub(crate) fn of_field(text: &str, place: &str) -> Result<Self, StoreError> {
        let path = Self::checked(text)?;
        match path
            .segments
            .iter()
            .find(|s| s.name.is_empty() || s.name.starts_with('$'))
        {
            None => Ok(path),
            Some(step) => Err(StoreError::bad_query(format!(
                "the path {text:?} in {place} has the step {:?}; a step must not be empty and must \
                 not begin with `$` (positional operators are of updates)",
                step.name
            ))),
        }
    }

    /// A path that an update writes to: `$` and `$[]` may stand for elements of an array.
    pub(crate) fn of_update(text: &str, operator: &str) -> Result<Self, StoreError> {
        let path = Self::checked(text)?;
        let refuse = |step: &Segment, why: &str| {
            Err(StoreError::bad_update(format!(
                "the path {text:?} in {operator} has the step {:?}; {why}",
                step.name
            )))
        };
        for (index, step) in path.segments.iter().enumerate() {
            let name = step.name.as_str();
            if name.is_empty() {
                return refuse(step, "a step must not be empty");
            }
            if name.starts_with("$[") && name != Segment::ALL {
                return refuse(step, "array filters are not supported; use $[] or $");
            }
            if name.starts_with('$') && !step.is_positional() {
                return refuse(step, "a step must not begin with `$`, but may be $ or $[]");
            }
            if step.is_positional() && index == 0 {
                return refuse(step, "it needs an array before it");
            }
        }
        let mut matched = path.segments.iter().filter(|s| s.name == Segment::MATCHED);
        match matched.nth(1) {
            None => Ok(path),
            Some(step) => refuse(step, "it may stand in a path once"),
        }
    }

    /// The path up to a number of steps.
    pub(crate) fn up_to(&self, steps: usize) -> Self {
        let segments = self.segments[..steps].to_vec();
        let names: Vec<&str> = segments.iter().map(|s| s.name.as_str()).collect();
        Self {
            text: names.join("."),
            segments,
        }
    }

    /// The path with an index in place of one step.
    pub(crate) fn with_index(&self, place: usize, index: usize) -> Self {
        let mut names: Vec<&str> = self.segments.iter().map(|s| s.name.as_str()).collect();
        let index = index.to_string();
        names[place] = &index;
        Self::new(&names.join("."))
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
        document: Fields<'a>,
        reach: Reach,
        budget: &Budget,
        visit: &mut dyn FnMut(Option<&'a Value>) -> bool,
    ) -> bool {
        any_in(document, &self.segments, reach, budget, visit)
    }

    /// The first array on the way, and the steps that are left in it.
    pub(crate) fn first_array<'a>(
        &self,
        document: &'a Map<String, Value>,
    ) -> Option<(&'a [Value], &[Segment])> {
        let mut object = document;
        for (done, step) in self.segments.iter().enumerate() {
            match object.get(&step.name)? {
                Value::Array(array) => return Some((array, &self.segments[done + 1..])),
                Value::Object(inner) => object = inner,
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
            }
        }
        None
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Segment {
    /// The element that made the document match.
    pub(crate) const MATCHED: &str = "$";
    /// Every element.
    pub(crate) const ALL: &str = "$[]";

    /// Whether it stands for elements that only the document tells.
    pub(crate) fn is_positional(&self) -> bool {
        [Self::MATCHED, Self::ALL].contains(&self.name.as_str())
    }

    fn new(name: &str) -> Self {
        let canonical = name == "0" || name.starts_with(|c: char| ('1'..='9').contains(&c));
        let index = if canonical { name.parse().ok() } else { None };
        Self {
            name: name.to_owned(),
            index,
        }
    }
}

fn any_in<'a>(
    fields: Fields<'a>,
    steps: &[Segment],
    reach: Reach,
    budget: &Budget,
    visit: &mut dyn FnMut(Option<&'a Value>) -> bool,
) -> bool {
    let mut fields = fields;
    for (done, step) in steps.iter().enumerate() {
        let rest = &steps[done + 1..];
        if budget.step_by_name(&step.name) {
            return true;
        }
        match fields.get(step) {
            Some(Value::Array(array)) if rest.is_empty() => {
                return reach == Reach::Elements
                    && array
                        .iter()
                        .any(|element| budget.step() || visit(Some(element)))
                    || visit(fields.get(step));
            }
            Some(Value::Array(array)) => return any_in_array(array, rest, reach, budget, visit),
            Some(value) if rest.is_empty() => return visit(Some(value)),
            Some(Value::Object(inner)) => fields = Fields::Object(inner),
            Some(_) | None => return visit(None),
        }
    }
    false
}

fn any_in_array<'a>(
    array: &'a [Value],
    steps: &[Segment],
    reach: Reach,
    budget: &Budget,
    visit: &mut dyn FnMut(Option<&'a Value>) -> bool,
) -> bool {
    array.iter().enumerate().any(|(index, element)| {
        budget.step() || any_in_element(element, index, steps, reach, budget, visit)
    })
}

/// Visits what a path leads to through one element of an array.
pub(crate) fn any_in_element<'a>(
    element: &'a Value,
    index: usize,
    steps: &[Segment],
    reach: Reach,
    budget: &Budget,
    visit: &mut dyn FnMut(Option<&'a Value>) -> bool,
) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        return false;
    };
    if let Value::Object(object) = element
        && any_in(Fields::Object(object), steps, reach, budget, visit)
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
        Value::Object(object) => any_in(Fields::Object(object), rest, reach, budget, visit),
        Value::Array(inner) => any_in_array(inner, rest, reach, budget, visit),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
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
            Fields::of(&document).unwrap(),
            Reach::Elements,
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
    fn a_path_has_no_more_steps_than_a_document_levels() {
        let steps = |count: usize| vec!["a"; count].join(".");
        Path::checked(&steps(100)).unwrap();
        let error = Path::of_field(&steps(101), "x").unwrap_err();
        assert_eq!(error.code(), "LimitExceeded");
        assert!(error.to_string().contains("100 steps"), "{error}");
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
