//! Outcomes: a job's end in the pool, or the reason why it was never run, as the wire's record.

use std::collections::BTreeMap;
use std::time::Duration;

use lode_core::{Breach, Verdict};
use lode_proto::limits::HEAP_SLACK_BYTES;
use lode_proto::message::Done;
use lode_proto::outcome::raw_null;
use lode_proto::{ErrorInfo, ExitCause, HookResponse, JobLimits, Outcome, Tag, Timings, Usage};
use lode_queue::Ban;
use serde_json::value::RawValue;

use crate::master::clock::micros;
use crate::master::work::{Ended, Fate};

/// What an outcome says of its job, whatever became of it.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) id: String,
    pub(crate) app: String,
    pub(crate) hook: String,
    pub(crate) request: Option<Box<RawValue>>,
    pub(crate) limits: JobLimits,
    /// From enqueue to lease.
    pub(crate) queued: Duration,
    pub(crate) worker: String,
}

impl Subject {
    /// The outcome of a job that was never run.
    pub(crate) fn not_run(&self, tag: Tag, debug: String) -> Outcome {
        let queued_us = micros(self.queued);
        let timings = Timings {
            queued_us,
            total_us: queued_us,
            ..Timings::default()
        };
        self.failure(tag, debug, None, timings, Usage::default())
    }

    /// The outcome of a job whose app is banned, in the words of Kinvey's queue client.
    pub(crate) fn suspended(&self, ban: &Ban) -> Outcome {
        let debug = format!(
            "Blacklisted: {}; remaining time: {} s",
            ban.reason,
            ban.remaining.as_millis().div_ceil(1_000)
        );
        self.not_run(Tag::AppSuspended, debug)
    }

    /// The outcome of a job that has left the pool with a verdict.
    pub(crate) fn settled(&self, ended: Ended) -> Outcome {
        let queued_us = micros(self.queued);
        let timings = Timings {
            queued_us,
            dispatch_us: ended.dispatch_us,
            run_us: ended.run_us,
            host_calls_us: ended.tally.host_calls_us(),
            total_us: queued_us + ended.dispatch_us + ended.run_us,
        };
        let usage = Usage {
            cpu_us: ended.cpu_us,
            heap_bytes: 0,
            host_calls: ended.tally.host_calls(),
            log_lines: ended.tally.log_lines(),
        };
        match ended.fate {
            Fate::Settled {
                report: Some(done), ..
            } => self.reported(*done, timings, usage),
            Fate::Settled {
                verdict,
                report: None,
            } => {
                let (tag, debug) = self.explain(verdict, ended.note);
                self.failure(tag, debug, None, timings, usage)
            }
            Fate::Retry(cause) => {
                let debug = format!("the child died ({cause}), and the job cannot be tried again");
                self.failure(Tag::ChildCrashed, debug, None, timings, usage)
            }
            Fate::Released | Fate::Postponed | Fate::Dropped => {
                let debug = "the worker is shutting down".to_owned();
                self.failure(Tag::WorkerLost, debug, None, timings, usage)
            }
        }
    }

    fn reported(&self, done: Done, timings: Timings, mut usage: Usage) -> Outcome {
        // The child's word, kept within what can be: two threads, its limit and the slack.
        usage.cpu_us = done.cpu_us.min(timings.run_us.saturating_mul(2));
        let heap_max = self.limits.heap_limit_bytes + HEAP_SLACK_BYTES;
        usage.heap_bytes = done.heap_bytes.min(heap_max);
        usage.log_lines = usage.log_lines.max(done.log_lines);
        if !done.tag.is_success() {
            return self.failure(done.tag, done.debug, done.stack, timings, usage);
        }
        Outcome {
            id: self.id.clone(),
            app: self.app.clone(),
            hook: self.hook.clone(),
            tag: done.tag,
            blame: done.tag.verdict().0,
            status: done.status,
            response: HookResponse {
                status_code: done.status,
                headers: done.headers,
                body: done.body.unwrap_or_else(raw_null),
                proceed: done.tag == Tag::Continued,
            },
            request: done.request,
            error: None,
            timings,
            usage,
            worker: self.worker.clone(),
        }
    }

