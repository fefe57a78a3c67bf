//! The Redis side of npm `background-task`: claims, broadcasts, bans, and who may not have them.
//!
//! The package's keys bear no queue's name, so each test has a server of its own.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

#[path = "support/server.rs"]
mod server;

use std::time::Duration;

use lode_queue::{Announcement, BackgroundTaskOptions, BackgroundTasks, QueueError, Swept};
use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue, cmd};
use serde_json::Value;
use server::RedisServer;
use tempfile::TempDir;

/// Far above anything that works, so that only what never happens fails.
const DEADLINE: Duration = Duration::from_secs(20);

/// A server, and a plain connection to it.
struct Bench {
    raw: MultiplexedConnection,
    server: RedisServer,
    _dir: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let server = RedisServer::start(dir.path(), &[]);
        let client = redis::Client::open(server.url.as_str()).unwrap();
        Self {
            raw: client.get_multiplexed_async_connection().await.unwrap(),
            server,
            _dir: dir,
        }
    }

    async fn open(&self) -> BackgroundTasks {
        self.open_with(BackgroundTaskOptions::default()).await
    }

    async fn open_with(&self, options: BackgroundTaskOptions) -> BackgroundTasks {
        let url = format!("{}?queue=q", self.server.url);
        BackgroundTasks::open(&url, options).await.unwrap()
    }

    async fn ask<T: FromRedisValue>(&mut self, words: &[&str]) -> T {
        let mut command = cmd(words[0]);
        command.arg(&words[1..]);
        command.query_async(&mut self.raw).await.unwrap()
    }

    /// A message as the package has it.
    async fn put(&mut self, id: &str, message: &str) {
        let _: i64 = self.ask(&["HSET", "newtask:normal", id, message]).await;
    }

    /// The texts of the jobs in the inbox.
    async fn jobs(&mut self) -> Vec<String> {
        type Entry = (String, Vec<String>);
        let entries: Vec<Entry> = self.ask(&["XRANGE", "lode:{q}:in", "-", "+"]).await;
        entries
            .into_iter()
            .map(|(_, fields)| fields[1].clone())
            .collect()
    }
}

