//! The payloads of frames on the job socket.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::limits::JobLimits;
use crate::tag::Tag;

/// Ready: the child is confined and waits for its job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ready {
    /// The child's [`crate::frame::PROTOCOL_VERSION`].
    pub version: u32,
}

/// One piece of source: common code or the hook itself, under the name shown in stacks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SourcePart {
    /// Such as `common:helpers` or `books.onPreSave`.
    pub name: String,
    /// JavaScript, a classic script.
    pub source: String,
}

/// What the child does with the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Runs the hook.
    Run,
    /// Compiles only: `completed`, or `hook_syntax` with line and column.
    Check,
}

/// What hooks see of the time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// The machine's, in milliseconds.
    #[default]
    Exact,
    /// In steps of 100 ms: what a hook computes between two steps takes no time that it can see.
    Coarse,
    /// The start of the job, for all of it.
    Frozen,
}

/// How the hook's realm departs from V8's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Realm {
    /// Whether `eval` and `Function` may make code.
    pub code_from_strings: bool,
    /// The clock.
    pub clock: Clock,
}

impl Default for Realm {
    fn default() -> Self {
        Self {
            code_from_strings: true,
            clock: Clock::default(),
        }
    }
}

/// Run: the job, sent once to each child.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    /// Run or check.
    pub mode: Mode,
    /// Common code in order, then the hook.
    pub parts: Vec<SourcePart>,
    /// The function to call; `None`: the only hook function the script defines, or none (plain).
    pub function: Option<String>,
    /// The collection that `db` means when a call names none.
    pub collection: Option<String>,
    /// The endpoint's name, which is its `request.collectionName`.
    pub endpoint: Option<String>,
    /// `request`, an object.
    pub request: Option<Box<RawValue>>,
    /// `response`, an object.
    pub response: Option<Box<RawValue>>,
    /// The app's id. Its secrets stay with the master; a hook that asks for one gets it by a call.
    pub app_key: String,
    /// How the realm departs from V8's.
    #[serde(default)]
    pub realm: Realm,
    /// What the job may use.
    pub limits: JobLimits,
}

/// Call: a host call. Replies carry its `id`; calls of one job are carried out in order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Call {
    /// The child's number for it.
    pub id: u32,
    /// Such as `db.find`.
    pub method: String,
    /// Arguments, an object.
    pub args: Box<RawValue>,
}

/// Log: one line that the hook wrote.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Log {
    /// How grave.
    pub level: LogLevel,
    /// The text.
    pub message: String,
}

/// Levels of Kinvey's logger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// `logger.info`, `console.log`.
    Info,
    /// `logger.warn`.
    Warning,
    /// `logger.error`.
    Error,
    /// `logger.fatal`.
    Fatal,
}

/// Reply: a host call's result; exactly one of `ok` and `error`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reply {
    /// The call's id.
    pub id: u32,
    /// The value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ok: Option<Box<RawValue>>,
    /// The failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<CallError>,
}

impl Reply {
    /// Whether the call went well, and its value or error as JSON.
    #[must_use]
    pub fn into_parts(self) -> (bool, String) {
        match (self.ok, self.error) {
            (Some(value), _) => (true, String::from(Box::<str>::from(value))),
            (None, Some(error)) => (false, serde_json::to_string(&error).unwrap_or_default()),
            (None, None) => (true, "null".to_owned()),
        }
    }
}

/// A failed host call, in the shape of Kinvey's data proxy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallError {
    /// Such as `DisallowedQuerySyntax`.
    pub code: String,
    /// What was wrong and what is allowed.
    pub message: String,
}

/// Done: how the run ended, as the child saw it. The master checks every field.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Done {
    /// One of the tags a child may report; see [`Done::may_claim`].
    pub tag: Tag,
    /// HTTP status of a success.
    #[serde(default)]
    pub status: u16,
    /// Response headers of a success.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Response body of a success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Box<RawValue>>,
    /// The request as the hook left it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Box<RawValue>>,
    /// What went wrong.
    #[serde(default)]
    pub debug: String,
    /// JavaScript stack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
    /// CPU time since the Run frame, in microseconds.
    #[serde(default)]
    pub cpu_us: u64,
    /// V8 heap in use, in bytes.
    #[serde(default)]
    pub heap_bytes: u64,
    /// Log lines written, those beyond the limit included, which are not sent.
    #[serde(default)]
    pub log_lines: u64,
}

impl Done {
    /// A report with nothing but its tag and text.
    #[must_use]
    pub fn failure(tag: Tag, debug: String, stack: Option<String>) -> Self {
        Self {
            tag,
            status: 0,
            headers: BTreeMap::new(),
            body: None,
            request: None,
            debug,
            stack,
            cpu_us: 0,
            heap_bytes: 0,
            log_lines: 0,
        }
    }

    /// True for a tag that only the child can know; the others are the master's to give.
    #[must_use]
    pub fn may_claim(tag: Tag) -> bool {
        match tag {
            Tag::Completed
            | Tag::Continued
            | Tag::HookError
            | Tag::HookThrew
            | Tag::HookSyntax
            | Tag::HookNeverCompleted
            | Tag::HookTimeout
            | Tag::HookOutOfMemory
            | Tag::HookViolation => true,
            Tag::AppSuspended
            | Tag::TooManyJobs
            | Tag::QueueFull
            | Tag::Duplicate
            | Tag::ChildCrashed
            | Tag::WorkerLost
            | Tag::Expired
            | Tag::Cancelled
            | Tag::BadJob => false,
        }
    }
}
