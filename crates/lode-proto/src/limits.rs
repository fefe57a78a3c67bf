//! Every limit of the system with the reason for its number.
//!
//! A per-app limit overrides the worker's default, up to the worker's ceiling. Numbers marked
//! "Kinvey's" are the ones its public queue client and runner used.

use serde::{Deserialize, Serialize};

/// Bytes of one job record as it stands in the queue: Kinvey's `maxPayloadSize`, 1 MiB.
pub const JOB_BYTES_MAX: usize = 1 << 20;
/// Bytes of a job's `id`: fits a UUID, a stream id or a producer's own key.
pub const ID_BYTES_MAX: usize = 128;
/// Bytes of `reply_to`: a Redis key that a person can still read.
pub const REPLY_TO_BYTES_MAX: usize = 512;
/// Milliseconds that a job may ask for in `timeout_ms`; the worker's ceiling applies on top.
pub const TIMEOUT_MS_MAX: u64 = 3_600_000;
/// `priority` goes from minus this to plus this; more levels than anybody can tell apart.
pub const PRIORITY_MAX: i64 = 100;
/// Bytes of one script (hook or common code): far above any hand-written hook.
pub const SCRIPT_BYTES_MAX: usize = 1 << 20;

/// Bytes of a hook and all common code before it: they travel in one frame, beside a request.
pub const SOURCES_BYTES_MAX: usize = 8 << 20;

/// Bytes of one frame between child and master: a 16 MiB document plus its envelope.
pub const FRAME_BYTES_MAX: usize = 20 << 20;
/// Bytes of one error text (`debug`, one stack) that a child reports; longer is cut.
pub const ERROR_TEXT_BYTES_MAX: usize = 16 << 10;
/// Frames of a reported stack: enough to see where it was, small enough for a log line.
pub const STACK_FRAMES_MAX: usize = 32;
/// Response headers a hook may set; more is a mistake or an attack on the application server.
pub const HEADERS_MAX: usize = 100;
/// Bytes of all response headers together: what common HTTP servers accept.
pub const HEADERS_BYTES_MAX: usize = 64 << 10;

/// Milliseconds between the soft deadline in the child and the master's SIGKILL: time to report
/// where the hook was, also on a machine whose cores are all busy.
pub const HARD_DEADLINE_GRACE_MS: u64 = 500;
/// Milliseconds that a child has to exit by itself once it has reported its outcome.
pub const EXIT_GRACE_MS: u64 = 100;
/// Milliseconds that a host call may take before the hook gets an error for it.
pub const HOST_CALL_MS_MAX: u64 = 10_000;
/// Milliseconds that the host calls of a job which has ended well have to be carried out.
pub const FINISH_MS_MAX: u64 = 30_000;
/// Bytes of the arguments of one job's waiting host calls, all together: what bounds the master's
/// memory, beside the number of calls.
pub const CALLS_WAITING_BYTES_MAX: usize = 32 << 20;
/// What a job may use beside its heap and its ArrayBuffers, in bytes: the young generation, machine
/// code, WebAssembly memories, frames in flight.
const NATIVE_BYTES: u64 = 128 << 20;
/// Heap above the limit that V8 may use while the job is being stopped and reported, in bytes.
pub const HEAP_SLACK_BYTES: u64 = 16 << 20;

/// What one job may use. The worker sends it to the child in the Run frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JobLimits {
    /// Wall clock of the run in milliseconds, 1 to 3,600,000. Default 5,000 (Kinvey's task timeout).
    pub wall_limit_ms: u64,
    /// V8 heap in bytes, 16 MiB (what an isolate starts with) to 4 GiB. Default 64 MiB (Convex's user heap).
    pub heap_limit_bytes: u64,
    /// ArrayBuffer memory in bytes, outside V8's heap. Default 64 MiB (Convex's).
    pub array_buffer_limit_bytes: u64,
    /// Bytes of the result: body and request as JSON. Default 1 MiB (Kinvey's payload limit).
    pub result_limit_bytes: u64,
    /// Host calls in one job. Default 10,000: a batch import passes, an endless loop does not.
    pub host_calls_limit: u64,
    /// Host calls that wait for their reply at one time. Default 1,000: `for (...) db.insert(...)`.
    pub host_calls_in_flight_limit: u64,
    /// Bytes of one host call's arguments. Default 4 MiB.
    pub host_call_limit_bytes: u64,
    /// Log lines kept of one job; further ones are counted and dropped. Default 1,000.
    pub log_lines_limit: u64,
    /// Bytes of one log line; longer is cut. Default 32 KiB (Convex's).
    pub log_line_limit_bytes: u64,
    /// Timers pending at one time. Default 1,000.
    pub timers_limit: u64,
}

