//! Exceptions as texts, without running any of the tenant's code.
//!
//! A thrown object may have getters that throw or never return, and `Error.prepareStackTrace` may
//! be the tenant's. V8's own message of an exception looks at data properties only, and its stack
//! trace is structured; both are used here, and `stack` is never read.

use std::fmt::Write as _;

use deno_core::v8;
use lode_proto::limits::{ERROR_TEXT_BYTES_MAX, STACK_FRAMES_MAX, cut};

use crate::natives;
use crate::source::{RESOURCE, SourceMap};

/// A thrown value in words.
#[derive(Debug)]
pub(crate) struct Description {
    /// Such as `TypeError: x is not a function`.
    pub(crate) text: String,
    /// One frame a line; `None` when there is none to show.
    pub(crate) stack: Option<String>,
    /// `name:line:column` of the place that the message is about.
    pub(crate) place: Option<String>,
}

/// Describes `exception`; `message` is the one that the catching scope has, if any.
pub(crate) fn exception(
    scope: &mut v8::PinScope<'_, '_>,
    exception: v8::Local<'_, v8::Value>,
    message: Option<v8::Local<'_, v8::Message>>,
    map: &SourceMap,
) -> Description {
    let exception = v8::Local::new(scope, exception);
    let message = match message {
        Some(message) => v8::Local::new(scope, message),
        None => v8::Exception::create_message(scope, exception),
    };
    let text = natives::bounded(scope, message.get(scope), ERROR_TEXT_BYTES_MAX);
    let text = text.strip_prefix("Uncaught ").unwrap_or(&text);
    let trace =
        v8::Exception::get_stack_trace(scope, exception).or_else(|| message.get_stack_trace(scope));
    let stack = trace
        .map(|trace| frames(scope, trace, map))
        .filter(|text| !text.is_empty());
    let place = message
        .get_line_number(scope)
        .filter(|line| *line > 0)
        .map(|line| {
            let at = map.locate(line, message.get_start_column() + 1);
            format!("{}:{}:{}", at.name, at.line, at.column)
        });
    Description {
        text: cut(text, ERROR_TEXT_BYTES_MAX),
        stack,
        place,
    }
}

/// The tenant's frames of a stack trace, in V8's own style.
pub(crate) fn frames(
    scope: &v8::PinScope<'_, '_>,
    trace: v8::Local<'_, v8::StackTrace>,
    map: &SourceMap,
) -> String {
    let mut text = String::new();
    for index in 0..trace.get_frame_count().min(STACK_FRAMES_MAX) {
        let Some(frame) = trace.get_frame(scope, index) else {
            break;
        };
        let name = frame
            .get_script_name(scope)
            .map(|name| name.to_rust_string_lossy(scope));
        if name.as_deref() != Some(RESOURCE) && !frame.is_eval() && !frame.is_wasm() {
            continue; // a frame of the sandbox API itself
        }
        let at = map.locate(frame.get_line_number(), frame.get_column());
        let function = frame
            .get_function_name(scope)
            .map(|name| name.to_rust_string_lossy(scope))
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "<anonymous>".to_owned());
        let place = if name.as_deref() == Some(RESOURCE) {
            format!("{}:{}:{}", at.name, at.line, at.column)
        } else {
            format!("eval:{}:{}", frame.get_line_number(), frame.get_column())
        };
        let separator = if text.is_empty() { "" } else { "\n" };
        // Writing to a String cannot fail.
        let _ = write!(text, "{separator}    at {function} ({place})");
    }
    cut(&text, ERROR_TEXT_BYTES_MAX)
}
