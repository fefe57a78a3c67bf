//! Indexes on paths: MongoDB's own, and a list of who asked for which.

use mongodb::bson::{Document, doc};
use serde::{Deserialize, Serialize};

use crate::limits::{INDEX_MS_MAX, INDEXES_MAX};
use crate::mongo::fault::{Fault, failed};
use crate::mongo::names::{self, INDEXES};
use crate::mongo::server::Server;
use crate::mongo::signed;
use crate::{Index, StoreError};

#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    app: String,
    collection: String,
    path: String,
}

impl From<Stored> for Index {
    fn from(stored: Stored) -> Self {
        Self {
            collection: stored.collection,
            path: stored.path,
        }
    }
}

/// Creates an index, and fills it; false when it exists already. It is on the list before it is
/// there: whoever dies in between finds it on the list and may drop it.
pub(super) async fn create(server: &Server, app: &str, index: &Index) -> Result<bool, StoreError> {
    let step = "create the index";
    server.require_app(app).await?;
    let collection = names::collection(server.database(), app, &index.collection)?;
    let known = all(server, app).await?;
    let is_new = !known.contains(index);
    if is_new && known.len() >= INDEXES_MAX {
        return Err(StoreError::LimitExceeded {
            what: format!("the number of indexes of the app `{app}`"),
            limit: INDEXES_MAX.to_string(),
            advice: "drop one that is not needed",
        });
    }
    if is_new {
        note(server, app, index).await?;
    }
    let command = doc! {
        "createIndexes": collection,
        "indexes": [{"key": {&index.path: 1}, "name": name(index)}],
        "maxTimeMS": signed(INDEX_MS_MAX),
    };
    match server.write(command).await {
        Ok(_) => Ok(is_new),
        Err(fault) => {
            if is_new {
                forget(server, app, index).await?;
            }
            Err(fault.during(step))
        }
    }
}

/// Drops an index; false when there is none.
pub(super) async fn drop(server: &Server, app: &str, index: &Index) -> Result<bool, StoreError> {
    // What is not on the list is not an app's, such as that on `_id`.
    if !all(server, app).await?.contains(index) {
        return Ok(false);
    }
    let collection = names::collection(server.database(), app, &index.collection)?;
    let command = doc! {"dropIndexes": collection, "index": name(index)};
    match server.write(command).await {
        Ok(_) => {}
        Err(fault) if fault.is_nothing_there() => {}
        Err(fault) => return Err(fault.during("drop the index")),
    }
    forget(server, app, index).await
}

/// An app's indexes, ordered by collection and path.
pub(super) async fn all(server: &Server, app: &str) -> Result<Vec<Index>, StoreError> {
    let by_path = (doc! {"app": app}, doc! {"collection": 1, "path": 1});
    let found: Vec<Stored> = server
        .list(INDEXES, by_path, None, "list the indexes")
        .await?;
    Ok(found.into_iter().map(Index::from).collect())
}

async fn note(server: &Server, app: &str, index: &Index) -> Result<(), StoreError> {
    let entry = doc! {
        "_id": id(app, index),
        "app": app,
        "collection": &index.collection,
        "path": &index.path,
    };
    match server
        .collection::<Document>(INDEXES)
        .insert_one(entry)
        .await
    {
        Ok(_) => Ok(()),
        // Somebody else creates it at this moment.
        Err(error) if Fault::of(&error).is_duplicate_key() => Ok(()),
        Err(error) => Err(failed("create the index")(error)),
    }
}

async fn forget(server: &Server, app: &str, index: &Index) -> Result<bool, StoreError> {
    let entries = server.collection::<Document>(INDEXES);
    let deleted = entries.delete_one(doc! {"_id": id(app, index)}).await;
    let deleted = deleted.map_err(failed("drop the index"))?;
    Ok(deleted.deleted_count > 0)
}

/// NUL is in no name.
fn id(app: &str, index: &Index) -> String {
    format!("{app}\0{}\0{}", index.collection, index.path)
}

fn name(index: &Index) -> String {
    format!("lode_{}", index.path)
}
