//! `open`: from a URL to a queue.

use std::sync::Arc;
use std::time::Duration;

use crate::address::{Address, Place};
use crate::error::QueueError;
use crate::queue::Queue;
use crate::redis::RedisQueue;
use crate::sqlite::SqliteQueue;

/// How this handle treats its queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueOptions {
    /// How long a lease holds without being extended. Default 15 s.
    pub lease: Duration,
    /// Jobs of one app under lease at one time, unless `set_caps` says otherwise; -1 is no cap.
    /// Default 5, Kinvey's.
    pub default_app_cap: i64,
    /// How often a job is leased before it is given up. Default 3.
    pub max_attempts: u32,
    /// How long an outcome waits for its reader. Default 1 h.
    pub reply_ttl: Duration,
    /// How long the outcome of a job that named its id is kept for `result` and for a second
    /// enqueue of that id; zero keeps none. Default 2 min.
    pub result_ttl: Duration,
    /// A worker that has not tended the queue for so long is lost: its leases are taken back.
    /// Default 3 s.
    pub worker_timeout: Duration,
    /// Workers that may be lost while they hold one (idempotent) job before it is quarantined as
    /// poison. Default 2.
    pub poison_losses: u32,
    /// Live jobs that one app may have, unless its quota says otherwise; -1 is no bound.
    /// Default 100,000.
    pub app_queue_max: i64,
    /// Live jobs of all apps; -1 is no bound. Default 1,000,000.
    pub queue_max: i64,
    /// Bad jobs of one app within `breaker_window` that are forgiven; one more suspends the app.
    /// At most 1,000; 0 suspends nobody. Default 10, Kinvey's.
    pub breaker_bad_jobs: u32,
    /// Default 1 s, Kinvey's.
    pub breaker_window: Duration,
    /// How long the breaker suspends an app. Default 3,600 s, Kinvey's.
    pub breaker_ban: Duration,
    /// How long connecting to one server may take. Default 2 s.
    pub connect_timeout: Duration,
}

impl Default for QueueOptions {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            default_app_cap: 5,
            max_attempts: 3,
            reply_ttl: Duration::from_secs(3_600),
            result_ttl: Duration::from_secs(120),
            worker_timeout: Duration::from_secs(3),
            poison_losses: 2,
            app_queue_max: 100_000,
            queue_max: 1_000_000,
            breaker_bad_jobs: 10,
            breaker_window: Duration::from_secs(1),
            breaker_ban: Duration::from_secs(3_600),
            connect_timeout: Duration::from_secs(2),
        }
    }
}

/// Opens the queue at `url`: reaches it and checks that it can serve.
pub async fn open(url: &str, options: QueueOptions) -> Result<Arc<dyn Queue>, QueueError> {
    let address = Address::parse(url)?;
    match address.place {
        Place::Redis(place) => Ok(Arc::new(
            RedisQueue::open_at(&place, address.queue, options).await?,
        )),
        Place::Sqlite(path) => Ok(Arc::new(
            SqliteQueue::open(path, address.queue, options).await?,
        )),
    }
}
