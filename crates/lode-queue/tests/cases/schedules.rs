//! Schedules: each tick fires once.

use lode_queue::{DueTick, Queue, ScheduleEntry};

use crate::support::{Bench, finish, job, lease, lease_one, tend};

/// Long after every test.
const FAR_MS: u64 = 4_000_000_000_000;

pub(crate) async fn a_tick_fires_once_among_all_workers(bench: Bench) {
    let (one, two) = (bench.open().await, bench.open().await);
    set(&*one, &[("s", "spec", Some(5_000))]).await;
    for queue in [&one, &two] {
        assert_eq!(tend(&**queue).await.due, [due("s", "spec", 5_000)]);
    }
    let text = job("a", "s-5000");
    let next = Some(6_000);
    assert!(one.fire("s", 5_000, next, &text).await.unwrap());
    assert!(!two.fire("s", 5_000, next, &text).await.unwrap());
    assert_eq!(tend(&*two).await.due, [due("s", "spec", 6_000)]);
    let text = job("a", "s-6000");
    assert!(two.fire("s", 6_000, Some(FAR_MS), &text).await.unwrap());
    assert!(tend(&*one).await.due.is_empty());
    for id in ["s-5000", "s-6000"] {
        let leased = lease_one(&*one).await;
        assert_eq!(leased.job, job("a", id));
        finish(&*one, &leased).await;
    }
    assert!(lease(&*two, 9).await.is_empty());
}

pub(crate) async fn a_schedule_that_stays_keeps_its_tick(bench: Bench) {
    let queue = bench.open().await;
    set(
        &*queue,
        &[("s", "one", Some(FAR_MS)), ("gone", "x", Some(1))],
    )
    .await;
    // The same text: its first tick means nothing any more. The other one is forgotten.
    set(&*queue, &[("s", "one", Some(1_000))]).await;
    assert!(tend(&*queue).await.due.is_empty());
    assert!(!queue.fire("gone", 1, None, &job("a", "j")).await.unwrap());
    // A changed text is a new schedule.
    set(&*queue, &[("s", "two", Some(2_000))]).await;
    assert_eq!(tend(&*queue).await.due, [due("s", "two", 2_000)]);
    assert!(lease(&*queue, 9).await.is_empty());
}

pub(crate) async fn a_schedule_may_end(bench: Bench) {
    let queue = bench.open().await;
    let entries = [("once", "x", Some(1_000)), ("never", "y", None)];
    set(&*queue, &entries).await;
    assert_eq!(tend(&*queue).await.due, [due("once", "x", 1_000)]);
    let fired = queue.fire("once", 1_000, None, &job("a", "j")).await;
    assert!(fired.unwrap());
    set(&*queue, &entries).await;
    assert!(tend(&*queue).await.due.is_empty(), "it had its tick");
    let again = queue.fire("once", 1_000, None, &job("a", "k")).await;
    assert!(!again.unwrap());
    assert_eq!(lease(&*queue, 9).await.len(), 1);
}

async fn set(queue: &dyn Queue, entries: &[(&str, &str, Option<u64>)]) {
    let entry = |(id, spec, first_ms): &(&str, &str, Option<u64>)| ScheduleEntry {
        id: (*id).to_owned(),
        spec: (*spec).to_owned(),
        first_ms: *first_ms,
    };
    let entries: Vec<ScheduleEntry> = entries.iter().map(entry).collect();
    queue.set_schedules(&entries).await.unwrap();
}

fn due(id: &str, spec: &str, tick_ms: u64) -> DueTick {
    let (id, spec) = (id.to_owned(), spec.to_owned());
    DueTick { id, spec, tick_ms }
}
