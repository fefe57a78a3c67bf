//! Updates for the server: what the tenant wrote, in the operators that today's servers know.
//!
//! What an upsert inserts is not computed there: it would get an ObjectID for an `_id`, and these
//! are texts here. So `$setOnInsert` never goes there.

use mongodb::bson::{Document, doc};
use serde_json::{Map, Value, json};

use crate::StoreError;
use crate::mongo::value::{check_field, to_bson, to_document};
use crate::query::{Document as Checked, iso_date};

/// Changes nothing, and is no document to replace one with, as an empty update would be.
fn nothing() -> Document {
    doc! {"$setOnInsert": {"nothing": 1}}
}

/// Translates an update that has been read before, at this time in milliseconds since 1970.
pub(super) fn change(entity: &Value, now_ms: u64) -> Result<Document, StoreError> {
    let no_fields = Map::new();
    let entity = entity.as_object().unwrap_or(&no_fields);
    if !entity.keys().any(|key| key.starts_with('$')) {
        check_value(&Value::Object(entity.clone()))?;
        return to_document(entity);
    }
    let mut change = Document::new();
    let entries = entity
        .iter()
        .filter_map(|(name, fields)| Some((name, fields.as_object()?)));
    for (operator, fields) in entries {
        for (path, value) in fields {
            check_field(path)?;
            check_values(operator, value)?;
            match operator.as_str() {
                "$setOnInsert" => {}
                "$currentDate" => put(&mut change, "$set", path, &iso_date(now_ms).into())?,
                "$pushAll" => put(&mut change, "$push", path, &json!({"$each": value}))?,
                _ => put(&mut change, operator, path, value)?,
            }
        }
    }
    match change.is_empty() {
        true => Ok(nothing()),
        false => Ok(change),
    }
}

fn put(change: &mut Document, operator: &str, path: &str, value: &Value) -> Result<(), StoreError> {
    let value = to_bson(value)?;
    if let Ok(fields) = change.get_document_mut(operator) {
        fields.insert(path, value);
    } else {
        change.insert(operator, doc! {path: value});
    }
    Ok(())
}

/// Refuses values that no document may hold, in the words of the other stores: a server would
/// take a `$` in a name. Conditions and numbers are not stored.
fn check_values(operator: &str, value: &Value) -> Result<(), StoreError> {
    match operator {
        "$set" | "$setOnInsert" | "$min" | "$max" => check_value(value),
        "$push" | "$addToSet" => match value.get("$each") {
            Some(values) => check_value(values),
            None => check_value(value),
        },
        "$pushAll" => check_value(value),
        _ => Ok(()),
    }
}

fn check_value(value: &Value) -> Result<(), StoreError> {
    let mut fields = Map::new();
    fields.insert("a".to_owned(), value.clone());
    Checked::new(fields, String::new).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Update;

    #[track_caller]
    fn check(entity: Value, expected: Document) {
        Update::parse(&entity).unwrap();
        assert_eq!(change(&entity, 0).unwrap(), expected, "{entity}");
    }

    #[test]
    fn an_update_is_passed_through_as_it_was_written() {
        check(
            json!({"$set": {"a.b": {"c": [1]}, "d.$": 1.5}, "$inc": {"n": 1}, "$unset": {"x": ""}}),
            doc! {"$set": {"a.b": {"c": [1]}, "d.$": 1.5}, "$inc": {"n": 1}, "$unset": {"x": ""}},
        );
        check(
            json!({"$push": {"a": {"$each": [{"n": 2}], "$sort": {"n": -1}, "$slice": 3}},
                   "$pull": {"b": {"$gte": 5}}, "$bit": {"c": {"or": 1}}}),
            doc! {"$push": {"a": {"$each": [{"n": 2}], "$sort": {"n": -1}, "$slice": 3}},
            "$pull": {"b": {"$gte": 5}}, "$bit": {"c": {"or": 1}}},
        );
        check(json!({"a": 1, "b": null}), doc! {"a": 1, "b": null});
        check(json!({}), doc! {});
    }

    #[test]
    fn what_a_server_has_no_word_for_is_said_in_its_words() {
        check(
            json!({"$set": {"a": 1}, "$currentDate": {"at": true, "b": {"$type": "timestamp"}}}),
            doc! {"$set": {"a": 1, "at": "1970-01-01T00:00:00.000Z", "b": "1970-01-01T00:00:00.000Z"}},
        );
        check(
            json!({"$push": {"a": 1}, "$pushAll": {"b": [1, 2]}}),
            doc! {"$push": {"a": 1, "b": {"$each": [1, 2]}}},
        );
    }

    #[test]
    fn an_update_of_nothing_never_becomes_an_empty_replacement() {
        for entity in [json!({"$set": {}}), json!({"$setOnInsert": {"a": 1}})] {
            check(entity, nothing());
        }
    }

    #[test]
    fn operators_never_hide_in_values() {
        for entity in [
            json!({"$set": {"a": {"$where": 1}}}),
            json!({"$set": {"a": [{"b": {"$ref": "x"}}]}}),
            json!({"$push": {"a": {"$each": [{"$b": 1}]}}}),
            json!({"$addToSet": {"a": {"b": {"$c": 1}}}}),
            json!({"$min": {"a": {"$b": 1}}}),
            json!({"$pushAll": {"a": [{"$b": 1}]}}),
            json!({"$setOnInsert": {"a": {"$b": 1}}}),
            json!({"a": {"$b": 1}}),
        ] {
            Update::parse(&entity).unwrap();
            let error = change(&entity, 0).unwrap_err();
            assert_eq!(error.code(), "BadDocument", "{entity}: {error}");
        }
        for entity in [
            json!({"$function": {"a": 1}}),
            json!([{"$set": {"a": "$b"}}]),
            json!({"$set": {"a": 1}, "b": 1}),
        ] {
            let error = Update::parse(&entity).unwrap_err();
            assert_eq!(error.code(), "BadUpdate", "{entity}: {error}");
        }
    }
}
