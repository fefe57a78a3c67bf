//! What the queue on Redis holds against odd names, long silences and long backlogs.

use std::sync::Arc;

use lode_queue::{Leased, Queue, Unrunnable};
use redis::aio::MultiplexedConnection;
use redis::{Script, cmd};

use crate::support::{Bench, finish, ids, job, job_with, lease, lease_one, reply, tend};

#[tokio::test]
async fn a_reply_to_with_a_brace_of_its_own_makes_no_key_of_the_queue() {
    let bench = Bench::redis();
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    let list = bench.key("job:x}:reply:y");
    queue.enqueue(&job("a", "one")).await.unwrap();
    let leased = lease_one(&*queue).await;
    assert!(
        queue
            .settle(&leased.lease, reply("1", &list))
            .await
            .unwrap()
    );
    let dead = queue.dead(None, 1).await.unwrap().remove(0);
    assert!(dead.reason.contains("a queue's own key"), "{}", dead.reason);
    let made: u32 = cmd("EXISTS")
        .arg(&list)
        .query_async(&mut raw)
        .await
        .unwrap();
    assert_eq!(made, 0);
    queue.enqueue(&job("a", "x}:reply:y")).await.unwrap();
    let leased = lease_one(&*queue).await;
    assert_eq!(leased.lease.job_id, "x}:reply:y");
    finish(&*queue, &leased).await;
}

#[tokio::test]
async fn a_queue_that_is_out_of_reach_for_seconds_costs_no_worker_its_jobs() {
    let bench = Bench::redis();
    let (one, two) = (bench.open().await, bench.open().await);
    let mut raw = bench.raw().await;
    for worker in [&one, &two] {
        tend(&**worker).await;
    }
    one.enqueue(&job("a", "j")).await.unwrap();
    let leased = lease_one(&*one).await;
    let refs = std::slice::from_ref(&leased.lease);
    // Once, and again after half a minute of work.
    for _ in 0..2 {
        pass(&bench, &mut raw, 16_000).await;
        assert!(two.tend("two").await.unwrap().unrunnable.is_empty());
        assert!(lease(&*two, 1).await.is_empty());
        for _ in 0..30 {
            assert_eq!(one.extend(refs).await.unwrap(), [true]);
            for worker in [&one, &two] {
                tend(&**worker).await;
            }
            pass(&bench, &mut raw, 1_000).await;
        }
        assert_eq!(one.extend(refs).await.unwrap(), [true]);
    }
    // A stall shorter than a lease is one as well.
    pass(&bench, &mut raw, 4_000).await;
    assert!(two.tend("two").await.unwrap().unrunnable.is_empty());
    finish(&*one, &leased).await;
}

