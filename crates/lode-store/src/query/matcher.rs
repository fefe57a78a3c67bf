//! Decides whether a document matches a filter; every row of every query passes here.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::query::order::{compare, rank};
use crate::query::{Comparison, Condition, Filter, Path};

impl Filter {
    /// Whether the document matches.
    pub fn matches(&self, document: &Map<String, Value>) -> bool {
        match self {
            Self::And(filters) => filters.iter().all(|filter| filter.matches(document)),
            Self::Or(filters) => filters.iter().any(|filter| filter.matches(document)),
            Self::Nor(filters) => !filters.iter().any(|filter| filter.matches(document)),
            Self::Field(path, condition) => condition.holds_at(path, document),
        }
    }
}

impl Condition {
    fn holds_at(&self, path: &Path, document: &Map<String, Value>) -> bool {
        match self {
            Self::All(conditions) => conditions.iter().all(|c| c.holds_at(path, document)),
            Self::Not(condition) => !condition.holds_at(path, document),
            Self::Compare(..) | Self::In(_) | Self::Exists => {
                path.any(document, &mut |value| self.leaf_holds(value))
            }
        }
    }

    /// Whether it holds for one element of an array, as if that were a field's value.
    pub(crate) fn holds_for_element(&self, element: &Value) -> bool {
        match self {
            Self::All(conditions) => conditions.iter().all(|c| c.holds_for_element(element)),
            Self::Not(condition) => !condition.holds_for_element(element),
            Self::Compare(..) | Self::In(_) | Self::Exists => {
                let inner = element.as_array().map(Vec::as_slice).unwrap_or_default();
                inner.iter().any(|value| self.leaf_holds(Some(value)))
                    || self.leaf_holds(Some(element))
            }
        }
    }

    fn leaf_holds(&self, value: Option<&Value>) -> bool {
        match self {
            Self::Exists => value.is_some(),
            Self::In(values) => {
                let value = value.unwrap_or(&Value::Null);
                values
                    .binary_search_by(|candidate| compare(candidate, value))
                    .is_ok()
            }
            Self::Compare(comparison, operand) => {
                // Missing compares as null, and null with nothing but null.
                let value = value.unwrap_or(&Value::Null);
                rank(value) == rank(operand) && comparison.accepts(compare(value, operand))
            }
            Self::All(_) | Self::Not(_) => false,
        }
    }
}

impl Comparison {
    fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Eq => order.is_eq(),
            Self::Gt => order.is_gt(),
            Self::Gte => order.is_ge(),
            Self::Lt => order.is_lt(),
            Self::Lte => order.is_le(),
        }
    }
}

#[cfg(test)]
mod tests;
