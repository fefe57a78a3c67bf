//! Push messages and the service that takes them.

use lode_effects::{Failure, Push, PushOptions, Webhook, signature};

use super::hook_server::HookServer;
use super::origin;

const SECRET: &str = "a secret of some length";

fn options(url: String) -> PushOptions {
    PushOptions {
        url,
        secret: SECRET.to_owned(),
        timeout_ms: 20_000,
        ..PushOptions::default()
    }
}

async fn send(options: &PushOptions, args: &str) -> Result<(), Failure> {
    let push = Push::to_users(args, options).expect("a push message");
    let webhook = Webhook::new(options).expect("good options");
    let webhook = webhook.expect("it has a URL");
    webhook.send(&push, &origin(), 1_700_000_123).await
}

const ARGS: &str = r#"{"destination":[{"_id":"u1"}],"messageContent":{"a":1.0}}"#;

#[tokio::test]
async fn a_push_message_arrives_whole_and_signed() {
    let server = HookServer::start(&[]);
    send(&options(server.url()), ARGS)
        .await
        .expect("it is taken");
    let posted = server.posted();
    let [posted] = posted.as_slice() else {
        panic!("{posted:?}");
    };
    assert_eq!(posted.path, "/push?to=devices");
    assert_eq!(
        posted.body,
        concat!(
            r#"{"id":"65f000000000000000000001","app":"shop","hook":"orders.onPostSave","#,
            r#""job":"j1","atMs":1700000000000,"type":"message","destination":[{"_id":"u1"}],"#,
            r#""messageContent":{"a":1.0}}"#
        )
    );
    assert_eq!(posted.headers["content-type"], "application/json");
    assert_eq!(posted.headers["host"], format!("127.0.0.1:{}", server.port));
    assert_eq!(posted.headers["lode-id"], "65f000000000000000000001");
    assert_eq!(posted.headers["lode-timestamp"], "1700000123");
    let expected = signature(SECRET, 1_700_000_123, posted.body.as_bytes());
    assert_eq!(posted.headers["lode-signature"], expected);
    assert_ne!(
        expected,
        signature(SECRET, 1_700_000_124, posted.body.as_bytes()),
        "the time is signed, too"
    );
}

#[tokio::test]
async fn what_the_service_says_decides_whether_to_try_again() {
    for (status, is_final) in [
        (400, true),
        (410, true),
        (408, false),
        (429, false),
        (500, false),
        (503, false),
        (302, false),
        (0, false),
    ] {
        let server = HookServer::start(&[status]);
        let sent = send(&options(server.url()), ARGS).await;
        let failure = sent.expect_err("it is not taken");
        assert_eq!(failure.is_final, is_final, "{status}: {failure}");
        if status != 0 {
            let text = format!("webhook: status {status}: as it was told");
            assert_eq!(failure.text, text);
        }
    }
}

#[tokio::test]
async fn a_push_that_is_taken_is_sent_also_when_the_answers_body_never_ends() {
    let server = HookServer::start(&[200]);
    send(&options(server.url()), ARGS)
        .await
        .expect("it is taken");
}

#[tokio::test]
async fn a_service_that_is_away_or_silent_is_asked_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let silent = PushOptions {
        timeout_ms: 100,
        ..options(format!("http://127.0.0.1:{port}/"))
    };
    let failure = send(&silent, ARGS).await.expect_err("nobody answers");
    assert_eq!(failure.text, "webhook: no answer within 100 ms");
    assert!(!failure.is_final);
    drop(listener);
    let failure = send(&silent, ARGS).await.expect_err("nobody is there");
    assert!(failure.text.contains("cannot be reached"), "{failure}");
    assert!(!failure.is_final);
}

#[test]
fn without_a_url_there_is_no_webhook_and_with_one_there_must_be_a_secret() {
    let none = Webhook::new(&PushOptions::default()).expect("the defaults are fine");
    assert!(none.is_none());
    let bare = PushOptions {
        secret: String::new(),
        ..options("http://127.0.0.1:1/".to_owned())
    };
    let error = Webhook::new(&bare).expect_err("no secret").to_string();
    assert!(error.starts_with("push.secret: "), "{error}");
}
