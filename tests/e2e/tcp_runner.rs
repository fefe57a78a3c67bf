//! The task runner's protocol over TCP (`lode serve --tcp-runner`), on both kinds of queue.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Place, Worker, eventually, hook_file};

const SETTINGS: [&str; 2] = [
    "TCP_RUNNER_LISTEN=127.0.0.1:0",
    "JOBS_ALLOW_INLINE_SCRIPT=true",
];

/// Only what never comes takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

fn serve(place: &Place, more: &[&str]) -> Worker {
    place.app("kid_1", &[]);
    let settings: Vec<&str> = SETTINGS.iter().chain(more).copied().collect();
    Worker::start(place, &settings)
}

/// A client with one connection.
struct Client {
    stream: TcpStream,
    replies: BufReader<TcpStream>,
}

impl Client {
    fn connect(worker: &Worker) -> Self {
        let log = worker.log();
        let (_, rest) = log
            .split_once("tcp runner address=")
            .expect("the address is logged");
        let stream = TcpStream::connect(rest.split_whitespace().next().unwrap()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let replies = BufReader::new(stream.try_clone().unwrap());
        Self { stream, replies }
    }

    fn send(&mut self, line: &str) {
        self.stream.write_all(line.as_bytes()).unwrap();
        self.stream.write_all(b"\n").unwrap();
    }

    fn send_task(&mut self, id: &str, hook: &str, request: Value) {
        self.send(&task(id, hook, request).to_string());
    }

    /// The next reply; `None` when the worker has closed the connection.
    #[track_caller]
    fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        let bytes = self.replies.read_line(&mut line).unwrap();
        (bytes > 0).then(|| serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}")))
    }

    /// The next `count` replies by their tasks' ids.
    #[track_caller]
    fn next_by_id(&mut self, count: usize) -> BTreeMap<String, Value> {
        let replies: BTreeMap<String, Value> = (0..count)
            .map(|_| self.next().expect("a reply"))
            .map(|reply| (reply["taskId"].as_str().unwrap().to_owned(), reply))
            .collect();
        assert_eq!(replies.len(), count, "{replies:?}");
        replies
    }
}

fn task(id: &str, hook: &str, request: Value) -> Value {
    let script = fs::read_to_string(hook_file(&format!("{hook}.js"))).unwrap();
    json!({"taskId": id, "appId": "kid_1", "targetFunction": "onRequest", "blScript": script,
           "request": request})
}

fn sleeper(id: &str, ms: u64) -> Value {
    task(id, "sleeps", json!({"body": {"name": id, "ms": ms}}))
}

fn body(reply: &Value) -> &Value {
    &reply["response"]["body"]
}

#[track_caller]
fn check_refused(reply: Option<Value>, words: &str) {
    let reply = reply.expect("a reply");
    assert_eq!(reply["isError"], true, "{reply}");
    let debug = reply["debugMessage"].as_str().unwrap();
    assert!(debug.contains(words), "{reply}");
}

fn check_tasks_are_answered(place: &Place) {
    let worker = serve(place, &[]);
    let mut client = Client::connect(&worker);
    // The second is ready first.
    client.send(&sleeper("slow", 1_000).to_string());
    client.send_task("quick", "echo", json!({"body": {"n": 1.5}}));
    let quick = client.next().unwrap();
    assert_eq!(quick["taskId"], "quick", "{quick}");
    assert_eq!(body(&quick), &json!({"n": 1.5}));
    assert_eq!(
        quick["metadata"],
        json!({"taskId": "quick", "tag": "completed"})
    );
    let slow = client.next().unwrap();
    assert_eq!(
        (&slow["taskId"], &body(&slow)["ms"]),
        (&json!("slow"), &json!(1_000))
    );
}

#[test]
fn tasks_are_answered_as_they_end_on_redis() {
    check_tasks_are_answered(&Place::redis());
}

#[test]
fn tasks_are_answered_as_they_end_on_sqlite() {
    check_tasks_are_answered(&Place::sqlite());
}

