//! Operations on documents, each with its reply.

use lode_store::limits::INSERT_DOCUMENTS_MAX;
use lode_store::{DocOp, Store};
use serde_json::{Value, json};

use crate::{
    APP, count, execute, exists, find, find_one, insert, new_app, remove, save, store, update,
};

#[track_caller]
pub(crate) fn check_reply(reply: Result<Value, lode_store::StoreError>, expected: Value) {
    // As text, since the order of fields matters.
    assert_eq!(reply.unwrap().to_string(), expected.to_string());
}

#[track_caller]
pub(crate) fn check_refused(reply: Result<Value, lode_store::StoreError>, code: &str, part: &str) {
    let error = reply.unwrap_err();
    assert_eq!((error.code(), error.status()), (code, 400), "{error}");
    assert!(error.to_string().contains(part), "{error}");
}

async fn filled() -> std::sync::Arc<dyn Store> {
    let store = store().await;
    let documents = json!([
        {"_id": "x", "n": 3, "tags": ["a", "b"]}, {"_id": 1, "n": 1}, {"_id": "1", "n": 2, "o": {"p": 1}},
    ]);
    execute(&*store, insert(documents)).await.unwrap();
    store
}

#[tokio::test]
async fn inserted_documents_come_back_in_order_with_their_ids() {
    let store = store().await;
    let reply = execute(&*store, insert(json!({"b": 1, "a": [1.0, null]})))
        .await
        .unwrap();
    let id = reply[0]["_id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 24);
    check_reply(Ok(reply), json!([{"_id": id, "b": 1, "a": [1.0, null]}]));
    check_reply(
        execute(&*store, insert(json!([{"_id": 2}, {"_id": "2"}]))).await,
        json!([{"_id": 2}, {"_id": "2"}]),
    );
    check_reply(execute(&*store, insert(json!([]))).await, json!([]));
    check_reply(
        execute(&*store, find(json!({}), json!(null))).await,
        json!([{"_id": id, "b": 1, "a": [1.0, null]}, {"_id": 2}, {"_id": "2"}]),
    );
}

#[tokio::test]
async fn an_insert_happens_wholly_or_not_at_all() {
    let store = filled().await;
    let twice = execute(&*store, insert(json!([{"_id": "new"}, {"_id": 1.0}]))).await;
    check_refused(
        twice,
        "DuplicateKey",
        "`c` already has a document with _id 1",
    );
    check_refused(
        execute(&*store, insert(json!({"_id": "x"}))).await,
        "DuplicateKey",
        "_id \"x\"",
    );
    check_refused(
        execute(&*store, insert(json!([{}, 5]))).await,
        "BadDocument",
        "element 1",
    );
    check_refused(
        execute(&*store, insert(json!(null))).await,
        "MissingRequiredParameter",
        "entity",
    );
    let many = Value::Array(vec![json!({}); INSERT_DOCUMENTS_MAX + 1]);
    check_refused(
        execute(&*store, insert(many)).await,
        "LimitExceeded",
        "10000",
    );
    check_reply(
        execute(&*store, count(json!({}))).await,
        json!({"count": 3}),
    );
}

#[tokio::test]
async fn find_sorts_skips_limits_and_trims() {
    let store = filled().await;
    let found = |query, options| execute(&*store, find(query, options));
    check_reply(
        found(json!({"n": {"$gte": 2}}), json!({"fields": ["n"]})).await,
        json!([{"_id": "x", "n": 3}, {"_id": "1", "n": 2}]),
    );
    check_reply(
        found(
            json!({}),
            json!({"sort": {"n": 1}, "limit": 2, "fields": {"_id": 1}}),
        )
        .await,
        json!([{"_id": 1}, {"_id": "1"}]),
    );
    check_reply(
        found(
            json!({}),
            json!({"sort": [["n", -1]], "skip": 1, "limit": 1, "fields": {"_id": 1}}),
        )
        .await,
        json!([{"_id": "1"}]),
    );
    check_reply(
        found(
            json!({}),
            json!({"skip": 1, "limit": 1, "fields": {"n": 1, "_id": 0}}),
        )
        .await,
        json!([{"n": 1}]),
    );
    check_reply(
        found(
            json!({"_id": {"$in": ["1", "x"]}}),
            json!({"fields": ["_id"]}),
        )
        .await,
        json!([{"_id": "x"}, {"_id": "1"}]),
    );
    check_reply(
        found(json!("{\"tags\": \"b\"}"), json!({"fields": ["n"]})).await,
        json!([{"_id": "x", "n": 3}]),
    );
    check_reply(found(json!({"n": 99}), json!([])).await, json!([]));
    check_reply(
        execute(&*store, find_one(json!({"o.p": 1}))).await,
        json!({"_id": "1", "n": 2, "o": {"p": 1}}),
    );
    check_reply(
        execute(&*store, find_one(json!({"n": 99}))).await,
        json!(null),
    );
    let last = DocOp::FindOne {
        collection: "c".to_owned(),
        query: json!({}),
        options: json!({"sort": {"n": -1}, "fields": {"n": 1, "_id": 0}}),
    };
    check_reply(execute(&*store, last).await, json!({"n": 3}));
}

#[tokio::test]
async fn save_replaces_in_place_or_inserts() {
    let store = filled().await;
    check_reply(
        execute(&*store, save(json!({"z": 1, "_id": "x"}))).await,
        json!({"_id": "x", "z": 1}),
    );
    check_reply(
        execute(&*store, save(json!({"_id": "new"}))).await,
        json!({"_id": "new"}),
    );
    let made = execute(&*store, save(json!({"y": 1}))).await.unwrap();
    assert_eq!(made["_id"].as_str().unwrap().len(), 24);
    let ids = execute(&*store, find(json!({}), json!({"fields": ["_id"]}))).await;
    check_reply(
        ids,
        json!([{"_id": "x"}, {"_id": 1}, {"_id": "1"}, {"_id": "new"}, {"_id": made["_id"]}]),
    );
    check_refused(
        execute(&*store, save(json!([{}]))).await,
        "BadDocument",
        "not an array",
    );
}

#[tokio::test]
async fn update_changes_one_or_all_or_inserts() {
    let store = filled().await;
    let all = json!({"n": {"$gt": 0}});
    let changed =
        |n: u64, existing: bool| json!({"numberAffected": n, "updatedExisting": existing});
    let done =
        |query: &Value, entity, options| execute(&*store, update(query.clone(), entity, options));
    check_reply(
        done(&all, json!({"$inc": {"n": 10}}), json!(null)).await,
        changed(1, true),
    );
    check_reply(
        done(&all, json!({"$set": {"k": 1}}), json!({"multi": true})).await,
        changed(3, true),
    );
    check_reply(
        done(
            &all,
            json!({"$set": {"k": 1}}),
            json!({"updateMultiple": true}),
        )
        .await,
        changed(3, true),
    );
    check_reply(
        done(&json!({"n": 99}), json!({"$set": {"k": 1}}), json!({})).await,
        changed(0, false),
    );
    check_reply(
        done(
            &json!({"_id": "up", "m": 1}),
            json!({"$set": {"k": 2}}),
            json!({"upsert": true}),
        )
        .await,
        changed(1, false),
    );
    check_reply(
        done(
            &json!({"_id": 1}),
            json!({"whole": "new"}),
            json!({"upsert": true}),
        )
        .await,
        changed(1, true),
    );
    check_reply(
        execute(&*store, find(json!({}), json!(null))).await,
        json!([
            {"_id": "x", "n": 13, "tags": ["a", "b"], "k": 1}, {"_id": 1, "whole": "new"},
            {"_id": "1", "n": 2, "o": {"p": 1}, "k": 1}, {"_id": "up", "m": 1, "k": 2},
        ]),
    );
    check_refused(
        done(
            &json!({"_id": "x", "n": 0}),
            json!({"$set": {"k": 1}}),
            json!({"upsert": true}),
        )
        .await,
        "DuplicateKey",
        "\"x\"",
    );
    check_refused(
        done(&all, json!({"k": 1}), json!({"multi": true})).await,
        "BadUpdate",
        "needs operators",
    );
}

#[tokio::test]
async fn a_failing_multi_update_changes_nothing() {
    let store = store().await;
    execute(
        &*store,
        insert(json!([{"_id": 1, "n": 1}, {"_id": 2, "n": "text"}])),
    )
    .await
    .unwrap();
    let reply = execute(
        &*store,
        update(json!({}), json!({"$inc": {"n": 1}}), json!({"multi": true})),
    )
    .await;
    check_refused(reply, "BadUpdate", "$inc needs a number at n");
    check_reply(
        execute(&*store, find_one(json!({"_id": 1}))).await,
        json!({"_id": 1, "n": 1}),
    );
}

#[tokio::test]
async fn remove_and_count_and_exists() {
    let store = filled().await;
    check_reply(
        execute(&*store, count(json!({"n": {"$lt": 3}}))).await,
        json!({"count": 2}),
    );
    check_reply(execute(&*store, exists("c")).await, json!(true));
    check_reply(execute(&*store, exists("other")).await, json!(false));
    check_reply(
        execute(&*store, remove(json!({"n": 1}))).await,
        json!({"count": 1}),
    );
    check_reply(
        execute(&*store, remove(json!({"n": 1}))).await,
        json!({"count": 0}),
    );
    check_reply(
        execute(&*store, remove(json!({}))).await,
        json!({"count": 2}),
    );
    check_reply(
        execute(&*store, count(json!({}))).await,
        json!({"count": 0}),
    );
    check_reply(
        execute(&*store, find(json!({}), json!(null))).await,
        json!([]),
    );
}

#[tokio::test]
async fn an_app_reaches_its_own_documents_only() {
    let store = filled().await;
    store.create_app(new_app("app2")).await.unwrap();
    let of_other = async |op| store.execute("app2", op).await.unwrap().into_json();
    assert_eq!(of_other(find(json!({}), json!(null))).await, "[]");
    assert_eq!(of_other(remove(json!({}))).await, r#"{"count":0}"#);
    assert_eq!(
        of_other(insert(json!({"_id": "x"}))).await,
        r#"[{"_id":"x"}]"#
    );
    let all = update(
        json!({}),
        json!({"$set": {"taken": 1}}),
        json!({"multi": true}),
    );
    assert_eq!(
        of_other(all).await,
        r#"{"numberAffected":1,"updatedExisting":true}"#
    );
    assert_eq!(
        of_other(count(json!({"_id": {"$in": ["x", 1, "1"]}}))).await,
        r#"{"count":1}"#
    );
    let mine = store
        .execute(APP, count(json!({"taken": null})))
        .await
        .unwrap();
    assert_eq!(mine.as_json(), r#"{"count":3}"#);
    let unknown = store.execute("nobody", count(json!({}))).await.unwrap_err();
    assert_eq!(unknown.code(), "UnknownApp");
}

#[tokio::test]
async fn bad_requests_are_the_callers_fault() {
    let store = filled().await;
    check_refused(
        execute(&*store, find(json!({"$where": "1"}), json!(null))).await,
        "DisallowedQuerySyntax",
        "$where",
    );
    check_refused(
        execute(&*store, find(json!(null), json!(null))).await,
        "MissingRequiredParameter",
        "query",
    );
    check_refused(
        execute(&*store, find(json!({}), json!({"limit": -1}))).await,
        "BadQuery",
        "limit",
    );
    check_refused(execute(&*store, exists("a$b")).await, "BadName", "`$`");
    check_refused(
        execute(&*store, exists("system.users")).await,
        "BadName",
        "system.",
    );
}

#[tokio::test]
async fn usernames_are_unique_in_the_users_of_an_app() {
    let store = store().await;
    let users = |entity: Value| DocOp::Insert {
        collection: "user".to_owned(),
        entity,
    };
    let rename = |id: &str, name: &str| DocOp::Update {
        collection: "user".to_owned(),
        query: json!({"_id": id}),
        entity: json!({"$set": {"username": name}}),
        options: Value::Null,
    };
    let save = |id: &str, name: &str| DocOp::Save {
        collection: "user".to_owned(),
        entity: json!({"_id": id, "username": name}),
    };
    let both = json!([{"_id": "a", "username": "ada"}, {"_id": "b", "username": "Ada"}]);
    execute(&*store, users(both)).await.unwrap();
    let long = "x".repeat(10_000);
    let nobody = json!([{"username": null}, {"username": null}, {"username": 1}, {"username": 1},
        {}, {"username": ["ada"]}, {"_id": "long", "username": long}]);
    execute(&*store, users(nobody)).await.unwrap();

    let taken = "with that username";
    for op in [
        users(json!({"username": "ada"})),
        users(json!([{"username": "new"}, {"username": "new"}])),
        users(json!({"username": long})),
        rename("b", "ada"),
        save("b", "ada"),
        save("c", "ada"),
    ] {
        check_refused(execute(&*store, op).await, "DuplicateKey", taken);
    }
    let again = users(json!({"_id": "a", "username": "other"}));
    check_refused(execute(&*store, again).await, "DuplicateKey", "_id \"a\"");

    // Free where it belongs to nobody, to oneself, or to somebody of another place.
    execute(&*store, save("a", "ada")).await.unwrap();
    execute(&*store, rename("a", "lovelace")).await.unwrap();
    execute(&*store, rename("b", "ada")).await.unwrap();
    let elsewhere = json!([{"username": "ada"}, {"username": "ada"}]);
    execute(&*store, insert(elsewhere)).await.unwrap();
    store.create_app(new_app("app2")).await.unwrap();
    let other = users(json!({"username": "ada"}));
    store.execute("app2", other).await.unwrap();
}
