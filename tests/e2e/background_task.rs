//! npm `background-task`, unmodified, as the client of real workers (`lode serve --nbt`).
//!
//! The package's keys bear no queue's name, so each test has a Redis of its own.

mod client;

use std::fs;

use serde_json::{Value, json};

use crate::support::{Place, Producer, Worker, eventually, hook_file};
use client::{Client, Raw};

/// Takes tasks that bring their script along.
const SETTINGS: [&str; 2] = ["NBT_ENABLED=true", "JOBS_ALLOW_INLINE_SCRIPT=true"];

fn place() -> Place {
    let place = Place::private_redis();
    place.app("kid_1", &[]);
    place
}

fn serve(place: &Place, more: &[&str]) -> Worker {
    let settings: Vec<&str> = SETTINGS.iter().chain(more).copied().collect();
    let worker = Worker::start(place, &settings);
    worker.await_log("background tasks: listening");
    worker
}

/// So that a hook sleeps longer than any test takes.
const LONG: &str = "LIMITS_WALL_LIMIT_MS=60000";

/// A task as Kinvey's application servers have it, with a file of `tests/hooks`.
fn task(hook: &str, body: Value) -> Value {
    let script = fs::read_to_string(hook_file(&format!("{hook}.js"))).unwrap();
    let request = json!({"method": "POST", "headers": {}, "body": body});
    json!({"appId": "kid_1", "appMetadata": {"_id": "kid_1"}, "targetFunction": "onRequest",
           "blScript": script, "collectionName": "books", "request": request,
           "response": {"status": 0, "headers": {}, "body": {}}})
}

/// All of a client with these tasks, from start to end.
#[track_caller]
fn ask(place: &Place, options: Value, tasks: &[Value], more: Value) -> Vec<Value> {
    Client::start(place, options, tasks, more).finish()
}

/// `{message, options}` of a task without options.
fn plain(message: Value) -> Value {
    json!({"message": message})
}

/// The ends of all tasks, each told once, in the order of the plan.
#[track_caller]
fn ends(lines: &[Value], count: usize) -> Vec<Value> {
    let is_end = |line: &&Value| line["event"] == "done" || line["event"] == "failed";
    let mut ends: Vec<Value> = lines.iter().filter(is_end).cloned().collect();
    ends.sort_by_key(|line| line["task"].as_u64());
    let tasks: Vec<_> = ends.iter().map(|line| line["task"].as_u64()).collect();
    let expected: Vec<_> = (0..count as u64).map(Some).collect();
    assert_eq!(tasks, expected, "{lines:?}");
    assert!(
        lines.iter().all(|line| line["event"] != "error"),
        "{lines:?}"
    );
    ends
}

#[test]
fn a_task_comes_back_with_its_reply_and_leaves_nothing_behind() {
    let place = place();
    let _worker = serve(&place, &[]);
    let tasks = [plain(task("says_hello", json!({"name": "Ada"})))];
    let options = json!({"maxTasksPerKey": 5});
    let lines = ask(&place, options, &tasks, json!({}));
    let end = &ends(&lines, 1)[0];
    let response = &end["reply"]["response"];
    assert_eq!(response["statusCode"], 203, "{end}");
    assert_eq!(response["complete"], true, "{end}");
    assert_eq!(response["body"]["hello"], "Ada", "{end}");
    assert_eq!(end["reply"]["metadata"]["taskId"], end["id"]);
    let emitted: Vec<&Value> = lines
        .iter()
        .filter(|line| line["event"] == "emitted")
        .collect();
    assert_eq!(emitted.len(), 1, "{lines:?}");
    assert_eq!(
        (&emitted[0]["name"], &emitted[0]["id"]),
        (&json!("TASK_DONE"), &end["id"])
    );
    assert_eq!(Raw::new(&place).left(), Vec::<String>::new());
}

#[test]
fn a_stored_hook_may_be_named_in_place_of_a_script() {
    let place = place();
    place.endpoints("kid_1", &["echo"]);
    let _worker = serve(&place, &["JOBS_ALLOW_INLINE_SCRIPT=false"]);
    let record = json!({"app": "kid_1", "hook": "endpoint:echo", "request": {"body": [1.5]}});
    let lines = ask(
        &place,
        json!({"taskKey": "app"}),
        &[plain(record)],
        json!({}),
    );
    assert_eq!(
        ends(&lines, 1)[0]["reply"]["response"]["body"],
        json!([1.5])
    );
}

