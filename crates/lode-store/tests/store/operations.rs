//! findAndModify, findAndRemove, distinct, geoNear and indexes, each with its reply.

use lode_store::{DocOp, Index, Store};
use serde_json::{Value, json};

use crate::documents::{check_refused, check_reply};
use crate::place::Place;
use crate::{APP, count, execute, find, find_one, insert, new_app, save, store, update};

fn find_and_modify(query: Value, sort: Value, entity: Value, options: Value) -> DocOp {
    DocOp::FindAndModify {
        collection: "c".to_owned(),
        query,
        sort,
        entity,
        options,
    }
}

fn find_and_remove(query: Value, sort: Value) -> DocOp {
    DocOp::FindAndRemove {
        collection: "c".to_owned(),
        query,
        sort,
    }
}

fn distinct(key: Value, query: Value) -> DocOp {
    DocOp::Distinct {
        collection: "c".to_owned(),
        key,
        query,
    }
}

fn geo_near(x: Value, y: Value, options: Value) -> DocOp {
    DocOp::GeoNear {
        collection: "c".to_owned(),
        x,
        y,
        options,
    }
}

async fn with(documents: Value) -> std::sync::Arc<dyn Store> {
    let store = store().await;
    execute(&*store, insert(documents)).await.unwrap();
    store
}

#[tokio::test]
async fn find_and_modify_changes_the_first_in_its_order() {
    let store = with(json!([{"_id": 1, "n": 3}, {"_id": 2, "n": 1}, {"_id": 3, "n": 2}])).await;
    let done = |query, sort, entity, options| {
        execute(&*store, find_and_modify(query, sort, entity, options))
    };
    let inc = json!({"$inc": {"n": 10}});
    check_reply(
        done(json!({}), json!({"n": 1}), inc.clone(), json!(null)).await,
        json!({"entity": {"_id": 2, "n": 1}, "updatedExisting": true}),
    );
    let new = json!({"new": true, "fields": ["n"]});
    check_reply(
        done(
            json!({"n": {"$lt": 9}}),
            json!([["n", "desc"]]),
            inc.clone(),
            new,
        )
        .await,
        json!({"entity": {"_id": 1, "n": 13}, "updatedExisting": true}),
    );
    check_reply(
        done(
            json!({}),
            json!([]),
            json!({"whole": 1}),
            json!({"returnModifiedEntity": true}),
        )
        .await,
        json!({"entity": {"_id": 1, "whole": 1}, "updatedExisting": true}),
    );
    let nothing = json!({"entity": {}, "updatedExisting": false});
    let none = json!({"_id": 9, "k": "x"});
    check_reply(
        done(none.clone(), json!({}), inc.clone(), json!({})).await,
        nothing.clone(),
    );
    check_reply(
        done(none, json!({}), inc.clone(), json!({"upsert": true})).await,
        nothing.clone(),
    );
    check_reply(
        execute(&*store, find_one(json!({"_id": 9}))).await,
        json!({"_id": 9, "k": "x", "n": 10}),
    );
    let upsert = json!({"upsert": true, "new": true, "fields": {"_id": 0, "n": 1}});
    check_reply(
        done(json!({"_id": 10}), json!({}), inc, upsert).await,
        json!({"entity": {"n": 10}, "updatedExisting": false}),
    );
    let remove = json!({"remove": true});
    check_reply(
        done(json!({"_id": 10}), json!(null), json!(null), remove.clone()).await,
        json!({"entity": {"_id": 10, "n": 10}, "updatedExisting": false}),
    );
    check_reply(
        done(json!({"_id": 10}), json!(null), json!(null), remove).await,
        nothing,
    );
    check_reply(
        execute(&*store, count(json!({}))).await,
        json!({"count": 4}),
    );
}

#[tokio::test]
async fn find_and_modify_refuses_what_contradicts_itself() {
    let store = with(json!([{"_id": 1, "n": "x"}])).await;
    let done = |entity, options| {
        execute(
            &*store,
            find_and_modify(json!({}), json!(null), entity, options),
        )
    };
    check_refused(
        done(json!(null), json!(null)).await,
        "MissingRequiredParameter",
        "entity",
    );
    for option in ["new", "upsert"] {
        let options = json!({"remove": true, option: true});
        check_refused(
            done(json!(null), options).await,
            "BadQuery",
            "neither upsert nor new",
        );
    }
    check_refused(
        done(json!({"$inc": {"n": 1}}), json!(null)).await,
        "BadUpdate",
        "a string",
    );
    check_refused(
        done(json!({}), json!({"new": 1})).await,
        "BadQuery",
        "true or false",
    );
}

