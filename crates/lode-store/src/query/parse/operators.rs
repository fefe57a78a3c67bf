//! Reads the operators of one field's condition.

use serde_json::{Map, Value};

use super::{FIELD_OPERATORS, Parser, is_operators, unsupported};
use crate::StoreError;
use crate::query::matcher::whole;
use crate::query::order::{compare, type_name};
use crate::query::pattern::Pattern;
use crate::query::types::Types;
use crate::query::{Comparison, Condition, Leaf, geo};

impl Parser<'_> {
    pub(super) fn operators(
        &mut self,
        operators: &Map<String, Value>,
        path: &str,
    ) -> Result<Condition, StoreError> {
        let mut conditions = Vec::with_capacity(operators.len());
        for (operator, value) in operators {
            conditions.extend(self.operator(operator, value, operators, path)?);
        }
        if conditions.len() == 1
            && let Some(only) = conditions.pop()
        {
            return Ok(only);
        }
        Ok(Condition::All(conditions))
    }

    /// None for an operator that says something about the one `beside` it.
    fn operator(
        &mut self,
        operator: &str,
        value: &Value,
        beside: &Map<String, Value>,
        path: &str,
    ) -> Result<Option<Condition>, StoreError> {
        self.count()?;
        let compare_with = |comparison| {
            refuse_operators_in(value, path)?;
            Ok(Leaf::Compare(comparison, value.clone()).into())
        };
        let condition = match operator {
            "$eq" => equal_to(value, path),
            "$ne" => equal_to(value, path).map(Condition::negated),
            "$gt" => compare_with(Comparison::Gt),
            "$gte" => compare_with(Comparison::Gte),
            "$lt" => compare_with(Comparison::Lt),
            "$lte" => compare_with(Comparison::Lte),
            "$in" => one_of(operator, value, path),
            "$nin" => one_of(operator, value, path).map(Condition::negated),
            "$exists" => Ok(exists(value)),
            "$type" => Types::parse(value, path).map(|types| Leaf::Type(types).into()),
            "$regex" => self.regex(value, beside.get("$options"), path),
            "$options" if beside.contains_key("$regex") => return Ok(None),
            "$options" => Err(StoreError::bad_query(format!(
                "$options on the path {path:?} needs a $regex beside it"
            ))),
            "$mod" => modulo(value, path),
            "$size" => size(value, path),
            "$all" => self.all(value, path),
            "$elemMatch" => self.elem_match(value, path),
            "$not" => match value {
                Value::Object(inner) if is_operators(inner) => self
                    .without_near(|parser| parser.operators(inner, path))
                    .map(Condition::negated),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_)
                | Value::Object(_) => Err(StoreError::bad_query(format!(
                    "$not on the path {path:?} needs an object of operators ({FIELD_OPERATORS}); \
                     for a plain value use $ne"
                ))),
            },
            "$comment" => return Ok(None),
            _ if geo::is_geo(operator) => {
                if operator.starts_with("$near") {
                    self.meet_near(operator)?;
                }
                return geo::read_condition(operator, value, beside, path);
            }
            _ => Err(unsupported(operator, &format!("the condition on {path:?}"))),
        };
        condition.map(Some)
    }

    fn regex(
        &mut self,
        value: &Value,
        options: Option<&Value>,
        path: &str,
    ) -> Result<Condition, StoreError> {
        self.meet_regex()?;
        let options = options.map_or(Some(""), Value::as_str);
        let (Some(source), Some(options)) = (value.as_str(), options) else {
            return Err(StoreError::bad_query(format!(
                "$regex on the path {path:?} needs a text, and $options a text of i, m, s and x"
            )));
        };
        Ok(Leaf::Regex(Pattern::new(source, options, path, self.budget)?).into())
    }

    fn all(&mut self, value: &Value, path: &str) -> Result<Condition, StoreError> {
        let Value::Array(values) = value else {
            return Err(needs_values("$all", value, path));
        };
        if values.is_empty() {
            // All of no values: nothing, as MongoDB has it.
            return Ok(Leaf::In(Vec::new()).into());
        }
        let elem_match = |value: &Value| value.get("$elemMatch").is_some();
        let is_elem_match = elem_match(&values[0]);
        let read = |value: &Value| {
            self.count()?;
            match value {
                Value::Object(object) if is_elem_match && elem_match(value) => {
                    self.operators(object, path)
                }
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_)
                | Value::Object(_) => {
                    if is_elem_match {
                        return Err(StoreError::bad_query(format!(
                            "$all on the path {path:?} has both $elemMatch and plain values; give \
                             only the one or the other"
                        )));
                    }
                    equal_to(value, path)
                }
            }
        };
        let conditions = values.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Condition::All(conditions))
    }

    fn elem_match(&mut self, value: &Value, path: &str) -> Result<Condition, StoreError> {
        let Value::Object(inner) = value else {
            return Err(StoreError::bad_query(format!(
                "$elemMatch on the path {path:?} needs an object, not {}",
                type_name(value)
            )));
        };
        let joins = |key: &String| ["$and", "$or", "$nor"].contains(&key.as_str());
        let is_of_values = is_operators(inner) && !inner.keys().next().is_some_and(joins);
        let leaf = self.without_near(|parser| {
            if is_of_values {
                parser
                    .operators(inner, path)
                    .map(|c| Leaf::ElemValue(Box::new(c)))
            } else {
                parser.filter(inner).map(|f| Leaf::ElemMatch(Box::new(f)))
            }
        });
        leaf.map(Condition::Leaf)
    }
}

