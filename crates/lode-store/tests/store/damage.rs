//! A damaged row is named, and hurts nobody but those who ask for it.

use std::sync::Arc;

use lode_store::Store;
use serde_json::json;

use crate::{APP, count, execute, find, find_one, insert, new_app, remove, update};

/// A store whose document `bad` has this text instead of its own.
async fn damaged(folder: &tempfile::TempDir, text: &str) -> Arc<dyn Store> {
    let path = folder.path().join("store.db");
    let store = lode_store::open(&format!("sqlite:{}", path.display()))
        .await
        .unwrap();
    store.create_app(new_app(APP)).await.unwrap();
    execute(&*store, insert(json!([{"_id": "good"}, {"_id": "bad"}])))
        .await
        .unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    let sql = "UPDATE documents SET doc = CAST(?1 AS TEXT) WHERE id = 's:bad'";
    assert_eq!(connection.execute(sql, [text.as_bytes()]).unwrap(), 1);
    store
}

#[tokio::test]
async fn a_damaged_document_is_named_with_its_app_and_collection() {
    for text in ["{\"_id\": \"ba", "[1, 2]", "", "{'json5': 1}"] {
        let folder = tempfile::tempdir().unwrap();
        let store = damaged(&folder, text).await;
        for op in [
            find(json!({}), json!(null)),
            find(json!({}), json!({"sort": {"a": 1}})),
            find_one(json!({"_id": "bad"})),
            count(json!({"a": {"$ne": 1}})),
            update(
                json!({"_id": "bad"}),
                json!({"$set": {"a": 1}}),
                json!(null),
            ),
            remove(json!({"_id": {"$in": ["bad"]}})),
        ] {
            let error = execute(&*store, op.clone()).await.unwrap_err();
            assert_eq!(
                (error.code(), error.status()),
                ("InternalError", 500),
                "{op:?}"
            );
            let message = error.to_string();
            for part in ["s:bad", "`c`", "`app1`", "damaged"] {
                assert!(message.contains(part), "{op:?}: {message}");
            }
        }
        let good = execute(&*store, find_one(json!({"_id": "good"})))
            .await
            .unwrap();
        assert_eq!(good, json!({"_id": "good"}));
    }
}

#[tokio::test]
async fn text_that_sql_cannot_read_is_named_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = damaged(&folder, "{\"_id\": \"ba").await;
    let error = execute(&*store, find(json!({"a": {"$gt": 1}}), json!(null)))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("s:bad"), "{error}");
}
