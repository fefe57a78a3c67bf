//! Which job comes next: priority, arrival, fairness between apps, caps.

use std::time::Duration;

use lode_queue::{Queue, QueueOptions};

use crate::support::{Bench, job, lease_ids, lease_one, outcome, refs};

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
    enqueue_many(&*queue, "flood", 2_000).await;
    let mut flood = 0;
    while flood < 300 {
        flood += queue.lease("w", 10).await.unwrap().len();
    }
    queue.enqueue(&job("late", "late-1")).await.unwrap();
    // Redis admits 200 entries a call; on SQLite the job is in line at once.
    let mut before = 0;
    loop {
        let jobs = queue.lease("w", 4).await.unwrap();
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
        enqueue_many(&*queue, app, 20).await;
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
        assert!(queue.settle(&leased.lease, outcome("1")).await.unwrap());
    }
    assert!(
        (9..=11).contains(&served),
        "{served} of 40, and a quarter is fair"
    );
}

pub(crate) async fn caps_hold_across_handles(bench: Bench) {
    let (one, two) = (bench.open().await, bench.open().await);
    enqueue_many(&*one, "a", 20).await;
    let mut jobs = one.lease("w1", 3).await.unwrap();
    jobs.extend(two.lease("w2", 9).await.unwrap());
    assert_eq!(jobs.len(), 5, "Kinvey's cap is the default");
    assert!(one.lease("w1", 9).await.unwrap().is_empty());
    assert!(one.settle(&jobs[4].lease, outcome("1")).await.unwrap());
    assert_eq!(two.release(&refs(&jobs[..2])).await.unwrap(), 2);
    assert_eq!(two.lease("w2", 9).await.unwrap().len(), 3);
    assert!(two.lease("w2", 9).await.unwrap().is_empty());
}

pub(crate) async fn set_caps_lifts_and_pauses(bench: Bench) {
    let queue = bench.open().await;
    enqueue_many(&*queue, "a", 30).await;
    enqueue_many(&*queue, "b", 3).await;
    queue
        .set_caps(&[("a".to_owned(), 7), ("b".to_owned(), 0)])
        .await
        .unwrap();
    assert_eq!(queue.lease("w", 99).await.unwrap().len(), 7, "b is paused");
    queue.set_caps(&[("a".to_owned(), -1)]).await.unwrap();
    queue.wait(Duration::from_secs(60)).await.unwrap();
    assert_eq!(queue.lease("w", 99).await.unwrap().len(), 23 + 3);
}

pub(crate) async fn a_changed_default_cap_takes_effect(bench: Bench) {
    let paused = bench
        .open_with(QueueOptions {
            default_app_cap: 0,
            ..Default::default()
        })
        .await;
    enqueue_many(&*paused, "a", 9).await;
    assert!(paused.lease("w", 9).await.unwrap().is_empty());
    let lifted = bench
        .open_with(QueueOptions {
            default_app_cap: 7,
            ..Default::default()
        })
        .await;
    assert_eq!(lifted.lease("w", 9).await.unwrap().len(), 7);
    let lowered = bench
        .open_with(QueueOptions {
            default_app_cap: 2,
            ..Default::default()
        })
        .await;
    assert!(lowered.lease("w", 9).await.unwrap().is_empty());
}

fn uncapped() -> QueueOptions {
    QueueOptions {
        default_app_cap: -1,
        ..Default::default()
    }
}

async fn enqueue_many(queue: &dyn Queue, app: &str, count: usize) {
    for n in 0..count {
        queue
            .enqueue(&job(app, &format!("{app}-{n}")))
            .await
            .unwrap();
    }
}