pub(super) fn equal_to(value: &Value, path: &str) -> Result<Condition, StoreError> {
    refuse_operators_in(value, path)?;
    Ok(Leaf::Compare(Comparison::Eq, value.clone()).into())
}

fn needs_values(operator: &str, value: &Value, path: &str) -> StoreError {
    StoreError::bad_query(format!(
        "{operator} on the path {path:?} needs an array of values, not {}",
        type_name(value)
    ))
}

fn one_of(operator: &str, value: &Value, path: &str) -> Result<Condition, StoreError> {
    let Value::Array(values) = value else {
        return Err(needs_values(operator, value, path));
    };
    values
        .iter()
        .try_for_each(|value| refuse_operators_in(value, path))?;
    let mut values = values.clone();
    values.sort_by(compare);
    Ok(Leaf::In(values).into())
}

fn modulo(value: &Value, path: &str) -> Result<Condition, StoreError> {
    let numbers = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if let [divisor, remainder] = numbers
        && let (Some(divisor), Some(remainder)) = (whole(divisor), whole(remainder))
        && divisor != 0
    {
        return Ok(Leaf::Mod { divisor, remainder }.into());
    }
    Err(StoreError::bad_query(format!(
        "$mod on the path {path:?} needs [divisor, remainder], two numbers of at most 64 bits, the \
         divisor not 0"
    )))
}

fn size(value: &Value, path: &str) -> Result<Condition, StoreError> {
    let size = value.as_f64().filter(|size| size.fract() == 0.0);
    let size = size.and_then(|_| whole(value));
    let size = size.and_then(|size| usize::try_from(size).ok());
    size.map(|size| Leaf::Size(size).into()).ok_or_else(|| {
        StoreError::bad_query(format!(
            "$size on the path {path:?} needs a whole number of at least 0, not {value}"
        ))
    })
}

/// Anything but false, 0 and null asks for existence: MongoDB's notion of truth.
fn exists(value: &Value) -> Condition {
    let wanted = match value {
        Value::Null => false,
        Value::Bool(wanted) => *wanted,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(_) | Value::Array(_) | Value::Object(_) => true,
    };
    let exists = Condition::Leaf(Leaf::Exists);
    if wanted { exists } else { exists.negated() }
}

/// No stored field begins with `$`, so an operator inside a value is a mistake that would
/// silently match nothing.
fn refuse_operators_in(value: &Value, path: &str) -> Result<(), StoreError> {
    match value {
        Value::Array(array) => array
            .iter()
            .try_for_each(|value| refuse_operators_in(value, path)),
        Value::Object(object) => object.iter().try_for_each(|(key, value)| {
            if key.starts_with('$') {
                return Err(StoreError::bad_query(format!(
                    "{key:?} stands in the value for {path:?}, where no operator may; operators \
                     stand directly under a path, and several patterns for it in an $or"
                )));
            }
            refuse_operators_in(value, path)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}
