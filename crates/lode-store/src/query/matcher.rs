//! Decides whether a document matches a filter; every row of every query passes here.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::budget::Budget;
use crate::query::order::{compare_within, rank};
use crate::query::{Comparison, Condition, Filter, Path};

impl Filter {
    /// Whether the document matches.
    pub fn matches(&self, document: &Map<String, Value>) -> bool {
        self.matches_within(document, &Budget::unlimited())
    }

    /// Whether the document matches; means nothing once the budget is spent.
    pub(crate) fn matches_within(&self, document: &Map<String, Value>, budget: &Budget) -> bool {
        let matches = |filter: &Self| filter.matches_within(document, budget);
        match self {
            Self::And(filters) => filters.iter().all(matches),
            Self::Or(filters) => filters.iter().any(matches),
            Self::Nor(filters) => !filters.iter().any(matches),
            Self::Field(path, condition) => condition.holds_at(path, document, budget),
        }
    }
}

impl Condition {
    fn holds_at(&self, path: &Path, document: &Map<String, Value>, budget: &Budget) -> bool {
        match self {
            Self::All(conditions) => conditions
                .iter()
                .all(|c| c.holds_at(path, document, budget)),
            Self::Not(condition) => !condition.holds_at(path, document, budget),
            Self::Compare(..) | Self::In(_) | Self::Exists => {
                path.any(document, budget, &mut |value| {
                    self.leaf_holds(value, budget)
                })
            }
        }
    }

    /// Whether it holds for one element of an array, as if that were a field's value.
    pub(crate) fn holds_for_element(&self, element: &Value, budget: &Budget) -> bool {
        match self {
            Self::All(conditions) => conditions
                .iter()
                .all(|c| c.holds_for_element(element, budget)),
            Self::Not(condition) => !condition.holds_for_element(element, budget),
            Self::Compare(..) | Self::In(_) | Self::Exists => {
                let inner = element.as_array().map(Vec::as_slice).unwrap_or_default();
                inner
                    .iter()
                    .any(|value| budget.step() || self.leaf_holds(Some(value), budget))
                    || budget.step()
                    || self.leaf_holds(Some(element), budget)
            }
        }
    }

    fn leaf_holds(&self, value: Option<&Value>, budget: &Budget) -> bool {
        match self {
            Self::Exists => value.is_some(),
            Self::In(values) => {
                let value = value.unwrap_or(&Value::Null);
                values
                    .binary_search_by(|candidate| compare_within(candidate, value, budget))
                    .is_ok()
            }
            Self::Compare(comparison, operand) => {
                // Missing compares as null, and null with nothing but null.
                let value = value.unwrap_or(&Value::Null);
                rank(value) == rank(operand)
                    && comparison.accepts(compare_within(value, operand, budget))
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
