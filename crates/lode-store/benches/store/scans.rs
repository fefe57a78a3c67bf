//! Scans that SQL cannot shorten, up to the bound and beyond it.

use anyhow::Result;
use lode_store::limits::SCAN_DOCUMENTS_MAX;
use lode_store::{DocOp, Store, StoreError};
use serde_json::json;

use crate::duel::{APP, fill};
use crate::say;
use crate::timing::{median_us, timed};

/// How often each is done.
const TIMES: usize = 5;
/// Bytes of a note that makes large documents of small ones.
const NOTES: [usize; 2] = [0, 2_000];
/// Bytes of a document without its note.
const BARE_BYTES: usize = 330;

/// Scans as many documents as one operation may, small ones and large ones; then the largest
/// collection there is, where that is refused.
pub(crate) async fn run(
    name: &str,
    store: &dyn Store,
    sizes: &[usize],
    is_quick: bool,
) -> Result<()> {
    let size = if is_quick { 1_000 } else { SCAN_DOCUMENTS_MAX };
    for note in NOTES {
        let collection = format!("scan_{note}");
        fill(store, &collection, size, &"x".repeat(note)).await?;
        let bytes = BARE_BYTES + note;
        scan(name, store, &collection, (size, bytes)).await?;
    }
    for &size in sizes {
        scan(name, store, &format!("c{size}"), (size, BARE_BYTES)).await?;
    }
    Ok(())
}

async fn scan(
    name: &str,
    store: &dyn Store,
    collection: &str,
    (size, bytes): (usize, usize),
) -> Result<()> {
    let collection = collection.to_owned();
    let op = DocOp::Count {
        collection,
        query: json!({"word": {"$ne": "word-7"}}),
    };
    let mut times = Vec::new();
    let mut end = "";
    for _ in 0..TIMES {
        let done = async { Ok(store.execute(APP, op.clone()).await) };
        let (done, time) = timed(done).await?;
        times.push(time);
        end = match done {
            Ok(_) => end,
            Err(StoreError::LimitExceeded { .. }) => ", refused",
            Err(StoreError::OperationTooLong { .. }) => ", too long",
            Err(error) => return Err(error.into()),
        };
    }
    let ms = median_us(&mut times) / 1_000.0;
    say(&format!(
        "| {name} | {size} | {bytes} | `count` with `$ne`{end} | {ms:.0} ms |"
    ))
}