#[tokio::test]
async fn a_lone_worker_that_looks_in_seldom_takes_back_what_was_lost() {
    let bench = Bench::redis();
    let (lost, here) = (bench.open().await, bench.open().await);
    let mut raw = bench.raw().await;
    tend(&*lost).await;
    lost.enqueue(&job("a", "j")).await.unwrap();
    lease_one(&*lost).await;
    for looks in 1.. {
        assert!(looks <= 8, "not within twice the grace");
        pass(&bench, &mut raw, 4_000).await;
        let mut came = here.tend("here").await.unwrap().unrunnable;
        // A second look at once does not make it one that looks in often.
        came.extend(here.tend("here").await.unwrap().unrunnable);
        if let [told] = came.as_slice() {
            assert_eq!(told.lease.job_id, "j");
            assert_eq!(told.unrunnable, Some(Unrunnable::WorkerLost));
            break;
        }
    }
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_keep_leases_for_ever() {
    let bench = Bench::redis();
    let (lost, here) = (bench.open().await, bench.open().await);
    let mut raw = bench.raw().await;
    tend(&*lost).await;
    lost.enqueue(&job("a", "j")).await.unwrap();
    lease_one(&*lost).await;
    // With time given just before.
    pass(&bench, &mut raw, 4_000).await;
    tend(&*here).await;
    pass(&bench, &mut raw, -3_600_000).await;
    let mut came = Vec::new();
    for _ in 0..17 {
        came.extend(tend_for(&bench, &mut raw, &[&here], 1_000).await);
    }
    assert_eq!(ids(&came), ["j"]);
}

#[tokio::test]
async fn a_clock_that_jumps_costs_no_worker_its_jobs() {
    let bench = Bench::redis();
    let (one, two) = (bench.open().await, bench.open().await);
    let mut raw = bench.raw().await;
    tend_for(&bench, &mut raw, &[&one, &two], 500).await;
    one.enqueue(&job("a", "j")).await.unwrap();
    let leased = lease_one(&*one).await;
    let refs = std::slice::from_ref(&leased.lease);
    // An hour ahead and, in the middle of the grace for that, back; then the other way round.
    for jump in [3_600_000, -3_600_000, -3_600_000, 3_600_000] {
        pass(&bench, &mut raw, jump).await;
        // The other one comes first, and the one that works needs some seconds.
        for _ in 0..8 {
            assert!(tend_for(&bench, &mut raw, &[&two], 500).await.is_empty());
            assert!(lease(&*two, 1).await.is_empty());
        }
        assert_eq!(one.extend(refs).await.unwrap(), [true]);
        assert!(
            tend_for(&bench, &mut raw, &[&two, &one], 500)
                .await
                .is_empty()
        );
    }
    finish(&*one, &leased).await;
}

#[tokio::test]
async fn a_server_that_comes_and_goes_costs_no_worker_its_jobs() {
    let bench = Bench::redis();
    let (one, two) = (bench.open().await, bench.open().await);
    let mut raw = bench.raw().await;
    tend_for(&bench, &mut raw, &[&one, &two], 500).await;
    one.enqueue(&job("a", "j")).await.unwrap();
    let leased = lease_one(&*one).await;
    let refs = std::slice::from_ref(&leased.lease);
    for turn in 0..12 {
        pass(&bench, &mut raw, 5_000).await;
        for _ in 0..2 {
            let came = tend_for(&bench, &mut raw, &[&two], 400).await;
            assert!(came.is_empty(), "lost in turn {turn}");
        }
        // The one that works gets through every second time.
        if turn % 2 == 1 {
            assert_eq!(one.extend(refs).await.unwrap(), [true]);
            tend_for(&bench, &mut raw, &[&one], 100).await;
        }
    }
    finish(&*one, &leased).await;
}

#[tokio::test]
async fn a_worker_that_is_started_again_and_again_takes_back_what_was_lost() {
    let bench = Bench::redis();
    let lost = bench.open().await;
    let mut raw = bench.raw().await;
    tend_for(&bench, &mut raw, &[&lost], 500).await;
    lost.enqueue(&job("a", "j")).await.unwrap();
    lease_one(&*lost).await;
    for starts in 1.. {
        assert!(starts <= 8, "not after {starts} starts");
        pass(&bench, &mut raw, 6_000).await;
        let (here, mut came) = (bench.open().await, Vec::new());
        for _ in 0..8 {
            came.extend(tend_for(&bench, &mut raw, &[&here], 250).await);
        }
        if ids(&came) == ["j"] {
            break;
        }
    }
}

#[tokio::test]
async fn a_lost_worker_is_noticed_in_time_by_those_that_tend() {
    let bench = Bench::redis();
    let (lost, here) = (bench.open().await, bench.open().await);
    let mut raw = bench.raw().await;
    tend_for(&bench, &mut raw, &[&here, &lost], 250).await;
    lost.enqueue(&job("a", "j")).await.unwrap();
    lease_one(&*lost).await;
    let mut came = Vec::new();
    for _ in 0..14 {
        came.extend(tend_for(&bench, &mut raw, &[&here], 250).await);
    }
    assert_eq!(ids(&came), ["j"], "within 3.5 s");
}

#[tokio::test]
async fn tending_says_when_more_jobs_are_due_than_one_call_moves() {
    let bench = Bench::redis();
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    let jobs: Vec<String> = (0..500)
        .map(|n| job_with("a", &format!("j{n}"), r#""delay_ms":600000"#))
        .collect();
    queue.enqueue_many(&jobs).await.unwrap();
    tend(&*queue).await;
    assert_eq!(queue.stats().await.unwrap().delayed, 500);
    let due = "for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do \
               redis.call('ZADD', KEYS[1], 1, id) end";
    let script = Script::new(due);
    let call = script.key(bench.key("delayed"));
    let _: () = call.invoke_async(&mut raw).await.unwrap();
    let mut calls = 1;
    while queue.tend("w").await.unwrap().more {
        calls += 1;
    }
    let stats = queue.stats().await.unwrap();
    assert_eq!((stats.delayed, stats.queued), (0, 500), "in {calls} calls");
}

/// Each of these tends once, then time passes. The unrunnable jobs that came.
async fn tend_for(
    bench: &Bench,
    raw: &mut MultiplexedConnection,
    workers: &[&Arc<dyn Queue>],
    ms: i64,
) -> Vec<Leased> {
    let mut came = Vec::new();
    for worker in workers {
        came.extend(tend(&***worker).await.unrunnable);
    }
    pass(bench, raw, ms).await;
    came
}

/// Lets time pass for leases, beats and what the queue knows of its visitors.
async fn pass(bench: &Bench, raw: &mut MultiplexedConnection, ms: i64) {
    let script = Script::new(
        "for i = 1, 2 do \
           for _, one in ipairs(redis.call('ZRANGE', KEYS[i], 0, -1)) do \
             redis.call('ZINCRBY', KEYS[i], -ARGV[1], one) \
           end \
         end \
         for _, field in ipairs({ 'seen', 'grace', 'since', 'guard' }) do \
           if redis.call('HEXISTS', KEYS[3], field) == 1 then \
             redis.call('HINCRBY', KEYS[3], field, -ARGV[1]) \
           end \
         end",
    );
    let mut call = script.prepare_invoke();
    for key in ["workers", "leases", "about"] {
        call.key(bench.key(key));
    }
    let _: () = call.arg(ms).invoke_async(raw).await.unwrap();
}
