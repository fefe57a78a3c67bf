//! Projections: which fields of a found document are kept.

mod elements;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::StoreError;
use crate::budget::Budget;
use crate::limits::OPTION_FIELDS_MAX;
use crate::query::parse::Parser;
use crate::query::path::Segment;
use crate::query::{Filter, Path};
use elements::Part;

/// Which fields to keep, and which elements of some arrays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Projection {
    shape: Shape,
    /// Arrays of which only a part is kept, before the rest is done.
    parts: Vec<(Path, Part)>,
}

#[derive(Debug, Clone, PartialEq, Default)]
enum Shape {
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
struct Branch {
    steps: BTreeMap<String, Node>,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// Named itself, with all that is in it.
    Whole,
    /// Something inside it is named.
    Part(Branch),
}

/// What is said about one field.
enum Wish {
    Keep(bool),
    /// Keep a part of the array; says whether the other fields are left out.
    Part(Part, Option<bool>),
}

impl Projection {
    /// Reads `["a", "b.c"]`, `{a: 1}` or `{a: 0}`; null and empty ones keep everything. The value
    /// may also be `{$slice: …}` or `{$elemMatch: …}`, and a name may end in `.$`.
    pub fn parse(fields: &Value) -> Result<Self, StoreError> {
        Self::parse_within(fields, &Budget::unlimited())
    }

    /// [`Projection::parse`] that ends between two patterns once the budget is spent.
    pub(crate) fn parse_within(fields: &Value, budget: &Budget) -> Result<Self, StoreError> {
        let wishes = wishes(fields, budget)?;
        let id = wishes.iter().rev().find_map(|(name, wish)| match wish {
            Wish::Keep(keep) if name == "_id" => Some(*keep),
            Wish::Keep(_) | Wish::Part(..) => None,
        });
        let named = |(name, wish): &(String, Wish)| match wish {
            Wish::Keep(_) if name == "_id" => None,
            Wish::Keep(keep) => Some((name.clone(), *keep)),
            Wish::Part(_, keep) => keep.map(|keep| (name.clone(), keep)),
        };
        let named: Vec<(String, bool)> = wishes.iter().filter_map(named).collect();
        let cut = wishes.iter().filter_map(|(name, wish)| match wish {
            Wish::Part(_, None) => Some(name.clone()),
            Wish::Part(_, Some(_)) | Wish::Keep(_) => None,
        });
        let cut: Vec<String> = cut.collect();
        let parts = wishes.into_iter().filter_map(|(name, wish)| match wish {
            Wish::Keep(_) => None,
            Wish::Part(part, _) => Some(Path::of_field(&name, "fields").map(|path| (path, part))),
        });
        Ok(Self {
            parts: parts.collect::<Result<_, _>>()?,
            shape: Shape::new(&named, id, &cut)?,
        })
    }

    /// Whether documents stay as they are.
    pub fn keeps_all(&self) -> bool {
        matches!(self.shape, Shape::All) && self.parts.is_empty()
    }

    /// The document with what is kept of it, in its own order. The filter is what it matched.
    pub fn trimmed(
        &self,
        document: Map<String, Value>,
        filter: &Filter,
    ) -> Result<Map<String, Value>, StoreError> {
        self.apply(document, filter, &Budget::unlimited())
    }

