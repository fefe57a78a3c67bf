//! How jobs end: outcomes, the dead list, numbers, and many workers at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lode_queue::{Progress, Queue, Settle};

use crate::support::{
    Bench, LONG, finish, job, lease, lease_one, next_reply, outcome, reply, uncapped, within,
};

pub(crate) async fn a_job_settles_once(bench: Bench) {
    let queue = bench.open().await;
    let list = queue.reply_list("me");
    queue.enqueue(&job("a", "j")).await.unwrap();
    let leased = lease_one(&*queue).await;
    assert!(
        queue
            .settle(&leased.lease, reply("1", &list))
            .await
            .unwrap()
    );
    assert!(
        !queue
            .settle(&leased.lease, reply("2", &list))
            .await
            .unwrap()
    );
    assert_eq!(next_reply(&*queue, &list).await.as_deref(), Some("1"));
    assert_eq!(next_reply(&*queue, &list).await, None);
    assert_eq!(queue.stats().await.unwrap().settled, 1);
}

pub(crate) async fn replies_come_in_order_and_once(bench: Bench) {
    let queue = bench.open().await;
    // Any name will do, but on a cluster it must be in the queue's slot.
    let list = format!("any {{{}}} list", bench.name);
    for n in 0..5 {
        queue.enqueue(&job("a", &format!("j{n}"))).await.unwrap();
    }
    for leased in lease(&*queue, 5).await {
        let text = leased.lease.job_id.clone();
        assert!(
            queue
                .settle(&leased.lease, reply(&text, &list))
                .await
                .unwrap()
        );
    }
    for n in 0..5 {
        assert_eq!(next_reply(&*queue, &list).await, Some(format!("j{n}")));
    }
    assert_eq!(next_reply(&*queue, &list).await, None);
}

pub(crate) async fn a_reader_that_waits_gets_the_outcome(bench: Bench) {
    let (caller, worker) = (bench.open().await, bench.open().await);
    let list = caller.reply_list("me");
    let calling = async {
        caller.enqueue(&job("a", "j")).await.unwrap();
        caller.await_reply(&list, LONG).await.unwrap()
    };
    let working = async {
        let leased = lease_one(&*worker).await;
        worker
            .settle(&leased.lease, reply("done", &list))
            .await
            .unwrap()
    };
    let both = async { tokio::join!(calling, working) };
    assert_eq!(
        within("the outcome comes", both).await,
        (Some("done".to_owned()), true)
    );
}

pub(crate) async fn dead_jobs_are_kept_with_their_reason(bench: Bench) {
    let queue = bench.open().await;
    for id in ["one", "two", "three"] {
        queue.enqueue(&job("a", id)).await.unwrap();
        let leased = lease_one(&*queue).await;
        let dead = Some(format!("because of {id}"));
        let settle = Settle {
            outcome: format!("[{id}]"),
            dead,
            ..Default::default()
        };
        assert!(queue.settle(&leased.lease, settle).await.unwrap());
    }
    let dead = queue.dead(None, 2).await.unwrap();
    assert_eq!(dead.len(), 2);
    assert_eq!(
        (dead[0].id.as_str(), dead[1].id.as_str()),
        ("three", "two"),
        "newest first"
    );
    assert_eq!(dead[0].job, job("a", "three"));
    assert_eq!(dead[0].reason, "because of three");
    assert_eq!(dead[0].outcome, "[three]");
    assert!(dead[0].at_ms > 1_600_000_000_000);
    assert_eq!(queue.stats().await.unwrap().dead, 3);
}

pub(crate) async fn a_reply_to_of_the_queues_own_does_not_fail_the_settle(bench: Bench) {
    let queue = bench.open().await;
    let (meta, long) = (bench.key("about"), "x".repeat(513));
    let lists = [meta.as_str(), "", &long, "taskKey:a", "success:normal"];
    for (n, list) in lists.into_iter().enumerate() {
        queue.enqueue(&job("a", &format!("j{n}"))).await.unwrap();
        let leased = lease_one(&*queue).await;
        assert!(
            queue
                .settle(&leased.lease, reply("lost?", list))
                .await
                .unwrap()
        );
        let dead = queue.dead(None, 1).await.unwrap().remove(0);
        assert_eq!(dead.outcome, "lost?");
        assert!(
            dead.reason.starts_with("outcome not delivered to "),
            "{}",
            dead.reason
        );
        assert!(dead.reason.contains("allowed are"), "{}", dead.reason);
        let stats = queue.stats().await.unwrap();
        assert_eq!(
            (stats.undelivered, stats.settled),
            (n as u64 + 1, n as u64 + 1)
        );
    }
}

