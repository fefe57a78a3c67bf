//! Every limit of the system with the reason for its number.
//!
//! A per-app limit overrides the worker's default, up to the worker's ceiling. Numbers marked
//! "Kinvey's" are the ones its public queue client and runner used.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Bytes of one job record as it stands in the queue: Kinvey's `maxPayloadSize`, 1 MiB.
pub const JOB_BYTES_MAX: usize = 1 << 20;
/// Bytes of a job's `id`: fits a UUID, a stream id or a producer's own key.
pub const ID_BYTES_MAX: usize = 128;
/// Bytes of `reply_to`: a Redis key that a person can still read.
pub const REPLY_TO_BYTES_MAX: usize = 512;
/// Milliseconds that a job may ask for in `timeout_ms`; the worker's ceiling applies on top.
pub const TIMEOUT_MS_MAX: u64 = 3_600_000;
/// Milliseconds of `delay_ms` and `deadline_ms`: a year, far beyond what anybody plans in a queue.
pub const DELAY_MS_MAX: u64 = 31_536_000_000;
/// `run_at_ms` in milliseconds since 1970: the start of 2100, so that a time in another unit shows.
pub const RUN_AT_MS_MAX: u64 = 4_102_444_800_000;
/// Milliseconds of `dedupe_ttl_ms`: a week, since a queue keeps each key so long.
pub const DEDUPE_TTL_MS_MAX: u64 = 604_800_000;
/// Bytes of a task's id as npm `background-task` makes it: 32 in practice.
pub const TASK_ID_BYTES_MAX: usize = 64;
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
/// Heap above the limit that V8 may use while the job is being stopped and reported, in bytes.
pub const HEAP_SLACK_BYTES: u64 = 16 << 20;

/// What one job may use. The worker sends it to the child in the Run frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JobLimits {
    /// Wall clock of the run in milliseconds, 1 to 3,600,000; it stands still while the hook waits
    /// for host calls. Default 5,000 (Kinvey's task timeout).
    pub wall_limit_ms: u64,
    /// Milliseconds by which waiting for host calls may lengthen the wall clock, 0 to 3,600,000.
    /// Default 10,000.
    pub host_wait_limit_ms: u64,
    /// Processor time in milliseconds, 1 to 3,600,000. Default 5,000.
    pub cpu_limit_ms: u64,
    /// V8 heap in bytes, 16 MiB (what an isolate starts with) to 4 GiB. Default 64 MiB (Convex's user heap).
    pub heap_limit_bytes: u64,
    /// ArrayBuffer memory in bytes, outside V8's heap. Default 64 MiB (Convex's).
    pub array_buffer_limit_bytes: u64,
    /// Everything else in bytes: young generation, machine code, WebAssembly memories, strings outside
    /// the heap, frames in flight. With the two above, what the process may hold. Default 128 MiB.
    pub native_limit_bytes: u64,
    /// Bytes of stack that JavaScript may use, 64 KiB to 960 KiB (what V8 starts with). Default 960 KiB.
    pub stack_limit_bytes: u64,
    /// Bytes of the result: body and request as JSON. Default 1 MiB (Kinvey's payload limit).
    pub result_limit_bytes: u64,
    /// Host calls in one job. Default 10,000: a batch import passes, an endless loop does not.
    pub host_calls_limit: u64,
    /// Host calls that wait for their reply at one time. Default 1,000: `for (...) db.insert(...)`.
    pub host_calls_in_flight_limit: u64,
    /// Bytes of one host call's arguments. Default 4 MiB.
    pub host_call_limit_bytes: u64,
    /// HTTP requests in one job, where the app may make any. Default 50.
    pub http_requests_limit: u64,
    /// Frames (calls, log lines, the report) that the job's process may send. Default 20,000.
    pub frames_limit: u64,
    /// Bytes of all frames that the job's process may send. Default 64 MiB.
    pub sent_limit_bytes: u64,
    /// Bytes of all replies that the job's process may be sent. Default 256 MiB.
    pub received_limit_bytes: u64,
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
            host_wait_limit_ms: 10_000,
            cpu_limit_ms: 5_000,
            heap_limit_bytes: 64 << 20,
            array_buffer_limit_bytes: 64 << 20,
            native_limit_bytes: 128 << 20,
            stack_limit_bytes: 960 << 10,
            result_limit_bytes: 1 << 20,
            host_calls_limit: 10_000,
            host_calls_in_flight_limit: 1_000,
            host_call_limit_bytes: 4 << 20,
            http_requests_limit: 50,
            frames_limit: 20_000,
            sent_limit_bytes: 64 << 20,
            received_limit_bytes: 256 << 20,
            log_lines_limit: 1_000,
            log_line_limit_bytes: 32 << 10,
            timers_limit: 1_000,
        }
    }
}

