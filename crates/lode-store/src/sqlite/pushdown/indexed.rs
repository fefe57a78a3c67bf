//! One field's condition as SQL that an index on its path answers.

use rusqlite::types::Value as SqlValue;
use serde_json::{Number, Value};

use super::Predicate;
use super::json_path::{EXACT_MAX, JsonPath, after_prefix, slack};
use crate::query::{Comparison, Condition, Filter, Leaf, Path};

/// Characters of a text that an index keeps: long ones would make every page hold few.
const TEXT_CHARS: usize = 200;

/// The two columns of an index on a path: the type, and the number or the beginning of the text.
pub(in crate::sqlite) fn columns(path: &Path) -> Option<String> {
    Columns::new(path).map(|columns| format!("{}, {}", columns.kind, columns.value))
}

/// The parts of the index that hold all rows that match the filter, and whether they are few
/// certain values; None when the filter says nothing about the path that an index could tell.
pub(in crate::sqlite) fn parts(filter: &Filter, path: &str) -> Option<(bool, Vec<Predicate>)> {
    match filter {
        Filter::And(filters) => best(filters.iter().filter_map(|filter| parts(filter, path))),
        Filter::Or(_) | Filter::Nor(_) => None,
        Filter::Field(of, condition) if of.as_str() == path => of_condition(of, condition),
        Filter::Field(..) => None,
    }
}

fn of_condition(path: &Path, condition: &Condition) -> Option<(bool, Vec<Predicate>)> {
    match condition {
        Condition::All(parts) => best(parts.iter().filter_map(|part| of_condition(path, part))),
        Condition::Not(_) => None,
        Condition::Leaf(leaf) => {
            let is_exact = matches!(leaf, Leaf::In(_)) || leaf.equality().is_some();
            Columns::new(path)?
                .of_leaf(leaf)
                .map(|parts| (is_exact, parts))
        }
    }
}

fn best(mut all: impl Iterator<Item = (bool, Vec<Predicate>)>) -> Option<(bool, Vec<Predicate>)> {
    let first = all.next()?;
    if first.0 {
        return Some(first);
    }
    Some(all.find(|(is_exact, _)| *is_exact).unwrap_or(first))
}

/// The columns of an index as expressions; a statement has to repeat them to the letter.
struct Columns {
    kind: String,
    value: String,
}

impl Columns {
    fn new(path: &Path) -> Option<Self> {
        let path = JsonPath::new(path)?;
        let full = path.full();
        let arrays: Vec<String> = path
            .prefixes()
            .iter()
            .map(|prefix| format!("json_type(doc, {prefix}) = 'array'"))
            .collect();
        let kind = format!("json_type(doc, {full})");
        Some(Self {
            kind: if arrays.is_empty() {
                kind
            } else {
                format!(
                    "CASE WHEN {} THEN 'array' ELSE {kind} END",
                    arrays.join(" OR ")
                )
            },
            value: format!(
                "CASE json_type(doc, {full}) \
                 WHEN 'text' THEN substr(json_extract(doc, {full}), 1, {TEXT_CHARS}) \
                 WHEN 'integer' THEN json_extract(doc, {full}) \
                 WHEN 'real' THEN json_extract(doc, {full}) END"
            ),
        })
    }

    fn of_leaf(&self, leaf: &Leaf) -> Option<Vec<Predicate>> {
        match leaf {
            Leaf::Compare(comparison, operand) => self.compare(*comparison, operand),
            Leaf::In(values) => self.one_of(values),
            Leaf::Regex(pattern) => self.prefix(pattern.prefix()?),
            Leaf::Exists
            | Leaf::Type(_)
            | Leaf::Mod { .. }
            | Leaf::Size(_)
            | Leaf::ElemMatch(_)
            | Leaf::ElemValue(_)
            | Leaf::Within(_)
            | Leaf::Near(_) => None,
        }
    }