impl Default for JobLimits {
    fn default() -> Self {
        Self {
            wall_limit_ms: 5_000,
            heap_limit_bytes: 64 << 20,
            array_buffer_limit_bytes: 64 << 20,
            result_limit_bytes: 1 << 20,
            host_calls_limit: 10_000,
            host_calls_in_flight_limit: 1_000,
            host_call_limit_bytes: 4 << 20,
            log_lines_limit: 1_000,
            log_line_limit_bytes: 32 << 10,
            timers_limit: 1_000,
        }
    }
}

/// One field's name, its lower and its upper bound; see [`JobLimits::check`].
type Bound = (&'static str, fn(&JobLimits) -> u64, u64, u64);

const BOUNDS: &[Bound] = &[
    ("wall_limit_ms", |l| l.wall_limit_ms, 1, TIMEOUT_MS_MAX),
    (
        "heap_limit_bytes",
        |l| l.heap_limit_bytes,
        16 << 20,
        4 << 30,
    ),
    (
        "array_buffer_limit_bytes",
        |l| l.array_buffer_limit_bytes,
        0,
        4 << 30,
    ),
    // The frame must hold a result, so a result cannot be larger than a frame less its envelope.
    ("result_limit_bytes", |l| l.result_limit_bytes, 64, 16 << 20),
    ("host_calls_limit", |l| l.host_calls_limit, 0, 1_000_000),
    (
        "host_calls_in_flight_limit",
        |l| l.host_calls_in_flight_limit,
        1,
        100_000,
    ),
    (
        "host_call_limit_bytes",
        |l| l.host_call_limit_bytes,
        1024,
        16 << 20,
    ),
    ("log_lines_limit", |l| l.log_lines_limit, 0, 1_000_000),
    (
        "log_line_limit_bytes",
        |l| l.log_line_limit_bytes,
        64,
        1 << 20,
    ),
    ("timers_limit", |l| l.timers_limit, 1, 100_000),
];

impl JobLimits {
    /// What the job's process may use in all, in bytes.
    #[must_use]
    pub fn memory_limit_bytes(&self) -> u64 {
        self.heap_limit_bytes + self.array_buffer_limit_bytes + NATIVE_BYTES
    }

    /// Checks every field against its bounds; the error names the field, its value and the range.
    pub fn check(&self) -> Result<(), String> {
        for (name, get, low, high) in BOUNDS {
            let value = get(self);
            if value < *low || value > *high {
                return Err(format!("{name} is {value}, allowed are {low} to {high}"));
            }
        }
        Ok(())
    }

    /// These limits, none above the same limit of `ceiling`.
    #[must_use]
    pub fn at_most(&self, ceiling: &Self) -> Self {
        Self {
            wall_limit_ms: self.wall_limit_ms.min(ceiling.wall_limit_ms),
            heap_limit_bytes: self.heap_limit_bytes.min(ceiling.heap_limit_bytes),
            array_buffer_limit_bytes: self
                .array_buffer_limit_bytes
                .min(ceiling.array_buffer_limit_bytes),
            result_limit_bytes: self.result_limit_bytes.min(ceiling.result_limit_bytes),
            host_calls_limit: self.host_calls_limit.min(ceiling.host_calls_limit),
            host_calls_in_flight_limit: self
                .host_calls_in_flight_limit
                .min(ceiling.host_calls_in_flight_limit),
            host_call_limit_bytes: self
                .host_call_limit_bytes
                .min(ceiling.host_call_limit_bytes),
            log_lines_limit: self.log_lines_limit.min(ceiling.log_lines_limit),
            log_line_limit_bytes: self.log_line_limit_bytes.min(ceiling.log_line_limit_bytes),
            timers_limit: self.timers_limit.min(ceiling.timers_limit),
        }
    }
}

/// Cuts `text` to at most `max` bytes at a character boundary and says so at its end.
#[must_use]
pub fn cut(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}… [cut, {} bytes in all]", &text[..end], text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_within_their_bounds() {
        assert_eq!(JobLimits::default().check(), Ok(()));
    }

    #[test]
    fn a_limit_out_of_bounds_is_named_with_its_range() {
        let limits = JobLimits {
            heap_limit_bytes: 5,
            ..JobLimits::default()
        };
        let error = limits.check().unwrap_err();
        assert_eq!(
            error,
            "heap_limit_bytes is 5, allowed are 16777216 to 4294967296"
        );
    }

    #[test]
    fn cut_keeps_whole_characters() {
        assert_eq!(cut("aé", 2), "a… [cut, 3 bytes in all]");
        assert_eq!(cut("aé", 3), "aé");
    }
}
