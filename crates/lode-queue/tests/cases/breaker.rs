//! Apps that go bad: the breaker and its bans.

use std::time::Duration;

use lode_queue::{Ban, Queue, QueueOptions};

use crate::support::{Bench, LONG, job, lease_one, pause, tend, within};

fn strict(window: Duration) -> QueueOptions {
    QueueOptions {
        breaker_bad_jobs: 2,
        breaker_window: window,
        breaker_ban: LONG,
        ..Default::default()
    }
}

pub(crate) async fn one_bad_job_too_many_suspends_the_app(bench: Bench) {
    let (one, two) = (
        bench.open_with(strict(LONG)).await,
        bench.open_with(strict(LONG)).await,
    );
    for queue in [&one, &two] {
        assert_eq!(queue.bad_job("a", "crashed").await.unwrap(), None);
        assert_eq!(queue.bad_job("b", "crashed").await.unwrap(), None);
    }
    let ban = one.bad_job("a", "ate memory").await.unwrap().unwrap();
    is_ban(&ban, "a", "ate memory", LONG);
    assert_eq!(two.bad_job("a", "again").await.unwrap(), None);
    for bans in [two.bans().await.unwrap(), tend(&*two).await.bans] {
        assert_eq!(bans.len(), 1);
        is_ban(&bans[0], "a", "ate memory", LONG);
    }
    let stats = two.app_stats(Some("a"), 1).await.unwrap();
    assert_eq!(stats[0].ban.as_ref().unwrap().reason, "ate memory");
    // Its jobs reach a worker, who says why they do not run.
    one.enqueue(&job("a", "j")).await.unwrap();
    assert_eq!(lease_one(&*one).await.unrunnable, None);
}

pub(crate) async fn a_lifted_ban_forgets_the_bad_jobs(bench: Bench) {
    let queue = bench.open_with(strict(LONG)).await;
    for _ in 0..3 {
        queue.bad_job("a", "x").await.unwrap();
    }
    assert!(queue.lift("a").await.unwrap());
    assert!(!queue.lift("a").await.unwrap(), "there is none");
    assert!(queue.bans().await.unwrap().is_empty());
    for _ in 0..2 {
        assert_eq!(queue.bad_job("a", "x").await.unwrap(), None);
    }
    assert!(queue.bad_job("a", "x").await.unwrap().is_some());
}

pub(crate) async fn bad_jobs_are_forgiven_in_time(bench: Bench) {
    let queue = bench.open_with(strict(Duration::from_millis(50))).await;
    for _ in 0..4 {
        // Never three in one window.
        queue.bad_job("a", "x").await.unwrap();
        let over = tend(&*queue).await.now_ms + 60;
        within("the window ends", async {
            while tend(&*queue).await.now_ms < over {
                pause(&*queue).await;
            }
        })
        .await;
    }
    assert!(queue.bans().await.unwrap().is_empty());
}

pub(crate) async fn a_ban_of_an_admin_ends_in_time(bench: Bench) {
    let queue = bench.open().await;
    queue.ban("b", "too loud", LONG).await.unwrap();
    let short = Duration::from_millis(200);
    queue.ban("a", &"é".repeat(400), short).await.unwrap();
    queue.ban("b", "still", LONG).await.unwrap();
    let bans = queue.bans().await.unwrap();
    let b = bans.iter().find(|ban| ban.app == "b").unwrap();
    is_ban(b, "b", "still", LONG);
    for a in bans.iter().filter(|ban| ban.app == "a") {
        is_ban(a, "a", &"é".repeat(150), short);
    }
    within("the ban ends", async {
        while queue.bans().await.unwrap().len() > 1 {
            pause(&*queue).await;
        }
    })
    .await;
    assert!(!queue.lift("a").await.unwrap());
    assert!(queue.lift("b").await.unwrap());
}

pub(crate) async fn a_breaker_of_zero_suspends_nobody(bench: Bench) {
    let queue = bench
        .open_with(QueueOptions {
            breaker_bad_jobs: 0,
            ..Default::default()
        })
        .await;
    for _ in 0..20 {
        assert_eq!(queue.bad_job("a", "x").await.unwrap(), None);
    }
    no_bans(&*queue).await;
}

async fn no_bans(queue: &dyn Queue) {
    assert!(queue.bans().await.unwrap().is_empty());
}

#[track_caller]
fn is_ban(ban: &Ban, app: &str, reason: &str, at_most: Duration) {
    assert_eq!((ban.app.as_str(), ban.reason.as_str()), (app, reason));
    assert!(ban.remaining <= at_most && ban.remaining >= Duration::from_millis(1));
}
