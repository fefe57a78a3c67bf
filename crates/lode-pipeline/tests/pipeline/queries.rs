//! The parameters of queries, by whom ever they were given.

use lode_pipeline::Action;
use serde_json::{Value, json};

use crate::world::{World, ids, one, request, with_params};

async fn shelf() -> World {
    let world = World::new([]).await;
    let books = [("a", 3, "x"), ("b", 1, "y"), ("c", 2, "x")];
    let books = books.map(|(id, n, kind)| json!({"_id": id, "n": n, "kind": kind}));
    world.put(Value::from(books.to_vec())).await;
    world
}

#[tokio::test]
async fn query_sort_limit_skip_and_fields_are_those_of_the_url() {
    let world = shelf().await;
    for (params, expected) in [
        (("query", r#"{"kind":"x"}"#), "a c"),
        (("query", ""), "a b c"),
        (("sort", r#"{"n":-1}"#), "a c b"),
        (("sort", "n"), "b c a"),
        (("limit", "2"), "a b"),
        (("limit", "0"), "a b c"),
        (("skip", "2"), "c"),
    ] {
        let (status, found) = world.ask(with_params(Action::Query, [params])).await;
        assert_eq!(
            (status, ids(&found).join(" ").as_str()),
            (200, expected),
            "{params:?}"
        );
    }
    let fields = [("fields", "n"), ("sort", "n"), ("limit", "1")];
    let (_, found) = world.ask(with_params(Action::Query, fields)).await;
    assert_eq!(found, json!([{"_id": "b", "n": 1}]));
    let by_id = with_params(one("a"), [("fields", "kind")]);
    assert_eq!(world.ask(by_id).await.1, json!({"_id": "a", "kind": "x"}));
    let count = with_params(Action::Count, [("query", r#"{"kind":"x"}"#)]);
    assert_eq!(world.ask(count).await, (200, json!({"count": 2})));
}

#[tokio::test]
async fn a_collection_that_is_not_there_is_empty() {
    let world = World::new([]).await;
    assert_eq!(world.ask(request(Action::Query)).await, (200, json!([])));
    assert_eq!(
        world.ask(request(Action::Count)).await,
        (200, json!({"count": 0}))
    );
}

#[tokio::test]
async fn one_reply_has_ten_thousand_documents_at_most() {
    let world = World::new([]).await;
    for part in 0..2 {
        let documents: Vec<Value> = (0..5_001).map(|n| json!({"_id": n * 2 + part})).collect();
        world.put(Value::from(documents)).await;
    }
    for asked in [
        request(Action::Query),
        with_params(Action::Query, [("limit", "10002")]),
    ] {
        let (_, found) = world.ask(asked).await;
        assert_eq!(found.as_array().map(Vec::len), Some(10_000));
    }
}
