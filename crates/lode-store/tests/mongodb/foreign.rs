//! Documents that another program has written, with types that JSON does not have.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};
use serde_json::json;

use crate::place::Place;
use crate::{APP, count, execute, find, insert, new_app, update};

/// As another program would: with the driver alone.
async fn written(place: &Place, document: Document) -> mongodb::Collection<Document> {
    let client = mongodb::Client::with_uri_str(place.url()).await.unwrap();
    let documents = client
        .database(&place.database)
        .collection(&format!("{APP}:c"));
    documents.insert_one(document).await.unwrap();
    documents
}

#[tokio::test]
async fn others_types_are_shown_as_json_and_outlive_an_update() {
    let place = Place::new();
    let store = place.open().await;
    store.create_app(new_app(APP)).await.unwrap();
    let (id, at) = (ObjectId::new(), DateTime::from_millis(1_393_443_922_211));
    let documents = written(&place, doc! {"_id": id, "at": at, "n": 1}).await;

    let found = execute(&*store, find(json!({"n": 1}), json!(null)))
        .await
        .unwrap();
    let shown = json!({"_id": id.to_hex(), "at": "2014-02-26T19:45:22.211Z", "n": 1});
    assert_eq!(found, json!([shown]));
    let changed = update(json!({"n": 1}), json!({"$inc": {"n": 1}}), json!(null));
    let reply = execute(&*store, changed).await.unwrap();
    assert_eq!(reply, json!({"numberAffected": 1, "updatedExisting": true}));
    let now = documents.find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(now, doc! {"_id": id, "at": at, "n": 2});
}

#[tokio::test]
async fn an_app_sees_its_own_collections_only() {
    let place = Place::new();
    let store = place.open().await;
    for app in [APP, "app2"] {
        store.create_app(new_app(app)).await.unwrap();
    }
    execute(&*store, insert(json!({"_id": "mine"})))
        .await
        .unwrap();
    for collection in ["app1:c", "../app1:c", ":c", "c", "lode.apps"] {
        let op = lode_store::DocOp::Count {
            collection: collection.to_owned(),
            query: json!({}),
        };
        let reply = store.execute("app2", op).await.unwrap();
        assert_eq!(reply.as_json(), r#"{"count":0}"#, "{collection}");
    }
    let own = execute(&*store, count(json!({}))).await.unwrap();
    assert_eq!(own, json!({"count": 1}));
}
