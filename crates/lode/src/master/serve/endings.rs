//! The worker's endings: what the shell tells, and how each job's end reaches the queue.

use std::time::Duration;

use anyhow::{Result, bail};
use lode_core::JobKey;
use lode_proto::limits::cut;
use lode_proto::{Outcome, Tag, envelope};
use lode_queue::{Ban, LeaseRef, Settle};

use super::{Back, CROWDED, Running, Server};
use crate::master::clerk::{self, Clerk, Filed};
use crate::master::clock::now;
use crate::master::intake::Recipient;
use crate::master::progress::task_reply;
use crate::master::shell::Happening;
use crate::master::work::{Ended, Fate};

/// Bytes of a failure's text that go into the log; the outcome has all of it.
const LOGGED_DEBUG_BYTES_MAX: usize = 200;

/// Bytes of what a bad job did in the reason of a ban, which has 300 in all.
const REASON_BYTES_MAX: usize = 200;

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
            recipient,
            attempts,
        }) = self.running.remove(&job)
        else {
            return;
        };
        if !matches!(ended.fate, Fate::Postponed) {
            // A place of this app's has become free, or may have.
            self.crowded.remove(&subject.app);
        }
        match ended.fate {
            Fate::Settled { .. } => {
                let outcome = subject.settled(ended);
                self.settle(lease, &outcome, recipient, None);
            }
            Fate::Retry(cause) if attempts >= self.config.queue.attempts_max => {
                let reason =
                    format!("its child died in each of {attempts} attempts, last: {cause}");
                let outcome = subject.settled(ended);
                self.settle(lease, &outcome, recipient, Some(reason));
            }
            Fate::Retry(cause) => {
                let first = Duration::from_millis(self.config.queue.retry_backoff_ms);
                let delay = clerk::backoff(first, attempts, fastrand::f64());
                let delay_ms = delay.as_millis();
                tracing::warn!(
                    job = lease.job_id, %cause, delay_ms, "platform failure; the job is tried again"
                );
                let reason = format!("{cause} in {}", subject.hook);
                self.note_bad(subject.app, reason, None);
                self.file(move |clerk| async move { clerk.retry(lease, delay).await });
            }
            Fate::Released => self.file(|clerk| async move { clerk.release(lease).await }),
            Fate::Postponed => {
                self.postponed.insert(lease.token.clone());
                self.crowded.insert(subject.app, now() + CROWDED);
                self.file(|clerk| async move { clerk.release_later(lease).await });
            }
            Fate::Dropped => {
                self.held.remove(&lease.token);
            }
        }
    }

    /// Tells the breaker of a job that cost a worker a child, or a place for all of its time; what
    /// is to be settled waits until the breaker's answer is known here, so that whoever has the
    /// outcome sees the ban.
    fn note_bad(&mut self, app: String, reason: String, then: Option<(LeaseRef, Settle)>) {
        let reason = cut(&reason, REASON_BYTES_MAX);
        let reason = format!("too many bad jobs in a short time, the last one {reason}");
        let clerk = self.clerk.clone();
        self.tasks.spawn(async move {
            let ban = clerk.bad_job(&app, &reason).await;
            Back::Noted { ban, then }
        });
    }

    /// The breaker has taken note.
    pub(super) fn noted(&mut self, ban: Option<Ban>, then: Option<(LeaseRef, Settle)>) {
        if let Some(ban) = ban {
            let seconds = ban.remaining.as_secs();
            tracing::warn!(
                app = ban.app,
                reason = ban.reason,
                seconds,
                "the app is suspended"
            );
            self.bans.add(ban, now());
            self.show_health();
        }
        if let Some((lease, settle)) = then {
            self.file(|clerk| async move { clerk.settle(lease, settle).await });
        }
    }

    /// Tells the HTTP side which apps are suspended, and whether there is any child.
    pub(super) fn show_health(&mut self) {
        self.health.suspended(self.bans.apps(now()));
        let children = self.shell.stats().children.live();
        self.health.has_children(children > 0);
    }

    pub(super) fn settle(
        &mut self,
        lease: LeaseRef,
        outcome: &Outcome,
        recipient: Recipient,
        dead: Option<String>,
    ) {
        tracing::info!(
            job = outcome.id, app = outcome.app, hook = outcome.hook, tag = %outcome.tag,
            run_us = outcome.timings.run_us, total_us = outcome.timings.total_us,
            debug = outcome.error.as_ref().map(|error| cut(&error.debug, LOGGED_DEBUG_BYTES_MAX)),
            "settled"
        );
        let Recipient { reply_to, task } = recipient;
        let is_background = task.as_ref().is_some_and(|task| task.background.is_some());
        let settle = Settle {
            outcome: serde_json::to_string(outcome).expect("an outcome is plain JSON"),
            reply_to,
            dead,
            task_reply: task
                .and_then(|task| envelope::answer(outcome, &task))
                .map(task_reply),
        };
        let is_bad = matches!(
            outcome.tag,
            Tag::HookTimeout | Tag::HookOutOfMemory | Tag::HookViolation | Tag::ChildCrashed
        );
        if is_bad {
            let reason = format!("{} of {}", outcome.tag, outcome.hook);
            if is_background {
                self.nbt.report_bad(&outcome.app, &reason);
            }
            return self.note_bad(outcome.app.clone(), reason, Some((lease, settle)));
        }
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
