//! Log lines in their collection.
//!
//! One document hands out the numbers of lines, each time for a whole batch, and remembers which
//! batches are still on their way: whoever follows the lines reads up to the first of those, and
//! so misses none that arrives after one with a greater number.

use std::collections::BTreeMap;

use mongodb::bson::{Bson, Document, doc};
use mongodb::options::ReturnDocument;
use serde::{Deserialize, Serialize};

use crate::ids::ObjectIds;
use crate::limits::OPERATION_MS_MAX;
use crate::log::{Keep, LogLine, LogQuery, NewLogLine, level, rank};
use crate::mongo::fault::{Fault, failed};
use crate::mongo::names::{LOGS, STATE};
use crate::mongo::outbox::{forget, some_apps};
use crate::mongo::server::{MAX_TIME, Server};
use crate::mongo::{count, signed, unsigned};
use crate::{StoreError, clock};

/// Lines that one call takes away.
const PRUNED_MAX: usize = 10_000;

/// A batch that has been on its way for so long has lost its writer: twice what one may take.
const LOST_MS: u64 = 2 * OPERATION_MS_MAX;

const COUNTER: &str = "logs";

/// Tries to make the counter's document, which only one has to.
const TRIES: usize = 3;

#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    #[serde(rename = "_id")]
    seq: i64,
    app: String,
    at_ms: i64,
    level: i32,
    hook: String,
    job: String,
    message: String,
}

/// The one document that hands out numbers.
#[derive(Debug, Deserialize)]
struct Counter {
    /// The greatest that was handed out.
    seq: i64,
    /// Batches on their way, by a name that only their writer knows.
    #[serde(default)]
    open: BTreeMap<String, Batch>,
}

#[derive(Debug, Deserialize)]
struct Batch {
    /// No line of it has this number or a smaller one.
    after: i64,
    /// When it was opened.
    at_ms: i64,
}

/// Keeps lines, in their order.
pub(super) async fn append(
    server: &Server,
    lines: &[NewLogLine],
    ids: &ObjectIds,
) -> Result<(), StoreError> {
    if lines.is_empty() {
        return Ok(());
    }
    let name = ids.next();
    let after = open(server, &name, count(lines.len())).await?;
    let numbered = (after + 1..).zip(lines).map(|(seq, line)| Stored {
        seq,
        app: line.app.clone(),
        at_ms: signed(line.at_ms),
        level: rank(line.level).into(),
        hook: line.hook.clone(),
        job: line.job.clone(),
        message: line.message.clone(),
    });
    let numbered: Vec<Stored> = numbered.collect();
    let inserted = server
        .collection::<Stored>(LOGS)
        .insert_many(&numbered)
        .await;
    if inserted.is_err() {
        // All or none; the numbers are this batch's alone.
        let own = doc! {"$gt": after, "$lte": after + count(lines.len())};
        let undone = server
            .collection::<Document>(LOGS)
            .delete_many(doc! {"_id": own})
            .await;
        undone.map_err(failed("take back log lines"))?;
    }
    close(server, &name).await?;
    inserted.map(drop).map_err(failed("keep log lines"))
}

/// Takes numbers for a batch, and notes in the same step that it is on its way; gives the number
/// before its first. What is noted may be smaller, as others may have taken some since it was read.
async fn open(server: &Server, name: &str, lines: i64) -> Result<i64, StoreError> {
    let step = "number log lines";
    for _ in 0..TRIES {
        let below = counter(server).await?.map_or(0, |counter| counter.seq);
        let batch = doc! {"after": below, "at_ms": signed(clock::now_ms())};
        let command = doc! {
            "findAndModify": STATE,
            "query": {"_id": COUNTER},
            "update": {"$inc": {"seq": lines}, "$set": {format!("open.{name}"): batch}},
            "upsert": true,
            "new": true,
        };
        match server.write(command).await {
            Ok(reply) => {
                let value = reply.get_document("value").ok();
                let seq = value.and_then(|value| whole(value.get("seq")?));
                let seq =
                    seq.ok_or_else(|| StoreError::unavailable(step, "the server gave no number"))?;
                return Ok(seq - lines);
            }
            // Another was first to make the document.
            Err(fault) if fault.is_duplicate_key() => {}
            Err(fault) => return Err(fault.during(step)),
        }
    }
    let reason = format!("others were faster {TRIES} times");
    Err(StoreError::unavailable(step, reason))
}

