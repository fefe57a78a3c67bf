//! The outbox in its collection.
//!
//! `next_at_ms` is the one thing that makes an effect due: without it, nobody looks at it again.
//! A claim is one `findAndModify`, which no two can win.

use mongodb::bson::{Bson, Document, doc};
use mongodb::options::ReturnDocument;
use serde::{Deserialize, Serialize};

use crate::ids::ObjectIds;
use crate::log::Keep;
use crate::mongo::fault::failed;
use crate::mongo::names::OUTBOX;
use crate::mongo::server::{MAX_TIME, Server};
use crate::mongo::{count, signed, unsigned};
use crate::outbox::{
    Attempt, Claimed, Effect, EffectKind, EffectQuery, EffectState, NewEffect, Retried,
};
use crate::{StoreError, clock};

/// Apps that one call prunes, of which each costs some commands.
const PRUNED_APPS_MAX: usize = 500;

/// Documents that one call takes away.
const PRUNED_MAX: usize = 10_000;

#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    #[serde(rename = "_id")]
    id: String,
    app: String,
    job: String,
    hook: String,
    kind: String,
    at_ms: i64,
    payload: String,
    state: String,
    attempts: i64,
    next_at_ms: Option<i64>,
    error: Option<String>,
    claim: i64,
    is_claimed: bool,
}

impl From<Stored> for Effect {
    fn from(stored: Stored) -> Self {
        Self {
            id: stored.id,
            app: stored.app,
            job: stored.job,
            hook: stored.hook,
            // Nobody here writes other names.
            kind: EffectKind::named(&stored.kind).unwrap_or(EffectKind::Push),
            at_ms: unsigned(stored.at_ms),
            payload: stored.payload,
            state: EffectState::named(&stored.state).unwrap_or(EffectState::Failed),
            attempts: u32::try_from(stored.attempts).unwrap_or(u32::MAX),
            next_at_ms: stored.next_at_ms.map(unsigned),
            error: stored.error,
        }
    }
}

pub(super) async fn record(
    server: &Server,
    new: NewEffect,
    ids: &ObjectIds,
) -> Result<Effect, StoreError> {
    server.require_app(&new.app).await?;
    if new.is_due {
        // Counted before: some more than the bound may wait if they come at the same moment.
        let waiting = doc! {"app": &new.app, "next_at_ms": {"$ne": null}};
        let waiting = server
            .collection::<Document>(OUTBOX)
            .count_documents(waiting)
            .max_time(MAX_TIME)
            .await
            .map_err(failed("count the effects that wait"))?;
        if usize::try_from(waiting).unwrap_or(usize::MAX) >= new.waiting_max {
            return Err(new.no_room());
        }
    }
    let at_ms = signed(clock::now_ms());
    let stored = Stored {
        id: ids.next(),
        app: new.app,
        job: new.job,
        hook: new.hook,
        kind: new.kind.name().to_owned(),
        at_ms,
        payload: new.payload,
        state: EffectState::Recorded.name().to_owned(),
        attempts: 0,
        next_at_ms: new.is_due.then_some(at_ms),
        error: None,
        claim: 0,
        is_claimed: false,
    };
    let inserted = server
        .collection::<Stored>(OUTBOX)
        .insert_one(&stored)
        .await;
    inserted.map_err(failed("record the effect"))?;
    Ok(stored.into())
}

/// Takes due effects, of each app about as many, and of apps in no order: one that has a thousand
/// due must not stand before the others.
pub(super) async fn claim(
    server: &Server,
    kinds: &[EffectKind],
    limit: usize,
    lease_ms: u64,
) -> Result<Vec<Claimed>, StoreError> {
    let now_ms = clock::now_ms();
    let mut due: Vec<(EffectKind, String)> = Vec::new();
    for &kind in kinds {
        let waiting = doc! {"kind": kind.name(), "next_at_ms": {"$lte": signed(now_ms)}};
        let apps = apps(server, OUTBOX, waiting).await?;
        due.extend(apps.into_iter().map(|app| (kind, app)));
    }
    fastrand::shuffle(&mut due);
    let mut claimed = Vec::new();
    while !due.is_empty() && claimed.len() < limit {
        let mut left = Vec::new();
        for (kind, app) in due {
            if claimed.len() >= limit {
                break;
            }
            if let Some(one) = claim_one(server, (kind, &app), now_ms, lease_ms).await? {
                claimed.push(one);
                left.push((kind, app));
            }
        }
        due = left;
    }
    Ok(claimed)
}

