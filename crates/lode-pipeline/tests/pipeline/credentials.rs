//! Who a client is, by the header `Authorization`.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lode_pipeline::{Action, Identity, Shown, Users};
use lode_store::StoreError;
use serde_json::{Value, json};

use crate::world::{APP, End, World, request};

fn basic(name: &str, password: &str) -> String {
    let shown = BASE64_STANDARD.encode(format!("{name}:{password}"));
    format!("Basic {shown}")
}

async fn ask(world: &World, authorization: Option<&str>) -> (u16, Value) {
    let pipeline = world.pipeline.clone().with_users(Arc::new(Club));
    let reply = pipeline
        .serve_client(authorization, request(Action::Query))
        .await;
    (
        reply.status,
        serde_json::from_str(reply.body.get()).unwrap(),
    )
}

/// One user, with a password and a session.
#[derive(Debug)]
struct Club;

#[async_trait]
impl Users for Club {
    async fn user(&self, app: &str, shown: Shown<'_>) -> Result<Option<Identity>, StoreError> {
        let password = Shown::Password {
            username: "ada",
            password: "pass:word",
        };
        let token = Shown::Token {
            scheme: "Kinvey",
            token: "t0ken",
        };
        let user = Identity::User {
            id: "u1".to_owned(),
            username: "ada".to_owned(),
        };
        Ok((app == APP && (shown == password || shown == token)).then_some(user))
    }
}

#[tokio::test]
async fn the_header_says_who_asks_and_what_proves_nothing_is_401() {
    let hook = |request: &mut Value, response: &mut Value| {
        response["body"] = json!([request["username"], request["userId"]]);
        End::Complete(200)
    };
    let world = World::new([("books.onPreFetch", hook)]).await;
    let app = world.store.app(APP).await.unwrap().unwrap();
    let user = json!(["ada", "u1"]);
    for (shown, who) in [
        (basic(APP, &app.app_secret), json!([APP, null])),
        (basic(APP, &app.master_secret), json!([APP, null])),
        (basic("ada", "pass:word"), user.clone()),
        ("kinvey".to_owned() + " t0ken", json!(null)),
        ("Kinvey t0ken".to_owned(), user.clone()),
        (
            " basic  ".to_owned() + &basic("ada", "pass:word")[6..],
            user,
        ),
        (basic(APP, "pass:word"), json!(null)),
        (basic(APP, ""), json!(null)),
        (basic("ada", ""), json!(null)),
        (basic("eve", "pass:word"), json!(null)),
        (
            format!("Basic {}", BASE64_STANDARD.encode("ada")),
            json!(null),
        ),
        ("Basic ?".to_owned(), json!(null)),
        ("Basic".to_owned(), json!(null)),
        (String::new(), json!(null)),
    ] {
        let (status, body) = ask(&world, Some(&shown)).await;
        if who.is_null() {
            assert_eq!(
                (status, &body["error"]),
                (401, &json!("InvalidCredentials")),
                "{shown}"
            );
            assert!(!body.to_string().contains(&app.master_secret), "{body}");
        } else {
            assert_eq!((status, body), (200, who), "{shown}");
        }
    }
    assert_eq!(ask(&world, None).await.0, 401);
    assert_eq!(world.ran().len(), 5);
}

#[tokio::test]
async fn without_anybody_who_knows_users_only_the_app_itself_gets_in() {
    let world = World::new([]).await;
    let app = world.store.app(APP).await.unwrap().unwrap();
    for (shown, status) in [
        (basic(APP, &app.app_secret), 200),
        (basic("ada", "pass:word"), 401),
    ] {
        let reply = world
            .pipeline
            .serve_client(Some(&shown), request(Action::Query));
        assert_eq!(reply.await.status, status);
    }
    let mut elsewhere = request(Action::Query);
    elsewhere.app = "nowhere".to_owned();
    let reply = world.pipeline.serve_client(Some("Basic eA=="), elsewhere);
    assert_eq!(reply.await.status, 404);
}
