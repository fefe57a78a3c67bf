//! An app's keys: in no process that runs its hooks, in no log, in no outcome, unless a hook asks.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use serde_json::json;

use crate::support::proc::{self, Process};
use crate::support::{Place, Producer, Worker, eventually, script};

const APP_SECRET: &str = "pomegranate-5b7e0c-app";
const MASTER_SECRET: &str = "tamarind-91d4f2-master";
/// In the request of each job: what a look into the right memory finds.
const MARK: &str = "quince-3fe8a1-mark";

/// A place with app `a` and its keys, and a worker that logs all it can.
fn scene() -> (Place, Worker, Producer) {
    let place = Place::redis();
    let keys = ["--app-secret", APP_SECRET, "--master-secret", MASTER_SECRET];
    place.app("a", &keys);
    let settings = [
        "JOBS_ALLOW_INLINE_SCRIPT=true",
        "LOG_LEVEL=debug",
        "POOL_WARM=1",
        "POOL_MAX_CHILDREN=1",
        "LIMITS_WALL_LIMIT_MS=60000",
    ];
    let worker = Worker::start(&place, &settings);
    let producer = Producer::new(&place, "p");
    (place, worker, producer)
}

fn is_root() -> bool {
    let root = nix::unistd::Uid::effective().is_root();
    if !root {
        eprintln!("not checked: only root may look into these processes");
    }
    root
}

/// Which of these texts stand in the writable memory of a process, in one byte a character or two.
fn found_in(process: &Process, texts: &[&'static str]) -> BTreeSet<&'static str> {
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let needles: Vec<(&str, Vec<u8>)> = texts
        .iter()
        .flat_map(|text| [(*text, text.as_bytes().to_vec()), (*text, wide(text))])
        .collect();
    let memory = File::open(process.path("mem")).unwrap();
    let maps = fs::read_to_string(process.path("maps")).unwrap();
    let writable = maps
        .lines()
        .filter(|line| line.split(' ').nth(1).unwrap().contains('w'));
    let (mut found, mut read) = (BTreeSet::new(), 0);
    for line in writable {
        let (start, end) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        let [start, end] = [start, end].map(|text| u64::from_str_radix(text, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        if memory.read_exact_at(&mut bytes, start).is_err() {
            continue; // a guard page
        }
        read += bytes.len();
        found.extend(
            needles
                .iter()
                .filter(|(_, needle)| holds(&bytes, needle))
                .map(|(text, _)| *text),
        );
    }
    assert!(read > 1 << 20, "only {read} bytes could be read: {maps}");
    found
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == needle[0]) {
        if rest[at..].starts_with(needle) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

const ALL: [&str; 3] = [APP_SECRET, MASTER_SECRET, MARK];

/// Runs `text`, which logs "waits." in the end and waits; what is found in its process.
fn look(text: &str) -> (BTreeSet<&'static str>, BTreeSet<&'static str>, String) {
    let (_place, worker, mut producer) = scene();
    let text = format!("{text}; console.log('waits.'); setTimeout(complete, 50_000);");
    producer.push(script("a", &text, json!({ "mark": MARK })));
    worker.await_log("waits.");
    let (children, zygotes) = (worker.children(), worker.zygotes());
    assert_eq!((children.len(), zygotes.len()), (1, 1));
    let found = (found_in(&children[0], &ALL), found_in(&zygotes[0], &ALL));
    (found.0, found.1, worker.log())
}

#[test]
fn no_key_is_in_the_memory_of_a_hook_that_did_not_ask() {
    if !is_root() {
        return;
    }
    let basic = "request.headers.authorization = 'Basic YTp3cm9uZw=='";
    let ask = "modules.backendContext.getSecurityContext()";
    for text in ["", &format!("{basic}; console.log({ask})")] {
        let (child, zygote, log) = look(text);
        assert_eq!(child, BTreeSet::from([MARK]), "{text}");
        assert_eq!(zygote, BTreeSet::new(), "{text}");
        assert!(text.is_empty() || log.contains("line=\"unknown\""), "{log}");
    }
}

#[test]
fn a_hook_that_asks_for_one_key_gets_that_one() {
    if !is_root() {
        return;
    }
    for (name, key) in [
        ("getMasterSecret", MASTER_SECRET),
        ("getAppSecret", APP_SECRET),
    ] {
        let (child, zygote, log) =
            look(&format!("globalThis.key = modules.backendContext.{name}()"));
        assert_eq!(child, BTreeSet::from([MARK, key]), "{name}");
        assert_eq!(zygote, BTreeSet::new(), "{name}");
        assert!(!log.contains(key), "{log}");
    }
}

#[test]
fn no_key_is_in_a_log_line_or_an_outcome_that_a_hook_did_not_make() {
    let (_place, worker, mut producer) = scene();
    let context = "modules.backendContext";
    for text in [
        format!("{context}.getMasterSecret(); {context}.getAppSecret(); complete();"),
        format!("{context}.getMasterSecret(); null.x;"),
        "fetch(1).catch(() => complete());".to_owned(),
        "complete(new Error('failed'));".to_owned(),
        "for (;;) console.log(1, modules.backendContext, request, response, modules);".to_owned(),
    ] {
        let mut job = script("a", &text, json!({ "mark": MARK }));
        job["timeout_ms"] = json!(500);
        let outcome = serde_json::to_string(&producer.ask(job)).unwrap();
        for key in [APP_SECRET, MASTER_SECRET] {
            assert!(!outcome.contains(key), "{text}: {outcome}");
        }
    }
    let job = script(
        "a",
        &format!("complete(null, {context}.getMasterSecret());"),
        json!({}),
    );
    let outcome = producer.ask(job);
    assert_eq!(
        outcome.response.body.get(),
        format!("\"{MASTER_SECRET}\""),
        "it does work"
    );
    worker.await_settled(&outcome);
    let log = worker.log();
    assert!(log.contains(" DEBUG "), "{log}");
    for key in [APP_SECRET, MASTER_SECRET] {
        assert!(!log.contains(key), "{log}");
    }
}

#[test]
fn no_key_is_in_the_command_line_or_environment_of_any_process() {
    let (_place, worker, mut producer) = scene();
    let text = "globalThis.key = modules.backendContext.getMasterSecret(); console.log('waits.'); \
                setTimeout(complete, 50_000);";
    producer.push(script("a", text, json!({})));
    worker.await_log("waits.");
    let mut processes = proc::descendants(worker.pid());
    eventually("master, launcher, zygote and child are there", || {
        processes = proc::descendants(worker.pid());
        (processes.len() >= 3).then_some(())
    });
    let mut read = 0;
    for pid in processes
        .iter()
        .map(|process| process.pid)
        .chain([worker.pid()])
    {
        for name in ["cmdline", "environ"] {
            // Of other users' processes only root may see the environment.
            let Ok(bytes) = fs::read(format!("/proc/{pid}/{name}")) else {
                continue;
            };
            read += 1;
            for key in [APP_SECRET, MASTER_SECRET] {
                assert!(!holds(&bytes, key.as_bytes()), "{name} of {pid}");
            }
        }
    }
    assert!(read >= 4, "{read} could be read");
}
