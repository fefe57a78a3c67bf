//! What becomes of each misbehaviour in `tests/hooks`, through `lode run`.

use std::sync::atomic::{AtomicUsize, Ordering};

use lode_proto::Outcome;
use serde_json::{Value, json};

use crate::support::Place;

/// Blame, status and Kinvey error.
type Verdict = (&'static str, u16, &'static str);
const RUNTIME: Verdict = ("tenant", 400, "BLRuntimeError");
const SYNTAX: Verdict = ("tenant", 550, "BLSyntaxError");
const TIMEOUT: Verdict = ("tenant", 550, "BLTimeoutError");
const VIOLATION: Verdict = ("tenant", 550, "BLViolationError");

/// A wall limit for hooks that are to end before it.
const LONG: &[&str] = &["--wall-limit", "60s"];
/// A wall limit for hooks that are to reach it.
const SHORT: &[&str] = &["--wall-limit", "400ms"];

/// File, flags, tag, verdict, a part of `debug`, a part of `stack`.
type Failure = (
    &'static str,
    &'static [&'static str],
    &'static str,
    Verdict,
    &'static str,
    &'static str,
);

#[rustfmt::skip]
const FAILURES: &[Failure] = &[
    ("syntax_error", LONG, "hook_syntax", SYNTAX, "SyntaxError: Unexpected token ';' at syntax_error.js:2:18", ""),
    ("throws", LONG, "hook_threw", RUNTIME, "TypeError: Cannot read properties of undefined (reading 'title')", "at lookUp (throws.js:7:15)\n    at onRequest (throws.js:2:3)"),
    ("throws_in_callback", LONG, "hook_threw", RUNTIME, "TypeError: Cannot read", "at afterFind (throws_in_callback.js:3:30)"),
    ("throws_null", LONG, "hook_threw", RUNTIME, "null", "throws_null.js:2:3"),
    ("throws_string", LONG, "hook_threw", RUNTIME, "no more stock", "throws_string.js:2:3"),
    ("throws_hostile_object", LONG, "hook_threw", RUNTIME, "", "at onRequest (throws_hostile_object.js:9:3)"),
    ("throws_hostile_error", LONG, "hook_threw", RUNTIME, "told", "at onRequest (throws_hostile_error.js:5:17)"),
    ("throws_hostile_proxy", LONG, "hook_threw", RUNTIME, "", "throws_hostile_proxy.js:3:3"),
    ("unhandled_rejection", LONG, "hook_threw", RUNTIME, "RangeError: no book 7 (unhandled promise rejection)", "at load (unhandled_rejection.js:2:9)"),
    ("rejects_with_a_string", LONG, "hook_threw", RUNTIME, "no more stock (unhandled promise rejection)", ""),
    ("throws_a_hundred_megabytes", LONG, "hook_threw", RUNTIME, "[cut]", "throws_a_hundred_megabytes.js:3:"),
    ("native_memory_bomb", LONG, "hook_out_of_memory", VIOLATION, "memory limit was reached", ""),
    ("nested_too_deep", LONG, "hook_violation", VIOLATION, "nested deeper than 100 levels", ""),
    ("smuggles_a_header", LONG, "hook_violation", VIOLATION, "\"x-note\" holds a control character", ""),
    ("response_error", LONG, "hook_error", RUNTIME, "UserDefinedError: the book is lent", ""),
    ("complete_with_error", LONG, "hook_error", RUNTIME, "UserDefinedError: TypeError: no such shelf", "complete_with_error.js:1:10"),
    ("never_completes", LONG, "hook_never_completed", TIMEOUT, "ended without a terminal call", ""),
    ("waits_too_long", SHORT, "hook_timeout", TIMEOUT, "wall limit of 400 ms passed while waiting for 0 host calls and 1 timers", ""),
    ("endless_loop", SHORT, "hook_timeout", TIMEOUT, "wall limit of 400 ms", "at spin (endless_loop.js:7:"),
    ("endless_loop", SHORT, "hook_timeout", TIMEOUT, "while running", "at onRequest (endless_loop.js:2:3)"),
    ("regexp_backtracking", SHORT, "hook_timeout", TIMEOUT, "wall limit of 400 ms", "at onRequest (regexp_backtracking.js:2:"),
    ("endless_microtasks", SHORT, "hook_timeout", TIMEOUT, "wall limit of 400 ms", ""),
    ("endless_promise_chain", LONG, "hook_out_of_memory", VIOLATION, "heap limit of 67108864 bytes", ""),
    ("endless_to_json", SHORT, "hook_timeout", TIMEOUT, "wall limit of 400 ms", "at spin (endless_to_json.js:2:"),
    ("cannot_be_interrupted", SHORT, "hook_timeout", TIMEOUT, "its process was killed", ""),
    ("heap_bomb", LONG, "hook_out_of_memory", VIOLATION, "heap limit of 67108864 bytes", "at fill (heap_bomb.js:8:"),
    ("heap_bomb", &["--wall-limit", "60s", "--heap-limit", "16"], "hook_out_of_memory", VIOLATION, "heap limit of 16777216 bytes", "at fill (heap_bomb.js:8:"),
    ("array_buffer_bomb", LONG, "hook_out_of_memory", VIOLATION, "ArrayBuffer limit of 67108864 bytes", "array_buffer_bomb.js:3:"),
    ("wasm_memory_bomb", LONG, "hook_out_of_memory", VIOLATION, "WebAssembly.Memory.grow()", "wasm_memory_bomb.js:4:12"),
    ("string_bomb", LONG, "hook_out_of_memory", VIOLATION, "67108864 bytes", ""),
    ("huge_array", LONG, "hook_out_of_memory", VIOLATION, "67108864 bytes", ""),
    ("missing_function", LONG, "hook_threw", RUNTIME, "onRequest is not defined: the script has no function of that name (hook functions it has: onPreSave)", ""),
    ("circular_body", LONG, "hook_threw", RUNTIME, "response.body cannot be serialised: TypeError: Converting circular structure to JSON", "circular_body.js:4:12"),
    ("bigint_body", LONG, "hook_threw", RUNTIME, "response.body cannot be serialised: TypeError: Do not know how to serialize a BigInt", ""),
    ("getter_body", LONG, "hook_threw", RUNTIME, "response.body cannot be serialised: Error: peek", "getter_body.js:2:"),
    ("result_too_large", LONG, "hook_violation", VIOLATION, "allowed are 1048576", ""),
    ("too_many_headers", LONG, "hook_violation", VIOLATION, "headers", ""),
    ("too_many_calls", LONG, "hook_violation", VIOLATION, "more than 10000 host calls in one job", ""),
    ("too_many_calls_at_once", LONG, "hook_violation", VIOLATION, "more than 1000 host calls waiting at one time", ""),
    ("too_many_timers", LONG, "hook_violation", VIOLATION, "more than 1000 timers at one time", ""),
    ("deep_recursion", LONG, "hook_threw", RUNTIME, "RangeError: Maximum call stack size exceeded", "at dive (deep_recursion.js:7:10)"),
    ("imports_a_module", LONG, "hook_error", RUNTIME, "Not supported", ""),
    ("waits_for_ever_on_atomics", LONG, "hook_threw", RUNTIME, "TypeError: [object Int32Array] is not a shared typed array.", ""),
];

