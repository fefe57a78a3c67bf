//! Exceptions as texts, without running any of the tenant's code.
//!
//! A thrown object may have getters that throw or never return, and `Error.prepareStackTrace` may
//! be the tenant's. V8's own message of an exception looks at data properties only, and its stack
//! trace is structured; both are used here, and `stack` is never read.

use std::fmt::Write as _;

use deno_core::v8;
use lode_proto::limits::{ERROR_TEXT_BYTES_MAX, STACK_FRAMES_MAX, cut};

use crate::natives;
use crate::run::with_map;
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
            .map(|name| one_line(&natives::bounded(scope, name, NAME_BYTES_MAX)))
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

/// Bytes of a function's name in a stack: a tenant may compute it.
const NAME_BYTES_MAX: usize = 200;

/// A name without anything that ends a line: a frame is one line, and a name cannot forge another.
fn one_line(name: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    name.replace(breaks, "\u{fffd}")
}

/// The text that a tenant reads as `error.stack`: V8's, without our own frames, and with positions
/// in the tenant's parts. Tenants' own `Error.prepareStackTrace` is not asked: the call sites that
/// it would get lead to frames that are not the tenant's.
pub(crate) fn stack_text<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    error: v8::Local<'s, v8::Value>,
    sites: v8::Local<'s, v8::Array>,
) -> v8::Local<'s, v8::Value> {
    let message = v8::Exception::create_message(scope, error).get(scope);
    let message = natives::bounded(scope, message, ERROR_TEXT_BYTES_MAX);
    let mut text = message
        .strip_prefix("Uncaught ")
        .unwrap_or(&message)
        .to_owned();
    for index in 0..sites.length() {
        let site = sites.get_index(scope, index);
        // Its toString is V8's own: nobody but this function ever sees a call site.
        let line = site.and_then(|site| site.to_string(scope));
        let Some(line) = line.map(|line| natives::bounded(scope, line, ERROR_TEXT_BYTES_MAX))
        else {
            continue;
        };
        let shown = with_map(scope, |_, map| own_frame(&line, map));
        if let Some(line) = shown {
            text.push_str("\n    at ");
            text.push_str(&line);
        }
    }
    natives::text(scope, &text).into()
}

/// A frame as the tenant knows it; `None` for one of the sandbox API.
fn own_frame(line: &str, map: &SourceMap) -> Option<String> {
    let line = one_line(line);
    let Some(start) = line.rfind("lode:") else {
        return Some(line);
    };
    let place = line[start..].strip_prefix(RESOURCE)?.strip_prefix(':')?;
    let digits = |text: &str| {
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len())
    };
    let row_end = digits(place);
    let column = place[row_end..].strip_prefix(':')?;
    let column_end = digits(column);
    let at = map.locate(
        place[..row_end].parse().ok()?,
        column[..column_end].parse().ok()?,
    );
    let (before, after) = (&line[..start], &column[column_end..]);
    let shown = format!("{before}{}:{}:{}{after}", at.name, at.line, at.column);
    // An eval's frame names the place of the eval as well.
    (!shown.contains("lode:")).then_some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_the_sandbox_are_left_out_and_others_are_mapped() {
        let part = |name: &str, source: &str| lode_proto::message::SourcePart {
            name: name.to_owned(),
            source: source.to_owned(),
        };
        let (_, map) = SourceMap::join(&[part("common:a", "1\n2"), part("books.onPreSave", "3")]);
        let shown = |line| own_frame(line, &map);
        assert_eq!(
            shown("f (lode:job:3:4)").unwrap(),
            "f (books.onPreSave:1:3)"
        );
        assert_eq!(shown("lode:job:1:4").unwrap(), "common:a:1:4");
        assert_eq!(
            shown("new Promise (<anonymous>)").unwrap(),
            "new Promise (<anonymous>)"
        );
        assert_eq!(shown("reply (lode:bridge:3:4)"), None);
        assert_eq!(shown("lode:find:1:1"), None);
        assert_eq!(
            shown("a\nb (<anonymous>)").unwrap(),
            "a\u{fffd}b (<anonymous>)"
        );
    }
}
