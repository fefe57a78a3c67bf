//! Jobs whose time has not come, and jobs whose time is over.

use std::time::Duration;

use lode_queue::{AppQuota, JobState, Unrunnable};

use crate::support::{
    Bench, HOUR_MS, LONG, finish, idempotent, job_with, lease, lease_ids, lease_one, pause, refs,
    tend, unrunnable, within,
};

pub(crate) async fn a_delayed_job_waits_for_its_time(bench: Bench) {
    let queue = bench.open().await;
    let now = tend(&*queue).await.now_ms;
    assert!(now > 1_600_000_000_000);
    let at = now + HOUR_MS;
    let hour = job_with("a", "by delay", &format!(r#""delay_ms":{HOUR_MS}"#));
    let date = job_with("a", "by date", &format!(r#""run_at_ms":{at}"#));
    for text in [&hour, &date] {
        queue.enqueue(text).await.unwrap();
    }
    assert!(lease(&*queue, 9).await.is_empty());
    let stats = queue.stats().await.unwrap();
    assert_eq!((stats.delayed, stats.queued), (2, 0));
    for id in ["by delay", "by date"] {
        let view = queue.inspect(id).await.unwrap().unwrap();
        assert_eq!(view.state, JobState::Delayed);
        let due = view.due_in_ms.unwrap();
        assert!((HOUR_MS - 600_000..=HOUR_MS).contains(&due), "{due}");
    }
}

pub(crate) async fn a_wait_ends_when_a_delayed_job_is_due(bench: Bench) {
    let queue = bench.open().await;
    let text = job_with("a", "j", r#""delay_ms":300"#);
    queue.enqueue(&text).await.unwrap();
    let leased = within("the job comes", async {
        loop {
            if let Some(leased) = lease(&*queue, 1).await.pop() {
                return leased;
            }
            queue.wait(LONG).await.unwrap();
        }
    })
    .await;
    assert_eq!((leased.job, leased.attempts), (text, 1));
    assert!(leased.queued_us >= 299_000, "{}", leased.queued_us);
    assert_eq!(queue.stats().await.unwrap().delayed, 0);
}

pub(crate) async fn a_time_that_makes_no_sense_is_no_delay(bench: Bench) {
    let queue = bench.open().await;
    let both = format!(r#""delay_ms":{HOUR_MS},"run_at_ms":4000000000000"#);
    let odd = [
        r#""delay_ms":31536000001"#,
        r#""delay_ms":"5""#,
        r#""delay_ms":-1"#,
        r#""delay_ms":1.5"#,
        r#""run_at_ms":1"#,
        r#""run_at_ms":4102444800001"#,
        &both,
    ];
    for (n, fields) in odd.into_iter().enumerate() {
        let text = job_with("a", &format!("j{n}"), fields);
        queue.enqueue(&text).await.unwrap();
        let leased = lease_one(&*queue).await;
        assert_eq!(
            (leased.job.as_str(), leased.unrunnable.as_ref()),
            (text.as_str(), None)
        );
        finish(&*queue, &leased).await;
    }
}

pub(crate) async fn a_job_that_is_due_has_its_old_place(bench: Bench) {
    let queue = bench.open().await;
    for (id, fields) in [
        ("late", r#""delay_ms":100"#),
        ("first", r#""priority":0"#),
        ("late top", r#""delay_ms":100,"priority":1"#),
    ] {
        queue.enqueue(&job_with("a", id, fields)).await.unwrap();
    }
    within("they are due", async {
        while queue.stats().await.unwrap().queued < 3 {
            tend(&*queue).await;
        }
    })
    .await;
    assert_eq!(lease_ids(&*queue, 3).await, ["late top", "late", "first"]);
}

pub(crate) async fn retry_waits_for_its_delay(bench: Bench) {
    let queue = bench.open().await;
    queue.enqueue(&idempotent("a", "j")).await.unwrap();
    let first = lease_one(&*queue).await;
    let soon = Duration::from_millis(100);
    assert!(queue.retry(&first.lease, soon).await.unwrap());
    let second = lease_one(&*queue).await;
    assert_eq!((second.attempts, second.unrunnable.clone()), (2, None));
    assert!(queue.retry(&second.lease, LONG).await.unwrap());
    assert!(lease(&*queue, 1).await.is_empty());
    let stats = queue.stats().await.unwrap();
    assert_eq!((stats.delayed, stats.queued, stats.leased), (1, 0, 0));
    let view = queue.inspect("j").await.unwrap().unwrap();
    assert_eq!((view.state, view.attempts), (JobState::Delayed, 2));
    assert!(!queue.retry(&second.lease, LONG).await.unwrap());
}

pub(crate) async fn a_job_that_does_not_start_in_time_expires(bench: Bench) {
    let queue = bench.open().await;
    let none = AppQuota {
        max_concurrent: Some(0),
        ..Default::default()
    };
    queue.set_quotas(&[("a".to_owned(), none)]).await.unwrap();
    let short = r#""deadline_ms":100"#;
    let delayed = format!(r#"{short},"delay_ms":{HOUR_MS}"#);
    for (id, fields) in [("queued", short), ("delayed", &delayed)] {
        queue.enqueue(&job_with("a", id, fields)).await.unwrap();
        let expired = unrunnable(&*queue).await;
        assert_eq!(expired.unrunnable, Some(Unrunnable::Expired));
        assert_eq!((expired.lease.job_id.as_str(), expired.attempts), (id, 0));
        finish(&*queue, &expired).await;
    }
    let stats = queue.stats().await.unwrap();
    assert_eq!((stats.expired, stats.queued, stats.delayed), (2, 0, 0));
}

pub(crate) async fn a_wait_ends_when_a_deadline_passes(bench: Bench) {
    let queue = bench.open().await;
    queue.pause(Some("a")).await.unwrap();
    let text = job_with("a", "j", r#""deadline_ms":300"#);
    queue.enqueue(&text).await.unwrap();
    within("the job comes", async {
        loop {
            if let Some(leased) = lease(&*queue, 1).await.pop() {
                assert_eq!(leased.unrunnable, Some(Unrunnable::Expired));
                return;
            }
            queue.wait(LONG).await.unwrap();
        }
    })
    .await;
}

pub(crate) async fn a_deadline_counts_until_the_first_start(bench: Bench) {
    let queue = bench.open().await;
    let text = |id| job_with("a", id, r#""deadline_ms":2000,"idempotent":true"#);
    for id in ["released", "retried"] {
        queue.enqueue(&text(id)).await.unwrap();
    }
    let jobs = lease(&*queue, 2).await;
    assert!(jobs.iter().all(|j| j.unrunnable.is_none()));
    let over = tend(&*queue).await.now_ms + 2_001;
    assert_eq!(queue.release(&refs(&jobs[..1])).await.unwrap(), 1);
    assert!(queue.retry(&jobs[1].lease, Duration::ZERO).await.unwrap());
    queue.pause(None).await.unwrap();
    within("the deadline passes", async {
        while queue.tend("clock").await.unwrap().now_ms < over {
            pause(&*queue).await;
        }
    })
    .await;
    queue.resume(None).await.unwrap();
    let retried = lease_one(&*queue).await;
    assert_eq!(retried.lease.job_id, "retried");
    assert_eq!((retried.attempts, retried.unrunnable), (2, None));
    let stats = queue.stats().await.unwrap();
    assert_eq!((stats.expired, stats.queued), (1, 0));
}
