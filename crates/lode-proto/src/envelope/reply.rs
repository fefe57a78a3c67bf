//! A reply: an outcome as the answer to a task.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::envelope::TaskOrigin;
use crate::limits::{ERROR_TEXT_BYTES_MAX, cut};
use crate::outcome::{ErrorInfo, Outcome, to_raw};
use crate::tag::Tag;

/// The reply to a task whose hook ended by itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Success<'a> {
    task_id: &'a str,
    metadata: Metadata<'a>,
    request: &'a RawValue,
    response: Response<'a>,
}

/// What is true of the response says which way the pipeline goes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    status_code: u16,
    headers: &'a BTreeMap<String, String>,
    body: &'a RawValue,
    #[serde(rename = "continue", skip_serializing_if = "std::ops::Not::not")]
    proceed: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    complete: bool,
}

/// The reply to a task that failed; the head of `mod.rs` says why it has these fields.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'a> {
    is_error: bool,
    task_id: &'a str,
    error: &'a str,
    message: &'a str,
    description: &'a str,
    debug: &'a str,
    debug_message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stack_trace: Option<String>,
    status_code: u16,
    metadata: Metadata<'a>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    task_id: &'a str,
    tag: Tag,
}

/// The reply to the task that the outcome's job came as, an object as JSON text. Error texts and
/// stacks longer than [`ERROR_TEXT_BYTES_MAX`] bytes are cut.
#[must_use]
pub fn reply(outcome: &Outcome, origin: &TaskOrigin) -> String {
    let metadata = Metadata {
        task_id: &origin.task_id,
        tag: outcome.tag,
    };
    let text = match ErrorInfo::for_tag(outcome.tag, String::new(), None) {
        None => {
            let none = to_raw(&BTreeMap::<String, String>::new());
            serde_json::to_string(&success(outcome, &none, metadata))
        }
        Some(plain) => {
            let info = outcome.error.as_ref().unwrap_or(&plain);
            let debug = cut(&info.debug, ERROR_TEXT_BYTES_MAX);
            serde_json::to_string(&Failure {
                is_error: true,
                task_id: metadata.task_id,
                error: &info.error,
                message: &info.description,
                description: &info.description,
                debug: &debug,
                debug_message: &debug,
                stack_trace: info
                    .stack
                    .as_ref()
                    .map(|stack| cut(stack, ERROR_TEXT_BYTES_MAX)),
                status_code: outcome.status,
                metadata,
            })
        }
    };
    text.expect("a struct of strings, numbers and JSON texts serialises")
}

fn success<'a>(outcome: &'a Outcome, none: &'a RawValue, metadata: Metadata<'a>) -> Success<'a> {
    let response = &outcome.response;
    Success {
        task_id: metadata.task_id,
        metadata,
        request: outcome.request.as_deref().unwrap_or(none),
        response: Response {
            status_code: response.status_code,
            headers: &response.headers,
            body: &response.body,
            proceed: response.proceed,
            complete: !response.proceed,
        },
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::outcome::{HookResponse, Timings, Usage, raw_null};

    fn outcome(tag: Tag, request: Option<&str>, error: Option<ErrorInfo>) -> Outcome {
        let (blame, _, kinvey) = tag.verdict();
        let status = kinvey.map_or(201, |kinvey| kinvey.status);
        let response = HookResponse {
            status_code: 201,
            headers: BTreeMap::from([("x-a".to_owned(), "b".to_owned())]),
            body: raw_null(),
            proceed: tag == Tag::Continued,
        };
        Outcome {
            id: "17-3".to_owned(),
            app: "kid_1".to_owned(),
            hook: "script:onPreSave".to_owned(),
            tag,
            blame,
            status,
            response: error
                .as_ref()
                .map_or(response, |info| HookResponse::of_failure(status, info)),
            request: request.map(|text| RawValue::from_string(text.to_owned()).unwrap()),
            error,
            timings: Timings::default(),
            usage: Usage::default(),
            worker: "w".to_owned(),
        }
    }

    fn origin() -> TaskOrigin {
        TaskOrigin {
            task_id: "0af7".to_owned(),
            background: None,
        }
    }

    #[track_caller]
    fn check(outcome: &Outcome, expected: &Expect) {
        expected.assert_eq(&reply(outcome, &origin()));
    }

    #[test]
    fn a_success_says_which_way_the_pipeline_goes() {
        check(
            &outcome(Tag::Continued, Some(r#"{"body":{"n":1.0}}"#), None),
            &expect![[
                r#"{"taskId":"0af7","metadata":{"taskId":"0af7","tag":"continued"},"request":{"body":{"n":1.0}},"response":{"statusCode":201,"headers":{"x-a":"b"},"body":null,"continue":true}}"#
            ]],
        );
        check(
            &outcome(Tag::Completed, None, None),
            &expect![[
                r#"{"taskId":"0af7","metadata":{"taskId":"0af7","tag":"completed"},"request":{},"response":{"statusCode":201,"headers":{"x-a":"b"},"body":null,"complete":true}}"#
            ]],
        );
    }

    #[test]
    fn a_failure_serves_both_readers() {
        let info = |tag, debug: &str, stack: Option<&str>| {
            ErrorInfo::for_tag(tag, debug.to_owned(), stack.map(str::to_owned))
        };
        let threw = info(Tag::HookThrew, "TypeError: x", Some("at a:1:2"));
        check(
            &outcome(Tag::HookThrew, Some("{}"), threw),
            &expect![[
                r#"{"isError":true,"taskId":"0af7","error":"BLRuntimeError","message":"The Business Logic script has a runtime error. See debug message for details","description":"The Business Logic script has a runtime error. See debug message for details","debug":"TypeError: x","debugMessage":"TypeError: x","stackTrace":"at a:1:2","statusCode":400,"metadata":{"taskId":"0af7","tag":"hook_threw"}}"#
            ]],
        );
        let banned = info(Tag::AppSuspended, "wait", None);
        check(
            &outcome(Tag::AppSuspended, None, banned),
            &expect![[
                r#"{"isError":true,"taskId":"0af7","error":"BLViolationError","message":"The Business Logic script violated a constraint. See debug message for details","description":"The Business Logic script violated a constraint. See debug message for details","debug":"wait","debugMessage":"wait","statusCode":550,"metadata":{"taskId":"0af7","tag":"app_suspended"}}"#
            ]],
        );
    }

    #[test]
    fn a_long_error_text_is_cut() {
        let long = "é".repeat(ERROR_TEXT_BYTES_MAX);
        let info = ErrorInfo::for_tag(Tag::HookThrew, long.clone(), Some(long));
        let text = reply(&outcome(Tag::HookThrew, None, info), &origin());
        assert!(
            text.len() < 4 * ERROR_TEXT_BYTES_MAX,
            "{} bytes",
            text.len()
        );
    }
}
