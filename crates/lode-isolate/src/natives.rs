//! The functions that `js/` reaches the host through. A tenant's code never gets hold of them.

use std::collections::BTreeMap;
use std::time::Duration;

use deno_core::v8;
use lode_proto::Tag;
use lode_proto::limits::HEADERS_BYTES_MAX;
use lode_proto::message::{Done, Log, LogLevel};
use lode_proto::outcome::check_headers;
use lode_proto::plain_json;
use serde_json::value::RawValue;

use crate::describe;
use crate::job::{Job, limits};
use crate::run::with_map;

type Arguments<'s> = v8::FunctionCallbackArguments<'s>;

/// Builds the `host` object of `js/bridge.js`.
pub(crate) fn host_object<'s>(scope: &mut v8::PinScope<'s, '_>) -> v8::Local<'s, v8::Object> {
    let host = v8::Object::new(scope);
    let natives = [
        ("call", v8::Function::new(scope, call)),
        ("callNow", v8::Function::new(scope, call_now)),
        ("ignore", v8::Function::new(scope, ignore)),
        ("log", v8::Function::new(scope, log)),
        ("startTimer", v8::Function::new(scope, start_timer)),
        ("stopTimer", v8::Function::new(scope, stop_timer)),
        ("uniqueId", v8::Function::new(scope, unique_id)),
        ("finish", v8::Function::new(scope, finish)),
        ("fail", v8::Function::new(scope, fail)),
        ("unserialisable", v8::Function::new(scope, unserialisable)),
    ];
    for (name, function) in natives {
        let key = text(scope, name);
        let function = function.expect("a function can be made while the heap is empty");
        host.set(scope, key.into(), function.into());
    }
    host
}

/// A string of ours as V8's.
pub(crate) fn text<'s>(scope: &v8::PinScope<'s, '_>, text: &str) -> v8::Local<'s, v8::String> {
    v8::String::new(scope, text).unwrap_or_else(|| v8::String::empty(scope))
}

/// A text of at most `max` bytes; a longer one is cut before it is copied: what a tenant made as
/// one rope of a hundred megabytes must not be there twice.
pub(crate) fn bounded(
    scope: &v8::PinScope<'_, '_>,
    value: v8::Local<'_, v8::String>,
    max: usize,
) -> String {
    if value.length() <= max {
        return value.to_rust_string_lossy(scope);
    }
    let mut bytes = vec![0; max];
    let flags = v8::WriteFlags::kReplaceInvalidUtf8;
    let written = value.write_utf8_v2(scope, &mut bytes, flags, None);
    bytes.truncate(written);
    format!("{}… [cut]", String::from_utf8_lossy(&bytes))
}

/// One of our own short arguments.
fn string(scope: &mut v8::PinScope<'_, '_>, args: &Arguments<'_>, index: i32) -> String {
    args.get(index).to_rust_string_lossy(scope)
}

/// An argument of the tenant's making. `Err` is its length when that is above `max` bytes.
fn payload(
    scope: &mut v8::PinScope<'_, '_>,
    args: &Arguments<'_>,
    index: i32,
    max: u64,
) -> Result<String, usize> {
    let Some(value) = args.get(index).to_string(scope) else {
        return Ok(String::new());
    };
    // Never more characters than bytes: the cheap test settles the hostile cases.
    if value.length() as u64 > max {
        return Err(value.length());
    }
    Ok(value.to_rust_string_lossy(scope))
}

/// Reports the job's end and stops JavaScript: nothing of the hook runs after it.
pub(crate) fn end(scope: &mut v8::PinScope<'_, '_>, done: Done) {
    let heap = scope.get_heap_statistics().used_heap_size();
    if let Some(job) = scope.get_slot_mut::<Job>() {
        job.report(done, heap);
    }
    scope.terminate_execution();
}

fn call(scope: &mut v8::PinScope<'_, '_>, args: Arguments<'_>, mut rv: v8::ReturnValue<'_>) {
    if let Some(id) = send_call(scope, &args) {
        rv.set_uint32(id);
    }
}

