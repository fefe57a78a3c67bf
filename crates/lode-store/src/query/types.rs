//! `$type`: the types of BSON, as far as a JSON value can be said to have them.
//!
//! JSON keeps no difference between 1 and 1.0, nor between a date or an ObjectID and its text.
//! So a whole number of 32 bits is an int, a larger one a long, any other a double; a text that
//! reads as an ISO date or as an ObjectID has that type beside `string`.

use serde_json::{Number, Value};

use crate::StoreError;
use crate::query::date::is_iso_date;

/// One or several types; a value needs to have one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Types(Vec<Type>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Number,
    Int,
    Long,
    Double,
    String,
    Object,
    Array,
    ObjectId,
    Bool,
    Date,
    Null,
    /// A type of BSON that no JSON value has.
    Other,
}

/// Name, number, type.
const TYPES: [(&str, i64, Type); 20] = [
    ("double", 1, Type::Double),
    ("string", 2, Type::String),
    ("object", 3, Type::Object),
    ("array", 4, Type::Array),
    ("binData", 5, Type::Other),
    ("undefined", 6, Type::Other),
    ("objectId", 7, Type::ObjectId),
    ("bool", 8, Type::Bool),
    ("date", 9, Type::Date),
    ("null", 10, Type::Null),
    ("regex", 11, Type::Other),
    ("dbPointer", 12, Type::Other),
    ("javascript", 13, Type::Other),
    ("symbol", 14, Type::Other),
    ("javascriptWithScope", 15, Type::Other),
    ("int", 16, Type::Int),
    ("timestamp", 17, Type::Other),
    ("long", 18, Type::Long),
    ("decimal", 19, Type::Other),
    ("minKey", -1, Type::Other),
];

impl Types {
    /// Reads a type's name or number, or an array of them.
    pub(crate) fn parse(value: &Value, path: &str) -> Result<Self, StoreError> {
        let one = |value: &Value| Type::parse(value).ok_or_else(|| unknown(value, path));
        match value {
            Value::Array(types) if !types.is_empty() => {
                types.iter().map(one).collect::<Result<_, _>>().map(Self)
            }
            Value::Array(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => Ok(Self(vec![one(value)?])),
        }
    }

    /// Whether the value has one of them.
    pub(crate) fn contain(&self, value: &Value) -> bool {
        self.0.iter().any(|one| one.is_of(value))
    }
}

impl Type {
    fn parse(value: &Value) -> Option<Self> {
        if let Some(name) = value.as_str() {
            return match name {
                "number" => Some(Self::Number),
                "maxKey" => Some(Self::Other),
                _ => TYPES.iter().find(|t| t.0 == name).map(|t| t.2),
            };
        }
        let number = value.as_f64()?;
        if number == 127.0 {
            return Some(Self::Other);
        }
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let found = TYPES.iter().find(|t| t.1 as f64 == number);
        found.map(|t| t.2)
    }

    fn is_of(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Number, Value::Number(_))
            | (Self::String, Value::String(_))
            | (Self::Object, Value::Object(_))
            | (Self::Array, Value::Array(_))
            | (Self::Bool, Value::Bool(_))
            | (Self::Null, Value::Null) => true,
            (Self::Int | Self::Long | Self::Double, Value::Number(number)) => self == width(number),
            (Self::ObjectId, Value::String(text)) => is_object_id(text),
            (Self::Date, Value::String(text)) => is_iso_date(text),
            _ => false,
        }
    }
}

fn width(number: &Number) -> Type {
    /// 2^63, exact as a float.
    const BEYOND_LONG: f64 = 9_223_372_036_854_775_808.0;
    let float = number.as_f64().unwrap_or_default();
    if number.is_u64() && !number.is_i64() || float.fract() != 0.0 {
        return Type::Double;
    }
    if (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&float) {
        Type::Int
    } else if number.is_i64() || (-BEYOND_LONG..BEYOND_LONG).contains(&float) {
        Type::Long
    } else {
        Type::Double
    }
}

fn is_object_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn unknown(value: &Value, path: &str) -> StoreError {
    let names: Vec<&str> = TYPES.iter().map(|t| t.0).collect();
    StoreError::bad_query(format!(
        "$type on the path {path:?} knows no type {value}; it knows number {} maxKey, and their \
         numbers",
        names.join(" ")
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(types: Value, of: &[Value], others: &[Value]) {
        let parsed = Types::parse(&types, "a").unwrap();
        for value in of {
            assert!(parsed.contain(value), "{value} is {types}");
        }
        for value in others {
            assert!(!parsed.contain(value), "{value} is not {types}");
        }
    }

    #[test]
    fn a_value_has_the_types_of_its_json() {
        let [number, text, null] = [json!(1.5), json!("x"), json!(null)];
        check(
            json!("number"),
            std::slice::from_ref(&number),
            &[text.clone(), null.clone()],
        );
        check(
            json!(2),
            std::slice::from_ref(&text),
            &[number.clone(), json!(true)],
        );
        check(json!("object"), &[json!({})], &[json!([])]);
        check(
            json!(["array", "null"]),
            &[json!([]), null.clone()],
            &[json!({})],
        );
        check(json!(8.0), &[json!(true)], &[json!(1)]);
        check(json!("regex"), &[], &[number, text, null]);
        check(json!("maxKey"), &[], &[json!(127)]);
    }

    #[test]
    fn numbers_are_told_apart_by_value_not_by_spelling() {
        let int = [
            json!(1),
            json!(1.0),
            json!(-2_147_483_648_i64),
            json!(2_147_483_647),
        ];
        let long = [
            json!(2_147_483_648_i64),
            json!(i64::MIN),
            json!(1e15),
            json!(i64::MAX),
        ];
        let double = [json!(0.5), json!(1e300), json!(u64::MAX)];
        check(json!("int"), &int, &[&long[..], &double[..]].concat());
        check(json!(18), &long, &[&int[..], &double[..]].concat());
        check(json!("double"), &double, &[int, long].concat());
    }

    #[test]
    fn texts_may_be_dates_and_object_ids_as_well() {
        let (date, id) = (
            json!("2014-02-26T19:45:22.211Z"),
            json!("0123456789abcdefABCDEF01"),
        );
        check(
            json!("date"),
            std::slice::from_ref(&date),
            &[id.clone(), json!("2014-02-26")],
        );
        check(
            json!(7),
            std::slice::from_ref(&id),
            &[date.clone(), json!("0123")],
        );
        check(json!("string"), &[date, id], &[]);
    }

    #[test]
    fn unknown_types_are_refused() {
        for bad in [
            json!("float"),
            json!(99),
            json!(1.5),
            json!([]),
            json!(null),
            json!(["x"]),
        ] {
            let error = Types::parse(&bad, "a").unwrap_err();
            assert!(error.to_string().contains("objectId"), "{error}");
        }
    }
}