#[test]
fn a_task_that_fails_is_an_error_with_kinveys_fields() {
    let place = place();
    let _worker = serve(&place, &[]);
    let tasks = [
        plain(task("throws", json!({}))),
        plain(task("response_error", json!({}))),
        plain(json!({"appId": "kid_1", "blScript": 5, "targetFunction": "onRequest"})),
        plain(json!({"appId": "nobody", "blScript": "x", "targetFunction": "onRequest"})),
    ];
    let ends = ends(&ask(&place, json!({}), &tasks, json!({})), 4);
    let texts: Vec<String> = ends.iter().map(|end| end["error"].to_string()).collect();
    let expected = [
        ("BLRuntimeError", "TypeError"),
        ("BLRuntimeError", "UserDefinedError: the book is lent"),
        ("", "blScript"),
        ("", "nobody"),
    ];
    for (text, (name, debug)) in texts.iter().zip(expected) {
        assert!(text.contains(name) && text.contains(debug), "{text}");
    }
    assert_eq!(Raw::new(&place).left(), Vec::<String>::new());
}

#[test]
fn a_late_reply_does_not_disturb_a_client_that_gave_up() {
    let place = place();
    let worker = serve(&place, &[]);
    let body = json!({"name": "slow", "ms": 1_500});
    let slow = json!({"message": task("sleeps", body), "options": {"taskTimeout": 300}});
    let quick = plain(task("echo", json!("next")));
    let more = json!({"lingerMs": 2_500, "oneByOne": true});
    let options = json!({"maxTasksPerKey": 1});
    let lines = ask(&place, options, &[slow, quick], more);
    let ends = ends(&lines, 2);
    assert_eq!(ends[0]["error"]["message"], "Task timed out");
    assert_eq!(ends[1]["reply"]["response"]["body"], "next");
    worker.await_log("started slow.");
}

#[test]
fn the_eleventh_bad_task_blacklists_the_app_for_its_clients() {
    let place = place();
    let window = "BREAKER_WINDOW_MS=600000";
    let worker = serve(&place, &[window, "LIMITS_WALL_LIMIT_MS=50"]);
    let bad: Vec<Value> = (0..11)
        .map(|_| plain(task("endless_loop", json!({}))))
        .collect();
    let eleven = ends(&ask(&place, json!({}), &bad, json!({})), 11);
    for end in &eleven {
        assert_eq!(end["error"]["error"], "BLTimeoutError", "{end}");
    }
    worker.await_log("the app is blacklisted");
    let one = [plain(task("echo", json!({})))];
    let end = &ends(&ask(&place, json!({}), &one, json!({})), 1)[0];
    assert_eq!(end["error"]["message"], "Blacklisted");
    let debug = end["error"]["debugMessage"].as_str().unwrap();
    assert!(debug.starts_with("Blocked, reason: "), "{debug}");
    assert!(debug.contains("hook_timeout"), "{debug}");
    let mut raw = Raw::new(&place);
    let kept = ["blacklist:globalBlacklist:kid_1", "blacklist:kid_1:count"];
    assert_eq!(raw.left(), kept);
    assert_eq!(raw.ask::<u32>(&["GET", "blacklist:kid_1:count"]), 11);
    let seconds: u32 = raw.ask(&["TTL", "blacklist:globalBlacklist:kid_1"]);
    assert!((3_000..=3_600).contains(&seconds), "{seconds}");
    let lift = ["queue", "ban", "lift", "kid_1", "--queue"];
    place
        .lode(lift.iter().chain(&[place.queue.as_str()]))
        .good();
    assert_eq!(raw.left(), Vec::<String>::new());
    // The workers hear of it a moment later.
    eventually("the app is served again", || {
        let end = &ends(&ask(&place, json!({}), &one, json!({})), 1)[0];
        (end["event"] == "done").then_some(())
    });
}

