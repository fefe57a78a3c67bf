//! What people see and do: views of jobs and apps, the dead list.

use std::time::Duration;

use lode_queue::{AppQuota, DeadPick, JobState, Queue, QueueOptions, Rate};

use crate::support::{
    Bench, HOUR_MS, bury, bury_of, enqueue_jobs, finish, job, job_with, lease, lease_ids,
    lease_one, tend, uncapped, unrunnable,
};

pub(crate) async fn peek_shows_what_would_start_next(bench: Bench) {
    let queue = bench.open().await;
    let late = format!(r#""delay_ms":{HOUR_MS}"#);
    for (app, id, fields) in [
        ("a", "late", late.as_str()),
        ("a", "low", r#""hook":"h","priority":-3"#),
        ("a", "high", r#""priority":3"#),
        ("b", "other", r#""priority":0"#),
    ] {
        queue.enqueue(&job_with(app, id, fields)).await.unwrap();
    }
    tend(&*queue).await;
    let of_a = queue.peek(Some("a"), 9).await.unwrap();
    let ids: Vec<&str> = of_a.iter().map(|view| view.id.as_str()).collect();
    assert_eq!(ids, ["high", "low", "late"]);
    let states: Vec<JobState> = of_a.iter().map(|view| view.state).collect();
    let (queued, delayed) = (JobState::Queued, JobState::Delayed);
    assert_eq!(states, [queued, queued, delayed]);
    assert_eq!((of_a[1].priority, of_a[1].hook.as_str()), (-3, "h"));
    assert!(of_a[2].due_in_ms.is_some() && of_a[0].due_in_ms.is_none());
    assert!(
        of_a.iter()
            .all(|view| view.job.is_none() && view.app == "a")
    );
    assert_eq!(queue.peek(None, 2).await.unwrap().len(), 2);
    assert_eq!(queue.peek(None, 9).await.unwrap().len(), 4);
    lease(&*queue, 2).await;
    assert_eq!(queue.peek(None, 9).await.unwrap().len(), 2);
}

pub(crate) async fn peek_shows_the_jobs_of_many_apps_in_their_order(bench: Bench) {
    let queue = bench.open_with(uncapped()).await;
    let rate = Rate {
        jobs: 1_000,
        per: Duration::from_millis(HOUR_MS),
    };
    let quotas: Vec<(String, AppQuota)> = (0..8)
        .map(|n| {
            let quota = AppQuota {
                weight: Some(1 + n % 3),
                hook_rates: vec![("slow".to_owned(), rate)],
                ..Default::default()
            };
            (format!("app{n}"), quota)
        })
        .collect();
    queue.set_quotas(&quotas).await.unwrap();
    // Some have few jobs and one has most of them.
    for n in 0..8 {
        for k in 0..=n * n {
            let fields = format!(
                r#""hook":"{}","priority":{}"#,
                ["slow", "free"][k % 2],
                k % 5
            );
            let text = job_with(&format!("app{n}"), &format!("{n}-{k}"), &fields);
            queue.enqueue(&text).await.unwrap();
        }
    }
    tend(&*queue).await;
    let views = queue.peek(None, 130).await.unwrap();
    let shown: Vec<String> = views.into_iter().map(|view| view.id).collect();
    assert_eq!(shown.len(), 130);
    assert_eq!(shown, lease_ids(&*queue, 130).await);
}

pub(crate) async fn inspect_shows_one_job(bench: Bench) {
    let queue = bench.open().await;
    assert_eq!(queue.inspect("j").await.unwrap(), None);
    let text = job_with("a", "j", r#""hook":"h","priority":7,"idempotent":true"#);
    queue.enqueue(&text).await.unwrap();
    tend(&*queue).await;
    let queued = queue.inspect("j").await.unwrap().unwrap();
    assert_eq!((queued.state, queued.attempts), (JobState::Queued, 0));
    assert_eq!((queued.worker, queued.progress), (None, None));
    assert_eq!(
        (queued.app.as_str(), queued.hook.as_str(), queued.priority),
        ("a", "h", 7)
    );
    assert_eq!(queued.job.as_deref(), Some(text.as_str()));
    assert!(queued.age_ms < 600_000);
    let leased = queue.lease("somebody", 1, &[]).await.unwrap().remove(0);
    let running = queue.inspect("j").await.unwrap().unwrap();
    assert_eq!((running.state, running.attempts), (JobState::Leased, 1));
    assert_eq!(running.worker.as_deref(), Some("somebody"));
    let refs = std::slice::from_ref(&leased.lease);
    assert_eq!(queue.release(refs).await.unwrap(), 1);
    queue.cancel("j", None).await.unwrap();
    let cancelled = queue.inspect("j").await.unwrap().unwrap();
    assert_eq!(cancelled.state, JobState::Unrunnable);
    let told = unrunnable(&*queue).await;
    finish(&*queue, &told).await;
    assert_eq!(queue.inspect("j").await.unwrap(), None);
}

pub(crate) async fn apps_are_shown_by_their_jobs(bench: Bench) {
    let queue = bench.open_with(uncapped()).await;
    for (app, count) in [("few", 1), ("most", 5), ("some", 3)] {
        enqueue_jobs(&*queue, app, count).await;
    }
    let late = format!(r#""delay_ms":{HOUR_MS}"#);
    queue.enqueue(&job_with("some", "d", &late)).await.unwrap();
    let passing = ["few".to_owned(), "some".to_owned()];
    tend(&*queue).await;
    assert_eq!(queue.lease("w", 2, &passing).await.unwrap().len(), 2);
    let stats = queue.app_stats(None, 2).await.unwrap();
    assert_eq!(stats.len(), 2);
    let numbers = |n: usize| (stats[n].live, stats[n].queued, stats[n].leased);
    assert_eq!((stats[0].app.as_str(), numbers(0)), ("most", (5, 3, 2)));
    assert_eq!((stats[1].app.as_str(), numbers(1)), ("some", (4, 3, 0)));
    let few = queue.app_stats(Some("few"), 1).await.unwrap();
    assert_eq!((few.len(), few[0].live, few[0].paused), (1, 1, false));
}

pub(crate) async fn dead_jobs_of_one_app_are_found(bench: Bench) {
    let queue = bench.open().await;
    for (app, id) in [("a", "a1"), ("b", "b1"), ("a", "a2"), ("b", "b2")] {
        bury_of(&*queue, app, id).await;
    }
    assert_eq!(dead(&*queue, Some("a"), 9).await, ["a2", "a1"]);
    assert_eq!(dead(&*queue, Some("b"), 1).await, ["b2"]);
    assert_eq!(dead(&*queue, None, 9).await, ["b2", "a2", "b1", "a1"]);
    assert_eq!(queue.dead(None, 1).await.unwrap()[0].app, "b");
}

pub(crate) async fn dead_jobs_are_queued_anew(bench: Bench) {
    let queue = bench.open().await;
    for (app, id) in [("a", "a1"), ("a", "a2"), ("b", "b1"), ("b", "b2")] {
        bury_of(&*queue, app, id).await;
    }
    let one = DeadPick::Job("a2".to_owned());
    assert_eq!(queue.requeue_dead(&one).await.unwrap(), 1);
    assert_eq!(queue.requeue_dead(&one).await.unwrap(), 0);
    let leased = lease_one(&*queue).await;
    assert_eq!((leased.job, leased.attempts), (job("a", "a2"), 1));
    let of_b = DeadPick::App("b".to_owned());
    assert_eq!(queue.requeue_dead(&of_b).await.unwrap(), 2);
    assert_eq!(lease_ids(&*queue, 2).await, ["b1", "b2"]);
    assert_eq!(queue.requeue_dead(&DeadPick::All).await.unwrap(), 1);
    assert_eq!(lease_ids(&*queue, 1).await, ["a1"]);
    assert_eq!(queue.stats().await.unwrap().dead, 0);
}

pub(crate) async fn a_dead_job_whose_id_is_live_again_stays(bench: Bench) {
    let queue = bench
        .open_with(QueueOptions {
            result_ttl: Duration::ZERO,
            ..Default::default()
        })
        .await;
    bury(&*queue, "j").await;
    queue.enqueue(&job("a", "j")).await.unwrap();
    let live = lease_one(&*queue).await;
    assert_eq!(queue.requeue_dead(&DeadPick::All).await.unwrap(), 0);
    assert_eq!(dead(&*queue, None, 9).await, ["j"]);
    finish(&*queue, &live).await;
    assert_eq!(queue.requeue_dead(&DeadPick::All).await.unwrap(), 1);
    assert_eq!(lease_ids(&*queue, 1).await, ["j"]);
}

pub(crate) async fn a_dead_job_for_which_there_is_no_room_stays(bench: Bench) {
    let full = QueueOptions {
        app_queue_max: 2,
        ..Default::default()
    };
    let queue = bench.open_with(full).await;
    for id in ["d1", "d2"] {
        bury(&*queue, id).await;
    }
    queue.enqueue(&job("a", "new")).await.unwrap();
    let new = lease_one(&*queue).await;
    assert_eq!(queue.requeue_dead(&DeadPick::All).await.unwrap(), 1);
    assert_eq!(dead(&*queue, None, 9).await, ["d2"]);
    finish(&*queue, &new).await;
    assert_eq!(queue.requeue_dead(&DeadPick::All).await.unwrap(), 1);
    assert_eq!(lease_ids(&*queue, 2).await, ["d1", "d2"]);
    assert_eq!(queue.stats().await.unwrap().refused, 0);
}

pub(crate) async fn dead_jobs_are_purged(bench: Bench) {
    let queue = bench.open().await;
    for (app, id) in [("a", "a1"), ("a", "a2"), ("b", "b1"), ("b", "b2")] {
        bury_of(&*queue, app, id).await;
    }
    let one = DeadPick::Job("a1".to_owned());
    assert_eq!(queue.purge_dead(&one).await.unwrap(), 1);
    let of_b = DeadPick::App("b".to_owned());
    assert_eq!(queue.purge_dead(&of_b).await.unwrap(), 2);
    assert_eq!(dead(&*queue, None, 9).await, ["a2"]);
    assert_eq!(queue.purge_dead(&DeadPick::All).await.unwrap(), 1);
    assert_eq!(queue.stats().await.unwrap().dead, 0);
    assert_eq!(queue.purge_dead(&DeadPick::All).await.unwrap(), 0);
}

async fn dead(queue: &dyn Queue, app: Option<&str>, limit: usize) -> Vec<String> {
    let dead = queue.dead(app, limit).await.unwrap();
    dead.into_iter().map(|job| job.id).collect()
}
