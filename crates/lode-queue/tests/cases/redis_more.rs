//! What the queue promises on Redis alone: plain commands, backlogs, other keys, worker beats.

use std::time::Duration;

use lode_queue::{Progress, Queue, QueueOptions, Settle, TaskReply, Unrunnable};
use redis::aio::MultiplexedConnection;
use redis::cmd;

use crate::support::{
    Bench, enqueue_jobs, finish, job, job_with, lease, lease_ids, lease_one, next_reply, outcome,
    pause, tend, unrunnable, within,
};

#[tokio::test]
async fn a_plain_xadd_cancels_in_its_turn() {
    let bench = Bench::redis();
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    for id in ["one", "two"] {
        queue.enqueue(&job("a", id)).await.unwrap();
    }
    add(&bench, &mut raw, &["cancel", "one", "app", "a"]).await;
    add(&bench, &mut raw, &["cancel", "two", "app", "b"]).await;
    add(&bench, &mut raw, &["cancel", "three"]).await;
    queue.enqueue(&job("a", "three")).await.unwrap();
    let cancelled = unrunnable(&*queue).await;
    assert_eq!(cancelled.unrunnable, Some(Unrunnable::Cancelled));
    assert_eq!(cancelled.lease.job_id, "one");
    finish(&*queue, &cancelled).await;
    assert_eq!(
        lease_ids(&*queue, 2).await,
        ["two", "three"],
        "of another app, and before it came"
    );
}

#[tokio::test]
async fn whoever_comes_behind_a_backlog_is_seen_at_once() {
    let bench = Bench::redis();
    let queue = bench.open().await;
    enqueue_jobs(&*queue, "flood", 5_000).await;
    queue.enqueue(&job("late", "late")).await.unwrap();
    let first = lease(&*queue, 9).await;
    assert!(first.iter().any(|j| j.lease.job_id == "late"), "{first:?}");
    let stats = queue.stats().await.unwrap();
    assert!(stats.inbox > 4_000, "{stats:?}");
    // And the flood keeps its order.
    let flood: Vec<_> = first.iter().filter(|j| j.lease.job_id != "late").collect();
    for (n, leased) in flood.iter().enumerate() {
        assert_eq!(leased.lease.job_id, format!("flood-{n}"));
    }
    let tended = queue.tend("w").await.unwrap();
    assert!(tended.more, "the inbox is not empty");
}

#[tokio::test]
async fn the_lane_of_refused_jobs_has_a_bound_and_newcomers_pass_it() {
    let bench = Bench::redis();
    let queue = bench
        .open_with(QueueOptions {
            app_queue_max: 1,
            ..Default::default()
        })
        .await;
    enqueue_jobs(&*queue, "flood", 12_500).await;
    queue.enqueue(&job("late", "late")).await.unwrap();
    let mut told = 0;
    for _ in 0..14 {
        told += queue.tend("w").await.unwrap().unrunnable.len();
    }
    let stats = queue.stats().await.unwrap();
    assert!(stats.inbox > 0 && stats.refused >= 10_000, "{stats:?}");
    assert!(stats.refused <= 10_020 + told as u64, "{stats:?}");
    let ids: Vec<_> = lease(&*queue, 2).await.into_iter().collect();
    assert!(ids.iter().any(|j| j.lease.job_id == "late"));
}