#[test]
fn a_health_check_is_told_from_a_task_that_speaks_of_one() {
    let place = Place::sqlite();
    let worker = serve(&place, &[]);
    let mut client = Client::connect(&worker);
    let ready = json!({"status": "ready"});
    for line in [
        r#"{"healthCheck":1}"#,
        "\t{ \"from\": {}, \"healthCheck\" : 1 }\r",
    ] {
        client.send(line);
        assert_eq!(client.next().unwrap(), ready);
    }
    client.send_task("t", "echo", json!({"body": "{\"healthCheck\":1}"}));
    assert_eq!(body(&client.next().unwrap()), r#"{"healthCheck":1}"#);
}

#[test]
fn what_is_no_task_is_refused_and_the_connection_goes_on() {
    let place = Place::sqlite();
    let worker = serve(&place, &[]);
    let mut client = Client::connect(&worker);
    for line in ["", "  ", "null", "\r"] {
        client.send(line);
    }
    client.send(r#"{"appId":"#);
    check_refused(client.next(), "EOF");
    client.send("[1]");
    check_refused(client.next(), "one JSON object a line");
    client.send(&"x".repeat(3 << 20));
    check_refused(client.next(), "too long, allowed are");
    client.send("{}");
    check_refused(client.next(), "app");
    client.send(r#"{"taskId":"t","appId":"nobody","targetFunction":"f","blScript":"x"}"#);
    check_refused(client.next(), "nobody");
    client.send_task("t", "throws", json!({}));
    let reply = client.next().unwrap();
    assert_eq!(
        (&reply["error"], &reply["isError"], &reply["taskId"]),
        (&json!("BLRuntimeError"), &json!(true), &json!("t"))
    );
    client.send_task("t", "echo", json!({"body": "x".repeat(500_000)}));
    assert_eq!(
        body(&client.next().unwrap()).as_str().unwrap().len(),
        500_000
    );
}

#[test]
fn the_query_comes_from_the_params_and_no_result_is_null() {
    let place = Place::sqlite();
    let worker = serve(&place, &[]);
    let mut client = Client::connect(&worker);
    let script = |text: &str, request: Value| {
        let script = format!("function onRequest(request, response) {{ {text} }}");
        json!({"appId": "kid_1", "targetFunction": "onRequest", "blScript": script,
               "request": request})
    };
    let query = "response.body = request.query; response.complete();";
    client.send(&script(query, json!({"params": {"a": "1"}})).to_string());
    assert_eq!(body(&client.next().unwrap()), &json!({"a": "1"}));
    let nothing = "response.body = undefined; response.complete();";
    client.send(&script(nothing, json!({})).to_string());
    let reply = client.next().unwrap();
    assert_eq!(reply["response"].get("body"), Some(&Value::Null), "{reply}");
}

#[test]
fn more_tasks_than_a_connection_may_have_open_are_answered_all() {
    let place = Place::redis();
    let worker = serve(&place, &["QUEUE_APP_MAX_CONCURRENT=-1"]);
    let mut clients = [Client::connect(&worker), Client::connect(&worker)];
    for client in &mut clients {
        for n in 0..200 {
            client.send_task(&format!("t{n}"), "echo", json!({"body": n}));
        }
        // Half-closed: the replies come nevertheless.
        client.stream.shutdown(Shutdown::Write).unwrap();
    }
    for client in &mut clients {
        let replies = client.next_by_id(200);
        for n in 0..200 {
            assert_eq!(body(&replies[&format!("t{n}")]), &json!(n));
        }
        assert_eq!(client.next(), None);
    }
}

#[test]
fn a_client_that_goes_disturbs_no_other() {
    let place = Place::redis();
    let worker = serve(&place, &[]);
    let mut gone = Client::connect(&worker);
    gone.send(&sleeper("left", 300).to_string());
    worker.await_log("started left.");
    gone.send("{\"half\":");
    drop(gone);
    let mut other = Client::connect(&worker);
    other.send(&sleeper("stays", 600).to_string());
    assert_eq!(other.next().unwrap()["taskId"], "stays");
}

#[test]
fn a_half_line_waits_for_its_end_and_holds_nobody_up() {
    let place = Place::redis();
    let mut worker = serve(&place, &[]);
    let [mut slow, mut silent] = [Client::connect(&worker), Client::connect(&worker)];
    let line = task("late", "echo", json!({"body": 1})).to_string();
    let (start, end) = line.split_at(line.len() / 2);
    slow.stream.write_all(start.as_bytes()).unwrap();
    silent.stream.write_all(b"{\"taskId\":").unwrap();
    let mut other = Client::connect(&worker);
    other.send_task("t", "echo", json!({"body": 2}));
    assert_eq!(body(&other.next().unwrap()), &json!(2));
    slow.send(end);
    assert_eq!(body(&slow.next().unwrap()), &json!(1));
    // A line that has no end keeps no worker from leaving, and is no task.
    worker.terminate();
    assert_eq!(silent.next(), None);
    assert_eq!(worker.exit_code(), Some(0), "{}", worker.log());
}

#[test]
fn a_silent_client_is_asked_for_a_sign_of_life() {
    let place = Place::sqlite();
    let worker = serve(&place, &[]);
    let mut client = Client::connect(&worker);
    client.send(r#"{"healthCheck":1}"#);
    client.next().unwrap();
    // The worker's end, as the kernel has it: both ports, established; then its timer and how long
    // that runs, in hundredths of a second. Timer 2 is the one for signs of life.
    let port = |address: std::net::SocketAddr| format!(":{:04X}", address.port());
    let ours = port(client.stream.peer_addr().unwrap());
    let theirs = port(client.stream.local_addr().unwrap());
    eventually("the timer of the connection runs", || {
        let table = fs::read_to_string("/proc/net/tcp").unwrap();
        let lines = table.lines().map(|line| line.split_whitespace().collect());
        let words: Vec<&str> = lines
            .into_iter()
            .find(|words: &Vec<&str>| words[1].ends_with(&ours) && words[2].ends_with(&theirs))?;
        let (timer, left) = words[5].split_once(':').unwrap();
        let left = u64::from_str_radix(left, 16).unwrap();
        (timer == "02" && left <= 60 * 100).then_some(())
    });
}

#[test]
fn sigterm_lets_what_runs_finish_and_tells_of_what_has_not_started() {
    let place = Place::redis();
    let settings = ["POOL_MAX_CHILDREN=1", "POOL_WARM=1", "POOL_RESERVE=0"];
    let mut worker = serve(&place, &settings);
    let mut client = Client::connect(&worker);
    client.send(&sleeper("running", 1_500).to_string());
    worker.await_log("started running.");
    client.send_task("waiting", "echo", json!({}));
    // Answered after it was read, and so the line before it was, too.
    client.send(r#"{"healthCheck":1}"#);
    assert_eq!(client.next().unwrap(), json!({"status": "ready"}));
    worker.terminate();
    let replies = client.next_by_id(2);
    assert_eq!(body(&replies["running"])["name"], "running");
    let waiting = &replies["waiting"];
    assert_eq!(waiting["metadata"]["tag"], "cancelled", "{waiting}");
    assert_eq!(client.next(), None);
    assert_eq!(worker.exit_code(), Some(0), "{}", worker.log());
}

#[test]
fn an_address_that_is_none_is_refused() {
    let place = Place::sqlite();
    let args = [
        "serve",
        "--tcp-runner",
        "port 7000",
        "--queue",
        &place.queue,
        "--store",
    ];
    let text = place
        .lode(args.iter().chain(&[place.store.as_str()]))
        .bad(1);
    assert!(
        text.contains("tcp_runner.listen") && text.contains("127.0.0.1:7000"),
        "{text}"
    );
}
