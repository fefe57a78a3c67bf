//! What the benchmark asks of the queue beside enqueue and settle.

use anyhow::Result;
use lode_queue::{Leased, Queue, QueueOptions};

/// Options under which nothing but the work itself holds jobs back.
pub(crate) fn options() -> QueueOptions {
    QueueOptions {
        default_app_cap: -1,
        app_queue_max: -1,
        queue_max: -1,
        ..QueueOptions::default()
    }
}

/// Takes in all that is in the inbox, and leases nothing.
pub(crate) async fn admit_all(queue: &dyn Queue) -> Result<()> {
    while queue.stats().await?.inbox > 0 {
        queue.tend("bench").await?;
    }
    Ok(())
}

/// Leases `count` jobs, at most `batch` with one call.
pub(crate) async fn lease(queue: &dyn Queue, count: usize, batch: usize) -> Result<Vec<Leased>> {
    let mut jobs = Vec::with_capacity(count);
    while jobs.len() < count {
        let max = batch.min(count - jobs.len());
        jobs.extend(queue.lease("bench", max, &[]).await?);
    }
    Ok(jobs)
}
