//! Flex's functions: `(context, complete, modules)`.

use lode_proto::message::CallError;
use serde_json::{Value, json};

use crate::support::{Ran, hook, script};

fn complete(given: Value, calls: Value) -> Ran {
    let body = json!({"given": given, "call": calls});
    hook("flex_functions").request(json!({"body": body})).run()
}

#[track_caller]
fn check(given: Value, calls: Value, tag: &str, status: u16, body: Value) {
    let ran = complete(given, calls);
    let done = ran.done();
    assert_eq!((done.tag.as_str(), done.status), (tag, status), "{done:?}");
    assert_eq!(ran.body(), body);
}

#[test]
fn complete_builds_the_answer() {
    let one = json!({"a": 1});
    check(
        one.clone(),
        json!([["done"]]),
        "completed",
        200,
        one.clone(),
    );
    check(
        one.clone(),
        json!([["created"], ["next"]]),
        "continued",
        201,
        one.clone(),
    );
    check(
        Value::Null,
        json!([["accepted"], ["setBody", one], ["done"]]),
        "completed",
        202,
        one.clone(),
    );
    check(
        Value::Null,
        json!([["ok"], ["done"], ["next"]]),
        "completed",
        200,
        json!({}),
    );
    for (name, status, error) in [
        ("badRequest", 400, "BadRequest"),
        ("unauthorized", 401, "InvalidCredentials"),
        ("forbidden", 403, "Forbidden"),
        ("notFound", 404, "NotFound"),
        ("notAllowed", 405, "NotAllowed"),
        ("notImplemented", 501, "NotImplemented"),
        ("runtimeError", 550, "FlexRuntimeError"),
    ] {
        let ran = complete(json!({"a": 1}), json!([[name, "why"], ["done"]]));
        let body = ran.body();
        assert_eq!(
            (ran.done().status, &body["error"], &body["debug"]),
            (status, &json!(error), &json!("why"))
        );
        assert!(body["description"].is_string());
    }
    let body = complete(json!({"a": 1}), json!([["notFound"], ["done"]])).body();
    assert_eq!(body["debug"], json!({"a": 1}));
}

#[test]
fn a_pre_hook_changes_the_query_and_a_post_hook_the_body() {
    let given = json!({"params": {"query": "{\"a\":1}", "id": "7"}});
    let pre = hook("flex_functions")
        .function("onPreFetch")
        .request(given)
        .run();
    let request = pre.request();
    let query: Value = serde_json::from_str(request["params"]["query"].as_str().unwrap()).unwrap();
    assert_eq!(query, json!({"a": 1, "seen": ["pre", "books", "GET", "7"]}));
    assert_eq!(
        (&request["params"]["sort"], &request["params"]["limit"]),
        (&json!("{\"n\":1}"), &json!(5))
    );
    let found = json!({"body": [{"_id": "a"}], "status": 200});
    let post = hook("flex_functions")
        .function("onPostFetch")
        .response(found)
        .run();
    assert_eq!(post.done().tag.as_str(), "continued");
    assert_eq!(post.body(), json!([{"_id": "a", "type": "post"}]));
}

fn store(method: &str, args: &Value) -> Result<Value, CallError> {
    Ok(match method {
        "db.insert" => args["entity"].clone(),
        "db.save" => json!(args["entity"]["_acl"]),
        "db.find" => args.clone(),
        "db.findOne" if args["query"]["_id"] == "a" => json!({"_id": "a"}),
        "db.findOne" => Value::Null,
        "db.remove" | "db.count" => json!({"count": 2}),
        _ => json!({"success": true}),
    })
}