    fn failure(
        &self,
        tag: Tag,
        debug: String,
        stack: Option<String>,
        timings: Timings,
        usage: Usage,
    ) -> Outcome {
        let (blame, _, kinvey) = tag.verdict();
        let status = kinvey.map_or(200, |error| error.status);
        let error = ErrorInfo::for_tag(tag, debug, stack);
        let response = match &error {
            Some(info) => HookResponse::of_failure(status, info),
            None => HookResponse {
                status_code: status,
                headers: BTreeMap::new(),
                body: raw_null(),
                proceed: false,
            },
        };
        Outcome {
            id: self.id.clone(),
            app: self.app.clone(),
            hook: self.hook.clone(),
            tag,
            blame,
            status,
            response,
            request: self.request.clone(),
            error,
            timings,
            usage,
            worker: self.worker.clone(),
        }
    }

    /// A verdict without a report, in words that name the limit.
    fn explain(&self, verdict: Verdict, note: Option<String>) -> (Tag, String) {
        let limits = &self.limits;
        match verdict {
            // A verdict with a report does not come here; without one the child lied.
            Verdict::Reported { .. } => {
                (Tag::ChildCrashed, "the child's report was lost".to_owned())
            }
            Verdict::TimedOut => (
                Tag::HookTimeout,
                format!(
                    "the wall limit of {} ms passed and the hook could not be stopped from inside \
                     (a long native operation); its process was killed",
                    limits.wall_limit_ms
                ),
            ),
            Verdict::CpuTimedOut { .. } => (
                Tag::HookTimeout,
                format!(
                    "the CPU limit of {} ms was used up and the hook could not be stopped from \
                     inside (a long native operation); its process was killed",
                    limits.cpu_limit_ms
                ),
            ),
            Verdict::OutOfMemory { .. } => {
                let note = note.map(|note| format!(" ({note})")).unwrap_or_default();
                let debug = format!(
                    "the memory limit was reached: heap {} bytes, ArrayBuffers {} bytes, the rest \
                     {} bytes{note}",
                    limits.heap_limit_bytes,
                    limits.array_buffer_limit_bytes,
                    limits.native_limit_bytes
                );
                (Tag::HookOutOfMemory, debug)
            }
            Verdict::Violation { breach, cause } => {
                (Tag::HookViolation, violation(breach, cause, note, limits))
            }
            Verdict::Crashed { cause } => (
                Tag::ChildCrashed,
                format!("the job's process died: {cause}"),
            ),
            Verdict::DrainLimit => (
                Tag::WorkerLost,
                "the worker was shut down and the job did not end within the drain limit"
                    .to_owned(),
            ),
            Verdict::Cancelled => (
                Tag::Cancelled,
                "the job was cancelled; what it had done until then is done".to_owned(),
            ),
        }
    }
}

fn violation(
    breach: Option<Breach>,
    cause: Option<ExitCause>,
    note: Option<String>,
    limits: &JobLimits,
) -> String {
    let note = note.map(|note| format!(": {note}")).unwrap_or_default();
    match (breach, cause) {
        (Some(Breach::Protocol), _) => format!("the job's process broke its protocol{note}"),
        (Some(Breach::HostCalls), _) => format!(
            "too many or too large host calls; allowed are {} in all, {} at one time, {} bytes each",
            limits.host_calls_limit,
            limits.host_calls_in_flight_limit,
            limits.host_call_limit_bytes
        ),
        (Some(Breach::ForbiddenCall), _) => format!(
            "the job's process made a system call that no job may make{note}; it was stopped \
             before the kernel did anything of it"
        ),
        (Some(Breach::Traffic), _) => format!("too much was sent{note}"),
        // The pool gives it another verdict.
        (Some(Breach::Memory), _) => format!("the job's process holds too much memory{note}"),
        (Some(Breach::ResultSize), _) => {
            format!(
                "the result is too large, allowed are {} bytes{note}",
                limits.result_limit_bytes
            )
        }
        (None, Some(cause)) => format!("the job's process was stopped by the kernel: {cause}"),
        (None, None) => "the job's process did what is not allowed".to_owned(),
    }
}
