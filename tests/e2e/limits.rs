//! Each limit of a job: what reaches it, how it is told, who may change it and how far.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use lode_proto::JobLimits;
use serde_json::{Value, json};

use crate::support::{Place, Producer, Ran, WebHost, Worker, endpoint, lode, script};

/// How a limit is told, `{}` being its value.
#[derive(Debug, Clone, Copy)]
enum Told {
    /// The outcome's tag, and a part of its error text.
    Outcome(&'static str, &'static str),
    /// The hook completes; a part of the worker's log.
    Log(&'static str),
}
use Told::{Log, Outcome as Ends};

/// One limit: with the small value the script reaches it, with the large one it completes.
#[derive(Debug)]
struct Row {
    name: &'static str,
    small: u64,
    large: u64,
    /// Other limits of the app, which the script must not reach, or must.
    also: &'static [&'static str],
    told: Told,
    script: &'static str,
}

const MIB: u64 = 1 << 20;
const NONE: &[&str] = &[];
const LONG: &[&str] = &["wall_limit_ms=60000"];

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { name: "wall_limit_ms", small: 300, large: 60_000, also: NONE,
        told: Ends("hook_timeout", "the wall limit of {} ms passed while waiting"),
        script: "setTimeout(complete, 1500);" },
    Row { name: "host_wait_limit_ms", small: 100, large: 60_000, also: &["wall_limit_ms=400"],
        told: Ends("hook_timeout", "waiting for host calls has lengthened it by {} ms"),
        script: "await fetch(request.body.url + '/slow'); complete();" },
    Row { name: "cpu_limit_ms", small: 100, large: 60_000, also: LONG,
        told: Ends("hook_timeout", "the CPU limit of {} ms was used up while running"),
        script: "const end = Date.now() + 3000; while (Date.now() < end); complete();" },
    Row { name: "heap_limit_bytes", small: 16 * MIB, large: 256 * MIB, also: LONG,
        told: Ends("hook_out_of_memory", "the heap limit of {} bytes was reached"),
        script: "const all = []; for (let i = 0; i < 60; i++) all.push(new Array(131072).fill(i + 0.5)); complete();" },
    Row { name: "array_buffer_limit_bytes", small: MIB, large: 64 * MIB, also: NONE,
        told: Ends("hook_out_of_memory", "the ArrayBuffer limit of {} bytes was reached"),
        script: "new Uint8Array(8 << 20); complete();" },
    // Four WebAssembly memories are more than all three small figures together, which is how far
    // what is outside of V8's own count may go.
    Row { name: "native_limit_bytes", small: 32 * MIB, large: 512 * MIB, also: NONE,
        told: Ends("hook_out_of_memory", "the rest {} bytes"),
        script: "globalThis.all = []; for (let i = 0; i < 4; i++) all.push(new WebAssembly.Memory({ initial: 1024 })); complete();" },
    Row { name: "stack_limit_bytes", small: 128 << 10, large: 960 << 10, also: NONE,
        told: Ends("hook_threw", "Maximum call stack size exceeded (the stack limit is {} bytes)"),
        script: "function dive(n) { return n === 0 ? 0 : 1 + dive(n - 1); } complete(null, dive(3000));" },
    Row { name: "result_limit_bytes", small: 200, large: 4096, also: NONE,
        told: Ends("hook_violation", "allowed are {} bytes"),
        script: "complete(null, 'x'.repeat(1000));" },
    Row { name: "host_calls_limit", small: 5, large: 50, also: NONE,
        told: Ends("hook_violation", "more than {} host calls in one job"),
        script: "for (let i = 0; i < 10; i++) await db.count('books'); complete();" },
    Row { name: "host_calls_in_flight_limit", small: 5, large: 50, also: NONE,
        told: Ends("hook_violation", "more than {} host calls waiting at one time"),
        script: "for (let i = 0; i < 10; i++) db.count('books'); complete();" },
    Row { name: "host_call_limit_bytes", small: 1024, large: 64 << 10, also: NONE,
        told: Ends("hook_violation", "allowed are {}"),
        script: "await db.insert('books', { title: 'x'.repeat(4000) }); complete();" },
    Row { name: "http_requests_limit", small: 2, large: 10, also: NONE,
        told: Ends("hook_threw", "EgressTooMany: more than {} HTTP requests in one job"),
        script: "for (let i = 0; i < 5; i++) await fetch(request.body.url + '/echo'); complete();" },
    Row { name: "frames_limit", small: 10, large: 100, also: NONE,
        told: Ends("hook_violation", "more than {} frames sent by the job's process"),
        script: "for (let i = 0; i < 30; i++) console.log(i); complete();" },
    Row { name: "sent_limit_bytes", small: 2048, large: MIB, also: NONE,
        told: Ends("hook_violation", "more than {} bytes sent by the job's process"),
        script: "for (let i = 0; i < 10; i++) console.log('x'.repeat(1000)); complete();" },
    Row { name: "received_limit_bytes", small: 2048, large: MIB, also: NONE,
        told: Ends("hook_violation", "more than {} bytes of replies to the job's process"),
        script: "await db.insert('books', { title: 'x'.repeat(4000) }); complete();" },
    Row { name: "log_lines_limit", small: 5, large: 50, also: NONE,
        told: Log("[further lines are dropped: the limit is {}]"),
        script: "for (let i = 0; i < 10; i++) console.log('a line'); complete();" },
    Row { name: "log_line_limit_bytes", small: 64, large: 4096, also: NONE,
        told: Log("wwwwww… [cut, "),
        script: "console.log('w'.repeat(1000)); complete();" },
    Row { name: "timers_limit", small: 5, large: 50, also: NONE,
        told: Ends("hook_violation", "more than {} timers at one time"),
        script: "for (let i = 0; i < 10; i++) setTimeout(() => {}, 1); complete();" },
];

