//! What comes in: broken jobs, duplicates, strange names, large texts.

use std::time::Duration;

use lode_queue::QueueOptions;

use crate::support::{Bench, finish, ids, job, lease, lease_one, uncapped};

pub(crate) async fn malformed_jobs_reach_a_worker(bench: Bench) {
    let queue = bench.open().await;
    let long_id = format!(r#"{{"id":"{}"}}"#, "x".repeat(129));
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let broken = [
        "",
        "{",
        "null",
        "[]",
        "7",
        r#"{"id":7}"#,
        r#"{"id":""}"#,
        r#"{"app":null,"id":null}"#,
        r#"{"app":{"id":1},"priority":"high","idempotent":"yes"}"#,
        "\u{0}",
        &long_id,
        &deep,
    ];
    for text in broken {
        let entry = queue.enqueue(text).await.unwrap();
        let leased = lease_one(&*queue).await;
        assert_eq!((leased.job.as_str(), leased.unrunnable), (text, None));
        assert_eq!(leased.lease.job_id, entry);
        // Not settled: the nameless app has no cap.
    }
    assert_eq!(queue.stats().await.unwrap().leased, 12);
}

pub(crate) async fn a_live_id_is_enqueued_once(bench: Bench) {
    let queue = bench.open().await;
    queue.enqueue(&job("a", "same")).await.unwrap();
    queue.enqueue(&job("a", "same")).await.unwrap();
    let leased = lease_one(&*queue).await;
    queue.enqueue(&job("a", "same")).await.unwrap();
    assert!(
        lease(&*queue, 9).await.is_empty(),
        "queued or leased, it is live"
    );
    let stats = queue.stats().await.unwrap();
    assert_eq!((stats.duplicates, stats.queued, stats.leased), (2, 0, 1));
    finish(&*queue, &leased).await;
}

pub(crate) async fn an_id_of_one_app_is_free_for_another(bench: Bench) {
    let queue = bench.open().await;
    for app in ["a", "b", "b"] {
        queue.enqueue(&job(app, "order-1")).await.unwrap();
    }
    let first = lease_one(&*queue).await;
    let second = lease_one(&*queue).await;
    assert_ne!(first.lease.job_id, second.lease.job_id);
    assert!(first.job.contains(r#""a""#) && second.job.contains(r#""b""#));
    assert_eq!(queue.stats().await.unwrap().duplicates, 1);
    for leased in [first, second] {
        finish(&*queue, &leased).await;
    }
}

pub(crate) async fn a_settled_id_may_come_again(bench: Bench) {
    let queue = bench
        .open_with(QueueOptions {
            result_ttl: Duration::ZERO,
            ..Default::default()
        })
        .await;
    for _ in 0..2 {
        queue.enqueue(&job("a", "again")).await.unwrap();
        let leased = lease_one(&*queue).await;
        assert_eq!(leased.attempts, 1);
        finish(&*queue, &leased).await;
    }
    assert_eq!(queue.stats().await.unwrap().duplicates, 0);
}

pub(crate) async fn an_id_that_looks_like_an_entry_loses_nothing(bench: Bench) {
    let queue = bench
        .open_with(QueueOptions {
            default_app_cap: -1,
            ..Default::default()
        })
        .await;
    let entry = queue.enqueue(r#"{"app":"a"}"#).await.unwrap();
    // Names the entry before, which is live under that very id: a duplicate by the rules.
    queue.enqueue(&job("a", &entry)).await.unwrap();
    let leased = lease_one(&*queue).await;
    assert_eq!(leased.lease.job_id, entry);
    assert_eq!(queue.stats().await.unwrap().duplicates, 1);
    // Names of entries to come: whoever comes first has the id, and no nameless job gives way.
    let (ms, seq) = entry.split_once('-').unwrap();
    let later: u64 = seq.parse().unwrap();
    for ahead in 1..20 {
        queue
            .enqueue(&job("squat", &format!("{ms}-{}", later + ahead)))
            .await
            .unwrap();
        queue.enqueue(r#"{"app":"b"}"#).await.unwrap();
    }
    let jobs = lease(&*queue, 99).await;
    let nameless = jobs.iter().filter(|j| j.job == r#"{"app":"b"}"#);
    assert_eq!(nameless.count(), 19);
    let dropped = usize::try_from(queue.stats().await.unwrap().duplicates).unwrap() - 1;
    assert_eq!(jobs.len(), 38 - dropped);
}

pub(crate) async fn odd_ids_and_apps_come_back_unchanged(bench: Bench) {
    let queue = bench.open().await;
    let ids = [
        "a b",
        "é漢𝄞",
        "~",
        "\u{0}",
        "{x}",
        "job:1",
        "'\"\\",
        "🦀-\u{10FFFF}\u{D7FF}",
    ];
    for id in ids {
        let text = serde_json::json!({ "app": id, "id": id }).to_string();
        queue.enqueue(&text).await.unwrap();
        let leased = lease_one(&*queue).await;
        assert_eq!(
            (leased.lease.job_id.as_str(), leased.job.as_str()),
            (id, text.as_str())
        );
        assert_eq!(
            queue
                .extend(std::slice::from_ref(&leased.lease))
                .await
                .unwrap(),
            [true]
        );
        finish(&*queue, &leased).await;
    }
}

pub(crate) async fn a_job_of_a_megabyte_passes(bench: Bench) {
    let queue = bench.open().await;
    let big = format!(r#"{{"id":"big","app":"a","x":"{}"}}"#, "x".repeat(1 << 20));
    let huge = format!(r#"{{"id":"huge","app":"a","x":"{}"}}"#, "x".repeat(3 << 20));
    for (text, named) in [(big, true), (huge, false)] {
        let entry = queue.enqueue(&text).await.unwrap();
        let leased = lease_one(&*queue).await;
        assert!(leased.job == text, "the text came back changed");
        let id = if named { "big" } else { entry.as_str() };
        assert_eq!(
            leased.lease.job_id, id,
            "a text above the limit is not decoded"
        );
    }
}

pub(crate) async fn many_are_enqueued_in_their_order(bench: Bench) {
    let queue = bench.open_with(uncapped()).await;
    let jobs: Vec<String> = (0..1_500)
        .map(|n| format!(r#"{{"app":"a","n":{n}}}"#))
        .collect();
    let entries = queue.enqueue_many(&jobs).await.unwrap();
    assert_eq!(entries.len(), jobs.len());
    let mut leased = Vec::new();
    while leased.len() < jobs.len() {
        leased.extend(lease(&*queue, 500).await);
    }
    assert!(ids(&leased) == entries, "the ids are those of the entries");
    assert!(leased.iter().map(|j| &j.job).eq(&jobs));
    assert!(queue.enqueue_many(&[]).await.unwrap().is_empty());
}
