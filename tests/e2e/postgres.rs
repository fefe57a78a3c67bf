//! `--store postgres://…`: every command takes it, workers share it, and what is wrong with it is
//! said in one sentence without its password.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::net::TcpListener;

use serde_json::{Value, json};

#[path = "../../crates/lode-store/tests/postgres/server.rs"]
mod server;

use crate::support::{Place, Ran, Worker, eventually, lode, outcome};
use server::PgServer;

thread_local! {
    /// The private server of a test, gone with its thread.
    static SERVER: OnceCell<PgServer> = const { OnceCell::new() };
}

/// The same place with a store of its own on Postgres: on the server of `LODE_TEST_POSTGRES`, or on
/// one of the test's own.
pub(crate) fn on_postgres(place: Place) -> Place {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests have no config.rs to read it in"
    )]
    let named = std::env::var("LODE_TEST_POSTGRES");
    let server = named.unwrap_or_else(|_| {
        SERVER.with(|server| server.get_or_init(|| PgServer::start(&[], |_| {})).url())
    });
    on_server(place, &server)
}

/// In a schema of its own, named as the place's folder.
fn on_server(mut place: Place, server: &str) -> Place {
    let folder = place.path("").display().to_string();
    let unique: String = folder
        .bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let unique = &unique[unique.len().saturating_sub(24)..];
    let joint = if server.contains('?') { '&' } else { '?' };
    place.store = format!("{server}{joint}schema=e2e_{unique}&connections=4");
    place
}

/// A command on the place's store.
fn on_store(place: &Place, args: &[&str]) -> Ran {
    place.lode(args.iter().chain(&["--store", &place.store]))
}

/// Stores a script as an endpoint of the app `shop`.
#[track_caller]
fn endpoint(place: &Place, name: &str, script: &str) {
    let file = place.write(&format!("{name}.js"), script);
    place.put("shop", &file, &format!("endpoint:{name}")).good();
}

const SHELVE: &str = "
db.insert('books', { _id: 1, title: request.body.title, copies: 1 })
  .then(() => db.update('books', { _id: 1 }, { $inc: { copies: 2 } }))
  .then(() => db.find('books', { title: request.body.title }))
  .then((books) => { console.warn('shelved'); complete(null, books); }, complete);
";

#[test]
fn every_command_takes_a_store_on_postgres_and_a_hook_reads_and_writes_in_it() {
    let place = on_postgres(Place::sqlite());
    place.app("shop", &[]);
    endpoint(&place, "shelve", SHELVE);
    place.endpoints("shop", &["sends_email"]);
    let worker = Worker::start(&place, &[]);
    worker.await_log("row-level security on");
    let done = place.ask("shop", "shelve", &json!({"title": "Emma"}));
    assert_eq!(
        done.response.body.get(),
        r#"[{"_id":1,"title":"Emma","copies":3}]"#,
        "{done:?}"
    );
    let mail = json!({"from": "a@x.example", "to": "b@x.example", "subject": "s", "text": "t"});
    let sent = place.ask("shop", "sends_email", &mail);
    assert_eq!(sent.tag.as_str(), "completed", "{sent:?}");

    let data = ["data", "shop", "GET", "books", "--queue", &place.queue];
    let books: Value = serde_json::from_str(&on_store(&place, &data).good()).unwrap();
    assert_eq!(books[0]["copies"], 3, "{books}");
    eventually("the line is kept", || {
        let lines = on_store(&place, &["logs", "shop", "--level", "warning"]).good();
        lines.contains("shelved").then_some(())
    });
    let outbox = on_store(&place, &["outbox", "list", "shop", "--json"]).good();
    let outbox: Value = serde_json::from_str(&outbox).unwrap();
    assert_eq!(outbox[0]["state"], "recorded", "{outbox}");
    let put = [
        "schedule",
        "put",
        "shop",
        "nightly",
        "--on",
        "endpoint:shelve",
    ];
    on_store(&place, &[&put[..], &["--cron", "0 3 * * *"]].concat()).good();
    for (args, words) in [
        (&["schedule", "list"][..], "nightly"),
        (&["app", "set", "shop", "--weight", "3"], "\"weight\":3"),
        (&["app", "list"], "\"shop\""),
        (&["hook", "list", "shop"], "endpoint:shelve"),
        (&["hook", "show", "shop", "endpoint:shelve"], "shelved"),
        (&["index", "create", "shop", "books", "title"], "created"),
        (&["schedule", "delete", "shop", "nightly"], "deleted"),
    ] {
        let told = on_store(&place, args).good();
        assert!(told.contains(words), "{args:?}: {told}");
    }
    let counts = place.write(
        "count.js",
        "db.count('books').then((n) => complete(null, n))",
    );
    let run = ["run", counts.to_str().unwrap(), "--app", "shop"];
    assert_eq!(on_store(&place, &run).outcome().response.body.get(), "1");
    let doctor = on_store(&place, &["doctor", "--queue", &place.queue]).good();
    let line = doctor.lines().find(|line| line.contains(" store "));
    let line = line.unwrap_or_else(|| panic!("{doctor}"));
    for part in ["ok ", "PostgreSQL 1", "without TLS", "4 + 2 connections"] {
        assert!(line.contains(part), "{line}");
    }
}