/// Settings of every worker here.
const SETTINGS: &[&str] = &[
    "JOBS_ALLOW_INLINE_SCRIPT=true",
    "JOBS_ALLOW_HTTP_REQUESTS=true",
    "EGRESS_ALLOW_NETWORKS=[\"127.0.0.0/8\"]",
    // Most of these jobs are bad, and this is not about that.
    "BREAKER_BAD_JOBS=0",
];

/// An app for `row` with `value`.
fn app(place: &Place, host: &WebHost, id: &str, row: &Row, value: u64) {
    let mut flags = vec!["--limit".to_owned(), format!("{}={value}", row.name)];
    for also in row.also {
        flags.extend(["--limit".to_owned(), (*also).to_owned()]);
    }
    flags.extend(["--http-host".to_owned(), format!("127.0.0.1:{}", host.port)]);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    place.app(id, &flags);
}

/// Runs the row's script; what is wrong with the end, if it should be at `limit`, or at none.
fn check(
    worker: &Worker,
    producer: &mut Producer,
    (app, row): (&str, &Row),
    host: &WebHost,
    limit: Option<u64>,
) -> Option<String> {
    let outcome = producer.ask(script(app, row.script, json!({"url": host.url("")})));
    let text = match (row.told, limit) {
        (Ends(tag, text), Some(limit)) => {
            let text = text.replace("{}", &limit.to_string());
            let debug = outcome.error.as_ref().map(|error| error.debug.as_str());
            let fits = outcome.tag.as_str() == tag && debug.is_some_and(|d| d.contains(&text));
            return (!fits).then(|| format!("{app} is not {tag} with {text:?}: {outcome:?}"));
        }
        (Ends(..), None) => String::new(),
        (Log(text), limit) => text.replace("{}", &limit.unwrap_or(row.small).to_string()),
    };
    // The lines of this app only.
    let is_ours = |line: &&str| line.contains(&format!("app=\"{app}\""));
    worker.await_settled(&outcome);
    let log = worker.log();
    let logged = log.lines().filter(is_ours).any(|line| line.contains(&text));
    let fits = outcome.tag.as_str() == "completed"
        && (matches!(row.told, Ends(..)) || logged == limit.is_some());
    (!fits).then(|| format!("{app}: {text:?} logged {logged}: {outcome:?}"))
}

#[test]
fn the_rows_are_all_limits_that_there_are() {
    let rows: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
    let all: BTreeSet<&str> = JobLimits::names().collect();
    assert_eq!(rows.iter().copied().collect::<BTreeSet<_>>(), all);
    assert_eq!(rows.len(), all.len());
}