#[test]
fn a_worker_that_claims_no_tasks_counts_those_that_go_bad() {
    let place = place();
    let claimer = serve(
        &place,
        &["POOL_MAX_CHILDREN=1", "POOL_WARM=1", "POOL_RESERVE=0", LONG],
    );
    let body = json!({"name": "all", "ms": 50_000});
    let busy = [plain(task("sleeps", body))];
    let _client = Client::start(&place, json!({}), &busy, json!({}));
    claimer.await_log("started all.");
    let plainly = [
        "JOBS_ALLOW_INLINE_SCRIPT=true",
        "BREAKER_WINDOW_MS=600000",
        "LIMITS_WALL_LIMIT_MS=50",
    ];
    let runner = Worker::start(&place, &plainly);
    let bad: Vec<Value> = (0..11)
        .map(|_| plain(task("endless_loop", json!({}))))
        .collect();
    ends(&ask(&place, json!({}), &bad, json!({})), 11);
    runner.await_log("the app is blacklisted");
    assert!(!runner.has_logged("listening"), "{}", runner.log());
    let one = [plain(task("echo", json!({})))];
    let end = &ends(&ask(&place, json!({}), &one, json!({})), 1)[0];
    assert_eq!(end["error"]["message"], "Blacklisted");
}

#[test]
fn the_clients_own_bound_for_the_tasks_of_a_key_holds() {
    let place = place();
    let worker = serve(&place, &[LONG]);
    let body = |n: u32| json!({"name": format!("t{n}"), "ms": 50_000});
    let tasks: Vec<Value> = (0..3).map(|n| plain(task("sleeps", body(n)))).collect();
    let client = Client::start(&place, json!({"maxTasksPerKey": 2}), &tasks, json!({}));
    let refused = client.await_event("failed");
    assert_eq!(refused["task"], 2, "{refused}");
    assert_eq!(refused["error"]["message"], "Too many tasks");
    let mut raw = Raw::new(&place);
    assert_eq!(raw.ask::<u32>(&["LLEN", "taskKey:kid_1"]), 2);
    for n in [0, 1] {
        worker.await_log(&format!("started t{n}."));
    }
    for line in client
        .lines()
        .iter()
        .filter(|line| line["event"] == "added")
    {
        if line["task"] != 2 {
            cancel(&place, line);
        }
    }
    // FAILED: nobody's fault. Each has given its place back.
    let ends = ends(&client.finish(), 3);
    for end in &ends[..2] {
        assert_eq!(end["error"]["metadata"]["tag"], "cancelled", "{end}");
    }
    assert_eq!(raw.left(), Vec::<String>::new());
}

/// Withdraws a task that the client has added.
#[track_caller]
fn cancel(place: &Place, added: &Value) {
    let job = format!("nbt-{}", added["id"].as_str().unwrap());
    let args = ["queue", "cancel", &job, "--queue", &place.queue];
    place.lode(args).good();
}

#[test]
fn a_client_hears_how_far_its_task_is() {
    let place = place();
    let _worker = serve(&place, &[LONG]);
    let script = "function onRequest(request, response, modules) {
        modules.progress({ done: 'half' });
        setTimeout(function () { response.complete(); }, 50000);
    }";
    let mut message = task("echo", json!({}));
    message["blScript"] = json!(script);
    let client = Client::start(&place, json!({}), &[plain(message)], json!({}));
    let progress = client.await_event("progress");
    assert_eq!(progress["reply"], json!({"done": "half"}));
    cancel(&place, &client.await_event("added"));
    let lines = client.finish();
    assert_eq!(ends(&lines, 1)[0]["error"]["metadata"]["tag"], "cancelled");
    let emitted = |line: &&Value| line["event"] == "emitted";
    let emitted: Vec<&Value> = lines.iter().filter(emitted).collect();
    assert_eq!(emitted.len(), 1, "{lines:?}");
    assert_eq!(emitted[0]["name"], "TASK_PROGRESS");
    assert_eq!(Raw::new(&place).left(), Vec::<String>::new());
}

#[test]
fn of_two_workers_one_claims_each_task() {
    let place = place();
    place.endpoints("kid_1", &["counts_starts"]);
    let _workers = [serve(&place, &[]), serve(&place, &[])];
    let body = json!({"name": "same", "ms": 0});
    let tasks: Vec<Value> = (0..40)
        .map(|_| plain(task("sleeps", body.clone())))
        .collect();
    for end in ends(&ask(&place, json!({}), &tasks, json!({})), 40) {
        assert_eq!(end["event"], "done", "{end}");
    }
    let count = place.ask("kid_1", "counts_starts", &json!({"name": "same"}));
    assert_eq!(count.response.body.get(), "40");
}

