//! What stands in Redis from before: keys of an older version, and bounds that workers keep.

use lode_queue::{Cancelled, DeadPick, QueueError, QueueOptions, Unrunnable};
use redis::aio::MultiplexedConnection;
use redis::{Script, Value, cmd};

use crate::support::{Bench, WORKER, bury, finish, ids, job, lease, lease_one, tend, unrunnable};

/// What the first released version leaves of a waiting job, a leased one and a dead one.
const OLD_JOBS: &str = "\
    local p = ARGV[1] \
    local function job(id, ...) \
      redis.call('HSET', p .. 'job:' .. id, 'job', '{\"app\":\"a\",\"id\":\"' .. id .. '\"}', \
        'app', 'a', 'score', '1759218604441601', 'idem', '0', 'at', '1700000000000000', ...) \
    end \
    job('waits', 'attempts', 0) \
    job('runs', 'attempts', 1, 'token', 't', 'worker', 'w') \
    redis.call('ZADD', p .. 'app:a', '1759218604441601', 'waits') \
    redis.call('ZADD', p .. 'active', 1, 'a') \
    redis.call('ZADD', p .. 'leases', 1700000015000, 'runs') \
    redis.call('HSET', p .. 'running', 'a', 1) \
    redis.call('HSET', p .. 'caps', 'a', 2) \
    redis.call('XADD', p .. 'dead', '1-1', 'id', 'dead', 'job', '{\"app\":\"a\",\"id\":\"dead\"}', \
      'reason', 'test', 'outcome', '1', 'at', '1700000000000') \
    redis.call('HSET', p .. 'meta', 'v', 1, 'seq', 3, 'queued', 1, 'settled', 1, 'dead_bytes', 50)";

/// What its workers leave once they have settled all of them.
const OLD_DRAINED: &str = "\
    local p = ARGV[1] \
    redis.call('DEL', p .. 'job:waits', p .. 'job:runs', p .. 'app:a', p .. 'active', \
      p .. 'leases', p .. 'running') \
    redis.call('HSET', p .. 'meta', 'queued', 0, 'settled', 3)";

/// Everything there is, in an order of its own.
const ALL: &str = "\
    local all = redis.call('KEYS', ARGV[1] .. '*') \
    table.sort(all) \
    for i, key in ipairs(all) do all[i] = key .. '=' .. redis.sha1hex(redis.call('DUMP', key)) end \
    return all";

async fn eval<T: redis::FromRedisValue>(
    bench: &Bench,
    raw: &mut MultiplexedConnection,
    code: &str,
) -> T {
    let script = Script::new(code);
    let mut call = script.key(bench.key("meta"));
    call.arg(bench.key("")).invoke_async(raw).await.unwrap()
}

#[tokio::test]
async fn jobs_of_an_older_layout_are_refused_and_left_alone() {
    let bench = Bench::private_redis(&[]);
    let mut raw = bench.raw().await;
    // One that has looked at the queue before.
    let early = bench.open().await;
    assert!(!early.lift("nobody").await.unwrap());
    let _: () = eval(&bench, &mut raw, OLD_JOBS).await;
    let before: Vec<String> = eval(&bench, &mut raw, ALL).await;
    let late = bench.open().await;
    let refusals = [
        early.lease(WORKER, 1, &[]).await.map(drop),
        early.tend(WORKER).await.map(drop),
        early.cancel("waits", None).await.map(drop),
        early.requeue_dead(&DeadPick::All).await.map(drop),
        late.tend(WORKER).await.map(drop),
        late.set_quotas(&[]).await,
        late.pause(None).await.map(drop),
        late.stats().await.map(drop),
    ];
    for (n, refusal) in refusals.into_iter().enumerate() {
        let Err(error @ QueueError::Layout(_)) = refusal else {
            panic!("{n}: {refusal:?}")
        };
        let text = error.to_string();
        let advice = "let workers of the version that made these jobs finish them all";
        assert!(text.contains(advice) && text.contains("layout 1"), "{text}");
    }
    let after: Vec<String> = eval(&bench, &mut raw, ALL).await;
    assert_eq!(before, after);

    // Its producers and its dead list go on.
    let _: () = eval(&bench, &mut raw, OLD_DRAINED).await;
    late.enqueue(&job("a", "new")).await.unwrap();
    assert_eq!(late.requeue_dead(&DeadPick::All).await.unwrap(), 1);
    let mut came = Vec::new();
    while came.len() < 2 {
        let leased = lease_one(&*late).await;
        finish(&*late, &leased).await;
        came.push(leased.lease.job_id);
    }
    came.sort();
    assert_eq!(came, ["dead", "new"]);
    let stats = early.stats().await.unwrap();
    assert_eq!((stats.settled, stats.queued, stats.dead), (5, 0, 0));

    // A worker of the first version that still runs: all its scripts begin with this.
    let old: Result<Option<String>, _> = cmd("HGET")
        .arg(bench.key("meta"))
        .arg("v")
        .query_async(&mut raw)
        .await;
    assert!(old.unwrap_err().to_string().contains("WRONGTYPE"));
}

