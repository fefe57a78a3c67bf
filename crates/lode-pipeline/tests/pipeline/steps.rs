//! Which hooks run, what they see, and what their ends do to the rest of the pipeline.

use lode_pipeline::{Action, Identity, Request};
use serde_json::{Value, json};

use crate::world::{
    APP, End, Hook, World, by, delete, one, request, update, with_body, with_params,
};

const GO_ON: Hook = |_, _| End::Continue;

#[tokio::test]
async fn the_general_hook_runs_before_the_special_one_and_absent_ones_cost_no_job() {
    let world = World::new([
        ("books.onPreSave", GO_ON),
        ("books.onPreInsert", GO_ON),
        ("books.onPreUpdate", GO_ON),
        ("books.onPostSave", GO_ON),
        ("books.onPostInsert", GO_ON),
        ("books.onPostUpdate", GO_ON),
        ("books.onPreFetch", GO_ON),
        ("books.onPostFetch", GO_ON),
        ("books.onPostDelete", GO_ON),
        ("films.onPreDelete", GO_ON),
    ])
    .await;
    for (action, functions) in [
        (
            Action::Create,
            "onPreSave onPreInsert onPostSave onPostInsert",
        ),
        (update("b"), "onPreSave onPreUpdate onPostSave onPostUpdate"),
        (one("b"), "onPreFetch onPostFetch"),
        (Action::Query, "onPreFetch onPostFetch"),
        (Action::Count, "onPreFetch"),
        (delete("b"), "onPostDelete"),
    ] {
        let before = world.ran().len();
        let shown = format!("{action:?}");
        let reply = world.serve(request(action)).await;
        assert!(reply.status < 300, "{shown}: {reply:?}");
        let ran = world.ran().split_off(before).join(" ");
        assert_eq!(ran, functions.replace("on", "books.on"), "{shown}");
    }
}

#[tokio::test]
async fn the_first_hook_sees_the_request_as_kinvey_shows_it() {
    let world = World::new([("books.onPreUpdate", GO_ON)]).await;
    let mut by_user = by("u1", with_body(update("b"), json!({"n": 1.0})));
    by_user.headers.insert("Host".to_owned(), "h".to_owned());
    by_user
        .params
        .insert("query".to_owned(), json!("{\"a\":1}"));
    world.serve(by_user).await;
    let call = world.calls().remove(0);
    let expected = json!({
        "method": "PUT", "headers": {"host": "h"}, "body": {"n": 1.0}, "entityId": "b",
        "params": {"query": "{\"a\":1}", "id": "b"}, "userId": "u1",
        "username": "u1@example.com", "collectionName": "books", "appKey": APP,
        "tempObjectStore": {},
    });
    assert_eq!(call.request, expected);
    assert_eq!(
        call.response,
        json!({"status": 0, "headers": {}, "body": {}})
    );
}

#[tokio::test]
async fn with_the_apps_own_credentials_the_username_is_the_apps_key() {
    let world = World::new([("books.onPreFetch", GO_ON)]).await;
    for identity in [Identity::App, Identity::Master] {
        let request = Request {
            identity,
            ..request(Action::Query)
        };
        world.serve(request).await;
    }
    for call in world.calls() {
        assert_eq!(call.request["username"], APP);
        assert_eq!(call.request.get("userId"), None);
    }
    assert_eq!(world.ran().len(), 2);
}

