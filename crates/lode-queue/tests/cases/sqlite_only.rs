//! What only a file can do: stay, be shared, be somewhere else.

use lode_queue::{QueueError, QueueOptions, Settle, TaskReply, Unrunnable, open};
use rusqlite::Connection;

use crate::support::{
    Bench, bury, enqueue_jobs, finish, ids, job, lease, lease_one, next_reply, outcome, reply, tend,
};

/// The tables of the first Lode, as it made them.
const FIRST_SCHEMA: &str = include_str!("first_schema.sql");

#[tokio::test]
async fn jobs_survive_the_closing_of_the_file() {
    let bench = Bench::sqlite();
    let first = bench.open().await;
    first.enqueue(&job("a", "j")).await.unwrap();
    drop(first);
    let queue = bench.open().await;
    let leased = lease_one(&*queue).await;
    assert!(queue.settle(&leased.lease, outcome("1")).await.unwrap());
}

#[tokio::test]
async fn queues_of_one_file_do_not_mix() {
    let bench = Bench::sqlite();
    let path = bench.dir.path().join("two.db");
    let url = |name: &str| format!("sqlite:{}?queue={name}", path.display());
    let one = open(&url("one"), QueueOptions::default()).await.unwrap();
    let two = open(&url("two"), QueueOptions::default()).await.unwrap();
    one.enqueue(&job("a", "j")).await.unwrap();
    two.enqueue(&job("a", "j")).await.unwrap();
    let leased = lease_one(&*one).await;
    assert!(!two.settle(&leased.lease, outcome("1")).await.unwrap());
    assert_eq!(two.stats().await.unwrap().queued, 1);
}

#[tokio::test]
async fn many_openers_at_once_all_get_in() {
    let bench = Bench::sqlite();
    let mut openers = tokio::task::JoinSet::new();
    for n in 0..8 {
        let url = format!("sqlite:{}", bench.dir.path().join("queue.db").display());
        openers.spawn(async move {
            let queue = open(&url, QueueOptions::default()).await?;
            queue.enqueue(&job("a", &format!("j{n}"))).await
        });
    }
    while let Some(opened) = openers.join_next().await {
        opened.unwrap().unwrap();
    }
    assert_eq!(bench.open().await.stats().await.unwrap().queued, 8);
}

#[tokio::test]
async fn a_file_that_is_none_is_an_error_in_words() {
    let bench = Bench::sqlite();
    let missing = format!("sqlite:{}/no/such/dir/q.db", bench.dir.path().display());
    let error = open(&missing, QueueOptions::default()).await.unwrap_err();
    assert!(
        matches!(error, QueueError::Refused { step: "open", .. }),
        "{error:?}"
    );
    let text = bench.dir.path().join("text.db");
    std::fs::write(
        &text,
        "this is not a database, whatever its name says".repeat(100),
    )
    .unwrap();
    let error = open(
        &format!("sqlite:{}", text.display()),
        QueueOptions::default(),
    )
    .await;
    assert!(error.unwrap_err().to_string().contains("not a database"));
}

#[tokio::test]
async fn a_dead_list_that_is_too_large_loses_its_oldest() {
    let bench = Bench::sqlite();
    let queue = bench.open().await;
    bury(&*queue, "old").await;
    let db = Connection::open(bench.dir.path().join("queue.db")).unwrap();
    let pretend = "UPDATE queue_meta SET value = 268435456 WHERE name = 'dead_bytes'";
    assert_eq!(db.execute(pretend, []).unwrap(), 1);
    bury(&*queue, "new").await;
    let dead = queue.dead(None, 9).await.unwrap();
    assert_eq!((dead.len(), dead[0].id.as_str()), (1, "new"));
    assert_eq!(queue.stats().await.unwrap().dead, 1);
}