/// The text of a call's arguments, with each lone surrogate replaced as in results. What is wrong
/// besides is told by whoever reads them.
fn mended(payload: String) -> String {
    // JSON.stringify writes no other escapes of these units than those of lone surrogates.
    if !payload.contains("\\ud") && !payload.contains("\\uD") {
        return payload;
    }
    plain_json::mend(payload.clone()).unwrap_or(payload)
}

/// Sends the host call `(method, payload)`. `None` when that was the end of the job.
fn send_call(scope: &mut v8::PinScope<'_, '_>, args: &Arguments<'_>) -> Option<u32> {
    let method = string(scope, args, 0);
    let limit = limits(scope).host_call_limit_bytes;
    let sent = match payload(scope, args, 1, limit) {
        Ok(payload) => {
            let job = scope.get_slot_mut::<Job>()?;
            if !job.is_running() {
                scope.terminate_execution();
                return None;
            }
            job.call(method, mended(payload))
        }
        Err(length) => Err(format!(
            "{method} was given {length} characters, allowed are {limit} bytes"
        )),
    };
    sent.map_err(|debug| end(scope, Done::failure(Tag::HookViolation, debug, None)))
        .ok()
}

/// `callNow(method, payload)`: a host call whose reply is waited for, as `[ok, text]`. For calls
/// that answer at once and stand behind functions of Kinvey's that return their result.
fn call_now(scope: &mut v8::PinScope<'_, '_>, args: Arguments<'_>, mut rv: v8::ReturnValue<'_>) {
    let Some(id) = send_call(scope, &args) else {
        return;
    };
    let Some(job) = scope.get_slot_mut::<Job>() else {
        return;
    };
    let Some(reply) = job.receive_reply_to(id) else {
        let debug = job.timed_out_waiting();
        return end(scope, Done::failure(Tag::HookTimeout, debug, None));
    };
    let (ok, json) = reply.into_parts();
    let ok = v8::Boolean::new(scope, ok).into();
    let json = text(scope, &json).into();
    rv.set(v8::Array::new_with_elements(scope, &[ok, json]).into());
}

/// `ignore(promise)`: its rejection is looked after. Unlike `then`, this runs none of a tenant's code.
fn ignore(_scope: &mut v8::PinScope<'_, '_>, args: Arguments<'_>, _rv: v8::ReturnValue<'_>) {
    if let Ok(promise) = v8::Local::<v8::Promise>::try_from(args.get(0)) {
        promise.mark_as_handled();
    }
}

fn log(scope: &mut v8::PinScope<'_, '_>, args: Arguments<'_>, _rv: v8::ReturnValue<'_>) {
    let level = match string(scope, &args, 0).as_str() {
        "warning" => LogLevel::Warning,
        "error" => LogLevel::Error,
        "fatal" => LogLevel::Fatal,
        _ => LogLevel::Info,
    };
    let max = usize::try_from(limits(scope).log_line_limit_bytes).unwrap_or(usize::MAX);
    let Some(message) = args.get(1).to_string(scope) else {
        return;
    };
    let message = bounded(scope, message, max);
    if let Some(job) = scope.get_slot_mut::<Job>() {
        job.log(Log { level, message });
    }
}

fn start_timer(scope: &mut v8::PinScope<'_, '_>, args: Arguments<'_>, _rv: v8::ReturnValue<'_>) {
    let id = u64::from(args.get(0).uint32_value(scope).unwrap_or(0));
    let ms = u64::from(args.get(1).uint32_value(scope).unwrap_or(0));
    let repeat = args.get(2).is_true();
    let Some(job) = scope.get_slot_mut::<Job>() else {
        return;
    };
    let limit = job.limits.timers_limit;
    if job.timers().len() as u64 >= limit {
        let debug = format!("more than {limit} timers at one time");
        return end(scope, Done::failure(Tag::HookViolation, debug, None));
    }
    job.timers().start(id, Duration::from_millis(ms), repeat);
}

fn stop_timer(scope: &mut v8::PinScope<'_, '_>, args: Arguments<'_>, _rv: v8::ReturnValue<'_>) {
    let id = u64::from(args.get(0).uint32_value(scope).unwrap_or(0));
    if let Some(job) = scope.get_slot_mut::<Job>() {
        job.timers().stop(id);
    }
}

