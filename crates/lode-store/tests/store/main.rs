//! The store through its public interface: one integration binary.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod concurrency;
mod damage;
mod documents;
mod hooks;
mod limits;
mod long;
mod opening;
mod operations;
mod races;
mod schedules;

use std::sync::Arc;

use lode_store::{DocOp, HookKind, NewApp, NewHook, Store, StoreError};
use serde_json::Value;

/// The app of most tests.
const APP: &str = "app1";

/// A store in memory with one app.
async fn store() -> Arc<dyn Store> {
    let store = lode_store::open("sqlite::memory:").await.unwrap();
    store.create_app(new_app(APP)).await.unwrap();
    store
}

fn new_app(id: &str) -> NewApp {
    NewApp {
        id: id.to_owned(),
        ..NewApp::default()
    }
}

fn new_hook(name: &str, source: &str) -> NewHook {
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
async fn execute(store: &dyn Store, op: DocOp) -> Result<Value, StoreError> {
    let reply = store.execute(APP, op).await?;
    Ok(serde_json::from_str(&reply.into_json()).unwrap())
}

fn find(query: Value, options: Value) -> DocOp {
    DocOp::Find {
        collection: "c".to_owned(),
        query,
        options,
    }
}

fn find_one(query: Value) -> DocOp {
    DocOp::FindOne {
        collection: "c".to_owned(),
        query,
        options: Value::Null,
    }
}

fn insert(entity: Value) -> DocOp {
    DocOp::Insert {
        collection: "c".to_owned(),
        entity,
    }
}

fn save(entity: Value) -> DocOp {
    DocOp::Save {
        collection: "c".to_owned(),
        entity,
    }
}

fn update(query: Value, entity: Value, options: Value) -> DocOp {
    DocOp::Update {
        collection: "c".to_owned(),
        query,
        entity,
        options,
    }
}

fn remove(query: Value) -> DocOp {
    DocOp::Remove {
        collection: "c".to_owned(),
        query,
    }
}

fn count(query: Value) -> DocOp {
    DocOp::Count {
        collection: "c".to_owned(),
        query,
    }
}

fn exists(collection: &str) -> DocOp {
    DocOp::CollectionExists {
        collection: collection.to_owned(),
    }
}