#[tokio::test]
async fn find_and_remove_takes_out_the_first_in_its_order() {
    let store = with(json!([{"_id": 1, "n": 3}, {"_id": 2, "n": 1}, {"_id": 3, "n": 1}])).await;
    let done = |query, sort| execute(&*store, find_and_remove(query, sort));
    check_reply(
        done(json!({}), json!({"n": 1})).await,
        json!({"_id": 2, "n": 1}),
    );
    check_reply(
        done(json!({"n": 3}), json!(null)).await,
        json!({"_id": 1, "n": 3}),
    );
    check_reply(done(json!({"n": 3}), json!(null)).await, json!({}));
    check_reply(
        execute(&*store, find(json!({}), json!(null))).await,
        json!([{"_id": 3, "n": 1}]),
    );
}

#[tokio::test]
async fn distinct_gives_each_value_once_in_order() {
    let store = with(json!([
        {"a": "x", "b": [{"c": 2}, {"c": 1.0}]}, {"a": ["y", "x", null], "b": {"c": 1}},
        {"a": {"k": 1}, "z": 1}, {"a": 7}, {"z": 2},
    ]))
    .await;
    let done = |key, query| execute(&*store, distinct(key, query));
    check_reply(
        done(json!("a"), json!({})).await,
        json!([null, 7, "x", "y", {"k": 1}]),
    );
    check_reply(done(json!("b.c"), json!({"a": "x"})).await, json!([1.0, 2]));
    check_reply(done(json!("none"), json!({})).await, json!([]));
    check_refused(
        done(json!(null), json!({})).await,
        "MissingRequiredParameter",
        "key",
    );
    check_refused(
        done(json!("a"), json!(null)).await,
        "MissingRequiredParameter",
        "query",
    );
    check_refused(
        done(json!(5), json!({})).await,
        "BadQuery",
        "must be a text",
    );
    check_refused(
        done(json!("a..b"), json!({})).await,
        "BadQuery",
        "must not be empty",
    );
}

fn places() -> Value {
    json!([
        {"_id": "far", "_geoloc": [30, 40]}, {"_id": "none"}, {"_id": "near", "_geoloc": [3, 4]},
        {"_id": "here", "k": 1, "_geoloc": {"lng": 0, "lat": 0}},
        {"_id": "two", "_geoloc": [[90, 0], [0, 1]]},
    ])
}

#[tokio::test]
async fn geo_near_orders_by_distance() {
    let store = with(places()).await;
    let near = |options| execute(&*store, geo_near(json!(0), json!(0), options));
    let ids = |reply: Result<Value, _>| {
        let reply = reply.unwrap();
        let ids = reply
            .as_array()
            .unwrap()
            .iter()
            .map(|document| document["_id"].clone());
        Value::Array(ids.collect())
    };
    assert_eq!(
        ids(near(json!(null)).await),
        json!(["here", "two", "near", "far"])
    );
    assert_eq!(ids(near(json!({"limit": 2})).await), json!(["here", "two"]));
    let bounded = json!({"minDistance": 1, "maxDistance": 5, "num": 9});
    assert_eq!(ids(near(bounded).await), json!(["two", "near"]));
    let spherical = json!({"spherical": true, "maxDistance": 0.1, "query": {"k": null}});
    assert_eq!(ids(near(spherical).await), json!(["two", "near"]));
    check_reply(
        near(json!({"limit": 2, "distanceField": "d.m", "distanceMultiplier": 10})).await,
        json!([
            {"_id": "here", "k": 1, "_geoloc": {"lng": 0, "lat": 0}, "d": {"m": 0.0}},
            {"_id": "two", "_geoloc": [[90, 0], [0, 1]], "d": {"m": 10.0}},
        ]),
    );
    let found = find(
        json!({"_geoloc": {"$near": [0, 0]}}),
        json!({"skip": 1, "limit": 1}),
    );
    assert_eq!(ids(execute(&*store, found).await), json!(["two"]));
    let sorted = find(
        json!({"_geoloc": {"$near": [0, 0]}}),
        json!({"sort": {"_id": 1}}),
    );
    assert_eq!(
        ids(execute(&*store, sorted).await),
        json!(["far", "here", "near", "two"])
    );
    let refused = near(json!({"query": {"_geoloc": {"$near": [1, 1]}}})).await;
    check_refused(refused, "BadQuery", "once");
    let missing = execute(&*store, geo_near(json!(null), json!(0), json!({}))).await;
    check_refused(missing, "MissingRequiredParameter", "x");
    check_refused(
        near(json!({"spherical": 1})).await,
        "BadQuery",
        "true or false",
    );
}

#[tokio::test]
async fn geo_near_gives_100_unless_told_otherwise() {
    let documents: Vec<Value> = (0..150).map(|n| json!({"_geoloc": [n, 0]})).collect();
    let store = with(Value::Array(documents)).await;
    for (options, expected) in [(json!({}), 100), (json!({"limit": 120}), 120)] {
        let reply = execute(&*store, geo_near(json!(0), json!(0), options))
            .await
            .unwrap();
        assert_eq!(reply.as_array().unwrap().len(), expected);
    }
}

