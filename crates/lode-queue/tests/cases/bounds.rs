//! How many jobs may live, and what becomes of those beyond.

use lode_queue::{AppQuota, Leased, QueueOptions, Unrunnable};

use crate::support::{
    Bench, HOUR_MS, enqueue_jobs, finish, ids, job, job_with, lease, lease_one, tend, unrunnable,
};

pub(crate) async fn a_full_app_refuses_and_others_do_not(bench: Bench) {
    let queue = bench
        .open_with(QueueOptions {
            app_queue_max: 3,
            ..Default::default()
        })
        .await;
    let late = format!(r#""delay_ms":{HOUR_MS}"#);
    queue.enqueue(&job("a", "leased")).await.unwrap();
    let leased = lease_one(&*queue).await;
    queue
        .enqueue(&job_with("a", "delayed", &late))
        .await
        .unwrap();
    for id in ["queued", "beyond"] {
        queue.enqueue(&job("a", id)).await.unwrap();
    }
    queue.enqueue(&job("b", "other")).await.unwrap();
    let refused = unrunnable(&*queue).await;
    assert_eq!(refused.lease.job_id, "beyond");
    assert_eq!(
        (refused.attempts, refused.unrunnable.clone()),
        (0, Some(Unrunnable::AppQueueFull { max: 3 }))
    );
    finish(&*queue, &refused).await;
    assert_eq!(queue.stats().await.unwrap().refused, 1);
    // A place that is free again is taken.
    finish(&*queue, &leased).await;
    queue.enqueue(&job("a", "next")).await.unwrap();
    let mut jobs = lease(&*queue, 9).await;
    jobs.sort_by(|a, b| a.lease.job_id.cmp(&b.lease.job_id));
    assert_eq!(ids(&jobs), ["next", "other", "queued"]);
    assert!(jobs.iter().all(|j| j.unrunnable.is_none()));
}

pub(crate) async fn the_bound_of_an_app_is_its_quota(bench: Bench) {
    let queue = bench
        .open_with(QueueOptions {
            app_queue_max: 1,
            default_app_cap: -1,
            ..Default::default()
        })
        .await;
    let bound = |max| AppQuota {
        queue_max: Some(max),
        ..Default::default()
    };
    let quotas = [("a".to_owned(), bound(-1)), ("b".to_owned(), bound(2))];
    queue.set_quotas(&quotas).await.unwrap();
    for app in ["a", "b", "c"] {
        enqueue_jobs(&*queue, app, 4).await;
    }
    let mut refused: Vec<Leased> = tend(&*queue).await.unrunnable;
    refused.sort_by(|a, b| a.lease.job_id.cmp(&b.lease.job_id));
    assert_eq!(ids(&refused), ["b-2", "b-3", "c-1", "c-2", "c-3"]);
    assert_eq!(lease(&*queue, 99).await.len(), 4 + 2 + 1);
}

pub(crate) async fn a_full_queue_refuses_all(bench: Bench) {
    let queue = bench
        .open_with(QueueOptions {
            queue_max: 2,
            ..Default::default()
        })
        .await;
    for (app, id) in [("a", "one"), ("b", "two"), ("c", "three")] {
        queue.enqueue(&job(app, id)).await.unwrap();
    }
    let refused = unrunnable(&*queue).await;
    assert_eq!(refused.lease.job_id, "three");
    assert_eq!(refused.unrunnable, Some(Unrunnable::QueueFull { max: 2 }));
    // A second one of a live id is no new job.
    queue.enqueue(&job("a", "one")).await.unwrap();
    assert!(tend(&*queue).await.unrunnable.is_empty());
    let stats = queue.stats().await.unwrap();
    assert_eq!((stats.refused, stats.duplicates), (1, 1));
    // Those that wait to be told so do not count, and hold no place.
    assert_eq!(lease(&*queue, 9).await.len(), 2);
}

pub(crate) async fn jobs_that_nobody_can_read_have_no_app_bound(bench: Bench) {
    let queue = bench
        .open_with(QueueOptions {
            app_queue_max: 1,
            ..Default::default()
        })
        .await;
    for _ in 0..8 {
        queue.enqueue("{").await.unwrap();
    }
    let jobs = lease(&*queue, 9).await;
    assert_eq!(jobs.len(), 8);
    assert!(jobs.iter().all(|j| j.unrunnable.is_none()));
}

pub(crate) async fn the_refused_come_beside_those_that_run(bench: Bench) {
    let queue = bench
        .open_with(QueueOptions {
            app_queue_max: 2,
            default_app_cap: 1,
            ..Default::default()
        })
        .await;
    enqueue_jobs(&*queue, "a", 252).await;
    assert!(lease(&*queue, 0).await.is_empty(), "none were asked for");
    let (mut ran, mut refused) = (0, 0);
    while refused < 250 {
        let jobs = lease(&*queue, 1).await;
        let (no, yes): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|j| j.unrunnable.is_some());
        assert!(no.len() <= 100, "a call has its bound");
        ran += yes.len();
        refused += no.len();
    }
    assert_eq!(ran, 1, "the cap is 1, and the refused have no part in it");
    assert!(tend(&*queue).await.unrunnable.is_empty());
}
