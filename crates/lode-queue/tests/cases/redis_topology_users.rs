//! Users that may do no more than they need, with the very lines of `deploy/redis.md`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lode_queue::{
    AppQuota, BackgroundTaskOptions, BackgroundTasks, DeadPick, Queue, QueueError, TaskReply,
};
use redis::cmd;
use tempfile::TempDir;

use crate::sentinel::Watched;
use crate::support::cluster::{Cluster, ask};
use crate::support::process::{Server, free_port, program};
use crate::support::{job, lease_one, reply};
use crate::{open, refusal, whole_life};

/// What a worker's handle sends itself; the rest of its user's commands is what scripts call.
const SENT: &str = "ping info role script|load evalsha xadd xread xrevrange blpop get";
/// What each line says of itself.
const CLUSTER: &str = "on a Cluster, as well";
const TASKS: &str = "with clients of npm background-task, as well";
const SENTINELS: &str = "on the sentinels";

#[tokio::test]
async fn users_with_only_what_they_need_bring_a_job_to_its_end() {
    let dir = TempDir::new().unwrap();
    let server = Server::start(program(), dir.path(), free_port(), &[]).await;
    let port = server.port;
    for user in ["worker", "producer"] {
        set_user(port, user, "").await;
    }
    let worker = open(&url(port, "worker")).await;
    let producer = open(&url(port, "producer")).await;
    let steps = life(&*worker, &*producer).await;
    nothing_refused(port, &steps).await;
    steps.unwrap();

    let error = producer.dead(None, 1).await.unwrap_err();
    let QueueError::Refused { step, reason } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(*step, "dead");
    assert!(reason.contains("xrevrange"), "{reason}");
    let error = refusal(&url(port, "worker").replace("secret", "wrong-secret")).await;
    let text = error.to_string();
    assert!(matches!(error, QueueError::Refused { .. }), "{text}");
    assert!(text.contains("refused the user or the password"), "{text}");
    assert!(
        text.contains(&port.to_string()) && !text.contains("secret"),
        "{text}"
    );
}

#[tokio::test]
async fn users_of_a_cluster_need_little_more() {
    let cluster = Cluster::start().await;
    for node in &cluster.nodes {
        for user in ["worker", "producer"] {
            set_user(node.port, user, "").await;
            set_user(node.port, user, CLUSTER).await;
        }
    }
    let url = |user: &str| {
        let with_login = format!("redis+cluster://{user}:secret@");
        cluster.url().replace("redis+cluster://", &with_login) + "?queue=hooks"
    };
    let worker = open(&url("worker")).await;
    let producer = open(&url("producer")).await;
    let steps = life(&*worker, &*producer).await;
    for node in &cluster.nodes {
        nothing_refused(node.port, &steps).await;
    }
    steps.unwrap();
}

#[tokio::test]
async fn users_of_sentinels_ask_for_the_primary_only() {
    let watched = Watched::start().await;
    for node in &watched.sentinels {
        set_user(node.port, "lode-sentinel", SENTINELS).await;
    }
    let primary = watched.primary.as_ref().unwrap().port;
    set_user(primary, "worker", "").await;
    let url = watched.url("jobs").replace("://", "://worker:secret@");
    let url = url.replace("queue=q", "queue=hooks");
    let login = "&sentinel_user=lode-sentinel&sentinel_pass=secret";
    let queue = open(&format!("{url}{login}")).await;
    whole_life(&*queue, "j").await;
    nothing_refused(primary, &()).await;
    for node in &watched.sentinels {
        nothing_refused(node.port, &()).await;
    }
}

#[tokio::test]
async fn a_worker_that_serves_background_tasks_needs_their_keys_and_channels() {
    let dir = TempDir::new().unwrap();
    let server = Server::start(program(), dir.path(), free_port(), &[]).await;
    let port = server.port;
    set_user(port, "worker", "").await;
    set_user(port, "worker", TASKS).await;
    let steps = serve_tasks(port).await;
    nothing_refused(port, &steps).await;
    let undelivered = steps.unwrap();
    assert_eq!(undelivered, 0);
}

/// A task's way from its client's hash to its answer, and what keeps bad ones away.
async fn serve_tasks(port: u16) -> Result<u64, QueueError> {
    let url = url(port, "worker");
    let queue = open(&url).await;
    let options = BackgroundTaskOptions {
        bad_tasks: 1,
        log_bans: true,
        ..Default::default()
    };
    let tasks = BackgroundTasks::open(&url, options).await?;
    let heard = tasks.subscribe().await?;
    heard.check().await?;
    let mut put = cmd("HSET");
    put.arg("newtask:normal").arg("t").arg("{}");
    let _: u32 = ask(port, &put).await.unwrap();
    let ids = tasks.waiting(9).await?;
    tasks.note_broadcast("other", Duration::ZERO).await?;
    assert_eq!(tasks.claim(&ids).await?, 1);
    let leased = lease_one(&*queue).await;
    let mut settle = reply("1", &queue.reply_list("me"));
    settle.task_reply = Some(TaskReply {
        hash: "success:normal".to_owned(),
        field: "t".to_owned(),
        value: "{}".to_owned(),
        channel: "msgChannels:1".to_owned(),
        message: "{}".to_owned(),
    });
    assert!(queue.settle(&leased.lease, settle).await?);
    for _ in 0..2 {
        tasks.bad_task("a", "test").await?;
    }
    assert!(tasks.lift("a").await?);
    Ok(queue.stats().await?.undelivered)
}

