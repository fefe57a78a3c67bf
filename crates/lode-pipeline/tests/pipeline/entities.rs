//! What is stored and replied: `_id`, `_acl`, `_kmd`, and statuses.

use lode_pipeline::{Action, Identity, Request};
use serde_json::{Value, json};

use crate::world::{
    APP, End, NOW, World, by, delete, one, request, update, with_body, with_params,
};

#[tokio::test]
async fn a_created_entity_has_an_id_its_creator_and_its_times() {
    let world = World::new([]).await;
    let (status, body) = world
        .ask(by("u1", with_body(Action::Create, json!({"n": 1.0}))))
        .await;
    let id = body["_id"].as_str().unwrap().to_owned();
    assert!(
        id.len() == 24 && id.chars().all(|c| c.is_ascii_hexdigit()),
        "{id}"
    );
    let expected = json!({
        "_id": id, "n": 1.0, "_acl": {"creator": "u1"}, "_kmd": {"lmt": NOW, "ect": NOW},
    });
    assert_eq!((status, &body), (201, &expected));
    assert_eq!(world.stored(&id).await, expected);
    let (_, body) = world.ask(with_body(Action::Create, json!({}))).await;
    assert_eq!(body["_acl"], json!({"creator": APP}));
}

#[tokio::test]
async fn only_hooks_and_the_master_secret_name_another_creator() {
    let world = World::new([("films.onPreSave", |request, _| {
        request["body"]["_acl"]["creator"] = json!("u3");
        End::Continue
    })])
    .await;
    let forged = with_body(
        Action::Create,
        json!({"_acl": {"creator": "u2", "gr": false}}),
    );
    let by_hook = Request {
        collection: "films".to_owned(),
        ..by("u1", forged.clone())
    };
    let by_app = Request {
        identity: Identity::App,
        ..forged.clone()
    };
    for (asked, creator) in [
        (by("u1", forged.clone()), "u1"),
        (by_app, APP),
        (forged, "u2"),
        (by_hook, "u3"),
    ] {
        let (_, body) = world.ask(asked).await;
        assert_eq!(body["_acl"], json!({"creator": creator, "gr": false}));
    }
}

#[tokio::test]
async fn an_update_replaces_the_entity_but_keeps_its_creator_and_its_first_time() {
    let world = World::new([]).await;
    let kmd = json!({"ect": "2001", "lmt": "2002"});
    world
        .put(json!({"_id": "b", "old": 1, "_acl": {"creator": "u1", "gw": true}, "_kmd": kmd}))
        .await;
    let expected = |acl: Value, n: i32| {
        let kmd = json!({"lmt": NOW, "ect": "2001"});
        json!({"_id": "b", "n": n, "_acl": acl, "_kmd": kmd})
    };
    // The URL's id counts; times are not the client's to give.
    let given = json!({"_id": "other", "n": 1, "_kmd": {"ect": "1999"}});
    let (status, body) = world.ask(by("u2", with_body(update("b"), given))).await;
    assert_eq!(
        (status, &body),
        (200, &expected(json!({"creator": "u1", "gw": true}), 1))
    );
    assert_eq!(world.stored("b").await, body);
    let given = json!({"n": 2, "_acl": {"creator": "u2", "r": ["u3"]}});
    let (_, body) = world.ask(by("u2", with_body(update("b"), given))).await;
    assert_eq!(body["_acl"], json!({"creator": "u1", "r": ["u3"]}));
}

#[tokio::test]
async fn an_update_of_what_is_not_there_creates_it() {
    let world = World::new([]).await;
    let (status, body) = world
        .ask(by("u1", with_body(update("new"), json!({"n": 1}))))
        .await;
    let kmd = json!({"lmt": NOW, "ect": NOW});
    let expected = json!({"_id": "new", "n": 1, "_acl": {"creator": "u1"}, "_kmd": kmd});
    assert_eq!((status, &body), (200, &expected));
    assert_eq!(world.stored("new").await, expected);
}

#[tokio::test]
async fn an_entity_that_a_hook_stored_without_an_access_list_can_be_replaced_by_the_master_secret()
{
    let world = World::new([]).await;
    world.put(json!({"_id": "b", "n": 1})).await;
    let (status, body) = world.ask(with_body(update("b"), json!({"n": 2}))).await;
    assert_eq!(
        (status, &body["n"], &body["_acl"]),
        (200, &json!(2), &json!({"creator": APP}))
    );
}

#[tokio::test]
async fn deletions_tell_how_many() {
    let world = World::new([]).await;
    world
        .put(json!([{"_id": "a"}, {"_id": "b", "n": 1}, {"_id": "c", "n": 1}]))
        .await;
    assert_eq!(
        world.ask(request(delete("a"))).await,
        (200, json!({"count": 1}))
    );
    let all = with_params(Action::Delete, [("query", r#"{"n":1}"#)]);
    assert_eq!(world.ask(all.clone()).await, (200, json!({"count": 2})));
    assert_eq!(world.ask(all).await, (200, json!({"count": 0})));
    assert_eq!(
        world.ask(request(Action::Count)).await,
        (200, json!({"count": 0}))
    );
}

#[tokio::test]
async fn of_many_replacements_at_once_none_is_lost_or_torn() {
    let world = World::new([]).await;
    let writers = (0..32).map(|n| {
        let body = json!({"n": n, "same": n, "_acl": {"gw": true, "r": [n.to_string()]}});
        world.ask(by(&format!("u{n}"), with_body(update("b"), body)))
    });
    for (status, body) in join_all(writers.collect()).await {
        assert_eq!(status, 200, "{body}");
    }
    let (_, stored) = world.ask(request(one("b"))).await;
    assert_eq!(stored["n"], stored["same"]);
    assert_eq!(stored["_acl"]["r"][0], stored["n"].to_string());
    let (_, count) = world.ask(request(Action::Count)).await;
    assert_eq!(count, json!({"count": 1}));
}

/// Polls all of them in turn, in this one task.
async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures.into_iter().map(Box::pin).enumerate().collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|(index, future)| match future.as_mut().poll(context) {
            std::task::Poll::Ready(output) => {
                done.push((*index, output));
                false
            }
            std::task::Poll::Pending => true,
        });
        if waiting.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done.into_iter().map(|(_, output)| output).collect()
}