#[test]
fn a_task_submitted_before_any_worker_runs_is_answered_if_its_client_waits() {
    let place = place();
    place.endpoints("kid_1", &["counts_starts"]);
    let mut raw = Raw::new(&place);
    let old = json!({"taskId": "a1", "taskDetails": task("sleeps", json!({"name": "old", "ms": 0})),
        "_listenChannel": "msgChannels:gone", "_messageId": "a1", "_status": "NEWTASK"});
    let _: u64 = raw.ask(&["HSET", "newtask:normal", "a1", &old.to_string()]);
    let tasks = [plain(task("echo", json!(7)))];
    let client = Client::start(&place, json!({}), &tasks, json!({}));
    eventually("both tasks wait", || {
        (raw.ask::<u64>(&["HLEN", "newtask:normal"]) == 2).then_some(())
    });
    let worker = serve(&place, &[]);
    let end = &ends(&client.finish(), 1)[0];
    assert_eq!(end["reply"]["response"]["body"], 7);
    worker.await_log("claimed unheard ones");
    // The same look found the one whose client went long ago: as with the package, it never runs.
    assert_eq!(raw.ask::<Vec<String>>(&["HKEYS", "newtask:normal"]), ["a1"]);
    let count = place.ask("kid_1", "counts_starts", &json!({"name": "old"}));
    assert_eq!(count.response.body.get(), "0");
}

#[test]
fn a_client_in_another_database_is_told_of_in_the_log() {
    let place = place();
    let worker = serve(&place, &[]);
    let url = place.redis_url.clone().unwrap();
    let elsewhere = json!({"path": url.strip_prefix("unix://").unwrap(), "db": 1});
    let options = json!({"redisOptions": elsewhere, "timeout": 2_000});
    let lines = ask(&place, options, &[plain(task("echo", json!(1)))], json!({}));
    assert_eq!(ends(&lines, 1)[0]["error"]["message"], "Task timed out");
    worker.await_log("its client may use another database");
}

#[test]
fn a_client_that_is_killed_leaves_nothing_to_its_successor() {
    let place = place();
    let worker = serve(&place, &[]);
    let slow = plain(task("sleeps", json!({"name": "slow", "ms": 1_000})));
    // Its place among the tasks of the app, too, which the package frees when it starts.
    let options = json!({"maxTasksPerKey": 2});
    let mut first = Client::start(&place, options.clone(), &[slow], json!({}));
    worker.await_log("started slow.");
    first.kill();
    worker.await_log("settled job=\"nbt-");
    let lines = ask(&place, options, &[plain(task("echo", json!(1)))], json!({}));
    assert_eq!(ends(&lines, 1)[0]["reply"]["response"]["body"], 1);
    assert_eq!(Raw::new(&place).left(), Vec::<String>::new());
}

#[test]
fn large_payloads_go_both_ways_up_to_the_limit_of_a_result() {
    let place = place();
    let _worker = serve(&place, &[]);
    let body = json!("é".repeat(200_000));
    let tasks = [
        plain(task("echo", body.clone())),
        plain(task("result_too_large", json!({}))),
    ];
    let ends = ends(&ask(&place, json!({}), &tasks, json!({})), 2);
    assert_eq!(ends[0]["reply"]["response"]["body"], body);
    assert_eq!(ends[1]["error"]["error"], "BLViolationError", "{}", ends[1]);
    let debug = ends[1]["error"]["debug"].as_str().unwrap();
    assert!(debug.contains("1048576"), "{debug}");
}

#[test]
fn a_broadcast_is_nobodys_to_claim() {
    let place = place();
    let worker = serve(&place, &["NBT_SWEEP_MS=100"]);
    let options = json!({"metadata": {"broadcast": true, "expires": 3}, "taskTimeout": 2_500});
    let all = json!({"message": task("echo", json!({})), "options": options});
    let lines = ask(
        &place,
        json!({}),
        &[all, plain(task("echo", json!(1)))],
        json!({}),
    );
    let ends = ends(&lines, 2);
    assert_eq!(ends[0]["error"]["message"], "Task timed out");
    assert_eq!(ends[1]["reply"]["response"]["body"], 1);
    // The sweep came by several times while it stood there.
    assert!(
        !worker.has_logged("claimed unheard ones"),
        "{}",
        worker.log()
    );
}

