//! Rates of apps and hooks, and pauses.

use std::time::Duration;

use lode_queue::{AppQuota, Rate};

use crate::support::{
    Bench, LONG, enqueue_jobs, ids, job, job_with, lease, lease_ids, lease_one, refs, tend,
    uncapped, unrunnable, within,
};

/// A rate that does not give back in a test what it has given.
fn hourly(jobs: u32) -> Rate {
    Rate {
        jobs,
        per: Duration::from_secs(3_600 * u64::from(jobs)),
    }
}

fn hooks(rates: &[(&str, Rate)]) -> AppQuota {
    AppQuota {
        hook_rates: rates.iter().map(|(h, r)| ((*h).to_owned(), *r)).collect(),
        ..Default::default()
    }
}

pub(crate) async fn an_app_starts_no_more_jobs_than_its_rate(bench: Bench) {
    let (one, two) = (
        bench.open_with(uncapped()).await,
        bench.open_with(uncapped()).await,
    );
    let limited = AppQuota {
        rate: Some(hourly(3)),
        ..Default::default()
    };
    one.set_quotas(&[("a".to_owned(), limited)]).await.unwrap();
    enqueue_jobs(&*one, "a", 9).await;
    enqueue_jobs(&*one, "b", 9).await;
    let mut jobs = lease(&*one, 2).await;
    jobs.extend(lease(&*two, 99).await);
    let of_a = ids(&jobs).iter().filter(|id| id.starts_with("a-")).count();
    assert_eq!((of_a, jobs.len()), (3, 3 + 9), "others go on");
    let stats = one.app_stats(Some("a"), 1).await.unwrap();
    assert!(stats[0].throttled);
    assert_eq!((stats[0].queued, stats[0].leased), (6, 3));
    assert!(!one.app_stats(Some("b"), 1).await.unwrap()[0].throttled);
    // A job that comes does not let it start one; a limit that goes does.
    one.enqueue(&job("a", "more")).await.unwrap();
    assert!(lease(&*one, 9).await.is_empty());
    one.set_quotas(&[]).await.unwrap();
    assert_eq!(lease(&*two, 99).await.len(), 7);
}

pub(crate) async fn a_wait_ends_when_the_rate_allows_the_next(bench: Bench) {
    let queue = bench.open().await;
    let slow = AppQuota {
        rate: Some(Rate {
            jobs: 1,
            per: Duration::from_millis(100),
        }),
        ..Default::default()
    };
    queue.set_quotas(&[("a".to_owned(), slow)]).await.unwrap();
    enqueue_jobs(&*queue, "a", 4).await;
    within("all come", async {
        let mut count = 0;
        while count < 4 {
            let jobs = lease(&*queue, 9).await;
            count += jobs.len();
            if jobs.is_empty() {
                queue.wait(LONG).await.unwrap();
            }
        }
    })
    .await;
}

