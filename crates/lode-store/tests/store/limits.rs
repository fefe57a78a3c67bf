//! What one call may read and bring back.

use lode_store::limits::{INSERT_DOCUMENTS_MAX, SCAN_DOCUMENTS_MAX};
use serde_json::{Value, json};

use crate::documents::{check_refused, check_reply};
use crate::{APP, count, execute, find, insert, store};

#[tokio::test]
async fn a_search_that_would_read_too_much_is_refused() {
    let store = store().await;
    let batch = Value::Array(vec![json!({"n": 1}); INSERT_DOCUMENTS_MAX]);
    for _ in 0..SCAN_DOCUMENTS_MAX / INSERT_DOCUMENTS_MAX {
        store.execute(APP, insert(batch.clone())).await.unwrap();
    }
    execute(&*store, insert(json!({"n": 2, "_id": "last"})))
        .await
        .unwrap();
    let unhelpful = json!({"n": {"$ne": 1}});
    check_refused(
        execute(&*store, find(unhelpful, json!(null))).await,
        "LimitExceeded",
        "100000",
    );
    check_reply(
        execute(&*store, find(json!({"n": {"$gt": 1}}), json!(null))).await,
        json!([{"_id": "last", "n": 2}]),
    );
    check_reply(
        execute(&*store, count(json!({}))).await,
        json!({"count": 100_001}),
    );
}

#[tokio::test]
async fn a_result_that_is_too_large_is_refused() {
    let store = store().await;
    for _ in 0..5 {
        execute(
            &*store,
            insert(json!({"text": "x".repeat(8 * 1024 * 1024)})),
        )
        .await
        .unwrap();
    }
    check_refused(
        execute(&*store, find(json!({}), json!(null))).await,
        "LimitExceeded",
        "33554432 bytes",
    );
    let lean = execute(&*store, find(json!({}), json!({"fields": {"text": 0}})))
        .await
        .unwrap();
    assert_eq!(lean.as_array().unwrap().len(), 5);
}