/// `uniqueId()`: 16 hexadecimal digits that no other process and no other call gets.
fn unique_id(scope: &mut v8::PinScope<'_, '_>, _args: Arguments<'_>, mut rv: v8::ReturnValue<'_>) {
    let id = scope.get_slot_mut::<Job>().map(|job| job.ids.next());
    rv.set(text(scope, &id.unwrap_or_default()).into());
}

/// `finish(tag, status, headers, body, request)`: the terminal call of a success.
fn finish(scope: &mut v8::PinScope<'_, '_>, args: Arguments<'_>, _rv: v8::ReturnValue<'_>) {
    let continued = string(scope, &args, 0) == "continued";
    let status = args.get(1).uint32_value(scope).unwrap_or(200);
    let limit = limits(scope).result_limit_bytes;
    // JSON of headers that are allowed is at most six times their size (each byte escaped).
    let headers_max = 8 * HEADERS_BYTES_MAX as u64;
    let texts = [
        (2, headers_max, "the object of response headers"),
        (3, limit, "response.body"),
        (4, limit, "request"),
    ];
    let mut values = Vec::with_capacity(texts.len());
    for (index, max, what) in texts {
        match payload(scope, &args, index, max) {
            Ok(value) => values.push(value),
            Err(length) => {
                let debug =
                    format!("{what} has {length} characters as JSON, allowed are {max} bytes");
                return end(scope, Done::failure(Tag::HookViolation, debug, None));
            }
        }
    }
    let [headers, body, request] = values.try_into().unwrap_or_default();
    let done = success(continued, status, &headers, body, request, limit);
    end(scope, done);
}

fn success(
    continued: bool,
    status: u32,
    headers: &str,
    body: String,
    request: String,
    limit: u64,
) -> Done {
    let bytes = body.len() + request.len();
    if bytes as u64 > limit {
        let debug = format!(
            "the result has {bytes} bytes ({} of response.body, {} of request), allowed are {limit}",
            body.len(),
            request.len()
        );
        return Done::failure(Tag::HookViolation, debug, None);
    }
    let mended = plain_json::mend(body).and_then(|body| Ok((body, plain_json::mend(request)?)));
    let (body, request) = match mended {
        Ok(pair) => pair,
        Err(reason) => {
            let debug = format!("the result is no JSON that others can read: {reason}");
            return Done::failure(Tag::HookViolation, debug, None);
        }
    };
    let headers = plain_json::mend(headers.to_owned()).unwrap_or_default();
    let parts = (
        serde_json::from_str::<BTreeMap<String, String>>(&headers),
        RawValue::from_string(body),
        RawValue::from_string(request),
    );
    let (Ok(headers), Ok(body), Ok(request)) = parts else {
        let debug = "the result is not JSON".to_owned();
        return Done::failure(Tag::HookThrew, debug, None);
    };
    if let Err(debug) = check_headers(&headers) {
        return Done::failure(Tag::HookViolation, debug, None);
    }
    let tag = if continued {
        Tag::Continued
    } else {
        Tag::Completed
    };
    Done {
        status: u16::try_from(status).unwrap_or(200),
        headers,
        body: Some(body),
        request: Some(request),
        ..Done::failure(tag, String::new(), None)
    }
}

/// `fail(value)`: `response.error(value)` or `complete(value)`.
fn fail(scope: &mut v8::PinScope<'_, '_>, args: Arguments<'_>, _rv: v8::ReturnValue<'_>) {
    let told = explain(scope, args.get(0));
    let debug = format!("UserDefinedError: {}", told.text);
    end(scope, Done::failure(Tag::HookError, debug, told.stack));
}

/// `unserialisable(what, error)`: the terminal call came, but its values are not JSON.
fn unserialisable(scope: &mut v8::PinScope<'_, '_>, args: Arguments<'_>, _rv: v8::ReturnValue<'_>) {
    let what = string(scope, &args, 0);
    let told = explain(scope, args.get(1));
    let debug = format!("{what} cannot be serialised: {}", told.text);
    end(scope, Done::failure(Tag::HookThrew, debug, told.stack));
}

fn explain(
    scope: &mut v8::PinScope<'_, '_>,
    value: v8::Local<'_, v8::Value>,
) -> describe::Description {
    with_map(scope, |scope, map| {
        describe::exception(scope, value, None, map)
    })
}
