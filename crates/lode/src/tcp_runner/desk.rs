//! `Desk`: makes jobs of tasks, and brings their outcomes back to the connections.
//!
//! All connections of a worker share one reply list; the job's id says whose an outcome is.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lode_proto::envelope::{TaskOrigin, reply};
use lode_proto::{JobLimits, Outcome, Tag};
use lode_queue::{Cancelled, JobState, Queue, QueueError};
use tokio::sync::{Notify, OwnedSemaphorePermit, mpsc};

use crate::outcome::Subject;
use crate::shown::chain;

/// How long one look at the reply list takes.
const LOOK: Duration = Duration::from_secs(2);
/// How often a task is tried to be enqueued, and the pauses between: the first, and the longest.
const TRIES: u32 = 5;
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// A line for a client, and the place among its connection's open tasks that it frees when written.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) text: String,
    pub(super) place: OwnedSemaphorePermit,
}

/// Where the reply to one line goes.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) replies: mpsc::UnboundedSender<Reply>,
    pub(super) place: OwnedSemaphorePermit,
}

impl Caller {
    /// Sends one line. A connection that has ended needs none.
    pub(super) fn tell(self, text: String) {
        let place = self.place;
        let _ = self.replies.send(Reply { text, place });
    }
}

/// A task on its way.
#[derive(Debug)]
struct Ticket {
    caller: Caller,
    task_id: String,
    app: Option<String>,
}

/// See the file's head.
#[derive(Debug)]
pub(super) struct Desk {
    queue: Arc<dyn Queue>,
    worker: String,
    /// Unlike that of any other worker, or of this one's last life.
    nonce: String,
    list: String,
    count: AtomicU64,
    tickets: Mutex<HashMap<String, Ticket>>,
    /// A ticket has come.
    came: Notify,
}

impl Desk {
    pub(super) fn new(queue: Arc<dyn Queue>, worker: String) -> Self {
        let nonce = format!("tcp-{:016x}", fastrand::u64(..));
        Self {
            list: queue.reply_list(&nonce),
            queue,
            worker,
            nonce,
            count: AtomicU64::new(0),
            tickets: Mutex::default(),
            came: Notify::new(),
        }
    }

    fn tickets(&self) -> MutexGuard<'_, HashMap<String, Ticket>> {
        // Whoever panics leaves a whole map behind.
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a job of a task, whose reply goes to `caller`. `line` is the task's JSON.
    pub(super) async fn submit(
        &self,
        line: &str,
        task_id: Option<String>,
        app: Option<String>,
        caller: Caller,
    ) {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let id = format!("{}-{number}", self.nonce);
        let job = job_text(&id, app.as_deref(), &self.list, line);
        let ticket = Ticket {
            caller,
            task_id: task_id.unwrap_or_else(|| id.clone()),
            app,
        };
        // Before the job, whose outcome may be quick.
        self.tickets().insert(id.clone(), ticket);
        self.came.notify_one();
        if let Err(error) = self.enqueue(&job).await {
            // A try whose answer was lost may have put the job in the queue.
            let whether = match error.is_transient() {
                true => "it is not known whether the task was taken and will run",
                false => "the queue did not take the task",
            };
            let debug = format!("{whether}: {}", chain(&error));
            tracing::error!(job = id, error = chain(&error), "task not enqueued");
            self.fail(&id, Tag::WorkerLost, debug);
        }
    }

