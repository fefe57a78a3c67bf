//! What the documents name: tests, commands, paths, the tour; and what the sources have.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::place::{read, root};

/// Folders and files that a path in a document begins with.
const TOPS: [&str; 9] = [
    "crates/",
    "proto/",
    "deploy/",
    "tests/",
    "benches/",
    ".ci/",
    "README",
    "ARCHITECTURE",
    "LICENSE",
];

/// One row of the README's specification.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) claim: String,
    pub(crate) shown_by: String,
}

/// The names of all test functions.
#[derive(Debug)]
pub(crate) struct Tests(BTreeSet<String>);

impl Tests {
    pub(crate) fn of_the_sources() -> Self {
        let mut names = BTreeSet::new();
        collect(&root().join("crates"), &mut names);
        collect(&root().join("tests"), &mut names);
        Self(names)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

fn collect(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, names);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            for line in fs::read_to_string(&path).unwrap().lines() {
                names.extend(test_name(line));
            }
        }
    }
}

/// `fn NAME(`
fn test_name(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("fn ")?;
    Some(rest.split('(').next()?.to_owned())
}

/// Texts in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Texts in backticks outside of code blocks.
fn quoted_in_prose(text: &str) -> Vec<&str> {
    text.split("```").step_by(2).flat_map(quoted).collect()
}

/// The rows of the table below the heading "Specification".
pub(crate) fn specification(readme: &str) -> Vec<Row> {
    let (_, part) = readme.split_once("\n## Specification\n").unwrap();
    let part = part.split("\n## ").next().unwrap();
    let rows = part.lines().filter(|line| line.starts_with("| "));
    rows.skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            assert_eq!(cells.len(), 3, "{line}");
            Row {
                claim: cells[0].to_owned(),
                shown_by: cells[2].to_owned(),
            }
        })
        .collect()
}

/// Names of tests: words of letters, digits and at least two underscores.
pub(crate) fn tests_in(text: &str) -> Vec<String> {
    let is_test = |word: &&str| {
        word.matches('_').count() >= 2
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    quoted_in_prose(text)
        .into_iter()
        .filter(is_test)
        .map(str::to_owned)
        .collect()
}

/// The `x` of each `cargo xtask x`.
pub(crate) fn commands_in(text: &str) -> Vec<String> {
    quoted_in_prose(text)
        .into_iter()
        .filter_map(|word| word.strip_prefix("cargo xtask "))
        .map(|rest| rest.split(' ').next().unwrap().to_owned())
        .collect()
}

/// Paths of this repository. A path with a `*` counts as its folder.
pub(crate) fn paths_in(text: &str) -> Vec<String> {
    quoted_in_prose(text)
        .into_iter()
        .filter(|word| TOPS.iter().any(|top| word.starts_with(top)) && !word.contains(' '))
        .map(|word| match word.split_once('*') {
            Some((folder, _)) => folder.rsplit_once('/').unwrap().0.to_owned(),
            None => word.to_owned(),
        })
        .collect()
}

/// The shell commands of the tour, with `url` as the Redis server. What a reader does once on a
/// machine is left out: building, installing, starting Redis.
pub(crate) fn tour(readme: &str, url: &str) -> String {
    const ONCE: [&str; 4] = ["cargo ", "npm ", "redis-server ", "export PATH"];
    let socket = url.strip_prefix("unix://").unwrap();
    let mut script = format!("redis-cli() {{ command redis-cli -s '{socket}' \"$@\"; }}\n");
    script.push_str("trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n");
    for block in shell_blocks(tour_section(readme)) {
        for line in block.lines() {
            if !ONCE.iter().any(|start| line.starts_with(start)) {
                script.push_str(&line.replace("redis://127.0.0.1:6379", url));
                script.push('\n');
            }
        }
    }
    script
}

/// The tags that the tour says its commands print, in their order: `# → tag`.
pub(crate) fn tags_of_the_tour(readme: &str) -> Vec<&str> {
    shell_blocks(tour_section(readme))
        .flat_map(str::lines)
        .filter_map(|line| line.split_once("# → "))
        .map(|(_, tag)| tag.split([' ', ',', ':']).next().unwrap())
        .collect()
}

fn tour_section(readme: &str) -> &str {
    let (_, tour) = readme.split_once("\n## A tour of five minutes\n").unwrap();
    tour.split("\n## ").next().unwrap()
}

fn shell_blocks(text: &str) -> impl Iterator<Item = &str> {
    text.split("```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.strip_prefix("sh\n"))
}

/// The table of `deploy/config.md`: each key, its default, and its comment in the code.
pub(crate) fn config_table() -> String {
    let config = read("crates/lode/src/config/sections.rs");
    let limits = read("crates/lode-proto/src/limits.rs");
    let egress = read("crates/lode-egress/src/options.rs");
    let effects = read("crates/lode-effects/src/options.rs");
    let mut table = String::from("| key | default | meaning |\n|---|---|---|\n");
    for (section, default) in defaults() {
        let source = match section.as_str() {
            "limits" | "ceiling" => struct_of(&limits, "pub struct JobLimits {"),
            "egress" => struct_of(&egress, "pub struct EgressOptions {"),
            "email" => struct_of(&effects, "pub struct EmailOptions {"),
            "push" => struct_of(&effects, "pub struct PushOptions {"),
            _ => {
                let name: String = section.split('_').map(capitalized).collect();
                struct_of(&config, &format!("pub(crate) struct {name}Config {{"))
            }
        };
        for (key, value) in default {
            let meaning = comment_of(source, &key);
            table.push_str(&format!("| `{section}.{key}` | `{value}` | {meaning} |\n"));
        }
    }
    table
}

/// Sections with their keys and defaults, as `lode config` prints them in an empty environment.
fn defaults() -> Vec<(String, Vec<(String, String)>)> {
    let output = crate::lode().arg("config").env_clear().output().unwrap();
    let mut sections: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        if let Some(name) = line.strip_prefix('[') {
            let name = name.trim_end_matches(']').to_owned();
            sections.push((name, Vec::new()));
        } else if let Some((key, value)) = line.split_once(" = ") {
            // The default name of a worker is another one in each process.
            let value = if key == "name" { "\"\"" } else { value };
            let (_, keys) = sections.last_mut().unwrap();
            keys.push((key.to_owned(), value.to_owned()));
        }
    }
    sections
}

fn capitalized(word: &str) -> String {
    let mut word = word.to_owned();
    word[..1].make_ascii_uppercase();
    word
}

fn struct_of<'a>(source: &'a str, head: &str) -> &'a str {
    let (_, body) = source
        .split_once(head)
        .unwrap_or_else(|| panic!("no {head}"));
    body.split_once("\n}").unwrap().0
}

/// The doc comment of a field, on one line.
fn comment_of(body: &str, key: &str) -> String {
    let mut comment: Vec<&str> = Vec::new();
    for line in body.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            comment.push(text.trim());
        } else if line.contains(&format!(" {key}: ")) {
            assert!(!comment.is_empty(), "{key} has no comment");
            return comment.join(" ").replace('|', "\\|");
        } else {
            comment.clear();
        }
    }
    panic!("no field {key}")
}
