//! The attack corpus: every file of `tests/hooks/attacks` on one worker, beside a good app.
//!
//! Each file says in its head what it tries and what it must come to. `LODE_TEST_ATTACK=name` runs
//! the one of that name.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use lode_proto::Outcome;
use serde_json::{Value, json};

use crate::support::{Place, Producer, Worker, hook_file};

/// Fewer means that files were not found.
const ATTACKS_MIN: usize = 150;
/// Above what a job of the canary takes, also on a busy machine.
const WORST_US: u64 = 20_000_000;
/// For attacks that are not to reach a wall limit: on a busy machine others would.
const PATIENT_MS: u64 = 60_000;
const APP_SECRET: &str = "secret-of-the-attackers-app";
const MASTER_SECRET: &str = "master-of-the-attackers-app";
/// What no outcome may show: our scripts, paths, sources and pointers, and an app's keys.
const FORBIDDEN: &[&str] = &[
    "lode:",
    "/root",
    env!("CARGO_MANIFEST_DIR"),
    ".cargo",
    ".rs:",
    "deno",
    "0x",
    APP_SECRET,
    MASTER_SECRET,
];
/// Attacks that forge frames of a stack or lines of a log write this word first into the new line.
const FORGED: &str = "FORGED";

/// One file of the corpus.
#[derive(Debug)]
struct Attack {
    name: String,
    path: PathBuf,
    source: String,
    tag: String,
    expected: Expected,
    timeout_ms: u64,
}

/// What the outcome must say beside its tag.
#[derive(Debug, PartialEq)]
enum Expected {
    /// All of `response.body`, as JSON.
    Body(String),
    /// A part of `error.debug`.
    Debug(String),
}

impl Attack {
    /// Reads the lines `// key: value` at the head of a file. The error names the file.
    fn parse(path: PathBuf, source: String) -> Result<Self, String> {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let fail = |what: &str| format!("{name}.js: {what}");
        let mut head: BTreeMap<&str, &str> = BTreeMap::new();
        for line in source.lines() {
            let Some((key, value)) = line.strip_prefix("// ").and_then(|l| l.split_once(':'))
            else {
                break;
            };
            if !["attack", "expect", "body", "debug", "limit"].contains(&key) {
                break;
            }
            if head.insert(key, value.trim_start()).is_some() {
                return Err(fail(&format!("its head has {key:?} twice")));
            }
        }
        let get = |key: &str| head.get(key).copied().filter(|value| !value.is_empty());
        let described = get("attack").is_some_and(|text| text.contains(": "));
        if !described {
            return Err(fail("its head needs `// attack: <class>: <what it tries>`"));
        }
        let tag = get("expect").ok_or_else(|| fail("its head needs `// expect: <tag>`"))?;
        let is_success = matches!(tag, "completed" | "continued");
        if !is_success && !tag.starts_with("hook_") {
            return Err(fail("`expect` is completed, continued or a tag of a hook"));
        }
        let expected = match (is_success, get("body"), get("debug")) {
            (true, Some(body), None) => Expected::Body(body.to_owned()),
            (false, None, Some(debug)) => Expected::Debug(debug.to_owned()),
            _ => return Err(fail("a success needs `// body:`, a failure `// debug:`")),
        };
        let timeout_ms = match get("limit") {
            None => PATIENT_MS,
            Some(limit) => limit
                .strip_prefix("timeout_ms=")
                .and_then(|ms| ms.parse().ok())
                .ok_or_else(|| fail("`limit` is timeout_ms=<milliseconds>"))?,
        };
        Ok(Self {
            tag: tag.to_owned(),
            expected,
            timeout_ms,
            name,
            path,
            source,
        })
    }

    /// True when it can only be sent along: what does not compile cannot be stored.
    fn is_inline(&self) -> bool {
        self.tag == "hook_syntax"
    }

    fn job(&self, reply_to: &str) -> String {
        let mut job = json!({
            "id": self.name, "app": "attacker", "request": {"body": {}},
            "reply_to": reply_to, "timeout_ms": self.timeout_ms,
        });
        if self.is_inline() {
            job["script"] = json!(self.source);
            job["function"] = json!("onRequest");
        } else {
            job["hook"] = json!(format!("endpoint:{}", self.name));
        }
        job.to_string()
    }

