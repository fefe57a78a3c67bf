//! Cancelling a job wherever it stands.

use std::time::Duration;

use lode_queue::{Cancelled, Queue, Unrunnable};

use crate::support::{
    Bench, HOUR_MS, finish, idempotent, job, job_with, lease, lease_one, next_reply, refs, reply,
    tend, unrunnable,
};

pub(crate) async fn a_job_that_waits_is_cancelled_at_once(bench: Bench) {
    let queue = bench.open().await;
    let late = format!(r#""delay_ms":{HOUR_MS}"#);
    queue.enqueue(&job("a", "queued")).await.unwrap();
    queue
        .enqueue(&job_with("a", "delayed", &late))
        .await
        .unwrap();
    for (id, count) in [("queued", 1), ("delayed", 2)] {
        assert_eq!(cancel(&*queue, id).await, Cancelled::Queued);
        assert_eq!(cancel(&*queue, id).await, Cancelled::NotFound);
        let cancelled = unrunnable(&*queue).await;
        assert_eq!(cancelled.lease.job_id, id);
        assert_eq!(
            (cancelled.attempts, cancelled.unrunnable.clone()),
            (0, Some(Unrunnable::Cancelled))
        );
        finish(&*queue, &cancelled).await;
        let stats = queue.stats().await.unwrap();
        assert_eq!((stats.cancelled, stats.settled), (count, count));
    }
    assert!(lease(&*queue, 9).await.is_empty());
}

pub(crate) async fn a_running_job_is_cancelled_through_its_worker(bench: Bench) {
    let (one, two) = (bench.open().await, bench.open().await);
    one.enqueue(&job("a", "j")).await.unwrap();
    let running = lease_one(&*one).await;
    assert_eq!(cancel(&*two, "j").await, Cancelled::Running);
    assert_eq!(cancel(&*two, "j").await, Cancelled::Running);
    assert!(tend(&*two).await.cancelled.is_empty(), "not its job");
    for _ in 0..2 {
        let cancelled = tend(&*one).await.cancelled;
        assert_eq!(cancelled, std::slice::from_ref(&running.lease));
    }
    // An outcome that was quicker is the outcome.
    let list = one.reply_list("me");
    let settle = reply("done", &list);
    assert!(one.settle(&running.lease, settle).await.unwrap());
    assert_eq!(next_reply(&*one, &list).await.as_deref(), Some("done"));
    assert!(tend(&*one).await.cancelled.is_empty());
    assert_eq!(cancel(&*two, "j").await, Cancelled::NotFound);
}

pub(crate) async fn a_cancelled_job_that_comes_back_does_not_run(bench: Bench) {
    let queue = bench.open().await;
    for (id, released) in [("released", true), ("retried", false)] {
        queue.enqueue(&idempotent("a", id)).await.unwrap();
        let running = lease_one(&*queue).await;
        assert_eq!(cancel(&*queue, id).await, Cancelled::Running);
        if released {
            let refs = refs(std::slice::from_ref(&running));
            assert_eq!(queue.release(&refs).await.unwrap(), 1);
        } else {
            let later = Duration::from_millis(HOUR_MS);
            assert!(queue.retry(&running.lease, later).await.unwrap());
        }
        let cancelled = unrunnable(&*queue).await;
        assert_eq!(cancelled.lease.job_id, id);
        assert_eq!(cancelled.unrunnable, Some(Unrunnable::Cancelled));
        finish(&*queue, &cancelled).await;
    }
}

pub(crate) async fn a_cancelled_job_whose_lease_expires_does_not_run(bench: Bench) {
    let queue = bench.open_hasty().await;
    queue.enqueue(&idempotent("a", "j")).await.unwrap();
    lease_one(&*queue).await;
    assert_eq!(cancel(&*queue, "j").await, Cancelled::Running);
    let cancelled = unrunnable(&*queue).await;
    assert_eq!(cancelled.unrunnable, Some(Unrunnable::Cancelled));
}

pub(crate) async fn an_app_cancels_its_own_jobs_only(bench: Bench) {
    let queue = bench.open().await;
    queue.enqueue(&job("a", "j")).await.unwrap();
    for app in ["b", ""] {
        let cancelled = queue.cancel("j", Some(app)).await.unwrap();
        assert_eq!(cancelled, Cancelled::NotFound, "{app}");
    }
    queue.enqueue(&job("b", "j")).await.unwrap();
    let cancelled = queue.cancel("j", Some("b")).await.unwrap();
    assert_eq!(cancelled, Cancelled::Queued);
    let told = unrunnable(&*queue).await;
    assert_eq!(told.job, job("b", "j"));
    assert_eq!(lease_one(&*queue).await.job, job("a", "j"));
}

async fn cancel(queue: &dyn Queue, id: &str) -> Cancelled {
    queue.cancel(id, None).await.unwrap()
}
