//! Reads a query into a [`Filter`], refusing whatever it would not answer exactly.

use serde_json::{Map, Value};

use crate::StoreError;
use crate::limits::{DEPTH_MAX, FILTER_NODES_MAX};
use crate::query::document::depth_exceeds;
use crate::query::order::{compare, type_name};
use crate::query::{Comparison, Condition, Filter, Path};

/// Operators of a field's condition.
const FIELD_OPERATORS: &str = "$eq $ne $gt $gte $lt $lte $in $nin $exists $not";

/// Operators that join whole filters.
const JOINING_OPERATORS: &str = "$and $or $nor";

/// Refused wherever they stand, as Kinvey does.
const DISALLOWED: [&str; 2] = ["$where", "$query"];

impl Filter {
    /// Reads a query: an object, or the JSON text of one.
    pub fn parse(query: &Value) -> Result<Self, StoreError> {
        match query {
            Value::Object(query) => parse_checked(query),
            Value::String(text) => match serde_json::from_str(text) {
                Ok(Value::Object(query)) => parse_checked(&query),
                Ok(other) => Err(not_an_object(&other)),
                Err(error) => Err(StoreError::bad_query(format!(
                    "the query is text that is not JSON: {error}; give an object, or its JSON text"
                ))),
            },
            Value::Null => Err(StoreError::MissingRequiredParameter {
                parameter: "query",
                allowed: "an object, {} for all documents",
            }),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) => Err(not_an_object(query)),
        }
    }

    /// Reads the condition that `$pull` puts on elements: a filter on objects.
    pub(crate) fn parse_object(query: &Map<String, Value>) -> Result<Self, StoreError> {
        parse_checked(query)
    }
}

impl Condition {
    /// Reads an object of operators, such as `{$gt: 1}`.
    pub(crate) fn parse_operators(
        operators: &Map<String, Value>,
        place: &str,
    ) -> Result<Self, StoreError> {
        refuse_disallowed(operators)?;
        Parser::default().operators(operators, place)
    }
}

/// Whether an object is read as operators rather than as a value: its first key decides.
pub(crate) fn is_operators(object: &Map<String, Value>) -> bool {
    object.keys().next().is_some_and(|key| key.starts_with('$'))
}

fn not_an_object(query: &Value) -> StoreError {
    StoreError::bad_query(format!(
        "the query must be an object, or the JSON text of one, not {}",
        type_name(query)
    ))
}

fn parse_checked(query: &Map<String, Value>) -> Result<Filter, StoreError> {
    if query
        .values()
        .any(|value| depth_exceeds(value, DEPTH_MAX - 1))
    {
        return Err(StoreError::LimitExceeded {
            what: "the query's nesting".to_owned(),
            limit: format!("{DEPTH_MAX} levels"),
            advice: "write a flatter query",
        });
    }
    refuse_disallowed(query)?;
    Parser::default().filter(query)
}

fn refuse_disallowed(object: &Map<String, Value>) -> Result<(), StoreError> {
    object.iter().try_for_each(|(key, value)| {
        if DISALLOWED.contains(&key.as_str()) {
            return Err(StoreError::DisallowedQuerySyntax {
                operator: key.clone(),
                allowed: format!("{FIELD_OPERATORS} {JOINING_OPERATORS}"),
            });
        }
        refuse_disallowed_in(value)
    })
}

