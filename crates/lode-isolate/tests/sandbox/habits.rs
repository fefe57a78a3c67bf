//! What scripts are used to: the fields of a request, names of old libraries, text that is code.

use lode_proto::message::{CallError, LogLevel};
use serde_json::{Value, json};

use crate::modules::web;
use crate::support::{Hook, hook, script};

/// What `function` of `kinvey_request.js` finds.
fn found(function: &'static str, given: Hook) -> Value {
    given.function(function).body()
}

/// One field of the request that `function` finds, given this one.
#[track_caller]
fn check(function: &'static str, given: Value, field: &str, expected: Value) {
    let found = found(function, hook("kinvey_request").request(given.clone()));
    assert_eq!(
        found["request"][field], expected,
        "{function}: {field} of {given}"
    );
}

#[test]
fn a_request_has_kinveys_fields_whatever_the_producer_left_out() {
    check("onPreFetch", json!({}), "method", json!("GET"));
    check("onPreSave", json!({}), "method", json!("POST"));
    check(
        "onPreSave",
        json!({"method": "PUT"}),
        "method",
        json!("PUT"),
    );
    let headers = json!({"headers": {"Host": "a", "X-Kinvey-API-Version": "3"}});
    let lower = json!({"host": "a", "x-kinvey-api-version": "3"});
    check("onPreFetch", headers, "headers", lower);
    for field in ["headers", "body", "params", "tempObjectStore"] {
        check("onPreFetch", json!({}), field, json!({}));
    }
    check("onPreFetch", json!({"params": null}), "params", json!({}));
    check("onPreSave", json!({"body": [1]}), "body", json!([1]));
    let query = json!({"params": {"query": {"a": 1}, "limit": 5}});
    let text = json!({"query": "{\"a\":1}", "limit": 5});
    check("onPreFetch", query, "params", text.clone());
    check("onPreFetch", json!({"params": text}), "params", text);
    check(
        "onPreFetch",
        json!({"params": {"id": "7"}}),
        "entityId",
        json!("7"),
    );
    check(
        "onPreFetch",
        json!({"params": {"userid": "7"}}),
        "entityId",
        json!("7"),
    );
    check(
        "onPreFetch",
        json!({"entityId": "8", "params": {"id": "7"}}),
        "entityId",
        json!("8"),
    );
    check("onPreFetch", json!({}), "entityId", Value::Null);
    check("onPreFetch", json!({}), "collectionName", json!("books"));
    for field in ["username", "userId", "appKey", "loginOptions"] {
        check("onPreFetch", json!({field: "x"}), field, json!("x"));
    }
}

#[test]
fn a_response_has_a_body_to_write_on_and_after_the_database_its_result() {
    let empty = json!({"headers": {}, "body": {}});
    let given = || hook("kinvey_request");
    assert_eq!(found("onPreFetch", given())["response"], empty);
    assert_eq!(found("onRequest", given())["response"], empty);
    for body in [
        json!([{"_id": "a"}]),
        json!({"_id": "a"}),
        json!("text"),
        Value::Null,
    ] {
        let answer = json!({"status": 200, "headers": {"a": "b"}, "body": body});
        let found = found("onPostFetch", given().response(answer.clone()));
        assert_eq!(found["response"], answer);
    }
}

#[test]
fn old_names_and_promisifying_work() {
    let body = hook("kinvey_old_names").body();
    let expected = json!([
        ["Ann", "Bob"], true, 1, "Ann", true, false, true, 3, {"a": 1}, [["a", 1]], ["Ann", "Bob"], [1], [1],
        [2, 4], true, 7, {"a": 1, "b": 2}, 1,
    ]);
    assert_eq!(body["lodash"], expected);
    assert_eq!(body["ids"], json!([true, true, true, 33]));
    assert_eq!(body["twins"], json!([true, "undefined", -1]));
    assert_eq!(body["eight"], 8);
    assert_eq!(body["caught"], json!(["UnknownMethod", true]));
    let text = "there is no \"db.find\"";
    let shown = json!({"code": "UnknownMethod", "message": text, "debug": text});
    assert_eq!(
        body["told"],
        json!([shown, format!("UnknownMethod: {text}")])
    );
}

/// One document of the kind `k`.
fn one(method: &str, args: &Value) -> Result<Value, CallError> {
    let first = args["query"] == json!({});
    Ok(match method {
        "db.collectionExists" => json!(true),
        _ if first => json!([{"_id": "a", "kind": "k"}]),
        _ => json!([]),
    })
}

#[test]
fn functions_that_were_sent_as_text_see_their_scope() {
    let expected = json!({
        "scoped": [{"_id": "k", "value": 3}], "closed": [{"_id": "k", "value": 2}],
        "method": [{"_id": "k", "value": 2}], "group": [{"count": 1}],
    });
    assert_eq!(hook("kinvey_scopes").answer(one).body(), expected);
}

#[test]
fn oauth_signs_as_the_service_that_made_it_known_says() {
    let body = hook("kinvey_oauth").answer(web).body();
    let headers = body[0].as_array().unwrap();
    let header = headers.iter().find(|pair| pair[0] == "authorization");
    let header = header.and_then(|pair| pair[1].as_str()).unwrap();
    assert!(
        header.starts_with("OAuth oauth_consumer_key=\"xvz1evFS4wEEPTGEFPHBog\""),
        "{header}"
    );
    // The service's own example.
    let signature = "oauth_signature=\"tnnArxj06cWHq44gCs1OSKk%2FjLY%3D\"";
    assert!(header.ends_with(signature), "{header}");
    assert!(
        !header.contains("kAcSOqF2"),
        "the secret is not sent: {header}"
    );
    let text = "request: oauth signs with HMAC-SHA1 or PLAINTEXT, not with RSA-SHA1";
    assert_eq!(body[1], text);
}

#[test]
fn what_an_object_id_is_made_of_is_checked() {
    let text = "function onRequest(request, response, modules) {
      var objectID = modules.collectionAccess.collection('a').objectID;
      response.body = ['x', 7, '', {}, '0123456789abcdef0123456g'].map(function (id) {
        try { return objectID(id) + ''; } catch (error) { return error.message; }
      });
      response.complete();
    }";
    let told = ["x", "7", "", "[object Object]", "0123456789abcdef0123456g"]
        .map(|id| format!("objectID needs a string of 24 hexadecimal digits, it was given {id}"));
    assert_eq!(script(text).body(), json!(told));
}

#[test]
fn console_dir_is_a_line_of_the_log() {
    let text = "function onRequest(request, response) {
      console.dir({ a: 1 });
      response.complete();
    }";
    let logged = (LogLevel::Info, "{\"a\":1}".to_owned());
    assert_eq!(script(text).run().logs, [logged]);
}
