//! Workers that are lost, and workers that leave.

use std::sync::Arc;
use std::time::Duration;

use lode_queue::{Leased, Queue, QueueOptions, Unrunnable};

use crate::support::{
    Bench, LONG, finish, idempotent, ids, job, lease, lease_one, pause, tend, unrunnable, within,
};

/// A handle that is lost when it does not tend for so short a time; its leases do not expire.
async fn open_mortal(bench: &Bench, poison_losses: u32) -> Arc<dyn Queue> {
    bench
        .open_with(QueueOptions {
            lease: LONG,
            worker_timeout: Duration::from_millis(300),
            poison_losses,
            ..Default::default()
        })
        .await
}

pub(crate) async fn a_lost_worker_loses_its_leases(bench: Bench) {
    let (lost, peer) = (open_mortal(&bench, 9).await, open_mortal(&bench, 9).await);
    tend(&*lost).await;
    for text in [job("a", "once"), idempotent("b", "again")] {
        lost.enqueue(&text).await.unwrap();
    }
    let held = lease(&*lost, 9).await;
    assert_eq!(held.len(), 2);
    let told = unrunnable(&*peer).await;
    assert_eq!(told.lease.job_id, "once");
    assert_eq!(
        (told.attempts, told.unrunnable.clone()),
        (1, Some(Unrunnable::WorkerLost))
    );
    let again = lease_one(&*peer).await;
    assert_eq!((again.attempts, again.unrunnable.clone()), (2, None));
    for stale in &held {
        let outcome = crate::support::outcome("stale");
        assert!(!lost.settle(&stale.lease, outcome).await.unwrap());
    }
    for leased in [told, again] {
        finish(&*peer, &leased).await;
    }
    assert_eq!(peer.stats().await.unwrap().reclaimed, 2);
}

pub(crate) async fn a_worker_that_tends_keeps_its_leases(bench: Bench) {
    let timeout = QueueOptions {
        lease: LONG,
        worker_timeout: Duration::from_millis(1_500),
        ..Default::default()
    };
    let (alive, lost, silent) = (
        bench.open_with(timeout.clone()).await,
        bench.open_with(timeout.clone()).await,
        bench.open_with(timeout).await,
    );
    for worker in [&alive, &lost] {
        tend(&**worker).await;
    }
    for (worker, app) in [(&alive, "a"), (&silent, "s"), (&lost, "l")] {
        worker.enqueue(&idempotent(app, app)).await.unwrap();
        assert_eq!(ids(&lease(&**worker, 1).await), [app]);
    }
    // When the one that does not tend is lost, the one that does is not; nor is who never did.
    let back = within("the other worker is lost", async {
        loop {
            tend(&*alive).await;
            if let Some(leased) = lease(&*alive, 1).await.pop() {
                return leased;
            }
            pause(&*alive).await;
        }
    })
    .await;
    assert_eq!(back.lease.job_id, "l");
    assert!(lease(&*alive, 9).await.is_empty());
}

pub(crate) async fn a_job_that_loses_its_workers_is_poison(bench: Bench) {
    let queue = bench.open_hasty().await;
    queue.enqueue(&idempotent("a", "j")).await.unwrap();
    for attempt in 1..=2 {
        let leased = lease_one(&*queue).await;
        assert_eq!((leased.attempts, leased.unrunnable), (attempt, None));
    }
    let poison = lease_one(&*queue).await;
    is_poison(&poison, 2);
}

pub(crate) async fn a_lost_worker_counts_as_a_loss(bench: Bench) {
    let (lost, peer) = (open_mortal(&bench, 1).await, open_mortal(&bench, 1).await);
    tend(&*lost).await;
    lost.enqueue(&idempotent("a", "j")).await.unwrap();
    lease_one(&*lost).await;
    is_poison(&unrunnable(&*peer).await, 1);
}

pub(crate) async fn a_worker_that_leaves_counts_as_none(bench: Bench) {
    let options = QueueOptions {
        lease: LONG,
        worker_timeout: LONG,
        poison_losses: 1,
        ..Default::default()
    };
    let (leaving, peer) = (
        bench.open_with(options.clone()).await,
        bench.open_with(options).await,
    );
    tend(&*leaving).await;
    for text in [job("a", "once"), idempotent("b", "again")] {
        leaving.enqueue(&text).await.unwrap();
    }
    assert_eq!(lease(&*leaving, 9).await.len(), 2);
    leaving.leave(crate::support::WORKER).await.unwrap();
    let told = unrunnable(&*peer).await;
    assert_eq!(told.lease.job_id, "once");
    assert_eq!(told.unrunnable, Some(Unrunnable::WorkerLost));
    let again = lease_one(&*peer).await;
    assert_eq!(again.lease.job_id, "again");
    assert_eq!((again.attempts, again.unrunnable), (2, None));
}

pub(crate) async fn what_a_lost_worker_was_to_settle_goes_to_another(bench: Bench) {
    let (lost, peer) = (open_mortal(&bench, 9).await, open_mortal(&bench, 9).await);
    tend(&*lost).await;
    lost.enqueue(&job("a", "j")).await.unwrap();
    lost.cancel("j", None).await.unwrap();
    let first = unrunnable(&*lost).await;
    let second = unrunnable(&*peer).await;
    assert_eq!(second.unrunnable, Some(Unrunnable::Cancelled));
    assert_ne!(first.lease.token, second.lease.token);
}

pub(crate) async fn workers_are_known_while_they_tend(bench: Bench) {
    let (one, two) = (bench.open().await, bench.open().await);
    assert!(one.workers().await.unwrap().is_empty());
    for (handle, name) in [(&two, "two"), (&one, "one"), (&one, "one")] {
        handle.tend(name).await.unwrap();
    }
    let workers = one.workers().await.unwrap();
    let names: Vec<&str> = workers.iter().map(|w| w.name.as_str()).collect();
    assert_eq!(names, ["one", "two"], "by name");
    assert!(workers.iter().all(|w| w.beat_age_ms < 600_000));
    assert_eq!(two.stats().await.unwrap().workers, 2);
    two.leave("two").await.unwrap();
    assert_eq!(one.workers().await.unwrap().len(), 1);
    assert_eq!(one.stats().await.unwrap().workers, 1);
}

#[track_caller]
fn is_poison(leased: &Leased, workers: u32) {
    assert_eq!(leased.unrunnable, Some(Unrunnable::Poison { workers }));
}
