//! Whether the queue answers: said once when it stops to, once when it does again, and shown on
//! `/readyz` in between.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lode_queue::QueueError;

use crate::master::clock::now;
use crate::shown::chain;

/// What the last answers of the queue were; shared by all who ask it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach(Arc<Mutex<Option<Outage>>>);

/// The queue does not answer.
#[derive(Debug, Clone)]
struct Outage {
    since: Instant,
    /// What was asked first, and what came of it.
    why: String,
}

impl Reach {
    /// Takes in how a step went.
    pub(crate) fn see<T>(&self, what: &'static str, result: &Result<T, QueueError>) {
        match result {
            Ok(_) => {
                if let Some(after) = self.answered(now()) {
                    let after = humantime::format_duration(whole_seconds(after));
                    tracing::info!(after = %after, "the queue answers again");
                }
            }
            Err(error) => {
                let error = chain(error);
                if self.failed(now(), format!("{what}: {error}")) {
                    tracing::warn!(
                        what,
                        error,
                        "the queue does not answer; waiting for it, nothing is lost meanwhile"
                    );
                }
            }
        }
    }

    /// True if the queue had answered before.
    fn failed(&self, now: Instant, why: String) -> bool {
        let mut outage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = outage.is_none();
        outage.get_or_insert(Outage { since: now, why });
        is_new
    }

    /// How long the queue had not answered, if it had not.
    fn answered(&self, now: Instant) -> Option<Duration> {
        let mut outage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        outage.take().map(|outage| now - outage.since)
    }

    /// What to show of an outage that is under way.
    pub(crate) fn outage(&self) -> Option<String> {
        let outage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Outage { since, why } = outage.as_ref()?;
        let time = humantime::format_duration(whole_seconds(now() - *since));
        Some(format!("the queue does not answer, for {time}: {why}"))
    }
}

fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_once_and_its_end_once() {
        let reach = Reach::default();
        let start = now();
        assert_eq!(reach.answered(start), None);
        assert!(reach.failed(start, "lease: refused".to_owned()));
        let second = start + Duration::from_secs(1);
        assert!(!reach.failed(second, "settle: refused".to_owned()));
        let told = reach.outage().unwrap();
        assert!(told.ends_with(": lease: refused"), "{told}");
        let end = start + Duration::from_secs(20);
        assert_eq!(reach.answered(end), Some(Duration::from_secs(20)));
        assert_eq!((reach.answered(end), reach.outage()), (None, None));
    }
}
