//! Leases: expiry, fencing, the ways back, waiting.

use std::time::Duration;

use lode_queue::{AppQuota, QueueOptions, Unrunnable};

use crate::support::{
    Bench, LONG, finish, idempotent, ids, job, lease, lease_one, next_reply, outcome, refs, reply,
    within,
};

pub(crate) async fn an_expired_job_is_handed_over_as_lost(bench: Bench) {
    let queue = bench.open_hasty().await;
    queue.enqueue(&job("a", "j")).await.unwrap();
    let first = lease_one(&*queue).await;
    assert_eq!((first.attempts, first.unrunnable), (1, None));
    let second = lease_one(&*queue).await;
    assert_eq!(
        (second.attempts, second.unrunnable),
        (1, Some(Unrunnable::WorkerLost))
    );
    assert_eq!(second.job, first.job);
    assert_ne!(second.lease.token, first.lease.token);
    let third = lease_one(&*queue).await;
    assert_eq!(
        third.unrunnable,
        Some(Unrunnable::WorkerLost),
        "whoever was to settle it was lost, too"
    );
    finish(&*queue, &third).await;
    assert_eq!(queue.stats().await.unwrap().leased, 0);
}

pub(crate) async fn an_expired_idempotent_job_runs_again_and_not_for_ever(bench: Bench) {
    let queue = bench
        .open_with(QueueOptions {
            lease: Duration::from_millis(50),
            poison_losses: 9,
            ..Default::default()
        })
        .await;
    queue.enqueue(&idempotent("a", "j")).await.unwrap();
    for attempt in 1..=3 {
        let leased = lease_one(&*queue).await;
        assert_eq!((leased.attempts, leased.unrunnable), (attempt, None));
    }
    let given_up = lease_one(&*queue).await;
    assert_eq!(given_up.unrunnable, Some(Unrunnable::TooManyAttempts));
    finish(&*queue, &given_up).await;
    assert_eq!(queue.stats().await.unwrap().reclaimed, 3);
}

pub(crate) async fn a_stale_worker_is_fenced_off(bench: Bench) {
    let queue = bench.open_hasty().await;
    let list = queue.reply_list("caller");
    queue.enqueue(&idempotent("a", "j")).await.unwrap();
    let stale = lease_one(&*queue).await;
    let fresh = lease_one(&*queue).await;
    assert_eq!(
        queue
            .extend(&refs(&[stale.clone(), fresh.clone()]))
            .await
            .unwrap(),
        [false, true]
    );
    assert!(
        !queue
            .settle(&stale.lease, reply("stale", &list))
            .await
            .unwrap()
    );
    assert!(!queue.retry(&stale.lease, Duration::ZERO).await.unwrap());
    assert_eq!(queue.release(&refs(&[stale])).await.unwrap(), 0);
    assert!(
        queue
            .settle(&fresh.lease, reply("fresh", &list))
            .await
            .unwrap()
    );
    assert_eq!(next_reply(&*queue, &list).await.as_deref(), Some("fresh"));
    assert_eq!(next_reply(&*queue, &list).await, None);
}

pub(crate) async fn extending_keeps_a_lease(bench: Bench) {
    let hasty = bench.open_hasty().await;
    let patient = bench
        .open_with(QueueOptions {
            lease: LONG,
            ..Default::default()
        })
        .await;
    hasty.enqueue(&job("a", "kept")).await.unwrap();
    hasty.enqueue(&job("b", "lost")).await.unwrap();
    let jobs = lease(&*hasty, 2).await;
    let kept: Vec<_> = jobs
        .iter()
        .filter(|j| j.lease.job_id == "kept")
        .cloned()
        .collect();
    assert_eq!(patient.extend(&refs(&kept)).await.unwrap(), [true]);
    // When the one has expired, so would the other have.
    assert_eq!(lease_one(&*patient).await.lease.job_id, "lost");
    assert!(patient.settle(&kept[0].lease, outcome("1")).await.unwrap());
}

