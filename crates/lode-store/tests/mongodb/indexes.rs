//! Indexes: listed by app, and the server's own.

use lode_store::Index;
use serde_json::json;

use crate::{APP, execute, find, insert, store};

fn index(path: &str) -> Index {
    Index {
        collection: "c".to_owned(),
        path: path.to_owned(),
    }
}

#[tokio::test]
async fn an_index_is_created_once_listed_and_dropped() {
    let store = store().await;
    execute(
        &*store,
        insert(json!([{"a": {"b": 1}}, {"a": {"b": [2, 3]}}])),
    )
    .await
    .unwrap();
    assert!(store.create_index(APP, index("a.b")).await.unwrap());
    assert!(!store.create_index(APP, index("a.b")).await.unwrap());
    assert!(store.create_index(APP, index("n")).await.unwrap());
    assert_eq!(
        store.indexes(APP).await.unwrap(),
        [index("a.b"), index("n")]
    );
    let found = execute(
        &*store,
        find(json!({"a.b": 3}), json!({"fields": {"_id": 0}})),
    )
    .await;
    assert_eq!(found.unwrap(), json!([{"a": {"b": [2, 3]}}]));
    assert!(store.drop_index(APP, index("a.b")).await.unwrap());
    assert!(!store.drop_index(APP, index("a.b")).await.unwrap());
    assert_eq!(store.indexes(APP).await.unwrap(), [index("n")]);
    for bad in ["_id", "a.0", "$x", ""] {
        store.create_index(APP, index(bad)).await.unwrap_err();
    }
}
