//! Operations that would run for hours: they end by themselves, and others do not wait for them.

use std::task::{Context, Waker};

use lode_store::limits::OPERATION_MS_MAX;
use lode_store::{DocOp, Store, StoreOptions};
use serde_json::{Value, json};

use crate::documents::{check_refused, check_reply};
use crate::place::Place;
use crate::{APP, execute, find, find_one, insert, new_app, update};

/// Each level is an array whose only element has a field `0`, so that each step `0` of a path can
/// be meant as an index or as a name: the ways through double with each level.
fn maze() -> Value {
    (0..48).fold(json!(1), |inner, _| json!([{ "0": inner }]))
}

fn way_through_the_maze() -> Value {
    json!({ format!("a{}", ".0".repeat(60)): "never" })
}

/// Letters in no order that a pattern could make use of.
fn letters() -> String {
    let mut random = fastrand::Rng::with_seed(1);
    let letter = |_| if random.bool() { 'a' } else { 'b' };
    (0..8_000_000).map(letter).collect()
}

/// Each letter leads its automaton to a state that it has not met yet.
fn slow_pattern() -> Value {
    json!({"text": {"$regex": "a[ab]{900}c"}})
}

async fn store_with_maze(place: &Place) -> std::sync::Arc<dyn Store> {
    let store = place.open().await;
    for app in [APP, "other"] {
        store.create_app(new_app(app)).await.unwrap();
    }
    let documents =
        json!([{"_id": "first", "n": 0}, {"_id": "maze", "a": maze(), "text": letters()}]);
    execute(&*store, insert(documents)).await.unwrap();
    store
}

#[tokio::test]
async fn what_would_take_hours_ends_with_the_reason_and_without_a_partial_effect() {
    let place = Place::new();
    let store = store_with_maze(&place).await;
    let endless = way_through_the_maze();
    let read = execute(&*store, find(endless.clone(), json!({"fields": ["n"]})));
    let write = execute(
        &*store,
        update(
            json!({"$or": [{"_id": "first"}, endless]}),
            json!({"$set": {"n": 1}}),
            json!({"multi": true}),
        ),
    );
    let search = execute(&*store, find(slow_pattern(), json!({"fields": ["n"]})));
    let (read, write, search) = tokio::join!(read, write, search);
    let limit = format!("{OPERATION_MS_MAX} ms");
    check_refused(read, "OperationTooLong", &limit);
    check_refused(write, "OperationTooLong", &limit);
    check_refused(search, "OperationTooLong", &limit);
    check_reply(
        execute(&*store, find_one(json!({"_id": "first"}))).await,
        json!({"_id": "first", "n": 0}),
    );
}

#[tokio::test]
async fn long_reads_of_one_app_do_not_delay_another_and_end_when_dropped() {
    let place = Place::new();
    let store = store_with_maze(&place).await;
    let mut context = Context::from_waker(Waker::noop());
    let endless = find(way_through_the_maze(), json!(null));
    // Minutes of work.
    let mut reads: Vec<_> = (0..100)
        .map(|_| store.execute(APP, endless.clone()))
        .collect();
    for read in &mut reads {
        assert!(read.as_mut().poll(&mut context).is_pending());
    }
    let other = DocOp::CollectionExists {
        collection: "c".to_owned(),
    };
    let reply = store.execute("other", other).await.unwrap();
    assert_eq!(reply.as_json(), "false");
    // Minutes from its turn: the other app did not wait for it.
    let last = reads.last_mut().unwrap();
    assert!(last.as_mut().poll(&mut context).is_pending());
    drop(reads);
    check_reply(
        execute(&*store, find_one(json!({"_id": "first"}))).await,
        json!({"_id": "first", "n": 0}),
    );
}

#[tokio::test]
async fn an_operation_is_read_in_its_apps_turn_and_not_by_its_caller() {
    let place = Place::new();
    let store = store_with_maze(&place).await;
    let mut context = Context::from_waker(Waker::noop());
    let endless = find(way_through_the_maze(), json!(null));
    let mut reads: Vec<_> = (0..100)
        .map(|_| store.execute(APP, endless.clone()))
        .collect();
    for read in &mut reads {
        assert!(read.as_mut().poll(&mut context).is_pending());
    }
    let mut unreadable = store.execute(APP, find(json!({"a": {"$regex": "("}}), json!(null)));
    assert!(unreadable.as_mut().poll(&mut context).is_pending());
    drop(reads);
    assert_eq!(unreadable.await.unwrap_err().code(), "BadQuery");
}

#[tokio::test]
async fn sorting_an_array_by_large_keys_ends_in_time_and_without_effect() {
    let place = Place::new();
    let store = place.open().await;
    store.create_app(new_app(APP)).await.unwrap();
    // Each key is within the one before, and equal to that of every other element.
    let element = (0..31).fold(json!(vec![0; 500]), |inner, _| json!({ "a": inner }));
    let array = vec![element; 4_000];
    execute(
        &*store,
        insert(json!({"_id": "large", "n": 1, "list": array})),
    )
    .await
    .unwrap();
    let path = |depth: usize| (vec!["a"; depth].join("."), json!(1));
    let by: Value = (1..32).map(path).collect::<serde_json::Map<_, _>>().into();
    let sort = update(
        json!({"_id": "large"}),
        json!({"$set": {"n": 2}, "$push": {"list": {"$each": [], "$sort": by}}}),
        json!(null),
    );
    let options = StoreOptions {
        operation_ms: 500,
        ..StoreOptions::default()
    };
    let hasty = lode_store::open_with(&place.url(), options).await.unwrap();
    let sorted = execute(&*hasty, sort).await;
    check_refused(sorted, "OperationTooLong", "500 ms");
    check_reply(
        execute(&*store, find(json!({}), json!({"fields": ["n"]}))).await,
        json!([{"_id": "large", "n": 1}]),
    );
}
