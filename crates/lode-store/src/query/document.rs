//! What may be stored: documents, their `_id`s, and the names of collections.

use serde_json::{Map, Number, Value};

use crate::StoreError;
use crate::limits::{COLLECTION_CHARS_MAX, DEPTH_MAX, DOCUMENT_BYTES_MAX, ID_BYTES_MAX};
use crate::query::order::{as_integer, type_name};

/// A document that may be stored: checked, with its `_id` first, and written out.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The canonical form of its `_id`; equal ids have equal forms.
    pub id: String,
    /// The JSON text.
    pub text: String,
}

impl Document {
    /// Checks a document and writes it out; `make_id` serves one that has no `_id`.
    pub fn new(
        mut fields: Map<String, Value>,
        make_id: impl FnOnce() -> String,
    ) -> Result<Self, StoreError> {
        let id_value = fields
            .shift_remove("_id")
            .unwrap_or_else(|| Value::String(make_id()));
        let Some(id) = canonical_id(&id_value) else {
            return Err(StoreError::bad_document(format!(
                "_id is {}; it may be a string or a number, or left out to have one made",
                type_name(&id_value)
            )));
        };
        if id.len() > ID_BYTES_MAX {
            return Err(StoreError::LimitExceeded {
                what: format!("an _id of {} bytes", id.len()),
                limit: format!("{ID_BYTES_MAX} bytes"),
                advice: "use a shorter _id",
            });
        }
        let mut ordered = Map::with_capacity(fields.len() + 1);
        ordered.insert("_id".to_owned(), id_value);
        ordered.extend(fields);
        check_fields(&ordered, 1)?;
        let text = serde_json::to_string(&ordered).map_err(|error| {
            StoreError::bad_document(format!("the document cannot be written as JSON: {error}"))
        })?;
        if text.len() > DOCUMENT_BYTES_MAX {
            return Err(StoreError::LimitExceeded {
                what: format!("a document of {} bytes", text.len()),
                limit: format!("{DOCUMENT_BYTES_MAX} bytes"),
                advice: "split it, or store large content as a file",
            });
        }
        Ok(Self { id, text })
    }

    /// Refuses a username with NUL: not every database could tell it from others.
    pub(crate) fn check_username(&self) -> Result<(), StoreError> {
        // How JSON spells it; only then is the text worth reading again.
        if !self.text.contains("\\u0000") {
            return Ok(());
        }
        let fields: Map<String, Value> = serde_json::from_str(&self.text).map_err(|error| {
            StoreError::bad_document(format!("the document cannot be read again: {error}"))
        })?;
        match fields.get("username") {
            Some(Value::String(name)) if name.contains('\0') => Err(StoreError::bad_document(
                "the username contains NUL; it may be any text without",
            )),
            _ => Ok(()),
        }
    }

    /// Takes an entity that must be one object.
    pub fn object(entity: Value) -> Result<Map<String, Value>, StoreError> {
        match entity {
            Value::Object(fields) => Ok(fields),
            Value::Null => Err(missing_entity()),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(StoreError::bad_document(format!(
                    "a document must be an object, not {}",
                    type_name(&entity)
                )))
            }
        }
    }
}

pub(crate) fn missing_entity() -> StoreError {
    StoreError::MissingRequiredParameter {
        parameter: "entity",
        allowed: "an object",
    }
}

/// The text under which an `_id` is unique: 1 and 1.0 are one id, 1 and "1" are two.
pub(crate) fn canonical_id(id: &Value) -> Option<String> {
    match id {
        Value::String(text) => Some(format!("s:{text}")),
        Value::Number(number) => Some(format!("n:{}", canonical_number(number))),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// One spelling per numeric value.
fn canonical_number(number: &Number) -> String {
    if let Some(integer) = as_integer(number) {
        return integer.to_string();
    }
    let float = number.as_f64().unwrap_or_default();
    if float.fract() != 0.0 || float.abs() >= WHOLE_MAX {
        return float.to_string();
    }
    // Digit for digit: a float is printed with the fewest digits that tell it from others, and above
    // 2^53 those are not the digits of the integer that it equals.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole, and within the bound"
    )]
    let whole = float as i128;
    whole.to_string()
}

/// 2^120: whole numbers below it are spelt as integers, far above all that JSON has as integers.
const WHOLE_MAX: f64 = 1.329_227_995_784_916e36;