    /// Tries again while the queue does not answer: the job names its id, so that a try whose
    /// answer alone was lost does no harm.
    async fn enqueue(&self, job: &str) -> Result<(), QueueError> {
        let mut pause = PAUSE_MIN;
        let mut tries = 1;
        loop {
            match self.queue.enqueue(job).await {
                Ok(_) => return Ok(()),
                Err(error) if !error.is_transient() || tries == TRIES => return Err(error),
                Err(error) => {
                    tracing::warn!(error = chain(&error), "tcp runner: waiting for the queue");
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
            tries += 1;
        }
    }

    /// Brings outcomes to their callers, for ever.
    pub(super) async fn deliver(&self) {
        let mut pause = PAUSE_MIN;
        let mut failed = false;
        loop {
            if self.tickets().is_empty() {
                self.came.notified().await;
                continue;
            }
            let look = self.look(failed).await;
            failed = look.is_err();
            match look {
                Ok(()) => pause = PAUSE_MIN,
                Err(error) => {
                    tracing::warn!(error = chain(&error), "tcp runner: waiting for the queue");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    /// One look at the reply list. After a failed one, whose answer may have been an outcome that
    /// is on the list no more, at the kept results as well.
    async fn look(&self, failed: bool) -> Result<(), QueueError> {
        if failed {
            for (id, app) in self.open() {
                let kept = match app {
                    Some(app) => self.queue.result(&app, &id).await?,
                    None => None,
                };
                if let Some(text) = kept {
                    self.bring(&text);
                }
            }
        }
        if let Some(text) = self.queue.await_reply(&self.list, LOOK).await? {
            self.bring(&text);
        }
        Ok(())
    }

    /// Id and app of each task on its way.
    fn open(&self) -> Vec<(String, Option<String>)> {
        self.tickets()
            .iter()
            .map(|(id, ticket)| (id.clone(), ticket.app.clone()))
            .collect()
    }

    fn bring(&self, text: &str) {
        let outcome: Outcome = match serde_json::from_str(text) {
            Ok(outcome) => outcome,
            Err(error) => return tracing::error!(%error, "tcp runner: no outcome"),
        };
        // None: its connection has ended, or it was given up.
        if let Some(ticket) = self.tickets().remove(&outcome.id) {
            ticket.end(&outcome);
        }
    }

    /// Ends a task here, with an outcome of our own.
    fn fail(&self, id: &str, tag: Tag, debug: String) {
        if let Some(ticket) = self.tickets().remove(id) {
            let app = ticket.app.clone().unwrap_or_default();
            ticket.end(&self.not_run(id, app, tag, debug));
        }
    }

    fn not_run(&self, id: &str, app: String, tag: Tag, debug: String) -> Outcome {
        let subject = Subject {
            id: id.to_owned(),
            app,
            hook: String::new(),
            request: None,
            limits: JobLimits::default(),
            queued: Duration::ZERO,
            worker: self.worker.clone(),
        };
        subject.not_run(tag, debug)
    }

    /// The reply to a line that is no task.
    pub(super) fn refusal(&self, reason: String) -> String {
        let outcome = self.not_run("", String::new(), Tag::BadJob, reason);
        reply(&outcome, &origin(String::new()))
    }

    /// Forgets the tasks of connections that have ended; their outcomes find nobody.
    pub(super) fn forget_ended(&self) {
        self.tickets()
            .retain(|_, ticket| !ticket.caller.replies.is_closed());
    }

    /// Takes back from the queue what has not started, and says so. What runs is waited for, except
    /// for a job that starts just as it is looked at: that one is killed, and its outcome says so.
    pub(super) async fn withdraw(&self) {
        for (id, app) in self.open() {
            match self.cancel_unstarted(&id, app.as_deref()).await {
                Ok(true) => {
                    let debug = "the worker is shutting down; the task was not started".to_owned();
                    self.fail(&id, Tag::Cancelled, debug);
                }
                Ok(false) => {}
                Err(error) => {
                    let error = chain(&error);
                    tracing::warn!(job = id, error, "tcp runner: a task could not be withdrawn");
                }
            }
        }
    }

    async fn cancel_unstarted(&self, id: &str, app: Option<&str>) -> Result<bool, QueueError> {
        let state = self.queue.inspect(id).await?.map(|job| job.state);
        match state {
            Some(JobState::Leased | JobState::Unrunnable) => Ok(false),
            // None: in the inbox still, or settled, which `cancel` tells apart.
            Some(JobState::Queued | JobState::Delayed) | None => {
                Ok(self.queue.cancel(id, app).await? == Cancelled::Queued)
            }
        }
    }
}

impl Ticket {
    fn end(self, outcome: &Outcome) {
        self.caller.tell(reply(outcome, &origin(self.task_id)));
    }
}

fn origin(task_id: String) -> TaskOrigin {
    TaskOrigin {
        task_id,
        background: None,
    }
}

/// The job's text. The task goes in as it came: its bytes are nobody's to change.
fn job_text(id: &str, app: Option<&str>, list: &str, line: &str) -> String {
    let text = |value: &str| serde_json::Value::from(value).to_string();
    let app = app.map_or_else(String::new, |app| format!(r#","app":{}"#, text(app)));
    let (id, list) = (text(id), text(list));
    format!(r#"{{"id":{id}{app},"reply_to":{list},"task":{line}}}"#)
}

#[cfg(test)]
mod tests {
    use super::job_text;

    #[test]
    fn a_job_holds_its_task_unchanged() {
        assert_eq!(
            job_text("i", Some("a\"b"), "lode:{q}:reply:x", r#"{"n": 1.0}"#),
            r#"{"id":"i","app":"a\"b","reply_to":"lode:{q}:reply:x","task":{"n": 1.0}}"#
        );
        assert_eq!(
            job_text("i", None, "l", "{}"),
            r#"{"id":"i","reply_to":"l","task":{}}"#
        );
    }
}
