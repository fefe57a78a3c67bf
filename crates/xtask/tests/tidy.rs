//! Tidy: the rules of this repository that no compiler checks, each a test named after its rule.

use std::path::{Path, PathBuf};

/// Lines of a source file: what one reads in a sitting.
const SOURCE_LINES_MAX: usize = 400;
/// Lines of a file of tests, where length is more of the same.
const TEST_LINES_MAX: usize = 600;

/// A text file of the repository.
struct File {
    /// From the root, with slashes.
    path: String,
    text: String,
}

impl File {
    /// In a folder or file of tests.
    fn is_test(&self) -> bool {
        let mut folders = self.path.split('/');
        folders.any(|part| matches!(part, "tests" | "benches" | "tests.rs"))
    }

    /// The text without its `#[cfg(test)] mod tests { … }`, which rustfmt keeps last.
    fn without_unit_tests(&self) -> &str {
        let end = self.text.find("\n#[cfg(test)]\nmod tests {");
        end.map_or(&self.text, |end| &self.text[..=end])
    }

    /// The unit tests, or all of a file of tests.
    fn tests(&self) -> &str {
        if self.is_test() {
            return &self.text;
        }
        &self.text[self.without_unit_tests().len()..]
    }
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2);
    root.expect("crates/xtask is two folders below the root")
        .to_path_buf()
}

/// The files below `folder` whose names end in `ending`, by path.
fn files(folder: &str, ending: &str) -> Vec<File> {
    let root = root();
    let mut folders = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && name != "node_modules" {
                    folders.push(path);
                }
            } else if name.ends_with(ending) {
                let text = std::fs::read_to_string(&path).expect("sources are text");
                let path = path
                    .strip_prefix(&root)
                    .expect("the search began at the root")
                    .to_string_lossy()
                    .into_owned();
                found.push(File { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// All Rust of the repository.
fn rust() -> Vec<File> {
    let mut all = files("crates", ".rs");
    all.extend(files("tests", ".rs"));
    all.extend(files("benches", ".rs"));
    assert!(
        all.len() > 100,
        "the search for Rust files finds too few: {}",
        all.len()
    );
    all
}

/// Fails with one line for each file that breaks the rule.
#[track_caller]
fn check(rule: &str, broken: impl IntoIterator<Item = String>) {
    let mut list = String::new();
    for line in broken {
        list.push_str("\n  ");
        list.push_str(&line);
    }
    assert!(list.is_empty(), "{rule}:{list}");
}

/// Lines of `text` with one of `words`, as `path:line: word`.
fn lines_with(path: &str, text: &str, words: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let words = words.iter().filter(|word| line.contains(word.as_str()));
        found.extend(words.map(|word| format!("{path}:{}: {word}", index + 1)));
    }
    found
}

#[test]
fn files_are_short() {
    let broken = rust().into_iter().filter_map(|file| {
        let (what, lines, max) = if file.is_test() {
            ("a file of tests", file.text.lines().count(), TEST_LINES_MAX)
        } else {
            let lines = file.without_unit_tests().lines().count();
            ("a source file without its tests", lines, SOURCE_LINES_MAX)
        };
        (lines > max).then(|| format!("{}: {lines} lines, {what} has at most {max}", file.path))
    });
    check("split what has grown too long", broken);
}

#[test]
fn every_file_says_first_what_it_is() {
    let heads = |file: &File| !file.text.starts_with("//! ");
    let broken = rust().into_iter().filter(heads).map(|file| file.path);
    check("the first line is a `//! ` sentence", broken);
}

#[test]
fn unsafe_code_is_in_the_sys_files_only() {
    const HOMES: [&str; 3] = [
        "crates/lode-jail/src/sys.rs",
        "crates/lode-jail/tests/native_attacker/sys.rs",
        "crates/lode-isolate/src/sys.rs",
    ];
    // Put together here, so that this file does not find itself.
    let words = ["{", "fn", "impl", "extern", "trait"].map(|next| ["unsafe", next].join(" "));
    let elsewhere = |file: &File| !HOMES.contains(&file.path.as_str());
    let broken = rust().into_iter().filter(elsewhere);
    let broken = broken.flat_map(|file| lines_with(&file.path, &file.text, &words));
    check("unsafe code has its homes, all named sys.rs", broken);
}

#[test]
fn nothing_is_left_for_later() {
    let words = [["FIX", "ME"], ["TO", "DO"], ["XX", "X"]].map(|halves| halves.concat());
    let mut all = rust();
    all.extend(files("tests", ".js"));
    all.extend(files("crates", ".js"));
    all.extend(files("crates", ".lua"));
    // Vendored libraries stay as their authors wrote them.
    let ours = |file: &File| !file.path.starts_with("crates/lode-isolate/js/vendor/");
    let broken = all
        .into_iter()
        .filter(ours)
        .flat_map(|file| lines_with(&file.path, &file.text, &words));
    check("do it or file an issue", broken);
}

#[test]
fn tests_wait_for_facts_and_never_sleep() {
    let words = ["thread", "time"].map(|module| [module, "sleep"].join("::"));
    let broken = rust()
        .into_iter()
        .flat_map(|file| lines_with(&file.path, file.tests(), &words));
    check(
        "wait on a predicate with a deadline, or set the limit under test tiny",
        broken,
    );
}

#[test]
fn every_hook_has_a_script() {
    let hooks = files("tests/hooks", ".js");
    assert!(
        hooks.len() > 5,
        "the search for hooks finds too few: {}",
        hooks.len()
    );
    let empty = hooks.into_iter().filter(|file| file.text.trim().is_empty());
    check("an empty hook tests nothing", empty.map(|file| file.path));
}

/// The crates that a manifest names as `section`, in its order.
fn dependencies(manifest: &str, section: &str) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            inside = header.trim_end_matches(']') == section;
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
            names.push(line[..end.unwrap_or(line.len())].to_owned());
        }
    }
    names
}

