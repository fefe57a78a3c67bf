//! New documents on their way to the server.

use std::collections::HashSet;

use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};
use mongodb::error::ErrorKind;
use serde_json::{Map, Value};

use crate::StoreError;
use crate::limits::DOCUMENT_BYTES_MAX;
use crate::mongo::fault::{Fault, failed, too_large};
use crate::mongo::place::Place;
use crate::mongo::server::MAX_TIME;
use crate::mongo::value::{to_document, to_json};
use crate::operation::{Effect, RowWrite, shown_id};
use crate::query::{Document as Checked, canonical_id};

/// Another save of the same document may come first; then it is there.
const SAVE_TRIES: usize = 5;

/// The new documents of an effect.
pub(super) fn checked(effect: &Effect) -> Vec<&Checked> {
    let documents = effect.writes.iter().filter_map(|write| match write {
        RowWrite::Insert(document) | RowWrite::Save(document) => Some(document),
        RowWrite::Replace(..) | RowWrite::Delete(_) => None,
    });
    documents.collect()
}

/// A checked document as the server gets it.
pub(super) fn stored(document: &Checked) -> Result<Document, StoreError> {
    let fields: Map<String, Value> = serde_json::from_str(&document.text)
        .map_err(|error| StoreError::unavailable("read a document that it had written", error))?;
    to_document(&fields)
}

fn encoded(document: &Document) -> Result<RawDocumentBuf, StoreError> {
    let bytes = RawDocumentBuf::try_from(document)
        .map_err(|error| StoreError::unavailable("write a document as BSON", error))?;
    match bytes.as_bytes().len() {
        length if length > DOCUMENT_BYTES_MAX => Err(too_large(Some(length))),
        _ => Ok(bytes),
    }
}

fn duplicate(place: &Place<'_>, document: &Checked) -> StoreError {
    StoreError::DuplicateKey {
        collection: place.collection.to_owned(),
        id: shown_id(&document.id),
    }
}

/// New documents: all, or none as far as no other insert comes in between.
pub(super) async fn insert(place: &Place<'_>, documents: &[&Checked]) -> Result<(), StoreError> {
    let mut seen = HashSet::new();
    let mut ids = Vec::with_capacity(documents.len());
    let mut raw = Vec::with_capacity(documents.len());
    for document in documents {
        if !seen.insert(document.id.as_str()) {
            return Err(duplicate(place, document));
        }
        let stored = stored(document)?;
        ids.push(stored.get("_id").cloned().unwrap_or(Bson::Null));
        raw.push(encoded(&stored)?);
        place.budget.check()?;
    }
    if raw.is_empty() {
        return Ok(());
    }
    if raw.len() > 1
        && let Some(known) = first_known(place, &ids).await?
    {
        let canonical = canonical_id(&to_json(known));
        let is_known = |it: &&&Checked| Some(&it.id) == canonical.as_ref();
        let document = documents.iter().find(is_known).unwrap_or(&documents[0]);
        return Err(duplicate(place, document));
    }
    let collection = place.server.collection::<RawDocumentBuf>(&place.name);
    let Err(error) = collection.insert_many(raw).ordered(true).await else {
        return Ok(());
    };
    let fault = Fault::of(&error);
    if !fault.is_duplicate_key() {
        return Err(failed("insert documents")(error));
    }
    let mut at = None;
    if let ErrorKind::InsertMany(said) = &*error.kind {
        at = said.write_errors.as_ref().and_then(|all| all.first());
    }
    let at = at.map_or(0, |first| first.index).min(ids.len() - 1);
    // Those before it are there, and nobody has heard of them.
    if at > 0 {
        let ours = doc! {"q": {"_id": {"$in": &ids[..at]}}, "limit": 0};
        let undo = doc! {"delete": &place.name, "deletes": [ours]};
        let undone = place.server.write(undo).await;
        undone.map_err(|fault| fault.during("take back documents"))?;
    }
    match fault.is_duplicate_username() {
        true => Err(StoreError::DuplicateUsername),
        false => Err(duplicate(place, documents[at])),
    }
}

/// One of these ids that a document has.
async fn first_known(place: &Place<'_>, ids: &[Bson]) -> Result<Option<Bson>, StoreError> {
    let found = place
        .documents()
        .find_one(doc! {"_id": {"$in": ids}})
        .projection(doc! {"_id": 1})
        .max_time(MAX_TIME)
        .await
        .map_err(failed("look for the ids"))?;
    Ok(found.and_then(|found| found.get("_id").cloned()))
}

pub(super) async fn save(place: &Place<'_>, document: &Checked) -> Result<(), StoreError> {
    let stored = stored(document)?;
    encoded(&stored)?;
    let id = stored.get("_id").cloned().unwrap_or(Bson::Null);
    let command = doc! {
        "update": &place.name,
        "updates": [{"q": {"_id": id}, "u": stored, "upsert": true}],
    };
    let mut tries = 0;
    loop {
        tries += 1;
        match place.server.write(command.clone()).await {
            // Another save of the same document was first: now it is there.
            Err(fault)
                if fault.is_duplicate_key()
                    && !fault.is_duplicate_username()
                    && tries < SAVE_TRIES => {}
            done => {
                return done
                    .map(drop)
                    .map_err(|fault| fault.during("save a document"));
            }
        }
    }
}