#[tokio::test]
async fn complete_in_a_pre_hook_is_the_reply_and_nothing_else_happens() {
    let world = World::new([
        ("books.onPreSave", |_, response| {
            response["body"] = json!({"virtual": true});
            response["headers"] = json!({"x-by": "hook"});
            End::Complete(202)
        }),
        ("books.onPreInsert", GO_ON),
        ("books.onPostSave", GO_ON),
    ])
    .await;
    let reply = world
        .serve(with_body(Action::Create, json!({"_id": "b"})))
        .await;
    assert_eq!(
        (reply.status, reply.body.get()),
        (202, r#"{"virtual":true}"#)
    );
    assert_eq!(reply.headers["x-by"], "hook");
    assert_eq!(world.ran(), ["books.onPreSave"]);
    assert_eq!(world.stored("b").await, Value::Null);
}

#[tokio::test]
async fn an_error_in_a_pre_hook_is_the_reply_and_nothing_else_happens() {
    let world = World::new([
        ("books.onPreSave", |_, _| End::Error("no")),
        ("books.onPostSave", GO_ON),
    ])
    .await;
    let (status, body) = world
        .ask(with_body(Action::Create, json!({"_id": "b"})))
        .await;
    assert_eq!((status, &body["error"]), (400, &json!("BLRuntimeError")));
    assert_eq!(body["debug"], "UserDefinedError: no");
    assert_eq!(world.ran(), ["books.onPreSave"]);
    assert_eq!(world.stored("b").await, Value::Null);
}

#[tokio::test]
async fn what_a_pre_hook_leaves_in_the_body_is_what_is_saved() {
    let world = World::new([
        ("books.onPreSave", |request, _| {
            request["body"] = json!({"_id": "b", "title": request["body"]["name"]});
            End::Continue
        }),
        ("books.onPreInsert", |request, _| {
            request["body"]["second"] = json!(true);
            End::Continue
        }),
    ])
    .await;
    let (status, body) = world
        .ask(with_body(Action::Create, json!({"name": "Emma"})))
        .await;
    assert_eq!((status, &body["title"]), (201, &json!("Emma")));
    assert_eq!(body["second"], true);
    assert_eq!(world.stored("b").await, body);
}

#[tokio::test]
async fn what_a_pre_hook_leaves_of_query_and_id_is_what_is_asked() {
    let world = World::new([("books.onPreFetch", |request, _| {
        // As a text, as scripts write it, and as an object.
        match request["params"]["query"].as_str() {
            Some("{}") => request["params"]["query"] = json!({"_id": "a"}),
            Some(_) => request["params"]["query"] = json!("{\"_id\":\"b\"}"),
            None => request["entityId"] = json!("b"),
        }
        End::Continue
    })])
    .await;
    world.put(json!([{"_id": "a"}, {"_id": "b"}])).await;
    for (asked, expected) in [
        (
            with_params(Action::Query, [("query", "{}")]),
            json!([{"_id": "a"}]),
        ),
        (
            with_params(Action::Query, [("query", "x")]),
            json!([{"_id": "b"}]),
        ),
        (
            with_params(Action::Count, [("query", "x")]),
            json!({"count": 1}),
        ),
        (request(one("a")), json!({"_id": "b"})),
    ] {
        assert_eq!(world.ask(asked).await, (200, expected));
    }
}

#[tokio::test]
async fn a_post_hook_sees_what_the_database_answered_and_may_replace_it() {
    let world = World::new([
        ("books.onPreFetch", |_, response| {
            response["headers"]["x-pre"] = json!("1");
            End::Continue
        }),
        ("books.onPostFetch", |_, response| {
            response["headers"]["x-post"] = json!("2");
            response["status"] = json!(203);
            response["body"] = json!(response["body"].as_array().map(Vec::len));
            End::Continue
        }),
    ])
    .await;
    world.put(json!([{"_id": "a"}, {"_id": "b"}])).await;
    let reply = world.serve(request(Action::Query)).await;
    assert_eq!((reply.status, reply.body.get()), (203, "2"));
    assert_eq!(
        (
            reply.headers["x-pre"].as_str(),
            reply.headers["x-post"].as_str()
        ),
        ("1", "2")
    );
    // By id it is an object.
    world.serve(request(one("a"))).await;
    let given: Vec<Value> = world
        .calls()
        .into_iter()
        .map(|call| call.response)
        .collect();
    assert_eq!(given[1]["body"], json!([{"_id": "a"}, {"_id": "b"}]));
    assert_eq!(given[1]["status"], 200);
    assert_eq!(given[3]["body"], json!({"_id": "a"}));
}

#[tokio::test]
async fn a_post_hook_that_goes_on_keeps_the_status_of_the_database() {
    let world = World::new([("books.onPostSave", GO_ON)]).await;
    let (status, body) = world
        .ask(with_body(Action::Create, json!({"_id": "b"})))
        .await;
    assert_eq!((status, &body["_id"]), (201, &json!("b")));
    let completes = World::new([
        ("books.onPostSave", |_, _| End::Complete(200)),
        ("books.onPostInsert", GO_ON),
    ]);
    let world = completes.await;
    let (status, _) = world.ask(with_body(Action::Create, json!({}))).await;
    assert_eq!(
        (status, world.ran()),
        (200, vec!["books.onPostSave".to_owned()])
    );
}

#[tokio::test]
async fn an_error_in_a_post_hook_is_the_reply_though_the_entity_is_saved() {
    let world = World::new([("books.onPostSave", |_, _| End::Error("late"))]).await;
    let (status, body) = world
        .ask(with_body(Action::Create, json!({"_id": "b"})))
        .await;
    assert_eq!((status, &body["error"]), (400, &json!("BLRuntimeError")));
    assert_eq!(world.stored("b").await["_id"], "b");
}

#[tokio::test]
async fn after_an_error_of_the_database_no_post_hook_runs() {
    let world = World::new([("books.onPreFetch", GO_ON), ("books.onPostFetch", GO_ON)]).await;
    let (status, _) = world.ask(request(one("none"))).await;
    assert_eq!(
        (status, world.ran()),
        (404, vec!["books.onPreFetch".to_owned()])
    );
}

#[tokio::test]
async fn temp_objects_and_custom_properties_flow_from_pre_to_post_hooks() {
    let world = World::new([
        ("books.onPreSave", |request, _| {
            request["tempObjectStore"]["k"] = json!({"a": 1});
            request["headers"]["x-kinvey-custom-request-properties"] = json!("{\"p\":2}");
            End::Continue
        }),
        ("books.onPostInsert", GO_ON),
    ])
    .await;
    let mut asked = with_body(Action::Create, json!({}));
    let header = "X-Kinvey-Custom-Request-Properties".to_owned();
    asked.headers.insert(header, "{\"p\":1}".to_owned());
    world.serve(asked.clone()).await;
    world.serve(asked).await;
    let properties = |call: usize| {
        let request = world.calls()[call].request.clone();
        let properties = request["headers"]["x-kinvey-custom-request-properties"].clone();
        (properties, request["tempObjectStore"].clone())
    };
    assert_eq!(properties(0), (json!("{\"p\":1}"), json!({})));
    assert_eq!(properties(1), (json!("{\"p\":2}"), json!({"k": {"a": 1}})));
    // The next request begins with nothing of it.
    assert_eq!(properties(2), (json!("{\"p\":1}"), json!({})));
}

#[tokio::test]
async fn only_the_master_secret_may_leave_the_hooks_out() {
    let world = World::new([("books.onPreFetch", GO_ON)]).await;
    let mut asked = request(Action::Query);
    let header = "X-Kinvey-Skip-Business-Logic".to_owned();
    asked.headers.insert(header, "true".to_owned());
    for (identity, ran) in [
        (Identity::Master, 0),
        (Identity::App, 1),
        (by("u", request(Action::Query)).identity, 2),
    ] {
        let asked = Request {
            identity,
            ..asked.clone()
        };
        assert_eq!(world.ask(asked).await, (200, json!([])));
        assert_eq!(world.ran().len(), ran);
    }
}

#[tokio::test]
async fn an_endpoint_ends_with_what_it_completes_and_continue_is_complete() {
    let world = World::new([
        ("endpoint:greet", |request, response| {
            response["body"] = json!({"hello": request["body"]["name"]});
            End::Complete(201)
        }),
        ("endpoint:on", |_, response| {
            response["body"] = json!("on");
            End::Continue
        }),
    ])
    .await;
    let call = |name: &str| Request {
        collection: name.to_owned(),
        ..with_body(Action::Endpoint, json!({"name": "Ada"}))
    };
    assert_eq!(
        world.ask(call("greet")).await,
        (201, json!({"hello": "Ada"}))
    );
    assert_eq!(world.ask(call("on")).await, (200, json!("on")));
    assert_eq!(world.calls()[0].request["collectionName"], "greet");
    let (status, body) = world.ask(call("none")).await;
    assert_eq!(
        (status, &body["error"]),
        (404, &json!("EndpointDoesNotExist"))
    );
    let description = body["description"].as_str().unwrap();
    assert!(description.starts_with("The custom endpoint you tried to access does not exist."));
}
