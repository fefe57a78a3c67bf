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
    /// How long connecting may take. Default 2 s.
    pub connect_timeout: Duration,
}

impl Default for QueueOptions {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            default_app_cap: 5,
            max_attempts: 3,
            reply_ttl: Duration::from_secs(3_600),
            connect_timeout: Duration::from_secs(2),
        }
    }
}

/// Opens the queue at `url`: reaches it and checks that it can serve.
pub async fn open(url: &str, options: QueueOptions) -> Result<Arc<dyn Queue>, QueueError> {
    let address = Address::parse(url)?;
    match address.place {
        Place::Redis(url) => Ok(Arc::new(
            RedisQueue::open_url(&url, address.queue, options).await?,
        )),
        Place::RedisSocket(path) => Ok(Arc::new(
            RedisQueue::open_socket(path, address.queue, options).await?,
        )),
        Place::Sqlite(path) => Ok(Arc::new(
            SqliteQueue::open(path, address.queue, options).await?,
        )),
    }
}
