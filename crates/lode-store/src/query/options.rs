//! The options of a find and of an update: known keys are checked, unknown ones ignored.

use serde_json::{Map, Value};

use crate::StoreError;
use crate::budget::Budget;
use crate::query::order::type_name;
use crate::query::{Path, Projection, Sort};

/// How to order, cut and trim what was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FindOptions {
    /// Empty: the order of insertion.
    pub sort: Sort,
    /// None: all.
    pub limit: Option<usize>,
    /// How many to leave out first.
    pub skip: usize,
    /// Which fields to keep.
    pub fields: Projection,
    /// Where to note the distance by which the result is ordered.
    pub distance_field: Option<DistanceField>,
}

/// A field for the distance, in a unit of the caller's.
#[derive(Debug, Clone, PartialEq)]
pub struct DistanceField {
    path: Path,
    multiplier: f64,
}

impl FindOptions {
    /// Reads `{sort, limit, skip, fields}`; null and an empty array stand for none.
    pub fn parse(options: &Value) -> Result<Self, StoreError> {
        Self::parse_within(options, &Budget::unlimited())
    }

    /// [`FindOptions::parse`] that ends between two patterns once the budget is spent.
    pub(crate) fn parse_within(options: &Value, budget: &Budget) -> Result<Self, StoreError> {
        let Some(options) = object(options)? else {
            return Ok(Self::default());
        };
        let get = |key: &str| options.get(key).unwrap_or(&Value::Null);
        Ok(Self {
            sort: Sort::parse(get("sort"))?,
            // 0 is MongoDB's way to say "no limit".
            limit: count("limit", get("limit"))?.filter(|limit| *limit > 0),
            skip: count("skip", get("skip"))?.unwrap_or(0),
            fields: Projection::parse_within(get("fields"), budget)?,
            distance_field: None,
        })
    }
}

impl DistanceField {
    /// Reads the path and the factor; both may be left out.
    pub(crate) fn parse(
        path: Option<&Value>,
        multiplier: Option<&Value>,
    ) -> Result<Option<Self>, StoreError> {
        let multiplier = multiplier.map_or(Some(1.0), Value::as_f64).ok_or_else(|| {
            StoreError::bad_query("the option distanceMultiplier must be a number")
        })?;
        let Some(path) = path else {
            return Ok(None);
        };
        let path = path.as_str().ok_or_else(|| {
            StoreError::bad_query("the option distanceField must be a path, as a text")
        })?;
        let path = Path::of_field(path, "distanceField")?;
        Ok(Some(Self { path, multiplier }))
    }

    /// The text of the document with the distance in it; what is in the way is replaced.
    pub(crate) fn add(&self, document: Map<String, Value>, distance: f64) -> String {
        let mut root = Value::Object(document);
        let mut place = &mut root;
        for step in self.path.segments() {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            place = &mut place[step.name.as_str()];
        }
        *place = Value::from(distance * self.multiplier);
        root.to_string()
    }
}

/// What `findAndModify` does and shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ModifyOptions {
    /// Reply with the document after the change.
    pub(crate) returns_new: bool,
    /// Insert when nothing matches.
    pub(crate) upsert: bool,
    /// Remove instead of changing.
    pub(crate) removes: bool,
    /// Which fields of the document to show.
    pub(crate) fields: Projection,
}

impl ModifyOptions {
    /// Reads `{new, upsert, remove, fields}`; `returnModifiedEntity` is another name of `new`.
    pub(crate) fn parse(options: &Value, budget: &Budget) -> Result<Self, StoreError> {
        let Some(options) = object(options)? else {
            return Ok(Self::default());
        };
        Ok(Self {
            returns_new: flag(options, "new")? | flag(options, "returnModifiedEntity")?,
            upsert: flag(options, "upsert")?,
            removes: flag(options, "remove")?,
            fields: Projection::parse_within(
                options.get("fields").unwrap_or(&Value::Null),
                budget,
            )?,
        })
    }
}

