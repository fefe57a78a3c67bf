//! [`QueueRunner`]: runs a pipeline's hooks by the workers of a queue.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lode_pipeline::{HookRunner, RunError};
use lode_proto::Outcome;
use lode_proto::job::JobRecord;
use lode_queue::{Queue, QueueError};

use crate::shown::chain;

/// See the file's head. It waits for each outcome on a list of its own.
#[derive(Debug)]
pub(crate) struct QueueRunner {
    queue: Arc<dyn Queue>,
    patience: Duration,
}

impl QueueRunner {
    /// A runner that waits so long for an outcome. A job that has not started by then never does.
    pub(crate) fn new(queue: Arc<dyn Queue>, patience: Duration) -> Self {
        Self { queue, patience }
    }
}

#[async_trait]
impl HookRunner for QueueRunner {
    async fn run(&self, mut job: JobRecord) -> Result<Outcome, RunError> {
        let waited_ms = u64::try_from(self.patience.as_millis()).unwrap_or(u64::MAX);
        // Unique among callers: a process id alone may come back.
        let caller = format!("data-{}-{:016x}", std::process::id(), fastrand::u64(..));
        let list = self.queue.reply_list(&caller);
        job.reply_to = Some(list.clone());
        job.deadline_ms = Some(waited_ms.clamp(1, lode_proto::limits::DELAY_MS_MAX));
        let hook = job.hook.clone().unwrap_or_default();
        let text = serde_json::to_string(&job).expect("a record of texts and numbers serialises");
        let sent = self.queue.enqueue(&text).await;
        sent.map_err(|error| RunError::NotStarted(told(&error, &hook)))?;
        let reply = self.queue.await_reply(&list, self.patience).await;
        match reply.map_err(|error| RunError::OutcomeLost(told(&error, &hook)))? {
            None => Err(RunError::NoOutcome { waited_ms }),
            Some(outcome) => serde_json::from_str(&outcome)
                .map_err(|error| RunError::OutcomeLost(format!("it cannot be read: {error}"))),
        }
    }
}

/// What the client is told of a queue's failure; the log has the rest.
fn told(error: &QueueError, hook: &str) -> String {
    tracing::error!(
        hook,
        error = chain(error),
        "the queue failed a data request"
    );
    "the queue failed".to_owned()
}
