//! What every case needs, on whichever store.

use std::sync::Arc;

use lode_store::{DocOp, HookKind, NewApp, NewHook, Store, StoreError};
use serde_json::Value;

use crate::place;

/// The app of most tests.
pub(crate) const APP: &str = "app1";

/// A store of its own with one app.
pub(crate) async fn store() -> Arc<dyn Store> {
    let store = place::anywhere().await;
    store.create_app(new_app(APP)).await.unwrap();
    store
}

pub(crate) fn new_app(id: &str) -> NewApp {
    NewApp {
        id: id.to_owned(),
        ..NewApp::default()
    }
}

pub(crate) fn new_hook(name: &str, source: &str) -> NewHook {
    let kind = if name.starts_with("common:") {
        HookKind::Common
    } else {
        HookKind::Hook
    };
    NewHook {
        app: APP.to_owned(),
        name: name.to_owned(),
        kind,
        source: source.to_owned(),
    }
}

/// Carries out an operation on the app's documents and reads the reply.
pub(crate) async fn execute(store: &dyn Store, op: DocOp) -> Result<Value, StoreError> {
    let reply = store.execute(APP, op).await?;
    Ok(serde_json::from_str(&reply.into_json()).unwrap())
}

pub(crate) fn find(query: Value, options: Value) -> DocOp {
    DocOp::Find {
        collection: "c".to_owned(),
        query,
        options,
    }
}

pub(crate) fn find_one(query: Value) -> DocOp {
    DocOp::FindOne {
        collection: "c".to_owned(),
        query,
        options: Value::Null,
    }
}

pub(crate) fn insert(entity: Value) -> DocOp {
    DocOp::Insert {
        collection: "c".to_owned(),
        entity,
    }
}

pub(crate) fn save(entity: Value) -> DocOp {
    DocOp::Save {
        collection: "c".to_owned(),
        entity,
    }
}

pub(crate) fn update(query: Value, entity: Value, options: Value) -> DocOp {
    DocOp::Update {
        collection: "c".to_owned(),
        query,
        entity,
        options,
    }
}

pub(crate) fn remove(query: Value) -> DocOp {
    DocOp::Remove {
        collection: "c".to_owned(),
        query,
    }
}

pub(crate) fn count(query: Value) -> DocOp {
    DocOp::Count {
        collection: "c".to_owned(),
        query,
    }
}

pub(crate) fn exists(collection: &str) -> DocOp {
    DocOp::CollectionExists {
        collection: collection.to_owned(),
    }
}
