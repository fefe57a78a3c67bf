//! Inserts, saves, updates and removals; each runs in a transaction that its caller opened.

use std::ops::ControlFlow;

use rusqlite::{ErrorCode, Transaction, params};
use serde_json::{Map, Value};

use crate::budget::Budget;
use crate::ids::ObjectIds;
use crate::limits::BUFFER_BYTES_MAX;
use crate::query::{Document, Filter, Update, UpdateOptions};
use crate::sqlite::documents::Write;
use crate::sqlite::read::Texts;
use crate::sqlite::scan::Scope;
use crate::sqlite::{failed, require_app};
use crate::{DocReply, StoreError};

impl Write {
    pub(super) fn run(
        self,
        transaction: &Transaction<'_>,
        app: &str,
        ids: &ObjectIds,
        budget: &Budget,
    ) -> Result<DocReply, StoreError> {
        require_app(transaction, app)?;
        let scope = |collection| Scope {
            transaction,
            app,
            collection,
            budget,
        };
        let json = match self {
            Self::Insert {
                collection,
                entities,
            } => insert_all(&scope(&collection), entities, ids)?,
            Self::Save { collection, entity } => save(&scope(&collection), entity, ids)?,
            Self::Update {
                collection,
                filter,
                update,
                options,
            } => update_matching(&scope(&collection), &filter, &update, options, ids)?,
            Self::Remove { collection, filter } => {
                format!(r#"{{"count":{}}}"#, remove(&scope(&collection), &filter)?)
            }
        };
        Ok(DocReply::new(json))
    }
}

fn insert_all(
    scope: &Scope<'_>,
    entities: Vec<Map<String, Value>>,
    ids: &ObjectIds,
) -> Result<String, StoreError> {
    let mut inserted = Texts::array();
    for entity in entities {
        scope.budget.check()?;
        let document = Document::new(entity, || ids.next())?;
        insert(scope, &document)?;
        inserted.push(&document.text)?;
    }
    Ok(inserted.finish())
}

fn insert(scope: &Scope<'_>, document: &Document) -> Result<(), StoreError> {
    let inserted = scope
        .transaction
        .prepare_cached("INSERT INTO documents (app, collection, id, doc) VALUES (?1, ?2, ?3, ?4)")
        .and_then(|mut statement| {
            statement.execute([scope.app, scope.collection, &document.id, &document.text])
        });
    match inserted {
        Ok(_) => Ok(()),
        // The app was looked up in this transaction, so the only constraint left is the key.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(StoreError::DuplicateKey {
                collection: scope.collection.to_owned(),
                id: shown_id(&document.id),
            })
        }
        Err(error) => Err(failed("insert a document")(error)),
    }
}

/// A canonical id as the JSON that the caller would write.
fn shown_id(canonical: &str) -> String {
    match canonical.split_once(':') {
        Some(("s", text)) => Value::from(text).to_string(),
        Some((_, number)) => number.to_owned(),
        None => canonical.to_owned(),
    }
}

fn save(
    scope: &Scope<'_>,
    entity: Map<String, Value>,
    ids: &ObjectIds,
) -> Result<String, StoreError> {
    let document = Document::new(entity, || ids.next())?;
    scope
        .transaction
        .prepare_cached(
            "INSERT INTO documents (app, collection, id, doc) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (app, collection, id) DO UPDATE SET doc = excluded.doc",
        )
        .and_then(|mut statement| {
            statement.execute([scope.app, scope.collection, &document.id, &document.text])
        })
        .map_err(failed("save a document"))?;
    Ok(document.text)
}

fn update_matching(
    scope: &Scope<'_>,
    filter: &Filter,
    update: &Update,
    options: UpdateOptions,
    ids: &ObjectIds,
) -> Result<String, StoreError> {
    let (matched, changed) = updated_documents(scope, filter, update, options, ids)?;
    for (seq, document) in &changed {
        scope.budget.check()?;
        scope
            .transaction
            .prepare_cached(
                "UPDATE documents SET doc = ?4 WHERE app = ?1 AND collection = ?2 AND seq = ?3",
            )
            .and_then(|mut statement| {
                statement.execute(params![scope.app, scope.collection, seq, document.text])
            })
            .map_err(failed("update a document"))?;
    }
    if matched == 0 && options.upsert {
        let document = Document::new(update.upserted_within(filter, scope.budget)?, || ids.next())?;
        insert(scope, &document)?;
        return Ok(r#"{"numberAffected":1,"updatedExisting":false}"#.to_owned());
    }
    let existing = matched > 0;
    Ok(format!(
        r#"{{"numberAffected":{matched},"updatedExisting":{existing}}}"#
    ))
}

/// How many documents matched, and those that changed. All are computed before the first is
/// written: a scan must not meet its own updates.
fn updated_documents(
    scope: &Scope<'_>,
    filter: &Filter,
    update: &Update,
    options: UpdateOptions,
    ids: &ObjectIds,
) -> Result<(usize, Vec<(i64, Document)>), StoreError> {
    let mut matched = 0;
    let mut changed = Vec::new();
    let mut bytes = 0;
    scope.scan(filter, |found| {
        matched += 1;
        let updated = update.apply_within(&found.fields, scope.budget)?;
        let document = Document::new(updated, || ids.next())?;
        if document.text != found.text {
            bytes += document.text.len();
            changed.push((found.seq, document));
        }
        if bytes > BUFFER_BYTES_MAX {
            return Err(StoreError::LimitExceeded {
                what: "the memory for one update".to_owned(),
                limit: format!("{BUFFER_BYTES_MAX} bytes"),
                advice: "update in parts, with a query that matches less",
            });
        }
        Ok(if options.multi {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    Ok((matched, changed))
}

fn remove(scope: &Scope<'_>, filter: &Filter) -> Result<usize, StoreError> {
    if filter.is_trivial() {
        return scope
            .transaction
            .prepare_cached("DELETE FROM documents WHERE app = ?1 AND collection = ?2")
            .and_then(|mut statement| statement.execute([scope.app, scope.collection]))
            .map_err(failed("empty the collection"));
    }
    let mut doomed = Vec::new();
    scope.scan(filter, |found| {
        doomed.push(found.seq);
        Ok(ControlFlow::Continue(()))
    })?;
    for seq in &doomed {
        scope.budget.check()?;
        scope
            .transaction
            .prepare_cached("DELETE FROM documents WHERE app = ?1 AND collection = ?2 AND seq = ?3")
            .and_then(|mut statement| statement.execute(params![scope.app, scope.collection, seq]))
            .map_err(failed("remove a document"))?;
    }
    Ok(doomed.len())
}