const COUNT_ONE: &str = "
db.update('counters', { _id: 'c' }, { $inc: { n: 1 } }, { upsert: true })
  .then(() => complete(null, 'done'), complete);
";

#[test]
fn two_workers_on_one_postgres_count_each_job_once() {
    const JOBS: usize = 40;
    let place = on_postgres(Place::redis());
    place.app("shop", &["--max-concurrent", "-1"]);
    endpoint(&place, "count", COUNT_ONE);
    let _workers = ["one", "two"].map(|name| {
        let name = format!("WORKER_NAME={name}");
        Worker::start(&place, &[&name, "POOL_MAX_CHILDREN=3", "POOL_WARM=2"])
    });
    let mut seen = BTreeSet::new();
    let mut asked = 0;
    // As many as it takes for both to have had some, in lots that neither can take alone.
    while asked < JOBS || seen.len() < 2 {
        let mut commands: Vec<_> = (0..8)
            .map(|_| {
                let mut command = lode();
                let out = place.new_path("outcome");
                command
                    .args(["enqueue", "shop", "endpoint:count", "--wait", "60s"])
                    .args(["--queue", &place.queue])
                    .stdout(std::fs::File::create(&out).unwrap());
                (command.spawn().unwrap(), out)
            })
            .collect();
        for (child, out) in &mut commands {
            eventually("the job ends", || child.try_wait().unwrap());
            let outcome = outcome(&std::fs::read_to_string(out).unwrap());
            assert_eq!(outcome.tag.as_str(), "completed", "{outcome:?}");
            seen.insert(outcome.worker);
        }
        asked += commands.len();
        assert!(asked < 100 * JOBS, "only {seen:?} work");
    }
    let get = [
        "data",
        "shop",
        "GET",
        "counters",
        "c",
        "--queue",
        &place.queue,
    ];
    let counter: Value = serde_json::from_str(&on_store(&place, &get).good()).unwrap();
    assert_eq!(counter["n"], asked, "{counter}");
}

/// Asks the store until it does not answer, and then until it does.
const SEES_AN_OUTAGE: &str = "
function look() {
  db.count('books').then(() => setTimeout(look, 20), (error) => {
    console.warn('out: ' + error.message);
    wait(error);
  });
}
function wait(error) {
  const told = { code: error.code, message: error.message };
  db.count('books').then(
    (count) => complete(null, { told, count }), () => setTimeout(() => wait(error), 100));
}
console.warn('looking');
look();
";

#[test]
fn a_worker_goes_on_when_its_postgres_was_restarted_and_hooks_hear_of_the_outage() {
    let mut server = PgServer::start(&[], |_| {});
    let place = on_server(Place::sqlite(), &server.url());
    place.app("shop", &["--limit", "wall_limit_ms=60000"]);
    endpoint(&place, "sees", SEES_AN_OUTAGE);
    endpoint(&place, "count", COUNT_ONE);
    let worker = Worker::start(&place, &[]);
    let enqueue = |hook: &str| {
        let mut command = lode();
        let out = place.new_path("outcome");
        command
            .args(["enqueue", "shop", hook, "--wait", "60s", "--queue"])
            .arg(&place.queue)
            .stdout(std::fs::File::create(&out).unwrap());
        (command.spawn().unwrap(), out)
    };
    let ended = |(mut child, out): (std::process::Child, std::path::PathBuf)| {
        eventually("the job ends", || child.try_wait().unwrap());
        outcome(&std::fs::read_to_string(out).unwrap())
    };
    let running = enqueue("endpoint:sees");
    worker.await_log("looking");
    server.stop();
    worker.await_log("out: ");
    // It cannot even be looked up: it waits.
    let waiting = enqueue("endpoint:count");
    worker.await_log("the store cannot be asked; job handed back");
    server.start_again();

    let waited = ended(waiting);
    assert_eq!(waited.tag.as_str(), "completed", "{waited:?}");
    let saw = ended(running);
    assert_eq!(saw.tag.as_str(), "completed", "{saw:?}");
    let saw: Value = serde_json::from_str(saw.response.body.get()).unwrap();
    assert_eq!(saw["told"]["code"], "InternalError", "{saw}");
    let message = saw["told"]["message"].as_str().unwrap();
    assert!(message.starts_with("the store failed to "), "{message}");
    let all = format!("{message}{}", worker.log());
    assert!(!all.contains("geheim"), "{all}");
}

