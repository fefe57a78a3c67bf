//! A server that forgets, breaks off, fills up or moves: nothing is lost and nobody is stuck.

use std::time::Duration;

use lode_queue::{Queue, QueueError};
use redis::cmd;

use crate::support::{Bench, RedisServer, idempotent, job, lease_one, outcome, reply, within};

#[tokio::test]
async fn forgotten_scripts_are_loaded_again() {
    let bench = Bench::private_redis(&[]);
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    let flush = cmd("SCRIPT").arg("FLUSH").to_owned();
    queue.enqueue(&job("a", "j")).await.unwrap();
    let _: () = flush.query_async(&mut raw).await.unwrap();
    let leased = lease_one(&*queue).await;
    let _: () = flush.query_async(&mut raw).await.unwrap();
    assert_eq!(
        queue
            .extend(std::slice::from_ref(&leased.lease))
            .await
            .unwrap(),
        [true]
    );
    let _: () = flush.query_async(&mut raw).await.unwrap();
    assert!(queue.settle(&leased.lease, outcome("1")).await.unwrap());
}

#[tokio::test]
async fn killed_connections_come_back() {
    let bench = Bench::private_redis(&[]);
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    let mut kill = cmd("CLIENT");
    kill.arg("KILL")
        .arg("TYPE")
        .arg("normal")
        .arg("SKIPME")
        .arg("yes");
    // An idle blocking connection is killed, too.
    queue.wait(Duration::ZERO).await.unwrap();
    for n in 0..5 {
        let id = format!("j{n}");
        persist(&*queue, async || queue.enqueue(&job("a", &id)).await).await;
        let _: u32 = kill.query_async(&mut raw).await.unwrap();
        queue.wait(Duration::from_millis(50)).await.unwrap();
        let jobs = persist(&*queue, async || queue.lease("w", 1, &[]).await).await;
        let _: u32 = kill.query_async(&mut raw).await.unwrap();
        let done = persist(&*queue, async || {
            queue.settle(&jobs[0].lease, outcome("1")).await
        });
        assert!(done.await);
    }
    assert_eq!(
        persist(&*queue, async || queue.stats().await).await.settled,
        5
    );
}

#[tokio::test]
async fn a_server_that_is_gone_is_unavailable_and_may_return() {
    let dir = tempfile::TempDir::new().unwrap();
    let server = RedisServer::start(dir.path(), &[]);
    let queue = lode_queue::open(&server.url, Default::default())
        .await
        .unwrap();
    let url = server.url.clone();
    drop(server);
    for _ in 0..2 {
        let error = queue.enqueue("{}").await.unwrap_err();
        assert!(matches!(error, QueueError::Unavailable(_)), "{error:?}");
    }
    assert!(
        queue
            .wait(Duration::from_millis(10))
            .await
            .unwrap_err()
            .is_transient()
    );
    assert!(
        lode_queue::open(&url, Default::default())
            .await
            .unwrap_err()
            .is_transient()
    );
    let _server = RedisServer::start(dir.path(), &[]);
    persist(&*queue, async || queue.enqueue(&job("a", "j")).await).await;
    assert_eq!(lease_one(&*queue).await.lease.job_id, "j");
}

#[tokio::test]
async fn a_full_server_takes_no_job_but_can_be_drained() {
    let bench = Bench::private_redis(&[]);
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    for n in 0..3 {
        queue
            .enqueue(&idempotent("a", &format!("j{n}")))
            .await
            .unwrap();
    }
    let mut limit = cmd("CONFIG");
    limit.arg("SET").arg("maxmemory").arg("1");
    let _: () = limit.query_async(&mut raw).await.unwrap();
    let error = queue.enqueue("{}").await.unwrap_err();
    assert!(
        error.is_transient() && error.to_string().contains("OOM"),
        "{error:?}"
    );
    let jobs = queue.lease("w", 3, &[]).await.unwrap();
    assert_eq!(
        queue
            .extend(std::slice::from_ref(&jobs[0].lease))
            .await
            .unwrap(),
        [true]
    );
    assert_eq!(
        queue
            .release(std::slice::from_ref(&jobs[1].lease))
            .await
            .unwrap(),
        1
    );
    assert!(queue.retry(&jobs[2].lease, Duration::ZERO).await.unwrap());
    let list = queue.reply_list("me");
    assert!(
        queue
            .settle(&jobs[0].lease, reply("1", &list))
            .await
            .unwrap()
    );
    assert_eq!(queue.stats().await.unwrap().undelivered, 0);
}

