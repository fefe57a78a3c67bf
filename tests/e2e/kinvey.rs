//! Scripts as tenants wrote them between 2012 and 2018, through the pipeline and a worker; and the
//! operations of Kinvey's data proxy, as a table.

use serde_json::{Value, json};

use crate::pipeline::{ask, check};
use crate::support::{Place, Worker, eventually, hook_file};

/// The hooks of the app `a`, each a file of `tests/hooks/tenants`.
const HOOKS: [(&str, &[&str]); 16] = [
    ("auction", &["bids.onPreSave", "bids.onPostSave"]),
    ("signup", &["user.onPreSave", "user.onPostSave"]),
    ("places", &["endpoint:places"]),
    ("friends", &["endpoint:friends"]),
    ("leaderboard", &["endpoint:leaderboard"]),
    ("cleanup", &["endpoint:cleanup"]),
    ("catalogue", &["books.onPreFetch", "books.onPostFetch"]),
    ("announce", &["endpoint:announce"]),
    ("order", &["orders.onPreSave"]),
    (
        "sections",
        &["memos.onPreFetch", "memos.onPreSave", "memos.onPostFetch"],
    ),
    ("whoami", &["endpoint:whoami"]),
    ("dashboard", &["endpoint:dashboard"]),
    ("booking", &["endpoint:booking"]),
    ("sloppy", &["things.onPostSave", "things.onPreDelete"]),
    ("upload", &["_blob.onPreSave"]),
    ("seed", &["endpoint:seed"]),
];

fn prepare(place: &Place) {
    place.app("a", &["--app-secret", "aa", "--master-secret", "mm"]);
    for (file, hooks) in HOOKS {
        let file = hook_file(&format!("tenants/{file}.js"));
        for hook in hooks {
            place.put("a", &file, hook).good();
        }
    }
    let helpers = hook_file("tenants/helpers.js");
    let helpers = helpers.to_str().unwrap();
    let put = [
        "hook",
        "put",
        "a",
        helpers,
        "--common",
        "--store",
        &place.store,
    ];
    place.lode(put).good();
}

/// `POST` of a body, by a user or, without one, by the app's owner.
fn post<'a>(target: &'a str, body: &'a str, who: &'a str) -> [&'a str; 6] {
    ["POST", target, "--body", body, "--as", who]
}

#[track_caller]
fn call(place: &Place, endpoint: &str, given: Value, status: u16, body: Value) {
    let given = given.to_string();
    check(
        place,
        &post(endpoint, &given, "master"),
        status.into(),
        body,
    );
}

fn seed(place: &Place) {
    let users = ["ann", "bob", "cy", "dee", "eve", "flo", "gus"];
    let users: Vec<Value> = users
        .iter()
        .map(|name| json!({"_id": name, "username": name}))
        .collect();
    let at = |lmt: &str| json!({"_kmd": {"lmt": lmt}});
    let documents = json!({
        "user": users,
        "items": [{"_id": ITEM, "title": "Chair", "price": 10}],
        "places": [
            {"name": "A", "open": true, "kind": "Cafe", "_geoloc": [-71.05, 42.36]},
            {"name": "C", "open": true, "kind": "Bar", "_geoloc": [-71.5, 42.5]},
            {"name": "B", "open": false, "kind": "cafeteria", "_geoloc": [-71.10, 42.37]},
            {"name": "D", "open": true, "kind": "Café", "_geoloc": [2.35, 48.85]},
        ],
        "scores": [
            {"player": "ann", "points": 10, "level": 2}, {"player": "bob", "points": 25, "level": 3},
            {"player": "ann", "points": 30, "level": 3}, {"player": "cy", "points": 99, "level": 1},
        ],
        "sessions": [at("2014-01-01T00:00:00.000Z"), at("2014-02-20T00:00:00.000Z")],
        "authors": [{"_id": "ja", "name": "Jane Austen"}],
        "books": [
            {"_id": "b1", "title": "Emma", "author": "ja"}, {"_id": "b2", "title": "Dune", "author": "fh"},
            {"_id": "b3", "title": "Emma II", "author": "ja", "hidden": true},
        ],
        "group": [{"_id": "g", "users": {"list": [{"_id": "ann"}, {"_id": "bob"}]}}],
        "a": [{"n": 1}, {"n": 2}],
        "b": [{"n": 2}],
        "rooms": [{"_id": "r", "guest": null}, {"_id": "w", "waiting": "ann", "at": 1}],
    });
    call(place, "endpoint:seed", documents, 201, json!({}));
}