#[test]
fn a_message_that_nobody_can_read_is_answered_where_its_channel_can_be_found() {
    let place = place();
    let _worker = serve(&place, &[]);
    let mut raw = Raw::new(&place);
    let channel = "msgChannels:0af7";
    let cut = format!(r#"{{"_listenChannel":"{channel}","taskId":"a1","taskDetails":{{"appId""#);
    let url = place.redis_url.clone().unwrap();
    let mut listener = redis::Client::open(url).unwrap().get_connection().unwrap();
    let mut listener = listener.as_pubsub();
    listener.subscribe(channel).unwrap();
    for (id, text) in [("b2", "nothing"), ("a1", cut.as_str())] {
        let _: i64 = raw.ask(&["HSET", "newtask:normal", id, text]);
        let announced = json!({"id": id, "status": "NEWTASK"}).to_string();
        let _: i64 = raw.ask(&["PUBLISH", "broadcast:level2", &announced]);
    }
    let told: String = listener.get_message().unwrap().get_payload().unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told, json!({"id": "a1", "status": "ERROR"}));
    let answer: String = raw.ask(&["HGET", "error:normal", "a1"]);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["taskDetails"]["isError"], true, "{answer}");
    // Both are kept for whoever looks after the queue.
    eventually("both are in the dead list", || {
        let dead = place.dead();
        let ids: Vec<&str> = dead.iter().map(|job| job.id.as_str()).collect();
        (ids.contains(&"nbt-a1") && ids.contains(&"nbt-b2")).then_some(())
    });
}

#[test]
fn a_worker_killed_after_the_claim_costs_the_client_no_answer() {
    let place = place();
    place.endpoints("kid_1", &["counts_starts"]);
    let small = ["POOL_MAX_CHILDREN=2", "POOL_WARM=2", "POOL_RESERVE=0", LONG];
    let mut first = serve(&place, &small);
    let body = |name: &str| json!({"name": name, "ms": 50_000});
    let mut again = task("sleeps_once", body("again"));
    again["idempotent"] = json!(true);
    let mut tasks = vec![plain(task("sleeps", body("running"))), plain(again)];
    tasks.extend((0..10).map(|n| plain(task("sleeps", json!({"name": "waiting", "ms": n})))));
    let client = Client::start(&place, json!({}), &tasks, json!({}));
    for name in ["running", "again"] {
        first.await_log(&format!("started {name}."));
    }
    let mut raw = Raw::new(&place);
    eventually("all are added and claimed", || {
        let lines = client.lines();
        let added = lines.iter().filter(|line| line["event"] == "added");
        let left: u64 = raw.ask(&["HLEN", "newtask:normal"]);
        (added.count() == 12 && left == 0).then_some(())
    });
    first.kill();
    let _others = [serve(&place, &[]), serve(&place, &[])];
    let ends = ends(&client.finish(), 12);
    // The one that ran may have done anything: it is not run again, and its client is told so.
    let lost = &ends[0]["error"];
    assert_eq!(lost["error"], "BLInternalError", "{lost}");
    assert_eq!(lost["metadata"]["tag"], "worker_lost");
    for end in &ends[1..] {
        assert_eq!(end["event"], "done", "{end}");
    }
    for (name, starts) in [("running", "1"), ("again", "2"), ("waiting", "10")] {
        let count = place.ask("kid_1", "counts_starts", &json!({"name": name}));
        assert_eq!(count.response.body.get(), starts, "{name}");
    }
    assert_eq!(raw.left(), Vec::<String>::new());
}

