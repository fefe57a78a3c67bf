//! Finds: order, skip, limit and projection of what matches.

use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::near::distance;
use super::{Found, Search, Sink, Texts};
use crate::StoreError;
use crate::budget::Budget;
use crate::query::{Filter, FindOptions, Sort, SortBuffer};

/// Collects the result of a find.
#[derive(Debug)]
pub(crate) struct Finder<'a> {
    options: &'a FindOptions,
    order: Order,
    result: Texts,
    skipped: usize,
    taken: usize,
}

#[derive(Debug)]
enum Order {
    Insertion,
    Sort(SortBuffer),
    /// Nearest first.
    Distance(SortBuffer),
}

impl<'a> Finder<'a> {
    /// The result is added to `result`.
    pub(crate) fn new(filter: &Filter, options: &'a FindOptions, result: Texts) -> Self {
        let keep = options
            .limit
            .map(|limit| limit.saturating_add(options.skip));
        let order = if !options.sort.is_empty() {
            Order::Sort(SortBuffer::new(options.sort.clone(), keep))
        } else if filter.near().is_some() {
            Order::Distance(SortBuffer::new(Sort::by_distance(), keep))
        } else {
            Order::Insertion
        };
        Self {
            options,
            order,
            result,
            skipped: 0,
            taken: 0,
        }
    }

    /// The result, once everything has been offered.
    pub(crate) fn finish(mut self, filter: &Filter, budget: &Budget) -> Result<Texts, StoreError> {
        let rows = match self.order {
            Order::Insertion => Vec::new(),
            Order::Sort(buffer) | Order::Distance(buffer) => buffer.finish(),
        };
        for text in rows.iter().skip(self.options.skip) {
            budget.check()?;
            if self.options.fields.keeps_all() {
                self.result.push(text)?;
                continue;
            }
            let fields = serde_json::from_str(text).map_err(|error| {
                StoreError::unavailable("read a document that it had read before", error)
            })?;
            let kept = projected(fields, self.options, filter, budget)?;
            self.result.push(&kept)?;
        }
        Ok(self.result)
    }
}

impl Sink for Finder<'_> {
    fn take(
        &mut self,
        found: Found<'_>,
        search: &Search<'_>,
    ) -> Result<ControlFlow<()>, StoreError> {
        match &mut self.order {
            // The whole text: sorting may be by a field that the projection leaves out.
            Order::Sort(buffer) => buffer.push_within(&found.fields, found.text, search.budget)?,
            Order::Distance(buffer) => {
                let distance = distance(search.filter, &found.fields, search.budget);
                let key = distance.map_or(Value::Null, Value::from);
                match &self.options.distance_field {
                    None => buffer.push_key(&[Some(&key)], found.text, search.budget)?,
                    Some(field) => {
                        let text = field.add(found.fields, distance.unwrap_or_default());
                        buffer.push_key(&[Some(&key)], &text, search.budget)?;
                    }
                }
            }
            Order::Insertion if self.skipped < self.options.skip => self.skipped += 1,
            Order::Insertion => {
                if self.options.fields.keeps_all() {
                    self.result.push(found.text)?;
                } else {
                    let kept = projected(found.fields, self.options, search.filter, search.budget)?;
                    self.result.push(&kept)?;
                }
                self.taken += 1;
                if self.options.limit == Some(self.taken) {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

fn projected(
    fields: Map<String, Value>,
    options: &FindOptions,
    filter: &Filter,
    budget: &Budget,
) -> Result<String, StoreError> {
    let kept = options.fields.apply(fields, filter, budget)?;
    budget.check()?;
    Ok(Value::Object(kept).to_string())
}