fn message(id: &str, task: &str) -> String {
    format!(
        r#"{{"taskId":"{id}","taskDetails":{task},"_listenChannel":"msgChannels:c1","_messageId":"{id}","_status":"NEWTASK"}}"#
    )
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[tokio::test]
async fn a_claim_makes_one_job_of_each_task_and_changes_nothing_in_it() {
    let mut bench = Bench::new().await;
    let (one, other) = (bench.open().await, bench.open().await);
    // Numbers, escapes, order: a decoder and encoder would change all of these.
    let task =
        r#"{"z":1.0,"appId":"kid \"1\"","n":12345678901234567890,"e":"\u00e9\/","empty":[]}"#;
    bench.put("a1", &message("a1", task)).await;
    bench.put("b2", &message("b2", r#"{"app":"shop"}"#)).await;
    let all = ids(&["a1", "nobody", "b2"]);
    let (first, second) = tokio::join!(one.claim(&all), other.claim(&all));
    assert_eq!(first.unwrap() + second.unwrap(), 2);
    assert_eq!(
        bench.jobs().await,
        [
            format!(
                r#"{{"id":"nbt-a1","app":"kid \"1\"","background_task":{}}}"#,
                message("a1", task)
            ),
            format!(
                r#"{{"id":"nbt-b2","app":"shop","background_task":{}}}"#,
                message("b2", r#"{"app":"shop"}"#)
            ),
        ]
    );
    assert!(one.waiting(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_deadline_goes_into_the_job() {
    let mut bench = Bench::new().await;
    let options = BackgroundTaskOptions {
        deadline: Duration::from_millis(4_000),
        ..BackgroundTaskOptions::default()
    };
    let tasks = bench.open_with(options).await;
    bench.put("a1", &message("a1", "{}")).await;
    tasks.claim(&ids(&["a1"])).await.unwrap();
    let job: Value = serde_json::from_str(&bench.jobs().await[0]).unwrap();
    assert_eq!(job["deadline_ms"], 4_000);
    assert_eq!(job.get("app"), None);
}

#[tokio::test]
async fn what_the_queue_has_to_know_of_a_task_stands_outside() {
    let mut bench = Bench::new().await;
    let tasks = bench.open().await;
    for (id, more, outside) in [
        (
            "a1",
            r#""priority":-7,"idempotent":true"#,
            r#","priority":-7,"idempotent":true"#,
        ),
        ("b2", r#""priority":101,"idempotent":1"#, ""),
        ("c3", r#""priority":"9","idempotent":false"#, ""),
    ] {
        let message = message(id, &format!(r#"{{"appId":"a",{more}}}"#));
        bench.put(id, &message).await;
        assert_eq!(tasks.claim(&ids(&[id])).await.unwrap(), 1);
        let job = format!(r#"{{"id":"nbt-{id}","app":"a"{outside},"background_task":{message}}}"#);
        assert_eq!(bench.jobs().await.pop(), Some(job));
    }
}

#[tokio::test]
async fn a_message_that_nobody_can_read_becomes_a_job_that_says_so() {
    let mut bench = Bench::new().await;
    let tasks = bench.open().await;
    let cut = r#"{"taskDetails":{"a":"x","_listenChannel":"msgChannels:c1","b"#;
    let large = format!(r#"{{"taskDetails":"{}"#, "x".repeat(2 << 20));
    let all = [
        cut,
        "\u{1}",
        "",
        "7",
        r#"["a"]"#,
        "{\"a\":\"\u{1}\"}",
        &large,
    ];
    for (index, text) in all.iter().enumerate() {
        let id = format!("t{index}");
        bench.put(&id, text).await;
        assert_eq!(tasks.claim(&[id]).await.unwrap(), 1, "{text}");
    }
    let jobs = bench.jobs().await;
    for (index, text) in all.iter().enumerate() {
        let job: Value = serde_json::from_str(&jobs[index]).unwrap();
        assert_eq!(job["id"], format!("nbt-t{index}"));
        let task = &job["background_task"];
        assert_eq!(task["taskId"], format!("t{index}"));
        let kept: String = text.chars().take(4_096).collect();
        assert_eq!(task["taskDetails"], kept);
        let channel = (index == 0).then_some("msgChannels:c1");
        assert_eq!(task["_listenChannel"].as_str(), channel);
    }
}

#[tokio::test]
async fn a_message_beyond_every_limit_goes_to_the_worker_that_names_the_limit() {
    let mut bench = Bench::new().await;
    let tasks = bench.open().await;
    let large = message(
        "a1",
        &format!(r#"{{"app":"a","x":"{}"}}"#, "x".repeat(2 << 20)),
    );
    bench.put("a1", &large).await;
    tasks.claim(&ids(&["a1"])).await.unwrap();
    let expected = format!(r#"{{"id":"nbt-a1","background_task":{large}}}"#);
    assert_eq!(bench.jobs().await, [expected]);
}

#[tokio::test]
async fn many_large_tasks_are_claimed_in_several_steps() {
    let mut bench = Bench::new().await;
    let tasks = bench.open().await;
    let task = format!(r#"{{"app":"a","x":"{}"}}"#, "x".repeat(1 << 20));
    for n in 0..10 {
        let id = format!("t{n}");
        bench.put(&id, &message(&id, &task)).await;
    }
    let waiting = tasks.waiting(100).await.unwrap();
    assert_eq!(
        (waiting.len(), tasks.waiting(3).await.unwrap().len()),
        (10, 3)
    );
    assert_eq!(tasks.claim(&waiting).await.unwrap(), 10);
    let length: usize = bench.ask(&["XLEN", "lode:{q}:in"]).await;
    assert_eq!(length, 10);
}

#[tokio::test]
async fn an_inbox_of_another_type_costs_no_task() {
    let mut bench = Bench::new().await;
    let tasks = bench.open().await;
    bench.put("a1", &message("a1", "{}")).await;
    let _: String = bench.ask(&["SET", "lode:{q}:in", "mine"]).await;
    let error = tasks.claim(&ids(&["a1"])).await.unwrap_err();
    assert!(error.to_string().contains("not a stream"), "{error}");
    assert_eq!(tasks.waiting(10).await.unwrap(), ["a1"]);
}

#[tokio::test]
async fn a_full_server_lets_a_task_become_a_job() {
    let mut bench = Bench::new().await;
    let tasks = bench.open().await;
    bench.put("a1", &message("a1", r#"{"app":"a"}"#)).await;
    let _: String = bench.ask(&["CONFIG", "SET", "maxmemory", "1"]).await;
    assert_eq!(tasks.claim(&ids(&["a1"])).await.unwrap(), 1);
    assert_eq!(bench.jobs().await.len(), 1);
}

#[tokio::test]
async fn a_broadcast_heard_by_one_worker_is_claimed_by_none() {
    let mut bench = Bench::new().await;
    let (one, other) = (bench.open().await, bench.open().await);
    let mut heard = one.subscribe().await.unwrap();
    bench.put("a1", &message("a1", "{}")).await;
    bench.put("b2", &message("b2", "{}")).await;
    let channel = "broadcast:level2";
    let text = r#"{"id":"a1","status":"NEWTASK","metadata":{"broadcast":true,"expires":2}}"#;
    for text in ["no json", text, r#"{"id":"b2","status":"NEWTASK"}"#] {
        let receivers: i64 = bench.ask(&["PUBLISH", channel, text]).await;
        assert_eq!(receivers, 1);
    }
    let mut all = Vec::new();
    while all.len() < 2 {
        let next = tokio::time::timeout(DEADLINE, heard.next(10)).await;
        all.extend(next.expect("announcements come").unwrap());
    }
    let stands = Duration::from_secs(2);
    let (broadcast, task) = ("a1".to_owned(), "b2".to_owned());
    assert_eq!(
        all,
        [
            Announcement::Broadcast {
                id: broadcast,
                stands
            },
            Announcement::Task { id: task }
        ]
    );
    one.note_broadcast("a1", stands).await.unwrap();
    assert_eq!(other.claim(&ids(&["a1", "b2"])).await.unwrap(), 1);
    assert_eq!(other.waiting(10).await.unwrap(), ["a1"]);
    let ttl: i64 = bench.ask(&["PTTL", "lode:{q}:nbt:broadcasts"]).await;
    assert!((2_000..=62_000).contains(&ttl), "{ttl}");
}

#[tokio::test]
async fn an_unheard_task_is_claimed_while_its_client_listens_and_deleted_when_told() {
    let mut bench = Bench::new().await;
    let tasks = bench.open().await;
    let client = redis::Client::open(bench.server.url.as_str()).unwrap();
    let mut listening = client.get_async_pubsub().await.unwrap();
    listening.subscribe("msgChannels:c1").await.unwrap();
    // What a task says of channels is not the client's channel.
    let gone = r#"{"app":"a","_listenChannel":"msgChannels:c1"}"#;
    let gone = message("b2", gone).replace(r#"c1","_messageId"#, r#"c2","_messageId"#);
    bench.put("a1", &message("a1", r#"{"app":"a"}"#)).await;
    bench.put("b2", &gone).await;
    bench.put("c3", "nothing to be read").await;
    let all = ids(&["a1", "b2", "c3", "d4"]);
    let [first, second] = [false, true].map(|delete| tasks.claim_unheard(&all, delete));
    let (claimed, deleted) = (2, 0);
    assert_eq!(first.await.unwrap(), Swept { claimed, deleted });
    assert_eq!(tasks.waiting(10).await.unwrap(), ["b2"]);
    let (claimed, deleted) = (0, 1);
    assert_eq!(second.await.unwrap(), Swept { claimed, deleted });
    assert!(tasks.waiting(10).await.unwrap().is_empty());
    assert_eq!(bench.jobs().await.len(), 2);
}

#[tokio::test]
async fn a_worker_knows_how_many_listen() {
    let bench = Bench::new().await;
    let (one, other) = (bench.open().await, bench.open().await);
    assert_eq!(one.listeners().await.unwrap(), 0);
    let _heard = [
        one.subscribe().await.unwrap(),
        other.subscribe().await.unwrap(),
    ];
    assert_eq!(one.listeners().await.unwrap(), 2);
}

#[tokio::test]
async fn a_subscription_whose_connection_ends_says_so() {
    let mut bench = Bench::new().await;
    let tasks = bench.open().await;
    let mut heard = tasks.subscribe().await.unwrap();
    heard.check().await.unwrap();
    let _: i64 = bench.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    let ended = tokio::time::timeout(DEADLINE, heard.next(10)).await;
    assert!(ended.expect("it ends").unwrap_err().is_transient());
    heard.check().await.unwrap_err();
    tasks.subscribe().await.unwrap();
}

#[tokio::test]
async fn the_bad_task_too_many_bans_in_the_packages_keys() {
    let mut bench = Bench::new().await;
    let options = BackgroundTaskOptions {
        window: Duration::from_secs(600),
        log_bans: true,
        ..BackgroundTaskOptions::default()
    };
    let tasks = bench.open_with(options).await;
    for n in 1..=11 {
        let banned = tasks.bad_task("shop", "hook_timeout: slow").await.unwrap();
        assert_eq!(banned, n == 11, "{n}");
    }
    let count: i64 = bench.ask(&["GET", "blacklist:shop:count"]).await;
    let window: i64 = bench.ask(&["PTTL", "blacklist:shop:count"]).await;
    assert!(count == 11 && (1..=600_000).contains(&window), "{window}");
    let ban = "blacklist:globalBlacklist:shop";
    let reason: String = bench.ask(&["GET", ban]).await;
    assert_eq!(reason, "hook_timeout: slow");
    let _: i64 = bench.ask(&["PEXPIRE", ban, "5000"]).await;
    assert!(tasks.bad_task("shop", "again").await.unwrap());
    let ttl: i64 = bench.ask(&["PTTL", ban]).await;
    assert!((1..=5_000).contains(&ttl), "a ban is not prolonged: {ttl}");
    let log: Vec<String> = bench
        .ask(&["LRANGE", "blacklist:logs:shop", "0", "-1"])
        .await;
    assert_eq!(log.len(), 2);
    let (date, reason) = log[1].split_once('|').unwrap();
    assert!(
        date.ends_with("(Coordinated Universal Time)") && reason == "again",
        "{log:?}"
    );
    assert!(tasks.lift("shop").await.unwrap());
    assert!(!tasks.lift("shop").await.unwrap());
    assert!(!tasks.bad_task("shop", "anew").await.unwrap());
}

#[tokio::test]
async fn a_cluster_and_a_file_are_refused_with_the_reason() {
    let dir = TempDir::new().unwrap();
    // A cluster's bus needs a port of its own, and the server a port to count it from.
    let node = ["--port", "0", "--cluster-enabled", "yes"];
    let server = RedisServer::start(dir.path(), &node);
    let options = BackgroundTaskOptions::default;
    // One is found out by asking, the other is not even reached.
    for url in [server.url.as_str(), "redis+cluster://127.0.0.1:1"] {
        let refused = BackgroundTasks::open(url, options()).await;
        let Err(QueueError::Unsupported(text)) = refused else {
            panic!("{refused:?}")
        };
        assert!(text.contains("one atomic step"), "{text}");
    }
    let refused = BackgroundTasks::open("sqlite:q.db", options()).await;
    let Err(QueueError::Address(text)) = refused else {
        panic!("{refused:?}")
    };
    assert!(
        text.contains("SQLite file") && text.contains("redis://"),
        "{text}"
    );
}