    /// Stores it, or finds that it is refused with the reason that its outcome will have.
    fn store(&self, place: &Place) -> Result<(), String> {
        let ran = place.put("attacker", &self.path, &format!("endpoint:{}", self.name));
        let fits = match &self.expected {
            Expected::Debug(debug) if self.is_inline() => {
                ran.code == Some(1) && ran.stderr.contains(debug.as_str())
            }
            Expected::Debug(_) | Expected::Body(_) => ran.code == Some(0),
        };
        fits.then_some(())
            .ok_or_else(|| format!("{}: hook put: {}", self.name, clip(&format!("{ran:?}"))))
    }

    /// Everything about an outcome that is not as it must be.
    fn problems(&self, outcome: &Outcome) -> Vec<String> {
        let mut problems = Vec::new();
        let blame = match self.expected {
            Expected::Body(_) => "none",
            Expected::Debug(_) => "tenant",
        };
        if outcome.tag.as_str() != self.tag || json!(outcome.blame) != blame {
            problems.push(format!("it must be {} of {blame}", self.tag));
        }
        let debug = outcome.error.as_ref().map_or("", |error| &error.debug);
        match &self.expected {
            Expected::Body(body) if outcome.response.body.get() != body => {
                problems.push(format!("its body must be {body}"));
            }
            Expected::Debug(part) if !debug.contains(part.as_str()) => {
                problems.push(format!("its debug must have {part:?}"));
            }
            Expected::Body(_) | Expected::Debug(_) => {}
        }
        let text = serde_json::to_string(outcome).unwrap();
        let leaks = FORBIDDEN.iter().filter(|word| text.contains(**word));
        problems.extend(leaks.map(|word| format!("it shows {word:?}")));
        let stack = outcome
            .error
            .as_ref()
            .and_then(|error| error.stack.as_deref());
        if stack.is_some_and(|stack| has_forged_line(stack, "at ")) {
            problems.push("a frame of its stack is forged".to_owned());
        }
        if !problems.is_empty() {
            problems.push(clip(&text));
        }
        problems
    }
}

/// True when a line begins with the word that only a forged one begins with.
fn has_forged_line(text: &str, prefix: &str) -> bool {
    text.split(['\n', '\r']).any(|line| {
        let line = line.trim_start();
        line.strip_prefix(prefix)
            .unwrap_or(line)
            .starts_with(FORGED)
    })
}

/// The beginning of a text, for a report that many texts stand in.
fn clip(text: &str) -> String {
    text.chars().take(700).collect()
}

/// All files of the corpus, or the one that is asked for.
fn corpus() -> Vec<Attack> {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests have no config.rs to read it in"
    )]
    let wanted = std::env::var("LODE_TEST_ATTACK").ok();
    let mut paths: Vec<PathBuf> = fs::read_dir(hook_file("attacks"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let attacks: Vec<Attack> = paths
        .into_iter()
        .map(|path| {
            let source = fs::read_to_string(&path).unwrap();
            Attack::parse(path, source).unwrap_or_else(|error| panic!("{error}"))
        })
        .filter(|attack| wanted.as_ref().is_none_or(|wanted| *wanted == attack.name))
        .collect();
    let least = if wanted.is_some() { 1 } else { ATTACKS_MIN };
    assert!(attacks.len() >= least, "{} attacks", attacks.len());
    attacks
}

/// Stores the corpus as endpoints, some at a time; what went wrong.
fn store_all(place: &Place, attacks: &[Attack]) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut problems = Vec::new();
        while let Some(attack) = attacks.get(next.fetch_add(1, Ordering::Relaxed)) {
            problems.extend(attack.store(place).err());
        }
        problems
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..3).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(|worker| worker.join().unwrap());
        ended.flatten().collect()
    })
}

/// How the canary fared.
#[derive(Debug, Default)]
struct Canary {
    jobs: usize,
    worst_us: u64,
    /// The most attacks that ended between two of its answers.
    widest_gap: usize,
}

/// Asks one job after the other until `stop`, at least one; each answer must be right.
fn sing(producer: &mut Producer, answered: &AtomicUsize, stop: &AtomicBool) -> Canary {
    let mut canary = Canary::default();
    let mut before = 0;
    loop {
        let last = stop.load(Ordering::Relaxed);
        let request = json!({"body": {"n": canary.jobs}});
        let job = json!({
            "app": "canary", "hook": "endpoint:echo", "request": request, "timeout_ms": PATIENT_MS,
        });
        let outcome = producer.ask(job);
        let body: Value = serde_json::from_str(outcome.response.body.get()).unwrap();
        let is = (outcome.tag.as_str(), &body["n"]);
        assert_eq!(is, ("completed", &json!(canary.jobs)), "{outcome:?}");
        let now = answered.load(Ordering::Relaxed);
        canary.widest_gap = canary.widest_gap.max(now - before);
        canary.worst_us = canary.worst_us.max(outcome.timings.total_us);
        canary.jobs += 1;
        before = now;
        if last {
            return canary;
        }
    }
}