#[tokio::test]
async fn jobs_of_a_newer_layout_are_refused() {
    let bench = Bench::redis();
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    queue.enqueue(&job("a", "j")).await.unwrap();
    tend(&*queue).await;
    let mut newer = cmd("HSET");
    newer.arg(bench.key("about")).arg("layout").arg(3);
    let _: u32 = newer.query_async(&mut raw).await.unwrap();
    let error = queue.lease(WORKER, 1, &[]).await.unwrap_err();
    assert!(error.to_string().contains("layout 3"), "{error}");
}

#[tokio::test]
async fn who_only_looks_after_a_queue_keeps_to_the_bounds_of_its_workers() {
    let bench = Bench::redis();
    let small = QueueOptions {
        app_queue_max: 1,
        ..Default::default()
    };
    let (worker, admin) = (bench.open_with(small).await, bench.open().await);
    tend(&*worker).await;
    bury(&*worker, "dead").await;
    worker.enqueue(&job("a", "lives")).await.unwrap();
    tend(&*worker).await;
    // There is no room for the dead one.
    assert_eq!(admin.requeue_dead(&DeadPick::All).await.unwrap(), 0);
    // A look for a job admits what stands before it.
    admin.enqueue(&job("a", "too-many")).await.unwrap();
    let none = admin.cancel("none", None).await.unwrap();
    assert_eq!(none, Cancelled::NotFound);
    let refused = unrunnable(&*worker).await;
    assert_eq!(refused.lease.job_id, "too-many");
    assert_eq!(
        refused.unrunnable,
        Some(Unrunnable::AppQueueFull { max: 1 })
    );
    // A handle that tends has bounds of its own.
    tend(&*admin).await;
    assert_eq!(admin.requeue_dead(&DeadPick::All).await.unwrap(), 1);
}

#[tokio::test]
async fn who_tends_gets_what_must_not_run_by_that_alone_and_is_not_woken_for_it() {
    let bench = Bench::redis();
    let (tender, other) = (bench.open().await, bench.open().await);
    let mut raw = bench.raw().await;
    let mut read = cmd("XRANGE");
    read.arg(bench.key("wake")).arg("-").arg("+");
    tend(&*tender).await;
    let cancel = async |id: &str| {
        tender.enqueue(&job("a", id)).await.unwrap();
        assert_eq!(tender.cancel(id, None).await.unwrap(), Cancelled::Queued);
    };
    cancel("one").await;
    let wake: Value = read.query_async(&mut raw).await.unwrap();
    assert!(lease(&*tender, 9).await.is_empty());
    let woken: Value = read.query_async(&mut raw).await.unwrap();
    assert_eq!(wake, woken);
    assert_eq!(ids(&tend(&*tender).await.unrunnable), ["one"]);
    cancel("two").await;
    assert_eq!(ids(&lease(&*other, 9).await), ["two"]);
    // One that has left tends no more, and what it held has come back.
    tender.leave(WORKER).await.unwrap();
    cancel("three").await;
    assert_eq!(ids(&lease(&*tender, 9).await), ["one", "three"]);
}