pub(crate) async fn stats_follow_the_jobs(bench: Bench) {
    let queue = bench.open().await;
    assert_eq!(queue.stats().await.unwrap(), Default::default());
    for n in 0..4 {
        queue.enqueue(&job("a", &format!("j{n}"))).await.unwrap();
    }
    let before = queue.stats().await.unwrap();
    assert_eq!(before.inbox + before.queued, 4);
    let jobs = lease(&*queue, 2).await;
    let during = queue.stats().await.unwrap();
    assert_eq!((during.inbox, during.queued, during.leased), (0, 2, 2));
    for leased in &jobs {
        finish(&*queue, leased).await;
    }
    let after = queue.stats().await.unwrap();
    assert_eq!(
        (after.queued, after.leased, after.settled, after.dead),
        (2, 0, 2, 0)
    );
}

pub(crate) async fn four_workers_settle_each_job_exactly_once(bench: Bench) {
    const JOBS: usize = 2_000;
    let producer = bench.open_with(uncapped()).await;
    let settled = Arc::new(AtomicUsize::new(0));
    let mut workers = tokio::task::JoinSet::new();
    for n in 0..4 {
        let queue = bench.open_with(uncapped()).await;
        workers.spawn(work(queue, format!("w{n}"), Arc::clone(&settled), JOBS));
    }
    for n in 0..JOBS {
        producer
            .enqueue(&job(&format!("app{}", n % 7), &format!("j{n}")))
            .await
            .unwrap();
    }
    let mut times: HashMap<String, usize> = HashMap::new();
    while let Some(ids) = within("the workers end", workers.join_next()).await {
        for id in ids.unwrap() {
            *times.entry(id).or_default() += 1;
        }
    }
    assert_eq!(times.len(), JOBS);
    assert!(times.values().all(|count| *count == 1));
    let stats = producer.stats().await.unwrap();
    assert_eq!(
        (stats.settled, stats.queued, stats.leased),
        (JOBS as u64, 0, 0)
    );
}

async fn work(
    queue: Arc<dyn Queue>,
    name: String,
    settled: Arc<AtomicUsize>,
    jobs: usize,
) -> Vec<String> {
    let mut ids = Vec::new();
    while settled.load(Ordering::Relaxed) < jobs {
        for leased in queue.lease(&name, 8, &[]).await.unwrap() {
            assert_eq!((leased.attempts, &leased.unrunnable), (1, &None));
            finish(&*queue, &leased).await;
            settled.fetch_add(1, Ordering::Relaxed);
            ids.push(leased.lease.job_id);
        }
        queue.wait(Duration::from_millis(50)).await.unwrap();
    }
    ids
}

pub(crate) async fn ping_names_the_server(bench: Bench) {
    let queue = bench.open().await;
    let text = queue.ping().await.unwrap();
    let known = ["Redis ", "Valkey ", "SQLite 3."]
        .iter()
        .any(|name| text.starts_with(name));
    assert!(known && text.contains(" at "), "{text}");
    assert_eq!(queue.name(), bench.name);
    assert_eq!(queue.reply_list("me"), bench.key("reply:me"));
}

pub(crate) async fn the_result_of_a_job_that_named_its_id_is_kept(bench: Bench) {
    let queue = bench.open().await;
    queue.enqueue(&job("a", "j")).await.unwrap();
    let nameless = queue.enqueue(r#"{"app":"a"}"#).await.unwrap();
    assert_eq!(queue.result("a", "j").await.unwrap(), None);
    for leased in lease(&*queue, 2).await {
        let text = leased.lease.job_id.clone();
        assert!(queue.settle(&leased.lease, outcome(&text)).await.unwrap());
    }
    assert_eq!(queue.result("a", "j").await.unwrap().as_deref(), Some("j"));
    assert_eq!(queue.result("b", "j").await.unwrap(), None, "not its app");
    assert_eq!(queue.result("a", &nameless).await.unwrap(), None);
}

pub(crate) async fn progress_is_shown_and_pushed(bench: Bench) {
    let queue = bench.open().await;
    let list = queue.reply_list("me");
    queue.enqueue(&job("a", "j")).await.unwrap();
    let leased = lease_one(&*queue).await;
    for (value, to) in [("1", &list), ("[2]", &bench.key("about"))] {
        let progress = Progress {
            value: value.to_owned(),
            push: Some((to.clone(), format!("pushed {value}"))),
            task_reply: None,
        };
        assert!(queue.progress(&leased.lease, progress).await.unwrap());
        let view = queue.inspect("j").await.unwrap().unwrap();
        assert_eq!(view.progress.as_deref(), Some(value));
    }
    let pushed = next_reply(&*queue, &list).await;
    assert_eq!(pushed.as_deref(), Some("pushed 1"));
    assert_eq!(next_reply(&*queue, &list).await, None);
    finish(&*queue, &leased).await;
    let late = Progress {
        value: "3".to_owned(),
        push: Some((list.clone(), "late".to_owned())),
        task_reply: None,
    };
    assert!(!queue.progress(&leased.lease, late).await.unwrap());
    assert_eq!(next_reply(&*queue, &list).await, None);
}
