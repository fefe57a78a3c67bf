//! Effects of hooks: email and push against real servers, through failures and deaths; and logs.

use std::fs::{self, File};
use std::process::Child;

use serde_json::{Value, json};

use crate::support::hook_server::HookServer;
use crate::support::smtp_server::{Mail, SmtpServer, Tls};
use crate::support::{Place, Worker, eventually, lode};

const SECRET: &str = "PUSH_SECRET=a secret of some length";
const SOON: &str = "OUTBOX_RETRY_BACKOFF_MS=10";

/// A place with an app and the two hooks that send.
fn place() -> Place {
    let place = Place::sqlite();
    place.app("shop", &[]);
    place.endpoints("shop", &["sends_email", "sends_push"]);
    place
}

fn smtp_url(server: &SmtpServer) -> String {
    format!("EMAIL_SMTP_URL=smtp://127.0.0.1:{}", server.port)
}

fn push_url(server: &HookServer) -> String {
    format!("PUSH_URL={}", server.url())
}

fn mail(to: &str) -> Value {
    json!({"from": "Shop <info@shop.example>", "to": to, "subject": "Hi", "text": "Text"})
}

/// What a hook completed with.
#[track_caller]
fn ask(place: &Place, endpoint: &str, body: &Value) -> Value {
    let outcome = place.ask("shop", endpoint, body);
    assert_eq!(outcome.tag.as_str(), "completed", "{outcome:?}");
    serde_json::from_str(outcome.response.body.get()).unwrap()
}

/// `lode outbox …` in the place's store.
#[track_caller]
fn outbox(place: &Place, args: &[&str]) -> crate::support::Ran {
    place.lode(
        ["outbox"]
            .iter()
            .chain(args)
            .chain(&["--store", &place.store]),
    )
}

/// The only effect of the outbox, once it is in this state.
#[track_caller]
fn only_in_state(place: &Place, state: &str) -> Value {
    eventually(state, || {
        let listed = outbox(place, &["list", "shop", "--state", state, "--json"]).good();
        let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
        assert!(listed.len() <= 1, "{listed:?}");
        listed.into_iter().next()
    })
}

#[track_caller]
fn mails(server: &SmtpServer, count: usize) -> Vec<Mail> {
    eventually("the mail arrives", || {
        let mails = server.mails();
        (mails.len() >= count).then_some(mails)
    })
}

#[test]
fn a_hooks_email_arrives_and_stands_in_the_outbox_as_sent() {
    let (place, server) = (place(), SmtpServer::start(Tls::None));
    let worker = Worker::start(
        &place,
        &[&smtp_url(&server), "EMAIL_FROM=[\"@shop.example\"]"],
    );
    let mut wanted = mail("a@x.example, b@x.example");
    wanted["html"] = json!("<b>Text</b>");
    wanted["bcc"] = json!(["c@x.example"]);
    let told = ask(&place, "sends_email", &wanted);
    assert_eq!(told["success"], true, "{told}");

    let mail = mails(&server, 1).remove(0);
    assert_eq!(mail.to, ["a@x.example", "b@x.example", "c@x.example"]);
    let id = told["id"].as_str().unwrap();
    let message_id = format!("<{id}@shop.example>");
    assert_eq!(mail.header("Message-ID"), Some(message_id));
    let sent = only_in_state(&place, "sent");
    assert_eq!((&sent["id"], &sent["attempts"]), (&told["id"], &json!(1)));
    assert_eq!(sent["hook"], "endpoint:sends_email");
    assert_eq!(sent["payload"]["to"], "a@x.example, b@x.example");
    let refused = outbox(&place, &["retry", id]).bad(1);
    assert!(refused.contains("has been sent already"), "{refused}");

    // What may not be sent is told to the hook, and never recorded.
    for (field, value, code) in [
        ("from", "a@evil.example", "EmailSenderDenied"),
        ("subject", "x\r\nBcc: all@x.example", "EmailInvalid"),
        ("to", "nobody", "EmailInvalid"),
    ] {
        let mut wrong = wanted.clone();
        wrong[field] = json!(value);
        let told = ask(&place, "sends_email", &wrong);
        assert_eq!(told["code"], code, "{told}");
    }
    only_in_state(&place, "sent");
    assert_eq!(server.mails().len(), 1);
    drop(worker);
}

#[test]
fn a_webhook_that_fails_twice_gets_its_push_in_the_third_try_and_each_bears_one_id() {
    let (place, server) = (place(), HookServer::start(&[500, 0]));
    let _worker = Worker::start(&place, &[&push_url(&server), SECRET, SOON]);
    let body = json!({"users": {"_id": "u1"}, "message": "hello"});
    assert_eq!(
        place.ask("shop", "sends_push", &body).tag.as_str(),
        "completed"
    );
    let sent = only_in_state(&place, "sent");
    assert_eq!(sent["attempts"], 3);
    let posted = server.posted();
    assert_eq!(posted.len(), 3);
    for posted in &posted {
        let body: Value = serde_json::from_str(&posted.body).unwrap();
        assert_eq!(body["id"], sent["id"]);
        assert_eq!(posted.headers["lode-id"], sent["id"]);
        assert_eq!(body["type"], "message");
        assert_eq!(body["destination"], json!([{"_id": "u1"}]));
        assert_eq!(body["messageContent"], "hello");
        assert_eq!(body["app"], "shop");
        let signature = &posted.headers["lode-signature"];
        let at = posted.headers["lode-timestamp"].parse().unwrap();
        let secret = SECRET.split_once('=').unwrap().1;
        let expected = lode_effects::signature(secret, at, posted.body.as_bytes());
        assert_eq!(*signature, expected);
    }
}

