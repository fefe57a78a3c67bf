//! The worker's endings: what the shell tells, and how each job's end reaches the queue.

use anyhow::{Result, bail};
use lode_core::JobKey;
use lode_proto::limits::cut;
use lode_proto::{Outcome, Tag};
use lode_queue::{LeaseRef, Settle};

use super::{Back, Running, Server};
use crate::master::clerk::{Clerk, Filed};
use crate::master::shell::Happening;
use crate::master::work::{Ended, Fate};

/// Bytes of a failure's text that go into the log; the outcome has all of it.
const LOGGED_DEBUG_BYTES_MAX: usize = 200;

impl Server {
    pub(super) fn happened(&mut self, happening: Happening) -> Result<()> {
        match happening {
            Happening::Moved => {}
            Happening::Serving { layers, guest } => {
                for state in &layers {
                    let missing = state.missing.as_deref();
                    tracing::info!(layer = %state.layer, on = missing.is_none(), missing, "jail");
                }
                tracing::info!(guest, worker = self.config.worker.name, "serving");
                self.health.serving(layers, guest);
            }
            Happening::Refused { missing } => {
                let list: Vec<String> = missing
                    .iter()
                    .map(|s| format!("{} ({})", s.layer, s.missing.as_deref().unwrap_or("")))
                    .collect();
                bail!(
                    "this host cannot give these jail layers: {}; `lode doctor` says more, and \
                     jail.waive = [\"…\"] serves without them",
                    list.join(", ")
                );
            }
            Happening::Ended { job, ended } => self.ended(job, ended),
            Happening::Drained => self.drained = true,
        }
        Ok(())
    }

    pub(super) fn ended(&mut self, job: JobKey, ended: Ended) {
        let Some(Running {
            lease,
            subject,
            reply_to,
            attempts,
        }) = self.running.remove(&job)
        else {
            return;
        };
        match ended.fate {
            Fate::Settled { .. } => {
                let outcome = subject.settled(ended);
                self.note_if_bad(&outcome);
                self.settle(lease, &outcome, reply_to, None);
            }
            Fate::Retry(cause) if attempts >= self.config.queue.attempts_max => {
                let reason =
                    format!("its child died in each of {attempts} attempts, last: {cause}");
                let outcome = subject.settled(ended);
                self.note_if_bad(&outcome);
                self.settle(lease, &outcome, reply_to, Some(reason));
            }
            Fate::Retry(cause) => {
                tracing::warn!(job = lease.job_id, %cause, "platform failure; the job is tried again");
                self.note_bad(&subject.app, &format!("{cause} in {}", subject.hook));
                self.file(|clerk| async move { clerk.retry(lease).await });
            }
            Fate::Released => self.file(|clerk| async move { clerk.release(lease).await }),
            Fate::Postponed => {
                self.postponed.insert(lease.token.clone());
                self.file(|clerk| async move { clerk.release_later(lease).await });
            }
            Fate::Dropped => {
                self.held.remove(&lease.token);
            }
        }
    }

    /// Tells the breaker of a job that cost this worker a child, or a place for all of its time.
    fn note_if_bad(&mut self, outcome: &Outcome) {
        let bad = matches!(
            outcome.tag,
            Tag::HookTimeout | Tag::HookOutOfMemory | Tag::HookViolation | Tag::ChildCrashed
        );
        if !bad {
            return;
        }
        self.note_bad(
            &outcome.app,
            &format!("{} of {}", outcome.tag, outcome.hook),
        );
    }

    fn note_bad(&mut self, app: &str, reason: &str) {
        let time = self.time();
        if let Some(ban) = self.breaker.bad_job(app, reason, time) {
            let seconds = ban.remaining_us / 1_000_000;
            tracing::warn!(app, reason, seconds, "the app is suspended");
            self.show_health();
        }
    }

    /// Tells the HTTP side which apps are suspended, and whether there is any child.
    pub(super) fn show_health(&mut self) {
        let time = self.time();
        let bans = self.breaker.bans(time);
        self.health
            .suspended(bans.into_iter().map(|(app, _)| app).collect());
        let children = self.shell.stats().children.live();
        self.health.has_children(children > 0);
    }

    pub(super) fn settle(
        &mut self,
        lease: LeaseRef,
        outcome: &Outcome,
        reply_to: Option<String>,
        dead: Option<String>,
    ) {
        tracing::info!(
            job = outcome.id, app = outcome.app, hook = outcome.hook, tag = %outcome.tag,
            run_us = outcome.timings.run_us, total_us = outcome.timings.total_us,
            debug = outcome.error.as_ref().map(|error| cut(&error.debug, LOGGED_DEBUG_BYTES_MAX)),
            "settled"
        );
        let outcome = serde_json::to_string(outcome).expect("an outcome is plain JSON");
        let settle = Settle {
            outcome,
            reply_to,
            dead,
        };
        self.file(|clerk| async move { clerk.settle(lease, settle).await });
    }

    pub(super) fn file<F>(&mut self, work: impl FnOnce(Clerk) -> F)
    where
        F: Future<Output = Filed> + Send + 'static,
    {
        let filed = work(self.clerk.clone());
        self.tasks.spawn(async move { Back::Filed(filed.await) });
    }
}
