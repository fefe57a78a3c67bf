//! HTTP requests of hooks: off unless allowed three times over, and then what scripts expect.

use lode_proto::Outcome;
use serde_json::{Value, json};

use crate::support::{LARGE_BYTES, Place, Producer, WebHost, Worker, script};

/// Switches that together let hooks reach loopback.
const ALLOWED: &str = "JOBS_ALLOW_HTTP_REQUESTS=true";
const LOOPBACK: &str = "EGRESS_ALLOW_NETWORKS=[\"127.0.0.0/8\"]";

/// A web host, a worker with some of the switches, and an app that may call the host, or nobody.
struct Scene {
    host: WebHost,
    producer: Producer,
    worker: Worker,
    _place: Place,
}

impl Scene {
    fn new(settings: &[&str], rule: bool) -> Self {
        let (place, host) = (Place::redis(), WebHost::start());
        let allowed = format!("127.0.0.1:{}", host.port);
        let flags = ["--http-host", &allowed, "--limit", "wall_limit_ms=60000"];
        place.app("a", if rule { &flags } else { &flags[2..] });
        let own = ["JOBS_ALLOW_INLINE_SCRIPT=true", "BREAKER_BAD_JOBS=0"];
        Self {
            worker: Worker::start(&place, &[&own, settings].concat()),
            producer: Producer::new(&place, "p"),
            host,
            _place: place,
        }
    }

    /// With every switch on.
    fn open() -> Self {
        Self::new(&[ALLOWED, LOOPBACK], true)
    }

    /// Runs a script whose `request.body` is the host's URL.
    fn run(&mut self, text: &str) -> Outcome {
        let url = json!(self.host.url(""));
        self.producer.ask(script("a", text, url))
    }

    /// What a script that completes gives.
    #[track_caller]
    fn result(&mut self, text: &str) -> Value {
        let outcome = self.run(text);
        assert_eq!(outcome.tag.as_str(), "completed", "{outcome:?}");
        serde_json::from_str(outcome.response.body.get()).unwrap()
    }

    /// Code and text of the error of `await fetch(…)` with these arguments; nothing has reached
    /// the host but these paths.
    #[track_caller]
    fn refused(&mut self, arguments: &str, reached: &[&str]) -> (String, String) {
        let before = self.host.paths().len();
        let error = self.result(&format!(
            "try {{ await fetch({arguments}); complete(null, 'it came'); }} \
             catch (error) {{ complete(null, [error.code, error.message, error.name]); }}"
        ));
        let parts: Vec<String> = serde_json::from_value(error).unwrap();
        assert_eq!(parts[0], parts[2], "code and name are the same");
        assert_eq!(self.host.paths()[before..], *reached);
        (parts[0].clone(), parts[1].clone())
    }
}

fn error(code: &str, text: &str) -> (String, String) {
    (code.to_owned(), text.to_owned())
}

#[test]
fn no_request_leaves_a_worker_that_was_not_told_to_send_any() {
    let mut scene = Scene::new(&[LOOPBACK], true);
    let (code, text) = scene.refused("request.body + '/echo'", &[]);
    assert_eq!(code, "EgressDenied");
    assert!(text.contains("jobs.allow_http_requests = true"), "{text}");
}

#[test]
fn no_request_leaves_for_a_host_that_the_app_does_not_name() {
    let mut scene = Scene::new(&[ALLOWED, LOOPBACK], false);
    let text = "http://127.0.0.1:PORT may not be called: this app has no hosts that it may call";
    let text = text.replace("PORT", &scene.host.port.to_string());
    assert_eq!(
        scene.refused("request.body + '/echo'", &[]),
        error("EgressDenied", &text)
    );
    let mut scene = Scene::open();
    let own = format!("this app may call 127.0.0.1:{}", scene.host.port);
    for (url, shown) in [
        ("'http://127.0.0.1:9/'", "http://127.0.0.1:9"),
        (
            "'http://169.254.169.254/latest/meta-data/'",
            "http://169.254.169.254",
        ),
        (
            "request.body.replace('127.0.0.1', '127.0.0.2')",
            "http://127.0.0.2:PORT",
        ),
        (
            "request.body.replace('127.0.0.1', 'localhost')",
            "http://localhost:PORT",
        ),
        (
            "request.body.replace('127.0.0.1', '[::ffff:127.0.0.1]')",
            "http://[::ffff:7f00:1]:PORT",
        ),
        (
            "request.body.replace('127.0.0.1', '0.0.0.0')",
            "http://0.0.0.0:PORT",
        ),
    ] {
        let shown = shown.replace("PORT", &scene.host.port.to_string());
        let text = format!("{shown} may not be called: {own}");
        assert_eq!(
            scene.refused(url, &[]),
            error("EgressDenied", &text),
            "{url}"
        );
    }
}

