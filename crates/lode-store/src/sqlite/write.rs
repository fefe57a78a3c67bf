//! Inserts, saves, updates and removals; each runs in a transaction that its caller opened.

use rusqlite::{ErrorCode, Transaction, params};

use crate::budget::Budget;
use crate::ids::ObjectIds;
use crate::operation::{
    Chooser, Doomed, Effect, RowWrite, Updater, Write, inserted, saved, shown_id,
};
use crate::query::{Document, Filter, Occasion};
use crate::sqlite::scan::Scope;
use crate::sqlite::{failed, require_app};
use crate::{DocReply, StoreError, clock};

pub(super) fn run(
    write: Write,
    collection: &str,
    transaction: &Transaction<'_>,
    app: &str,
    ids: &ObjectIds,
    budget: &Budget,
) -> Result<DocReply, StoreError> {
    require_app(transaction, app)?;
    let scope = Scope {
        transaction,
        app,
        collection,
        budget,
    };
    let effect = match write {
        Write::Insert(entities) => inserted(entities, ids, budget)?,
        Write::Save(entity) => saved(entity, ids)?,
        Write::Update(filter, update, options) => {
            let mut updater = Updater::new(&update, options, clock::now_ms(), ids);
            scope.scan(&filter, &mut updater)?;
            updater.finish(&filter, budget)?
        }
        Write::Remove(filter) => remove(&scope, &filter)?,
        Write::FindAndModify(filter, what) => {
            let mut chooser = Chooser::new(&filter, &what.sort);
            scope.scan(&filter, &mut chooser)?;
            let occasion = Occasion {
                filter: &filter,
                now_ms: clock::now_ms(),
                budget,
            };
            what.effect(chooser, occasion, ids)?
        }
    };
    effect.check(collection)?;
    for write in &effect.writes {
        scope.budget.check()?;
        carry_out(&scope, write)?;
    }
    Ok(DocReply::new(effect.reply))
}

fn carry_out(scope: &Scope<'_>, write: &RowWrite) -> Result<(), StoreError> {
    match write {
        RowWrite::Insert(document) => insert(scope, document),
        RowWrite::Save(document) => save(scope, document),
        RowWrite::Replace(seq, document) => scope
            .transaction
            .prepare_cached(
                "UPDATE documents SET doc = ?4 WHERE app = ?1 AND collection = ?2 AND seq = ?3",
            )
            .and_then(|mut statement| {
                statement.execute(params![scope.app, scope.collection, seq, document.text])
            })
            .map(drop)
            .map_err(|error| refused(error, scope, document, "update a document")),
        RowWrite::Delete(seq) => scope
            .transaction
            .prepare_cached("DELETE FROM documents WHERE app = ?1 AND collection = ?2 AND seq = ?3")
            .and_then(|mut statement| statement.execute(params![scope.app, scope.collection, seq]))
            .map(drop)
            .map_err(failed("remove a document")),
    }
}

fn insert(scope: &Scope<'_>, document: &Document) -> Result<(), StoreError> {
    let inserted = scope
        .transaction
        .prepare_cached("INSERT INTO documents (app, collection, id, doc) VALUES (?1, ?2, ?3, ?4)")
        .and_then(|mut statement| {
            statement.execute([scope.app, scope.collection, &document.id, &document.text])
        });
    inserted
        .map(drop)
        .map_err(|error| refused(error, scope, document, "insert a document"))
}

/// The app was looked up in this transaction, so the only constraints left are the two keys.
fn refused(
    error: rusqlite::Error,
    scope: &Scope<'_>,
    document: &Document,
    step: &'static str,
) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) if error.to_string().contains("usernames") => {
            StoreError::DuplicateUsername
        }
        Some(ErrorCode::ConstraintViolation) => StoreError::DuplicateKey {
            collection: scope.collection.to_owned(),
            id: shown_id(&document.id),
        },
        _ => failed(step)(error),
    }
}

fn save(scope: &Scope<'_>, document: &Document) -> Result<(), StoreError> {
    scope
        .transaction
        .prepare_cached(
            "INSERT INTO documents (app, collection, id, doc) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (app, collection, id) DO UPDATE SET doc = excluded.doc",
        )
        .and_then(|mut statement| {
            statement.execute([scope.app, scope.collection, &document.id, &document.text])
        })
        .map(drop)
        .map_err(|error| refused(error, scope, document, "save a document"))
}

fn remove(scope: &Scope<'_>, filter: &Filter) -> Result<Effect, StoreError> {
    let reply = |count: usize| format!(r#"{{"count":{count}}}"#);
    if filter.is_trivial() {
        let removed = scope
            .transaction
            .prepare_cached("DELETE FROM documents WHERE app = ?1 AND collection = ?2")
            .and_then(|mut statement| statement.execute([scope.app, scope.collection]))
            .map_err(failed("empty the collection"))?;
        return Ok(Effect::none(reply(removed)));
    }
    let mut doomed = Doomed::default();
    scope.scan(filter, &mut doomed)?;
    Ok(Effect {
        reply: reply(doomed.0.len()),
        writes: doomed.0.into_iter().map(RowWrite::Delete).collect(),
    })
}
