//! JSON as BSON, and back.
//!
//! What this store writes comes back as it was: texts, also those of ObjectIDs and dates, stay
//! texts; a whole number of 64 bits is an integer, any other a double. What other programs have
//! written is shown as JSON has it: an ObjectID as its 24 hex digits, a date as its ISO text, a
//! decimal as its digits, and the rest as the driver writes it for people.

use mongodb::bson::{Bson, Document};
use serde_json::{Map, Value};

use crate::StoreError;
use crate::query::iso_date;

/// Milliseconds of the calendar's cycle of 400 years, after which it repeats.
const CYCLE_MS: i64 = 146_097 * 86_400_000;

/// A value as BSON. Refused is what BSON cannot hold: NUL in the name of a field.
pub(super) fn to_bson(value: &Value) -> Result<Bson, StoreError> {
    Ok(match value {
        Value::Null => Bson::Null,
        Value::Bool(flag) => Bson::Boolean(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => i32::try_from(whole).map_or(Bson::Int64(whole), Bson::Int32),
            None => Bson::Double(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Bson::String(text.clone()),
        Value::Array(array) => Bson::Array(array.iter().map(to_bson).collect::<Result<_, _>>()?),
        Value::Object(fields) => Bson::Document(to_document(fields)?),
    })
}

/// An object as BSON, in its order.
pub(super) fn to_document(fields: &Map<String, Value>) -> Result<Document, StoreError> {
    let mut document = Document::new();
    for (name, value) in fields {
        check_field(name)?;
        document.insert(name, to_bson(value)?);
    }
    Ok(document)
}

/// Refuses a name that no field of BSON can have.
pub(super) fn check_field(name: &str) -> Result<(), StoreError> {
    if !name.contains('\0') {
        return Ok(());
    }
    Err(StoreError::bad_query(format!(
        "the field name {name:?} contains NUL, which no field has"
    )))
}

/// A value as JSON.
pub(super) fn to_json(value: Bson) -> Value {
    match value {
        Bson::Null | Bson::Undefined => Value::Null,
        Bson::Boolean(flag) => flag.into(),
        Bson::Int32(whole) => whole.into(),
        Bson::Int64(whole) => whole.into(),
        // Null for what JSON has no number for, as JavaScript has it.
        Bson::Double(number) => number.into(),
        Bson::String(text) | Bson::Symbol(text) => text.into(),
        Bson::Array(array) => array.into_iter().map(to_json).collect(),
        Bson::Document(document) => Value::Object(to_fields(document)),
        Bson::ObjectId(id) => id.to_hex().into(),
        Bson::DateTime(date) => date_text(date.timestamp_millis()).into(),
        Bson::Decimal128(decimal) => decimal.to_string().into(),
        other @ (Bson::RegularExpression(_)
        | Bson::JavaScriptCode(_)
        | Bson::JavaScriptCodeWithScope(_)
        | Bson::Timestamp(_)
        | Bson::Binary(_)
        | Bson::MaxKey
        | Bson::MinKey
        | Bson::DbPointer(_)) => other.to_string().into(),
    }
}

/// A document as JSON, in its order.
pub(super) fn to_fields(document: Document) -> Map<String, Value> {
    let fields = document.into_iter();
    fields.map(|(name, value)| (name, to_json(value))).collect()
}

/// As JavaScript's `toISOString` writes it; a year outside of 0 to 9999 has its sign and six
/// digits.
fn date_text(ms: i64) -> String {
    let (cycles, within) = (ms.div_euclid(CYCLE_MS), ms.rem_euclid(CYCLE_MS));
    let text = iso_date(within.unsigned_abs());
    // Years 1970 to 2369: four digits.
    let (year, rest) = text.split_at(4);
    let year = year.parse::<i64>().unwrap_or_default() + 400 * cycles;
    match year {
        0..=9999 => format!("{year:04}{rest}"),
        _ => format!("{year:+07}{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use mongodb::bson::oid::ObjectId;
    use mongodb::bson::spec::BinarySubtype;
    use mongodb::bson::{Binary, DateTime, Decimal128, Regex, Timestamp, cstr, doc};
    use serde_json::json;

    use super::*;

    /// Over the bytes that a server would get.
    fn there_and_back(fields: &Map<String, Value>) -> Map<String, Value> {
        let bytes = to_document(fields).unwrap().to_vec().unwrap();
        to_fields(Document::from_reader(bytes.as_slice()).unwrap())
    }

    fn number(random: &mut fastrand::Rng) -> Value {
        match random.u8(0..6) {
            0 => random.i32(..).into(),
            1 => random.i64(..).into(),
            2 => random.i8(..).into(),
            3 => f64::from(random.i16(..)).into(),
            4 => json!(random.f64() * 1e300),
            _ => json!(f64::from_bits(random.u64(..))),
        }
    }

    fn text(random: &mut fastrand::Rng) -> String {
        let any = [
            "507f1f77bcf86cd799439011",
            "2014-02-26T19:45:22.211Z",
            "",
            "a.b",
            "$",
            "ß\0",
        ];
        match random.bool() {
            true => random.choice(any).unwrap_or_default().to_owned(),
            false => (0..random.usize(0..9)).map(|_| random.char(..)).collect(),
        }
    }

    fn value(random: &mut fastrand::Rng, depth: usize) -> Value {
        match random.u8(0..if depth == 0 { 5 } else { 7 }) {
            0 => Value::Null,
            1 => random.bool().into(),
            2 | 3 => number(random),
            4 => text(random).into(),
            5 => (0..random.usize(0..5))
                .map(|_| value(random, depth - 1))
                .collect(),
            _ => Value::Object(fields(random, depth - 1)),
        }
    }

    fn fields(random: &mut fastrand::Rng, depth: usize) -> Map<String, Value> {
        let field = |_| (text(random).replace('\0', ""), value(random, depth));
        (0..6).map(field).collect()
    }

    #[test]
    fn what_is_stored_comes_back_byte_for_byte() {
        for seed in 0..2_000 {
            let mut random = fastrand::Rng::with_seed(seed);
            let given = fields(&mut random, 4);
            let text = Value::Object(given.clone()).to_string();
            let back = Value::Object(there_and_back(&given)).to_string();
            assert_eq!(back, text, "seed {seed}");
        }
    }

    #[test]
    fn numbers_are_stored_in_the_type_that_holds_them() {
        for (given, stored) in [
            (json!(7), Bson::Int32(7)),
            (json!(-2_147_483_648_i64), Bson::Int32(i32::MIN)),
            (json!(2_147_483_648_i64), Bson::Int64(2_147_483_648)),
            (json!(i64::MIN), Bson::Int64(i64::MIN)),
            (json!(1.0), Bson::Double(1.0)),
            (
                json!(9_223_372_036_854_775_808_u64),
                Bson::Double(9.223_372_036_854_776e18),
            ),
        ] {
            assert_eq!(to_bson(&given).unwrap(), stored);
        }
    }

    #[test]
    fn what_others_have_written_is_shown_as_json() {
        let id = ObjectId::parse_str("507f1f77bcf86cd799439011").unwrap();
        let decimal: Decimal128 = "9.90".parse().unwrap();
        let bytes = vec![1, 2];
        let stored = doc! {
            "_id": id,
            "at": DateTime::from_millis(1_393_443_922_211),
            "price": decimal,
            "nan": f64::NAN,
            "old": Bson::Undefined,
            "bytes": Binary { subtype: BinarySubtype::Generic, bytes },
            "like": Regex { pattern: cstr!("^a").into(), options: cstr!("i").into() },
            "stamp": Timestamp { time: 5, increment: 1 },
        };
        let expected = json!({
            "_id": "507f1f77bcf86cd799439011",
            "at": "2014-02-26T19:45:22.211Z",
            "price": "9.90",
            "nan": null,
            "old": null,
            "bytes": "Binary(0x0, AQI=)",
            "like": "/^a/i",
            "stamp": "Timestamp(5, 1)",
        });
        assert_eq!(Value::Object(to_fields(stored)), expected);
    }

    #[test]
    fn dates_of_all_times_are_written_as_javascript_writes_them() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
            (-62_167_219_200_001, "-000001-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "+010000-01-01T00:00:00.000Z"),
            (8_640_000_000_000_000, "+275760-09-13T00:00:00.000Z"),
        ] {
            assert_eq!(date_text(ms), text);
        }
        // Beyond JavaScript's dates, yet a date of BSON.
        assert!(date_text(i64::MIN).starts_with('-') && date_text(i64::MAX).starts_with('+'));
    }

    #[test]
    fn a_name_that_bson_cannot_hold_is_refused() {
        for value in [json!({"a\0b": 1}), json!([{"a": {"\0": null}}])] {
            let error = to_bson(&value).unwrap_err();
            assert_eq!(error.code(), "BadQuery");
            assert!(error.to_string().contains("NUL"), "{error}");
        }
    }
}
