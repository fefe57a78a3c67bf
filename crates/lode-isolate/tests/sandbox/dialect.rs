//! The language and the terminal calls as real scripts use them.

use lode_proto::Tag;
use lode_proto::message::CallError;
use serde_json::{Value, json};

use crate::support::{Ran, hook, script};

fn nothing(_method: &str, args: &Value) -> Result<Value, CallError> {
    Ok(args["query"].clone())
}

/// One way to end of `kinvey_terminal_edges.js`.
fn end(way: &str) -> Ran {
    let params = json!({"query": {"a": 1}});
    hook("kinvey_terminal_edges")
        .request(json!({"body": {"way": way}, "params": params}))
        .response(json!({"body": null}))
        .answer(nothing)
        .run()
}

#[test]
fn terminal_calls_forgive_what_scripts_do_with_them() {
    let ended = |way: &str| {
        let ran = end(way);
        let done = ran.done();
        (done.tag.as_str(), done.status, ran.body())
    };
    let debug = json!({"debug": "set"});
    assert_eq!(
        ended("debugOnABodyThatIsNotThere"),
        ("completed", 400, debug)
    );
    assert_eq!(
        ended("continueOnTheNextLine"),
        ("continued", 200, json!({}))
    );
    assert_eq!(
        ended("completeThenContinueLater"),
        ("completed", 400, json!("first"))
    );
    assert_eq!(
        ended("implicitGlobals"),
        ("completed", 200, json!("undefined1"))
    );
    assert_eq!(ended("bodyMayBeAText"), ("completed", 200, json!("text")));
    let query = json!(["string", "{\"a\":1}"]);
    assert_eq!(ended("queryTextGoesToFind"), ("completed", 200, query));
}

#[test]
fn the_first_terminal_call_wins_and_late_changes_are_lost() {
    let ran = end("continueBeforeTheCallback");
    assert_eq!(ran.done().tag, Tag::Continued);
    assert_eq!(
        ran.request()["body"],
        json!({"way": "continueBeforeTheCallback"})
    );
    assert_eq!(ran.calls.len(), 1, "what was asked for before goes out");
}

#[test]
fn errors_are_told_in_words() {
    assert_eq!(
        end("errorWithAnError").failed(Tag::HookError),
        "UserDefinedError: RangeError: no"
    );
    assert_eq!(
        end("errorWithANumber").failed(Tag::HookError),
        "UserDefinedError: 500"
    );
}

#[test]
fn after_the_database_a_body_may_be_null() {
    let text = "function onPostFetch(request, response) { response.headers.was = response.body; response.continue(); }";
    let ran = script(text)
        .function("onPostFetch")
        .response(json!({"body": null}))
        .run();
    assert_eq!(ran.body(), Value::Null);
}

#[test]
fn of_a_script_of_2013_only_the_hooks_own_section_runs() {
    let pre = hook("kinvey_sections_2013").function("onPreSave").run();
    assert_eq!(pre.request()["body"], json!({"by": "pre"}));
    let post = hook("kinvey_sections_2013").function("onPostSave").body();
    assert_eq!(post, json!({"by": "post"}));
}

#[test]
fn a_hook_that_breaks_the_libraries_breaks_only_itself() {
    let text = "function onRequest(request, response, modules) {
      modules.bluebird.prototype.then = modules.moment = modules.async = null;
      modules.lodash.now = function () { throw new Error('mine'); };
      Buffer.from = null;
      response.body = modules.utils.base64.encode('a');
      response.complete();
    }";
    assert_eq!(script(text).body(), json!("YQ=="));
    let next = "function onRequest(request, response, modules) {
      response.body = [typeof modules.moment, typeof Buffer.from, typeof modules.lodash.now()];
      response.complete();
    }";
    assert_eq!(
        script(next).body(),
        json!(["function", "function", "number"])
    );
}

fn books(method: &str, args: &Value) -> Result<Value, CallError> {
    Ok(match method {
        "db.insert" if args["entity"].is_object() => json!([args["entity"]]),
        "db.insert" => args["entity"].clone(),
        _ => json!({"count": 1}),
    })
}

#[test]
fn accessors_on_object_prototype_meet_no_record_of_the_sandbox() {
    let poisoned = hook("poisons_object_prototype").answer(books).body();
    assert_eq!(poisoned, json!(2));
    let touched = hook("attacks/option_names_on_object_prototype")
        .answer(books)
        .body();
    assert_eq!(
        touched,
        json!({"stored": "Emma", "count": 1, "touched": []})
    );
}

#[test]
fn nothing_of_the_host_can_be_reached_from_the_modules() {
    let reached = hook("attacks/reachable_objects_of_the_host").body();
    assert_eq!(reached, json!({"bridge": [], "foreign": 0}));
}