#[test]
fn no_request_leaves_for_an_address_that_the_operator_does_not_name() {
    for settings in [
        &[ALLOWED][..],
        &[ALLOWED, "EGRESS_ALLOW_NETWORKS=[\"10.0.0.0/8\"]"],
    ] {
        let mut scene = Scene::new(settings, true);
        let text = "127.0.0.1:PORT may not be called: the address is not allowed; allowed are \
                    public addresses";
        let text = text.replace("PORT", &scene.host.port.to_string());
        let refused = scene.refused("request.body + '/echo'", &[]);
        assert_eq!(refused, error("EgressDenied", &text));
    }
}

#[test]
fn fetch_gives_status_headers_and_body_and_takes_a_body_along() {
    let mut scene = Scene::open();
    let got = scene.result(
        "const reply = await fetch(request.body + '/echo?n=1', { method: 'post', body: 'h\\u00e9', \
           headers: { 'X-Key': 'k' } }); \
         const again = await fetch(request.body + '/nothing'); \
         const came = await reply.json(); \
         complete(null, { \
           status: [reply.status, reply.ok, again.status, again.ok], url: reply.url, \
           served: reply.headers.get('x-served-by'), type: reply.headers.get('Content-Type'), \
           came: [came.method, came.path, came.body, came.headers['x-key'], \
                  came.headers['content-type'], came.headers['content-length']], \
           text: await again.text(), \
         });",
    );
    let expected = json!({
        "status": [200, true, 404, false], "url": scene.host.url("/echo?n=1"),
        "served": "tester", "type": "application/json",
        "came": ["POST", "/echo?n=1", "hé", "k", "text/plain;charset=UTF-8", "3"],
        "text": "\"nothing\"",
    });
    assert_eq!(got, expected);
}

#[test]
fn kinveys_request_works_with_callbacks_with_promises_and_detached() {
    let mut scene = Scene::open();
    let got = scene.result(
        "const api = modules.request, { get, post, getAsync } = api, url = request.body + '/echo'; \
         get({ uri: url, qs: { a: 1 } }, (error, reply, body) => { \
           api.post({ uri: url, json: { n: 1 } }, async (error2, reply2, body2) => { \
             const third = await getAsync(url); \
             const fourth = await api.postAsync({ uri: url, form: { x: 'y z' } }); \
             const failed = await getAsync('http://127.0.0.1:9/').catch((e) => e.code); \
             const sent = JSON.parse(fourth.body); \
             api({ uri: url, method: 'PUT', body: 'b' }, (error5, reply5, body5) => { \
               complete(null, { \
                 first: [error, reply.status, reply.statusCode, reply.headers['x-served-by'], \
                         reply.body === body, JSON.parse(body).path, JSON.parse(body).method], \
                 second: [error2, body2.method, body2.body, body2.headers['content-type']], \
                 third: [third.status, JSON.parse(third.body).method], \
                 fourth: [sent.method, sent.body, sent.headers['content-type']], \
                 fifth: [error5, JSON.parse(body5).method, JSON.parse(body5).body], failed, \
               }); \
             }); \
           }); \
         });",
    );
    let expected = json!({
        "first": [null, 200, 200, "tester", true, "/echo?a=1", "GET"],
        "second": [null, "POST", "{\"n\":1}", "application/json"],
        "third": [200, "GET"],
        "fourth": ["POST", "x=y%20z", "application/x-www-form-urlencoded"],
        "fifth": [null, "PUT", "b"], "failed": "EgressDenied",
    });
    assert_eq!(got, expected);
}