/// One limit: its name, its bounds, and how far an app may raise it unless the worker says
/// otherwise.
struct Limit {
    name: &'static str,
    low: u64,
    high: u64,
    ceiling: u64,
    get: fn(&JobLimits) -> u64,
    place: fn(&mut JobLimits) -> &mut u64,
}

macro_rules! limit {
    ($name:ident, $low:expr, $high:expr, $ceiling:expr) => {
        Limit {
            name: stringify!($name),
            low: $low,
            high: $high,
            ceiling: $ceiling,
            get: |limits| limits.$name,
            place: |limits| &mut limits.$name,
        }
    };
}

/// Every limit. Ceilings: 60 s is Kinvey's Flex limit; the others are what a worker with the
/// default eight children stands on a machine of 8 GiB.
const LIMITS: &[Limit] = &[
    limit!(wall_limit_ms, 1, TIMEOUT_MS_MAX, 60_000),
    limit!(host_wait_limit_ms, 0, TIMEOUT_MS_MAX, 60_000),
    limit!(cpu_limit_ms, 1, TIMEOUT_MS_MAX, 60_000),
    limit!(heap_limit_bytes, 16 << 20, 4 << 30, 512 << 20),
    limit!(array_buffer_limit_bytes, 0, 4 << 30, 512 << 20),
    limit!(native_limit_bytes, 32 << 20, 4 << 30, 512 << 20),
    limit!(stack_limit_bytes, 64 << 10, 960 << 10, 960 << 10),
    // The frame must hold a result, so a result cannot be larger than a frame less its envelope.
    limit!(result_limit_bytes, 64, 16 << 20, 16 << 20),
    limit!(host_calls_limit, 0, 1_000_000, 100_000),
    limit!(host_calls_in_flight_limit, 1, 100_000, 10_000),
    limit!(host_call_limit_bytes, 1024, 16 << 20, 16 << 20),
    limit!(http_requests_limit, 0, 100_000, 1_000),
    limit!(frames_limit, 10, 10_000_000, 400_000),
    limit!(sent_limit_bytes, 1 << 10, 1 << 40, 1 << 30),
    limit!(received_limit_bytes, 1 << 10, 1 << 40, 4 << 30),
    limit!(log_lines_limit, 0, 1_000_000, 10_000),
    limit!(log_line_limit_bytes, 64, 1 << 20, 1 << 20),
    limit!(timers_limit, 1, 100_000, 10_000),
];

fn named(name: &str) -> Option<&'static Limit> {
    LIMITS.iter().find(|limit| limit.name == name)
}

fn known(name: &str) -> Result<&'static Limit, String> {
    named(name).ok_or_else(|| {
        let names: Vec<&str> = JobLimits::names().collect();
        format!("there is no limit {name:?}; there are {}", names.join(", "))
    })
}

impl JobLimits {
    /// What apps can raise limits to, unless the worker's configuration says otherwise.
    #[must_use]
    pub fn default_ceiling() -> Self {
        let mut ceiling = Self::default();
        for limit in LIMITS {
            *(limit.place)(&mut ceiling) = limit.ceiling;
        }
        ceiling
    }

