//! Jobs that come twice: by id, by dedupe key, while the first lives and after it.

use std::collections::BTreeSet;
use std::time::Duration;

use lode_queue::{Cancelled, Leased, QueueOptions, Unrunnable};

use crate::support::{
    Bench, finish, job, job_with, lease, lease_one, next_reply, outcome, pause, reply, tend,
    uncapped, unrunnable, within,
};

pub(crate) async fn whoever_enqueues_a_live_id_gets_its_outcome_too(bench: Bench) {
    let queue = bench.open().await;
    let lists: Vec<String> = ["one", "two", "three"].map(|n| queue.reply_list(n)).into();
    for list in &lists[..2] {
        queue.enqueue(&replying("a", "j", list)).await.unwrap();
    }
    let leased = lease_one(&*queue).await;
    // While it runs; one that waits for nothing; one whose list is the queue's own.
    let own = bench.key("about");
    queue.enqueue(&replying("a", "j", &lists[2])).await.unwrap();
    queue.enqueue(&job("a", "j")).await.unwrap();
    queue.enqueue(&replying("a", "j", &own)).await.unwrap();
    assert!(tend(&*queue).await.unrunnable.is_empty());
    assert_eq!(queue.stats().await.unwrap().duplicates, 4);
    let settle = reply("done", &lists[0]);
    assert!(queue.settle(&leased.lease, settle).await.unwrap());
    for list in &lists {
        assert_eq!(next_reply(&*queue, list).await.as_deref(), Some("done"));
        assert_eq!(next_reply(&*queue, list).await, None, "once");
    }
    assert_eq!(queue.stats().await.unwrap().settled, 1);
}

pub(crate) async fn an_enqueue_tried_again_is_answered_once(bench: Bench) {
    let queue = bench.open().await;
    let list = queue.reply_list("me");
    for _ in 0..4 {
        queue.enqueue(&replying("a", "j", &list)).await.unwrap();
    }
    let leased = lease_one(&*queue).await;
    let settle = reply("done", &list);
    assert!(queue.settle(&leased.lease, settle).await.unwrap());
    assert_eq!(next_reply(&*queue, &list).await.as_deref(), Some("done"));
    assert_eq!(next_reply(&*queue, &list).await, None);
}

pub(crate) async fn a_kept_result_answers_who_comes_later(bench: Bench) {
    let queue = bench.open().await;
    queue.enqueue(&job("a", "j")).await.unwrap();
    let leased = lease_one(&*queue).await;
    let settle = outcome("done");
    assert!(queue.settle(&leased.lease, settle).await.unwrap());
    let list = queue.reply_list("late");
    queue.enqueue(&replying("a", "j", &list)).await.unwrap();
    queue.enqueue(&job("a", "j")).await.unwrap();
    assert!(lease(&*queue, 9).await.is_empty(), "it does not run again");
    assert_eq!(next_reply(&*queue, &list).await.as_deref(), Some("done"));
    assert_eq!(queue.stats().await.unwrap().duplicates, 2);
    // Another app's job of that id is another job.
    queue.enqueue(&job("b", "j")).await.unwrap();
    assert_eq!(lease_one(&*queue).await.job, job("b", "j"));
}

pub(crate) async fn a_kept_result_is_told_so_often_and_no_more(bench: Bench) {
    let queue = bench.open().await;
    queue.enqueue(&job("a", "j")).await.unwrap();
    let leased = lease_one(&*queue).await;
    let settle = outcome("done");
    assert!(queue.settle(&leased.lease, settle).await.unwrap());
    let list = queue.reply_list("late");
    for _ in 0..65 {
        queue.enqueue(&replying("a", "j", &list)).await.unwrap();
    }
    let refused = tend(&*queue).await.unrunnable.pop().unwrap();
    is_duplicate_of(&refused, "j");
    finish(&*queue, &refused).await;
    for _ in 0..64 {
        assert_eq!(next_reply(&*queue, &list).await.as_deref(), Some("done"));
    }
    assert_eq!(next_reply(&*queue, &list).await.as_deref(), None);
}