#[test]
fn each_limit_can_be_set_for_an_app_and_is_told_with_its_number() {
    let (place, host) = (Place::redis(), WebHost::start());
    for row in ROWS {
        app(
            &place,
            &host,
            &format!("small-{}", row.name),
            row,
            row.small,
        );
        app(
            &place,
            &host,
            &format!("large-{}", row.name),
            row,
            row.large,
        );
    }
    let worker = Worker::start(&place, SETTINGS);
    let mut producer = Producer::new(&place, "p");
    let mut problems = Vec::new();
    for row in ROWS {
        for (size, limit) in [("small", Some(row.small)), ("large", None)] {
            let app = format!("{size}-{}", row.name);
            let end = check(&worker, &mut producer, (&app, row), &host, limit);
            problems.extend(end);
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn no_app_raises_a_limit_above_the_workers_ceiling() {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut problems = Vec::new();
        while let Some(row) = ROWS.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (place, host) = (Place::redis(), WebHost::start());
            app(&place, &host, row.name, row, row.large);
            let key = row.name.to_uppercase();
            let limit = format!("LIMITS_{key}={}", row.small);
            let ceiling = format!("CEILING_{key}={}", row.small);
            let own = ["POOL_WARM=1", limit.as_str(), ceiling.as_str()];
            let worker = Worker::start(&place, &[SETTINGS, &own].concat());
            let mut producer = Producer::new(&place, "p");
            let job = (row.name, row);
            let end = check(&worker, &mut producer, job, &host, Some(row.small));
            problems.extend(end);
        }
        problems
    };
    let problems: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(|worker| worker.join().unwrap());
        ended.flatten().collect()
    });
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_native_loop_is_ended_by_the_kernel_at_the_cpu_limit() {
    let place = Place::redis();
    let limits = [
        "cpu_limit_ms=500",
        "wall_limit_ms=60000",
        // Room for its growing numbers.
        "native_limit_bytes=536870912",
    ];
    place.app("a", &limits.map(|limit| ["--limit", limit]).concat());
    place.endpoints("a", &["cannot_be_interrupted"]);
    let worker = Worker::start(&place, &["LOG_LEVEL=debug"]);
    let outcome = Producer::new(&place, "p").ask(endpoint("cannot_be_interrupted", json!({})));
    let error = outcome.error.unwrap();
    assert_eq!(outcome.tag.as_str(), "hook_timeout", "{error:?}");
    let text = "the CPU limit of 500 ms was used up and the hook could not be stopped from inside";
    assert!(error.debug.contains(text), "{error:?}");
    worker.await_log("cause=SIGXCPU");
}

#[test]
fn a_wait_for_a_host_call_counts_where_none_is_free() {
    let (place, host) = (Place::redis(), WebHost::start());
    let allowed = format!("127.0.0.1:{}", host.port);
    let limits = [
        "--limit",
        "wall_limit_ms=400",
        "--limit",
        "host_wait_limit_ms=0",
    ];
    place.app("a", &[&limits[..], &["--http-host", &allowed]].concat());
    let _worker = Worker::start(&place, SETTINGS);
    let job = script(
        "a",
        "await fetch(request.body); complete();",
        json!(host.url("/slow")),
    );
    let outcome = Producer::new(&place, "p").ask(job);
    let error = outcome.error.unwrap();
    assert_eq!(outcome.tag.as_str(), "hook_timeout", "{error:?}");
    let text = "the wall limit of 400 ms passed while waiting for 1 host calls and 0 timers";
    assert_eq!(error.debug, text);
}

/// How deep a hook gets with this much stack, in bytes.
fn depth(place: &Place, stack_bytes: u64) -> u64 {
    let limit = stack_bytes.to_string();
    let script =
        "let n = 0; function dive() { n++; dive(); } try { dive(); } catch {} complete(null, n);";
    let path = place.write("depth.js", script);
    let mut command = lode();
    command.arg("run").arg(path);
    command.env("LODE_LIMITS_STACK_LIMIT_BYTES", limit);
    let outcome = place.finish(&mut command).outcome();
    outcome.response.body.get().parse().unwrap()
}

#[test]
fn half_the_stack_is_about_half_the_depth() {
    let place = Place::sqlite();
    let depths = [960, 480, 120].map(|kib| depth(&place, kib << 10));
    assert!(depths[2] > 100, "{depths:?}");
    let ratio = |a: u64, b: u64| a * 100 / b;
    assert!(
        (150..=270).contains(&ratio(depths[0], depths[1])),
        "{depths:?}"
    );
    assert!(
        (300..=600).contains(&ratio(depths[1], depths[2])),
        "{depths:?}"
    );
}

/// `lode app …` on the place's store.
fn app_command(place: &Place, args: &[&str]) -> Ran {
    let store = ["--store", place.store.as_str()];
    place.lode(["app"].iter().chain(args).chain(&store))
}

