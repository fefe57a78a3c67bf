//! Entities' access lists, for users, for the app's secret and for its master secret.

use lode_pipeline::{Action, Identity, Request};
use serde_json::{Value, json};

use crate::world::{APP, World, by, delete, ids, one, request, update, with_body, with_params};

/// One entity of each kind; their creator is `owner`.
async fn world() -> World {
    let world = World::new([]).await;
    let acl = |more: Value| {
        let mut acl = json!({"creator": "owner"});
        acl.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        acl
    };
    world
        .put(json!([
            {"_id": "shared", "_acl": acl(json!({}))},
            {"_id": "private", "_acl": acl(json!({"gr": false}))},
            {"_id": "reader", "_acl": acl(json!({"gr": false, "r": ["ann"]}))},
            {"_id": "writer", "_acl": acl(json!({"gr": false, "w": ["ann"]}))},
            {"_id": "open", "_acl": acl(json!({"gr": false, "gw": true}))},
            {"_id": "group", "_acl": acl(json!({"gr": false, "groups": {"r": ["g"], "w": ["g"]}}))},
            {"_id": "bare"},
        ]))
        .await;
    world
}

const ALL: [&str; 7] = [
    "shared", "private", "reader", "writer", "open", "group", "bare",
];

/// The ids of entities for which `action` gives `status` to this user; all others give 401.
#[track_caller]
fn check(user: &str, expected: &str, got: &[(&str, u16)], status: u16) {
    let is_good = |(id, got): &&(&'static str, u16)| {
        assert!(*got == status || *got == 401, "{user} {id}: {got}");
        *got == status
    };
    let got: Vec<(&'static str, u16)> = ALL
        .into_iter()
        .zip(got.iter().map(|(_, status)| *status))
        .collect();
    let allowed: Vec<&str> = got.iter().filter(is_good).map(|(id, _)| *id).collect();
    assert_eq!(allowed.join(" "), expected, "{user}");
}

#[tokio::test]
async fn everybody_reads_what_is_not_closed_and_who_is_listed_reads_the_rest() {
    let world = world().await;
    for (user, expected) in [
        ("owner", "shared private reader writer open group bare"),
        ("ann", "shared reader writer open bare"),
        ("bob", "shared open bare"),
    ] {
        let mut got = Vec::new();
        for id in ALL {
            got.push((id, world.ask(by(user, request(one(id)))).await.0));
        }
        check(user, expected, &got, 200);
        // The same in a query, whose limit counts what its user may see.
        let (_, found) = world.ask(by(user, request(Action::Query))).await;
        assert_eq!(ids(&found).join(" "), expected);
        let last = by(
            user,
            with_params(Action::Query, [("limit", "1"), ("skip", "2")]),
        );
        let (_, found) = world.ask(last).await;
        assert_eq!(ids(&found), [expected.split(' ').nth(2).unwrap()]);
        let (_, count) = world.ask(by(user, request(Action::Count))).await;
        assert_eq!(count["count"], expected.split(' ').count());
    }
}

#[tokio::test]
async fn only_creators_and_listed_writers_replace_and_delete() {
    for (user, expected) in [
        ("owner", "shared private reader writer open group"),
        ("ann", "writer open"),
        ("bob", "open"),
    ] {
        let world = world().await;
        let (mut updated, mut deleted) = (Vec::new(), Vec::new());
        for id in ALL {
            // Without `_acl` in the body the list stays as it was.
            let replacement = with_body(update(id), json!({"by": user}));
            updated.push((id, world.ask(by(user, replacement)).await.0));
            let changed = world.stored(id).await["by"] == user;
            assert_eq!(changed, updated.last().unwrap().1 == 200);
            deleted.push((id, world.ask(by(user, request(delete(id)))).await.0));
        }
        check(user, expected, &updated, 200);
        check(user, expected, &deleted, 200);
    }
}

#[tokio::test]
async fn a_deletion_by_query_takes_only_what_the_user_may_write() {
    let world = world().await;
    let all = with_params(Action::Delete, [("query", "{}")]);
    assert_eq!(
        world.ask(by("ann", all.clone())).await,
        (200, json!({"count": 2}))
    );
    // A query cannot talk its way round the access list.
    let or = r#"{"$or":[{"_id":"private"},{"_acl.gw":true}]}"#;
    let round = with_params(Action::Delete, [("query", or)]);
    assert_eq!(
        world.ask(by("bob", round)).await,
        (200, json!({"count": 0}))
    );
    assert_eq!(world.ask(all).await, (200, json!({"count": 5})));
}

#[tokio::test]
async fn the_master_secret_is_not_restricted() {
    let world = world().await;
    for id in ALL {
        assert_eq!(world.ask(request(one(id))).await.0, 200);
        let replacement = with_body(update(id), json!({}));
        assert_eq!(world.ask(replacement).await.0, 200);
    }
}

#[tokio::test]
async fn with_the_apps_secret_one_may_only_what_everybody_may() {
    let world = world().await;
    let by_app = |asked| Request {
        identity: Identity::App,
        ..asked
    };
    // Not even as the creator: the app's key stands for nobody.
    let own = by_app(with_body(
        Action::Create,
        json!({"_id": "own", "_acl": {"creator": "owner", "gr": false}}),
    ));
    let (status, made) = world.ask(own).await;
    assert_eq!((status, &made["_acl"]["creator"]), (201, &json!(APP)));
    for action in [one("own"), update("own"), delete("own")] {
        let asked = by_app(with_body(action, json!({})));
        assert_eq!(world.ask(asked).await.0, 401);
    }
    let (mut read, mut updated, mut deleted) = (Vec::new(), Vec::new(), Vec::new());
    for id in ALL {
        read.push((id, world.ask(by_app(request(one(id)))).await.0));
    }
    check("the app", "shared open bare", &read, 200);
    let (_, found) = world.ask(by_app(request(Action::Query))).await;
    assert_eq!(ids(&found), ["shared", "open", "bare"]);
    let (_, count) = world.ask(by_app(request(Action::Count))).await;
    assert_eq!(count["count"], 3);
    for id in ALL {
        let replacement = by_app(with_body(update(id), json!({})));
        updated.push((id, world.ask(replacement).await.0));
        deleted.push((id, world.ask(by_app(request(delete(id)))).await.0));
    }
    check("the app", "open", &updated, 200);
    check("the app", "open", &deleted, 200);
    let all = by_app(with_params(Action::Delete, [("query", "{}")]));
    assert_eq!(world.ask(all).await, (200, json!({"count": 0})));
}

#[tokio::test]
async fn what_a_user_may_not_do_is_told_from_what_is_not_there() {
    let world = world().await;
    let (status, body) = world.ask(by("bob", request(one("private")))).await;
    assert_eq!(
        (status, &body["error"]),
        (401, &json!("InsufficientCredentials"))
    );
    let debug = "the entity's access list does not let this user read it";
    assert_eq!(body["debug"], debug);
    let (status, body) = world.ask(by("bob", request(delete("none")))).await;
    assert_eq!((status, &body["error"]), (404, &json!("EntityNotFound")));
}