/// The batch is there; lost ones are forgotten as well.
async fn close(server: &Server, name: &str) -> Result<(), StoreError> {
    let mut gone = doc! {format!("open.{name}"): ""};
    let now_ms = clock::now_ms();
    if let Some(counter) = counter(server).await? {
        let lost = counter
            .open
            .iter()
            .filter(|(_, batch)| is_lost(batch, now_ms));
        gone.extend(lost.map(|(name, _)| (format!("open.{name}"), Bson::from(""))));
    }
    let state = server.collection::<Document>(STATE);
    let closed = state
        .find_one_and_update(doc! {"_id": COUNTER}, doc! {"$unset": gone})
        .return_document(ReturnDocument::After)
        .projection(doc! {"_id": 1})
        .max_time(MAX_TIME);
    closed.await.map(drop).map_err(failed("keep log lines"))
}

async fn counter(server: &Server) -> Result<Option<Counter>, StoreError> {
    let id = doc! {"_id": COUNTER};
    server.one(STATE, id, "number log lines").await
}

fn is_lost(batch: &Batch, now_ms: u64) -> bool {
    unsigned(batch.at_ms).saturating_add(LOST_MS) < now_ms
}

/// The number up to which every line is there.
async fn settled(server: &Server) -> Result<i64, StoreError> {
    let now_ms = clock::now_ms();
    let Some(counter) = counter(server).await? else {
        return Ok(0);
    };
    let open = counter
        .open
        .values()
        .filter(|batch| !is_lost(batch, now_ms));
    Ok(open.map(|batch| batch.after).min().unwrap_or(counter.seq))
}

pub(super) async fn read(
    server: &Server,
    app: &str,
    query: &LogQuery,
) -> Result<Vec<LogLine>, StoreError> {
    server.require_app(app).await?;
    let mut seq = doc! {"$gt": signed(query.after_seq)};
    if query.oldest {
        seq.insert("$lte", settled(server).await?);
    }
    let mut which = doc! {
        "app": app,
        "_id": seq,
        "at_ms": {"$gte": signed(query.since_ms)},
        "level": {"$gte": i32::from(rank(query.level))},
    };
    if let Some(hook) = &query.hook {
        which.insert("hook", hook);
    }
    let order = doc! {"_id": if query.oldest { 1 } else { -1 }};
    let found: Vec<Stored> = server
        .list(LOGS, (which, order), Some(query.limit), "read log lines")
        .await?;
    let mut lines: Vec<LogLine> = found.into_iter().map(line).collect();
    if !query.oldest {
        lines.reverse();
    }
    Ok(lines)
}

fn line(stored: Stored) -> LogLine {
    LogLine {
        seq: unsigned(stored.seq),
        at_ms: unsigned(stored.at_ms),
        level: level(u8::try_from(stored.level).unwrap_or(u8::MAX)),
        hook: stored.hook,
        job: stored.job,
        message: stored.message,
    }
}

/// Takes away lines beyond what is kept; says how many. It looks at some apps, not always the same.
pub(super) async fn prune(server: &Server, keep: Keep) -> Result<usize, StoreError> {
    let oldest_ms = signed(keep.oldest_ms(clock::now_ms()));
    let by_seq = || doc! {"_id": 1};
    let mut pruned = 0;
    for app in some_apps(server, LOGS).await? {
        let newest_beyond = first(server, doc! {"app": &app}, doc! {"_id": -1}, keep.count).await?;
        let beyond = newest_beyond.unwrap_or(0);
        // From the oldest on, which ends with the first that stays.
        let stays = doc! {"app": &app, "_id": {"$gt": beyond}, "at_ms": {"$gt": oldest_ms}};
        let mut goes = doc! {"app": &app};
        if let Some(stays) = first(server, stays, by_seq(), 0).await? {
            goes.insert("_id", doc! {"$lt": stays});
        }
        let room = PRUNED_MAX.saturating_sub(pruned);
        pruned += forget(server, LOGS, (goes, by_seq()), room).await?;
    }
    Ok(pruned)
}

/// The number of the first line in an order, after some.
async fn first(
    server: &Server,
    which: Document,
    order: Document,
    skip: usize,
) -> Result<Option<i64>, StoreError> {
    let lines = server.collection::<Stored>(LOGS);
    let found = lines
        .find_one(which)
        .sort(order)
        .skip(u64::try_from(skip).unwrap_or(u64::MAX));
    let found = found.max_time(MAX_TIME).await;
    found
        .map(|line| line.map(|line| line.seq))
        .map_err(|error| Fault::of(&error).during("look for old log lines"))
}

/// A whole number of whichever type.
fn whole(value: &Bson) -> Option<i64> {
    value.as_i32().map(i64::from).or_else(|| value.as_i64())
}