#[test]
fn one_limit_of_an_app_is_changed_and_the_others_stay() {
    let place = Place::redis();
    place.app(
        "a",
        &[
            "--limit",
            "timers_limit=7",
            "--limit",
            "wall_limit_ms=100",
            "--max-concurrent",
            "2",
        ],
    );
    let set = |args: &[&str]| -> Value {
        let told = app_command(&place, &[&["set", "a"], args].concat()).good();
        serde_json::from_str::<Value>(&told).unwrap()["limits"].clone()
    };
    let worker = Worker::start(
        &place,
        &["JOBS_ALLOW_INLINE_SCRIPT=true", "LIMITS_WALL_LIMIT_MS=300"],
    );
    let mut producer = Producer::new(&place, "p");
    let mut wall_limit = || {
        let error = producer
            .ask(script("a", "setTimeout(() => {}, 5000);", json!({})))
            .error;
        error.unwrap().debug
    };
    assert!(wall_limit().contains("wall limit of 100 ms"));
    let limits = set(&["--limit", "wall_limit_ms=200"]);
    assert_eq!(
        limits,
        json!({"max_concurrent": 2, "timers_limit": 7, "wall_limit_ms": 200})
    );
    assert!(
        wall_limit().contains("wall limit of 200 ms"),
        "the next job has it"
    );
    let limits = set(&[
        "--limit",
        "wall_limit_ms=default",
        "--http-host",
        "a.example",
    ]);
    let rest = json!({"max_concurrent": 2, "timers_limit": 7, "http_hosts": ["a.example"]});
    assert_eq!(limits, rest);
    assert!(
        wall_limit().contains("wall limit of 300 ms"),
        "the worker's default again"
    );
    let limits = set(&["--http-host", "none", "--limit", "timers_limit=default"]);
    assert_eq!(limits, json!({"max_concurrent": 2}));
    let listed = app_command(&place, &["list"]).good();
    assert!(
        listed.contains(r#""limits":{"max_concurrent":2}"#),
        "{listed}"
    );
    drop(worker);
}

#[test]
fn a_limit_that_cannot_be_is_refused_with_what_is_allowed() {
    let place = Place::sqlite();
    place.app("a", &[]);
    let names = JobLimits::names().collect::<Vec<_>>().join(", ");
    let unknown = format!("there is no limit \"walls\"; there are {names}");
    let cases = [
        ("walls=1", unknown.as_str()),
        ("walls=default", unknown.as_str()),
        (
            "cpu_limit_ms=0",
            "cpu_limit_ms is 0, allowed are 1 to 3600000",
        ),
        (
            "stack_limit_bytes=1048576",
            "stack_limit_bytes is 1048576, allowed are 65536 to 983040",
        ),
        (
            "timers_limit=-1",
            "the value is a whole number, or `default`",
        ),
        (
            "timers_limit=many",
            "the value is a whole number, or `default`",
        ),
        ("timers_limit", "NAME=VALUE is expected"),
    ];
    for (given, words) in cases {
        for args in [["set", "a"], ["create", "b"]] {
            let told = app_command(&place, &[&args[..], &["--limit", given]].concat()).bad(2);
            assert!(told.contains(words), "{told}");
            assert!(told.contains(&format!("--limit {given}")), "{told}");
        }
    }
    let listed = app_command(&place, &["list"]).good();
    assert_eq!(listed.lines().count(), 1, "nothing came of it: {listed}");
    assert!(listed.contains(r#""limits":{}"#), "{listed}");
    let told = app_command(&place, &["set", "nobody", "--limit", "timers_limit=1"]).bad(1);
    assert!(told.contains("there is no app \"nobody\""), "{told}");
    let told = app_command(&place, &["set", "a", "--http-host", "a.b/path"]).bad(2);
    assert!(
        told.contains("--http-host") && told.contains("names no valid host"),
        "{told}"
    );
}

#[test]
fn a_worker_whose_limits_are_above_its_ceiling_does_not_start() {
    let place = Place::sqlite();
    let mut command = lode();
    command.args(["serve", "--queue", &place.queue, "--store", &place.store]);
    command.env("LODE_CEILING_TIMERS_LIMIT", "10");
    let told = place.finish(&mut command).bad(1);
    let words = "above their [ceiling]: timers_limit of [limits]";
    assert!(told.contains(words), "{told}");
}
