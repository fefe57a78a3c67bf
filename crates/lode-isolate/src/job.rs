//! The one job of this process: its limits, its progress, and the port to the master.
//!
//! ```text
//! Running ──first terminal call, error, limit──► Reported        (one Done frame, ever)
//!    └──────the master is gone──────────────────► Lost
//! ```

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use deno_core::v8;
use lode_proto::limits::CALLS_WAITING_BYTES_MAX;
use lode_proto::message::{Call, Done, Log, Reply};
use lode_proto::{ChildExit, JobLimits, Tag};

use crate::describe;
use crate::rejections::{Rejection, Rejections};
use crate::source::SourceMap;
use crate::timers::Timers;
use crate::unique_ids::UniqueIds;
use crate::watchdog::{Watchdog, now};

/// What came through the port.
#[derive(Debug)]
pub enum Incoming {
    /// A host call's result.
    Reply(Reply),
    /// The given time passed first.
    TimedOut,
    /// The master is gone.
    Closed,
}

/// The way to the master. An error means that the master is gone.
pub trait Port {
    /// Sends a host call.
    fn call(&mut self, call: &Call) -> io::Result<()>;
    /// Sends a log line.
    fn log(&mut self, log: &Log) -> io::Result<()>;
    /// Sends the report, once.
    fn done(&mut self, done: &Done) -> io::Result<()>;
    /// Waits for a reply for at most `wait`, or for ever.
    fn receive(&mut self, wait: Option<Duration>) -> io::Result<Incoming>;
    /// CPU time of this process in microseconds.
    fn cpu_us(&self) -> u64;
}

/// How far the job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Running,
    Reported,
    Lost(ChildExit),
}

/// Lives in the isolate's slot while the job runs.
pub(crate) struct Job {
    port: Box<dyn Port>,
    pub(crate) limits: JobLimits,
    pub(crate) progress: Progress,
    pub(crate) map: SourceMap,
    pub(crate) deadline: Instant,
    /// By how much waiting for host calls may still move the deadline.
    pause_left: Duration,
    pub(crate) watchdog: Option<Watchdog>,
    /// Replies that came while another one was waited for.
    early: VecDeque<Reply>,
    /// Where JavaScript was when it was stopped from outside.
    pub(crate) stopped_at: Option<String>,
    pub(crate) calls: u64,
    /// Bytes of each waiting call's arguments; replies come in the order of the calls.
    waiting: VecDeque<usize>,
    /// Their sum.
    waiting_bytes: usize,
    log_lines: u64,
    timers: Timers,
    rejections: Rejections,
    /// The first exception that came out where nobody could catch it.
    uncaught: Option<v8::Global<v8::Value>>,
    cpu_start_us: u64,
    pub(crate) ids: UniqueIds,
}