async fn claim_one(
    server: &Server,
    (kind, app): (EffectKind, &str),
    now_ms: u64,
    lease_ms: u64,
) -> Result<Option<Claimed>, StoreError> {
    let due = doc! {
        "kind": kind.name(),
        "app": app,
        "next_at_ms": {"$lte": signed(now_ms)},
    };
    let until = signed(now_ms.saturating_add(lease_ms));
    let taken = doc! {
        "$inc": {"attempts": 1_i64, "claim": 1_i64},
        "$set": {"is_claimed": true, "next_at_ms": until},
    };
    let claimed = server
        .collection::<Stored>(OUTBOX)
        .find_one_and_update(due, taken)
        .sort(doc! {"next_at_ms": 1})
        .return_document(ReturnDocument::After)
        .max_time(MAX_TIME)
        .await
        .map_err(failed("claim an effect"))?;
    Ok(claimed.map(|stored| Claimed {
        claim: unsigned(stored.claim),
        effect: stored.into(),
    }))
}

/// Says how an attempt ended; false when it is somebody else's by now. That it was sent counts
/// whoever says so: it is a fact.
pub(super) async fn settle(
    server: &Server,
    id: &str,
    claim: u64,
    attempt: Attempt,
) -> Result<bool, StoreError> {
    let own = doc! {"_id": id, "claim": signed(claim), "is_claimed": true};
    let (which, change) = match attempt {
        Attempt::Sent => (
            doc! {"_id": id, "state": {"$ne": EffectState::Sent.name()}},
            settled(EffectState::Sent, None, None),
        ),
        Attempt::Failed { error } => (own, settled(EffectState::Failed, None, Some(error))),
        Attempt::Retry { after, error } => {
            let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
            let next_ms = signed(clock::now_ms().saturating_add(after_ms));
            (
                own,
                settled(EffectState::Retrying, Some(next_ms), Some(error)),
            )
        }
    };
    let outbox = server.collection::<Document>(OUTBOX);
    let updated = outbox.update_one(which, doc! {"$set": change}).await;
    let updated = updated.map_err(failed("settle the effect"))?;
    Ok(updated.matched_count > 0)
}

fn settled(state: EffectState, next_at_ms: Option<i64>, error: Option<String>) -> Document {
    doc! {"state": state.name(), "next_at_ms": next_at_ms, "is_claimed": false, "error": error}
}

pub(super) async fn list(server: &Server, query: &EffectQuery) -> Result<Vec<Effect>, StoreError> {
    if let Some(app) = &query.app {
        server.require_app(app).await?;
    }
    let mut which = Document::new();
    let named = [
        ("app", query.app.as_deref()),
        ("kind", query.kind.map(EffectKind::name)),
        ("state", query.state.map(EffectState::name)),
    ];
    for (field, name) in named {
        if let Some(name) = name {
            which.insert(field, name);
        }
    }
    let newest_first = (which, doc! {"at_ms": -1, "_id": -1});
    let found: Vec<Stored> = server
        .list(OUTBOX, newest_first, Some(query.limit), "list the effects")
        .await?;
    Ok(found.into_iter().map(Effect::from).collect())
}

pub(super) async fn one(server: &Server, id: &str) -> Result<Option<Effect>, StoreError> {
    let found: Option<Stored> = server
        .one(OUTBOX, doc! {"_id": id}, "read the effect")
        .await?;
    Ok(found.map(Effect::from))
}