    /// The names of all limits, in the order in which they are documented.
    pub fn names() -> impl Iterator<Item = &'static str> {
        LIMITS.iter().map(|limit| limit.name)
    }

    /// What the job's process may use in all, in bytes.
    #[must_use]
    pub fn memory_limit_bytes(&self) -> u64 {
        self.heap_limit_bytes + self.array_buffer_limit_bytes + self.native_limit_bytes
    }

    /// Checks every field against its bounds; the error names the field, its value and the range.
    pub fn check(&self) -> Result<(), String> {
        LIMITS
            .iter()
            .try_for_each(|limit| limit.check((limit.get)(self)))
    }

    /// These limits, none above the same limit of `ceiling`.
    #[must_use]
    pub fn at_most(&self, ceiling: &Self) -> Self {
        let mut limits = *self;
        for limit in LIMITS {
            let place = (limit.place)(&mut limits);
            *place = (*place).min((limit.get)(ceiling));
        }
        limits
    }

    /// The names of those limits that are above `ceiling`.
    #[must_use]
    pub fn above(&self, ceiling: &Self) -> Vec<&'static str> {
        LIMITS
            .iter()
            .filter(|limit| (limit.get)(self) > (limit.get)(ceiling))
            .map(|limit| limit.name)
            .collect()
    }

    /// These limits with those of `overrides` in their place.
    #[must_use]
    pub fn with(&self, overrides: &LimitOverrides) -> Self {
        let mut limits = *self;
        for (name, value) in &overrides.0 {
            if let Some(limit) = named(name) {
                *(limit.place)(&mut limits) = *value;
            }
        }
        limits
    }
}

impl Limit {
    fn check(&self, value: u64) -> Result<(), String> {
        let Self {
            name, low, high, ..
        } = self;
        if value < *low || value > *high {
            return Err(format!("{name} is {value}, allowed are {low} to {high}"));
        }
        Ok(())
    }
}

/// Some limits by name: where an app departs from the worker's defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct LimitOverrides(BTreeMap<String, u64>);

impl LimitOverrides {
    /// Sets one limit. The error names what is wrong and what is allowed.
    pub fn set(&mut self, name: &str, value: u64) -> Result<(), String> {
        known(name)?.check(value)?;
        self.0.insert(name.to_owned(), value);
        Ok(())
    }

    /// Goes back to the worker's default for one limit. The error says which limits there are.
    pub fn unset(&mut self, name: &str) -> Result<(), String> {
        known(name)?;
        self.0.remove(name);
        Ok(())
    }

    /// The value of one limit, if it is set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<u64> {
        self.0.get(name).copied()
    }
}

impl<'de> Deserialize<'de> for LimitOverrides {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = BTreeMap::<String, u64>::deserialize(deserializer)?;
        let mut overrides = Self::default();
        for (name, value) in given {
            overrides
                .set(&name, value)
                .map_err(serde::de::Error::custom)?;
        }
        Ok(overrides)
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
    fn defaults_are_within_their_bounds_and_below_their_ceilings() {
        let (defaults, ceiling) = (JobLimits::default(), JobLimits::default_ceiling());
        assert_eq!(defaults.check(), Ok(()));
        assert_eq!(ceiling.check(), Ok(()));
        assert!(defaults.above(&ceiling).is_empty());
        assert_eq!(ceiling.at_most(&defaults), defaults);
    }

    #[test]
    fn every_field_is_in_the_table() {
        let fields = serde_json::to_value(JobLimits::default()).unwrap();
        let fields: Vec<&str> = fields
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(fields, JobLimits::names().collect::<Vec<_>>());
    }

    #[test]
    fn overrides_are_checked_by_name_and_bounds() {
        let parse = serde_json::from_str::<LimitOverrides>;
        let given = parse(r#"{"wall_limit_ms": 7}"#).unwrap();
        assert_eq!(JobLimits::default().with(&given).wall_limit_ms, 7);
        let error = parse(r#"{"walls": 7}"#).unwrap_err().to_string();
        assert!(
            error.starts_with("there is no limit \"walls\"; there are wall_limit_ms, "),
            "{error}"
        );
        let error = parse(r#"{"cpu_limit_ms": 0}"#).unwrap_err().to_string();
        assert!(
            error.starts_with("cpu_limit_ms is 0, allowed are 1 to 3600000"),
            "{error}"
        );
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
