//! One field's condition as SQL over `body`.
//!
//! A path through an array means "any element", which this SQL does not follow. So a row passes as
//! well when there is an array anywhere on the path.

use serde_json::Value;

use crate::limits::{PUSHDOWN_PATH_BYTES_MAX, PUSHDOWN_STEPS_MAX};
use crate::postgres::sql::Params;
use crate::query::{Comparison, Path};

/// From here on the decimal that stands for a float may be another number than the float, and
/// compare otherwise with an integer.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// A path as an expression of SQL, and the arrays that may lie on it.
pub(super) struct JsonPath {
    /// `body -> 'a' -> 'b'`
    full: String,
    /// `body -> 'a' ->> 'b'`
    text: String,
    /// Like `full`, for each proper prefix.
    prefixes: Vec<String>,
}

impl JsonPath {
    /// None for paths that SQL would read differently: an index step may be an element or a field.
    pub(super) fn new(path: &Path) -> Option<Self> {
        if path.segments().len() > PUSHDOWN_STEPS_MAX
            || path.as_str().len() > PUSHDOWN_PATH_BYTES_MAX
        {
            return None;
        }
        let mut paths = Vec::new();
        let mut before = "body".to_owned();
        let mut text = String::new();
        for step in path.segments() {
            let strange = |c: char| c == '\\' || c.is_control();
            if step.name.is_empty() || step.index.is_some() || step.name.contains(strange) {
                return None;
            }
            let name = step.name.replace('\'', "''");
            text = format!("{before} ->> '{name}'");
            before = format!("{before} -> '{name}'");
            paths.push(before.clone());
        }
        Some(Self {
            full: paths.pop()?,
            text,
            prefixes: paths,
        })
    }

    pub(super) fn compare(
        &self,
        comparison: Comparison,
        operand: &Value,
        params: &mut Params,
    ) -> Option<String> {
        let full = &self.full;
        let operator = operator(comparison);
        match operand {
            Value::Null => self.compare_null(comparison),
            Value::Bool(_) => Some(self.of_type("'boolean'")),
            Value::Object(_) => Some(self.of_type("'object'")),
            Value::Array(_) => Some(self.of_type("'array'")),
            Value::Number(number) => {
                number.as_f64().filter(|value| value.abs() < EXACT_MAX)?;
                let value = params.bind(number.to_string());
                Some(self.or_array(&format!(
                    "(jsonb_typeof({full}) = 'number' AND {full} {operator} {value}::jsonb)"
                )))
            }
            // No text of Postgres has it.
            Value::String(text) if text.contains('\0') => None,
            Value::String(text) => {
                let value = params.bind(text);
                Some(self.or_array(&format!(
                    "(jsonb_typeof({full}) = 'string' AND ({}) COLLATE \"C\" {operator} {value})",
                    self.text
                )))
            }
        }
    }

    /// Null stands for "missing" as well.
    fn compare_null(&self, comparison: Comparison) -> Option<String> {
        match comparison {
            Comparison::Eq | Comparison::Gte | Comparison::Lte => {
                // What lies beyond an array is NULL, too: no need to ask for arrays on the way.
                let full = &self.full;
                Some(format!(
                    "({full} IS NULL OR jsonb_typeof({full}) IN ('null', 'array'))"
                ))
            }
            Comparison::Gt | Comparison::Lt => None,
        }
    }

    /// Texts, truth values and small numbers, which Postgres compares exactly.
    pub(super) fn one_of(&self, values: &[Value], params: &mut Params) -> Option<String> {
        let exact = |value: &Value| match value {
            Value::String(text) => !text.contains('\0'),
            Value::Number(number) => number.as_f64().is_some_and(|value| value.abs() < EXACT_MAX),
            Value::Bool(_) => true,
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        };
        if !values.iter().all(exact) {
            return None;
        }
        let list: Vec<String> = values.iter().map(Value::to_string).collect();
        // Through text: the client would need a type of its own for a list of jsonb.
        let list = params.bind(list);
        Some(self.or_array(&format!("{} = ANY({list}::jsonb[])", self.full)))
    }

    pub(super) fn exists(&self) -> String {
        let mut sql = format!("({} IS NOT NULL", self.full);
        for prefix in &self.prefixes {
            sql.push_str(&format!(" OR jsonb_typeof({prefix}) = 'array'"));
        }
        sql.push(')');
        sql
    }

    pub(super) fn of_type(&self, name: &str) -> String {
        self.or_array(&format!("jsonb_typeof({}) = {name}", self.full))
    }

    fn or_array(&self, sql: &str) -> String {
        let paths = self.prefixes.iter().chain([&self.full]);
        let arrays: String = paths
            .map(|path| format!(" OR jsonb_typeof({path}) = 'array'"))
            .collect();
        format!("({sql}{arrays})")
    }
}

fn operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Eq => "=",
        Comparison::Gt => ">",
        Comparison::Gte => ">=",
        Comparison::Lt => "<",
        Comparison::Lte => "<=",
    }
}