/// Two commands, since the state hangs on what it is; each says which state it is for.
pub(super) async fn retry(server: &Server, id: &str) -> Result<Retried, StoreError> {
    let now_ms = signed(clock::now_ms());
    let recorded = EffectState::Recorded.name();
    let others = doc! {"$nin": [recorded, EffectState::Sent.name()]};
    let again = doc! {"attempts": 0_i64, "is_claimed": false, "next_at_ms": now_ms};
    let mut with_state = again.clone();
    with_state.insert("state", EffectState::Retrying.name());
    for (state, change) in [(Bson::from(recorded), again), (others.into(), with_state)] {
        let which = doc! {
            "_id": id,
            "state": state,
            "$nor": [{"is_claimed": true, "next_at_ms": {"$gt": now_ms}}],
        };
        let due = server
            .collection::<Stored>(OUTBOX)
            .find_one_and_update(which, doc! {"$set": change})
            .return_document(ReturnDocument::After)
            .max_time(MAX_TIME)
            .await
            .map_err(failed("retry the effect"))?;
        if let Some(due) = due {
            return Ok(Retried::Due(due.into()));
        }
    }
    Ok(match one(server, id).await? {
        None => Retried::Unknown,
        Some(found) if found.state == EffectState::Sent => Retried::AlreadySent,
        Some(_) => Retried::BeingSent,
    })
}

/// Takes away effects that nobody will send, beyond what is kept; says how many. It looks at some
/// apps, not always the same.
pub(super) async fn prune(server: &Server, keep: Keep) -> Result<usize, StoreError> {
    let step = "forget effects";
    let oldest_ms = signed(keep.oldest_ms(clock::now_ms()));
    let outbox = server.collection::<Stored>(OUTBOX);
    let mut pruned = 0;
    for app in some_apps(server, OUTBOX).await? {
        let done = doc! {"app": &app, "next_at_ms": null};
        let first_beyond = outbox
            .find_one(done.clone())
            .sort(doc! {"at_ms": -1})
            .skip(u64::try_from(keep.count).unwrap_or(u64::MAX))
            .max_time(MAX_TIME)
            .await
            .map_err(failed(step))?;
        let until = first_beyond.map_or(oldest_ms, |beyond| beyond.at_ms.max(oldest_ms));
        let mut old = done;
        old.insert("at_ms", doc! {"$lte": until});
        let room = PRUNED_MAX.saturating_sub(pruned);
        pruned += forget(server, OUTBOX, (old, doc! {"at_ms": 1}), room).await?;
    }
    Ok(pruned)
}

/// Takes away the first of what is found in this order; says how many.
pub(super) async fn forget(
    server: &Server,
    collection: &str,
    (which, order): (Document, Document),
    room: usize,
) -> Result<usize, StoreError> {
    // 0 would be no limit to a server.
    if room == 0 {
        return Ok(0);
    }
    let failed = || failed("look for what is old");
    let documents = server.collection::<Document>(collection);
    let found = documents
        .find(which)
        .sort(order)
        .projection(doc! {"_id": 1});
    let found = found.limit(count(room)).max_time(MAX_TIME);
    let mut cursor = found.await.map_err(failed())?;
    let mut ids: Vec<Bson> = Vec::new();
    while cursor.advance().await.map_err(failed())? {
        let document = cursor.deserialize_current().map_err(failed())?;
        ids.extend(document.get("_id").cloned());
    }
    if ids.is_empty() {
        return Ok(0);
    }
    let deleted = documents.delete_many(doc! {"_id": {"$in": ids}}).await;
    let deleted = deleted.map_err(failed())?;
    Ok(usize::try_from(deleted.deleted_count).unwrap_or(usize::MAX))
}

/// At most so many apps that have something in this collection, any of them.
pub(super) async fn some_apps(
    server: &Server,
    collection: &str,
) -> Result<Vec<String>, StoreError> {
    let mut apps = apps(server, collection, doc! {}).await?;
    fastrand::shuffle(&mut apps);
    apps.truncate(PRUNED_APPS_MAX);
    Ok(apps)
}

async fn apps(
    server: &Server,
    collection: &str,
    which: Document,
) -> Result<Vec<String>, StoreError> {
    let apps = server
        .collection::<Document>(collection)
        .distinct("app", which)
        .max_time(MAX_TIME)
        .await
        .map_err(failed("look for apps"))?;
    Ok(apps
        .iter()
        .filter_map(|app| app.as_str().map(str::to_owned))
        .collect())
}