#[tokio::test]
async fn a_login_that_worked_is_waited_for() {
    let dir = TempDir::new().unwrap();
    let server = Server::start(program(), dir.path(), free_port(), &[]).await;
    set_user(server.port, "worker", "").await;
    let queue = open(&url(server.port, "worker")).await;
    // Taking a user away ends its connections.
    let _: u32 = ask(server.port, cmd("ACL").arg("DELUSER").arg("worker"))
        .await
        .unwrap();
    for _ in 0..2 {
        let error = queue.enqueue(&job("a", "j")).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
    }
    set_user(server.port, "worker", "").await;
    whole_life(&*queue, "j").await;
}

#[test]
fn a_worker_is_allowed_what_its_scripts_call_and_nothing_else() {
    let called = commands_of("src/redis/lua");
    let sent = SENT.split(' ').map(str::to_owned);
    let needed: BTreeSet<String> = called.into_iter().chain(sent).collect();
    assert_eq!(
        allowed("worker", ""),
        needed,
        "in deploy/redis.md, and needed"
    );
    let mut with_tasks = allowed("worker", "");
    with_tasks.extend(allowed("worker", TASKS));
    for command in commands_of("src/background_task/lua") {
        // A container command is allowed one word at a time.
        let found = |word: &String| *word == command || word.starts_with(&format!("{command}|"));
        assert!(with_tasks.iter().any(found), "{command}");
    }
}

/// The commands that the scripts of a folder call, in lower case.
fn commands_of(folder: &str) -> BTreeSet<String> {
    let mut commands = BTreeSet::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for call in text.split("call(").skip(1) {
            // The first argument: a name, or a choice of two.
            let argument = call.split([',', ')']).next().unwrap();
            let names = argument.split('\'').skip(1).step_by(2);
            commands.extend(names.map(str::to_lowercase));
        }
    }
    assert!(!commands.is_empty());
    commands
}

/// The commands that a line of the document allows.
fn allowed(user: &str, of: &str) -> BTreeSet<String> {
    let rules = documented(user, of);
    let commands = rules.iter().filter_map(|rule| rule.strip_prefix('+'));
    commands.map(str::to_owned).collect()
}

/// The rules of a user's line in `deploy/redis.md`, the one that says this of itself after a `#`.
fn documented(user: &str, of: &str) -> Vec<String> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy/redis.md");
    let text = std::fs::read_to_string(file).unwrap();
    let start = format!("ACL SETUSER {user} ");
    let mut found = text
        .lines()
        .filter_map(|line| line.strip_prefix(&start))
        .map(|rest| rest.split_once('#').unwrap_or((rest, "")))
        .filter(|(_, what)| what.trim() == of);
    let (rules, _) = found
        .next()
        .unwrap_or_else(|| panic!("deploy/redis.md has no line {start}… # {of}"));
    let words = rules.split_whitespace();
    words
        .map(|word| word.replace("PASSWORD", "secret"))
        .collect()
}

/// Does what the line says on one server.
async fn set_user(port: u16, user: &str, of: &str) {
    let mut set = cmd("ACL");
    set.arg("SETUSER").arg(user).arg(documented(user, of));
    let _: () = ask(port, &set).await.unwrap();
}

fn url(port: u16, user: &str) -> String {
    format!("redis://{user}:secret@127.0.0.1:{port}?queue=hooks")
}

/// Fails when the server has refused anybody anything.
async fn nothing_refused(port: u16, steps: &impl std::fmt::Debug) {
    let log: Vec<redis::Value> = ask(port, cmd("ACL").arg("LOG")).await.unwrap();
    assert!(log.is_empty(), "{steps:?}; the server refused {log:?}");
}

async fn life(worker: &dyn Queue, producer: &dyn Queue) -> Result<(), QueueError> {
    let list = producer.reply_list("me");
    let quota = AppQuota {
        max_concurrent: Some(3),
        ..AppQuota::default()
    };
    worker.set_quotas(&[("a".to_owned(), quota)]).await?;
    worker.tend("w").await?;
    for id in ["one", "two", "three"] {
        producer.enqueue(&job("a", id)).await?;
    }
    let mut leased = worker.lease("w", 3, &[]).await?;
    assert_eq!(leased.len(), 3);
    let refs: Vec<_> = leased.iter().map(|job| job.lease.clone()).collect();
    worker.extend(&refs).await?;
    let (third, second) = (leased.pop().unwrap(), leased.pop().unwrap());
    worker.release(&[third.lease]).await?;
    worker.retry(&second.lease, Duration::ZERO).await?;
    let mut settle = reply("1", &list);
    settle.dead = Some("test".to_owned());
    worker.settle(&leased[0].lease, settle).await?;
    for _ in 0..2 {
        let job = lease_one(worker).await;
        worker.settle(&job.lease, reply("2", &list)).await?;
    }
    worker.stats().await?;
    worker.app_stats(None, 9).await?;
    worker.peek(None, 9).await?;
    worker.inspect("one").await?;
    worker.workers().await?;
    worker.bad_job("a", "test").await?;
    worker.ban("a", "test", Duration::from_secs(9)).await?;
    worker.bans().await?;
    worker.lift("a").await?;
    worker.pause(Some("a")).await?;
    worker.resume(Some("a")).await?;
    worker.cancel("none", None).await?;
    worker.result("a", "one").await?;
    worker.set_schedules(&[]).await?;
    worker.fire("none", 1, None, "{}").await?;
    worker
        .requeue_dead(&DeadPick::Job("none".to_owned()))
        .await?;
    worker.purge_dead(&DeadPick::Job("none".to_owned())).await?;
    worker.dead(None, 1).await?;
    for expected in ["1", "2", "2"] {
        let outcome = producer.await_reply(&list, Duration::from_secs(60)).await?;
        assert_eq!(outcome.as_deref(), Some(expected));
    }
    worker.leave("w").await?;
    Ok(())
}