pub(crate) async fn a_hook_at_its_rate_holds_up_no_other(bench: Bench) {
    let queue = bench.open_with(uncapped()).await;
    let quota = hooks(&[("slow", hourly(2)), ("slower", hourly(1))]);
    queue.set_quotas(&[("a".to_owned(), quota)]).await.unwrap();
    for (id, hook) in [
        ("1", "slow"),
        ("2", "slower"),
        ("3", "slow"),
        ("4", "slower"),
        ("5", "slow"),
        ("6", "free"),
    ] {
        let text = job_with("a", id, &format!(r#""hook":"{hook}""#));
        queue.enqueue(&text).await.unwrap();
    }
    queue.enqueue(&job("a", "7")).await.unwrap();
    queue
        .enqueue(&job_with("b", "8", r#""hook":"slow""#))
        .await
        .unwrap();
    let mut first = lease_ids(&*queue, 6).await;
    first.retain(|id| id != "8");
    assert_eq!(first, ["1", "2", "3", "6", "7"], "in their order");
    assert!(lease(&*queue, 9).await.is_empty());
    let free = r#""hook":"free""#;
    queue.enqueue(&job_with("a", "9", free)).await.unwrap();
    assert_eq!(lease_ids(&*queue, 1).await, ["9"]);
    queue.set_quotas(&[]).await.unwrap();
    assert_eq!(lease_ids(&*queue, 2).await, ["4", "5"]);
}

pub(crate) async fn a_hook_limited_later_is_limited(bench: Bench) {
    let queue = bench.open_with(uncapped()).await;
    for n in 0..300 {
        let text = job_with("a", &format!("s{n}"), r#""hook":"slow""#);
        queue.enqueue(&text).await.unwrap();
    }
    queue.enqueue(&job("a", "last")).await.unwrap();
    tend(&*queue).await;
    let quota = hooks(&[("slow", hourly(1))]);
    queue.set_quotas(&[("a".to_owned(), quota)]).await.unwrap();
    assert_eq!(lease_ids(&*queue, 2).await, ["s0", "last"]);
    assert!(lease(&*queue, 9).await.is_empty());
    let other = hooks(&[("fast", hourly(1))]);
    queue.set_quotas(&[("a".to_owned(), other)]).await.unwrap();
    assert_eq!(lease_ids(&*queue, 2).await, ["s1", "s2"]);
}

pub(crate) async fn what_is_released_takes_no_start_of_a_rate(bench: Bench) {
    let queue = bench.open_with(uncapped()).await;
    let quota = AppQuota {
        rate: Some(hourly(3)),
        ..hooks(&[("slow", hourly(1))])
    };
    queue.set_quotas(&[("a".to_owned(), quota)]).await.unwrap();
    for n in 0..3 {
        let text = job_with("a", &format!("s{n}"), r#""hook":"slow""#);
        queue.enqueue(&text).await.unwrap();
    }
    enqueue_jobs(&*queue, "a", 9).await;
    for _ in 0..5 {
        let jobs = lease(&*queue, 9).await;
        assert_eq!(ids(&jobs), ["s0", "a-0", "a-1"]);
        assert!(queue.app_stats(Some("a"), 1).await.unwrap()[0].throttled);
        assert_eq!(queue.release(&refs(&jobs)).await.unwrap(), 3);
    }
    // It gives back what was taken and no more.
    assert_eq!(lease(&*queue, 9).await.len(), 3);
    assert!(lease(&*queue, 9).await.is_empty());
}

pub(crate) async fn a_paused_app_starts_none(bench: Bench) {
    let queue = bench.open().await;
    assert!(queue.pause(Some("a")).await.unwrap());
    assert!(!queue.pause(Some("a")).await.unwrap(), "it was so");
    for (app, id) in [("a", "held"), ("a", "dropped"), ("b", "free")] {
        queue.enqueue(&job(app, id)).await.unwrap();
    }
    assert_eq!(ids(&lease(&*queue, 9).await), ["free"]);
    assert_eq!(queue.stats().await.unwrap().queued, 2, "they are admitted");
    let stats = queue.app_stats(Some("a"), 1).await.unwrap();
    assert!(stats[0].paused);
    // What only waits to be settled does not wait for this.
    queue.cancel("dropped", None).await.unwrap();
    assert_eq!(unrunnable(&*queue).await.lease.job_id, "dropped");
    assert!(queue.resume(Some("a")).await.unwrap());
    assert!(!queue.resume(Some("a")).await.unwrap());
    queue.wait(LONG).await.unwrap();
    assert_eq!(lease_ids(&*queue, 1).await, ["held"]);
}

pub(crate) async fn a_paused_queue_starts_none(bench: Bench) {
    let (queue, other) = (bench.open().await, bench.open().await);
    assert!(queue.pause(Some("b")).await.unwrap());
    assert!(queue.pause(None).await.unwrap());
    assert!(!other.pause(None).await.unwrap());
    for (app, id) in [("a", "held"), ("a", "dropped"), ("b", "paused")] {
        queue.enqueue(&job(app, id)).await.unwrap();
    }
    assert!(lease(&*other, 9).await.is_empty());
    let stats = queue.stats().await.unwrap();
    assert!(stats.paused);
    assert_eq!(stats.queued, 3);
    queue.cancel("dropped", None).await.unwrap();
    assert_eq!(unrunnable(&*other).await.lease.job_id, "dropped");
    let waiting = async {
        other.wait(LONG).await.unwrap();
        lease_one(&*other).await
    };
    let resuming = async { queue.resume(None).await.unwrap() };
    let both = async { tokio::join!(waiting, resuming) };
    let (leased, resumed) = within("the wait ends", both).await;
    assert!(resumed);
    assert_eq!(leased.lease.job_id, "held");
    assert!(lease(&*queue, 9).await.is_empty(), "b is still paused");
    assert!(!queue.resume(None).await.unwrap());
}
