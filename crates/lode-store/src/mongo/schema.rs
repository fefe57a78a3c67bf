//! What has to be there before the store is used: indexes of the catalogue, and its version.

use mongodb::bson::{Document, doc};

use crate::StoreError;
use crate::mongo::fault::{Fault, failed};
use crate::mongo::names::{HOOK_VERSIONS, HOOKS, LOGS, OUTBOX, SCHEDULES, STATE};
use crate::mongo::server::{MAX_TIME, Server};

/// How the catalogue is laid out. A later Lode that changes it raises the number.
const VERSION: i32 = 1;

/// Collection, keys. All of them are the same however often they are created.
fn indexes() -> [(&'static str, Document); 6] {
    [
        (HOOKS, doc! {"app": 1, "name": 1}),
        (HOOK_VERSIONS, doc! {"app": 1, "name": 1, "version": 1}),
        (SCHEDULES, doc! {"app": 1, "name": 1}),
        (OUTBOX, doc! {"app": 1, "at_ms": 1}),
        (OUTBOX, doc! {"kind": 1, "app": 1, "next_at_ms": 1}),
        (LOGS, doc! {"app": 1, "_id": 1}),
    ]
}

/// Makes ready; of many workers that do so at once, each finds it done or does the same.
pub(super) async fn prepare(server: &Server) -> Result<(), StoreError> {
    server.greet().await?;
    let step = "prepare the collections";
    let state = server.collection::<Document>(STATE);
    let found = state
        .find_one(doc! {"_id": "schema"})
        .max_time(MAX_TIME)
        .await
        .map_err(failed(step))?;
    let found = found.and_then(|found| found.get_i32("version").ok());
    if let Some(version) = found
        && version > VERSION
    {
        return Err(StoreError::BadUrl(format!(
            "{} was prepared by a newer Lode (layout {version}; this one knows {VERSION})",
            server.place
        )));
    }
    for (collection, key) in indexes() {
        let parts: Vec<&str> = key.keys().map(String::as_str).collect();
        let name = format!("lode_{}", parts.join("_"));
        let command = doc! {
            "createIndexes": collection,
            "indexes": [{"key": key, "name": name}],
        };
        server
            .write(command)
            .await
            .map_err(|fault| fault.during(step))?;
    }
    let command = doc! {
        "update": STATE,
        "updates": [{"q": {"_id": "schema"}, "u": {"$set": {"version": VERSION}}, "upsert": true}],
    };
    let done = server.write(command).await;
    done.map(drop)
        .or_else(|fault: Fault| match fault.is_duplicate_key() {
            // Another worker was first.
            true => Ok(()),
            false => Err(fault.during(step)),
        })
}
