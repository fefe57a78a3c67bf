//! `Bench`: one queue under test, whichever implementation it is, and the waits of the suite.

mod server;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use lode_queue::{LeaseRef, Leased, Queue, QueueOptions, Settle, open};
use redis::aio::MultiplexedConnection;
use tempfile::TempDir;

pub(crate) use server::RedisServer;

/// Far above anything that works, so that only what never happens fails.
const DEADLINE: Duration = Duration::from_secs(20);

/// A place for one queue, gone after the test.
#[derive(Debug)]
pub(crate) struct Bench {
    url: String,
    pub(crate) name: String,
    /// The server behind the queue; empty for SQLite.
    pub(crate) redis_url: Option<String>,
    _server: Option<RedisServer>,
    pub(crate) dir: TempDir,
}

impl Bench {
    /// A queue on the Redis of `LODE_TEST_REDIS`, or else on a private one.
    pub(crate) fn redis() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "tests have no config.rs to read it in"
        )]
        match std::env::var("LODE_TEST_REDIS") {
            Ok(url) => Self::on_redis(url, None, TempDir::new().unwrap()),
            Err(_) => Self::private_redis(&[]),
        }
    }

    /// A queue on a server of its own, for tests that would disturb others.
    pub(crate) fn private_redis(extra: &[&str]) -> Self {
        let dir = TempDir::new().unwrap();
        let server = RedisServer::start(dir.path(), extra);
        Self::on_redis(server.url.clone(), Some(server), dir)
    }

    /// A queue in a new SQLite file.
    pub(crate) fn sqlite() -> Self {
        let dir = TempDir::new().unwrap();
        let url = format!("sqlite:{}", dir.path().join("queue.db").display());
        Self {
            url,
            name: "default".to_owned(),
            redis_url: None,
            _server: None,
            dir,
        }
    }

    fn on_redis(redis_url: String, server: Option<RedisServer>, dir: TempDir) -> Self {
        // The directory's random name is unique on a shared server, too.
        let unique = dir.path().file_name().unwrap().to_string_lossy();
        let name: String = unique
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let joint = if redis_url.contains('?') { '&' } else { '?' };
        let url = format!("{redis_url}{joint}queue={name}");
        Self {
            url,
            name,
            redis_url: Some(redis_url),
            _server: server,
            dir,
        }
    }

    /// A new handle with the default options.
    pub(crate) async fn open(&self) -> Arc<dyn Queue> {
        self.open_with(QueueOptions::default()).await
    }

    /// A new handle.
    pub(crate) async fn open_with(&self, options: QueueOptions) -> Arc<dyn Queue> {
        open(&self.url, options).await.unwrap()
    }

    /// A handle whose leases expire at once.
    pub(crate) async fn open_hasty(&self) -> Arc<dyn Queue> {
        self.open_with(QueueOptions {
            lease: Duration::from_millis(50),
            ..Default::default()
        })
        .await
    }

    /// A plain connection to the server, as a producer has it.
    pub(crate) async fn raw(&self) -> MultiplexedConnection {
        let url = self.redis_url.clone().expect("this test is for Redis");
        redis::Client::open(url)
            .unwrap()
            .get_multiplexed_async_connection()
            .await
            .unwrap()
    }

    /// A key of the queue.
    pub(crate) fn key(&self, short: &str) -> String {
        format!("lode:{{{}}}:{short}", self.name)
    }
}

/// A job of `app` with this id.
pub(crate) fn job(app: &str, id: &str) -> String {
    format!(r#"{{"app":"{app}","id":"{id}"}}"#)
}

/// The same, idempotent.
pub(crate) fn idempotent(app: &str, id: &str) -> String {
    format!(r#"{{"app":"{app}","id":"{id}","idempotent":true}}"#)
}

/// A settle with this outcome and nothing else.
pub(crate) fn outcome(text: &str) -> Settle {
    Settle {
        outcome: text.to_owned(),
        ..Default::default()
    }
}

/// A settle with a reply.
pub(crate) fn reply(text: &str, list: &str) -> Settle {
    Settle {
        outcome: text.to_owned(),
        reply_to: Some(list.to_owned()),
        dead: None,
    }
}

/// Leases until one job comes, waiting in between as a worker does.
pub(crate) async fn lease_one(queue: &dyn Queue) -> Leased {
    within("a job comes", async {
        loop {
            if let Some(job) = queue.lease("tester", 1).await.unwrap().pop() {
                return job;
            }
            queue.wait(Duration::from_millis(200)).await.unwrap();
        }
    })
    .await
}

/// Leases until `count` jobs are in hand; their ids in the order they came.
pub(crate) async fn lease_ids(queue: &dyn Queue, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    while ids.len() < count {
        ids.push(lease_one(queue).await.lease.job_id);
    }
    ids
}

/// Runs a future that must end.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("not within {DEADLINE:?}: {what}"),
    }
}

/// The references of leased jobs.
pub(crate) fn refs(jobs: &[Leased]) -> Vec<LeaseRef> {
    jobs.iter().map(|job| job.lease.clone()).collect()
}

/// The next outcome on a list; `None` when the list is empty.
pub(crate) async fn next_reply(queue: &dyn Queue, list: &str) -> Option<String> {
    queue
        .await_reply(list, Duration::from_millis(1))
        .await
        .unwrap()
}

/// Runs one job of this id into the dead list.
pub(crate) async fn bury(queue: &dyn Queue, id: &str) {
    queue.enqueue(&job("a", id)).await.unwrap();
    let leased = lease_one(queue).await;
    let settle = Settle {
        dead: Some("test".to_owned()),
        ..outcome("1")
    };
    assert!(queue.settle(&leased.lease, settle).await.unwrap());
}