#[tokio::test]
async fn a_task_reply_is_written_with_its_settle() {
    let bench = Bench::private_redis(&[]);
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    let _client = task_client(&bench).await;
    queue.enqueue(&job("a", "j")).await.unwrap();
    let leased = lease_one(&*queue).await;
    let progress = Progress {
        value: "50".to_owned(),
        push: Some((
            queue.reply_list("p"),
            r#"{"id":"j","progress":50}"#.to_owned(),
        )),
        task_reply: Some(task_reply("progress:normal", "t-1")),
    };
    assert!(queue.progress(&leased.lease, progress).await.unwrap());
    let view = queue.inspect("j").await.unwrap().unwrap();
    assert_eq!(view.progress.as_deref(), Some("50"));
    let list = queue.reply_list("p");
    assert!(next_reply(&*queue, &list).await.unwrap().contains("50"));
    let settle = Settle {
        task_reply: Some(task_reply("success:normal", "t-1")),
        ..outcome("1")
    };
    assert!(queue.settle(&leased.lease, settle).await.unwrap());
    for hash in ["progress:normal", "success:normal"] {
        let value: String = cmd("HGET")
            .arg(hash)
            .arg("t-1")
            .query_async(&mut raw)
            .await
            .unwrap();
        assert_eq!(value, r#"{"v":1}"#);
    }
    assert_eq!(queue.stats().await.unwrap().dead, 0);
}

#[tokio::test]
async fn a_task_reply_that_reaches_nobody_leaves_nothing() {
    let bench = Bench::private_redis(&[]);
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    settle_task(&*queue, "t-1").await;
    assert_eq!(unread(&mut raw).await, [""; 0]);
    let kept: u32 = cmd("EXISTS")
        .arg(bench.key("nbt:replies"))
        .query_async(&mut raw)
        .await
        .unwrap();
    assert_eq!(kept, 0);
    assert_eq!(queue.stats().await.unwrap().dead, 0);
}

#[tokio::test]
async fn a_task_reply_that_was_heard_and_not_read_goes_with_a_later_one() {
    let bench = Bench::private_redis(&[]);
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    let _client = task_client(&bench).await;
    for field in ["t-1", "t-2", "t-3"] {
        settle_task(&*queue, field).await;
    }
    assert_eq!(unread(&mut raw).await, ["t-1", "t-2", "t-3"]);
    // As a minute later, for two of them.
    let _: u32 = cmd("ZADD")
        .arg(bench.key("nbt:replies"))
        .arg("XX")
        .arg(&["1", "success:normal t-1", "1", "success:normal t-3"])
        .query_async(&mut raw)
        .await
        .unwrap();
    settle_task(&*queue, "t-4").await;
    assert_eq!(unread(&mut raw).await, ["t-2", "t-4"]);
}

#[tokio::test]
async fn a_malformed_task_reply_writes_nothing_and_does_not_fail_the_settle() {
    let bench = Bench::private_redis(&[]);
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    let wrong_channel = TaskReply {
        channel: "elsewhere".to_owned(),
        ..task_reply("success:normal", "t")
    };
    let meta = bench.key("about");
    let malformed = [
        task_reply(&meta, "v"),
        task_reply("success:normal", "a:b"),
        task_reply("success:normal", ""),
        task_reply("success:normal", &"x".repeat(65)),
        wrong_channel,
    ];
    for (n, reply) in malformed.into_iter().enumerate() {
        queue.enqueue(&job("a", &format!("j{n}"))).await.unwrap();
        let leased = lease_one(&*queue).await;
        let settle = Settle {
            task_reply: Some(reply),
            ..outcome("kept")
        };
        assert!(queue.settle(&leased.lease, settle).await.unwrap());
        let dead = queue.dead(None, 1).await.unwrap().remove(0);
        assert_eq!(dead.id, format!("j{n}"));
        assert!(dead.reason.contains("not delivered"), "{}", dead.reason);
    }
    let written: u32 = cmd("EXISTS")
        .arg("success:normal")
        .query_async(&mut raw)
        .await
        .unwrap();
    assert_eq!(written, 0);
    assert_eq!(queue.stats().await.unwrap().settled, 5);
}

#[tokio::test]
async fn a_joined_list_of_the_queues_own_is_refused() {
    let bench = Bench::redis();
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    queue.enqueue(&job("a", "j")).await.unwrap();
    let leased = lease_one(&*queue).await;
    let own = bench.key("made-up");
    let second = job_with("a", "j", &format!(r#""reply_to":"{own}""#));
    queue.enqueue(&second).await.unwrap();
    tend(&*queue).await;
    finish(&*queue, &leased).await;
    assert!(queue.dead(None, 9).await.unwrap().is_empty());
    let made: u32 = cmd("EXISTS").arg(&own).query_async(&mut raw).await.unwrap();
    assert_eq!(made, 0);
}

#[tokio::test]
async fn a_worker_that_is_lost_leaves_no_beat_behind() {
    let bench = Bench::redis();
    let options = QueueOptions {
        worker_timeout: Duration::from_millis(100),
        ..Default::default()
    };
    let (queue, mut raw) = (bench.open_with(options.clone()).await, bench.raw().await);
    bench.open_with(options).await.tend("gone").await.unwrap();
    within("the beat is forgotten", async {
        loop {
            queue.tend("here").await.unwrap();
            let names: Vec<String> = cmd("HVALS")
                .arg(bench.key("names"))
                .query_async(&mut raw)
                .await
                .unwrap();
            if names == ["here"] {
                return;
            }
            pause(&*queue).await;
        }
    })
    .await;
    queue.leave("here").await.unwrap();
    let left: u32 = cmd("EXISTS")
        .arg(bench.key("names"))
        .arg(bench.key("workers"))
        .query_async(&mut raw)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn after_an_outage_the_first_worker_back_does_not_take_all_leases() {
    let bench = Bench::redis();
    let (one, two) = (bench.open().await, bench.open().await);
    let mut raw = bench.raw().await;
    for (queue, name) in [(&one, "one"), (&two, "two")] {
        queue.tend(name).await.unwrap();
    }
    one.enqueue(&job("a", "j")).await.unwrap();
    let leased = lease_one(&*one).await;
    // As after 20 s without the server: all beats are old, the lease is over.
    let old = "redis.call('ZADD', KEYS[1], 1, redis.call('ZRANGE', KEYS[1], 0, 0)[1]) \
               redis.call('ZADD', KEYS[1], 1, redis.call('ZRANGE', KEYS[1], -1, -1)[1]) \
               redis.call('ZADD', KEYS[2], 1, 'j') \
               redis.call('HINCRBY', KEYS[3], 'seen', -20000)";
    let mut eval = cmd("EVAL");
    eval.arg(old).arg(3);
    for key in ["workers", "leases", "about"] {
        eval.arg(bench.key(key));
    }
    let _: () = eval.query_async(&mut raw).await.unwrap();
    assert!(two.tend("two").await.unwrap().unrunnable.is_empty());
    assert!(lease(&*two, 1).await.is_empty());
    let refs = std::slice::from_ref(&leased.lease);
    assert_eq!(one.extend(refs).await.unwrap(), [true]);
    finish(&*one, &leased).await;
}

/// A connection that listens where [`task_reply`] goes.
async fn task_client(bench: &Bench) -> redis::aio::PubSub {
    let client = redis::Client::open(bench.redis_url.clone().unwrap()).unwrap();
    let mut listener = client.get_async_pubsub().await.unwrap();
    listener.subscribe("msgChannels:x").await.unwrap();
    listener
}

/// Settles a job that came as a task, with a reply in this field.
async fn settle_task(queue: &dyn Queue, field: &str) {
    queue.enqueue(&job("a", field)).await.unwrap();
    let leased = lease_one(queue).await;
    let settle = Settle {
        task_reply: Some(task_reply("success:normal", field)),
        ..outcome("1")
    };
    assert!(queue.settle(&leased.lease, settle).await.unwrap());
}

/// The fields that no client has read.
async fn unread(raw: &mut MultiplexedConnection) -> Vec<String> {
    let mut fields: Vec<String> = cmd("HKEYS")
        .arg("success:normal")
        .query_async(raw)
        .await
        .unwrap();
    fields.sort();
    fields
}

fn task_reply(hash: &str, field: &str) -> TaskReply {
    TaskReply {
        hash: hash.to_owned(),
        field: field.to_owned(),
        value: r#"{"v":1}"#.to_owned(),
        channel: "msgChannels:x".to_owned(),
        message: "{}".to_owned(),
    }
}

async fn add(bench: &Bench, raw: &mut MultiplexedConnection, fields: &[&str]) {
    let mut add = cmd("XADD");
    add.arg(bench.key("in")).arg("*").arg(fields);
    let _: String = add.query_async(raw).await.unwrap();
}