#[tokio::test]
async fn a_file_of_the_first_schema_keeps_its_jobs() {
    let bench = Bench::sqlite();
    let db = Connection::open(bench.dir.path().join("queue.db")).unwrap();
    db.execute_batch(FIRST_SCHEMA).unwrap();
    db.execute_batch(
        r#"INSERT INTO queue_jobs (num, queue, id, app, priority, idempotent, at_us, attempts, lost,
               token, worker, expires_us) VALUES
               (1, 'default', 'second', 'a', 0, 0, 1, 0, 0, NULL, NULL, NULL),
               (2, 'default', 'first', 'a', 9, 0, 2, 0, 0, NULL, NULL, NULL),
               (3, 'default', 'running', 'a', 0, 0, 3, 1, 0, 'token', 'w', 1),
               (4, 'default', 'lost', 'b', 0, 0, 4, 1, 1, 'old', 'w', 1),
               (5, 'default', 'tired', 'c', 0, 1, 5, 3, 2, NULL, NULL, NULL),
               (6, 'other', 'first', 'a', 0, 0, 6, 0, 0, NULL, NULL, NULL);
           INSERT INTO queue_bodies SELECT num,
               '{"app":"' || app || '","id":"' || id || '","hook":"h","n":' || num || '}'
               FROM queue_jobs;
           INSERT INTO queue_jobs (num, queue, id, app, priority, idempotent, at_us)
               VALUES (7, 'old', '7-7', '', 0, 0, 1), (8, 'old', 'j~b', 'b', 0, 0, 2);
           INSERT INTO queue_bodies VALUES (7, '{broken'), (8, '{"app":"b","id":"j"}');
           INSERT INTO queue_apps (queue, app, state, tag, waiting, running)
               VALUES ('default', 'a', 1, 70, 2, 1), ('other', 'a', 1, 0, 1, 0);
           INSERT INTO queue_meta VALUES ('default', 'v', 70), ('default', 'settled', 7),
               ('default', 'seq', 6), ('default', 'dead', 1), ('default', 'dead_bytes', 9);
           INSERT INTO queue_dead (queue, id, job, reason, outcome, at_ms, bytes)
               VALUES ('default', 'd', '{"app":"b"}', 'why', '1', 5, 9);
           INSERT INTO queue_replies (list, outcome, expires_us) VALUES ('l', 'kept', 9e15);"#,
    )
    .unwrap();
    drop(db);
    // Twice: what is up to date stays as it is.
    for _ in 0..2 {
        let stats = bench.open().await.stats().await.unwrap();
        assert_eq!((stats.queued, stats.leased, stats.delayed), (2, 2, 0));
        assert_eq!((stats.settled, stats.dead), (7, 1));
    }
    let queue = bench.open().await;
    assert_eq!(next_reply(&*queue, "l").await.as_deref(), Some("kept"));
    assert_eq!(queue.dead(Some("b"), 9).await.unwrap().len(), 1);
    let mut told = tend(&*queue).await.unrunnable;
    told.sort_by(|a, b| a.lease.job_id.cmp(&b.lease.job_id));
    assert_eq!(ids(&told), ["lost", "running", "tired"]);
    let why = [
        Unrunnable::WorkerLost,
        Unrunnable::WorkerLost,
        Unrunnable::TooManyAttempts,
    ];
    assert!(told.iter().map(|j| j.unrunnable.clone().unwrap()).eq(why));
    let jobs = lease(&*queue, 9).await;
    assert_eq!(ids(&jobs), ["first", "second"]);
    assert_eq!(jobs[0].job, r#"{"app":"a","id":"first","hook":"h","n":2}"#);
    assert_eq!(queue.inspect("first").await.unwrap().unwrap().hook, "h");
    // They are still the jobs that they named: nobody runs one a second time.
    for id in ["second", "first", "running"] {
        queue.enqueue(&job("a", id)).await.unwrap();
    }
    assert_eq!(queue.stats().await.unwrap().duplicates, 3);
    for leased in jobs.iter().chain(&told) {
        finish(&*queue, leased).await;
    }
    assert_eq!(queue.stats().await.unwrap().leased, 0);
    assert!(queue.result("a", "running").await.unwrap().is_some());
    let url = format!(
        "sqlite:{}?queue=old",
        bench.dir.path().join("queue.db").display()
    );
    let old = open(&url, QueueOptions::default()).await.unwrap();
    old.enqueue(&job("b", "j")).await.unwrap();
    assert_eq!(old.stats().await.unwrap().duplicates, 1);
    assert_eq!(ids(&lease(&*old, 9).await), ["7-7", "j~b"]);
}

