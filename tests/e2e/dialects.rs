//! The two dialects that hooks are written in, through `lode run`.

use lode_proto::Outcome;
use lode_proto::hook::COLLECTION_FUNCTIONS;
use serde_json::{Value, json};

use crate::support::{Place, hook_file};

#[track_caller]
fn run(file: &str, flags: &[&str]) -> Outcome {
    Place::sqlite().run(&format!("{file}.js"), flags).outcome()
}

/// The body of a hook that completes or continues.
#[track_caller]
fn body(file: &str, flags: &[&str]) -> Value {
    let outcome = run(file, flags);
    assert!(outcome.tag.is_success(), "{outcome:?}");
    serde_json::from_str(outcome.response.body.get()).unwrap()
}

#[track_caller]
fn request(outcome: &Outcome) -> Value {
    serde_json::from_str(outcome.request.as_deref().unwrap().get()).unwrap()
}

#[track_caller]
fn debug(outcome: &Outcome) -> String {
    outcome.error.clone().expect("an error").debug
}

mod plain {
    use super::*;

    #[test]
    fn every_call_calls_back() {
        let expected = json!({"stored": 2, "found": "b", "count": 2, "none": null, "removed": 1});
        assert_eq!(body("plain_callbacks", &[]), expected);
    }

    #[test]
    fn every_call_gives_a_promise() {
        let expected = json!({
            "title": "Emma", "id": "string", "saved": 5, "affected": 1, "n": 7, "count": 2,
            "removed": 1, "refused": "DisallowedQuerySyntax",
        });
        assert_eq!(body("plain_promises", &[]), expected);
    }

    #[test]
    fn a_failed_call_that_nobody_looks_after_ends_the_hook() {
        let outcome = run("plain_failure", &[]);
        assert_eq!(outcome.tag.as_str(), "hook_threw");
        assert!(debug(&outcome).contains("\"$nonsense\""), "{outcome:?}");
        assert!(debug(&outcome).contains("unhandled promise rejection"));
    }

    #[test]
    fn console_goes_to_standard_error_with_its_level() {
        let ran = Place::sqlite().run("plain_console.js", &[]);
        let lines: Vec<&str> = ran.stderr.lines().collect();
        assert_eq!(
            lines,
            [
                r#"[INFO] text 1 {"a":[true,null]} undefined TypeError: told"#,
                "[WARNING] careful",
                "[ERROR] broken Symbol(s) [function]",
            ]
        );
        assert_eq!(ran.outcome().usage.log_lines, 3);
    }

    #[test]
    fn timers_fire_in_the_order_of_their_times_and_can_be_stopped() {
        let seen = json!(["first", "microtask", "immediate", "soon", "later"]);
        assert_eq!(body("plain_timers", &[]), json!({"seen": seen, "ticks": 3}));
    }

    #[test]
    fn the_request_is_a_global() {
        let flags = ["--body", r#"{"n":1}"#, "--params", r#"{"p":"q"}"#];
        let expected = json!({"body": {"n": 1}, "params": {"p": "q"}, "method": "POST", "types": "objectfunction"});
        assert_eq!(body("plain_request", &flags), expected);
    }

    #[test]
    fn a_hooks_collection_is_the_default_of_db() {
        let place = Place::sqlite();
        let script = "db.insert({ n: 1 }, function () { db.count('books', complete); });";
        let outcome = place.run_script(script, &["--hook", "books.onPreSave"]);
        assert_eq!(outcome.response.body.get(), "1", "{outcome:?}");
    }
}

mod kinvey {
    use super::*;

    #[test]
    fn every_hook_function_is_called_with_request_response_and_modules() {
        let place = Place::sqlite();
        for function in COLLECTION_FUNCTIONS {
            let login = function.contains("Login");
            let collection = if login { "user" } else { "books" };
            check_called(
                &place,
                &format!("{collection}.{function}"),
                function,
                collection,
            );
        }
        let outcome = place
            .run("kinvey_every_hook.js", &["--hook", "endpoint:report"])
            .outcome();
        let body: Value = serde_json::from_str(outcome.response.body.get()).unwrap();
        assert_eq!(body["name"], "onRequest");
    }

    #[track_caller]
    fn check_called(place: &Place, hook: &str, function: &str, collection: &str) {
        let outcome = place
            .run("kinvey_every_hook.js", &["--hook", hook])
            .outcome();
        assert_eq!(
            (outcome.hook.as_str(), outcome.tag.as_str()),
            (hook, "continued")
        );
        let body: Value = serde_json::from_str(outcome.response.body.get()).unwrap();
        let modules = "functionfunction";
        let expected =
            json!({"name": function, "count": 3, "collection": collection, "modules": modules});
        assert_eq!(body, expected);
    }