fn check_failure(place: &Place, row: &Failure) -> Result<(), String> {
    let &(file, flags, tag, (blame, status, error), debug, stack) = row;
    let outcome = run(place, file, flags);
    let told = outcome.error.clone().ok_or("no error")?;
    let expected = json!([
        tag,
        blame,
        status,
        error,
        status,
        outcome.response.status_code
    ]);
    let is = json!([
        outcome.tag,
        outcome.blame,
        outcome.status,
        told.error,
        outcome.response.status_code,
        status
    ]);
    let told_stack = told.stack.clone().unwrap_or_default();
    let body: Value = serde_json::from_str(outcome.response.body.get()).unwrap();
    let fits = is == expected
        && told.debug.contains(debug)
        && told_stack.contains(stack)
        && body["error"] == told.error.as_str()
        && body["debug"] == told.debug.as_str()
        && outcome.request.is_some();
    fits.then_some(()).ok_or_else(|| {
        format!("{file}: {is} is not {expected}, or {debug:?} and {stack:?} are not in {told:?}")
    })
}

/// File, tag, status, body.
type Success = (&'static str, &'static str, u16, &'static str);

#[rustfmt::skip]
const SUCCESSES: &[Success] = &[
    ("double_completion", "completed", 201, r#""first""#),
    ("completes_again_in_callback", "continued", 200, r#""early""#),
    ("throws_100s_after_complete", "completed", 200, "{}"),
    ("loops_after_complete", "completed", 200, r#""done""#),
    ("polls_with_zero_delay", "completed", 200, r#""answered""#),
    ("half_a_character", "completed", 200, r#"{"title":"ok \ufffd"}"#),
    ("log_flood", "completed", 200, r#""still here""#),
    ("log_line_of_a_megabyte", "completed", 200, "{}"),
    ("replaces_intrinsics", "completed", 201, r#"{"title":"Emma","replaced":true}"#),
    ("poisons_object_prototype", "completed", 200, "2"),
    ("no_host_access", "completed", 200, r#"{"found":[],"reached":[],"same":true}"#),
];

fn check_success(place: &Place, row: &Success) -> Result<(), String> {
    let &(file, tag, status, body) = row;
    let outcome = run(place, file, LONG);
    let fits = outcome.tag.as_str() == tag
        && (outcome.status, outcome.response.status_code) == (status, status)
        && outcome.response.body.get() == body
        && outcome.response.proceed == (tag == "continued");
    fits.then_some(())
        .ok_or_else(|| format!("{file} is not {tag} {status} {body}: {outcome:?}"))
}

fn run(place: &Place, file: &str, flags: &[&str]) -> Outcome {
    let common = ["--hook", "onRequest", "--body", "{}"];
    let flags: Vec<&str> = common.iter().chain(flags).copied().collect();
    place.run(&format!("{file}.js"), &flags).outcome()
}

/// Checks all rows, some at a time, and shows every one that fails.
#[track_caller]
fn check_all<R: Sync>(rows: &[R], check: fn(&Place, &R) -> Result<(), String>) {
    let place = Place::sqlite();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut problems = Vec::new();
        while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
            problems.extend(check(&place, row).err());
        }
        problems
    };
    let problems: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..3).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(|worker| worker.join().unwrap());
        ended.flatten().collect()
    });
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_misbehaviour_has_its_own_outcome() {
    check_all(FAILURES, check_failure);
}

#[test]
fn what_follows_the_terminal_call_does_no_harm() {
    check_all(SUCCESSES, check_success);
}

#[test]
fn a_hook_that_never_completes_is_reported_at_once() {
    let outcome = run(
        &Place::sqlite(),
        "never_completes",
        &["--wall-limit", "30s"],
    );
    assert_eq!(outcome.tag.as_str(), "hook_never_completed");
    assert!(outcome.timings.run_us < 10_000_000, "{outcome:?}");
}

#[test]
fn calls_made_before_the_terminal_call_are_carried_out() {
    let place = Place::sqlite();
    place.app("a", &[]);
    let flags = ["--store", place.store.as_str(), "--app", "a"];
    let first = run(&place, "fire_and_forget_then_complete", &flags);
    assert_eq!(first.tag.as_str(), "completed");
    let second = run(&place, "counts_books", &flags);
    assert_eq!(second.response.body.get(), "50");
}

#[test]
fn a_flood_of_log_lines_is_cut_and_counted() {
    let ran = Place::sqlite().run("log_flood.js", &["--body", "{}"]);
    assert_eq!(ran.outcome().usage.log_lines, 20_000);
    assert_eq!(ran.stderr.matches("[INFO] line ").count(), 1_000);
}

#[test]
fn usage_and_timings_are_filled_in() {
    let outcome = run(&Place::sqlite(), "fire_and_forget_then_complete", LONG);
    let (usage, timings) = (outcome.usage, outcome.timings);
    assert_eq!(usage.host_calls, 50);
    assert!(usage.cpu_us > 0 && usage.heap_bytes > 0, "{usage:?}");
    assert!(
        timings.run_us > 0 && timings.host_calls_us > 0,
        "{timings:?}"
    );
    assert!(
        timings.total_us >= timings.run_us + timings.dispatch_us,
        "{timings:?}"
    );
}

/// 900 replies of 15 MB each would be 13 GB; before they were bounded, five seconds of it took 1.7.
#[test]
fn replies_to_a_hook_that_does_not_read_do_not_pile_up() {
    let place = Place::sqlite();
    let document = json!({ "text": "x".repeat(1_000_000) });
    let data = json!({ "big": vec![document; 15] });
    let file = place.write("big.json", &data.to_string());
    let flags = ["--wall-limit", "2s", "--seed-data", file.to_str().unwrap()];
    let outcome = run(&place, "never_reads_replies", &flags);
    assert_eq!(outcome.tag.as_str(), "hook_timeout");
    // The largest process among those that this one has waited for: masters, not hooks.
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN);
    let peak_kib = usage.unwrap().max_rss();
    assert!(peak_kib < 500 * 1024, "{peak_kib} KiB");
}
