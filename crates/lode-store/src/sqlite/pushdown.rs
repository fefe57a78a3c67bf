//! Compiles a filter to an SQL predicate that lets every match through, and as little else as
//! it can.
//!
//! Necessary, never sufficient: the matcher decides on every row that passes, so a predicate may
//! be too wide but must not be too narrow. Where exactness is in doubt there is no predicate
//! (`None`, which means "all rows"). Values are always bound; of what a tenant writes, only
//! checked field names get into the SQL text.

pub(super) mod indexed;
mod json_path;

use rusqlite::types::Value as SqlValue;
use serde_json::Value;

use crate::limits::PUSHDOWN_TERMS_MAX;
use crate::query::{Comparison, Condition, Filter, Leaf, Path, canonical_id};
use json_path::JsonPath;

/// SQL with `?` parameters, in parentheses where that matters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Predicate {
    pub(super) sql: String,
    pub(super) parameters: Vec<SqlValue>,
}

/// The predicate of a filter; None when all rows must be looked at.
pub(super) fn compile(filter: &Filter) -> Option<Predicate> {
    let mut terms = 0;
    let predicate = of_filter(filter, &mut terms)?;
    (terms <= PUSHDOWN_TERMS_MAX).then_some(predicate)
}

/// Whether only documents of certain `_id`s can match, so that their index is the way to them.
pub(super) fn names_ids(filter: &Filter) -> bool {
    match filter {
        Filter::And(parts) => parts.iter().any(names_ids),
        Filter::Or(_) | Filter::Nor(_) => false,
        Filter::Field(path, condition) => path.as_str() == "_id" && lists_values(condition),
    }
}

fn lists_values(condition: &Condition) -> bool {
    match condition {
        Condition::Leaf(Leaf::In(_)) => true,
        Condition::Leaf(leaf) => leaf.equality().is_some(),
        Condition::All(parts) => parts.iter().any(lists_values),
        Condition::Not(_) => false,
    }
}

impl Predicate {
    fn new(sql: impl Into<String>, parameters: Vec<SqlValue>) -> Self {
        Self {
            sql: sql.into(),
            parameters,
        }
    }

    fn nothing() -> Self {
        Self::new("0", Vec::new())
    }

    fn joined(parts: Vec<Self>, operator: &str) -> Self {
        let sql: Vec<&str> = parts.iter().map(|part| part.sql.as_str()).collect();
        let sql = format!("({})", sql.join(operator));
        Self {
            sql,
            parameters: parts.into_iter().flat_map(|part| part.parameters).collect(),
        }
    }
}

fn of_filter(filter: &Filter, terms: &mut usize) -> Option<Predicate> {
    *terms += 1;
    match filter {
        // A part that SQL cannot help with is left to the matcher.
        Filter::And(parts) => all_of(parts.iter().filter_map(|part| of_filter(part, terms))),
        // But one such part in an `or` may let any row through.
        Filter::Or(parts) => {
            let parts = parts
                .iter()
                .map(|part| of_filter(part, terms))
                .collect::<Option<_>>()?;
            Some(Predicate::joined(parts, " OR "))
        }
        Filter::Nor(_) => None,
        Filter::Field(path, condition) => of_condition(path, condition, terms),
    }
}

fn all_of(parts: impl Iterator<Item = Predicate>) -> Option<Predicate> {
    let parts: Vec<_> = parts.collect();
    if parts.is_empty() {
        None
    } else {
        Some(Predicate::joined(parts, " AND "))
    }
}

fn of_condition(path: &Path, condition: &Condition, terms: &mut usize) -> Option<Predicate> {
    *terms += 1;
    match condition {
        Condition::All(parts) => all_of(
            parts
                .iter()
                .filter_map(|part| of_condition(path, part, terms)),
        ),
        // The opposite of "too wide" is "too narrow".
        Condition::Not(_) => None,
        Condition::Leaf(leaf) => of_leaf(path, leaf),
    }
}

fn of_leaf(path: &Path, leaf: &Leaf) -> Option<Predicate> {
    let is_id = path.as_str() == "_id";
    match leaf {
        Leaf::Compare(comparison, operand) if is_id => of_id(*comparison, operand),
        Leaf::In(values) if is_id => Some(one_of_ids(values)),
        Leaf::Compare(comparison, operand) => JsonPath::new(path)?.compare(*comparison, operand),
        Leaf::In(values) => JsonPath::new(path)?.one_of(values),
        Leaf::Exists => JsonPath::new(path).map(|path| path.exists()),
        Leaf::Size(_) | Leaf::ElemMatch(_) | Leaf::ElemValue(_) => {
            JsonPath::new(path).map(|path| path.is_array())
        }
        Leaf::Regex(pattern) => JsonPath::new(path)?.begins(&pattern.prefix()?),
        Leaf::Type(_) | Leaf::Mod { .. } | Leaf::Within(_) | Leaf::Near(_) => None,
    }
}

/// An `_id` is a string or a number and has a column of its own, with an index.
fn of_id(comparison: Comparison, operand: &Value) -> Option<Predicate> {
    let range = |sql: &str| {
        let text = operand
            .as_str()
            .map(|text| SqlValue::Text(format!("s:{text}")))?;
        Some(Predicate::new(sql, vec![text]))
    };
    match comparison {
        Comparison::Eq => Some(match canonical_id(operand) {
            Some(id) => Predicate::new("id = ?", vec![SqlValue::Text(id)]),
            None => Predicate::nothing(),
        }),
        // `s;` is the first text after all that begin with `s:`.
        Comparison::Gt => range("(id > ? AND id < 's;')"),
        Comparison::Gte => range("(id >= ? AND id < 's;')"),
        Comparison::Lt => range("(id >= 's:' AND id < ?)"),
        Comparison::Lte => range("(id >= 's:' AND id <= ?)"),
    }
}

fn one_of_ids(values: &[Value]) -> Predicate {
    let ids: Vec<Value> = values
        .iter()
        .filter_map(canonical_id)
        .map(Value::String)
        .collect();
    // One parameter for any number of values: the statement's text, and so its place in the
    // cache, does not depend on how many there are.
    let ids = SqlValue::Text(Value::Array(ids).to_string());
    Predicate::new("id IN (SELECT value FROM json_each(?))", vec![ids])
}

#[cfg(test)]
mod tests;