fn refuse_disallowed_in(value: &Value) -> Result<(), StoreError> {
    match value {
        Value::Object(object) => refuse_disallowed(object),
        Value::Array(array) => array.iter().try_for_each(refuse_disallowed_in),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// Counts conditions while it reads.
#[derive(Default)]
struct Parser {
    nodes: usize,
}

impl Parser {
    fn filter(&mut self, query: &Map<String, Value>) -> Result<Filter, StoreError> {
        let parts = query.iter().map(|(key, value)| match key.as_str() {
            "$and" => Ok(Filter::And(self.branches(key, value)?)),
            "$or" => Ok(Filter::Or(self.branches(key, value)?)),
            "$nor" => Ok(Filter::Nor(self.branches(key, value)?)),
            operator if operator.starts_with('$') => Err(unsupported(operator, "the query")),
            path => Ok(Filter::Field(Path::new(path), self.condition(value, path)?)),
        });
        let mut parts = parts.collect::<Result<Vec<_>, _>>()?;
        // One part needs no wrapping; it is the usual case.
        if parts.len() == 1
            && let Some(only) = parts.pop()
        {
            return Ok(only);
        }
        Ok(Filter::And(parts))
    }

    fn branches(&mut self, operator: &str, value: &Value) -> Result<Vec<Filter>, StoreError> {
        self.count()?;
        let refuse = || {
            StoreError::bad_query(format!(
                "{operator} needs a non-empty array of query objects, such as [{{\"a\": 1}}]"
            ))
        };
        let branches = value
            .as_array()
            .filter(|b| !b.is_empty())
            .ok_or_else(refuse)?;
        let read = |branch: &Value| self.filter(branch.as_object().ok_or_else(refuse)?);
        branches.iter().map(read).collect()
    }

    fn condition(&mut self, value: &Value, path: &str) -> Result<Condition, StoreError> {
        self.count()?;
        match value {
            Value::Object(object) if is_operators(object) => self.operators(object, path),
            Value::Object(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => equal_to(value, path),
        }
    }

    fn operators(
        &mut self,
        operators: &Map<String, Value>,
        path: &str,
    ) -> Result<Condition, StoreError> {
        let read = |(operator, value): (&String, &Value)| self.operator(operator, value, path);
        let mut conditions = operators.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        if conditions.len() == 1
            && let Some(only) = conditions.pop()
        {
            return Ok(only);
        }
        Ok(Condition::All(conditions))
    }

    fn operator(
        &mut self,
        operator: &str,
        value: &Value,
        path: &str,
    ) -> Result<Condition, StoreError> {
        self.count()?;
        let compare_with = |comparison| {
            refuse_operators_in(value, path)?;
            Ok(Condition::Compare(comparison, value.clone()))
        };
        match operator {
            "$eq" => equal_to(value, path),
            "$ne" => equal_to(value, path).map(Condition::negated),
            "$gt" => compare_with(Comparison::Gt),
            "$gte" => compare_with(Comparison::Gte),
            "$lt" => compare_with(Comparison::Lt),
            "$lte" => compare_with(Comparison::Lte),
            "$in" => one_of(operator, value, path),
            "$nin" => one_of(operator, value, path).map(Condition::negated),
            "$exists" => Ok(exists(value)),
            "$not" => match value {
                Value::Object(inner) if is_operators(inner) => {
                    self.operators(inner, path).map(Condition::negated)
                }
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
            _ => Err(unsupported(operator, &format!("the condition on {path:?}"))),
        }
    }

    fn count(&mut self) -> Result<(), StoreError> {
        self.nodes += 1;
        if self.nodes <= FILTER_NODES_MAX {
            return Ok(());
        }
        Err(StoreError::LimitExceeded {
            what: "the number of conditions in the query".to_owned(),
            limit: FILTER_NODES_MAX.to_string(),
            advice: "use $in for a list of values",
        })
    }
}

fn unsupported(operator: &str, place: &str) -> StoreError {
    StoreError::bad_query(format!(
        "{operator:?} in {place} is not a supported operator there; a field's condition may have \
         {FIELD_OPERATORS}, a query may have {JOINING_OPERATORS}"
    ))
}

fn equal_to(value: &Value, path: &str) -> Result<Condition, StoreError> {
    refuse_operators_in(value, path)?;
    Ok(Condition::Compare(Comparison::Eq, value.clone()))
}

fn one_of(operator: &str, value: &Value, path: &str) -> Result<Condition, StoreError> {
    let Value::Array(values) = value else {
        return Err(StoreError::bad_query(format!(
            "{operator} on the path {path:?} needs an array of values, not {}",
            type_name(value)
        )));
    };
    values
        .iter()
        .try_for_each(|value| refuse_operators_in(value, path))?;
    let mut values = values.clone();
    values.sort_by(compare);
    Ok(Condition::In(values))
}

/// Anything but false, 0 and null asks for existence: MongoDB's notion of truth.
fn exists(value: &Value) -> Condition {
    let wanted = match value {
        Value::Null => false,
        Value::Bool(wanted) => *wanted,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(_) | Value::Array(_) | Value::Object(_) => true,
    };
    if wanted {
        Condition::Exists
    } else {
        Condition::Exists.negated()
    }
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
                return Err(unsupported(key, &format!("the value for {path:?}")));
            }
            refuse_operators_in(value, path)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}
