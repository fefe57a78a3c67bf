//! What the database does with an index, and that no answer depends on one.

use std::task::{Context, Waker};

use lode_store::{DocOp, Index, Store};
use serde_json::{Value, json};

use crate::client::client;
use crate::drops::until_waiting;
use crate::place::Place;
use crate::{APP, count, execute, find, insert, new_app, remove, save, update};

fn index(path: &str) -> Index {
    Index {
        collection: "c".to_owned(),
        path: path.to_owned(),
    }
}

/// Values of every kind, in arrays and not.
fn documents() -> Value {
    let values = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-0.0),
        json!(1),
        json!(1.5),
        json!(9_007_199_254_740_993_i64),
        json!(9_007_199_254_740_992.0),
        json!(1e300),
        json!(-7),
        json!(""),
        json!("a"),
        json!("A"),
        json!("a\u{0}b"),
        json!("é"),
        json!("z".repeat(300)),
        json!("1"),
        json!({}),
        json!({"b": 1}),
        json!([]),
        json!([1, "a"]),
        json!([[1]]),
        json!([{"b": 1}, {"b": "a"}]),
        json!([null]),
        json!([0, 20]),
    ];
    let mut all: Vec<Value> = values.iter().map(|value| json!({ "a": value })).collect();
    all.extend(values.iter().map(|value| json!({"a": {"b": value}})));
    all.push(json!({}));
    for (number, document) in all.iter_mut().enumerate() {
        document["_id"] = json!(format!("{number}\u{0}"));
    }
    Value::Array(all)
}

fn queries() -> Vec<Value> {
    let operands = documents();
    let operands = operands.as_array().unwrap();
    let mut conditions: Vec<Value> = Vec::new();
    for operand in operands.iter().filter_map(|document| document.get("a")) {
        conditions.push(json!({ "$eq": operand }));
        for operator in ["$gt", "$gte", "$lt", "$lte", "$ne"] {
            conditions.push(json!({ operator: operand }));
        }
        conditions.push(json!({"$in": [operand, "A", 1]}));
        conditions.push(json!({"$gte": operand, "$lte": "a"}));
    }
    conditions.push(json!({"$gt": 0.5, "$lt": 10}));
    conditions.push(json!({"$exists": true}));
    conditions.push(json!({"$exists": false}));
    conditions.push(json!({"$elemMatch": {"b": 1}}));
    conditions.push(json!({"$size": 2}));
    conditions.push(json!({"$regex": "a"}));
    conditions.push(json!({"$type": "string"}));
    conditions.push(json!({"$mod": [2, 1]}));
    let paths = ["a", "a.b", "a.0", "_id"];
    let all = paths
        .iter()
        .flat_map(|path| conditions.iter().map(move |c| json!({ *path: c })));
    all.collect()
}

async fn answers(store: &dyn Store) -> Vec<String> {
    let mut answers = Vec::new();
    for query in queries() {
        let op = find(query.clone(), json!({"fields": ["_id"]}));
        let reply = store.execute(APP, op).await;
        answers.push(format!(
            "{query}: {:?}",
            reply.map_err(|error| error.code())
        ));
    }
    answers
}

#[tokio::test]
async fn both_stores_answer_the_same_with_and_without_indexes() {
    let sqlite = lode_store::open("sqlite::memory:").await.unwrap();
    let postgres = Place::new().open().await;
    for store in [&sqlite, &postgres] {
        store.create_app(new_app(APP)).await.unwrap();
        execute(&**store, insert(documents())).await.unwrap();
    }
    let expected = answers(&*sqlite).await;
    for path in ["", "a", "a.b"] {
        if !path.is_empty() {
            assert!(postgres.create_index(APP, index(path)).await.unwrap());
        }
        let found = answers(&*postgres).await;
        let differ = expected.iter().zip(&found).filter(|(a, b)| a != b);
        let differ: Vec<_> = differ.collect();
        assert!(differ.is_empty(), "index {path:?}: {differ:#?}");
    }
}

#[tokio::test]
async fn keys_follow_every_kind_of_write() {
    let place = Place::new();
    let store = place.open().await;
    store.create_app(new_app(APP)).await.unwrap();
    store.create_index(APP, index("a")).await.unwrap();
    let client = client(&place).await;
    let keys = async |ops: Vec<DocOp>| {
        for op in ops {
            execute(&*store, op).await.unwrap();
        }
        let sql = "SELECT 1 FROM document_keys";
        client.query(sql, &[]).await.unwrap().len()
    };
    assert_eq!(
        keys(vec![insert(json!([{"_id": 1, "a": 1}, {"_id": 2}]))]).await,
        2
    );
    assert_eq!(keys(vec![save(json!({"_id": 1, "a": [1, 2]}))]).await, 4);
    let push = update(json!({"_id": 1}), json!({"$push": {"a": 3}}), json!(null));
    assert_eq!(keys(vec![push]).await, 5);
    let by_key = execute(&*store, count(json!({"a": 3}))).await.unwrap();
    assert_eq!(by_key, json!({"count": 1}));
    assert_eq!(keys(vec![remove(json!({"a": 3}))]).await, 1);
    assert_eq!(keys(vec![remove(json!({}))]).await, 0);
    execute(&*store, insert(json!({"a": 1}))).await.unwrap();
    assert!(store.drop_index(APP, index("a")).await.unwrap());
    assert_eq!(keys(Vec::new()).await, 0);
}