/// One line of standard error with these words and without the password.
#[track_caller]
fn check_refused(place: &Place, store: &str, words: &[&str]) {
    let told = place.lode(["app", "list", "--store", store]).bad(1);
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.starts_with("lode: store: "), "{told}");
    let doctor = place.lode(["doctor", "--queue", &place.queue, "--store", store]);
    assert_eq!(doctor.code, Some(1), "{doctor:?}");
    let line = doctor
        .stdout
        .lines()
        .find(|line| line.starts_with("FAIL store"));
    let line = line.unwrap_or_else(|| panic!("{doctor:?}"));
    for word in words {
        assert!(told.contains(word) && line.contains(word), "{told}{line}");
    }
    assert!(
        !told.contains("geheim") && !line.contains("geheim"),
        "{told}{line}"
    );
}

#[test]
fn a_store_that_cannot_be_had_is_refused_in_one_sentence_without_its_password() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let settings = [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
    ];
    let _server = PgServer::start(&settings, |data| {
        let rule = "host all all 127.0.0.1/32 scram-sha-256\n";
        std::fs::write(data.join("pg_hba.conf"), rule).unwrap();
    });
    let place = Place::sqlite();
    let at = format!("127.0.0.1:{port}");
    let good = format!("postgres://postgres:geheim@{at}/postgres");
    place.lode(["app", "list", "--store", &good]).good();
    for (store, words) in [
        (
            format!("postgres://postgres:geheimnis@{at}/postgres"),
            [
                "password authentication failed",
                "check the user and the password",
            ],
        ),
        (
            format!("postgres://postgres:geheim@{at}/nowhere"),
            ["\"nowhere\" does not exist", "create the database"],
        ),
        (
            format!("postgres://postgres:geheim@{at}/postgres?sslmode=require"),
            ["does not support TLS", "sslmode=disable"],
        ),
        (
            "postgres://postgres:geheim@127.0.0.1:1/postgres".to_owned(),
            ["refused", "check that the server runs"],
        ),
        (
            format!("postgres://postgres:geheim@{at}/postgres?colour=red"),
            ["colour", "allowed is postgres://"],
        ),
    ] {
        check_refused(&place, &store, &words);
    }
}

#[test]
fn the_configuration_is_printed_without_passwords() {
    let place = Place::sqlite();
    let mut command = lode();
    command
        .arg("config")
        .env(
            "LODE_STORE_URL",
            "postgres://u:geheim@db/d?schema=s&password=geheim",
        )
        .env("LODE_QUEUE_URL", "redis://:geheim@redis:6379?queue=q")
        .env("LODE_EMAIL_SMTP_URL", "smtps://u:geheim@mail.example")
        .env("LODE_PUSH_SECRET", "geheim and long enough")
        .env("LODE_STORE_CONNECTIONS", "5");
    let printed = place.finish(&mut command).good();
    assert!(!printed.contains("geheim"), "{printed}");
    for line in [
        "url = \"postgres://u:…@db/d?schema=s&password=…\"",
        "url = \"redis://:…@redis:6379?queue=q\"",
        "smtp_url = \"smtps://u:…@mail.example\"",
        "secret = \"…\"",
        "connections = 5",
    ] {
        assert!(printed.lines().any(|l| l == line), "{line}: {printed}");
    }
    let told = place
        .finish(lode().arg("config").env("LODE_STORE_OPERATION_MS", "60000"))
        .bad(1);
    let words = "store.operation_ms is 60000, allowed are 100 to 9000";
    assert!(told.contains(words), "{told}");
}