const ITEM: &str = "52f0c0000000000000000001";

#[test]
fn scripts_of_tenants_of_every_kind_run_unmodified() {
    let place = Place::sqlite();
    prepare(&place);
    let _worker = Worker::start(&place, &["POOL_WARM=2"]);
    seed(&place);
    auction(&place);
    signup(&place);
    queries(&place);
    friends(&place);
    cleanup(&place);
    catalogue(&place);
    announcement(&place);
    common_code(&place);
    sections(&place);
    who_am_i(&place);
    many_at_once(&place);
    booking(&place);
    habits(&place);
    outbox(&place);
}

/// `findAndModify` decides between two bids; who was outbid gets a push message.
fn auction(place: &Place) {
    let bid = |amount: u32| json!({"itemId": ITEM, "amount": amount}).to_string();
    let (status, body, _) = ask(place, &post("bids", &bid(20), "user:ann"));
    assert_eq!(
        (status, &body["title"], &body["outbid"]),
        (201, &json!("Chair"), &json!([]))
    );
    let (status, body, _) = ask(place, &post("bids", &bid(30), "user:bob"));
    assert_eq!((status, &body["outbid"]), (201, &json!(["ann"])));
    assert_eq!(body["accepted"], true);
    let outbid = json!({"debug": "outbid"});
    check(place, &post("bids", &bid(25), "user:cy"), 409, outbid);
    let none = json!({"error": "There is no such item"});
    check(
        place,
        &post("bids", r#"{"amount":1}"#, "user:cy"),
        400,
        none,
    );
}

/// Validation, a name that is taken, dates, base64, a template and an email.
fn signup(place: &Place) {
    let given = json!({"username": "zoe", "email": "Zoe@X.example", "age": 30, "passwordAgain": "x",
                       "name": "<Zoë>", "gifts": ["a mug"]});
    let given = given.to_string();
    let (status, user, _) = ask(place, &post("user", &given, "master"));
    assert_eq!(status, 201, "{user}");
    assert_eq!(user["trialEnds"], "2014-03-12T00:00:00.000Z");
    assert_eq!(user["emailHash"], "em9lQHguZXhhbXBsZQ==");
    assert_eq!(user.get("passwordAgain"), None);
    let text = "Hi &lt;Zoë&gt;,\nyour trial ends Wednesday, March 12th 2014. You get: a mug";
    assert_eq!(
        (&user["greeting"], &user["mailed"]),
        (&json!(text), &json!(true))
    );

    let (status, body, _) = ask(place, &post("user", &given, "master"));
    assert_eq!((status, &body["error"]), (409, &json!("UserAlreadyExists")));
    let wrong = |attr: &str, msg: Value| json!({"attr": attr, "valid": false, "msg": msg});
    let patterns = ["^[a-z0-9]+$", "^.{3,12}$"]
        .map(|pattern| format!("username must match regex of {pattern}"));
    let errors = json!({"errors": [
        wrong("username", json!(patterns)),
        wrong("email", json!("email is required")),
        wrong("email", json!(["email must match regex of @"])),
        wrong("age", json!("age must be greater than or equal to 18")),
    ]});
    check(
        place,
        &post("user", r#"{"username":"A","age":7}"#, "master"),
        400,
        errors,
    );
}

/// Places by distance and by box; sums by group, by map and reduce.
fn queries(place: &Place) {
    let near = json!({"nearest": ["A", "C"], "cafes": ["A", "B"], "boxed": ["A", "B", "C"]});
    let here = json!({"here": [-71.06, 42.36], "miles": 10});
    call(place, "endpoint:places", here, 200, near);
    let board = json!({
        "totals": [
            {"_id": "ann", "value": {"sum": 40, "games": 2}}, {"_id": "bob", "value": {"sum": 25, "games": 1}},
        ],
        "best": [{"player": "ann", "best": 30}, {"player": "bob", "best": 25}],
        "beginners": ["cy"],
        "top": [{"player": "ann", "points": 30}, {"player": "bob", "points": 25}],
    });
    call(
        place,
        "endpoint:leaderboard",
        json!({"level": 2}),
        200,
        board,
    );
}

/// `$addToSet` and `$pull` of two documents at once.
fn friends(place: &Place) {
    let pair = |a: &str, b: &str| json!({"username": a, "friends": [b]});
    let with = |a: &str, b: &str| json!({"a": a, "b": b});
    let found = json!({"lonely": 0, "found": [pair("ann", "bob"), pair("bob", "ann")]});
    call(
        place,
        "endpoint:friends",
        with("ann", "bob"),
        200,
        found.clone(),
    );
    // A set: the second time changes nothing.
    call(place, "endpoint:friends", with("ann", "bob"), 200, found);
    let end = json!({"a": "ann", "b": "bob", "end": true});
    let lonely = json!({"lonely": 2, "found": []});
    call(place, "endpoint:friends", end, 200, lonely);
    let nobody = json!({"error": "one of them is nobody"});
    call(
        place,
        "endpoint:friends",
        with("nobody", "bob"),
        404,
        nobody,
    );
}

/// What a schedule runs.
fn cleanup(place: &Place) {
    let now = json!({"now": "2014-02-26T19:45:22.211Z"});
    let acl = json!({"creator": "a", "gr": false, "r": ["auditor"]});
    let done = json!({
        "removed": 1, "at": "2014-02-26T19:45:22.211Z", "text": "ISODate(\"2014-02-26T19:45:22.211Z\")",
        "acl": acl, "isHex": true, "left": 1,
    });
    call(place, "endpoint:cleanup", now.clone(), 200, done);
    call(place, "endpoint:cleanup", now, 204, json!({}));
    // Kept off the job's path, so a little later.
    eventually("the warning is kept", || {
        let logs = place.lode(["logs", "a", "--level", "warning", "--store", &place.store]);
        logs.good().contains("nothing to clean up").then_some(())
    });
}

/// A virtual entity, a query made narrower, decorated results, a property from pre to post hook.
fn catalogue(place: &Place) {
    let today = json!({"_id": "today", "title": "Book of the day", "made": "up"});
    check(place, &["GET", "books", "today"], 200, today);
    let search = ["GET", "books", "--query", r#"{"search":"EMM"}"#];
    let (status, found, headers) = ask(place, &search);
    let emma = json!({"_id": "b1", "title": "Emma", "author": "Jane Austen", "shout": "EMMA"});
    assert_eq!((status, found), (200, json!([emma])));
    assert_eq!(headers["x-asked"], r#"["title","hidden"]"#);
    assert_eq!(headers["x-fetch-date"], "1970-01-01T00:00:00.000Z");
    let dune = json!({"_id": "b2", "title": "Dune", "author": "anonymous", "shout": "DUNE"});
    check(place, &["GET", "books", "b2"], 200, dune);
    let (status, error, _) = ask(place, &["GET", "books", "--param", "query=nonsense"]);
    assert_eq!(
        (status, &error["debug"]),
        (400, &json!("UserDefinedError: the query is not JSON"))
    );
}

/// Push messages in a loop, and a counter of callbacks.
fn announcement(place: &Place) {
    let given = |group: &str| json!({"group": group, "text": "party"});
    let sent = json!({"notes": 2, "failed": []});
    call(place, "endpoint:announce", given("g"), 200, sent);
    let none = json!({"error": "no such group"});
    call(place, "endpoint:announce", given("none"), 404, none);
}

/// Helpers that stand before each hook of the app.
fn common_code(place: &Place) {
    let order = r#"{"customer":"ann","lines":[{"price":10},{"price":2.5,"count":2}]}"#;
    for number in [1, 2] {
        let (status, saved, _) = ask(place, &post("orders", order, "master"));
        assert_eq!(status, 201, "{saved}");
        let got = [&saved["number"], &saved["net"], &saved["gross"]];
        assert_eq!(json!(got), json!([number, 15, 17.85]));
    }
    let refused = json!({"error": "an order has lines"});
    check(place, &post("orders", "{}", "master"), 422, refused);
}

/// One text of 2013 with the hooks of a collection between fences.
fn sections(place: &Place) {
    for text in [r#"{"text":" a "}"#, r#"{"text":"b"}"#] {
        assert_eq!(ask(place, &post("memos", text, "master")).0, 201);
    }
    check(place, &["GET", "memos"], 200, json!(["a"]));
}

fn who_am_i(place: &Place) {
    let headers = [
        "Authorization:Basic YTptbQ==", // a:mm
        "Host:kinvey.example",
        "X-Kinvey-Client-App-Version:2.1.x",
        "X-Kinvey-Custom-Request-Properties:{\"colour\":\"red\"}",
    ];
    let mut args = post("endpoint:whoami", "{}", "user:ann").to_vec();
    args.extend(headers.iter().flat_map(|header| ["--header", header]));
    let expected = json!({
        "user": ["ann", "ann", "ann", "ann"], "credentials": ["a", "mm"], "security": "master",
        "keys": ["a", "aa", "a:mm"], "host": "https://kinvey.example/rpc/a", "version": ["2.1.x", 2, 1],
        "property": "red", "name": "whoami",
    });
    check(place, &args, 200, expected);
}

/// `async.parallel`, `async.waterfall`, and promises of the twins.
fn many_at_once(place: &Place) {
    let given = json!({"collections": ["a", "b", "none"]});
    let expected = json!({
        "all": [1, 2], "two": 2, "none": true, "seen": true, "upserted": 1,
        "counts": {"a": 2, "b": 1, "none": 0},
    });
    call(place, "endpoint:dashboard", given, 200, expected);
}

fn booking(place: &Place) {
    let given = |guest: &str| json!({"room": "r", "guest": guest});
    let before = json!({"_id": "r", "guest": null});
    let booked = json!({"booked": true, "before": before, "waited": "w"});
    call(place, "endpoint:booking", given("ann"), 201, booked);
    let taken = json!({"booked": false, "before": {}});
    call(place, "endpoint:booking", given("bob"), 200, taken);
}

/// Implicit globals, garbage for options, terminal calls with garbage, and every way to fail.
fn habits(place: &Place) {
    let (status, thing, _) = ask(place, &post("things", r#"{"n":3}"#, "master"));
    let got = json!([
        status,
        thing["found"],
        thing["hex"],
        thing["sum"],
        thing["none"]
    ]);
    assert_eq!(got, json!([201, 1, true, 3, null]));
    let id = thing["_id"].as_str().unwrap();
    let delete = |who: &'static str| ask(place, &["DELETE", "things", id, "--as", who]);
    assert_eq!(delete("user:ann").0, 200);
    for (who, debug) in [
        ("user:bob", "UserDefinedError: 400"),
        ("user:cy", "UserDefinedError: TypeError: no way"),
        ("user:dee", "just a text"),
        (
            "user:eve",
            "ReferenceError: undefinedFunction is not defined",
        ),
        (
            "user:flo",
            "TypeError: You must specify the 'users' parameter to send a push notification",
        ),
    ] {
        let (status, error, _) = delete(who);
        let got = (status, &error["error"], &error["debug"]);
        assert_eq!(got, (400, &json!("BLRuntimeError"), &json!(debug)));
    }
    let (_, error, _) = delete("user:gus");
    let debug = error["debug"].as_str().unwrap();
    assert!(
        debug.starts_with("UserDefinedError: DisallowedQuerySyntax: "),
        "{debug}"
    );
    check(place, &["DELETE", "things", id], 200, json!({"count": 1}));
    let (status, file, _) = ask(place, &post("_blob", r#"{"_filename":"a.png"}"#, "master"));
    assert_eq!((status, &file["mimeType"]), (201, &json!("image/png")));
}

/// What the scripts have sent.
fn outbox(place: &Place) {
    let listed = place.lode(["outbox", "list", "a", "--json", "--store", &place.store]);
    let listed: Vec<Value> = serde_json::from_str(&listed.good()).unwrap();
    let count = |kind: &str| listed.iter().filter(|one| one["kind"] == kind).count();
    // A welcome; an outbid message, two of the group, and one payload for both.
    assert_eq!((count("email"), count("push")), (1, 4), "{listed:?}");
}
