//! Hooks and their versions: versions are only ever added, one is active.
//!
//! A put adds its version first and points the hook at it then. Who dies between the two leaves a
//! version that never was active, and the next put takes the next number; who is overtaken between
//! the two leaves the hook pointing at the newer version.

use mongodb::bson::doc;
use serde::{Deserialize, Serialize};

use crate::mongo::fault::{Fault, failed};
use crate::mongo::names::{HOOK_VERSIONS, HOOKS};
use crate::mongo::server::{MAX_TIME, Server};
use crate::mongo::{signed, unsigned};
use crate::{HookHead, HookKind, HookVersion, NewHook, Script, StoreError, clock};

/// Puts of one hook that may overtake one another; each time one of them gets through.
const TRIES: usize = 100;

const READ: &str = "read the hooks";

/// Which version is active.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    name: String,
    kind: HookKind,
    active: i64,
    /// The greatest that ever was active.
    newest: i64,
    /// When the active version was stored.
    created_ms: i64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Version {
    #[serde(rename = "_id")]
    id: String,
    app: String,
    name: String,
    kind: HookKind,
    version: i64,
    source: String,
    created_ms: i64,
}

impl From<Version> for HookVersion {
    fn from(stored: Version) -> Self {
        Self {
            app: stored.app,
            name: stored.name,
            kind: stored.kind,
            version: unsigned(stored.version),
            source: stored.source,
            created_ms: unsigned(stored.created_ms),
        }
    }
}

pub(super) async fn put(server: &Server, put: NewHook) -> Result<HookVersion, StoreError> {
    server.require_app(&put.app).await?;
    for _ in 0..TRIES {
        let active = one(server, &put.app, &put.name, None).await?;
        if let Some(active) = active
            && active.source == put.source
        {
            return Ok(active);
        }
        let version = newest(server, &put.app, &put.name).await? + 1;
        let stored = Version {
            id: version_id(&put.app, &put.name, version),
            app: put.app.clone(),
            name: put.name.clone(),
            kind: put.kind,
            version,
            source: put.source.clone(),
            created_ms: signed(clock::now_ms()),
        };
        let versions = server.collection::<Version>(HOOK_VERSIONS);
        match versions.insert_one(&stored).await {
            Ok(_) => {
                activate_newest(server, &stored).await?;
                return Ok(stored.into());
            }
            // Another put has taken the number.
            Err(error) if Fault::of(&error).is_duplicate_key() => {}
            Err(error) => return Err(failed("store the hook's version")(error)),
        }
    }
    let reason = format!("other puts of it were faster {TRIES} times");
    Err(StoreError::unavailable("store the hook", reason))
}

/// Points the hook at a version, unless a newer one is or was active by now.
async fn activate_newest(server: &Server, to: &Version) -> Result<(), StoreError> {
    let id = head_id(&to.app, &to.name);
    let command = doc! {
        "update": HOOKS,
        "updates": [{
            "q": {"_id": id, "newest": {"$lt": to.version}},
            "u": {"$set": {
                "app": &to.app,
                "name": &to.name,
                "kind": to.kind.as_str(),
                "active": to.version,
                "newest": to.version,
                "created_ms": to.created_ms,
            }},
            "upsert": true,
        }],
    };
    match server.write(command).await {
        Ok(_) => Ok(()),
        // The hook is there, with a newer version.
        Err(fault) if fault.is_duplicate_key() => Ok(()),
        Err(fault) => Err(fault.during("store the hook")),
    }
}

