//! The other modules of a Kinvey hook, one test for each row of what Kinvey documented.

use lode_proto::message::{CallError, LogLevel, Realm};
use serde_json::{Value, json};

use crate::support::{hook, script};

/// Answers `email.send` and `push.*`; anything else is unknown.
fn effects(method: &str, _args: &Value) -> Result<Value, CallError> {
    assert!(
        method.starts_with("email.") || method.starts_with("push."),
        "{method}"
    );
    Ok(json!({"success": true, "id": method}))
}

#[test]
fn the_vendored_libraries_are_those_that_scripts_were_written_for() {
    let expected = json!({
        "subtract": "2014-02-23T00:45:22.211Z", "format": "2014-02-26", "toLower": "abc",
        "chain": ["A", "B"], "buffer": ["aMOpbGxv", "hi", 2, "6100"], "waterfall": [null, 1, 2],
        "parallel": {"a": 3, "b": "b"}, "each": [null, [3, 4]], "all": [10, 20], "promisified": 9,
        "caught": "told",
    });
    assert_eq!(hook("kinvey_libraries").body(), expected);
    let strict = Realm {
        code_from_strings: false,
        ..Realm::default()
    };
    assert_eq!(hook("kinvey_libraries").realm(strict).body(), expected);
}

#[test]
fn the_libraries_read_the_clock_of_the_realm() {
    let text = "function onRequest(request, response, modules) {
      var now = modules.lodash.now(), moment = +modules.moment(), until = now + 5000, turns = 0;
      while (modules.lodash.now() < until && turns < 2e5) turns++;
      response.body = [now === moment, turns, modules.utils.kinveyEntity()._kmd.lmt === new Date().toISOString()];
      response.complete();
    }";
    let frozen = Realm {
        clock: lode_proto::message::Clock::Frozen,
        ..Realm::default()
    };
    assert_eq!(
        script(text).realm(frozen).body(),
        json!([true, 200_000, true])
    );
}

