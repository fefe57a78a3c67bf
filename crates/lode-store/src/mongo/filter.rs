//! Queries for the server: what the tenant wrote, after the parsers of [`crate::query`] let it by.
//!
//! The server answers them itself, by its own indexes. Left out is what it would answer otherwise
//! than the other stores do: the types that JSON tells by a value's looks (`$type` of a date, an
//! ObjectID, an int), and `$near`, which wants an index there. Of these, the matcher decides here.

use mongodb::bson::{Bson, Document};
use serde_json::{Map, Value};

use crate::StoreError;
use crate::mongo::value::{check_field, to_bson};

/// A query as the server gets it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Passed {
    /// Matches at least what the query matches.
    pub(super) filter: Document,
    /// Whether it matches nothing else.
    pub(super) is_whole: bool,
}

/// Translates a query that has been read before: an object, or the JSON text of one.
pub(super) fn pass(query: &Value) -> Result<Passed, StoreError> {
    let read: Option<Value> = match query {
        Value::String(text) => serde_json::from_str(text).ok(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    };
    let mut is_whole = true;
    let query = read.as_ref().unwrap_or(query);
    let filter = match query.as_object() {
        Some(query) => conjunction(query, &mut is_whole)?,
        None => {
            return Err(StoreError::bad_query("the query must be an object"));
        }
    };
    Ok(Passed { filter, is_whole })
}

/// All fields' conditions hold: one that is left out makes the rest match more.
fn conjunction(query: &Map<String, Value>, is_whole: &mut bool) -> Result<Document, StoreError> {
    let mut filter = Document::new();
    for (name, value) in query {
        match (name.as_str(), value.as_array()) {
            ("$comment", _) => {}
            ("$and", Some(branches)) => {
                let branches = branches.iter().filter_map(Value::as_object);
                let passed = branches.map(|branch| Ok(conjunction(branch, is_whole)?.into()));
                let passed: Vec<Bson> = passed.collect::<Result<_, StoreError>>()?;
                filter.insert("$and", passed);
            }
            _ if is_judged_here(value) => *is_whole = false,
            _ => {
                check_field(name)?;
                filter.insert(name, operand(value)?);
            }
        }
    }
    Ok(filter)
}

/// Whether something in it is for the matcher. A name that begins with `$` is an operator
/// wherever it stands: the parser refuses it in a value.
fn is_judged_here(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(name, value)| match name.as_str() {
            "$near" | "$nearSphere" => true,
            "$type" => !is_plain_type(value),
            _ => is_judged_here(value),
        }),
        Value::Array(array) => array.iter().any(is_judged_here),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Types that a value of JSON has in BSON, too, however it is spelt.
fn is_plain_type(types: &Value) -> bool {
    const NAMES: [&str; 6] = ["number", "string", "object", "array", "bool", "null"];
    const NUMBERS: [f64; 5] = [2.0, 3.0, 4.0, 8.0, 10.0];
    match types {
        Value::Array(types) => types.iter().all(is_plain_type),
        Value::String(name) => NAMES.contains(&name.as_str()),
        Value::Number(number) => number.as_f64().is_some_and(|n| NUMBERS.contains(&n)),
        Value::Null | Value::Bool(_) | Value::Object(_) => false,
    }
}

/// A condition, with the names that today's servers know.
fn operand(value: &Value) -> Result<Bson, StoreError> {
    match value {
        Value::Array(array) => Ok(Bson::Array(
            array.iter().map(operand).collect::<Result<_, _>>()?,
        )),
        Value::Object(fields) => {
            let mut passed = Document::new();
            for (name, value) in fields {
                check_field(name)?;
                match name.as_str() {
                    "$comment" => {}
                    "$within" => drop(passed.insert("$geoWithin", operand(value)?)),
                    _ => drop(passed.insert(name, operand(value)?)),
                }
            }
            Ok(Bson::Document(passed))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => to_bson(value),
    }
}

#[cfg(test)]
mod tests {
    use mongodb::bson::doc;
    use serde_json::json;

    use super::*;
    use crate::query::Filter;

    #[track_caller]
    fn check(query: Value, filter: Document, is_whole: bool) {
        Filter::parse(&query).unwrap();
        assert_eq!(
            pass(&query).unwrap(),
            Passed { filter, is_whole },
            "{query}"
        );
    }

    #[test]
    fn a_query_is_passed_through_as_it_was_written() {
        check(json!({}), doc! {}, true);
        check(json!(r#"{"a": 1}"#), doc! {"a": 1}, true);
        check(
            json!({"b.c": {"$gt": 1.5, "$lt": 5_000_000_000_i64}, "a": [1, {"x": null}]}),
            doc! {"b.c": {"$gt": 1.5, "$lt": 5_000_000_000_i64}, "a": [1, {"x": null}]},
            true,
        );
        check(
            json!({"$or": [{"a": {"$regex": "^x", "$options": "i"}}, {"b": {"$not": {"$size": 2}}}],
                   "$nor": [{"c": {"$elemMatch": {"d": {"$in": [1, "507f1f77bcf86cd799439011"]}}}}]}),
            doc! {"$or": [{"a": {"$regex": "^x", "$options": "i"}}, {"b": {"$not": {"$size": 2}}}],
            "$nor": [{"c": {"$elemMatch": {"d": {"$in": [1, "507f1f77bcf86cd799439011"]}}}}]},
            true,
        );
        check(
            json!({"a": {"$type": ["number", 2]}}),
            doc! {"a": {"$type": ["number", 2]}},
            true,
        );
    }

    #[test]
    fn old_names_become_todays_and_comments_are_left_out() {
        check(
            json!({"$comment": "why", "at": {"$within": {"$center": [[0, 0], 2]}}}),
            doc! {"at": {"$geoWithin": {"$center": [[0, 0], 2]}}},
            true,
        );
        check(
            json!({"a": {"$gt": 1, "$comment": "why"}}),
            doc! {"a": {"$gt": 1}},
            true,
        );
    }

    #[test]
    fn what_the_server_would_answer_otherwise_is_left_to_the_matcher() {
        check(
            json!({"a": 1, "d": {"$type": "date"}}),
            doc! {"a": 1},
            false,
        );
        check(
            json!({"d": {"$type": [2, 7]}, "a": 1}),
            doc! {"a": 1},
            false,
        );
        check(json!({"d": {"$type": "int"}}), doc! {}, false);
        check(
            json!({"$and": [{"at": {"$near": [0, 0]}}, {"a": 1}], "b": 2}),
            doc! {"$and": [{}, {"a": 1}], "b": 2},
            false,
        );
        // Of an $or only the whole can be left out.
        check(
            json!({"$or": [{"a": 1}, {"d": {"$elemMatch": {"$type": "objectId"}}}], "b": 2}),
            doc! {"b": 2},
            false,
        );
    }

    #[test]
    fn what_the_other_stores_refuse_never_gets_here() {
        for (query, code) in [
            (json!({"$where": "this.a"}), "DisallowedQuerySyntax"),
            (
                json!({"a": {"$not": {"$query": {}}}}),
                "DisallowedQuerySyntax",
            ),
            (
                json!({"$or": [{"a": [{"$where": 1}]}]}),
                "DisallowedQuerySyntax",
            ),
            (
                json!(r#"{"a": {"b": {"$where": "x"}}}"#),
                "DisallowedQuerySyntax",
            ),
            (json!({"$expr": {"$eq": ["$a", "$b"]}}), "BadQuery"),
            (
                json!({"$expr": {"$function": {"body": "x", "args": [], "lang": "js"}}}),
                "BadQuery",
            ),
            (json!({"a": {"$function": {}}}), "BadQuery"),
            (json!({"$accumulator": {}}), "BadQuery"),
            (json!({"$jsonSchema": {}}), "BadQuery"),
            (json!({"$text": {"$search": "x"}}), "BadQuery"),
            (json!({"$sampleRate": 0.5}), "BadQuery"),
            (json!({"a": {"b": {"$gt": 1}}}), "BadQuery"),
            (json!({"a": {"$in": [{"$gt": 1}]}}), "BadQuery"),
            (json!({"a": {"$regex": "(?=x)"}}), "BadQuery"),
            (json!({"a": {"$bitsAllSet": 1}}), "BadQuery"),
        ] {
            let error = Filter::parse(&query).unwrap_err();
            assert_eq!(error.code(), code, "{query}: {error}");
        }
    }
}
