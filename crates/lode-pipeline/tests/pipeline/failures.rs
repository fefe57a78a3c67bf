//! Every error that is the pipeline's own: status, name, description, and what its detail says.

use lode_pipeline::{Action, Request, RunError};
use serde_json::{Value, json};

use crate::world::{End, World, delete, one, request, update, with_body, with_params};

#[track_caller]
fn check((status, body): (u16, Value), expected: u16, error: &str, debug: &str) {
    assert_eq!(
        (status, &body["error"]),
        (expected, &json!(error)),
        "{body}"
    );
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["error", "description", "debug"]);
    assert!(body["debug"].as_str().unwrap().contains(debug), "{body}");
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let world = World::new([]).await;
    for action in [one("none"), delete("none")] {
        let reply = world.ask(request(action)).await;
        let description = "This entity not found in the collection";
        let expected = json!({"error": "EntityNotFound", "description": description, "debug": ""});
        assert_eq!(reply, (404, expected));
    }
    let other = Request {
        app: "none".to_owned(),
        ..request(Action::Query)
    };
    check(world.ask(other).await, 404, "AppNotFound", "`none`");
}

#[tokio::test]
async fn bad_parameters_are_400_and_named() {
    let world = World::new([]).await;
    let syntax = "InvalidQuerySyntax";
    let range = "ParameterValueOutOfRange";
    for (param, value, error, debug) in [
        ("query", "{", syntax, "the query is not JSON"),
        ("query", "[1]", syntax, "must be an object"),
        ("query", r#"{"a":{"$nonsense":1}}"#, syntax, "$nonsense"),
        ("query", r#"{"$and":1}"#, syntax, "$and"),
        (
            "query",
            r#"{"$where":"1"}"#,
            "DisallowedQuerySyntax",
            "$where",
        ),
        (
            "query",
            r#"{"a":{"$query":1}}"#,
            "DisallowedQuerySyntax",
            "$query",
        ),
        ("sort", "{", syntax, "sort is not JSON"),
        ("sort", r#"{"a":5}"#, syntax, "1 or -1"),
        ("fields", "[", syntax, "fields is not JSON"),
        ("limit", "-1", range, "limit is \"-1\""),
        ("limit", "x", range, "whole number from 0"),
        ("skip", "1.5", range, "skip is \"1.5\""),
    ] {
        let asked = with_params(Action::Query, [(param, value)]);
        check(world.ask(asked).await, 400, error, debug);
    }
}

#[tokio::test]
async fn a_deletion_without_a_query_deletes_nothing() {
    let world = World::new([]).await;
    world.put(json!({"_id": "a"})).await;
    check(
        world.ask(request(Action::Delete)).await,
        400,
        "MissingQuery",
        "{} stands for all",
    );
    assert_eq!(world.stored("a").await["_id"], "a");
}

#[tokio::test]
async fn a_body_that_is_no_entity_is_400() {
    let world = World::new([]).await;
    for body in [json!([{"a": 1}]), json!("text"), Value::Null] {
        for action in [Action::Create, update("b")] {
            let reply = world.ask(with_body(action, body.clone())).await;
            check(reply, 400, "IncompleteRequestBody", "must be an object");
        }
    }
    let bad = [
        json!({"_acl": 5}),
        json!({"_kmd": []}),
        json!({"$set": {"a": 1}}),
    ];
    for (body, debug) in bad.into_iter().zip(["_acl", "_kmd", "$set"]) {
        for action in [Action::Create, update("b")] {
            let reply = world.ask(with_body(action, body.clone())).await;
            check(reply, 400, "BadRequest", debug);
        }
    }
}

#[tokio::test]
async fn a_second_entity_of_one_id_is_refused_as_kinvey_refuses_it() {
    let world = World::new([]).await;
    world.put(json!({"_id": "a", "n": 1})).await;
    let reply = world
        .ask(with_body(Action::Create, json!({"_id": "a"})))
        .await;
    let debug = "An entity with that _id already exists in this collection";
    check(reply, 500, "KinveyInternalErrorRetry", debug);
    assert_eq!(world.stored("a").await["n"], 1);
}

#[tokio::test]
async fn a_username_that_is_taken_is_told_as_kinvey_tells_it() {
    let world = World::new([]).await;
    let user = |action: Action, name: &str| Request {
        collection: "user".to_owned(),
        ..with_body(action, json!({"username": name}))
    };
    assert_eq!(world.ask(user(Action::Create, "ada")).await.0, 201);
    assert_eq!(world.ask(user(update("b"), "bob")).await.0, 200);
    for request in [
        user(Action::Create, "ada"),
        user(update("b"), "ada"),
        user(update("c"), "ada"),
    ] {
        let debug = "already has a document with that username";
        check(world.ask(request).await, 409, "UserAlreadyExists", debug);
    }
}

#[tokio::test]
async fn a_hook_without_an_outcome_says_whether_it_may_have_run() {
    let world = World::new([
        ("a.onPreFetch", |_, _| {
            End::Fails(RunError::NoOutcome { waited_ms: 5000 })
        }),
        ("b.onPreFetch", |_, _| {
            End::Fails(RunError::NotStarted("no queue".to_owned()))
        }),
        ("c.onPreFetch", |_, _| {
            End::Fails(RunError::OutcomeLost("no queue".to_owned()))
        }),
    ])
    .await;
    for (collection, error, debug) in [
        ("a", "BLTimeoutError", "within 5000 ms"),
        ("b", "BLInternalError", "could not be started: no queue"),
        ("c", "BLInternalError", "outcome was lost: no queue"),
    ] {
        let asked = Request {
            collection: collection.to_owned(),
            ..request(Action::Query)
        };
        check(world.ask(asked).await, 550, error, debug);
    }
}

#[tokio::test]
async fn a_result_that_is_too_large_for_a_post_hook_is_told_and_not_cut() {
    let world = World::new([("books.onPostFetch", |_, _| End::Continue)]).await;
    let text = "x".repeat(600_000);
    world
        .put(json!([{"_id": "a", "text": text}, {"_id": "b", "text": text}]))
        .await;
    let reply = world.ask(request(Action::Query)).await;
    check(reply, 550, "BLViolationError", "books.onPostFetch have 12");
    let one = with_params(Action::Query, [("limit", "1")]);
    assert_eq!(world.ask(one).await.0, 200);
    assert_eq!(world.ran().len(), 1);
}
