//! A call that nobody waits for any more ends on the server, too, and leaves nothing behind.

use std::task::{Context, Waker};
use std::time::Duration;

use serde_json::json;
use tokio_postgres::Client;

use crate::client::client;
use crate::place::Place;
use crate::{APP, execute, find_one, insert, new_app, update};

const DEADLINE: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(10);

/// Waits until so many of the store's statements wait for a lock.
pub(crate) async fn until_waiting(client: &Client, place: &Place, count: usize) {
    let sql = "SELECT 1 FROM pg_stat_activity
               WHERE application_name = $1 AND wait_event_type = 'Lock'";
    let looking = async {
        let mut looks = tokio::time::interval(LOOK);
        while client.query(sql, &[&place.schema]).await.unwrap().len() != count {
            looks.tick().await;
        }
    };
    // Before the statement's own timeout, which would be another reason.
    let looked = tokio::time::timeout(DEADLINE, looking).await;
    looked.unwrap_or_else(|_| panic!("there are never {count} waiting"));
}

#[tokio::test]
async fn a_dropped_update_stops_waiting_for_its_row_and_changes_nothing() {
    let place = Place::new();
    let store = place.open().await;
    store.create_app(new_app(APP)).await.unwrap();
    execute(&*store, insert(json!({"_id": 1, "n": 0})))
        .await
        .unwrap();
    let client = client(&place).await;
    client
        .batch_execute("BEGIN; SELECT 1 FROM documents FOR UPDATE")
        .await
        .unwrap();
    {
        let change = update(json!({"_id": 1}), json!({"$inc": {"n": 1}}), json!(null));
        let mut call = store.execute(APP, change);
        let mut context = Context::from_waker(Waker::noop());
        assert!(call.as_mut().poll(&mut context).is_pending());
        until_waiting(&client, &place, 1).await;
    }
    until_waiting(&client, &place, 0).await;
    client.batch_execute("COMMIT").await.unwrap();
    let found = execute(&*store, find_one(json!({"_id": 1}))).await.unwrap();
    assert_eq!(found, json!({"_id": 1, "n": 0}));
}

#[tokio::test]
async fn an_update_that_waits_for_too_long_ends_with_the_reason() {
    let place = Place::new();
    let store = place.open().await;
    store.create_app(new_app(APP)).await.unwrap();
    execute(&*store, insert(json!({"_id": 1, "n": 0})))
        .await
        .unwrap();
    let client = client(&place).await;
    client
        .batch_execute("BEGIN; SELECT 1 FROM documents FOR UPDATE")
        .await
        .unwrap();
    let change = update(json!({"_id": 1}), json!({"$inc": {"n": 1}}), json!(null));
    let error = execute(&*store, change.clone()).await.unwrap_err();
    assert_eq!(error.code(), "OperationTooLong");
    client.batch_execute("COMMIT").await.unwrap();
    execute(&*store, change).await.unwrap();
    let found = execute(&*store, find_one(json!({"_id": 1}))).await.unwrap();
    assert_eq!(found, json!({"_id": 1, "n": 1}));
}
