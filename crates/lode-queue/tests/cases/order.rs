//! Which job comes next: priority, arrival, fairness between apps, caps.

use lode_queue::{AppQuota, QueueOptions};

use crate::support::{
    Bench, LONG, enqueue_jobs, finish, ids, job, lease, lease_ids, lease_one, refs, uncapped,
};

pub(crate) async fn jobs_of_one_app_come_by_priority_then_arrival(bench: Bench) {
    let queue = bench.open_with(uncapped()).await;
    for (id, priority) in [
        ("n1", "0"),
        ("low", "-1000"),
        ("n2", "0"),
        ("h1", "7"),
        ("top", "1e9"),
        ("h2", "7.9"),
    ] {
        let text = format!(r#"{{"app":"a","id":"{id}","priority":{priority}}}"#);
        queue.enqueue(&text).await.unwrap();
    }
    assert_eq!(
        lease_ids(&*queue, 6).await,
        ["top", "h1", "h2", "n1", "n2", "low"]
    );
}

pub(crate) async fn a_flooding_app_does_not_hold_up_another(bench: Bench) {
    let queue = bench.open_with(uncapped()).await;
    enqueue_jobs(&*queue, "flood", 2_000).await;
    let mut flood = 0;
    while flood < 300 {
        flood += lease(&*queue, 10).await.len();
    }
    queue.enqueue(&job("late", "late-1")).await.unwrap();
    // Redis admits 200 entries a call; on SQLite the job is in line at once.
    let mut before = 0;
    loop {
        let jobs = lease(&*queue, 4).await;
        if jobs.iter().any(|j| j.lease.job_id == "late-1") {
            break;
        }
        before += jobs.len();
        assert!(before <= 40, "{before} jobs of the flood came first");
    }
}

pub(crate) async fn an_app_that_comes_one_by_one_does_not_overtake_all(bench: Bench) {
    let queue = bench.open_with(uncapped()).await;
    for app in ["b", "c", "d"] {
        enqueue_jobs(&*queue, app, 20).await;
    }
    // "a" sorts before the others, and is served again and again as soon as it is empty.
    let mut served = 0;
    for turn in 0..40 {
        queue
            .enqueue(&job("a", &format!("a-{turn}")))
            .await
            .unwrap();
        let leased = lease_one(&*queue).await;
        served += usize::from(leased.lease.job_id.starts_with("a-"));
        finish(&*queue, &leased).await;
    }
    assert!(
        (9..=11).contains(&served),
        "{served} of 40, and a quarter is fair"
    );
}

pub(crate) async fn caps_hold_across_handles(bench: Bench) {
    let (one, two) = (bench.open().await, bench.open().await);
    enqueue_jobs(&*one, "a", 20).await;
    let mut jobs = lease(&*one, 3).await;
    jobs.extend(lease(&*two, 9).await);
    assert_eq!(jobs.len(), 5, "Kinvey's cap is the default");
    assert!(lease(&*one, 9).await.is_empty());
    finish(&*one, &jobs[4]).await;
    assert_eq!(two.release(&refs(&jobs[..2])).await.unwrap(), 2);
    assert_eq!(lease(&*two, 9).await.len(), 3);
    assert!(lease(&*two, 9).await.is_empty());
}

pub(crate) async fn quotas_lift_and_lower_caps(bench: Bench) {
    let queue = bench.open().await;
    enqueue_jobs(&*queue, "a", 30).await;
    enqueue_jobs(&*queue, "b", 3).await;
    let quotas = [("a".to_owned(), cap(7)), ("b".to_owned(), cap(0))];
    queue.set_quotas(&quotas).await.unwrap();
    assert_eq!(lease(&*queue, 99).await.len(), 7, "b may start none");
    queue
        .set_quotas(&[("a".to_owned(), cap(-1))])
        .await
        .unwrap();
    queue.wait(LONG).await.unwrap();
    assert_eq!(lease(&*queue, 99).await.len(), 23 + 3);
}

pub(crate) async fn apps_share_by_weight(bench: Bench) {
    let queue = bench.open_with(uncapped()).await;
    let weight = |weight| AppQuota {
        weight: Some(weight),
        ..Default::default()
    };
    let quotas = [("a".to_owned(), weight(3)), ("b".to_owned(), weight(1))];
    queue.set_quotas(&quotas).await.unwrap();
    for app in ["b", "a"] {
        enqueue_jobs(&*queue, app, 60).await;
    }
    let first = lease_ids(&*queue, 40).await;
    let of_a = first.iter().filter(|id| id.starts_with("a-")).count();
    assert!((29..=31).contains(&of_a), "{of_a} of 40, and 30 is fair");
}

pub(crate) async fn an_app_that_is_passed_over_keeps_its_place(bench: Bench) {
    let queue = bench.open_with(uncapped()).await;
    for app in ["a", "b"] {
        enqueue_jobs(&*queue, app, 3).await;
    }
    let passing = ["a".to_owned()];
    let jobs = queue.lease("w", 2, &passing).await.unwrap();
    assert_eq!(ids(&jobs), ["b-0", "b-1"]);
    let both = ["a".to_owned(), "b".to_owned()];
    assert!(queue.lease("w", 9, &both).await.unwrap().is_empty());
    assert_eq!(lease_ids(&*queue, 3).await, ["a-0", "a-1", "a-2"]);
    assert_eq!(lease_ids(&*queue, 1).await, ["b-2"]);
}

pub(crate) async fn a_changed_default_cap_takes_effect(bench: Bench) {
    let paused = bench
        .open_with(QueueOptions {
            default_app_cap: 0,
            ..Default::default()
        })
        .await;
    enqueue_jobs(&*paused, "a", 9).await;
    assert!(lease(&*paused, 9).await.is_empty());
    let lifted = bench
        .open_with(QueueOptions {
            default_app_cap: 7,
            ..Default::default()
        })
        .await;
    assert_eq!(lease(&*lifted, 9).await.len(), 7);
    let lowered = bench
        .open_with(QueueOptions {
            default_app_cap: 2,
            ..Default::default()
        })
        .await;
    assert!(lease(&*lowered, 9).await.is_empty());
}

fn cap(max: i64) -> AppQuota {
    AppQuota {
        max_concurrent: Some(max),
        ..Default::default()
    }
}