/// Whether a value nests deeper than so many levels; it never looks further than that.
pub(crate) fn depth_exceeds(value: &Value, levels: usize) -> bool {
    match value {
        Value::Object(object) => {
            levels == 0
                || object
                    .values()
                    .any(|inner| depth_exceeds(inner, levels - 1))
        }
        Value::Array(array) => levels == 0 || array.iter().any(|i| depth_exceeds(i, levels - 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Refuses names that no collection may have.
pub fn check_collection(name: &str) -> Result<(), StoreError> {
    let fault = if name.is_empty() || name.chars().count() > COLLECTION_CHARS_MAX {
        format!("it must have 1 to {COLLECTION_CHARS_MAX} characters")
    } else if name.contains(['$', '\0']) {
        "it must not contain `$` or NUL".to_owned()
    } else if name.starts_with("system.") {
        "it must not begin with `system.`".to_owned()
    } else {
        return Ok(());
    };
    Err(StoreError::BadName(format!(
        "the collection name {name:?} is not allowed: {fault}"
    )))
}

/// `depth` is the level of these fields' object, the document itself being 1.
fn check_fields(fields: &Map<String, Value>, depth: usize) -> Result<(), StoreError> {
    fields.iter().try_for_each(|(name, value)| {
        if name.starts_with('$') {
            return Err(StoreError::bad_document(format!(
                "the field name {name:?} begins with `$`, which is kept for operators"
            )));
        }
        if name.contains('\0') {
            return Err(StoreError::bad_document(format!(
                "the field name {name:?} contains NUL"
            )));
        }
        check_value(value, depth + 1)
    })
}

fn check_value(value: &Value, depth: usize) -> Result<(), StoreError> {
    match value {
        Value::Object(_) | Value::Array(_) if depth > DEPTH_MAX => Err(StoreError::LimitExceeded {
            what: "the document's nesting".to_owned(),
            limit: format!("{DEPTH_MAX} levels"),
            advice: "store a flatter document",
        }),
        Value::Object(fields) => check_fields(fields, depth),
        Value::Array(array) => array
            .iter()
            .try_for_each(|value| check_value(value, depth + 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn new(document: Value) -> Result<Document, StoreError> {
        Document::new(Document::object(document)?, || "made".to_owned())
    }

    #[track_caller]
    fn check(document: Value, id: &str, text: &str) {
        let made = new(document).unwrap();
        assert_eq!((made.id.as_str(), made.text.as_str()), (id, text));
    }

    #[track_caller]
    fn check_refused(document: Value, code: &str, part_of_message: &str) {
        let error = new(document).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(part_of_message), "{error}");
    }

    /// An object of so many levels.
    fn nested(levels: usize) -> Value {
        (1..levels).fold(json!({}), |inner, _| json!({ "a": inner }))
    }

    #[test]
    fn the_id_comes_first_and_has_one_form_per_value() {
        check(json!({"a": 1}), "s:made", r#"{"_id":"made","a":1}"#);
        check(
            json!({"b": 1, "_id": "x", "a": 2}),
            "s:x",
            r#"{"_id":"x","b":1,"a":2}"#,
        );
        check(json!({"_id": 1}), "n:1", r#"{"_id":1}"#);
        check(json!({"_id": 1.0}), "n:1", r#"{"_id":1.0}"#);
        check(json!({"_id": -0.0}), "n:0", r#"{"_id":-0.0}"#);
        check(json!({"_id": 1.5}), "n:1.5", r#"{"_id":1.5}"#);
        // The least i64 and the float that it equals.
        let least = "n:-9223372036854775808";
        let (whole, float) = (i64::MIN, -9_223_372_036_854_775_808.0_f64);
        check(
            json!({"_id": whole}),
            least,
            r#"{"_id":-9223372036854775808}"#,
        );
        check(
            json!({"_id": float}),
            least,
            r#"{"_id":-9.223372036854776e+18}"#,
        );
        check(json!({"_id": "1"}), "s:1", r#"{"_id":"1"}"#);
    }

    #[test]
    fn what_cannot_be_stored_is_refused_with_the_reason() {
        check_refused(json!([]), "BadDocument", "not an array");
        check_refused(json!(null), "MissingRequiredParameter", "entity");
        for id in [json!(null), json!(true), json!([1]), json!({})] {
            check_refused(json!({ "_id": id }), "BadDocument", "a string or a number");
        }
        check_refused(
            json!({"_id": "x".repeat(2000)}),
            "LimitExceeded",
            "1024 bytes",
        );
        check_refused(json!({"$a": 1}), "BadDocument", "\"$a\"");
        check_refused(json!({"a": [{"$b": 1}]}), "BadDocument", "\"$b\"");
        check_refused(json!({"a\0": 1}), "BadDocument", "NUL");
        check_refused(nested(DEPTH_MAX + 1), "LimitExceeded", "100 levels");
        new(nested(DEPTH_MAX)).unwrap();
        check_refused(
            json!({"a": "x".repeat(DOCUMENT_BYTES_MAX)}),
            "LimitExceeded",
            "16777216",
        );
    }

    #[test]
    fn collection_names_are_checked() {
        for good in ["a", "user", "group", "_blob", "a.b", "größe"] {
            check_collection(good).unwrap();
        }
        for bad in ["", "a$b", "a\0", "system.users", &"x".repeat(121)] {
            check_collection(bad).unwrap_err();
        }
    }
}