#[test]
fn subscriptions_that_are_cut_are_renewed_on_both_sides() {
    let place = place();
    let worker = serve(&place, &[]);
    let body = json!({"name": "slow", "ms": 3_000});
    let tasks = [plain(task("sleeps", body)), plain(task("echo", json!(1)))];
    let client = Client::start(&place, json!({}), &tasks, json!({"oneByOne": true}));
    worker.await_log("started slow.");
    let cut: u64 = Raw::new(&place).ask(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    assert_eq!(cut, 2);
    worker.await_log("waiting for Redis to listen again");
    let ends = ends(&client.finish(), 2);
    assert_eq!(ends[0]["reply"]["response"]["body"]["name"], "slow");
    assert_eq!(ends[1]["reply"]["response"]["body"], 1);
}

/// `ACL SETUSER`, word for word as in `deploy/redis.md`, but for the queue's name.
fn documented_user(place: &Place, raw: &mut Raw) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/redis.md");
    let text = fs::read_to_string(path).unwrap();
    let is_ours = |line: &&str| {
        line.starts_with("ACL SETUSER worker ")
            && (line.contains(" on >PASSWORD ") || line.ends_with("npm background-task, as well"))
    };
    let lines: Vec<&str> = text.lines().filter(is_ours).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    for line in lines {
        let line = line.replace("{hooks}", &format!("{{{}}}", place.name));
        let words = line.split_whitespace().take_while(|word| *word != "#");
        let _: String = raw.ask(&words.collect::<Vec<_>>());
    }
}

#[test]
fn a_user_with_only_what_it_needs_serves_clients() {
    let mut place = place();
    let mut raw = Raw::new(&place);
    documented_user(&place, &mut raw);
    place.queue.push_str("&user=worker&pass=PASSWORD");
    let tasks: Vec<Value> = (0..12)
        .map(|_| plain(task("endless_loop", json!({}))))
        .collect();
    let options = json!({"metadata": {"broadcast": true, "expires": 3}, "taskTimeout": 500});
    let all = json!({"message": task("echo", json!({})), "options": options});
    let good = [plain(task("reports_progress", json!({}))), all];
    let more = json!({"oneByOne": true});
    let client = Client::start(&place, json!({}), &good, more);
    // The first is for a sweep to find.
    eventually("a task waits", || {
        (raw.ask::<u64>(&["HLEN", "newtask:normal"]) == 1).then_some(())
    });
    let worker = serve(
        &place,
        &[
            "LIMITS_WALL_LIMIT_MS=200",
            "NBT_SWEEP_MS=100",
            "NBT_LOG_BANS=true",
        ],
    );
    let end = &ends(&client.finish(), 2)[0];
    assert_eq!(end["event"], "done", "{end}");
    for end in ends(&ask(&place, json!({}), &tasks, json!({})), 12) {
        assert_eq!(end["event"], "failed", "{end}");
    }
    worker.await_log("settled job=\"nbt-");
    let lift = ["queue", "ban", "lift", "kid_1", "--queue", &place.queue];
    place.lode(lift);
    let refused: Vec<redis::Value> = raw.ask(&["ACL", "LOG"]);
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn a_bare_task_envelope_is_a_job() {
    let place = place();
    let _worker = Worker::start(&place, &SETTINGS[1..]);
    let mut producer = Producer::new(&place, "bare");
    let mut bare = task("echo", json!({"n": 1.5}));
    bare["taskId"] = json!("t1");
    bare["containerId"] = json!("c");
    bare["proxyURL"] = json!("http://host:2845");
    let outcome = producer.ask(bare.clone());
    assert_eq!(outcome.app, "kid_1");
    assert_eq!(outcome.response.body.get(), r#"{"n":1.5}"#);
    let outcome = producer.ask(json!({"id": "j1", "app": "kid_1", "task": bare}));
    assert_eq!(outcome.id, "j1");
    assert_eq!(outcome.response.body.get(), r#"{"n":1.5}"#);
    let mut bad = task("echo", json!({}));
    bad["targetFunction"] = json!(7);
    let outcome = producer.ask(bad);
    let debug = outcome.error.unwrap().debug;
    assert!(debug.contains("targetFunction"), "{debug}");
}

#[test]
fn a_queue_that_cannot_have_such_clients_is_refused_with_the_reason() {
    let place = Place::sqlite();
    let args = [
        "serve",
        "--nbt",
        "--queue",
        &place.queue,
        "--store",
        &place.store,
    ];
    let text = place.lode(args).bad(1);
    assert!(
        text.contains("SQLite file") && text.contains("redis://"),
        "{text}"
    );
}
