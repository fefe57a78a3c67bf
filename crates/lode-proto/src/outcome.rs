//! The outcome: the one terminal result of a job, as it is pushed to the producer.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::limits::{HEADERS_BYTES_MAX, HEADERS_MAX};
use crate::tag::{Blame, Tag};

/// What the producer gets.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "outcome")]
pub struct Outcome {
    /// The job's id.
    pub id: String,
    /// The app, or an empty string when the job could not be read that far.
    pub app: String,
    /// The hook, `script:<function>` for an inline one, or an empty string.
    pub hook: String,
    /// What became of the job.
    pub tag: Tag,
    /// Whose fault that is.
    pub blame: Blame,
    /// HTTP status for the application server's client.
    pub status: u16,
    /// The hook's response; for a failure the Kinvey error as body.
    pub response: HookResponse,
    /// The request as the hook left it; for a failure as the job brought it, or null.
    #[schemars(with = "Option<serde_json::Value>")]
    pub request: Option<Box<RawValue>>,
    /// What went wrong; absent on success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorInfo>,
    /// Where the time went.
    pub timings: Timings,
    /// What the job used.
    pub usage: Usage,
    /// The worker that settled the job.
    pub worker: String,
}

/// The response part of an outcome.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct HookResponse {
    /// HTTP status, 100 to 599.
    #[serde(rename = "statusCode")]
    pub status_code: u16,
    /// Response headers.
    pub headers: BTreeMap<String, String>,
    /// Any JSON value.
    #[schemars(with = "serde_json::Value")]
    pub body: Box<RawValue>,
    /// True when the pipeline goes on.
    #[serde(rename = "continue")]
    pub proceed: bool,
}

/// A failure in Kinvey's shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorInfo {
    /// Stable name, such as `BLRuntimeError`.
    pub error: String,
    /// Fixed sentence for that name.
    pub description: String,
    /// What happened, the limit if one was met, and what to do.
    pub debug: String,
    /// JavaScript stack, one frame a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
}

/// Where a job's time went, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Timings {
    /// From enqueue to lease.
    pub queued_us: u64,
    /// From lease to the start of the run.
    pub dispatch_us: u64,
    /// From the start of the run to its outcome.
    pub run_us: u64,
    /// Time in host calls, inside `run_us`.
    pub host_calls_us: u64,
    /// From enqueue to outcome.
    pub total_us: u64,
}

/// What a job used. `cpu_us` and `heap_bytes` are the child's own word where it could still speak.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// CPU time of the child from the start of the run, in microseconds.
    pub cpu_us: u64,
    /// V8 heap in use at the end, in bytes.
    pub heap_bytes: u64,
    /// Host calls made.
    pub host_calls: u64,
    /// Log lines written, dropped ones included.
    pub log_lines: u64,
}

impl ErrorInfo {
    /// The error that `tag` becomes, or `None` for a success.
    #[must_use]
    pub fn for_tag(tag: Tag, debug: String, stack: Option<String>) -> Option<Self> {
        let kinvey = tag.verdict().2?;
        Some(Self {
            error: kinvey.name.to_owned(),
            description: kinvey.description.to_owned(),
            debug,
            stack,
        })
    }
}

/// The `error`, `description` and `debug` of a failure as a response body.
#[derive(Serialize)]
struct ErrorBody<'a> {
    error: &'a str,
    description: &'a str,
    debug: &'a str,
}

impl HookResponse {
    /// The response of a failed job: the Kinvey error as body, its status as status.
    #[must_use]
    pub fn of_failure(status: u16, info: &ErrorInfo) -> Self {
        let body = ErrorBody {
            error: &info.error,
            description: &info.description,
            debug: &info.debug,
        };
        Self {
            status_code: status,
            headers: BTreeMap::new(),
            body: to_raw(&body),
            proceed: false,
        }
    }
}

/// Checks a hook's response headers: their number, their bytes, and that none can smuggle another
/// one in. The error names what was wrong and what is allowed.
pub fn check_headers(headers: &BTreeMap<String, String>) -> Result<(), String> {
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if headers.len() > HEADERS_MAX || bytes > HEADERS_BYTES_MAX {
        return Err(format!(
            "{} response headers of {bytes} bytes, allowed are {HEADERS_MAX} of \
             {HEADERS_BYTES_MAX} in all",
            headers.len()
        ));
    }
    for (name, value) in headers {
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(format!(
                "{name:?} is no name of a response header; allowed are letters, digits and \
                 !#$%&'*+-.^_`|~"
            ));
        }
        if value.chars().any(|c| c.is_control() && c != '\t') {
            return Err(format!(
                "the response header {name:?} holds a control character"
            ));
        }
        // Servers that keep the low byte of each character would turn some of them into line ends.
        if value.chars().any(|c| c > '\u{ff}') {
            return Err(format!(
                "the response header {name:?} holds a character beyond U+00FF; encode it"
            ));
        }
    }
    Ok(())
}

/// A character of a header's name, by RFC 9110.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// `value` as JSON text. For types of ours, whose serialisation cannot fail.
pub fn to_raw<T: Serialize>(value: &T) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).expect("a struct of strings and numbers serialises")
}

/// JSON `null`.
#[must_use]
pub fn raw_null() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}