#[tokio::test]
async fn an_update_sets_the_matched_element_and_what_an_insert_begins_with() {
    let store = with(json!([{"_id": 1, "seats": [{"no": 1}, {"no": 2}]}])).await;
    let entity = json!({"$set": {"seats.$.by": "me"}, "$setOnInsert": {"made": 1}});
    let reply = execute(&*store, update(json!({"seats.no": 2}), entity, json!({}))).await;
    check_reply(reply, json!({"numberAffected": 1, "updatedExisting": true}));
    let entity = json!({"$setOnInsert": {"made": 1}, "$currentDate": {"at": true}});
    let upsert = json!({"upsert": true});
    execute(&*store, update(json!({"_id": 2}), entity, upsert))
        .await
        .unwrap();
    let found = execute(&*store, find(json!({}), json!({"fields": {"at": 0}}))).await;
    check_reply(
        found,
        json!([{"_id": 1, "seats": [{"no": 1}, {"no": 2, "by": "me"}]}, {"_id": 2, "made": 1}]),
    );
    let dated = execute(&*store, count(json!({"at": {"$type": "date"}}))).await;
    check_reply(dated, json!({"count": 1}));
}

fn index(path: &str) -> Index {
    Index {
        collection: "c".to_owned(),
        path: path.to_owned(),
    }
}

#[tokio::test]
async fn an_index_changes_no_answer() {
    let place = Place::new();
    let store = place.open().await;
    store.create_app(new_app(APP)).await.unwrap();
    let documents = json!([
        {"_id": 1, "a": {"b": 1}}, {"_id": 2, "a": [{"b": 1}, {"b": "x"}]}, {"_id": 3, "a": {"b": "x"}},
        {"_id": 4}, {"_id": 5, "a": {"b": null}}, {"_id": 6, "a": {"b": [1.0, true]}},
    ]);
    execute(&*store, insert(documents)).await.unwrap();
    let counts = async || {
        let mut counts = Vec::new();
        for condition in [
            json!(1),
            json!("x"),
            json!(null),
            json!(true),
            json!({"$gte": "a"}),
            json!({"$lt": 2}),
            json!({"$in": [1, "x"]}),
            json!({"$regex": "^x"}),
        ] {
            let reply = execute(&*store, count(json!({"a.b": condition})))
                .await
                .unwrap();
            counts.push(reply["count"].as_u64().unwrap());
        }
        counts
    };
    assert_eq!(counts().await, [3, 2, 2, 1, 2, 3, 4, 2]);
    assert!(store.create_index(APP, index("a.b")).await.unwrap());
    assert!(!store.create_index(APP, index("a.b")).await.unwrap());
    assert_eq!(store.indexes(APP).await.unwrap(), [index("a.b")]);
    assert_eq!(counts().await, [3, 2, 2, 1, 2, 3, 4, 2]);
    execute(&*store, save(json!({"_id": 3, "a": {"b": 1}})))
        .await
        .unwrap();
    let other = place.open().await;
    assert_eq!(other.indexes(APP).await.unwrap(), [index("a.b")]);
    assert_eq!(counts().await, [4, 1, 2, 1, 1, 4, 4, 1]);
    assert!(store.drop_index(APP, index("a.b")).await.unwrap());
    assert!(!store.drop_index(APP, index("a.b")).await.unwrap());
    assert_eq!(counts().await, [4, 1, 2, 1, 1, 4, 4, 1]);
}

#[tokio::test]
async fn indexes_belong_to_an_app_and_are_limited() {
    let store = store().await;
    store.create_app(new_app("other")).await.unwrap();
    let quoted = Index {
        collection: "c'; --".to_owned(),
        path: "p'q".to_owned(),
    };
    assert!(store.create_index("other", quoted.clone()).await.unwrap());
    assert_eq!(store.indexes("other").await.unwrap(), [quoted]);
    assert_eq!(store.indexes(APP).await.unwrap(), []);
    let refused = async |app: &str, path: &str| {
        let error = store.create_index(app, index(path)).await.unwrap_err();
        error.code()
    };
    for path in ["_id", "a.0", "a\"b", "a.b.c.d.e.f.g.h.i.j.k"] {
        assert_eq!(refused(APP, path).await, "BadName", "{path}");
    }
    assert_eq!(refused(APP, "a.$").await, "BadQuery");
    assert_eq!(refused("nobody", "a").await, "UnknownApp");
    for n in 0..lode_store::limits::INDEXES_MAX {
        store
            .create_index(APP, index(&format!("a{n}")))
            .await
            .unwrap();
    }
    assert_eq!(refused(APP, "b").await, "LimitExceeded");
}