#[test]
fn the_logger_takes_anything() {
    let ran = hook("kinvey_logger").run();
    assert_eq!(ran.body(), json!([null, true, true]));
    let told: Vec<&str> = ran.logs.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(
        told[..8],
        [
            "text",
            "null",
            "null",
            "7",
            "true",
            r#"{"a":[1]}"#,
            r#"[1,"x"]"#,
            "TypeError: told"
        ]
    );
    assert!(told[8].contains(r#""async":{}"#) && told[9].contains(r#""method":"POST""#));
    assert_eq!(
        told[10..13],
        [
            r#""1970-01-01T00:00:00.000Z""#,
            "[function]",
            "[a value that cannot be shown]"
        ]
    );
    let levels: Vec<LogLevel> = ran.logs[13..].iter().map(|(level, _)| *level).collect();
    assert_eq!(
        levels,
        [LogLevel::Warning, LogLevel::Error, LogLevel::Fatal]
    );
}

#[test]
fn push_sends_to_users_and_to_all() {
    let ran = hook("kinvey_push").answer(effects).run();
    let missing = |what: &str| {
        format!("TypeError: You must specify the '{what}' parameter to send a push notification")
    };
    let sent = json!({"success": true, "id": "push.send"});
    let expected = json!([
        null,
        sent,
        "push.broadcast",
        missing("users"),
        missing("message"),
        missing("message")
    ]);
    assert_eq!(ran.body(), expected);
    let user = json!({"_id": "u"});
    let payload = |extras: Value| json!({"iOSAps": {"alert": "a"}, "iOSExtras": extras, "androidPayload": {"y": 2}});
    let calls = [
        (
            "push.send",
            json!({"destination": [user], "messageContent": "one"}),
        ),
        (
            "push.send",
            json!({"destination": [user, user], "messageContent": "two"}),
        ),
        (
            "push.send",
            json!({"destination": [user], "messageContent": payload(json!({"x": 1}))}),
        ),
        (
            "push.broadcast",
            json!({"messageContent": payload(Value::Null)}),
        ),
        ("push.broadcast", json!({"messageContent": "all"})),
    ];
    assert_eq!(
        ran.calls,
        calls.map(|(method, args)| (method.to_owned(), args))
    );
}

#[test]
fn an_email_takes_its_callback_in_any_optional_place() {
    let ran = hook("kinvey_email").answer(effects).run();
    let text =
        "To send an email, you must specify the 'to', 'from', 'subject' and 'body' parameters";
    let sent = json!({"success": true, "id": "email.send"});
    assert_eq!(ran.body(), json!([null, sent, null, text]));
    let message = |body: &str, rest: [Value; 4]| {
        let [reply_to, html, cc, bcc] = rest;
        json!({"from": "f", "to": "t", "subject": "s", "body": body, "replyTo": reply_to, "html": html,
               "cc": cc, "bcc": bcc})
    };
    let none = || [Value::Null, Value::Null, Value::Null, Value::Null];
    let all = || ["r", "<b>", "cc", "bcc"].map(Value::from);
    let [reply_to, html, ..] = all();
    let calls: Vec<&Value> = ran.calls.iter().map(|(_, args)| args).collect();
    let expected = [
        message("", none()),
        message("b", all()),
        message("b", none()),
        message(
            "b",
            [reply_to.clone(), Value::Null, Value::Null, Value::Null],
        ),
        message("b", [reply_to, html, Value::Null, Value::Null]),
        message("b", all()),
    ];
    assert_eq!(calls, expected.iter().collect::<Vec<_>>());
}

#[test]
fn validation_has_kinveys_messages() {
    let broken = |attr: &str, msg: Value| json!({"attr": attr, "valid": false, "msg": msg});
    let patterns = json!([
        "name must match regex of ^[a-z]+$",
        "name must match regex of ^.{3}$"
    ]);
    let text = "doValidation function requires two Object arguments";
    let expected = json!([
        [],
        [
            broken("name", patterns.clone()),
            broken("age", json!("age must be greater than or equal to 18"))
        ],
        [
            broken("name", json!("name is required")),
            broken("name", patterns),
            broken("age", json!("age must be less than or equal to 65")),
        ],
        [broken("name", json!(["name must match regex of /^x/"]))],
        [],
        [broken("a", Value::Null)],
        [],
        [],
        [broken("a", json!("a must be greater than or equal to 2"))],
        text,
        text,
        text,
        text,
    ]);
    assert_eq!(hook("kinvey_validation").body(), expected);
}

#[test]
fn entities_dates_and_texts_are_kinveys() {
    let body = hook("kinvey_entities").body();
    let text = "ISODate(\"2014-02-26T19:45:22.211Z\")";
    let iso = "2014-02-26T19:45:22.211Z";
    let acl = json!({"creator": "kid_1", "r": ["r"], "w": ["w"], "groups": {"r": ["g"], "w": []}, "gr": true, "gw": null});
    let expected = json!({
        "shape": [["_id", "_acl", "_kmd"], true, true, true],
        "named": ["mine", acl],
        "filled": [1, 24, "me", "then", true],
        "acl": acl,
        "read": ["kid_1", ["r"], ["w"], ["g"], [], true, null],
        "is": [true, false, false],
        "to": [text, text, text, text, "Invalid date", "Invalid date", true, true],
        "from": [iso, 2014, iso, "Invalid date", "Invalid Format.", "Invalid date", true],
        "text": ["<&amp;><2>", "w6nigqzwn5iA", "é€😀"],
    });
    assert_eq!(body, expected);
}

#[test]
fn custom_request_properties_go_from_pre_to_post_hook() {
    // "kid_1:secret" as Basic credentials: whose secret it is only the master can tell.
    let headers = json!({
        "X-Kinvey-Client-App-Version": "1.22.x", "Authorization": "Basic a2lkXzE6c2VjcmV0",
        "X-Kinvey-Custom-Request-Properties": "{\"from\":\"client\"}",
    });
    let given = json!({"username": "ann", "userId": "u1", "headers": headers, "body": {}});
    let master = |method: &str, args: &Value| {
        assert_eq!(
            (method, args),
            ("app.securityContext", &json!({"secret": "secret"}))
        );
        Ok(json!("master"))
    };
    let pre = hook("kinvey_contexts")
        .function("onPreSave")
        .request(given)
        .answer(master)
        .run();
    let request = pre.request();
    let expected = json!([
        "ann", "u1", "1.22.x", 1, 22, "NaN", "client", {"a": 1}, ["from", "to"], -1, "kid_1", "master"
    ]);
    assert_eq!(request["body"], expected);
    let post = hook("kinvey_contexts")
        .function("onPostSave")
        .request(request)
        .body();
    let properties = json!({"from": "client", "to": {"a": 1}, "direct": true});
    assert_eq!(post, json!([properties, "v", "1.22.x", "1"]));
    let none = hook("kinvey_contexts").function("onPostSave").body();
    assert_eq!(none, json!([{}, null, null, "NaN"]));
}

#[test]
fn partner_modules_say_that_they_are_not_provided() {
    let told = |name: &str, function: &str| {
        let text = format!("modules.{name} is not provided here: {function} cannot be called");
        json!(["FeatureUnavailable", text])
    };
    let expected = json!([
        told("pubnub", "init"),
        told("xmpp", "getHandle"),
        "{}",
        "[object Object]",
        false,
        true
    ]);
    assert_eq!(hook("kinvey_partners").body(), expected);
}

/// Gives back what was asked for.
pub(crate) fn web(_method: &str, args: &Value) -> Result<Value, CallError> {
    let mut asked =
        json!({"url": args["url"], "headers": args["headers"], "method": args["method"]});
    asked["body"] = args["body"].clone();
    Ok(
        json!({"status": 201, "status_text": "Created", "url": "", "redirected": false,
              "headers": [], "body": asked.to_string()}),
    )
}

#[test]
fn requests_have_the_shapes_of_npms_request() {
    let body = hook("kinvey_request_shapes").answer(web).body();
    let asked = |index: usize| -> Value {
        let text = body[index][2]
            .as_str()
            .map(|text| serde_json::from_str(text).unwrap());
        text.unwrap_or_else(|| body[index][2].clone())
    };
    let basic = |pair: &str| json!(["authorization", format!("Basic {pair}")]);
    assert_eq!(body[0][1], 201);
    assert_eq!(asked(0)["url"], "https://a.example/x?a=1");
    assert_eq!(asked(0)["headers"], json!([basic("dTpwQA==")]));
    assert_eq!(
        (&asked(1)["method"], &asked(1)["body"]),
        (&json!("POST"), &json!(r#"{"n":1}"#))
    );
    assert!(
        asked(1)["headers"]
            .as_array()
            .unwrap()
            .contains(&basic("bWU6aXQ="))
    );
    assert_eq!(
        (&asked(2)["method"], &asked(2)["body"]),
        (&json!("PUT"), &json!("a=b%20c"))
    );
    assert_eq!(
        (&asked(3)["method"], &asked(3)["body"]),
        (&json!("POST"), &json!("k=v%26"))
    );
    assert_eq!(body[4][0], "request does not provide the option multipart");
    assert_eq!(body[5][0], true);
    assert_eq!(
        (&body[6][0], &body[6][2]),
        (&json!(201), &json!("function"))
    );
    assert!(
        body[7].as_str().unwrap().starts_with("request needs a URL"),
        "{body}"
    );
}
