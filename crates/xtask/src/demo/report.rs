//! The report: one job's outcome as a line for people.

use serde_json::Value;

use super::story::{Request, Scene};

/// Columns of free text at the end of a line.
const DETAIL_WIDTH: usize = 120;

/// `✓ books.onPreSave  completed  12.3 ms  …`
pub(crate) fn line(scene: &Scene, outcome: &Value) -> String {
    let tag = outcome["tag"].as_str().unwrap_or("no tag");
    let (mark, expected) = if tag == scene.tag {
        ('✓', String::new())
    } else {
        ('✗', format!("  (expected {})", scene.tag))
    };
    let milliseconds = outcome["timings"]["total_us"].as_f64().unwrap_or(0.0) / 1000.0;
    let hook = scene.hook;
    let detail = cut(&detail(outcome));
    format!("  {mark} {hook:<18} {tag:<21} {milliseconds:>8.1} ms  {detail}{expected}")
}

/// `✓ GET loans --as user:bob  200  …`
pub(crate) fn request_line(request: &Request, reply: &Value) -> String {
    let status = reply["status"].as_u64().unwrap_or_default();
    let (mark, expected) = if status == request.status {
        ('✓', String::new())
    } else {
        ('✗', format!("  (expected {})", request.status))
    };
    let asks = request.asks;
    let body = cut(&reply["body"].to_string());
    format!("  {mark} {asks:<40} {status}                  {body}{expected}")
}

/// For a failure what the tenant reads, with the first line of the stack; else the response.
fn detail(outcome: &Value) -> String {
    let Some(error) = outcome.get("error").filter(|error| !error.is_null()) else {
        return outcome["response"]["body"].to_string();
    };
    let debug = error["debug"].as_str().unwrap_or_default();
    let stack = error["stack"].as_str().unwrap_or_default();
    let frame = stack
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("at "));
    match frame {
        Some(frame) if !debug.contains(frame) => format!("{debug} {frame}"),
        _ => debug.to_owned(),
    }
}

/// One line of at most [`DETAIL_WIDTH`] characters.
fn cut(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(DETAIL_WIDTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::demo::story::{REQUESTS, STORY};

    #[track_caller]
    fn check(outcome: &Value, expected: &str) {
        assert_eq!(line(&STORY[0], outcome), expected);
    }

    #[test]
    fn a_success_shows_its_response() {
        let outcome = json!({"tag": "completed", "timings": {"total_us": 12_340},
            "response": {"body": {"a": 1}}});
        check(
            &outcome,
            "  ✓ books.onPreSave    completed                 12.3 ms  {\"a\":1}",
        );
    }

    #[test]
    fn an_unexpected_end_is_marked_and_says_where_it_broke() {
        let outcome = json!({"tag": "hook_threw", "timings": {"total_us": 1000},
            "error": {"debug": "TypeError: no", "stack": "TypeError: no\n    at f (b.js:1:2)"}});
        check(
            &outcome,
            "  ✗ books.onPreSave    hook_threw                 1.0 ms  \
             TypeError: no at f (b.js:1:2)  (expected completed)",
        );
    }

    #[test]
    fn a_request_shows_its_status_and_its_reply() {
        let line = request_line(&REQUESTS[2], &json!({"status": 200, "body": {"count": 1}}));
        assert_eq!(
            line,
            "  ✗ DELETE loans 1 --as user:bob             200                  \
             {\"count\":1}  (expected 401)"
        );
    }
}
