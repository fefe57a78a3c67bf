//! Compiles a filter to an SQL predicate over `body` that lets every match through, and as little
//! else as it can.
//!
//! Necessary, never sufficient: the matcher decides on every row that passes, so a predicate may
//! be too wide but must not be too narrow. Where exactness is in doubt there is no predicate
//! (`None`, which means "all rows"). Values are always bound; of what a tenant writes, only
//! checked field names get into the SQL text.

mod json_path;

use serde_json::Value;

use crate::limits::PUSHDOWN_TERMS_MAX;
use crate::postgres::sql::Params;
use crate::query::{Comparison, Condition, Filter, Leaf, Path, canonical_id};
use json_path::JsonPath;

/// The predicate of a filter, in parentheses where that matters; None when all rows must be looked
/// at. Parameters of parts that were given up may stay behind, unused.
pub(super) fn compile(filter: &Filter, params: &mut Params) -> Option<String> {
    let mut compiler = Compiler { params, terms: 0 };
    let predicate = compiler.filter(filter)?;
    (compiler.terms <= PUSHDOWN_TERMS_MAX).then_some(predicate)
}

struct Compiler<'a> {
    params: &'a mut Params,
    terms: usize,
}

impl Compiler<'_> {
    fn filter(&mut self, filter: &Filter) -> Option<String> {
        self.terms += 1;
        if self.terms > PUSHDOWN_TERMS_MAX {
            return None;
        }
        match filter {
            // A part that SQL cannot help with is left to the matcher.
            Filter::And(parts) => all_of(parts.iter().filter_map(|part| self.filter(part))),
            // But one such part in an `or` may let any row through.
            Filter::Or(parts) => {
                let parts: Option<Vec<_>> = parts.iter().map(|part| self.filter(part)).collect();
                Some(format!("({})", parts?.join(" OR ")))
            }
            Filter::Nor(_) => None,
            Filter::Field(path, condition) => self.condition(path, condition),
        }
    }

    fn condition(&mut self, path: &Path, condition: &Condition) -> Option<String> {
        self.terms += 1;
        match condition {
            Condition::All(parts) => {
                all_of(parts.iter().filter_map(|part| self.condition(path, part)))
            }
            // The opposite of "too wide" is "too narrow".
            Condition::Not(_) => None,
            Condition::Leaf(leaf) => self.leaf(path, leaf),
        }
    }

    fn leaf(&mut self, path: &Path, leaf: &Leaf) -> Option<String> {
        let is_id = path.as_str() == "_id";
        match leaf {
            Leaf::Compare(comparison, operand) if is_id => self.id(*comparison, operand),
            Leaf::In(values) if is_id => {
                let ids: Vec<Vec<u8>> = values
                    .iter()
                    .filter_map(canonical_id)
                    .map(String::into_bytes)
                    .collect();
                Some(format!("id = ANY({})", self.params.bind(ids)))
            }
            Leaf::Compare(comparison, operand) => {
                JsonPath::new(path)?.compare(*comparison, operand, self.params)
            }
            Leaf::In(values) => JsonPath::new(path)?.one_of(values, self.params),
            Leaf::Exists => JsonPath::new(path).map(|path| path.exists()),
            Leaf::Size(_) | Leaf::ElemMatch(_) | Leaf::ElemValue(_) => {
                JsonPath::new(path).map(|path| path.of_type("'array'"))
            }
            Leaf::Regex(_) => JsonPath::new(path).map(|path| path.of_type("'string'")),
            Leaf::Mod { .. } => JsonPath::new(path).map(|path| path.of_type("'number'")),
            Leaf::Type(_) | Leaf::Within(_) | Leaf::Near(_) => None,
        }
    }

    /// An `_id` is a string or a number and has a column of its own, with an index.
    fn id(&mut self, comparison: Comparison, operand: &Value) -> Option<String> {
        if comparison == Comparison::Eq {
            return Some(match canonical_id(operand) {
                Some(id) => format!("id = {}", self.params.bind(id.into_bytes())),
                None => "false".to_owned(),
            });
        }
        // Numbers do not sort as their texts do.
        let text = operand.as_str()?;
        let bound = self.params.bind(format!("s:{text}").into_bytes());
        // `s;` is the first text after all that begin with `s:`.
        Some(match comparison {
            Comparison::Gt | Comparison::Gte => format!("(id >= {bound} AND id < 's;'::bytea)"),
            Comparison::Lt | Comparison::Lte | Comparison::Eq => {
                format!("(id >= 's:'::bytea AND id <= {bound})")
            }
        })
    }
}

fn all_of(parts: impl Iterator<Item = String>) -> Option<String> {
    let parts: Vec<_> = parts.collect();
    (!parts.is_empty()).then(|| format!("({})", parts.join(" AND ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(query: Value, expected: Option<&str>) {
        let filter = Filter::parse(&query).unwrap();
        let compiled = compile(&filter, &mut Params::default());
        assert_eq!(compiled.as_deref(), expected, "{query}");
    }

    #[test]
    fn a_predicate_lets_arrays_through_and_binds_its_values() {
        check(
            json!({"a'b": "x'y"}),
            Some(
                "((jsonb_typeof(body -> 'a''b') = 'string' AND (body ->> 'a''b') COLLATE \"C\" = $1) \
                 OR jsonb_typeof(body -> 'a''b') = 'array')",
            ),
        );
        check(
            json!({"a.b": {"$exists": true}}),
            Some("(body -> 'a' -> 'b' IS NOT NULL OR jsonb_typeof(body -> 'a') = 'array')"),
        );
    }

    #[test]
    fn what_sql_might_answer_otherwise_is_not_asked() {
        for query in [
            json!({"a.0": 1}),
            json!({"a": {"$ne": 1}}),
            json!({"$nor": [{"a": 1}]}),
            json!({"a": "x\u{0}"}),
            json!({"a": 9_007_199_254_740_993_i64}),
            json!({"$or": [{"a": 1}, {"b": {"$ne": 1}}]}),
            json!({"_id": {"$gt": 5}}),
        ] {
            check(query, None);
        }
    }
}