pub(super) async fn roll_back(
    server: &Server,
    app: &str,
    name: &str,
    version: Option<u64>,
) -> Result<HookVersion, StoreError> {
    server.require_app(app).await?;
    let Some(head) = head(server, app, name).await? else {
        return Err(StoreError::UnknownHook {
            app: app.to_owned(),
            name: name.to_owned(),
        });
    };
    let active = unsigned(head.active);
    let target = version.unwrap_or_else(|| active.saturating_sub(1));
    let Some(found) = one(server, app, name, Some(target)).await? else {
        let before = || format!("version before {active}");
        return Err(StoreError::UnknownVersion {
            app: app.to_owned(),
            name: name.to_owned(),
            wanted: version.map_or_else(before, |version| format!("version {version}")),
            newest: unsigned(newest(server, app, name).await?),
        });
    };
    let (active, created_ms) = (signed(target), signed(found.created_ms));
    let command = doc! {
        "update": HOOKS,
        "updates": [{
            "q": {"_id": head_id(app, name)},
            "u": {
                "$set": {"active": active, "created_ms": created_ms},
                "$max": {"newest": active},
            },
        }],
    };
    let done = server.write(command).await;
    done.map_err(|fault| fault.during("roll the hook back"))?;
    Ok(found)
}

pub(super) async fn all(server: &Server, app: &str) -> Result<Vec<HookHead>, StoreError> {
    server.require_app(app).await?;
    let heads: Vec<Head> = server
        .list(HOOKS, (doc! {"app": app}, doc! {"name": 1}), None, READ)
        .await?;
    let shown = heads.into_iter().map(|head| HookHead {
        name: head.name,
        kind: head.kind,
        active: unsigned(head.active),
        versions: unsigned(head.newest),
        created_ms: unsigned(head.created_ms),
    });
    Ok(shown.collect())
}

pub(super) async fn one(
    server: &Server,
    app: &str,
    name: &str,
    version: Option<u64>,
) -> Result<Option<HookVersion>, StoreError> {
    let version = match version {
        Some(version) => signed(version),
        None => match head(server, app, name).await? {
            Some(head) => head.active,
            None => return Ok(None),
        },
    };
    let id = version_id(app, name, version);
    let found: Option<Version> = server.one(HOOK_VERSIONS, doc! {"_id": id}, READ).await?;
    Ok(found.map(HookVersion::from))
}

pub(super) async fn script(
    server: &Server,
    app: &str,
    name: &str,
) -> Result<Option<Script>, StoreError> {
    let Some(hook) = one(server, app, name, None).await? else {
        return Ok(None);
    };
    match hook.kind {
        HookKind::Common => return Ok(None),
        HookKind::Hook => {}
    }
    let common = doc! {"app": app, "kind": HookKind::Common.as_str()};
    let common: Vec<Head> = server
        .list(HOOKS, (common, doc! {"name": 1}), None, READ)
        .await?;
    let ids = common
        .iter()
        .map(|head| version_id(app, &head.name, head.active));
    let ids = doc! {"_id": {"$in": ids.collect::<Vec<_>>()}};
    let versions: Vec<Version> = match common.is_empty() {
        true => Vec::new(),
        false => {
            let by_name = (ids, doc! {"name": 1});
            server.list(HOOK_VERSIONS, by_name, None, READ).await?
        }
    };
    Ok(Some(Script {
        common: versions
            .into_iter()
            .map(|common| (common.name, common.source))
            .collect(),
        name: hook.name,
        version: hook.version,
        source: hook.source,
    }))
}

/// The newest version's number; 0 when there is none.
async fn newest(server: &Server, app: &str, name: &str) -> Result<i64, StoreError> {
    let found = server
        .collection::<Version>(HOOK_VERSIONS)
        .find_one(doc! {"app": app, "name": name})
        .sort(doc! {"version": -1})
        .max_time(MAX_TIME)
        .await
        .map_err(failed("read the hook's versions"))?;
    Ok(found.map_or(0, |found| found.version))
}

async fn head(server: &Server, app: &str, name: &str) -> Result<Option<Head>, StoreError> {
    let id = doc! {"_id": head_id(app, name)};
    server.one(HOOKS, id, READ).await
}

/// An app's id has no slash, so the first one ends it.
fn head_id(app: &str, name: &str) -> String {
    format!("{app}/{name}")
}

/// The last slash is before the number.
fn version_id(app: &str, name: &str, version: i64) -> String {
    format!("{app}/{name}/{version}")
}