/// Ten thousand documents, and the plan by which a tenant's role finds one of them.
#[tokio::test]
async fn an_index_is_used_although_rows_are_guarded() {
    let place = Place::new();
    let store = place.open().await;
    store.create_app(new_app(APP)).await.unwrap();
    let many: Vec<Value> = (0..10_000).map(|n| json!({"a": n, "b": n})).collect();
    execute(&*store, insert(Value::Array(many))).await.unwrap();
    store.create_index(APP, index("a")).await.unwrap();
    let client = client(&place).await;
    let plan = async |from: &str| {
        let begin = format!("BEGIN; SET LOCAL ROLE lode_tenant; SET LOCAL lode.app = '{APP}'");
        client.batch_execute(&begin).await.unwrap();
        let sql = format!("EXPLAIN SELECT doc FROM {from}");
        let rows = client.query(&sql, &[]).await.unwrap();
        client.batch_execute("ROLLBACK").await.unwrap();
        let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        lines.join("\n")
    };
    let by_keys = format!(
        "(SELECT DISTINCT seq AS found FROM (SELECT k.seq FROM document_keys k WHERE k.app = '{APP}' \
         AND k.index = 1 AND k.key = '\\x20c05ec00000000000'::bytea) AS keyed \
         ORDER BY found) AS k CROSS JOIN LATERAL (SELECT seq, id, doc, body FROM documents \
         WHERE app = '{APP}' AND collection = 'c' AND seq = k.found OFFSET 0) AS d ORDER BY k.found"
    );
    let by_keys = plan(&by_keys).await;
    for way in ["document_keys_pkey", "documents_pkey", "(seq = k.seq)"] {
        assert!(by_keys.contains(way), "{by_keys}");
    }
    assert!(!by_keys.contains("Seq Scan"), "{by_keys}");
    // The reason for keys: the same by an index of jsonb is not to be had.
    let create = "CREATE INDEX by_jsonb ON documents ((body -> 'b')); ANALYZE documents";
    client.batch_execute(create).await.unwrap();
    let own = format!("documents WHERE app = '{APP}' AND collection = 'c'");
    let by_jsonb = plan(&format!("{own} AND body -> 'b' = '123'::jsonb")).await;
    assert!(!by_jsonb.contains("by_jsonb"), "{by_jsonb}");
    let found = execute(
        &*store,
        find(json!({"a": 123}), json!({"fields": {"_id": 0}})),
    )
    .await;
    assert_eq!(found.unwrap(), json!([{"a": 123, "b": 123}]));
}

#[tokio::test]
async fn an_index_is_made_while_others_write_and_knows_what_they_wrote() {
    let place = Place::new();
    let store = place.open().await;
    for app in [APP, "other"] {
        store.create_app(new_app(app)).await.unwrap();
    }
    let first = json!([{"_id": 1, "a": 1}, {"_id": 2, "a": 2}, {"_id": 3, "a": 3}]);
    execute(&*store, insert(first)).await.unwrap();
    let client = client(&place).await;
    // A writer of the first document, for which the index waits in the midst.
    let hold = "BEGIN; UPDATE documents SET doc = doc WHERE id = 'n:1'";
    client.batch_execute(hold).await.unwrap();
    let mut creating = store.create_index(APP, index("a"));
    let mut context = Context::from_waker(Waker::noop());
    assert!(creating.as_mut().poll(&mut context).is_pending());
    until_waiting(&client, &place, 1).await;

    execute(&*store, insert(json!({"_id": 4, "a": 7})))
        .await
        .unwrap();
    execute(&*store, save(json!({"_id": 2, "a": 7})))
        .await
        .unwrap();
    execute(&*store, remove(json!({"_id": 3}))).await.unwrap();
    store
        .execute("other", insert(json!({"a": 7})))
        .await
        .unwrap();
    let ids = async |a: u32| {
        let by_id = json!({"fields": ["_id"], "sort": {"_id": 1}});
        execute(&*store, find(json!({"a": a}), by_id))
            .await
            .unwrap()
    };
    assert_eq!(ids(1).await, json!([{"_id": 1}]), "by no index");
    assert_eq!(store.indexes(APP).await.unwrap(), []);

    client.batch_execute("COMMIT").await.unwrap();
    assert!(creating.await.unwrap());
    assert_eq!(store.indexes(APP).await.unwrap(), [index("a")]);
    assert_eq!(ids(1).await, json!([{"_id": 1}]));
    assert_eq!(ids(7).await, json!([{"_id": 2}, {"_id": 4}]));
    let keys = client.query("SELECT 1 FROM document_keys", &[]).await;
    assert_eq!(keys.unwrap().len(), 3);
}

#[tokio::test]
async fn an_index_that_was_given_up_serves_nobody_and_is_finished_by_the_next() {
    let place = Place::new();
    let store = place.open().await;
    store.create_app(new_app(APP)).await.unwrap();
    // Three batches.
    let many: Vec<Value> = (0..1_200).map(|n| json!({"a": n})).collect();
    execute(&*store, insert(Value::Array(many))).await.unwrap();
    let client = client(&place).await;
    let given_up = "INSERT INTO indexes (app, collection, path) VALUES ($1, 'c', 'a')";
    client.execute(given_up, &[&APP]).await.unwrap();
    let counted = async || execute(&*store, count(json!({"a": 1_199}))).await.unwrap();
    assert_eq!(counted().await, json!({"count": 1}));
    assert_eq!(store.indexes(APP).await.unwrap(), []);
    assert!(store.create_index(APP, index("a")).await.unwrap());
    assert_eq!(counted().await, json!({"count": 1}));
    assert!(!store.create_index(APP, index("a")).await.unwrap());
    let keys = client.query("SELECT 1 FROM document_keys", &[]).await;
    assert_eq!(keys.unwrap().len(), 1_200);
}