/// All that a file says of its tables, and its jobs in the first schema.
fn first_file(db: &Connection) -> Vec<String> {
    let all = "SELECT coalesce(sql, name) FROM sqlite_schema
               UNION ALL SELECT id || ' ' || coalesce(token, '') || ' ' || lost FROM queue_jobs";
    let mut rows = db.prepare(all).unwrap();
    let rows = rows.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_file_whose_jobs_an_earlier_lode_runs_is_left_as_it_is() {
    let bench = Bench::sqlite();
    let old = Connection::open(bench.dir.path().join("queue.db")).unwrap();
    old.execute_batch(FIRST_SCHEMA).unwrap();
    old.execute_batch(
        "INSERT INTO queue_jobs (queue, id, app, priority, idempotent, at_us, token, expires_us)
             VALUES ('another', 'j', 'a', 0, 0, 1, 'token', 9e15);",
    )
    .unwrap();
    let before = first_file(&old);
    let url = format!("sqlite:{}", bench.dir.path().join("queue.db").display());
    let error = open(&url, QueueOptions::default()).await.unwrap_err();
    let words = "workers of the earlier version still run jobs of this file (1); stop them first";
    assert!(error.to_string().contains(words), "{error}");
    assert_eq!(first_file(&old), before);
    old.execute("UPDATE queue_jobs SET expires_us = 1", [])
        .unwrap();
    open(&url, QueueOptions::default()).await.unwrap();
}

#[tokio::test]
async fn an_earlier_lode_gets_nowhere_with_a_newer_file() {
    for migrated in [false, true] {
        let bench = Bench::sqlite();
        let old = Connection::open(bench.dir.path().join("queue.db")).unwrap();
        if migrated {
            old.execute_batch(FIRST_SCHEMA).unwrap();
        }
        let queue = bench.open().await;
        queue.enqueue(&job("a", "j")).await.unwrap();
        assert!(old.execute_batch(FIRST_SCHEMA).is_err(), "its opening");
        let steps = [
            "SELECT app FROM queue_jobs WHERE queue = ?1 AND id = ?2",
            "INSERT INTO queue_jobs (queue, id, app, priority, idempotent, at_us)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            "SELECT num FROM queue_jobs WHERE queue = ?1 AND token IS NOT NULL",
            "UPDATE queue_jobs SET token = ?2, expires_us = ?3, lost = ?4 WHERE num = ?1",
            "UPDATE queue_jobs SET expires_us = ?1 WHERE queue = ?2",
            "DELETE FROM queue_jobs WHERE num = ?1",
            "DELETE FROM queue_caps WHERE queue = ?1 RETURNING app",
        ];
        for step in steps {
            assert!(old.prepare(step).is_err(), "{step}");
        }
        let leased = lease_one(&*bench.open().await).await;
        assert_eq!(leased.lease.job_id, "j");
    }
}

#[tokio::test]
async fn the_count_of_those_told_ends_with_the_result() {
    let bench = Bench::sqlite();
    let queue = bench.open().await;
    let again = r#"{"app":"a","id":"j","reply_to":"again"}"#;
    for _ in 0..2 {
        queue.enqueue(&job("a", "j")).await.unwrap();
        finish(&*queue, &lease_one(&*queue).await).await;
        for _ in 0..65 {
            queue.enqueue(again).await.unwrap();
        }
        // Without a list nobody is told, and nothing is left to say.
        queue.enqueue(&job("a", "j")).await.unwrap();
        let told = tend(&*queue).await.unrunnable;
        let of = "j".to_owned();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].unrunnable, Some(Unrunnable::Duplicate { of }));
        finish(&*queue, &told[0]).await;
        let mut pushed = 0;
        while next_reply(&*queue, "again").await.is_some() {
            pushed += 1;
        }
        assert_eq!(pushed, 64);
        let db = Connection::open(bench.dir.path().join("queue.db")).unwrap();
        let end = "UPDATE queue_results SET expires_us = 1";
        assert_eq!(db.execute(end, []).unwrap(), 1);
    }
    assert_eq!(queue.stats().await.unwrap().duplicates, 130);
}

#[tokio::test]
async fn a_reply_to_a_task_goes_to_the_dead_list() {
    let bench = Bench::sqlite();
    let queue = bench.open().await;
    queue.enqueue(&job("a", "j")).await.unwrap();
    let leased = lease_one(&*queue).await;
    let settle = Settle {
        task_reply: Some(TaskReply {
            hash: "success:normal".to_owned(),
            field: "t-1".to_owned(),
            value: "{}".to_owned(),
            channel: "msgChannels:c".to_owned(),
            message: "{}".to_owned(),
        }),
        ..reply("done", "list")
    };
    assert!(queue.settle(&leased.lease, settle).await.unwrap());
    assert_eq!(next_reply(&*queue, "list").await.as_deref(), Some("done"));
    let dead = queue.dead(None, 9).await.unwrap();
    assert!(dead[0].reason.contains("clients read Redis"), "{dead:?}");
    assert_eq!(queue.stats().await.unwrap().undelivered, 1);
}

#[tokio::test]
async fn so_many_refusals_wait_and_then_nothing_comes_in() {
    let bench = Bench::sqlite();
    let queue = bench
        .open_with(QueueOptions {
            app_queue_max: 0,
            ..Default::default()
        })
        .await;
    enqueue_jobs(&*queue, "a", 10_000).await;
    let error = queue.enqueue(&job("b", "b")).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    let many = queue.enqueue_many(&[job("b", "b")]).await;
    assert!(many.unwrap_err().is_transient());
    let told = queue.tend("w").await.unwrap();
    assert_eq!(told.unrunnable.len(), 100);
    assert!(told.more);
    finish(&*queue, &told.unrunnable[0]).await;
    queue.enqueue(&job("b", "b")).await.unwrap();
}
