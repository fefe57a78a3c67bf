//! The keys of an index: values as bytes that compare as the language compares the values.
//!
//! Not quite: two different values may have one key, such as long texts and large numbers. So a
//! key may be looked for by "not less" and "not greater" only, and the matcher decides.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::budget::Budget;
use crate::query::{Comparison, Fields, Path, Reach};

/// Bytes of a text in its key: what tells texts apart, in an index row of moderate size.
const TEXT_BYTES: usize = 200;

/// Keys of one document in one index; with more it has [`EVERY`] instead.
const KEYS_MAX: usize = 1_000;

/// Stands for any key at all.
pub(super) const EVERY: &[u8] = &[0xff];

// Apart, so that the number after one of them is above all its keys, and no key.
const NULL: u8 = 0x10;
const NUMBER: u8 = 0x20;
const TEXT: u8 = 0x30;
const OBJECT: u8 = 0x40;
const ARRAY: u8 = 0x50;
const BOOL: u8 = 0x60;

/// Where the keys of values are that may satisfy a condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Range {
    /// One of these.
    OneOf(Vec<Vec<u8>>),
    /// Not less than the first and not greater than the second.
    Between(Vec<u8>, Vec<u8>),
}

/// All keys of a document: those of every value that a filter on the path looks at.
pub(super) fn of_document(fields: &Map<String, Value>, path: &Path) -> BTreeSet<Vec<u8>> {
    let mut keys = BTreeSet::new();
    let fields = Fields::Object(fields);
    // The path of an index has no step that is an index: the walk is no longer than the document.
    path.any(
        fields,
        Reach::Elements,
        &Budget::unlimited(),
        &mut |value| {
            keys.insert(of_value(value.unwrap_or(&Value::Null)));
            keys.len() > KEYS_MAX
        },
    );
    if keys.len() > KEYS_MAX {
        keys = BTreeSet::from([EVERY.to_vec()]);
    }
    keys
}

/// The keys that a value which compares so with the operand may have.
pub(super) fn range(comparison: Comparison, operand: &Value) -> Range {
    let key = of_value(operand);
    let rank = key[0];
    match comparison {
        Comparison::Eq => Range::OneOf(vec![key]),
        Comparison::Gt | Comparison::Gte => Range::Between(key, vec![rank + 1]),
        Comparison::Lt | Comparison::Lte => Range::Between(vec![rank], key),
    }
}

/// The keys of values that are equal to one of these.
pub(super) fn one_of(values: &[Value]) -> Range {
    Range::OneOf(values.iter().map(of_value).collect())
}

fn of_value(value: &Value) -> Vec<u8> {
    match value {
        Value::Null => vec![NULL],
        Value::Number(number) => {
            let mut key = vec![NUMBER];
            key.extend(ordered_bytes(number.as_f64().unwrap_or_default()));
            key
        }
        Value::String(text) => {
            let mut key = vec![TEXT];
            key.extend(text.as_bytes().iter().take(TEXT_BYTES));
            key
        }
        Value::Object(_) => vec![OBJECT],
        Value::Array(_) => vec![ARRAY],
        Value::Bool(flag) => vec![BOOL, u8::from(*flag)],
    }
}

/// Bytes that compare as the numbers do.
fn ordered_bytes(number: f64) -> [u8; 8] {
    const SIGN: u64 = 1 << 63;
    // Also makes -0.0 of 0.0.
    let bits = (number + 0.0).to_bits();
    let ordered = if bits & SIGN == 0 { bits | SIGN } else { !bits };
    ordered.to_be_bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::query::compare;

    #[test]
    fn keys_are_in_the_order_of_the_values() {
        let values = [
            json!(null),
            json!(-1e308),
            json!(i64::MIN),
            json!(-1.5),
            json!(-0.0),
            json!(0),
            json!(5e-324),
            json!(1),
            json!(1.0),
            json!(u64::MAX),
            json!(""),
            json!("a\0"),
            json!("a"),
            json!("é"),
            json!("\u{10ffff}"),
            json!("x".repeat(300)),
            json!({}),
            json!({"a": 1}),
            json!([]),
            json!([1]),
            json!(false),
            json!(true),
        ];
        for a in &values {
            for b in &values {
                let by_key = of_value(a).cmp(&of_value(b));
                assert!(by_key.is_eq() || by_key == compare(a, b), "{a} and {b}");
                assert!(compare(a, b).is_ne() || by_key.is_eq(), "{a} and {b}");
            }
        }
    }

    #[test]
    fn a_range_holds_every_value_that_compares_so() {
        let texts = json!(["", "a", "b\u{10ffff}", "b", "z".repeat(300), "\u{10ffff}"]);
        let numbers = json!([-1e308, -3, 0, 2.5, 7, 1e308]);
        for values in [texts, numbers] {
            let values = values.as_array().unwrap();
            for (value, operand) in values
                .iter()
                .flat_map(|a| values.iter().map(move |b| (a, b)))
            {
                let order = compare(value, operand);
                for (comparison, holds) in [
                    (Comparison::Eq, order.is_eq()),
                    (Comparison::Gt, order.is_gt()),
                    (Comparison::Gte, order.is_ge()),
                    (Comparison::Lt, order.is_lt()),
                    (Comparison::Lte, order.is_le()),
                ] {
                    let key = of_value(value);
                    let is_in = match range(comparison, operand) {
                        Range::OneOf(keys) => keys.contains(&key),
                        Range::Between(low, high) => low <= key && key <= high,
                    };
                    assert!(!holds || is_in, "{value} {comparison:?} {operand}");
                }
            }
        }
    }

    #[test]
    fn a_document_has_a_key_for_each_value_that_a_filter_looks_at() {
        let count = |document: Value| {
            let path = Path::of_field("a.b", "a test").unwrap();
            of_document(document.as_object().unwrap(), &path).len()
        };
        assert_eq!(count(json!({})), 1);
        assert_eq!(count(json!({"a": {"b": 1}})), 1);
        assert_eq!(count(json!({"a": {"b": [1, 2]}})), 3);
        assert_eq!(count(json!({"a": []})), 0);
        let many: Vec<u32> = (0..1_000).collect();
        assert_eq!(count(json!({"a": {"b": many}})), 1);
    }
}