#[tokio::test]
async fn a_replica_is_unavailable_with_its_own_words() {
    let bench = Bench::private_redis(&[]);
    let (queue, mut raw) = (bench.open().await, bench.raw().await);
    let mut follow = cmd("REPLICAOF");
    follow.arg("127.0.0.1").arg("1");
    let _: () = follow.query_async(&mut raw).await.unwrap();
    for step in [
        queue.enqueue("{}").await.err(),
        queue.lease("w", 1, &[]).await.err(),
    ] {
        let error = step.expect("a replica takes no writes");
        assert!(
            error.is_transient() && error.to_string().contains("replica"),
            "{error:?}"
        );
    }
    let _: () = cmd("REPLICAOF")
        .arg("NO")
        .arg("ONE")
        .query_async(&mut raw)
        .await
        .unwrap();
    persist(&*queue, async || queue.enqueue("{}").await).await;
}

#[tokio::test]
async fn after_a_failover_the_new_server_is_reached() {
    let dir = tempfile::TempDir::new().unwrap();
    let old = RedisServer::start(dir.path(), &[]);
    let queue = lode_queue::open(&old.url, Default::default())
        .await
        .unwrap();
    let client = redis::Client::open(old.url.clone()).unwrap();
    let mut raw = client.get_multiplexed_async_connection().await.unwrap();
    // The new server takes over the address; the old one lives on as a replica.
    let _new = RedisServer::start(dir.path(), &[]);
    let mut follow = cmd("REPLICAOF");
    follow.arg("127.0.0.1").arg("1");
    let _: () = follow.query_async(&mut raw).await.unwrap();
    persist(&*queue, async || queue.enqueue(&job("a", "j")).await).await;
    assert_eq!(lease_one(&*queue).await.lease.job_id, "j");
}

#[tokio::test]
async fn a_reply_to_of_another_cluster_slot_does_not_fail_the_settle() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let bus = if port > 40_000 {
        port - 20_000
    } else {
        port + 20_000
    };
    let (port, bus) = (port.to_string(), bus.to_string());
    let bench = Bench::private_redis(&[
        "--port",
        &port,
        "--cluster-port",
        &bus,
        "--bind",
        "127.0.0.1",
        "--cluster-enabled",
        "yes",
        "--cluster-require-full-coverage",
        "no",
    ]);
    let mut raw = bench.raw().await;
    let slot: u16 = cmd("CLUSTER")
        .arg("KEYSLOT")
        .arg(bench.key("in"))
        .query_async(&mut raw)
        .await
        .unwrap();
    let _: () = cmd("CLUSTER")
        .arg("ADDSLOTS")
        .arg(slot)
        .query_async(&mut raw)
        .await
        .unwrap();
    let queue = bench.open().await;
    within("the cluster is up", async {
        while queue.enqueue(&job("a", "j")).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let leased = lease_one(&*queue).await;
    assert!(
        queue
            .settle(&leased.lease, reply("lost?", "elsewhere"))
            .await
            .unwrap()
    );
    let dead = queue.dead(None, 1).await.unwrap().remove(0);
    assert_eq!(dead.outcome, "lost?");
    assert!(
        dead.reason
            .starts_with("outcome not delivered to elsewhere: "),
        "{dead:?}"
    );
}

/// Repeats a step for as long as the queue is unavailable, as a worker does.
async fn persist<T>(queue: &dyn Queue, step: impl AsyncFn() -> Result<T, QueueError>) -> T {
    within("the queue is back", async {
        loop {
            match step().await {
                Ok(value) => return value,
                Err(error) => assert!(error.is_transient(), "{}: {error}", queue.name()),
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}
