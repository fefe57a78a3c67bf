//! Redis as its users run it: sentinels, a cluster, TLS, access lists, and servers and networks
//! that go away for a while. All servers are this test's own, on loopback ports.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

use std::sync::Arc;
use std::time::Duration;

use lode_queue::{Leased, Queue, QueueError};

#[path = "support/proxy.rs"]
mod proxy;
#[path = "cases/redis_topology.rs"]
mod redis_topology;
#[path = "cases/redis_topology_access.rs"]
mod redis_topology_access;
#[path = "cases/redis_topology_faults.rs"]
mod redis_topology_faults;
#[path = "cases/redis_topology_users.rs"]
mod redis_topology_users;
#[path = "support/sentinel.rs"]
mod sentinel;
#[expect(dead_code, reason = "the conformance suite needs the rest")]
mod support;
#[path = "support/tls.rs"]
mod tls;

use support::process::until;
use support::{idempotent, reply};

/// A handle with the default options.
async fn open(url: &str) -> Arc<dyn Queue> {
    lode_queue::open(url, Default::default())
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Why no handle comes of this address.
async fn refusal(url: &str) -> QueueError {
    match lode_queue::open(url, Default::default()).await {
        Ok(queue) => panic!("opened {}", queue.name()),
        Err(error) => error,
    }
}

/// Repeats a step for as long as the queue is unavailable, as a worker does.
async fn persist<T>(step: impl AsyncFn() -> Result<T, QueueError>) -> T {
    let mut done = None;
    until("the queue is back", async || match step().await {
        Ok(value) => {
            done = Some(value);
            true
        }
        Err(error) => {
            assert!(error.is_transient(), "{error}");
            false
        }
    })
    .await;
    done.unwrap()
}

/// Leases one job, however often the queue is away.
async fn lease(queue: &dyn Queue) -> Leased {
    let mut found = None;
    until("a job comes", async || {
        found = persist(async || queue.lease("w", 1, &[]).await).await.pop();
        if found.is_none() {
            persist(async || queue.wait(Duration::from_millis(100)).await).await;
        }
        found.is_some()
    })
    .await;
    found.unwrap()
}

/// Brings one job from its producer to its outcome, however often the queue is away.
async fn whole_life(queue: &dyn Queue, id: &str) {
    let list = queue.reply_list("me");
    persist(async || queue.enqueue(&idempotent("a", id)).await).await;
    let leased = lease(queue).await;
    assert_eq!(leased.lease.job_id, id);
    // `false` says that an earlier try, whose answer was lost, has settled it.
    persist(async || queue.settle(&leased.lease, reply(id, &list)).await).await;
    let outcome = persist(async || queue.await_reply(&list, Duration::from_secs(1)).await).await;
    assert_eq!(outcome.as_deref(), Some(id));
}
