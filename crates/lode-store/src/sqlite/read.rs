//! Finds and counts.

use std::ops::ControlFlow;

use rusqlite::Transaction;
use serde_json::{Map, Value};

use crate::budget::Budget;
use crate::limits::RESULT_BYTES_MAX;
use crate::query::{Filter, FindOptions, SortBuffer};
use crate::sqlite::documents::Read;
use crate::sqlite::scan::{Found, Scope};
use crate::sqlite::{failed, require_app};
use crate::{DocReply, StoreError};

impl Read {
    pub(super) fn run(
        self,
        transaction: &Transaction<'_>,
        app: &str,
        budget: &Budget,
    ) -> Result<DocReply, StoreError> {
        require_app(transaction, app)?;
        let scope = |collection| Scope {
            transaction,
            app,
            collection,
            budget,
        };
        let json = match &self {
            Self::Find {
                collection,
                filter,
                options,
            } => {
                let mut found = Texts::array();
                find(&scope(collection), filter, options, &mut found)?;
                found.finish()
            }
            Self::FindOne {
                collection,
                filter,
                options,
            } => {
                let mut found = Texts::default();
                find(&scope(collection), filter, options, &mut found)?;
                if found.json.is_empty() {
                    "null".to_owned()
                } else {
                    found.json
                }
            }
            Self::Count { collection, filter } => {
                format!(r#"{{"count":{}}}"#, count(&scope(collection), filter)?)
            }
            Self::Exists { collection } => exists(&scope(collection))?.to_string(),
        };
        Ok(DocReply::new(json))
    }
}

/// JSON texts joined into one, up to the limit.
#[derive(Default)]
pub(super) struct Texts {
    json: String,
    is_array: bool,
}

impl Texts {
    pub(super) fn array() -> Self {
        Self {
            json: "[".to_owned(),
            is_array: true,
        }
    }

    pub(super) fn push(&mut self, text: &str) -> Result<(), StoreError> {
        if self.json.len() + text.len() + 2 > RESULT_BYTES_MAX {
            return Err(StoreError::LimitExceeded {
                what: "the result".to_owned(),
                limit: format!("{RESULT_BYTES_MAX} bytes"),
                advice: "give a limit, or name the wanted fields",
            });
        }
        if self.json.len() > 1 {
            self.json.push(',');
        }
        self.json.push_str(text);
        Ok(())
    }

    pub(super) fn finish(mut self) -> String {
        if self.is_array {
            self.json.push(']');
        }
        self.json
    }
}

fn find(
    scope: &Scope<'_>,
    filter: &Filter,
    options: &FindOptions,
    result: &mut Texts,
) -> Result<(), StoreError> {
    if !options.sort.is_empty() {
        return find_sorted(scope, filter, options, result);
    }
    let mut skipped = 0;
    let mut taken = 0;
    scope.scan(filter, |found| {
        if skipped < options.skip {
            skipped += 1;
            return Ok(ControlFlow::Continue(()));
        }
        result.push(&trimmed(found, options, scope.budget)?)?;
        taken += 1;
        Ok(if options.limit == Some(taken) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })
}

fn find_sorted(
    scope: &Scope<'_>,
    filter: &Filter,
    options: &FindOptions,
    result: &mut Texts,
) -> Result<(), StoreError> {
    let keep = options
        .limit
        .map(|limit| limit.saturating_add(options.skip));
    let mut buffer = SortBuffer::new(options.sort.clone(), keep);
    scope.scan(filter, |found| {
        // The whole text: sorting may be by a field that the projection leaves out.
        buffer.push_within(&found.fields, found.text, scope.budget)?;
        Ok(ControlFlow::Continue(()))
    })?;
    for text in buffer.finish().iter().skip(options.skip) {
        scope.budget.check()?;
        match options.fields.keeps_all() {
            true => result.push(text)?,
            false => {
                let fields = serde_json::from_str(text).map_err(|error| {
                    StoreError::unavailable("read a document that it had read before", error)
                })?;
                result.push(&projected(fields, options, scope.budget)?)?;
            }
        }
    }
    Ok(())
}

fn trimmed(found: Found<'_>, options: &FindOptions, budget: &Budget) -> Result<String, StoreError> {
    if options.fields.keeps_all() {
        return Ok(found.text.to_owned());
    }
    projected(found.fields, options, budget)
}

fn projected(
    fields: Map<String, Value>,
    options: &FindOptions,
    budget: &Budget,
) -> Result<String, StoreError> {
    let kept = options.fields.apply_within(fields, budget);
    budget.check()?;
    Ok(Value::Object(kept).to_string())
}

fn count(scope: &Scope<'_>, filter: &Filter) -> Result<u64, StoreError> {
    if filter.is_trivial() {
        return scope
            .transaction
            .prepare_cached("SELECT COUNT(*) FROM documents WHERE app = ?1 AND collection = ?2")
            .and_then(|mut statement| {
                statement.query_row([scope.app, scope.collection], |row| row.get(0))
            })
            .map(super::unsigned)
            .map_err(failed("count the collection"));
    }
    let mut count = 0;
    scope.scan(filter, |_| {
        count += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(count)
}

fn exists(scope: &Scope<'_>) -> Result<bool, StoreError> {
    scope
        .transaction
        .prepare_cached("SELECT 1 FROM documents WHERE app = ?1 AND collection = ?2")
        .and_then(|mut statement| statement.exists([scope.app, scope.collection]))
        .map_err(failed("look for the collection"))
}
