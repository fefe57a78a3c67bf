//! Reads a query into a [`Filter`], refusing whatever it would not answer exactly.

mod operators;

use serde_json::{Map, Value};

use crate::StoreError;
use crate::budget::Budget;
use crate::limits::{DEPTH_MAX, FILTER_NODES_MAX, REGEXES_MAX};
use crate::query::document::depth_exceeds;
use crate::query::order::type_name;
use crate::query::{Condition, Filter, Path};

/// Operators of a field's condition.
pub(super) const FIELD_OPERATORS: &str = "$eq $ne $gt $gte $lt $lte $in $nin $exists $type $regex \
     $options $mod $size $all $elemMatch $not $near $nearSphere $geoWithin $within $maxDistance \
     $minDistance";

/// Operators that join whole filters.
const JOINING_OPERATORS: &str = "$and $or $nor $comment";

/// Refused wherever they stand, as Kinvey does.
const DISALLOWED: [&str; 2] = ["$where", "$query"];

impl Filter {
    /// Reads a query: an object, or the JSON text of one.
    pub fn parse(query: &Value) -> Result<Self, StoreError> {
        Self::parse_within(query, &Budget::unlimited())
    }

    /// [`Filter::parse`] that ends between two patterns once the budget is spent.
    pub(crate) fn parse_within(query: &Value, budget: &Budget) -> Result<Self, StoreError> {
        match query {
            Value::Object(query) => parse_checked(query, budget),
            Value::String(text) => match serde_json::from_str(text) {
                Ok(Value::Object(query)) => parse_checked(&query, budget),
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

fn parse_checked(query: &Map<String, Value>, budget: &Budget) -> Result<Filter, StoreError> {
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
    Parser::new(budget).filter(query)
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

/// Counts while it reads, over all conditions of one query or of one update.
pub(crate) struct Parser<'a> {
    pub(super) budget: &'a Budget,
    nodes: usize,
    regexes: usize,
    /// Whether a `$near` was met.
    has_near: bool,
    /// Whether a `$near` may stand here: a distance by which to order needs to be there always.
    forbids_near: bool,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(budget: &'a Budget) -> Self {
        Self {
            budget,
            nodes: 0,
            regexes: 0,
            has_near: false,
            forbids_near: false,
        }
    }

    /// Reads operators on an array's elements, such as `{$gt: 1}`.
    pub(crate) fn element_operators(
        &mut self,
        operators: &Map<String, Value>,
        place: &str,
    ) -> Result<Condition, StoreError> {
        refuse_disallowed(operators)?;
        self.without_near(|parser| parser.operators(operators, place))
    }

    /// Reads a condition on an array's elements that are objects.
    pub(crate) fn element_filter(
        &mut self,
        query: &Map<String, Value>,
    ) -> Result<Filter, StoreError> {
        refuse_disallowed(query)?;
        self.without_near(|parser| parser.filter(query))
    }

    pub(super) fn filter(&mut self, query: &Map<String, Value>) -> Result<Filter, StoreError> {
        let parts = query.iter().filter(|(key, _)| *key != "$comment");
        let parts = parts.map(|(key, value)| match key.as_str() {
            "$and" => Ok(Filter::And(self.branches(key, value)?)),
            "$or" => self.without_near(|p| Ok(Filter::Or(p.branches(key, value)?))),
            "$nor" => self.without_near(|p| Ok(Filter::Nor(p.branches(key, value)?))),
            operator if operator.starts_with('$') => Err(unsupported(operator, "the query")),
            path => Ok(Filter::Field(
                Path::checked(path)?,
                self.condition(value, path)?,
            )),
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
            | Value::Array(_) => operators::equal_to(value, path),
        }
    }

    /// Reads what must not order a find by distance.
    pub(super) fn without_near<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let before = std::mem::replace(&mut self.forbids_near, true);
        let result = read(self);
        self.forbids_near = before;
        result
    }

    pub(super) fn meet_near(&mut self, operator: &str) -> Result<(), StoreError> {
        if self.forbids_near || std::mem::replace(&mut self.has_near, true) {
            return Err(StoreError::bad_query(format!(
                "{operator} may stand in a query once, and not within $or, $nor, $not or \
                 $elemMatch; use $geoWithin there"
            )));
        }
        Ok(())
    }

    pub(super) fn meet_regex(&mut self) -> Result<(), StoreError> {
        self.regexes += 1;
        if self.regexes <= REGEXES_MAX {
            return Ok(());
        }
        Err(StoreError::LimitExceeded {
            what: "the number of $regex in the query".to_owned(),
            limit: REGEXES_MAX.to_string(),
            advice: "join patterns by |, or use $in for a list of words",
        })
    }

    pub(super) fn count(&mut self) -> Result<(), StoreError> {
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

pub(super) fn unsupported(operator: &str, place: &str) -> StoreError {
    StoreError::bad_query(format!(
        "{operator:?} in {place} is not a supported operator there; a field's condition may have \
         {FIELD_OPERATORS}, a query may have {JOINING_OPERATORS}"
    ))
}
