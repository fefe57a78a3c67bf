//! The one job of this process: its limits, its progress, and the port to the master.
//!
//! ```text
//! Running ──first terminal call, error, limit──► Reported        (one Done frame, ever)
//!    └──────the master is gone──────────────────► Lost
//! ```

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::time::{Duration, Instant};

use deno_core::v8;
use lode_proto::limits::CALLS_WAITING_BYTES_MAX;
use lode_proto::message::{Call, Done, Log, Reply};
use lode_proto::{ChildExit, JobLimits, Tag};

use crate::describe;
use crate::source::SourceMap;
use crate::watchdog::now;

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

/// A promise that was rejected with nobody to look after it.
struct Rejection {
    promise: v8::Global<v8::Promise>,
    reason: v8::Global<v8::Value>,
}

/// Lives in the isolate's slot while the job runs.
pub(crate) struct Job {
    port: Box<dyn Port>,
    pub(crate) limits: JobLimits,
    pub(crate) progress: Progress,
    pub(crate) map: SourceMap,
    pub(crate) deadline: Instant,
    /// Where JavaScript was when it was stopped from outside.
    pub(crate) stopped_at: Option<String>,
    pub(crate) calls: u64,
    /// Bytes of each waiting call's arguments; replies come in the order of the calls.
    waiting: VecDeque<usize>,
    /// Their sum.
    waiting_bytes: usize,
    log_lines: u64,
    timers: Timers,
    rejections: Vec<Rejection>,
    cpu_start_us: u64,
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
            stopped_at: None,
            calls: 0,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            log_lines: 0,
            timers: Timers::default(),
            rejections: Vec::new(),
            cpu_start_us,
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

    pub(crate) fn receive(&mut self, wait: Option<Duration>) -> io::Result<Incoming> {
        self.port.receive(wait)
    }

    pub(crate) fn timers(&mut self) -> &mut Timers {
        &mut self.timers
    }

    /// The reason of the first rejection that nobody looked after.
    pub(crate) fn take_rejection(&mut self) -> Option<v8::Global<v8::Value>> {
        if self.rejections.is_empty() {
            return None;
        }
        Some(self.rejections.remove(0).reason)
    }

    /// What the job waits for, in words.
    pub(crate) fn waits_for(&self) -> String {
        format!(
            "{} host calls and {} timers",
            self.calls_waiting(),
            self.timers.by_id.len()
        )
    }
}

/// Pending timers in the order in which they are due; equal ones in the order of their start.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: BTreeSet<(Instant, u64)>,
    by_id: BTreeMap<u64, (Instant, Option<Duration>)>,
}

impl Timers {
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn start(&mut self, id: u64, delay: Duration, repeat: bool) {
        let at = now() + delay;
        self.due.insert((at, id));
        self.by_id.insert(id, (at, repeat.then_some(delay)));
    }

    pub(crate) fn stop(&mut self, id: u64) {
        if let Some((at, _)) = self.by_id.remove(&id) {
            self.due.remove(&(at, id));
        }
    }

    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes the next timer that is due; a repeating one is put back for its next time.
    pub(crate) fn take_due(&mut self, time: Instant) -> Option<u64> {
        let (at, id) = *self.due.first()?;
        if at > time {
            return None;
        }
        self.due.remove(&(at, id));
        let (_, repeat) = self.by_id.remove(&id)?;
        if let Some(delay) = repeat {
            self.start(id, delay, true);
        }
        Some(id)
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
                job.rejections.push(Rejection { promise, reason });
            }
        }
        v8::PromiseRejectEvent::PromiseHandlerAddedAfterReject => {
            job.rejections
                .retain(|rejection| rejection.promise != promise);
        }
        v8::PromiseRejectEvent::PromiseRejectAfterResolved
        | v8::PromiseRejectEvent::PromiseResolveAfterResolved => {}
    }
}