    /// `response.<call>(args)`: tag, status, whether the pipeline goes on.
    #[track_caller]
    fn check_terminal(call: &str, args: Value, tag: &str, status: u16, proceed: bool) -> Outcome {
        let given = json!({"call": call, "args": args}).to_string();
        let outcome = run("terminal_calls", &["--body", &given]);
        assert_eq!(
            (
                outcome.tag.as_str(),
                outcome.response.status_code,
                outcome.response.proceed
            ),
            (tag, status, proceed),
            "{given}"
        );
        assert_eq!(outcome.status, status);
        if outcome.tag.is_success() {
            assert_eq!(outcome.response.body.get(), r#"{"left":"body"}"#);
        }
        outcome
    }

    #[test]
    fn complete_takes_a_status_and_nothing_else() {
        check_terminal("complete", json!([]), "completed", 200, false);
        check_terminal("complete", json!([404]), "completed", 404, false);
        check_terminal("complete", json!(["201"]), "completed", 201, false);
        check_terminal("complete", json!([400, {"a": 1}]), "completed", 400, false);
        for odd in [
            json!({"description": 500}),
            json!(99),
            json!(600),
            json!(null),
            json!(1.5),
        ] {
            check_terminal("complete", json!([odd]), "completed", 200, false);
        }
    }

    #[test]
    fn continue_goes_on() {
        check_terminal("continue", json!([]), "continued", 200, true);
        check_terminal("continue", json!([500]), "continued", 200, true);
    }

    #[test]
    fn error_takes_anything() {
        let told = |args: Value| debug(&check_terminal("error", args, "hook_error", 400, false));
        assert_eq!(told(json!(["no"])), "UserDefinedError: no");
        assert_eq!(told(json!([400])), "UserDefinedError: 400");
        assert_eq!(told(json!([null])), "UserDefinedError: null");
        assert_eq!(told(json!([])), "UserDefinedError: undefined");
        let outcome = run("error_with_error", &[]);
        assert_eq!(
            debug(&outcome),
            "UserDefinedError: RangeError: out of stock"
        );
        let stack = outcome.error.unwrap().stack.unwrap();
        assert!(
            stack.contains("at onRequest (error_with_error.js:2:18)"),
            "{stack}"
        );
        let object = debug(&run("error_with_object", &[]));
        assert_eq!(
            object,
            r#"UserDefinedError: {"code":11000,"errmsg":"duplicate key"}"#
        );
    }

    #[test]
    fn what_a_pre_hook_leaves_in_the_request_is_in_the_outcome() {
        let outcome = run("kinvey_sloppy", &["--body", r#"{"secret":1,"kept":2}"#]);
        assert_eq!(outcome.tag.as_str(), "continued");
        assert_eq!(request(&outcome)["body"], json!({"kept": 2, "counter": 13}));
        let replaced = run("replaces_body", &["--body", "{}"]);
        assert_eq!(request(&replaced)["body"], json!([1, "two", null]));
        assert_eq!((replaced.status, replaced.response.body.get()), (400, "{}"));
    }

    #[test]
    fn a_post_hook_changes_the_response() {
        let place = Place::sqlite();
        let given =
            json!({"status": 200, "headers": {"x-old": "1"}, "body": [{"_id": "a"}, {"_id": "b"}]});
        let file = place.write("response.json", &given.to_string());
        let flags = [
            "--response",
            file.to_str().unwrap(),
            "--params",
            r#"{"query":"{}"}"#,
        ];
        let outcome = place.run("kinvey_post_fetch.js", &flags).outcome();
        let books = json!([{"_id": "a", "seen": "{}"}, {"_id": "b", "seen": "{}"}]);
        let headers = json!({"x-count": "2", "x-date": "1970-01-01T00:00:00.000Z"});
        let expected =
            json!({"statusCode": 200, "headers": headers, "body": books, "continue": true});
        assert_eq!(json!(outcome.response), expected);
    }

    #[test]
    fn a_strict_function_in_a_variable_is_a_hook() {
        assert_eq!(
            body("kinvey_strict_variable", &["--hook", "onRequest"]),
            json!({"self": true})
        );
    }

    #[test]
    fn module_functions_work_detached() {
        let ran = Place::sqlite().run("kinvey_detached.js", &["--body", "{}"]);
        let outcome = ran.outcome();
        let id = "0123456789abcdef01234567";
        let expected =
            json!({"text": id, "title": "Emma", "id": id, "json": format!(r#"{{"id":"{id}"}}"#)});
        let body: Value = serde_json::from_str(outcome.response.body.get()).unwrap();
        assert_eq!(body, expected);
        for line in [
            "[INFO] detached",
            "[WARNING] warning",
            "[ERROR] error",
            "[FATAL] fatal",
            "[INFO] Error: as text",
        ] {
            assert!(
                ran.stderr.lines().any(|told| told == line),
                "{line}: {}",
                ran.stderr
            );
        }
    }

    #[test]
    fn collection_access_does_what_mongodb_does() {
        let expected = json!([
            ["a1", "b2", "c3"],
            ["c", "b"],
            ["b2"],
            "a1",
            null,
            "a7",
            "d9",
            2,
            2,
            2,
            2,
            [],
            true,
            true
        ]);
        assert_eq!(body("kinvey_collection_access", &[]), expected);
    }

    #[test]
    fn collection_access_has_promising_twins() {
        assert_eq!(
            body("kinvey_async_twins", &[]),
            json!([2, 2, 2, 2, 1, "caught"])
        );
    }

    #[test]
    fn the_temp_object_store_travels_in_the_request() {
        let place = Place::sqlite();
        let given = json!({"tempObjectStore": {"count": 4}, "body": {}});
        let file = place.write("request.json", &given.to_string());
        let flags = ["--request", file.to_str().unwrap()];
        let left = request(&place.run("kinvey_temp_object_store.js", &flags).outcome());
        let expected = json!({"count": 4, "started": 5, "list": [1, {"a": 2}]});
        assert_eq!(left["tempObjectStore"], expected);
        assert_eq!(left["body"]["all"], "count,list,started");
    }

    #[test]
    fn the_backend_context_knows_keys_and_whom_the_request_is_of() {
        // base64 of the pairs; `shop` is the app's key.
        check_context("Basic c2hvcDptbQ==", "master"); // shop:mm
        check_context("Basic c2hvcDphYQ==", "app"); // shop:aa
        check_context("Basic c2hvcDpubw==", "unknown"); // shop:no
        check_context("Basic YWRhOnB3", "user"); // ada:pw
        check_context("Kinvey token", "unknown");
    }

    #[track_caller]
    fn check_context(authorization: &str, expected: &str) {
        let place = Place::sqlite();
        place.app("shop", &["--app-secret", "aa", "--master-secret", "mm"]);
        let given = json!({"headers": {"authorization": authorization}, "username": "ada"});
        let file = place.write("request.json", &given.to_string());
        let flags = [
            "--request",
            file.to_str().unwrap(),
            "--app",
            "shop",
            "--store",
            &place.store,
        ];
        let outcome = place.run("kinvey_backend_context.js", &flags).outcome();
        let body: Value = serde_json::from_str(outcome.response.body.get()).unwrap();
        assert_eq!(body, json!(["shop", "aa", "mm", expected, "ada"]));
    }

    #[test]
    fn request_and_response_are_plain_json() {
        let expected = json!([
            "body,headers,method,params,tempObjectStore",
            "string",
            r#"{"headers":{},"body":{}}"#
        ]);
        assert_eq!(body("kinvey_stringifies", &[]), expected);
    }
}

mod common_code {
    use super::*;

    /// Runs `uses_common.js` after these files.
    #[track_caller]
    fn run_after(files: &[&str], given: &str) -> Outcome {
        let paths: Vec<_> = files.iter().map(|file| hook_file(file)).collect();
        let mut flags = vec!["--body", given];
        for path in &paths {
            flags.extend(["--common", path.to_str().unwrap()]);
        }
        run("uses_common", &flags)
    }

    #[test]
    fn comes_before_the_hook_in_one_scope() {
        let outcome = run_after(
            &["common_helpers.js", "common_counts.js"],
            r#"{"name":"ada"}"#,
        );
        assert_eq!(
            outcome.response.body.get(),
            r#""hello ADA5""#,
            "{outcome:?}"
        );
    }

    #[test]
    fn has_its_own_lines_in_stacks() {
        let outcome = run_after(&["common_helpers.js", "common_counts.js"], "{}");
        let stack = outcome.error.unwrap().stack.unwrap();
        let expected =
            "    at greet (common_helpers.js:4:32)\n    at onRequest (uses_common.js:2:19)";
        assert_eq!(stack, expected);
    }

    #[test]
    fn has_its_own_lines_in_syntax_errors() {
        let files = [
            "common_helpers.js",
            "common_syntax_error.js",
            "common_counts.js",
        ];
        let outcome = run_after(&files, "{}");
        assert_eq!(outcome.tag.as_str(), "hook_syntax");
        let expected = "SyntaxError: Unexpected token '=' at common_syntax_error.js:2:14";
        assert_eq!(debug(&outcome), expected);
    }
}
