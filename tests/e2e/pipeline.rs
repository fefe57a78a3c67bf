//! Data requests through real hooks, a real queue, a worker and the store, by `lode data`.

use serde_json::{Value, json};

use crate::support::{Place, Ran, Worker, hook_file};

/// An app `a` whose collection `loans` has these hooks, and an endpoint.
fn prepare(place: &Place) {
    place.app("a", &[]);
    let loans = hook_file("pipeline/loans.js");
    for function in ["onPreSave", "onPostSave", "onPreFetch", "onPostFetch"] {
        place.put("a", &loans, &format!("loans.{function}")).good();
    }
    let endpoint = hook_file("pipeline/goes_on.js");
    place.put("a", &endpoint, "endpoint:goes_on").good();
}

fn data(place: &Place, args: &[&str]) -> Ran {
    let own = [
        "data",
        "a",
        "--json",
        "--queue",
        &place.queue,
        "--store",
        &place.store,
    ];
    place.lode(own.iter().chain(args))
}

/// Status, body and headers of a reply; the exit code goes by the status.
#[track_caller]
pub(crate) fn ask(place: &Place, args: &[&str]) -> (u64, Value, Value) {
    let ran = data(place, args);
    let reply: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
    let status = reply["status"].as_u64().unwrap();
    assert_eq!(ran.code, Some(i32::from(status >= 400)), "{ran:?}");
    (status, reply["body"].clone(), reply["headers"].clone())
}

#[track_caller]
pub(crate) fn check(place: &Place, args: &[&str], status: u64, body: Value) {
    let (got, found, _) = ask(place, args);
    assert_eq!((got, found), (status, body), "{args:?}");
}

/// Everything that a request can meet on its way, in one life of an app.
fn tell(place: &Place) {
    prepare(place);
    let _worker = Worker::start(place, &["POOL_WARM=2"]);
    let ada = ["--as", "user:ada"];
    let post = |body: &'static str| [&["POST", "loans", "--body", body], &ada[..]].concat();

    let (status, loan, headers) = ask(place, &post(r#"{"title":" Emma "}"#));
    assert_eq!(status, 201, "{loan}");
    assert_eq!(loan["title"], "Emma");
    assert_eq!(
        (&loan["by"], &loan["_acl"]["creator"]),
        (&json!("ada"), &json!("ada"))
    );
    assert_eq!(loan["_kmd"]["ect"], loan["_kmd"]["lmt"]);
    // From the pre hook, by the temp store, and not in the database.
    assert_eq!(loan["asked"], " Emma ");
    assert_eq!(headers["x-saved"], loan["_id"]);
    let id = loan["_id"].as_str().unwrap();

    check(place, &post("{}"), 422, json!({"needs": "title"}));
    let (status, error, _) = ask(place, &post(r#"{"title":"Dune"}"#));
    assert_eq!((status, &error["error"]), (400, &json!("BLRuntimeError")));
    assert_eq!(error["debug"], "UserDefinedError: not for loan");
    check(place, &["GET", "seen", "_count"], 200, json!({"count": 1}));

    let put = r#"{"title":"Persuasion"}"#;
    let (status, loan, _) = ask(
        place,
        &[&["PUT", "loans", id, "--body", put], &ada[..]].concat(),
    );
    assert_eq!((status, &loan["entityId"]), (200, &json!(id)));
    let (status, error, _) = ask(place, &["DELETE", "loans", id, "--as", "user:bob"]);
    assert_eq!(
        (status, &error["error"]),
        (401, &json!("InsufficientCredentials"))
    );

    let hidden = r#"{"title":"Sanditon","hidden":true}"#;
    assert_eq!(ask(place, &["PUT", "loans", "s", "--body", hidden]).0, 200);
    check(place, &["GET", "loans"], 200, json!(["Persuasion"]));
    let nothing = ["GET", "loans", "--query", r#"{"title":"Emma"}"#];
    check(place, &nothing, 200, json!([]));
    check(place, &["GET", "loans", "_count"], 200, json!({"count": 1}));
    let skip = "X-Kinvey-Skip-Business-Logic:true";
    let (_, all, _) = ask(
        place,
        &["GET", "loans", "--param", "sort=title", "--header", skip],
    );
    assert_eq!(
        (&all[0]["title"], &all[1]["title"]),
        (&json!("Persuasion"), &json!("Sanditon"))
    );
    let made_up = json!({"_id": "virtual", "made": "up"});
    check(place, &["GET", "loans", "virtual"], 200, made_up);
    let (status, error, _) = ask(place, &["GET", "loans", "none"]);
    assert_eq!((status, &error["error"]), (404, &json!("EntityNotFound")));

    check(
        place,
        &["DELETE", "loans", id, "--as", "user:ada"],
        200,
        json!({"count": 1}),
    );
    let called = json!({"name": "goes_on"});
    check(place, &["POST", "endpoint:goes_on"], 200, called);
    assert_eq!(ask(place, &["POST", "endpoint:none"]).0, 404);
}

#[test]
fn a_request_goes_through_hooks_and_database_by_a_queue_on_sqlite() {
    tell(&Place::sqlite());
}

#[test]
fn a_request_goes_through_hooks_and_database_by_a_queue_on_redis() {
    tell(&Place::redis());
}

#[test]
fn a_hook_that_nobody_runs_ends_the_request_and_does_not_run_later() {
    let place = Place::sqlite();
    prepare(&place);
    let body = r#"{"title":"Emma"}"#;
    let late = ["POST", "loans", "--body", body, "--wait", "50ms"];
    let (status, error, _) = ask(&place, &late);
    assert_eq!((status, &error["error"]), (550, &json!("BLTimeoutError")));
    assert_eq!(error["debug"], "no outcome of the hook came within 50 ms");
    let _worker = Worker::start(&place, &[]);
    assert_eq!(ask(&place, &["POST", "loans", "--body", body]).0, 201);
    // Only the second request's.
    check(&place, &["GET", "seen", "_count"], 200, json!({"count": 1}));
    check(
        &place,
        &["GET", "loans", "_count"],
        200,
        json!({"count": 1}),
    );
}

#[test]
fn what_lode_data_cannot_understand_is_told_with_what_it_can() {
    let place = Place::sqlite();
    for (args, told) in [
        (
            vec!["PUT", "loans"],
            "PUT without an entity's id is not possible",
        ),
        (
            vec!["GET", "endpoint:e"],
            "an endpoint takes POST and no id",
        ),
        (vec!["POST", "loans", "--body", "{"], "--body is not JSON"),
        (
            vec!["GET", "loans", "--as", "ada"],
            "allowed are user:ID, app and master",
        ),
        (
            vec!["GET", "loans", "--header", "x"],
            "a name, ':' and a value are needed",
        ),
    ] {
        let stderr = data(&place, &args).bad(2);
        assert!(stderr.contains(told), "{stderr}");
    }
    let (status, error, _) = ask(&place, &["GET", "loans"]);
    assert_eq!((status, &error["error"]), (404, &json!("AppNotFound")));
}
