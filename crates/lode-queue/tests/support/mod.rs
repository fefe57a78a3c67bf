//! `Bench`: one queue under test, whichever implementation it is, and the waits of the suite.

pub(crate) mod cluster;
pub(crate) mod process;
mod server;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use lode_queue::{LeaseRef, Leased, Queue, QueueOptions, Settle, Tended, open};
use redis::aio::MultiplexedConnection;
use tempfile::TempDir;

pub(crate) use server::RedisServer;

use cluster::Cluster;

/// The worker's name in all cases that do not care: a handle is one worker.
pub(crate) const WORKER: &str = "tester";
/// So long that a wait which ends by it is a failure of the test's deadline.
pub(crate) const LONG: Duration = Duration::from_secs(600);
/// One hour, as job fields and rates have it: nothing that waits for it comes in a test.
pub(crate) const HOUR_MS: u64 = 3_600_000;
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
    cluster: Option<Cluster>,
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

    /// A queue on the Valkey of `LODE_TEST_VALKEY`, or on a private one, of the program that this
    /// names or of the `valkey-server` of PATH. `None`, with a word in the output, without all of
    /// them.
    #[expect(clippy::print_stderr, reason = "a test that tests nothing must say so")]
    pub(crate) fn valkey() -> Option<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "tests have no config.rs to read it in"
        )]
        let named = std::env::var("LODE_TEST_VALKEY").ok();
        if let Some(url) = named.as_ref().filter(|named| named.contains("://")) {
            return Some(Self::on_redis(url.clone(), None, TempDir::new().unwrap()));
        }
        let program = named.clone().unwrap_or_else(|| "valkey-server".to_owned());
        let works = std::process::Command::new(&program)
            .arg("--version")
            .output();
        if works.is_err() {
            assert!(named.is_none(), "LODE_TEST_VALKEY={program} does not run");
            eprintln!(
                "NOT TESTED ON VALKEY: no valkey-server in PATH (Debian: the package \
                 valkey-server of bookworm-backports or newer), and LODE_TEST_VALKEY names none"
            );
            return None;
        }
        let dir = TempDir::new().unwrap();
        let server = RedisServer::start_program(program.as_ref(), dir.path(), &[]);
        Some(Self::on_redis(server.url.clone(), Some(server), dir))
    }

    /// A queue on the cluster of `LODE_TEST_REDIS_CLUSTER`, or else on a private one.
    pub(crate) async fn cluster() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "tests have no config.rs to read it in"
        )]
        match std::env::var("LODE_TEST_REDIS_CLUSTER") {
            Ok(url) => Self::on_redis(url, None, TempDir::new().unwrap()),
            Err(_) => {
                let cluster = Cluster::start().await;
                let mut bench = Self::on_redis(cluster.url(), None, TempDir::new().unwrap());
                bench.cluster = Some(cluster);
                bench
            }
        }
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
            cluster: None,
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
            cluster: None,
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
            lease: Duration::from_millis(100),
            ..Default::default()
        })
        .await
    }

    /// A plain connection to the server, as a producer has it.
    pub(crate) async fn raw(&self) -> MultiplexedConnection {
        let url = self.redis_url.clone().expect("this test is for Redis");
        if url.starts_with("redis+cluster://") {
            return cluster::raw(&url, &self.key("in")).await;
        }
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
        ..Default::default()
    }
}

/// A job of `app` with this id and more fields, such as `"delay_ms":5`.
pub(crate) fn job_with(app: &str, id: &str, fields: &str) -> String {
    format!(r#"{{"app":"{app}","id":"{id}",{fields}}}"#)
}

/// No cap of its own for any app.
pub(crate) fn uncapped() -> QueueOptions {
    QueueOptions {
        default_app_cap: -1,
        ..Default::default()
    }
}

/// Enqueues jobs `app-0`, `app-1`, … of an app.
pub(crate) async fn enqueue_jobs(queue: &dyn Queue, app: &str, count: usize) {
    let jobs: Vec<String> = (0..count)
        .map(|n| job(app, &format!("{app}-{n}")))
        .collect();
    queue.enqueue_many(&jobs).await.unwrap();
}

/// Takes up to `max` jobs, of any app.
pub(crate) async fn lease(queue: &dyn Queue, max: usize) -> Vec<Leased> {
    queue.lease(WORKER, max, &[]).await.unwrap()
}

/// The ids of leased jobs.
pub(crate) fn ids(jobs: &[Leased]) -> Vec<&str> {
    jobs.iter().map(|job| job.lease.job_id.as_str()).collect()
}

/// Tends until nothing more is to be done: the last answer, with all unrunnable jobs that came.
pub(crate) async fn tend(queue: &dyn Queue) -> Tended {
    within("the queue is tended", async {
        let mut unrunnable = Vec::new();
        loop {
            let mut tended = queue.tend(WORKER).await.unwrap();
            unrunnable.append(&mut tended.unrunnable);
            if !tended.more && queue.stats().await.unwrap().inbox == 0 {
                tended.unrunnable = unrunnable;
                return tended;
            }
        }
    })
    .await
}

/// Tends until one job comes that only waits to be settled.
pub(crate) async fn unrunnable(queue: &dyn Queue) -> Leased {
    within("an unrunnable job comes", async {
        loop {
            let mut jobs = tend(queue).await.unrunnable;
            assert!(jobs.len() <= 1, "more than one: {jobs:?}");
            if let Some(job) = jobs.pop() {
                return job;
            }
            pause(queue).await;
        }
    })
    .await
}

/// Lets a few milliseconds pass, or as long as until something can be leased.
pub(crate) async fn pause(queue: &dyn Queue) {
    queue.wait(Duration::from_millis(20)).await.unwrap();
    tokio::task::yield_now().await;
}

/// Settles a job with the outcome `1`.
pub(crate) async fn finish(queue: &dyn Queue, leased: &Leased) {
    assert!(queue.settle(&leased.lease, outcome("1")).await.unwrap());
}

/// Leases until one job comes, waiting in between as a worker does. The caller knows that no
/// unrunnable job can come beside it.
pub(crate) async fn lease_one(queue: &dyn Queue) -> Leased {
    within("a job comes", async {
        loop {
            let mut jobs = lease(queue, 1).await;
            assert!(jobs.len() <= 1, "more than one: {jobs:?}");
            if let Some(job) = jobs.pop() {
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

/// Runs one job of app `a` and this id into the dead list.
pub(crate) async fn bury(queue: &dyn Queue, id: &str) {
    bury_of(queue, "a", id).await;
}

/// Runs one job into the dead list.
pub(crate) async fn bury_of(queue: &dyn Queue, app: &str, id: &str) {
    queue.enqueue(&job(app, id)).await.unwrap();
    let leased = lease_one(queue).await;
    let settle = Settle {
        dead: Some("test".to_owned()),
        ..outcome("1")
    };
    assert!(queue.settle(&leased.lease, settle).await.unwrap());
}