#[test]
fn the_modules_work_over_the_same_host_calls() {
    let ran = hook("flex_modules").answer(store).run();
    let filter = json!({"$or": [{"n": {"$gt": 1}}, {"name": {"$regex": "^a"}}]});
    let expected = json!({
        "saved": {"creator": "kid_1"},
        "created": 150,
        "found": {"collection": "books", "query": filter,
                  "options": {"limit": 3, "skip": 0, "sort": {"n": -1}}},
        "one": {"_id": "a"},
        "none": ["EntityNotFound", "This entity not found in the collection"],
        "count": {"count": 2},
        "removed": [{"count": 2}, {"count": 2}],
        "needed": "entityId is required",
        "bl": "Not Implemented",
        "entity": [true, "then"],
        "date": ["ISODate(\"1970-01-01T00:00:00.000Z\")", null],
        "email": {"success": true},
        "push": {"success": true},
        "context": ["kid_1", "unknown", 1],
        "refused": "modules.userStore is not provided here: suspend cannot be called",
        "callback": [null, {"count": 2}],
    });
    assert_eq!((ran.done().status, ran.body()), (201, expected));
    let inserts = ran.calls.iter().filter(|(method, _)| method == "db.insert");
    let batches: Vec<usize> = inserts
        .map(|(_, args)| args["entity"].as_array().unwrap().len())
        .collect();
    assert_eq!(batches, [100, 50]);
}

#[test]
fn queries_are_built_as_flex_builds_them() {
    let query = |filter: Value, sort: Value| json!({"fields": [], "filter": filter, "sort": sort, "skip": 0, "limit": null});
    let first = json!({"a": {"$in": [1]}, "b": {"$all": [1, 2]}, "c": {"$nin": ["x"]}, "n": {"$mod": [4, 0]}, "l": {"$size": 2}});
    let second =
        json!({"a": {"$gte": 1, "$lte": "z"}, "p": {"$nearSphere": [1, 2], "$maxDistance": 3}});
    let third = json!({"$nor": [
        {"p": {"$within": {"$box": [[0, 0], [1, 1]]}}, "t": {"$regex": "^x", "$options": "m"}}, {"z": 1},
    ]});
    let joined = json!({"$or": [{"$and": [{"a": 1}, {"b": {"$lt": 2}}]}, {"c": {"$exists": true}, "d": {"$ne": 0}}]});
    let expected = json!([
        query(first, json!({})), query(second, json!({"n": 1})), query(third, json!({})),
        {"query": "{\"a\":1}", "fields": "a,b", "skip": "2", "sort": "{\"a\":-1}"},
        {"fields": [], "filter": joined, "sort": {}, "skip": 0, "limit": 7},
        [
            "regExp must have `^` at the beginning of the expression to make it an anchored expression.",
            "You must supply a number or string.", "fields must be an Array",
        ],
    ]);
    assert_eq!(hook("flex_queries").body(), expected);
}

/// The parameters that a pre hook leaves when it sets this query in place of `{"a":1}`.
#[track_caller]
fn params_after(query: &str) -> Value {
    let text = format!(
        "function onPreFetch(context, complete, modules) {{
          var q = new modules.Query().equalTo('owner', 'ann').ascending('n');
          q.limit = 5;
          q.skip = 2;
          complete().setQuery({query}).next();
        }}"
    );
    let ran = script(&text)
        .function("onPreFetch")
        .request(json!({"params": {"query": "{\"a\":1}"}}))
        .run();
    assert_eq!(ran.done().tag.as_str(), "continued", "{:?}", ran.done());
    ran.request()["params"].clone()
}

#[test]
fn a_query_of_flex_given_to_set_query_restricts_the_request() {
    let owner = "{\"owner\":\"ann\"}";
    let expected = json!({"query": owner, "sort": "{\"n\":1}", "limit": "5", "skip": "2"});
    for query in ["q", "q.toJSON()", "q.toQueryString()"] {
        assert_eq!(params_after(query), expected, "{query}");
    }
    let plain = params_after("{ filter: { owner: 'ann' } }");
    assert_eq!(plain, json!({ "query": owner }));
    // What says both says what the URL calls it.
    let both = params_after("{ query: { owner: 'ann' }, filter: { b: 1 } }");
    assert_eq!(both["query"], owner);
}

#[test]
fn a_date_string_without_a_date_is_invalid_in_every_format() {
    let text = "function onRequest(context, complete, modules) {
      const from = modules.kinveyDate.fromKinveyDateString;
      complete(['date', 'moment', 'string', undefined].map((format) => from('ISODate(\"zzz\")', format))).done();
    }";
    assert_eq!(script(text).body(), json!(vec!["Invalid date"; 4]));
}
