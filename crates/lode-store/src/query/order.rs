//! The order of JSON values: BSON's, restricted to the types that JSON has.
//!
//! Null < numbers < strings < objects < arrays < booleans. Numbers compare by value whatever
//! their spelling, strings by their bytes, objects field by field in their own order.

use std::borrow::Borrow;
use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

use crate::budget::Budget;

/// Total order over all values; `Equal` is what a filter means by equality.
pub fn compare(a: &Value, b: &Value) -> Ordering {
    compare_within(a, b, &Budget::unlimited())
}

/// [`compare`] that takes a step per inner value; means nothing once the budget is spent, and is
/// no total order then: not for sorting.
pub(crate) fn compare_within(a: &Value, b: &Value, budget: &Budget) -> Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => compare_numbers(a, b),
        (Value::String(a), Value::String(b)) => {
            let _ = budget.step_by_name(if a.len() < b.len() { a } else { b });
            a.as_bytes().cmp(b.as_bytes())
        }
        (Value::Object(a), Value::Object(b)) => compare_objects(a, b, budget),
        (Value::Array(a), Value::Array(b)) => compare_arrays(a, b, budget),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        _ => rank(a).cmp(&rank(b)),
    }
}

/// The place of a value's type in the order; comparisons in filters never cross it.
pub(crate) fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Number(_) => 1,
        Value::String(_) => 2,
        Value::Object(_) => 3,
        Value::Array(_) => 4,
        Value::Bool(_) => 5,
    }
}

/// A value that sorts and is looked up by [`compare`].
#[derive(Debug)]
pub(crate) struct Ordered<V>(pub(crate) V);

impl<V: Borrow<Value>> Ord for Ordered<V> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(self.0.borrow(), other.0.borrow())
    }
}

impl<V: Borrow<Value>> PartialOrd for Ordered<V> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<V: Borrow<Value>> PartialEq for Ordered<V> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<V: Borrow<Value>> Eq for Ordered<V> {}

/// A type's name, for messages.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Object(_) => "an object",
        Value::Array(_) => "an array",
        Value::Bool(_) => "a boolean",
    }
}

/// A number's exact value, if it was written as an integer.
pub(crate) fn as_integer(number: &Number) -> Option<i128> {
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
}

fn compare_numbers(a: &Number, b: &Number) -> Ordering {
    // JSON has no NaN and no infinity, so a float is always there and always ordered.
    let float = |n: &Number| n.as_f64().unwrap_or_default();
    match (as_integer(a), as_integer(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(a), None) => compare_integer_with_float(a, float(b)),
        (None, Some(b)) => compare_integer_with_float(b, float(a)).reverse(),
        (None, None) => float(a).partial_cmp(&float(b)).unwrap_or(Ordering::Equal),
    }
}

/// Exact: going through floats would make 2^53 and 2^53 + 1 equal.
fn compare_integer_with_float(integer: i128, float: f64) -> Ordering {
    /// Beyond every 64-bit integer, and exact as a float.
    const BEYOND: f64 = 36_893_488_147_419_103_232.0;
    if float >= BEYOND {
        return Ordering::Less;
    }
    if float <= -BEYOND {
        return Ordering::Greater;
    }
    let whole = float.trunc();
    #[expect(clippy::cast_possible_truncation, reason = "whole, and within ±2^65")]
    let by_whole = integer.cmp(&(whole as i128));
    by_whole.then_with(|| whole.partial_cmp(&float).unwrap_or(Ordering::Equal))
}

fn compare_objects(a: &Map<String, Value>, b: &Map<String, Value>, budget: &Budget) -> Ordering {
    for ((a_key, a), (b_key, b)) in a.iter().zip(b) {
        if budget.step() {
            break;
        }
        // Type before name before value: BSON's order of elements.
        let order = rank(a)
            .cmp(&rank(b))
            .then_with(|| a_key.as_bytes().cmp(b_key.as_bytes()))
            .then_with(|| compare_within(a, b, budget));
        if order.is_ne() {
            return order;
        }
    }
    a.len().cmp(&b.len())
}

fn compare_arrays(a: &[Value], b: &[Value], budget: &Budget) -> Ordering {
    let first_difference = a
        .iter()
        .zip(b)
        .take_while(|_| !budget.step())
        .map(|(a, b)| compare_within(a, b, budget))
        .find(|order| order.is_ne());
    first_difference.unwrap_or_else(|| a.len().cmp(&b.len()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Every value of the list is less than every later one.
    #[track_caller]
    fn check_ascending(values: &[Value]) {
        for (i, a) in values.iter().enumerate() {
            for (j, b) in values.iter().enumerate() {
                assert_eq!(compare(a, b), i.cmp(&j), "{a} against {b}");
            }
        }
    }

    #[test]
    fn types_come_in_bson_order() {
        check_ascending(&[
            json!(null),
            json!(-1e300),
            json!(7),
            json!(""),
            json!("Z"),
            json!("a"),
            json!({}),
            json!([]),
            json!([0]),
            json!(false),
            json!(true),
        ]);
    }

    #[test]
    fn numbers_compare_exactly_over_spellings() {
        assert_eq!(compare(&json!(1), &json!(1.0)), Ordering::Equal);
        assert_eq!(compare(&json!(0), &json!(-0.0)), Ordering::Equal);
        check_ascending(&[
            json!(-1.0e19),
            json!(i64::MIN),
            json!(-2),
            json!(-1.5),
            json!(-1),
            json!(1),
            json!(1.5),
            json!(9_007_199_254_740_992.0),
            json!(9_007_199_254_740_993_i64),
            json!(u64::MAX),
            json!(1.0e20),
        ]);
    }

    #[test]
    fn objects_compare_by_type_then_name_then_value_in_their_own_order() {
        check_ascending(&[
            json!({"a": 1}),
            json!({"a": 1, "b": 0}),
            json!({"a": 2}),
            json!({"b": 1}),
            json!({"b": 1, "a": 1}),
            json!({"a": "x"}),
        ]);
    }
    #[test]
    fn a_spent_budget_ends_a_comparison() {
        for (a, b) in [
            (json!([1, 2]), json!([1, 3])),
            (json!({"a": 1}), json!({"a": 2})),
        ] {
            assert_eq!(compare(&a, &b), Ordering::Less);
            let ended = compare_within(&a, &b, &Budget::spent());
            assert_eq!(ended, Ordering::Equal, "the difference is not reached");
        }
    }
}
