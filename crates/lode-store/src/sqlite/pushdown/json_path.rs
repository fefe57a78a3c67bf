//! One field's condition as SQL over the stored JSON text.
//!
//! A path through an array means "any element", which SQL cannot follow cheaply. So a row
//! passes as well when there is an array anywhere on the path.

use rusqlite::types::Value as SqlValue;
use serde_json::{Number, Value};

use super::Predicate;
use crate::limits::{PUSHDOWN_PATH_BYTES_MAX, PUSHDOWN_STEPS_MAX};
use crate::query::{Comparison, Path};

/// Integers from here on are not exact as floats, which SQLite may turn them into.
pub(super) const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// A path in SQLite's notation, and the arrays that may lie on it.
pub(super) struct JsonPath {
    /// `'$."a"."b"'`
    full: String,
    /// The same for each proper prefix.
    prefixes: Vec<String>,
}

impl JsonPath {
    /// None for paths that SQLite reads differently: an index step may be an element or a field,
    /// and quoting has its own rules.
    pub(super) fn new(path: &Path) -> Option<Self> {
        if path.segments().len() > PUSHDOWN_STEPS_MAX
            || path.as_str().len() > PUSHDOWN_PATH_BYTES_MAX
        {
            return None;
        }
        let mut paths = Vec::new();
        let mut text = String::from("$");
        for step in path.segments() {
            let strange = |c: char| c == '"' || c == '\\' || c.is_control();
            if step.name.is_empty() || step.index.is_some() || step.name.contains(strange) {
                return None;
            }
            text.push_str(".\"");
            text.push_str(&step.name);
            text.push('"');
            paths.push(format!("'{}'", text.replace('\'', "''")));
        }
        let full = paths.pop()?;
        Some(Self {
            full,
            prefixes: paths,
        })
    }

    pub(super) fn full(&self) -> &str {
        &self.full
    }

    pub(super) fn prefixes(&self) -> &[String] {
        &self.prefixes
    }

    /// Texts that begin so.
    pub(super) fn begins(&self, prefix: &str) -> Option<Predicate> {
        if prefix.contains('\0') {
            return None;
        }
        let bound = SqlValue::Text(prefix.to_owned());
        let Some(end) = after_prefix(prefix) else {
            return Some(self.value("('text')", ">= ?", vec![bound]));
        };
        let operator = format!(">= ? AND json_extract(doc, {}) < ?", self.full);
        Some(self.value("('text')", &operator, vec![bound, SqlValue::Text(end)]))
    }

    pub(super) fn compare(&self, comparison: Comparison, operand: &Value) -> Option<Predicate> {
        match operand {
            Value::Null => self.compare_null(comparison),
            Value::Bool(wanted) => Some(match comparison {
                Comparison::Eq => self.of_type(if *wanted { "('true')" } else { "('false')" }),
                Comparison::Gt | Comparison::Gte | Comparison::Lt | Comparison::Lte => {
                    self.of_type("('true', 'false')")
                }
            }),
            Value::Object(_) => Some(self.of_type("('object')")),
            Value::Array(_) => Some(self.of_type("('array')")),
            Value::Number(number) => self.compare_number(comparison, number),
            // SQLite might end a text at a NUL.
            Value::String(text) if text.contains('\0') => None,
            Value::String(text) => {
                let operator = match comparison {
                    Comparison::Eq => "= ?",
                    // Wider than "greater", for a stored text with a NUL that looks cut off.
                    Comparison::Gt | Comparison::Gte => ">= ?",
                    Comparison::Lt | Comparison::Lte => "<= ?",
                };
                Some(self.value("('text')", operator, vec![SqlValue::Text(text.clone())]))
            }
        }
    }

    /// Null stands for "missing" as well.
    fn compare_null(&self, comparison: Comparison) -> Option<Predicate> {
        match comparison {
            Comparison::Eq | Comparison::Gte | Comparison::Lte => {
                // Also the type of what lies beyond an array is NULL: no need to ask for arrays
                // on the way.
                let path = &self.full;
                let sql = format!(
                    "(json_type(doc, {path}) IS NULL OR json_type(doc, {path}) IN ('null', 'array'))"
                );
                Some(Predicate::new(sql, Vec::new()))
            }
            Comparison::Gt | Comparison::Lt => None,
        }
    }