    fn compare(&self, comparison: Comparison, operand: &Value) -> Option<Vec<Predicate>> {
        match operand {
            Value::Null => {
                let is_null = Predicate::new(format!("{} IS NULL", self.kind), Vec::new());
                let equal = matches!(
                    comparison,
                    Comparison::Eq | Comparison::Gte | Comparison::Lte
                );
                equal.then(|| vec![is_null, self.of_kind("null"), self.of_kind("array")])
            }
            Value::Bool(wanted) => match comparison {
                Comparison::Eq => {
                    let kind = if *wanted { "true" } else { "false" };
                    Some(vec![self.of_kind(kind), self.of_kind("array")])
                }
                Comparison::Gt | Comparison::Gte | Comparison::Lt | Comparison::Lte => None,
            },
            Value::Number(number) => self.compare_number(comparison, number),
            Value::String(text) if text.contains('\0') => None,
            Value::String(text) => {
                let operator = match comparison {
                    Comparison::Eq => "= ?",
                    Comparison::Gt | Comparison::Gte => ">= ?",
                    Comparison::Lt | Comparison::Lte => "<= ?",
                };
                let bound = vec![SqlValue::Text(beginning(text))];
                Some(self.or_array("'text'", operator, bound))
            }
            Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Bounds that are a little wide, since decimals may be off in the last place.
    fn compare_number(&self, comparison: Comparison, number: &Number) -> Option<Vec<Predicate>> {
        let value = number.as_f64().filter(|value| value.abs() < EXACT_MAX)?;
        let low = SqlValue::Real(value - slack(value));
        let high = SqlValue::Real(value + slack(value));
        let (operator, bounds) = match comparison {
            Comparison::Eq => ("BETWEEN ? AND ?", vec![low, high]),
            Comparison::Gt | Comparison::Gte => (">= ?", vec![low]),
            Comparison::Lt | Comparison::Lte => ("<= ?", vec![high]),
        };
        Some(self.or_array("'integer', 'real'", operator, bounds))
    }

    fn one_of(&self, values: &[Value]) -> Option<Vec<Predicate>> {
        let mut bounds = Vec::with_capacity(values.len());
        for value in values {
            bounds.push(match value {
                Value::String(text) if !text.contains('\0') => Value::String(beginning(text)),
                Value::Number(number)
                    if !number.is_f64()
                        && number.as_f64().is_some_and(|value| value.abs() < EXACT_MAX) =>
                {
                    value.clone()
                }
                Value::String(_)
                | Value::Number(_)
                | Value::Null
                | Value::Bool(_)
                | Value::Array(_)
                | Value::Object(_) => return None,
            });
        }
        let list = vec![SqlValue::Text(Value::Array(bounds).to_string())];
        let operator = "IN (SELECT value FROM json_each(?))";
        Some(self.or_array("'integer', 'real', 'text'", operator, list))
    }

    fn prefix(&self, prefix: String) -> Option<Vec<Predicate>> {
        if prefix.contains('\0') {
            return None;
        }
        let prefix = beginning(&prefix);
        let value = &self.value;
        let (operator, bounds) = match after_prefix(&prefix) {
            Some(end) => (
                format!(">= ? AND {value} < ?"),
                vec![SqlValue::Text(prefix), SqlValue::Text(end)],
            ),
            None => (">= ?".to_owned(), vec![SqlValue::Text(prefix)]),
        };
        Some(self.or_array("'text'", &operator, bounds))
    }

    fn or_array(&self, kinds: &str, operator: &str, bounds: Vec<SqlValue>) -> Vec<Predicate> {
        let sql = format!("{} IN ({kinds}) AND {} {operator}", self.kind, self.value);
        vec![Predicate::new(sql, bounds), self.of_kind("array")]
    }

    fn of_kind(&self, kind: &str) -> Predicate {
        Predicate::new(format!("{} = '{kind}'", self.kind), Vec::new())
    }
}

fn beginning(text: &str) -> String {
    text.chars().take(TEXT_CHARS).collect()
}