pub(crate) async fn so_many_wait_for_one_job_and_no_more(bench: Bench) {
    let queue = bench.open().await;
    queue.enqueue(&job("a", "j")).await.unwrap();
    let running = lease_one(&*queue).await;
    let lists: Vec<String> = (0..65)
        .map(|n| queue.reply_list(&format!("c{n}")))
        .collect();
    for list in &lists {
        queue.enqueue(&replying("a", "j", list)).await.unwrap();
    }
    let refused = tend(&*queue).await.unrunnable.pop().unwrap();
    is_duplicate_of(&refused, "j");
    assert_ne!(refused.lease.job_id, "j");
    assert_eq!(refused.job, replying("a", "j", &lists[64]));
    finish(&*queue, &refused).await;
    finish(&*queue, &running).await;
    for list in &lists[..64] {
        assert_eq!(next_reply(&*queue, list).await.as_deref(), Some("1"));
    }
    assert_eq!(next_reply(&*queue, &lists[64]).await, None);
}

pub(crate) async fn a_list_that_takes_no_outcome_joins_nothing(bench: Bench) {
    let queue = bench.open().await;
    queue.enqueue(&job("a", "j")).await.unwrap();
    let running = lease_one(&*queue).await;
    for n in 0..64 {
        let own = bench.key(&format!("job:{n}"));
        queue.enqueue(&replying("a", "j", &own)).await.unwrap();
    }
    let list = queue.reply_list("good");
    queue.enqueue(&replying("a", "j", &list)).await.unwrap();
    assert!(tend(&*queue).await.unrunnable.is_empty(), "there is room");
    assert_eq!(queue.stats().await.unwrap().duplicates, 65);
    finish(&*queue, &running).await;
    assert_eq!(next_reply(&*queue, &list).await.as_deref(), Some("1"));
    assert_eq!(queue.stats().await.unwrap().dead, 0);
    // And when there is no outcome to be had: as one that waits for nothing.
    let hour = r#","dedupe_ttl_ms":3600000"#;
    queue.enqueue(&keyed("b", hour)).await.unwrap();
    let first = lease_one(&*queue).await;
    finish(&*queue, &first).await;
    let own = bench.key("job:b");
    let second = keyed("b", &format!(r#","reply_to":"{own}""#));
    queue.enqueue(&second).await.unwrap();
    assert!(tend(&*queue).await.unrunnable.is_empty());
    assert_eq!(queue.stats().await.unwrap().duplicates, 66);
}

pub(crate) async fn two_squatters_do_not_make_a_job_run_twice(bench: Bench) {
    let queue = bench.open_with(uncapped()).await;
    for id in ["j", "j~b"] {
        queue.enqueue(&job("squat", id)).await.unwrap();
    }
    let lists: Vec<String> = ["one", "two", "three"].map(|n| queue.reply_list(n)).into();
    for list in &lists[..2] {
        queue.enqueue(&replying("b", "j", list)).await.unwrap();
    }
    let mut jobs = lease(&*queue, 9).await;
    assert_eq!(jobs.len(), 3);
    assert_eq!(queue.stats().await.unwrap().duplicates, 1);
    let at = jobs.iter().position(|j| j.job.contains(r#""b""#)).unwrap();
    let mine = jobs.remove(at);
    // They are gone, and the name is free; the job lives all the same.
    for squatter in &jobs {
        finish(&*queue, squatter).await;
    }
    queue.enqueue(&replying("b", "j", &lists[2])).await.unwrap();
    assert!(lease(&*queue, 9).await.is_empty());
    assert_eq!(
        queue.cancel("j", Some("b")).await.unwrap(),
        Cancelled::Running
    );
    let settle = reply("done", &lists[0]);
    assert!(queue.settle(&mine.lease, settle).await.unwrap());
    for list in &lists {
        assert_eq!(next_reply(&*queue, list).await.as_deref(), Some("done"));
    }
    let kept = queue.result("b", "j").await.unwrap();
    assert_eq!(kept.as_deref(), Some("done"));
    assert_eq!(
        queue.result("squat", "j").await.unwrap().as_deref(),
        Some("1")
    );
    queue.enqueue(&job("b", "j")).await.unwrap();
    assert!(lease(&*queue, 9).await.is_empty(), "its result is kept");
    let cancelled = queue.cancel("j", Some("b")).await.unwrap();
    assert_eq!(cancelled, Cancelled::NotFound);
}

pub(crate) async fn the_name_that_a_job_was_given_is_not_its_own(bench: Bench) {
    let queue = bench.open().await;
    for (app, id) in [("squat", "j"), ("b", "j"), ("b", "j~b")] {
        queue.enqueue(&job(app, id)).await.unwrap();
    }
    let jobs = lease(&*queue, 9).await;
    assert_eq!(jobs.len(), 3);
    assert_eq!(queue.stats().await.unwrap().duplicates, 0);
    let wanted = jobs.iter().find(|j| j.job == job("b", "j~b")).unwrap();
    let cancelled = queue.cancel("j~b", Some("b")).await.unwrap();
    assert_eq!(cancelled, Cancelled::Running);
    let flagged = tend(&*queue).await.cancelled;
    assert_eq!(flagged, std::slice::from_ref(&wanted.lease));
    finish(&*queue, wanted).await;
    // Only its result has the name now.
    let cancelled = queue.cancel("j~b", Some("b")).await.unwrap();
    assert_eq!(cancelled, Cancelled::NotFound);
    queue.enqueue(&job("b", "j~b")).await.unwrap();
    assert!(lease(&*queue, 9).await.is_empty());
    assert_eq!(queue.result("b", "j").await.unwrap(), None);
}

pub(crate) async fn names_made_to_look_alike_are_told_apart(bench: Bench) {
    let queue = bench.open_with(uncapped()).await;
    let named = [
        // Each lives under another name, some under one that the next asks for.
        ("shop", "j"),
        ("shop", "j~shop"),
        ("shop", "j~shop~1"),
        ("x1~shop", "j"),
        ("shop", "j~x1"),
        ("shop", "j~x1~shop"),
        // Application and name written one after the other are the same.
        ("a", "bj"),
        ("ab", "j"),
        ("1:a", "bj"),
        ("1", ":abj"),
    ];
    for (_, id) in named {
        queue.enqueue(&job("squat", id)).await.unwrap();
    }
    let squatters = lease(&*queue, 99).await;
    for _ in 0..2 {
        for (app, id) in named {
            queue.enqueue(&job(app, id)).await.unwrap();
        }
    }
    let jobs = lease(&*queue, 99).await;
    let texts: BTreeSet<&str> = jobs.iter().map(|leased| leased.job.as_str()).collect();
    assert_eq!((jobs.len(), texts.len()), (named.len(), named.len()));
    let count = u64::try_from(2 * named.len() - squatters.len()).unwrap();
    assert_eq!(queue.stats().await.unwrap().duplicates, count);
    for leased in &jobs {
        let settle = outcome(&leased.job);
        assert!(queue.settle(&leased.lease, settle).await.unwrap());
    }
    for (app, id) in named {
        let kept = queue.result(app, id).await.unwrap();
        assert_eq!(kept, Some(job(app, id)));
    }
}

pub(crate) async fn a_key_names_the_job_that_had_it_and_no_other_of_that_id(bench: Bench) {
    let queue = bench
        .open_with(QueueOptions {
            result_ttl: Duration::ZERO,
            ..Default::default()
        })
        .await;
    let hour = r#","dedupe_ttl_ms":3600000"#;
    let entry = queue.enqueue(&keyed("a", hour)).await.unwrap();
    let first = lease_one(&*queue).await;
    finish(&*queue, &first).await;
    // Another job that takes the name of the one that had the key.
    queue.enqueue(&job("b", &entry)).await.unwrap();
    let other = lease_one(&*queue).await;
    let list = queue.reply_list("me");
    let second = keyed("a", &format!(r#","reply_to":"{list}""#));
    queue.enqueue(&second).await.unwrap();
    let refused = unrunnable(&*queue).await;
    is_duplicate_of(&refused, &entry);
    finish(&*queue, &other).await;
    assert_eq!(next_reply(&*queue, &list).await, None);
}

pub(crate) async fn a_dedupe_key_makes_one_job_of_many(bench: Bench) {
    let queue = bench.open().await;
    let list = queue.reply_list("two");
    queue.enqueue(&keyed("a", "")).await.unwrap();
    let second = keyed("a", &format!(r#","reply_to":"{list}""#));
    queue.enqueue(&second).await.unwrap();
    queue.enqueue(&keyed("b", "")).await.unwrap();
    let jobs = lease(&*queue, 9).await;
    assert_eq!(jobs.len(), 2, "one of each app");
    assert_eq!(queue.stats().await.unwrap().duplicates, 1);
    for leased in &jobs {
        finish(&*queue, leased).await;
    }
    assert_eq!(next_reply(&*queue, &list).await.as_deref(), Some("1"));
    // Without a time of its own the key ends with its job.
    queue.enqueue(&second).await.unwrap();
    assert_eq!(lease_one(&*queue).await.job, second);
}

pub(crate) async fn a_dedupe_key_outlives_its_job_for_its_time(bench: Bench) {
    let queue = bench.open().await;
    let hour = r#","dedupe_ttl_ms":3600000"#;
    let first = queue.enqueue(&keyed("a", hour)).await.unwrap();
    let leased = lease_one(&*queue).await;
    finish(&*queue, &leased).await;
    queue.enqueue(&keyed("a", "")).await.unwrap();
    assert!(lease(&*queue, 9).await.is_empty(), "dropped and counted");
    assert_eq!(queue.stats().await.unwrap().duplicates, 1);
    // Whoever waits for an answer is told.
    let list = queue.reply_list("late");
    let waiting = keyed("a", &format!(r#","reply_to":"{list}""#));
    queue.enqueue(&waiting).await.unwrap();
    let refused = unrunnable(&*queue).await;
    is_duplicate_of(&refused, &first);
    assert_eq!((&refused.job, refused.attempts), (&waiting, 0));
    finish(&*queue, &refused).await;
}

pub(crate) async fn a_dedupe_key_finds_the_kept_result(bench: Bench) {
    let queue = bench.open().await;
    let first = keyed("a", r#","id":"j","dedupe_ttl_ms":3600000"#);
    queue.enqueue(&first).await.unwrap();
    let leased = lease_one(&*queue).await;
    finish(&*queue, &leased).await;
    let list = queue.reply_list("late");
    let second = keyed("a", &format!(r#","id":"other","reply_to":"{list}""#));
    queue.enqueue(&second).await.unwrap();
    let tended = tend(&*queue).await;
    assert!(tended.unrunnable.is_empty());
    assert_eq!(next_reply(&*queue, &list).await.as_deref(), Some("1"));
}

pub(crate) async fn a_dedupe_key_ends_with_its_time(bench: Bench) {
    let queue = bench.open().await;
    let short = keyed("a", r#","dedupe_ttl_ms":100"#);
    queue.enqueue(&short).await.unwrap();
    let leased = lease_one(&*queue).await;
    finish(&*queue, &leased).await;
    within("the key is free again", async {
        loop {
            queue.enqueue(&short).await.unwrap();
            if !lease(&*queue, 1).await.is_empty() {
                return;
            }
            pause(&*queue).await;
        }
    })
    .await;
}

pub(crate) async fn a_refused_job_leaves_no_key_and_no_result(bench: Bench) {
    let queue = bench
        .open_with(QueueOptions {
            app_queue_max: 1,
            ..Default::default()
        })
        .await;
    queue.enqueue(&job("a", "first")).await.unwrap();
    let text = keyed("a", r#","id":"j","dedupe_ttl_ms":3600000"#);
    queue.enqueue(&text).await.unwrap();
    let refused = unrunnable(&*queue).await;
    assert_eq!(
        refused.unrunnable,
        Some(Unrunnable::AppQueueFull { max: 1 })
    );
    finish(&*queue, &refused).await;
    assert_eq!(queue.result("a", "j").await.unwrap(), None);
    let first = lease_one(&*queue).await;
    finish(&*queue, &first).await;
    queue.enqueue(&text).await.unwrap();
    let again = lease_one(&*queue).await;
    assert_eq!((again.job, again.unrunnable), (text, None));
}

#[track_caller]
fn is_duplicate_of(leased: &Leased, id: &str) {
    let of = id.to_owned();
    assert_eq!(leased.unrunnable, Some(Unrunnable::Duplicate { of }));
}

fn replying(app: &str, id: &str, list: &str) -> String {
    job_with(app, id, &format!(r#""reply_to":"{list}""#))
}

/// A job with the dedupe key `k`.
fn keyed(app: &str, more: &str) -> String {
    format!(r#"{{"app":"{app}","dedupe_key":"k"{more}}}"#)
}