    /// Integers compare exactly. For other numbers the bounds are widened a little, since SQLite's
    /// reading of a decimal may be off in the last place.
    fn compare_number(&self, comparison: Comparison, number: &Number) -> Option<Predicate> {
        let value = number.as_f64().filter(|value| value.abs() < EXACT_MAX)?;
        let slack = slack(value);
        let exact = SqlValue::Real(value);
        let low = SqlValue::Real(value - slack);
        let high = SqlValue::Real(value + slack);
        let (integer, real, bounds) = match comparison {
            Comparison::Eq => ("= ?", "BETWEEN ? AND ?", vec![exact, low, high]),
            Comparison::Gt => ("> ?", ">= ?", vec![exact, low]),
            Comparison::Gte => (">= ?", ">= ?", vec![exact, low]),
            Comparison::Lt => ("< ?", "<= ?", vec![exact, high]),
            Comparison::Lte => ("<= ?", "<= ?", vec![exact, high]),
        };
        let sql = format!(
            "{} OR {}",
            self.test("('integer')", integer),
            self.test("('real')", real)
        );
        Some(self.or_array(sql, &self.paths(), bounds))
    }

    /// Texts and small integers, which SQLite compares exactly; anything else is left alone.
    pub(super) fn one_of(&self, values: &[Value]) -> Option<Predicate> {
        let exact = |value: &Value| match value {
            Value::String(text) => !text.contains('\0'),
            Value::Number(number) => {
                !number.is_f64() && number.as_f64().is_some_and(|value| value.abs() < EXACT_MAX)
            }
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
        };
        if !values.iter().all(exact) {
            return None;
        }
        let list = SqlValue::Text(Value::Array(values.to_vec()).to_string());
        let operator = "IN (SELECT value FROM json_each(?))";
        Some(self.value("('integer', 'real', 'text')", operator, vec![list]))
    }

    pub(super) fn exists(&self) -> Predicate {
        let sql = format!("json_type(doc, {}) IS NOT NULL", self.full);
        self.or_array(sql, &self.prefixes, Vec::new())
    }

    pub(super) fn is_array(&self) -> Predicate {
        self.of_type("('array')")
    }

    fn of_type(&self, types: &str) -> Predicate {
        let sql = format!("json_type(doc, {}) IN {types}", self.full);
        self.or_array(sql, &self.paths(), Vec::new())
    }

    fn value(&self, types: &str, operator: &str, parameters: Vec<SqlValue>) -> Predicate {
        self.or_array(self.test(types, operator), &self.paths(), parameters)
    }

    /// The type goes first: without it SQLite would compare a number with a text.
    fn test(&self, types: &str, operator: &str) -> String {
        let path = &self.full;
        format!("(json_type(doc, {path}) IN {types} AND json_extract(doc, {path}) {operator})")
    }

    fn paths(&self) -> Vec<String> {
        self.prefixes.iter().chain([&self.full]).cloned().collect()
    }

    fn or_array(&self, sql: String, paths: &[String], parameters: Vec<SqlValue>) -> Predicate {
        let arrays = paths
            .iter()
            .map(|path| format!(" OR json_type(doc, {path}) = 'array'"));
        Predicate::new(format!("({sql}{})", arrays.collect::<String>()), parameters)
    }
}

/// How far a decimal may be off.
pub(super) fn slack(value: f64) -> f64 {
    value.abs() * 1e-12 + 1e-290
}

/// The least text after all that begin with the prefix.
pub(super) fn after_prefix(prefix: &str) -> Option<String> {
    let mut rest = prefix.to_owned();
    while let Some(last) = rest.pop() {
        // Code points order as their bytes do; those of surrogates are no characters.
        let next = if last == '\u{d7ff}' {
            Some('\u{e000}')
        } else {
            char::from_u32(u32::from(last) + 1)
        };
        if let Some(next) = next {
            rest.push(next);
            return Some(rest);
        }
    }
    None
}