#[test]
fn requests_work_after_every_intrinsic_was_replaced() {
    let mut scene = Scene::open();
    // The hook's own way back is by what it kept before.
    let got = scene.result(
        "const url = request.body + '/echo', headers = { 'X-Key': 'k' }, parse = JSON.parse; \
         const api = modules.request; \
         const broken = function () { throw new Error('a replaced intrinsic was called'); }; \
         const { getOwnPropertyNames, getOwnPropertyDescriptor } = Object, { defineProperty } = Reflect; \
         const todo = []; \
         for (const owner of [Array.prototype, Array, Promise.prototype, Promise, JSON, \
             Function.prototype, Object, Object.prototype, String.prototype, String, Number, Reflect, \
             Error.prototype, Map.prototype, Symbol.prototype, ArrayBuffer.prototype, Uint8Array, \
             Object.getPrototypeOf(Uint8Array.prototype), Object.getPrototypeOf(Uint8Array)]) { \
           for (const name of getOwnPropertyNames(owner)) { \
             if (name === 'constructor' || name === '__proto__') continue; \
             const now = getOwnPropertyDescriptor(owner, name); \
             if (now.configurable && typeof now.value === 'function') todo.push([owner, name]); \
           } \
         } \
         const replaced = { value: broken, writable: true, configurable: true, enumerable: false }; \
         const count = todo.length; \
         for (let i = 0; i < count; i++) defineProperty(todo[i][0], todo[i][1], replaced); \
         Array.prototype[Symbol.iterator] = broken; \
         const reply = await fetch(url, { method: 'POST', body: 'b', headers }); \
         const text = await reply.text(); \
         api.post({ uri: url, body: 'c', headers }, (error, second, body) => { \
           complete(null, { many: count > 100, fetched: parse(text).headers['x-key'], \
             served: reply.headers.get('X-Served-By'), requested: parse(body).body, \
             header: second.headers['x-served-by'] }); \
         });",
    );
    let expected = json!({
        "many": true, "fetched": "k", "served": "tester", "requested": "c", "header": "tester",
    });
    assert_eq!(got, expected);
}

#[test]
fn a_redirect_is_followed_where_it_may_go_and_nowhere_else() {
    let mut scene = Scene::open();
    let got = scene.result(
        "const home = await fetch(request.body + '/to?/echo'); \
         const manual = await fetch(request.body + '/to?/echo', { redirect: 'manual' }); \
         complete(null, [home.status, home.redirected, (await home.json()).path, manual.status]);",
    );
    assert_eq!(got, json!([200, true, "/echo", 302]));
    for target in [
        "http://169.254.169.254/latest/",
        "http://localhost:1/",
        "//10.0.0.1/",
    ] {
        let path = format!("/to?{target}");
        let arguments = format!("request.body + '{path}'");
        let (code, text) = scene.refused(&arguments, &[&path]);
        assert_eq!(code, "EgressDenied", "{text}");
        assert!(text.contains("may not be called"), "{text}");
    }
    let (code, _) = scene.refused(
        "request.body + '/to?file:///etc/passwd'",
        &["/to?file:///etc/passwd"],
    );
    assert_eq!(code, "EgressRedirect");
}

#[test]
fn what_fails_has_a_code_and_names_the_limit_but_nothing_of_the_worker() {
    let limit = LARGE_BYTES - 1;
    let settings = [
        format!("EGRESS_RESPONSE_BYTES_MAX={limit}"),
        "EGRESS_TIMEOUT_MS=700".to_owned(),
    ];
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let mut scene = Scene::new(&[&[ALLOWED, LOOPBACK][..], &settings].concat(), true);
    let (code, text) = scene.refused("request.body + '/large'", &["/large"]);
    assert_eq!(code, "EgressTooLarge");
    assert!(
        text.contains(&format!("larger than {limit} bytes")),
        "{text}"
    );
    let (code, text) = scene.refused("request.body + '/slow'", &["/slow"]);
    assert_eq!(code, "EgressTimeout");
    assert!(text.contains("within 700 ms"), "{text}");
    let (code, text) = scene.refused("request.body + '/slow', { timeout: 50 }", &["/slow"]);
    assert_eq!(code, "EgressTimeout");
    assert!(text.contains("within 50 ms"), "{text}");
    let (code, _) = scene.refused("request.body + '/echo', { method: 'BAD METHOD' }", &[]);
    assert_eq!(code, "EgressBadRequest");
    let outcome = scene.run("await fetch(request.body + '/large');");
    let error = outcome.error.unwrap();
    assert_eq!(outcome.tag.as_str(), "hook_threw");
    assert!(error.debug.starts_with("EgressTooLarge: "), "{error:?}");
    // The host is the tenant's own word; sockets, paths and the like are not.
    let told = format!("{error:?}");
    for word in ["sock", ".rs", "os error", "lode-egress", "hyper", "tokio"] {
        assert!(!told.contains(word), "{word}: {told}");
    }
    scene.worker.await_log("tag=hook_threw");
}

#[test]
fn a_host_that_is_not_there_is_told_without_an_address() {
    let mut scene = Scene::open();
    let (url, port) = (scene.host.url("/"), scene.host.port);
    // Frees the port; the rule still names it.
    scene.host = WebHost::start();
    let (code, text) = scene.refused(&format!("'{url}'"), &[]);
    assert_eq!(code, "EgressConnect");
    assert_eq!(
        text,
        format!("no connection to 127.0.0.1:{port}: it refused the connection")
    );
}