pub(crate) async fn release_keeps_the_place_and_does_not_count(bench: Bench) {
    let queue = bench.open().await;
    for id in ["one", "two", "three"] {
        queue.enqueue(&job("a", id)).await.unwrap();
    }
    for _ in 0..5 {
        let jobs = lease(&*queue, 2).await;
        assert_eq!(ids(&jobs), ["one", "two"]);
        assert!(
            jobs.iter()
                .all(|j| j.attempts == 1 && j.unrunnable.is_none())
        );
        assert_eq!(queue.release(&refs(&jobs)).await.unwrap(), 2);
        assert_eq!(
            queue.release(&refs(&jobs)).await.unwrap(),
            0,
            "once is enough"
        );
    }
    assert_eq!(queue.stats().await.unwrap().queued, 3);
}

pub(crate) async fn a_released_lost_job_stays_lost(bench: Bench) {
    let queue = bench.open_hasty().await;
    queue.enqueue(&job("a", "j")).await.unwrap();
    lease_one(&*queue).await;
    for hand_back in 0..4 {
        let lost = lease_one(&*queue).await;
        let why = lost.unrunnable.clone();
        assert_eq!((lost.attempts, why), (1, Some(Unrunnable::WorkerLost)));
        if hand_back % 2 == 0 {
            queue.release(&refs(&[lost])).await.unwrap();
        } else {
            queue.retry(&lost.lease, Duration::ZERO).await.unwrap();
        }
    }
}

pub(crate) async fn retry_counts_the_attempt(bench: Bench) {
    let queue = bench.open().await;
    queue.enqueue(&idempotent("a", "j")).await.unwrap();
    queue.enqueue(&job("a", "later")).await.unwrap();
    for attempt in 1..=3 {
        let leased = lease_one(&*queue).await;
        assert_eq!(leased.lease.job_id, "j", "it keeps its place");
        assert_eq!((leased.attempts, leased.unrunnable), (attempt, None));
        assert!(queue.retry(&leased.lease, Duration::ZERO).await.unwrap());
        assert!(
            !queue.retry(&leased.lease, Duration::ZERO).await.unwrap(),
            "once is enough"
        );
    }
    let jobs = lease(&*queue, 2).await;
    let given_up = jobs.iter().find(|j| j.lease.job_id == "j").unwrap();
    assert_eq!(given_up.unrunnable, Some(Unrunnable::TooManyAttempts));
    finish(&*queue, given_up).await;
}

pub(crate) async fn wait_returns_when_another_handle_frees_a_place(bench: Bench) {
    // Not even an expiry may end the wait.
    let options = QueueOptions {
        lease: LONG,
        ..Default::default()
    };
    let (one, two) = (
        bench.open_with(options.clone()).await,
        bench.open_with(options).await,
    );
    let single = AppQuota {
        max_concurrent: Some(1),
        ..Default::default()
    };
    one.set_quotas(&[("a".to_owned(), single)]).await.unwrap();
    one.enqueue(&job("a", "first")).await.unwrap();
    one.enqueue(&job("a", "second")).await.unwrap();
    let first = lease_one(&*one).await;
    assert!(lease(&*two, 1).await.is_empty());
    let waiting = async {
        two.wait(LONG).await.unwrap();
        lease(&*two, 1).await
    };
    let settling = async { one.settle(&first.lease, outcome("1")).await.unwrap() };
    let (jobs, settled) = within("the wait ends", async { tokio::join!(waiting, settling) }).await;
    assert!(settled);
    assert_eq!(jobs[0].lease.job_id, "second");
}

pub(crate) async fn wait_returns_when_another_handle_leaves_jobs(bench: Bench) {
    let (one, two) = (bench.open().await, bench.open().await);
    assert!(lease(&*two, 1).await.is_empty());
    one.enqueue(&job("a", "first")).await.unwrap();
    one.enqueue(&job("a", "second")).await.unwrap();
    // Takes both out of the inbox, and leaves one waiting.
    assert_eq!(lease(&*one, 1).await.len(), 1);
    within("the wait ends", two.wait(LONG)).await.unwrap();
    assert_eq!(lease(&*two, 1).await[0].lease.job_id, "second");
}