#[test]
fn what_is_refused_for_good_has_failed_until_an_operator_retries_it() {
    let (place, server) = (place(), HookServer::start(&[410]));
    let _worker = Worker::start(&place, &[&push_url(&server), SECRET, SOON]);
    let body = json!({"users": [], "message": {"a": 1}});
    place.ask("shop", "sends_push", &body);
    let failed = only_in_state(&place, "failed");
    assert_eq!(failed["error"], "webhook: status 410: as it was told");
    let id = failed["id"].as_str().unwrap();
    outbox(&place, &["retry", id]).good();
    assert_eq!(only_in_state(&place, "sent")["id"], id);
    assert_eq!(server.posted().len(), 2);
}

#[test]
fn without_a_server_effects_are_recorded_and_the_hook_goes_on() {
    let place = place();
    let mut worker = Worker::start(&place, &[]);
    let told = ask(&place, "sends_email", &mail("a@x.example"));
    assert_eq!(told["success"], true, "{told}");
    let body = json!({"users": [], "message": "m", "broadcast": true});
    place.ask("shop", "sends_push", &body);
    let listed = outbox(&place, &["list", "--state", "recorded"]).good();
    assert_eq!(listed.lines().count(), 4, "{listed}");
    let pushes = outbox(&place, &["list", "--kind", "push", "--json"]).good();
    let pushes: Vec<Value> = serde_json::from_str(&pushes).unwrap();
    let payload = json!({"type": "broadcast", "messageContent":
        {"iOSAps": {"alert": "hi"}, "iOSExtras": {"id": 7}, "androidPayload": {"data": 1}}});
    // Of one millisecond, they come in any order.
    let is_it = |push: &Value| push["payload"] == payload;
    assert_eq!(
        (
            pushes.len(),
            pushes.iter().filter(|push| is_it(push)).count()
        ),
        (2, 1)
    );
    worker.terminate();
    assert_eq!(worker.exit_code(), Some(0));

    // Once there is a server, an operator says which of them are still wanted.
    let server = SmtpServer::start(Tls::None);
    let _worker = Worker::start(&place, &[&smtp_url(&server)]);
    outbox(&place, &["retry", told["id"].as_str().unwrap()]).good();
    assert_eq!(mails(&server, 1)[0].to, ["a@x.example"]);
}

#[test]
fn an_email_whose_worker_dies_before_it_is_sent_is_sent_by_another_once() {
    let (place, server) = (place(), SmtpServer::start(Tls::None));
    server.hold(true);
    let settings = [
        &smtp_url(&server),
        "EMAIL_TIMEOUT_MS=1000",
        "PUSH_TIMEOUT_MS=100",
    ];
    let mut first = Worker::start(&place, &settings);
    let told = ask(&place, "sends_email", &mail("a@x.example"));
    eventually("the first has begun", || {
        (server.connections() > 0).then_some(())
    });
    first.kill();
    server.hold(false);
    let _second = Worker::start(&place, &settings);
    let sent = only_in_state(&place, "sent");
    assert_eq!(sent["id"], told["id"]);
    assert_eq!(server.mails().len(), 1);
    assert!(sent["attempts"].as_u64().unwrap() > 1, "{sent}");
}

#[test]
fn an_email_that_the_server_took_without_a_word_comes_twice_with_one_message_id() {
    let (place, server) = (place(), SmtpServer::start(Tls::None));
    server.forget_to_answer(true);
    let settings = [&smtp_url(&server), "OUTBOX_RETRY_BACKOFF_MS=60000"];
    let mut first = Worker::start(&place, &settings);
    let told = ask(&place, "sends_email", &mail("a@x.example"));
    only_in_state(&place, "retrying");
    first.kill();
    server.forget_to_answer(false);
    let _second = Worker::start(&place, &settings);
    outbox(&place, &["retry", told["id"].as_str().unwrap()]).good();
    let mails = mails(&server, 2);
    assert_eq!(mails.len(), 2);
    let ids: Vec<_> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
    assert!(ids[0].is_some() && ids[0] == ids[1], "{ids:?}");
}

#[test]
fn two_workers_send_each_of_many_emails_once() {
    let (place, server) = (place(), SmtpServer::start(Tls::None));
    let url = smtp_url(&server);
    let _workers = [
        Worker::start(&place, &[&url]),
        Worker::start(&place, &[&url]),
    ];
    for number in 0..12 {
        ask(
            &place,
            "sends_email",
            &mail(&format!("a{number}@x.example")),
        );
    }
    eventually("all are sent", || {
        let listed = outbox(&place, &["list", "--state", "sent", "--json"]).good();
        let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
        (listed.len() == 12).then_some(())
    });
    let mut recipients: Vec<_> = server.mails().into_iter().flat_map(|m| m.to).collect();
    recipients.sort();
    recipients.dedup();
    assert_eq!((server.mails().len(), recipients.len()), (12, 12));
}

