//! Jobs that the queue hands over only to be settled: what they are told, and what is kept of them.

use lode_proto::Tag;
use lode_queue::Unrunnable;

/// How such a job ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) tag: Tag,
    /// What happened, and what can be done.
    pub(crate) debug: String,
    /// Why it is kept in the dead list, if it is.
    pub(crate) dead: Option<String>,
}

/// The end of a job of `app` that was leased to run `attempts` times.
pub(crate) fn of(why: &Unrunnable, app: &str, attempts: u32) -> Refusal {
    match why {
        Unrunnable::WorkerLost => dead(
            "the worker that ran the job was lost, and the job does not say that it is idempotent, \
             so it may have run half-way and was not run again; when running it twice does no \
             harm, send it with \"idempotent\": true"
                .to_owned(),
        ),
        Unrunnable::TooManyAttempts => dead(format!(
            "its worker or child was lost in each of {attempts} attempts; the workers' logs say \
             how, and `lode queue dead requeue` runs it again"
        )),
        Unrunnable::Poison { workers } => dead(format!(
            "{workers} workers were lost while they ran this job, so it is taken for the cause \
             and not run again; the workers' logs say how, and `lode queue dead requeue` runs it \
             again"
        )),
        Unrunnable::Expired => plain(
            Tag::Expired,
            "the job had not started when its deadline passed (deadline_ms); it did not run. Give \
             it more time, or look at what keeps the app waiting: `lode queue stats --app`"
                .to_owned(),
        ),
        Unrunnable::Cancelled => plain(
            Tag::Cancelled,
            "the job was cancelled before it had an outcome; it does not run".to_owned(),
        ),
        Unrunnable::AppQueueFull { max } => plain(
            Tag::QueueFull,
            format!(
                "app {app:?} has {max} live jobs in the queue, which is as many as it may have; \
                 the job did not run. Send it again when some are done, or raise the bound: `lode \
                 app set {app} --queue-max N`"
            ),
        ),
        Unrunnable::QueueFull { max } => plain(
            Tag::QueueFull,
            format!(
                "the queue has {max} live jobs of all apps, which is as many as it may have; the \
                 job did not run. Send it again when some are done, or raise queue.queue_max"
            ),
        ),
        Unrunnable::Duplicate { of } => plain(
            Tag::Duplicate,
            format!(
                "job {of:?} came before with the same id or dedupe key, and its outcome is not \
                 kept any more, or as many callers wait for it as may; this one did not run"
            ),
        ),
    }
}

fn dead(debug: String) -> Refusal {
    Refusal {
        tag: Tag::WorkerLost,
        dead: Some(debug.clone()),
        debug,
    }
}

fn plain(tag: Tag, debug: String) -> Refusal {
    Refusal {
        tag,
        debug,
        dead: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_happened_and_names_the_bound() {
        let duplicate = Unrunnable::Duplicate {
            of: "j1".to_owned(),
        };
        for (why, tag, told, is_dead) in [
            (Unrunnable::WorkerLost, Tag::WorkerLost, "idempotent", true),
            (
                Unrunnable::TooManyAttempts,
                Tag::WorkerLost,
                "3 attempts",
                true,
            ),
            (
                Unrunnable::Poison { workers: 2 },
                Tag::WorkerLost,
                "2 workers",
                true,
            ),
            (Unrunnable::Expired, Tag::Expired, "deadline", false),
            (Unrunnable::Cancelled, Tag::Cancelled, "cancelled", false),
            (
                Unrunnable::AppQueueFull { max: 7 },
                Tag::QueueFull,
                "\"shop\" has 7 ",
                false,
            ),
            (
                Unrunnable::QueueFull { max: 9 },
                Tag::QueueFull,
                "has 9 live jobs",
                false,
            ),
            (duplicate, Tag::Duplicate, "\"j1\"", false),
        ] {
            let refusal = of(&why, "shop", 3);
            assert_eq!(refusal.tag, tag, "{why:?}");
            assert!(refusal.debug.contains(told), "{}", refusal.debug);
            assert_eq!(refusal.dead.is_some(), is_dead, "{why:?}");
        }
    }
}