impl Job {
    pub(crate) fn new(port: Box<dyn Port>, limits: JobLimits, map: SourceMap) -> Self {
        let deadline = now() + Duration::from_millis(limits.wall_limit_ms);
        let cpu_start_us = port.cpu_us();
        Self {
            port,
            limits,
            progress: Progress::Running,
            map,
            deadline,
            pause_left: Duration::from_millis(limits.host_wait_limit_ms),
            watchdog: None,
            early: VecDeque::new(),
            stopped_at: None,
            calls: 0,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            log_lines: 0,
            timers: Timers::default(),
            rejections: Rejections::default(),
            uncaught: None,
            cpu_start_us,
            ids: UniqueIds::default(),
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.progress == Progress::Running
    }

    /// Reports the job's end. Only the first report counts.
    pub(crate) fn report(&mut self, mut done: Done, heap_bytes: usize) {
        if !self.is_running() {
            return;
        }
        done.cpu_us = self.port.cpu_us().saturating_sub(self.cpu_start_us);
        done.heap_bytes = heap_bytes as u64;
        done.log_lines = self.log_lines;
        self.progress = Progress::Reported;
        let sent = self.port.done(&done).or_else(|error| {
            if error.kind() != io::ErrorKind::InvalidInput {
                return Err(error);
            }
            let debug = format!("the report is too large: {error}");
            self.port
                .done(&Done::failure(Tag::HookViolation, debug, None))
        });
        if sent.is_err() {
            self.progress = Progress::Lost(ChildExit::SocketLost);
        }
    }

    /// Sends a host call; `Err` says which limit it would break.
    pub(crate) fn call(&mut self, method: String, args: String) -> Result<u32, String> {
        let limits = &self.limits;
        if self.calls >= limits.host_calls_limit {
            return Err(format!(
                "more than {} host calls in one job",
                limits.host_calls_limit
            ));
        }
        if self.calls_waiting() >= limits.host_calls_in_flight_limit {
            return Err(format!(
                "more than {} host calls waiting at one time; wait for their callbacks",
                limits.host_calls_in_flight_limit
            ));
        }
        if args.len() as u64 > limits.host_call_limit_bytes {
            return Err(format!(
                "{method} was given {} bytes, allowed are {}",
                args.len(),
                limits.host_call_limit_bytes
            ));
        }
        if self.waiting_bytes + args.len() > CALLS_WAITING_BYTES_MAX {
            return Err(format!(
                "the arguments of all waiting host calls have more than {CALLS_WAITING_BYTES_MAX} \
                 bytes; wait for their callbacks"
            ));
        }
        self.waiting.push_back(args.len());
        self.waiting_bytes += args.len();
        self.calls += 1;
        let id = u32::try_from(self.calls).unwrap_or(u32::MAX);
        let args = serde_json::value::RawValue::from_string(args)
            .map_err(|error| format!("arguments that are not JSON: {error}"))?;
        if self.port.call(&Call { id, method, args }).is_err() {
            self.progress = Progress::Lost(ChildExit::SocketLost);
        }
        Ok(id)
    }

    /// Host calls whose replies have not come.
    pub(crate) fn calls_waiting(&self) -> u64 {
        self.waiting.len() as u64
    }

    /// A reply has come.
    pub(crate) fn call_answered(&mut self) {
        self.waiting_bytes -= self.waiting.pop_front().unwrap_or(0);
    }

    /// Sends a log line, cut to its limit. Of the lines beyond the limit one is sent, by which the
    /// master knows that there are more; the rest are only counted.
    pub(crate) fn log(&mut self, mut log: Log) {
        self.log_lines += 1;
        if !self.is_running() || self.log_lines > self.limits.log_lines_limit + 1 {
            return;
        }
        let max = usize::try_from(self.limits.log_line_limit_bytes).unwrap_or(usize::MAX);
        log.message = lode_proto::limits::cut(&log.message, max);
        if self.port.log(&log).is_err() {
            self.progress = Progress::Lost(ChildExit::SocketLost);
        }
    }

    /// Waits for the next reply until `due`, or until the deadline if that is nothing or later. While
    /// host calls are waiting, the wall clock stands still, as long as that is allowed.
    pub(crate) fn receive(&mut self, due: Option<Instant>) -> io::Result<Incoming> {
        if let Some(reply) = self.early.pop_front() {
            return Ok(Incoming::Reply(reply));
        }
        self.receive_new(due)
    }

    fn receive_new(&mut self, due: Option<Instant>) -> io::Result<Incoming> {
        let start = now();
        let paused = self.calls_waiting() > 0;
        let end = self.deadline
            + if paused {
                self.pause_left
            } else {
                Duration::ZERO
            };
        let until = due.map_or(end, |due| due.min(end));
        // Waits end a little late rather than a little early: poll counts in milliseconds.
        let mut wait = until.saturating_duration_since(start);
        if wait > Duration::ZERO {
            wait += Duration::from_micros(999);
        }
        if !paused {
            return self.port.receive(Some(wait));
        }
        if let Some(watchdog) = &self.watchdog {
            watchdog.pause();
        }
        let incoming = self.port.receive(Some(wait));
        let moved = (now() - start).min(self.pause_left);
        self.pause_left -= moved;
        self.deadline += moved;
        if let Some(watchdog) = &self.watchdog {
            watchdog.resume(self.deadline);
        }
        incoming
    }

    /// Waits for the reply to one call; others that come meanwhile are kept. `None` when the
    /// deadline passed first or the master is gone.
    pub(crate) fn receive_reply_to(&mut self, id: u32) -> Option<Reply> {
        loop {
            match self.receive_new(None) {
                Ok(Incoming::Reply(reply)) => {
                    // Replies come in the order of the calls.
                    if reply.id == id {
                        self.early_answered();
                        return Some(reply);
                    }
                    self.early.push_back(reply);
                }
                Ok(Incoming::TimedOut) if now() < self.deadline => {}
                Ok(Incoming::TimedOut) => return None,
                Ok(Incoming::Closed) | Err(_) => {
                    self.progress = Progress::Lost(ChildExit::SocketLost);
                    return None;
                }
            }
        }
    }

    /// The last of the waiting calls has its reply, although earlier ones are still to be delivered.
    fn early_answered(&mut self) {
        let index = self.early.len().min(self.waiting.len().saturating_sub(1));
        self.waiting_bytes -= self.waiting.remove(index).unwrap_or(0);
    }

    pub(crate) fn timers(&mut self) -> &mut Timers {
        &mut self.timers
    }

    /// The reason of the first rejection that nobody looked after.
    pub(crate) fn take_rejection(&mut self) -> Option<v8::Global<v8::Value>> {
        self.rejections
            .take_first()
            .map(|rejection| rejection.reason)
    }

    /// The first exception that came out where nobody could catch it.
    pub(crate) fn take_uncaught(&mut self) -> Option<v8::Global<v8::Value>> {
        self.uncaught.take()
    }

    /// That the wall clock has run out while nothing was computed, in words.
    pub(crate) fn timed_out_waiting(&self) -> String {
        let limits = &self.limits;
        let paused = if self.pause_left.is_zero() && limits.host_wait_limit_ms > 0 {
            let ms = limits.host_wait_limit_ms;
            format!(" (waiting for host calls has lengthened it by {ms} ms, as far as is allowed)")
        } else {
            String::new()
        };
        format!(
            "the wall limit of {} ms passed while waiting for {} host calls and {} timers{paused}",
            limits.wall_limit_ms,
            self.calls_waiting(),
            self.timers.len()
        )
    }
}

/// Notes JavaScript's stack and stops it: what an interrupt does.
pub(crate) fn note_where_and_stop(scope: &mut v8::PinCallbackScope<'_, '_, ()>) {
    let context = scope.get_slot::<v8::Global<v8::Context>>().cloned();
    if let Some(context) = context {
        let context = v8::Local::new(scope, context);
        let scope = &mut v8::ContextScope::new(scope, context);
        let trace =
            v8::StackTrace::current_stack_trace(scope, lode_proto::limits::STACK_FRAMES_MAX);
        let text = match (trace, scope.get_slot::<Job>()) {
            (Some(trace), Some(job)) => describe::frames(scope, trace, &job.map),
            (Some(_) | None, Some(_) | None) => String::new(),
        };
        if let Some(job) = scope.get_slot_mut::<Job>()
            && job.stopped_at.is_none()
        {
            job.stopped_at = Some(text);
        }
    }
    scope.terminate_execution();
}

/// Follows V8's news about rejected promises.
pub(crate) fn track_rejection(
    scope: &mut v8::PinCallbackScope<'_, '_>,
    message: &v8::PromiseRejectMessage<'_>,
) {
    let hash = message.get_promise().get_identity_hash().get();
    let promise = v8::Global::new(scope, message.get_promise());
    let reason = message
        .get_value()
        .map(|value| v8::Global::new(scope, value));
    let Some(job) = scope.get_slot_mut::<Job>() else {
        return;
    };
    match message.get_event() {
        v8::PromiseRejectEvent::PromiseRejectWithNoHandler => {
            if let Some(reason) = reason {
                job.rejections.add(hash, Rejection { promise, reason });
            }
        }
        v8::PromiseRejectEvent::PromiseHandlerAddedAfterReject => {
            job.rejections.forget(hash, &promise);
        }
        v8::PromiseRejectEvent::PromiseRejectAfterResolved
        | v8::PromiseRejectEvent::PromiseResolveAfterResolved => {}
    }
}

/// Keeps the first exception that came out where nobody could catch it.
pub(crate) fn keep_uncaught(
    scope: &mut v8::PinCallbackScope<'_, '_>,
    exception: v8::Local<'_, v8::Value>,
) {
    let exception = v8::Global::new(scope, exception);
    if let Some(job) = scope.get_slot_mut::<Job>()
        && job.uncaught.is_none()
    {
        job.uncaught = Some(exception);
    }
}

/// The job's limits.
pub(crate) fn limits(scope: &v8::PinScope<'_, '_>) -> JobLimits {
    scope
        .get_slot::<Job>()
        .map(|job| job.limits)
        .unwrap_or_default()
}