#[test]
fn a_run_of_ones_own_shows_what_it_would_send() {
    let (place, server) = (Place::sqlite(), SmtpServer::start(Tls::None));
    let config = place.write(
        "lode.toml",
        &format!("[email]\nsmtp_url = 'smtp://127.0.0.1:{}'\n", server.port),
    );
    let (body, config) = (
        mail("a@x.example").to_string(),
        config.display().to_string(),
    );
    let flags = ["--hook", "onRequest", "--body", &body, "--config", &config];
    let ran = place.run("sends_email.js", &flags);
    assert_eq!(ran.outcome().tag.as_str(), "completed");
    assert!(ran.stdout.contains("\"success\":true"), "{ran:?}");
    let shown = ran.stderr.lines().find(|line| line.starts_with("[EMAIL] "));
    let shown: Value = serde_json::from_str(&shown.unwrap()["[EMAIL] ".len()..]).unwrap();
    assert_eq!(shown["to"], "a@x.example");
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_server_that_cannot_be_meant_stops_the_worker_at_its_start() {
    let place = place();
    for (setting, words) in [
        (
            ("LODE_EMAIL_SMTP_URL", "smtp://u:s3cret@mail.example"),
            "email.smtp_url: a password",
        ),
        (
            ("LODE_PUSH_URL", "https://push.example/s3cret"),
            "push.secret: has 0 characters",
        ),
        (
            ("LODE_OUTBOX_SENDERS", "0"),
            "outbox.senders is 0, allowed are 1 to 1000",
        ),
    ] {
        let mut command = lode();
        command.args(["serve", "--queue", &place.queue, "--store", &place.store]);
        let told = place.finish(command.env(setting.0, setting.1)).bad(1);
        assert!(told.contains(words), "{told}");
        assert!(!told.contains("s3cret"), "{told}");
    }
}

/// `lode logs shop …` in the place's store.
#[track_caller]
fn logs(place: &Place, args: &[&str]) -> crate::support::Ran {
    let own = ["logs", "shop", "--store", &place.store];
    place.lode(own.iter().chain(args))
}

/// Killed when dropped.
struct Following(Child);

impl Drop for Following {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn log_lines_are_kept_and_read_by_level_hook_and_time_and_followed() {
    let place = place();
    let mut worker = Worker::start(&place, &[]);
    let body = json!({"users": [], "message": "m"});
    let outcome = place.ask("shop", "sends_push", &body);
    let lines = eventually("both lines are kept", || {
        let read = logs(&place, &["--json"]).good();
        let lines: Vec<Value> = read
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        (lines.len() == 2).then_some(lines)
    });
    assert_eq!(
        (&lines[0]["level"], &lines[0]["message"]),
        (&json!("INFO"), &json!("pushing"))
    );
    assert_eq!(
        (&lines[1]["level"], &lines[1]["message"]),
        (&json!("ERROR"), &json!("pushed"))
    );
    assert_eq!(lines[0]["job"], outcome.id);
    assert_eq!(lines[0]["hook"], "endpoint:sends_push");

    for (args, count) in [
        (&["--level", "warning"][..], 1),
        (&["--level", "fatal"], 0),
        (&["--hook", "endpoint:sends_push"], 2),
        (&["--hook", "endpoint:none"], 0),
        (&["--since", "1h"], 2),
        (&["--since", "2099-01-01"], 0),
        (&["--limit", "1"], 1),
    ] {
        assert_eq!(logs(&place, args).good().lines().count(), count, "{args:?}");
    }
    logs(&place, &["--since", "yesterday"]).bad(2);
    logs(&place, &["--level", "loud"]).bad(2);

    let shown = place.path("followed");
    let mut command = lode();
    command.args(["logs", "shop", "--follow", "--store", &place.store]);
    let child = command
        .stdout(File::create(&shown).unwrap())
        .spawn()
        .unwrap();
    let _following = Following(child);
    let followed = |count| {
        eventually("the lines are shown", || {
            let text = fs::read_to_string(&shown).unwrap();
            (text.lines().count() >= count).then_some(text)
        })
    };
    followed(2);
    ask(&place, "sends_email", &mail("a@x.example"));
    let text = followed(3);
    let last = text.lines().last().unwrap();
    assert!(last.contains(" INFO endpoint:sends_email "), "{last}");
    assert!(last.ends_with(" mail for a@x.example"), "{last}");

    // What a worker has been given is kept before it leaves.
    ask(&place, "sends_email", &mail("last@x.example"));
    worker.terminate();
    assert_eq!(worker.exit_code(), Some(0));
    let read = logs(&place, &["--limit", "1"]).good();
    assert!(read.contains("mail for last@x.example"), "{read}");
}
