//! Races on documents: what only one may win, and what all together must add up to.

use std::collections::BTreeSet;
use std::sync::Mutex;

use lode_store::{DocOp, Store};
use serde_json::{Value, json};

use crate::concurrency::on_many_threads;
use crate::place::Place;
use crate::{APP, count, execute, find, find_one, insert, new_app, update};

const WRITERS: usize = 32;
const SEATS: usize = 100;

async fn seats(place: &Place) -> std::sync::Arc<dyn Store> {
    let store = place.open().await;
    store.create_app(new_app(APP)).await.unwrap();
    let seats: Vec<Value> = (0..SEATS).map(|n| json!({"_id": n, "by": null})).collect();
    execute(&*store, insert(Value::Array(seats))).await.unwrap();
    store
}

fn book(who: &str, order: i64) -> DocOp {
    DocOp::FindAndModify {
        collection: "c".to_owned(),
        query: json!({"by": null}),
        sort: json!({"_id": order}),
        entity: json!({"$set": {"by": who}, "$inc": {"bookings": 1}}),
        options: json!({"new": true}),
    }
}

#[tokio::test]
async fn a_seat_is_booked_once_however_many_want_it() {
    let place = Place::new();
    let handles = [seats(&place).await, place.open().await];
    let booked = Mutex::new(Vec::new());
    on_many_threads(WRITERS, |thread| {
        let (store, booked) = (&handles[thread % 2], &booked);
        async move {
            let who = format!("guest {thread}");
            // Together a few more than there are seats.
            for _ in 0..=SEATS / WRITERS {
                // From both ends, so that they meet.
                let order = if thread % 3 == 0 { -1 } else { 1 };
                let reply = execute(&**store, book(&who, order)).await.unwrap();
                if reply["updatedExisting"] == true {
                    assert_eq!(reply["entity"]["by"], json!(who));
                    booked
                        .lock()
                        .unwrap()
                        .push(reply["entity"]["_id"].as_u64().unwrap());
                }
            }
        }
    });
    let booked = booked.into_inner().unwrap();
    let different: BTreeSet<u64> = booked.iter().copied().collect();
    assert_eq!((booked.len(), different.len()), (SEATS, SEATS));
    let twice = execute(&*handles[0], count(json!({"bookings": {"$ne": 1}})))
        .await
        .unwrap();
    assert_eq!(twice, json!({"count": 0}));
}

#[tokio::test]
async fn a_document_is_taken_out_once() {
    let place = Place::new();
    let store = seats(&place).await;
    let taken = Mutex::new(Vec::new());
    on_many_threads(WRITERS, |_| {
        let (store, taken) = (&store, &taken);
        async move {
            loop {
                let op = DocOp::FindAndRemove {
                    collection: "c".to_owned(),
                    query: json!({}),
                    sort: json!({"_id": -1}),
                };
                let reply = execute(&**store, op).await.unwrap();
                let Some(id) = reply["_id"].as_u64() else {
                    return;
                };
                taken.lock().unwrap().push(id);
            }
        }
    });
    let mut taken = taken.into_inner().unwrap();
    taken.sort_unstable();
    assert_eq!(taken, (0..SEATS as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn increments_and_pushes_of_32_writers_add_up() {
    const ROUNDS: usize = 20;
    let place = Place::new();
    let handles = [place.open().await, place.open().await];
    handles[0].create_app(new_app(APP)).await.unwrap();
    on_many_threads(WRITERS, |thread| {
        let store = &handles[thread % 2];
        async move {
            for round in 0..ROUNDS {
                let mark = thread * ROUNDS + round;
                let entity =
                    json!({"$inc": {"n": 1}, "$push": {"all": mark}, "$max": {"most": mark}});
                let op = update(json!({"_id": "n"}), entity, json!({"upsert": true}));
                execute(&**store, op).await.unwrap();
            }
        }
    });
    let total = WRITERS * ROUNDS;
    let mut found = execute(&*handles[0], find_one(json!({}))).await.unwrap();
    let all: BTreeSet<u64> = found["all"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mark| mark.as_u64().unwrap())
        .collect();
    assert_eq!(all.len(), total);
    found["all"].take();
    assert_eq!(
        found,
        json!({"_id": "n", "n": total, "all": null, "most": total - 1})
    );
}

#[tokio::test]
async fn a_query_sees_an_update_of_many_wholly_or_not_at_all() {
    let place = Place::new();
    let store = seats(&place).await;
    let index = lode_store::Index {
        collection: "c".to_owned(),
        path: "round".to_owned(),
    };
    store.create_index(APP, index).await.unwrap();
    on_many_threads(8, |thread| {
        let store = &store;
        async move {
            for round in 0..20 {
                if thread == 0 {
                    let entity = json!({"$set": {"round": round}, "$push": {"rounds": round}});
                    let op = update(json!({}), entity, json!({"multi": true}));
                    execute(&**store, op).await.unwrap();
                    continue;
                }
                let reply = execute(&**store, find(json!({}), json!({"sort": {"_id": 1}}))).await;
                let documents = reply.unwrap();
                let rounds: BTreeSet<String> = documents
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|document| json!([document["round"], document["rounds"]]).to_string())
                    .collect();
                assert_eq!(rounds.len(), 1, "{rounds:?}");
                let by_index = count(json!({ "round": round }));
                let counted = execute(&**store, by_index).await.unwrap();
                let counted = counted["count"].as_u64().unwrap();
                assert!([0, SEATS as u64].contains(&counted), "{counted}");
            }
        }
    });
}
