//! Many threads and several handles on one store: no update is lost.

use lode_store::Store;
use serde_json::json;

use crate::place::{self, Place};
use crate::{APP, count, execute, find_one, insert, new_app, new_hook, update};

const THREADS: usize = 8;
const ROUNDS: usize = 100;

/// Runs `work` on so many threads, each with a runtime of its own.
fn on_threads<F: Future<Output = ()>>(work: impl Fn(usize) -> F + Sync) {
    on_many_threads(THREADS, work);
}

pub(crate) fn on_many_threads<F: Future<Output = ()>>(
    threads: usize,
    work: impl Fn(usize) -> F + Sync,
) {
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let work = &work;
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .unwrap();
                runtime.block_on(work(thread));
            });
        }
    });
}

async fn increments(store: &dyn Store) {
    for _ in 0..ROUNDS {
        let op = update(
            json!({"_id": "n"}),
            json!({"$inc": {"n": 1}}),
            json!({"upsert": true}),
        );
        execute(store, op).await.unwrap();
    }
}

async fn check_total(store: &dyn Store) {
    let found = execute(store, find_one(json!({}))).await.unwrap();
    assert_eq!(found, json!({"_id": "n", "n": THREADS * ROUNDS}));
}

#[tokio::test]
async fn increments_of_many_threads_add_up() {
    let place = Place::new();
    for store in [place::anywhere().await, place.open().await] {
        store.create_app(new_app(APP)).await.unwrap();
        on_threads(|_| increments(&*store));
        check_total(&*store).await;
    }
}

#[tokio::test]
async fn increments_through_two_handles_on_one_file_add_up() {
    let place = Place::new();
    let handles = [place.open().await, place.open().await];
    handles[0].create_app(new_app(APP)).await.unwrap();
    on_threads(|thread| increments(&*handles[thread % 2]));
    check_total(&*handles[0]).await;
    check_total(&*handles[1]).await;
}

#[tokio::test]
async fn a_reader_sees_a_transaction_wholly_or_not_at_all() {
    let place = Place::new();
    let store = place.open().await;
    store.create_app(new_app(APP)).await.unwrap();
    on_threads(|thread| {
        let store = &store;
        async move {
            for _ in 0..20 {
                if thread % 2 == 0 {
                    execute(&**store, insert(json!([{"a": 1}, {"a": 2}, {"a": 3}])))
                        .await
                        .unwrap();
                } else {
                    let reply = execute(&**store, count(json!({"a": {"$gt": 0}})))
                        .await
                        .unwrap();
                    assert_eq!(reply["count"].as_u64().unwrap() % 3, 0);
                }
            }
        }
    });
    let reply = execute(&*store, count(json!({}))).await.unwrap();
    assert_eq!(reply, json!({"count": THREADS / 2 * 20 * 3}));
}

#[tokio::test]
async fn versions_put_at_once_all_get_their_own_number() {
    let place = Place::new();
    let handles = [place.open().await, place.open().await];
    handles[0].create_app(new_app(APP)).await.unwrap();
    on_threads(|thread| {
        let store = &handles[thread % 2];
        async move {
            store
                .put_hook(new_hook("b.onPreSave", &format!("source {thread}")))
                .await
                .unwrap();
        }
    });
    let heads = handles[0].hooks(APP).await.unwrap();
    assert_eq!((heads[0].versions, heads[0].active), (8, 8));
}

#[tokio::test]
async fn a_new_store_may_be_opened_by_many_at_once() {
    let place = Place::new();
    let url = place.url();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .unwrap();
                runtime
                    .block_on(async { lode_store::open(&url).await.unwrap().ping().await })
                    .unwrap();
            });
        }
    });
}

#[tokio::test]
async fn a_dropped_call_happens_wholly_or_not_at_all() {
    let place = Place::new();
    {
        let store = place.open().await;
        store.create_app(new_app(APP)).await.unwrap();
        for n in 0..50 {
            let op = insert(json!([{"n": n}, {"n": n}]));
            let mut call = std::pin::pin!(store.execute(APP, op));
            // Polled once, so it was sent; then dropped without its answer.
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            let _ = call.as_mut().poll(&mut context);
        }
    }
    let store = place.open().await;
    for n in 0..50 {
        let reply = execute(&*store, count(json!({"n": n}))).await.unwrap();
        let count = reply["count"].as_u64().unwrap();
        assert!([0, 2].contains(&count), "{count} of {n}");
    }
}