/// Each crate with its dependencies, those of its tests left out.
fn edges() -> Vec<(String, Vec<String>)> {
    let manifests = files("crates", "Cargo.toml").into_iter().map(|file| {
        let name = file
            .path
            .split('/')
            .nth(1)
            .expect("it is below crates/")
            .to_owned();
        (name, dependencies(&file.text, "dependencies"))
    });
    let edges: Vec<_> = manifests.collect();
    assert!(
        edges.len() >= 8,
        "the search for manifests finds too few: {}",
        edges.len()
    );
    edges
}

/// Fails unless only `homes` depend on `dependency`.
#[track_caller]
fn check_homes(dependency: &str, homes: &[&str]) {
    let mut broken = Vec::new();
    for (name, depends_on) in edges() {
        if depends_on.iter().any(|d| d == dependency) && !homes.contains(&name.as_str()) {
            broken.push(name);
        }
    }
    check(
        &format!("only {} may depend on {dependency}", homes.join(" and ")),
        broken,
    );
}

#[test]
fn the_seven_inner_crates_do_not_know_each_other() {
    const INNER: [&str; 7] = [
        "lode-core",
        "lode-effects",
        "lode-egress",
        "lode-queue",
        "lode-store",
        "lode-jail",
        "lode-isolate",
    ];
    let mut broken = Vec::new();
    for (name, depends_on) in edges() {
        if INNER.contains(&name.as_str()) {
            let inner = depends_on.iter().filter(|d| INNER.contains(&d.as_str()));
            broken.extend(inner.map(|d| format!("{name} depends on {d}")));
        }
    }
    check(
        "what two of them share belongs in lode-proto, what joins them in lode",
        broken,
    );
}

#[test]
fn v8_is_linked_where_it_is_needed_only() {
    check_homes("deno_core", &["lode", "lode-isolate"]);
    check_homes("lode-isolate", &["lode"]);
}

#[test]
fn nothing_that_decides_or_forks_has_an_async_runtime() {
    check_homes(
        "tokio",
        &[
            "lode",
            "lode-effects",
            "lode-egress",
            "lode-queue",
            "lode-store",
        ],
    );
}

#[test]
fn redis_has_one_home() {
    check_homes("redis", &["lode-queue"]);
}

#[test]
fn every_crate_obeys_the_lints_and_takes_its_versions_from_the_workspace() {
    let mut broken = Vec::new();
    for file in files("crates", "Cargo.toml") {
        if !file.text.contains("[lints]\nworkspace = true\n") {
            broken.push(format!("{}: no [lints] of the workspace", file.path));
        }
        let own = file
            .text
            .lines()
            .filter(|line| line.contains("version = \""));
        broken.extend(own.map(|line| format!("{}: {line}", file.path)));
    }
    check(
        "a crate's manifest repeats nothing of the workspace's",
        broken,
    );
}

#[test]
fn a_manifest_is_read_by_section() {
    let manifest = "[dependencies]\nserde.workspace = true\n# no\ntokio = { workspace = true }\n\
                    [dev-dependencies]\nredis = \"1\"\n";
    assert_eq!(dependencies(manifest, "dependencies"), ["serde", "tokio"]);
    assert_eq!(dependencies(manifest, "dev-dependencies"), ["redis"]);
}
