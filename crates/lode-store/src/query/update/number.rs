//! Arithmetic of updates: integers stay integers, and never wrap or lose digits silently.

use serde_json::{Number, Value};

use super::BitOperation;
use crate::StoreError;
use crate::query::Path;
use crate::query::matcher::whole;
use crate::query::order::as_integer;

/// `$inc`
pub(super) fn sum(number: &Number, by: &Number, path: &Path) -> Result<Number, StoreError> {
    let exact = |a: i128, b: i128| a.checked_add(b);
    calculate("$inc", number, by, path, exact, |a, b| a + b)
}

/// `$mul`
pub(super) fn product(number: &Number, by: &Number, path: &Path) -> Result<Number, StoreError> {
    let exact = |a: i128, b: i128| a.checked_mul(b);
    calculate("$mul", number, by, path, exact, |a, b| a * b)
}

/// What `$mul` makes of nothing.
pub(super) fn zero_like(number: &Number) -> Number {
    let float = Number::from_f64(0.0).filter(|_| number.is_f64());
    float.unwrap_or_else(|| Number::from(0))
}

fn calculate(
    operator: &str,
    number: &Number,
    by: &Number,
    path: &Path,
    exact: impl FnOnce(i128, i128) -> Option<i128>,
    close: impl FnOnce(f64, f64) -> f64,
) -> Result<Number, StoreError> {
    let overflow = || {
        StoreError::bad_update(format!(
            "{operator} of {path} by {by} leaves the range of numbers: it is {number}"
        ))
    };
    if let (Some(a), Some(b)) = (as_integer(number), as_integer(by)) {
        let result = exact(a, b).ok_or_else(overflow)?;
        let small = i64::try_from(result).map(Number::from);
        return small
            .or_else(|_| u64::try_from(result).map(Number::from))
            .map_err(|_| overflow());
    }
    let float = |n: &Number| n.as_f64().unwrap_or_default();
    Number::from_f64(close(float(number), float(by))).ok_or_else(overflow)
}

/// `$bit` on what is there, or on 0.
pub(super) fn bits(
    value: Option<&Value>,
    operations: &[(BitOperation, i64)],
    path: &Path,
) -> Result<Value, StoreError> {
    let zero = Value::from(0);
    let value = value.unwrap_or(&zero);
    let integer = integer(value).ok_or_else(|| {
        StoreError::bad_update(format!(
            "$bit needs a whole number of at most 64 bits at {path}, which is {}",
            crate::query::order::type_name(value)
        ))
    })?;
    let result = operations
        .iter()
        .fold(integer, |bits, (operation, operand)| match operation {
            BitOperation::And => bits & operand,
            BitOperation::Or => bits | operand,
            BitOperation::Xor => bits ^ operand,
        });
    Ok(Value::from(result))
}

/// A whole number's value, if it has at most 64 bits.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    let is_whole = value.as_f64().is_some_and(|number| number.fract() == 0.0);
    whole(value).filter(|_| is_whole)
}
