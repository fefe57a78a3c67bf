//! Projections: which fields of a found document are kept.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::StoreError;
use crate::budget::Budget;
use crate::limits::OPTION_FIELDS_MAX;
use crate::query::Path;

/// Which fields to keep.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Projection {
    /// All of them.
    #[default]
    All,
    /// Only the named ones.
    Include(Branch),
    /// All but the named ones.
    Exclude(Branch),
}

/// The named fields as a tree of path steps.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Branch {
    steps: BTreeMap<String, Node>,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// Named itself, with all that is in it.
    Whole,
    /// Something inside it is named.
    Part(Branch),
}

impl Projection {
    /// Reads `["a", "b.c"]`, `{a: 1}` or `{a: 0}`; null and empty ones keep everything.
    pub fn parse(fields: &Value) -> Result<Self, StoreError> {
        let pairs = pairs(fields)?;
        if pairs.len() > OPTION_FIELDS_MAX {
            return Err(StoreError::bad_query(format!(
                "fields has more than {OPTION_FIELDS_MAX} names"
            )));
        }
        let id = pairs
            .iter()
            .rev()
            .find(|(name, _)| *name == "_id")
            .map(|(_, keep)| *keep);
        let mut others = pairs.iter().filter(|(name, _)| *name != "_id");
        // `_id` alone may disagree with the rest, and decides only when there is no rest.
        let Some(include) = others.clone().next().map(|(_, keep)| *keep).or(id) else {
            return Ok(Self::All);
        };
        if let Some((name, _)) = others.clone().find(|(_, keep)| *keep != include) {
            return Err(StoreError::bad_query(format!(
                "fields both includes and excludes ({name:?} disagrees with those before it); \
                 only _id may differ from the rest"
            )));
        }
        let mut branch = Branch::default();
        others.try_for_each(|(name, _)| {
            branch.add(&Path::of_field(name, "fields")?);
            Ok::<_, StoreError>(())
        })?;
        // Kept unless left out by name, in both forms.
        if id.unwrap_or(true) == include {
            branch.add(&Path::new("_id"));
        }
        Ok(if include {
            Self::Include(branch)
        } else {
            Self::Exclude(branch)
        })
    }

    /// Whether documents stay as they are.
    pub fn keeps_all(&self) -> bool {
        matches!(self, Self::All)
    }

    /// The document with the kept fields only, in their own order.
    pub fn apply(&self, document: Map<String, Value>) -> Map<String, Value> {
        self.apply_within(document, &Budget::unlimited())
    }

    /// [`Projection::apply`] that stops, with too few fields, once the budget is spent.
    pub(crate) fn apply_within(
        &self,
        document: Map<String, Value>,
        budget: &Budget,
    ) -> Map<String, Value> {
        match self {
            Self::All => document,
            Self::Include(branch) => branch.include(document, budget),
            Self::Exclude(branch) => branch.exclude(document, budget),
        }
    }
}

impl Branch {
    fn add(&mut self, path: &Path) {
        let mut branch = self;
        let (last, way) = match path.segments() {
            [way @ .., last] => (last, way),
            [] => return,
        };
        for step in way {
            let node = branch
                .steps
                .entry(step.name.clone())
                .or_insert_with(|| Node::Part(Self::default()));
            match node {
                Node::Part(inner) => branch = inner,
                // An ancestor is named as a whole, which says it all.
                Node::Whole => return,
            }
        }
        branch.steps.insert(last.name.clone(), Node::Whole);
    }

    fn include(&self, object: Map<String, Value>, budget: &Budget) -> Map<String, Value> {
        let kept = object
            .into_iter()
            .take_while(|_| !budget.step())
            .filter_map(|(name, value)| {
                let value = match self.steps.get(&name)? {
                    Node::Whole => value,
                    Node::Part(branch) => branch.include_in(value, budget)?,
                };
                Some((name, value))
            });
        kept.collect()
    }