/// How far an update reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UpdateOptions {
    /// Insert when nothing matches.
    pub upsert: bool,
    /// Change all matches, not only the first.
    pub multi: bool,
}

impl UpdateOptions {
    /// Reads `{upsert, multi}`; `updateMultiple` is another name of `multi`.
    pub fn parse(options: &Value) -> Result<Self, StoreError> {
        let Some(options) = object(options)? else {
            return Ok(Self::default());
        };
        Ok(Self {
            upsert: flag(options, "upsert")?,
            multi: flag(options, "multi")? | flag(options, "updateMultiple")?,
        })
    }
}

fn object(options: &Value) -> Result<Option<&Map<String, Value>>, StoreError> {
    match options {
        Value::Object(options) => Ok(Some(options)),
        Value::Null => Ok(None),
        Value::Array(array) if array.is_empty() => Ok(None),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(StoreError::bad_query(format!(
                "options must be an object, such as {{\"limit\": 10}}, not {}",
                type_name(options)
            )))
        }
    }
}

fn count(option: &str, value: &Value) -> Result<Option<usize>, StoreError> {
    /// Whole floats up to here are exact; larger counts make no sense anyway.
    const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
    if value.is_null() {
        return Ok(None);
    }
    let whole = value
        .as_f64()
        .filter(|n| n.fract() == 0.0 && (0.0..=WHOLE_MAX).contains(n));
    #[expect(clippy::cast_possible_truncation, reason = "whole and at most 2^53")]
    #[expect(clippy::cast_sign_loss, reason = "not negative")]
    let number = whole.map(|n| n as usize);
    number.map(Some).ok_or_else(|| {
        StoreError::bad_query(format!(
            "the option {option} is {value}; it must be a whole number of at least 0"
        ))
    })
}

fn flag(options: &Map<String, Value>, option: &str) -> Result<bool, StoreError> {
    match options.get(option) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(other) => Err(StoreError::bad_query(format!(
            "the option {option} is {other}; it must be true or false"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(options: Value, limit: Option<usize>, skip: usize) {
        let parsed = FindOptions::parse(&options).unwrap();
        assert_eq!((parsed.limit, parsed.skip), (limit, skip), "{options}");
    }

    #[track_caller]
    fn check_refused(options: Value, part_of_message: &str) {
        let error = FindOptions::parse(&options).unwrap_err();
        assert_eq!(error.code(), "BadQuery");
        assert!(error.to_string().contains(part_of_message), "{error}");
    }

    #[test]
    fn no_options_come_in_many_forms_and_unknown_keys_are_ignored() {
        for none in [
            json!(null),
            json!([]),
            json!({}),
            json!({"_kmd.ect": 1, "hint": {}}),
        ] {
            assert_eq!(FindOptions::parse(&none).unwrap(), FindOptions::default());
        }
        check(json!({"limit": 3, "skip": 2.0}), Some(3), 2);
        check(json!({"limit": 0, "skip": null}), None, 0);
    }

    #[test]
    fn wrong_values_are_refused() {
        check_refused(json!({"limit": -1}), "limit is -1");
        check_refused(json!({"limit": "x"}), "limit is \"x\"");
        check_refused(json!({"skip": 1.5}), "skip is 1.5");
        check_refused(json!([1]), "options must be an object");
        check_refused(json!({"sort": {"a": 2}}), "1 or -1");
    }

    #[test]
    fn multi_has_two_names() {
        let parse = |options| UpdateOptions::parse(&options).unwrap();
        assert!(parse(json!({"multi": true})).multi);
        assert!(parse(json!({"updateMultiple": true, "multi": false})).multi);
        assert!(parse(json!({"upsert": true})).upsert);
        assert_eq!(parse(json!([])), UpdateOptions::default());
        UpdateOptions::parse(&json!({"upsert": 1})).unwrap_err();
    }
}
