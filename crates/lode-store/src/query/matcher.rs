//! Decides whether a document matches a filter; every row of every query passes here.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::budget::Budget;
use crate::query::order::{compare_within, rank};
use crate::query::path::{Fields, Reach, any_in_element};
use crate::query::{Comparison, Condition, Filter, Leaf, Path};

impl Filter {
    /// Whether the document matches.
    pub fn matches(&self, document: &Map<String, Value>) -> bool {
        self.matches_within(document, &Budget::unlimited())
    }

    /// Whether the document matches; means nothing once the budget is spent.
    pub(crate) fn matches_within(&self, document: &Map<String, Value>, budget: &Budget) -> bool {
        self.matches_fields(Fields::Object(document), budget)
    }

    fn matches_fields(&self, document: Fields<'_>, budget: &Budget) -> bool {
        if budget.step() {
            return false;
        }
        let matches = |filter: &Self| filter.matches_fields(document, budget);
        match self {
            Self::And(filters) => filters.iter().all(matches),
            Self::Or(filters) => filters.iter().any(matches),
            Self::Nor(filters) => !filters.iter().any(matches),
            Self::Field(path, condition) => condition.holds_at(path, document, budget),
        }
    }

    /// Whether an array's element is a document that matches; an array stands for the object of
    /// its indexes.
    pub(crate) fn matches_element(&self, element: &Value, budget: &Budget) -> bool {
        Fields::of(element).is_some_and(|fields| self.matches_fields(fields, budget))
    }

    /// The index of the element, in the first array on the way, that made the document match:
    /// what `$` stands for. Of several conditions the last one that tells decides; one on `array`
    /// or below it goes before all others.
    pub(crate) fn matched_index(
        &self,
        document: &Map<String, Value>,
        array: &Path,
        budget: &Budget,
    ) -> Option<usize> {
        let mut best = None;
        self.collect_index(document, array, budget, &mut best);
        best.map(|(_, index)| index)
    }

    fn collect_index(
        &self,
        document: &Map<String, Value>,
        array: &Path,
        budget: &Budget,
        best: &mut Option<(bool, usize)>,
    ) {
        match self {
            Self::And(filters) => {
                for filter in filters {
                    filter.collect_index(document, array, budget, best);
                }
            }
            Self::Or(filters) => {
                let matching = filters.iter().find(|f| f.matches_within(document, budget));
                if let Some(filter) = matching {
                    filter.collect_index(document, array, budget, best);
                }
            }
            Self::Nor(_) => {}
            Self::Field(path, condition) => {
                let is_meant = path.segments().starts_with(array.segments());
                if best.is_some_and(|(was_meant, _)| was_meant && !is_meant) {
                    return;
                }
                if let Some(index) = condition.index_at(path, document, budget) {
                    *best = Some((is_meant, index));
                }
            }
        }
    }
}

impl Condition {
    fn holds_at(&self, path: &Path, document: Fields<'_>, budget: &Budget) -> bool {
        match self {
            Self::All(conditions) => conditions
                .iter()
                .all(|c| c.holds_at(path, document, budget)),
            Self::Not(condition) => !condition.holds_at(path, document, budget),
            Self::Leaf(leaf) => path.any(document, leaf.reach(), budget, &mut |value| {
                leaf.holds(value, budget)
            }),
        }
    }

    /// The index of the first element through which it holds.
    fn index_at(
        &self,
        path: &Path,
        document: &Map<String, Value>,
        budget: &Budget,
    ) -> Option<usize> {
        match self {
            Self::All(conditions) => conditions
                .iter()
                .rev()
                .find_map(|c| c.index_at(path, document, budget)),
            Self::Not(_) => None,
            Self::Leaf(leaf) => {
                let (array, rest) = path.first_array(document)?;
                let holds = |index, element| {
                    if rest.is_empty() {
                        return leaf.holds_for_member(element, budget);
                    }
                    let visit = &mut |value: Option<&Value>| leaf.holds(value, budget);
                    any_in_element(element, index, rest, leaf.reach(), budget, visit)
                };
                (0..)
                    .zip(array)
                    .position(|(index, element)| holds(index, element))
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
            Self::Leaf(leaf) => {
                let inner = match (leaf.reach(), element) {
                    (Reach::Elements, Value::Array(inner)) => inner.as_slice(),
                    _ => &[],
                };
                inner
                    .iter()
                    .any(|value| budget.step() || leaf.holds(Some(value), budget))
                    || budget.step()
                    || leaf.holds(Some(element), budget)
            }
        }
    }

    /// Whether it holds for a value by itself: an array is not entered.
    pub(crate) fn holds_alone(&self, value: &Value, budget: &Budget) -> bool {
        match self {
            Self::All(conditions) => conditions.iter().all(|c| c.holds_alone(value, budget)),
            Self::Not(condition) => !condition.holds_alone(value, budget),
            Self::Leaf(leaf) => !budget.step() && leaf.holds(Some(value), budget),
        }
    }
}

impl Leaf {
    /// Whether it holds for an array thanks to this element.
    fn holds_for_member(&self, element: &Value, budget: &Budget) -> bool {
        if budget.step() {
            return true;
        }
        match self {
            Self::ElemMatch(filter) => filter.matches_element(element, budget),
            Self::ElemValue(condition) => condition.holds_alone(element, budget),
            Self::Size(_) => false,
            Self::Compare(..)
            | Self::In(_)
            | Self::Exists
            | Self::Type(_)
            | Self::Regex(_)
            | Self::Mod { .. }
            | Self::Within(_)
            | Self::Near(_) => self.holds(Some(element), budget),
        }
    }

    fn holds(&self, value: Option<&Value>, budget: &Budget) -> bool {
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
            Self::Type(types) => value.is_some_and(|value| types.contain(value)),
            Self::Regex(pattern) => value
                .and_then(Value::as_str)
                .is_some_and(|text| pattern.is_found_in(text, budget)),
            Self::Mod { divisor, remainder } => value
                .and_then(whole)
                .is_some_and(|number| number.checked_rem(*divisor).unwrap_or(0) == *remainder),
            Self::Size(size) => value
                .and_then(Value::as_array)
                .is_some_and(|array| array.len() == *size),
            Self::ElemMatch(_) | Self::ElemValue(_) => value
                .and_then(Value::as_array)
                .is_some_and(|array| array.iter().any(|e| self.holds_for_member(e, budget))),
            Self::Within(region) => value.is_some_and(|value| region.contains(value, budget)),
            Self::Near(near) => {
                // Some sines and roots.
                !budget.steps(10) && value.is_some_and(|value| near.distance(value).is_some())
            }
        }
    }
}

/// A number cut to an integer, if that has at most 64 bits.
pub(crate) fn whole(value: &Value) -> Option<i64> {
    /// 2^63, exact as a float.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    let Value::Number(number) = value else {
        return None;
    };
    if let Some(integer) = number.as_i64() {
        return Some(integer);
    }
    let float = number.as_f64()?.trunc();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole and within the bounds"
    )]
    let integer = float as i64;
    (!number.is_u64() && (-BEYOND..BEYOND).contains(&float)).then_some(integer)
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