    /// A scalar has no part that could be kept.
    fn include_in(&self, value: Value, budget: &Budget) -> Option<Value> {
        match value {
            Value::Object(object) => Some(Value::Object(self.include(object, budget))),
            Value::Array(array) => {
                let kept = array
                    .into_iter()
                    .take_while(|_| !budget.step())
                    .filter_map(|element| self.include_in(element, budget));
                Some(Value::Array(kept.collect()))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }

    fn exclude(&self, object: Map<String, Value>, budget: &Budget) -> Map<String, Value> {
        let kept = object
            .into_iter()
            .take_while(|_| !budget.step())
            .filter_map(|(name, value)| match self.steps.get(&name) {
                None => Some((name, value)),
                Some(Node::Whole) => None,
                Some(Node::Part(branch)) => Some((name, branch.exclude_in(value, budget))),
            });
        kept.collect()
    }

    fn exclude_in(&self, value: Value, budget: &Budget) -> Value {
        match value {
            Value::Object(object) => Value::Object(self.exclude(object, budget)),
            Value::Array(array) => Value::Array(
                array
                    .into_iter()
                    .take_while(|_| !budget.step())
                    .map(|element| self.exclude_in(element, budget))
                    .collect(),
            ),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
        }
    }
}

/// (name, whether to keep it)
fn pairs(fields: &Value) -> Result<Vec<(&str, bool)>, StoreError> {
    let refuse = |value: &Value| {
        StoreError::bad_query(format!(
            "fields contains {value}; write an array of names, {{\"a\": 1}} to keep or \
             {{\"a\": 0}} to leave out"
        ))
    };
    match fields {
        Value::Null => Ok(Vec::new()),
        Value::Array(names) => {
            let pair = |name| Ok((Value::as_str(name).ok_or_else(|| refuse(name))?, true));
            names.iter().map(pair).collect()
        }
        Value::Object(object) => {
            let pair = |(name, value)| {
                Ok((
                    String::as_str(name),
                    keep(value).ok_or_else(|| refuse(value))?,
                ))
            };
            object.iter().map(pair).collect()
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(refuse(fields)),
    }
}

fn keep(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(keep) => Some(*keep),
        Value::Number(number) if number.as_f64() == Some(1.0) => Some(true),
        Value::Number(number) if number.as_f64() == Some(0.0) => Some(false),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(fields: Value, document: Value, expected: Value) {
        let projection = Projection::parse(&fields).unwrap();
        let Value::Object(document) = document else {
            panic!("not an object")
        };
        // As text, since the order of fields matters.
        assert_eq!(
            Value::Object(projection.apply(document)).to_string(),
            expected.to_string()
        );
    }

    #[test]
    fn inclusion_keeps_the_named_fields_and_the_id() {
        let document = json!({"_id": 1, "a": {"b": 1, "c": 2}, "d": 3});
        check(json!(["d"]), document.clone(), json!({"_id": 1, "d": 3}));
        check(
            json!({"d": 1, "a.b": true}),
            document.clone(),
            json!({"_id": 1, "a": {"b": 1}, "d": 3}),
        );
        check(json!({"d": 1, "_id": 0}), document.clone(), json!({"d": 3}));
        check(json!({"_id": 1}), document.clone(), json!({"_id": 1}));
        check(
            json!(["a", "a.b"]),
            document.clone(),
            json!({"_id": 1, "a": {"b": 1, "c": 2}}),
        );
        check(json!(["d.x", "zz"]), document, json!({"_id": 1}));
        check(
            json!(["a.b"]),
            json!({"a": [{"b": 1, "c": 1}, 5, [{"b": 2}], {}]}),
            json!({"a": [{"b": 1}, [{"b": 2}], {}]}),
        );
    }

    #[test]
    fn exclusion_drops_the_named_fields_only() {
        let document = json!({"_id": 1, "a": [{"b": 1, "c": 2}, 5], "d": 3});
        check(
            json!({"a.b": 0}),
            document.clone(),
            json!({"_id": 1, "a": [{"c": 2}, 5], "d": 3}),
        );
        check(
            json!({"_id": 0}),
            document.clone(),
            json!({"a": [{"b": 1, "c": 2}, 5], "d": 3}),
        );
        check(
            json!({"d": 0, "_id": 0}),
            document.clone(),
            json!({"a": [{"b": 1, "c": 2}, 5]}),
        );
        check(
            json!({"d": 0, "_id": 1}),
            document.clone(),
            json!({"_id": 1, "a": [{"b": 1, "c": 2}, 5]}),
        );
        for all in [json!(null), json!([]), json!({})] {
            check(all, document.clone(), document.clone());
        }
    }

    #[test]
    fn wrong_projections_are_refused() {
        for bad in [
            json!({"a": 1, "b": 0}),
            json!({"a": 2}),
            json!({"a": {"$slice": 1}}),
            json!([1]),
            json!("a"),
            json!({"a.$": 1}),
            json!(["a."]),
        ] {
            assert_eq!(
                Projection::parse(&bad).unwrap_err().code(),
                "BadQuery",
                "{bad}"
            );
        }
    }
    #[test]
    fn a_spent_budget_ends_a_projection() {
        let document = json!({"a": [1, {"b": 2}], "c": 1});
        for fields in [json!(["a.b", "c"]), json!({"a.b": 0})] {
            let projection = Projection::parse(&fields).unwrap();
            let document = document.as_object().unwrap().clone();
            let kept = projection.apply_within(document, &Budget::spent());
            assert!(kept.is_empty(), "{kept:?}");
        }
    }
}
