//! Projections of an array's elements: `$slice`, `$elemMatch` and `.$`.

use serde_json::{Map, Value};

use crate::StoreError;
use crate::budget::Budget;
use crate::query::parse::{Parser, is_operators};
use crate::query::path::Segment;
use crate::query::update::integer;
use crate::query::{Condition, Filter, Path};

/// Which elements of an array are kept.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    /// So many from an index on, which counts from the end below 0.
    Slice(i64, usize),
    /// The first that is an object matching this.
    FirstObject(Filter),
    /// The first for which this holds.
    FirstValue(Condition),
    /// The one that made the document match.
    Matched,
}

impl Part {
    /// Reads `$slice` or `$elemMatch`, and whether other fields are left out then; None for
    /// anything else.
    pub(super) fn parse(
        name: &str,
        operators: &Map<String, Value>,
        parser: &mut Parser<'_>,
    ) -> Result<Option<(Self, Option<bool>)>, StoreError> {
        let mut operators = operators.iter();
        let (Some((operator, value)), None) = (operators.next(), operators.next()) else {
            return Ok(None);
        };
        match (operator.as_str(), value) {
            ("$slice", _) => Ok(slice(value).map(|part| (part, None))),
            ("$elemMatch", Value::Object(_)) if name.contains('.') => {
                Err(StoreError::bad_query(format!(
                    "fields has $elemMatch on the path {name:?}; it may stand on a plain name only"
                )))
            }
            ("$elemMatch", Value::Object(inner)) => {
                let joins = |key: &String| ["$and", "$or", "$nor"].contains(&key.as_str());
                let part = if is_operators(inner) && !inner.keys().next().is_some_and(joins) {
                    Self::FirstValue(parser.element_operators(inner, name)?)
                } else {
                    Self::FirstObject(parser.element_filter(inner)?)
                };
                Ok(Some((part, Some(true))))
            }
            _ => Ok(None),
        }
    }

    pub(super) fn apply(
        &self,
        document: &mut Map<String, Value>,
        path: &Path,
        filter: &Filter,
        budget: &Budget,
    ) -> Result<(), StoreError> {
        match self {
            Self::Slice(from, count) => {
                slice_in_object(document, path.segments(), *from, *count, budget);
            }
            Self::FirstObject(_) | Self::FirstValue(_) => self.keep_first(document, path, budget),
            Self::Matched => {
                let index = filter.matched_index(document, path, budget);
                budget.check()?;
                let index = index.ok_or_else(|| {
                    StoreError::bad_query(format!(
                        "the `$` after {path} in fields stands for the array's element that the \
                         query matched, and the query names none"
                    ))
                })?;
                if let Some(array) = array_at(document, path.segments()) {
                    array.truncate(index.saturating_add(1));
                    array.drain(..array.len().min(index));
                }
            }
        }
        Ok(())
    }

    /// Keeps the first element that matches; the whole field goes when there is none.
    fn keep_first(&self, document: &mut Map<String, Value>, path: &Path, budget: &Budget) {
        let matches = |element: &Value| match self {
            Self::FirstObject(filter) => filter.matches_element(element, budget),
            Self::FirstValue(condition) => condition.holds_alone(element, budget),
            Self::Slice(..) | Self::Matched => false,
        };
        let Some(value) = document.get_mut(path.as_str()) else {
            return;
        };
        let first = value
            .as_array_mut()
            .and_then(|array| array.iter_mut().find(|e| budget.step() || matches(e)));
        match first.map(Value::take) {
            Some(first) => *value = Value::Array(vec![first]),
            None => {
                let _ = budget.steps(1 + document.len());
                document.shift_remove(path.as_str());
            }
        }
    }
}

fn slice(value: &Value) -> Option<Part> {
    match value {
        Value::Array(pair) => {
            let [from, count] = pair.as_slice() else {
                return None;
            };
            let count = usize::try_from(integer(count)?).ok()?;
            (count > 0).then_some(Part::Slice(integer(from)?, count))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            let count = integer(value)?;
            let size = usize::try_from(count.unsigned_abs()).ok()?;
            Some(Part::Slice(count.min(0), size))
        }
    }
}

fn array_at<'a>(
    document: &'a mut Map<String, Value>,
    steps: &[Segment],
) -> Option<&'a mut Vec<Value>> {
    let (last, way) = steps.split_last()?;
    let object = way.iter().try_fold(document, |object, step| {
        object.get_mut(&step.name)?.as_object_mut()
    })?;
    object.get_mut(&last.name)?.as_array_mut()
}

/// Cuts the array at the end of the steps, in each object on the way.
fn slice_in_object(
    object: &mut Map<String, Value>,
    steps: &[Segment],
    from: i64,
    count: usize,
    budget: &Budget,
) {
    let Some((step, rest)) = steps.split_first() else {
        return;
    };
    if budget.step_by_name(&step.name) {
        return;
    }
    if let Some(value) = object.get_mut(&step.name) {
        slice_in(value, rest, from, count, budget);
    }
}

fn slice_in(value: &mut Value, steps: &[Segment], from: i64, count: usize, budget: &Budget) {
    match value {
        Value::Array(array) if steps.is_empty() => {
            let size = usize::try_from(from.unsigned_abs()).unwrap_or(usize::MAX);
            let start = if from < 0 {
                array.len().saturating_sub(size)
            } else {
                size.min(array.len())
            };
            array.truncate(start.saturating_add(count));
            array.drain(..start);
        }
        Value::Object(object) => slice_in_object(object, steps, from, count, budget),
        Value::Array(array) => {
            for element in array {
                if budget.step() {
                    return;
                }
                slice_in(element, steps, from, count, budget);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
