//! The system-call lists against what really runs: an entry that the corpus never uses is too much.
//!
//! The corpus runs under `strace`. Processes under the serving filter are those that appear after it
//! was put on and make no call that is not on its list (the master, which is under none, does).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use lode_jail::seccomp::{Use, calls_of_a_child, calls_of_a_zygote};

use crate::support::{Place, hook_file};

/// Hooks that together make V8 do what it can, and those of `tests/hooks/soak`.
const CORPUS: &[&str] = &[
    "says_hello",
    "plain_promises",
    "plain_timers",
    "heap_bomb",
    "array_buffer_bomb",
    "wasm_memory_bomb",
    "regexp_backtracking",
    "deep_recursion",
    "log_flood",
    "string_bomb",
    "kinvey_backend_context",
    "attacks/bigint_power_to_decimal",
];

fn corpus() -> Vec<String> {
    let soak = hook_file("soak");
    let names = fs::read_dir(soak).unwrap().map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        format!("soak/{}", name.strip_suffix(".js").unwrap())
    });
    let all = CORPUS.iter().map(|name| (*name).to_owned());
    all.chain(names).collect()
}

/// The trace of one hook, run alone.
fn trace(place: &Place, name: &str) -> String {
    let path = place.new_path("trace");
    let status = Command::new("strace")
        .args(["-f", "-qq", "-o"])
        .arg(&path)
        .arg(env!("CARGO_BIN_EXE_lode"))
        .arg("run")
        .arg(hook_file(&format!("{name}.js")))
        .args(["--body", "{}", "--wall-limit", "3s"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("these tests need strace: install the package `strace` (Debian)");
    assert!(status.code().is_some(), "{name}: {status}");
    read(&path)
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
}

/// `18463 mmap(NULL, …` as pid and call, also of lines that go on after another process's.
fn call(line: &str) -> Option<(&str, &str)> {
    let (pid, rest) = line.split_once(' ')?;
    let rest = rest.trim_start();
    let rest = rest.strip_prefix("<... ").unwrap_or(rest);
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    (end > 0 && pid.bytes().all(|b| b.is_ascii_digit())).then(|| (pid, &rest[..end]))
}

/// The calls of all processes under the serving filter.
fn calls(trace: &str, known: &BTreeSet<&str>) -> BTreeSet<String> {
    let mut before = BTreeSet::new();
    let mut by_pid: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut serving = false;
    for line in trace.lines() {
        let Some((pid, call)) = call(line) else {
            continue;
        };
        serving |= line.contains("SECCOMP_FILTER_FLAG_NEW_LISTENER");
        if !serving {
            before.insert(pid);
        } else if !before.contains(pid) {
            by_pid.entry(pid).or_default().insert(call);
        }
    }
    assert!(serving, "no zygote put its filter on");
    let ours = by_pid.into_values().filter(|calls| calls.is_subset(known));
    ours.flatten().map(str::to_owned).collect()
}

#[test]
fn every_call_that_a_child_may_make_is_made_by_the_corpus() {
    let place = Place::sqlite();
    let allowed = calls_of_a_child();
    let mut known: BTreeSet<&str> = allowed.iter().map(|(call, _)| *call).collect();
    known.extend(calls_of_a_zygote());
    let mut used = BTreeSet::new();
    for name in corpus() {
        used.extend(calls(&trace(&place, &name), &known));
    }
    // A child makes its thread, its filter and its limits, whatever it runs.
    assert!(
        used.contains("clone") && used.contains("seccomp"),
        "{used:?}"
    );
    let unused: Vec<&str> = allowed
        .into_iter()
        .filter(|(call, how)| *how == Use::Common && !used.contains(*call))
        .map(|(call, _)| call)
        .collect();
    assert!(unused.is_empty(), "allowed and never used: {unused:?}");
}
