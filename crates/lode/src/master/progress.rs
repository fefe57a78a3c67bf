//! What running jobs say of their progress: the host call `job.progress`, bounded in size and number.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lode_proto::envelope::{self, TaskAnswer, TaskOrigin};
use lode_proto::limits::HOST_CALL_MS_MAX;
use lode_proto::message::CallError;
use lode_queue::{LeaseRef, Progress, Queue, TaskReply};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::cli::complain;
use crate::master::broker::failure;

/// Bytes of one value as JSON: a percentage and a sentence, and then a report of each part.
const VALUE_BYTES_MAX: usize = 64 << 10;
/// Times that one job may say how far it is: one for each percent.
const CALLS_MAX: u32 = 100;

/// Where one job's progress goes.
#[derive(Debug)]
pub(crate) struct JobProgress {
    place: Place,
    calls: AtomicU32,
}

#[derive(Debug)]
enum Place {
    /// Standard error: a developer's own run.
    Shown,
    Kept {
        queue: Arc<dyn Queue>,
        lease: LeaseRef,
        id: String,
        push_to: Option<String>,
        task: Option<Box<TaskOrigin>>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Args {
    value: Box<RawValue>,
}

/// What the job's progress list gets.
#[derive(Serialize)]
struct Pushed<'a> {
    id: &'a str,
    progress: &'a RawValue,
}

impl JobProgress {
    /// For a job without a queue.
    pub(crate) fn shown() -> Self {
        Self {
            place: Place::Shown,
            calls: AtomicU32::new(0),
        }
    }

    /// For a leased job. `id` is the one that its producer knows, `push_to` its progress list.
    pub(crate) fn kept(
        queue: Arc<dyn Queue>,
        lease: LeaseRef,
        id: &str,
        push_to: Option<String>,
        task: Option<Box<TaskOrigin>>,
    ) -> Self {
        Self {
            place: Place::Kept {
                queue,
                lease,
                id: id.to_owned(),
                push_to,
                task,
            },
            calls: AtomicU32::new(0),
        }
    }

    /// Carries out `job.progress`.
    pub(crate) async fn call(&self, args: &RawValue) -> Result<Box<RawValue>, CallError> {
        let Args { value } = serde_json::from_str(args.get())
            .map_err(|error| failure("BadRequest", format!("job.progress: {error}")))?;
        let bytes = value.get().len();
        if bytes > VALUE_BYTES_MAX {
            let text = format!("the progress has {bytes} bytes, allowed are {VALUE_BYTES_MAX}");
            return Err(failure("ProgressTooLarge", text));
        }
        if self.calls.fetch_add(1, Ordering::Relaxed) >= CALLS_MAX {
            let text = format!("a job may say how far it is {CALLS_MAX} times");
            return Err(failure("ProgressTooMany", text));
        }
        match &self.place {
            Place::Shown => complain(&format!("[PROGRESS] {}", value.get())),
            Place::Kept {
                queue,
                lease,
                id,
                push_to,
                task,
            } => {
                let progress = Progress {
                    push: push_to
                        .as_ref()
                        .map(|list| (list.clone(), pushed(id, &value))),
                    task_reply: task
                        .as_ref()
                        .and_then(|task| envelope::progress(&value, task))
                        .map(task_reply),
                    value: String::from(Box::<str>::from(value)),
                };
                keep(queue.as_ref(), lease, progress).await?;
            }
        }
        Ok(lode_proto::outcome::raw_null())
    }
}

fn pushed(id: &str, progress: &RawValue) -> String {
    let pushed = Pushed { id, progress };
    serde_json::to_string(&pushed).expect("a text and a JSON value serialise")
}

async fn keep(queue: &dyn Queue, lease: &LeaseRef, progress: Progress) -> Result<(), CallError> {
    let limit = Duration::from_millis(HOST_CALL_MS_MAX);
    let why = match tokio::time::timeout(limit, queue.progress(lease, progress)).await {
        Ok(Ok(true)) => return Ok(()),
        Ok(Ok(false)) => "another worker has the job now".to_owned(),
        Ok(Err(error)) => {
            // In the log, not in the hook: it may name the queue's address.
            tracing::warn!(job = lease.job_id, %error, "a job's progress could not be kept");
            "the queue does not take it now".to_owned()
        }
        Err(_) => format!("the queue did not answer within {HOST_CALL_MS_MAX} ms"),
    };
    Err(failure("ProgressNotKept", why))
}

/// An answer to npm `background-task` as the queue takes it.
pub(crate) fn task_reply(answer: TaskAnswer) -> TaskReply {
    let TaskAnswer {
        hash,
        field,
        value,
        channel,
        message,
    } = answer;
    TaskReply {
        hash: hash.to_owned(),
        field,
        value,
        channel,
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn say(progress: &JobProgress, args: &str) -> Result<String, String> {
        let args = RawValue::from_string(args.to_owned()).unwrap();
        let said = progress.call(&args).await;
        said.map(|value| value.get().to_owned())
            .map_err(|error| error.code)
    }

    #[tokio::test]
    async fn progress_is_bounded_in_size_and_number() {
        let progress = JobProgress::shown();
        let fits = format!(r#"{{"value":"{}"}}"#, "x".repeat(VALUE_BYTES_MAX - 2));
        let too_large = fits.replacen('x', "xx", 1);
        assert_eq!(
            say(&progress, &too_large).await.unwrap_err(),
            "ProgressTooLarge"
        );
        assert_eq!(
            say(&progress, r#"{"v":1}"#).await.unwrap_err(),
            "BadRequest"
        );
        for _ in 0..CALLS_MAX {
            assert_eq!(
                say(&progress, r#"{"value":{"done":1}}"#).await.unwrap(),
                "null"
            );
        }
        assert_eq!(say(&progress, &fits).await.unwrap_err(), "ProgressTooMany");
    }

    #[test]
    fn the_progress_list_gets_the_id_and_the_value_as_it_is() {
        let value = RawValue::from_string(r#"{"done": 1.0}"#.to_owned()).unwrap();
        assert_eq!(
            pushed("a\"b", &value),
            r#"{"id":"a\"b","progress":{"done": 1.0}}"#
        );
    }
}
