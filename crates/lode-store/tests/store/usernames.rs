//! Usernames: which there may be in an app's users.

use lode_store::DocOp;
use serde_json::{Value, json};

use crate::documents::check_refused;
use crate::{execute, insert, store};

#[tokio::test]
async fn a_username_with_nul_is_refused_however_it_is_written() {
    let store = store().await;
    let collection = || "user".to_owned();
    let name = "x\0";
    let users = |entity: Value| DocOp::Insert {
        collection: collection(),
        entity,
    };
    let other = json!([{"_id": "a", "username": "x"}, {"_id": "b", "username": [name], "n": name}]);
    execute(&*store, users(other)).await.unwrap();
    for op in [
        users(json!({"username": name})),
        users(json!([{"username": "y"}, {"username": name}])),
        DocOp::Save {
            collection: collection(),
            entity: json!({"_id": "a", "username": name}),
        },
        DocOp::Update {
            collection: collection(),
            query: json!({"_id": "a"}),
            entity: json!({"$set": {"username": name}}),
            options: Value::Null,
        },
        DocOp::FindAndModify {
            collection: collection(),
            query: json!({"_id": "c"}),
            sort: Value::Null,
            entity: json!({"username": name}),
            options: json!({"upsert": true}),
        },
    ] {
        check_refused(execute(&*store, op).await, "BadDocument", "NUL");
    }
    let all = DocOp::Count {
        collection: collection(),
        query: json!({}),
    };
    assert_eq!(execute(&*store, all).await.unwrap(), json!({"count": 2}));
    execute(&*store, insert(json!({"username": name})))
        .await
        .unwrap();
}