/// Takes an outcome of each attack.
fn collect(producer: &mut Producer, count: usize, answered: &AtomicUsize) -> Vec<Outcome> {
    let take = |_| {
        let outcome = producer.next();
        answered.fetch_add(1, Ordering::Relaxed);
        outcome
    };
    (0..count).map(take).collect()
}

/// Compares all outcomes; each attack must have one.
fn compare(attacks: &[Attack], outcomes: &[Outcome]) -> Vec<String> {
    let by_id: BTreeMap<&str, &Outcome> = outcomes
        .iter()
        .map(|outcome| (outcome.id.as_str(), outcome))
        .collect();
    let check = |attack: &Attack| match by_id.get(attack.name.as_str()) {
        None => vec!["it has no outcome".to_owned()],
        Some(outcome) => attack.problems(outcome),
    };
    let named = |attack: &Attack| {
        let problems = check(attack);
        (!problems.is_empty()).then(|| format!("{}: {}", attack.name, problems.join("; ")))
    };
    attacks.iter().filter_map(named).collect()
}

#[test]
fn every_attack_ends_as_it_must_and_a_good_app_does_not_notice() {
    let attacks = corpus();
    let place = Place::redis();
    let secrets = ["--app-secret", APP_SECRET, "--master-secret", MASTER_SECRET];
    // Bombs are to reach their own limits, also on a machine that has little time for them.
    let limits = ["--max-concurrent", "4", "--limit", "cpu_limit_ms=60000"];
    place.app("attacker", &[limits.as_slice(), &secrets].concat());
    place.app("canary", &[]);
    place.endpoints("canary", &["echo"]);
    let mut problems = store_all(&place, &attacks);
    let settings = [
        "QUEUE_APP_MAX_CONCURRENT=4",
        "BREAKER_BAD_JOBS=0",
        "JOBS_ALLOW_INLINE_SCRIPT=true",
        "WORKER_NAME=tester",
    ];
    let worker = Worker::start(&place, &settings);
    let mut attacker = Producer::new(&place, "attacker");
    let jobs: Vec<String> = attacks
        .iter()
        .map(|attack| attack.job(&attacker.reply_to))
        .collect();
    attacker.push_all(&jobs);
    let count = attacks.len();
    let (stop, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let canary = scope.spawn(|| sing(&mut Producer::new(&place, "canary"), &answered, &stop));
        let answers = scope.spawn(|| collect(&mut attacker, count, &answered));
        let outcomes = answers.join();
        // Before anything can fail here: the canary's thread must end.
        stop.store(true, Ordering::Relaxed);
        problems.extend(compare(&attacks, &outcomes.unwrap()));
        let canary = canary.join().unwrap();
        if canary.worst_us >= WORST_US || canary.widest_gap > 50 || canary.jobs * 4 < count {
            problems.push(format!("the good app was held up: {canary:?}"));
        }
    });
    assert_eq!(attacker.waiting(), 0, "an attack was answered twice");
    if has_forged_line(&worker.log(), "") {
        problems.push("a line of the worker's log is forged".to_owned());
    }
    let shown = problems.join("\n");
    assert!(problems.is_empty(), "{} problems:\n{shown}", problems.len());
}

#[test]
fn a_bad_head_is_reported_with_its_file() {
    let parse = |head: &str| Attack::parse(PathBuf::from("a/x.js"), head.to_owned());
    let good = "// attack: c: tries\n// expect: completed\n// body: {\"a\":1}\nfoo";
    let attack = parse(good).unwrap();
    assert_eq!(attack.expected, Expected::Body(r#"{"a":1}"#.to_owned()));
    for (from, to) in [
        ("// attack: c: tries", "// attack: c"),
        ("completed", "finished"),
        ("completed", "hook_threw"),
        ("// body: ", "// result: "),
        ("foo", "// limit: heap=1"),
        ("foo", "// body: 2"),
    ] {
        let error = parse(&good.replace(from, to)).unwrap_err();
        assert!(error.starts_with("x.js: "), "{to}: {error}");
    }
}