    /// The document with what is kept of it, in its own order; means nothing once the budget is
    /// spent. The filter is what the document matched.
    pub(crate) fn apply(
        &self,
        mut document: Map<String, Value>,
        filter: &Filter,
        budget: &Budget,
    ) -> Result<Map<String, Value>, StoreError> {
        for (path, part) in &self.parts {
            part.apply(&mut document, path, filter, budget)?;
        }
        Ok(match &self.shape {
            Shape::All => document,
            Shape::Include(branch) => branch.include(document, budget),
            Shape::Exclude(branch) => branch.exclude(document, budget),
        })
    }
}

impl Shape {
    /// From all names but `_id`, which alone may disagree with the rest, and decides only when
    /// there is no rest. What is cut is kept in both forms, and decides nothing.
    fn new(named: &[(String, bool)], id: Option<bool>, cut: &[String]) -> Result<Self, StoreError> {
        let Some(include) = named.first().map(|(_, keep)| *keep).or(id) else {
            return Ok(Self::All);
        };
        if let Some((name, _)) = named.iter().find(|(_, keep)| *keep != include) {
            return Err(StoreError::bad_query(format!(
                "fields both includes and excludes ({name:?} disagrees with those before it); \
                 only _id may differ from the rest"
            )));
        }
        let mut branch = Branch::default();
        let cut = cut.iter().filter(|_| include);
        for name in named.iter().map(|(name, _)| name).chain(cut) {
            branch.add(&Path::of_field(name, "fields")?);
        }
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

/// (name without `.$`, what is wished for it)
fn wishes(fields: &Value, budget: &Budget) -> Result<Vec<(String, Wish)>, StoreError> {
    let too_many = || {
        Err(StoreError::bad_query(format!(
            "fields has more than {OPTION_FIELDS_MAX} names"
        )))
    };
    let mut parser = Parser::new(budget);
    match fields {
        Value::Null => Ok(Vec::new()),
        Value::Array(names) if names.len() > OPTION_FIELDS_MAX => too_many(),
        Value::Object(object) if object.len() > OPTION_FIELDS_MAX => too_many(),
        Value::Array(names) => {
            let mut wish = |name: &Value| {
                let name = name.as_str().ok_or_else(|| refuse(name))?;
                wish(name, &Value::Bool(true), &mut parser)
            };
            names.iter().map(&mut wish).collect()
        }
        Value::Object(object) => object
            .iter()
            .map(|(name, value)| wish(name, value, &mut parser))
            .collect(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(refuse(fields)),
    }
}

fn wish(name: &str, value: &Value, parser: &mut Parser<'_>) -> Result<(String, Wish), StoreError> {
    let keep = match value {
        Value::Bool(keep) => Some(*keep),
        Value::Number(number) => Some(number.as_f64() != Some(0.0)),
        Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let array = name
        .strip_suffix(Segment::MATCHED)
        .and_then(|name| name.strip_suffix('.'));
    match (array, keep, value) {
        (Some(array), Some(true), _) => {
            Ok((array.to_owned(), Wish::Part(Part::Matched, Some(true))))
        }
        (None, Some(keep), _) => Ok((name.to_owned(), Wish::Keep(keep))),
        (None, None, Value::Object(operators)) => {
            let (part, keep) =
                Part::parse(name, operators, parser)?.ok_or_else(|| refuse(value))?;
            Ok((name.to_owned(), Wish::Part(part, keep)))
        }
        _ => Err(refuse(value)),
    }
}

fn refuse(value: &Value) -> StoreError {
    StoreError::bad_query(format!(
        "fields contains {value}; write an array of names, {{\"a\": 1}} to keep, {{\"a\": 0}} to \
         leave out, {{\"a.$\": 1}}, {{\"a\": {{\"$slice\": 5}}}} or {{\"a\": {{\"$elemMatch\": …}}}}"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(fields: Value, document: Value, expected: Value) {
        let projection = Projection::parse(&fields).unwrap();
        let kept = apply(&projection, document, &json!({})).unwrap();
        // As text, since the order of fields matters.
        assert_eq!(kept.to_string(), expected.to_string());
    }

    fn apply(projection: &Projection, document: Value, query: &Value) -> Result<Value, StoreError> {
        let filter = Filter::parse(query)?;
        let document = document.as_object().unwrap().clone();
        let kept = projection.apply(document, &filter, &Budget::unlimited())?;
        Ok(Value::Object(kept))
    }

    #[test]
    fn a_part_of_an_array_is_kept() {
        let document = json!({"_id": 1, "a": [1, 2, 3, 4], "b": {"c": [{"d": 1}, {"d": 2}, {"d": 2, "e": 1}]}, "f": 1});
        let slice = |slice: Value| json!({"a": {"$slice": slice}, "b": 0});
        for (of, kept) in [
            (json!(2), json!([1, 2])),
            (json!(-1), json!([4])),
            (json!(0), json!([])),
            (json!([1, 2]), json!([2, 3])),
            (json!([-3, 2]), json!([2, 3])),
            (json!([-9, 2]), json!([1, 2])),
            (json!([9, 2]), json!([])),
        ] {
            check(
                slice(of),
                document.clone(),
                json!({"_id": 1, "a": kept, "f": 1}),
            );
        }
        check(
            json!({"a": {"$slice": 1}, "f": 1}),
            document.clone(),
            json!({"_id": 1, "a": [1], "f": 1}),
        );
        check(
            json!({"f": {"$slice": 1}}),
            document.clone(),
            document.clone(),
        );
        check(
            json!({"b.c": {"$slice": 1}, "a": 0}),
            document.clone(),
            json!({"_id": 1, "b": {"c": [{"d": 1}]}, "f": 1}),
        );
        check(
            json!({"a": {"$elemMatch": {"$gt": 2}}}),
            document.clone(),
            json!({"_id": 1, "a": [3]}),
        );
        check(
            json!({"a": {"$elemMatch": {"$gt": 9}}, "f": 1}),
            document.clone(),
            json!({"_id": 1, "f": 1}),
        );
        let matched = Projection::parse(&json!({"b.c.$": 1})).unwrap();
        assert_eq!(
            apply(&matched, document.clone(), &json!({"b.c.d": 2})).unwrap(),
            json!({"_id": 1, "b": {"c": [{"d": 2}]}})
        );
        let error = apply(&matched, document, &json!({"f": 1})).unwrap_err();
        assert!(error.to_string().contains("names none"), "{error}");
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
            json!({"a": "b"}),
            json!({"a": {"$slice": "x"}}),
            json!({"a": {"$slice": [1, 0]}}),
            json!({"a": {"$slice": 1, "$elemMatch": {}}}),
            json!({"a": {"$elemMatch": 1}}),
            json!({"a.b": {"$elemMatch": {}}}),
            json!({"a": {"$elemMatch": {}}, "b": 0}),
            json!({"a": {"b": 1}}),
            json!([1]),
            json!("a"),
            json!({"a.$": 0}),
            json!({"a.$.b": 1}),
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
            let filter = Filter::And(Vec::new());
            let kept = projection
                .apply(document, &filter, &Budget::spent())
                .unwrap();
            assert!(kept.is_empty(), "{kept:?}");
        }
    }
}
