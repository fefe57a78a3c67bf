//! The documents against the code: every test, path and key that they name exists, the tour of the
//! README works as written, and so do the example producers.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

#[path = "docs/named.rs"]
mod named;
#[path = "docs/place.rs"]
mod place;

use std::process::{Command, Stdio};

use lode_proto::Tag;
use place::{Place, Server, lode, root, variable};
use serde_json::Value;

const DOCUMENTS: [&str; 6] = [
    "README.md",
    "ARCHITECTURE.md",
    "proto/README.md",
    "proto/background-task.md",
    "deploy/README.md",
    "deploy/config.md",
];

#[test]
fn every_test_that_the_specification_names_exists() {
    let readme = place::read("README.md");
    let known = named::Tests::of_the_sources();
    let rows = named::specification(&readme);
    assert!(rows.len() > 20, "only {} rows were found", rows.len());
    for row in rows {
        let names = named::tests_in(&row.shown_by);
        let commands = named::commands_in(&row.shown_by);
        for name in &names {
            assert!(known.has(name), "{}: there is no test {name}", row.claim);
        }
        for command in &commands {
            let usage = place::read("crates/xtask/src/main.rs");
            assert!(usage.contains(&format!("(\"{command}\"")), "{command}");
        }
        assert!(
            row.shown_by.contains("*pending*") || names.len() + commands.len() > 0,
            "{}: neither a test nor *pending*",
            row.claim
        );
    }
}

#[test]
fn every_test_that_the_part_on_kinveys_clients_names_exists() {
    let known = named::Tests::of_the_sources();
    let readme = place::read("README.md");
    let (_, part) = readme.split_once("\n## Kinvey's own clients\n").unwrap();
    let part = part.split("\n## ").next().unwrap();
    for row in part.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let names = named::tests_in(row);
        assert!(!names.is_empty(), "no test: {row}");
        for name in names {
            assert!(known.has(&name), "there is no test {name}");
        }
    }
}

#[test]
fn every_path_that_the_documents_name_exists() {
    let mut count = 0;
    for document in DOCUMENTS {
        for path in named::paths_in(&place::read(document)) {
            assert!(root().join(&path).exists(), "{document}: no {path}");
            count += 1;
        }
    }
    assert!(count > 20, "only {count} paths were found");
}

/// `UPDATE_EXPECT=1` writes the table anew.
#[test]
fn every_configuration_key_stands_in_the_table_with_its_default() {
    let table = named::config_table();
    let path = root().join("deploy/config.md");
    let text = place::read("deploy/config.md");
    let (head, _) = text.split_once("| key |").unwrap();
    let expected = format!("{head}{table}");
    if variable("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    assert_eq!(place::read("deploy/config.md"), expected);
}

#[test]
fn every_tag_stands_in_the_table_with_its_blame_and_error() {
    let text = place::read("proto/README.md");
    for tag in Tag::ALL {
        let start = format!("| `{tag}` |");
        let row = text.lines().find(|line| line.starts_with(&start));
        let row = row.unwrap_or_else(|| panic!("no row of {tag}"));
        let (blame, _, error) = tag.verdict();
        let blame = serde_json::to_string(&blame).unwrap().replace('"', "`");
        assert!(row.contains(&format!(" {blame} ")), "{row}");
        if let Some(error) = error {
            let end = format!("| {} | `{}` |", error.status, error.name);
            assert!(row.ends_with(&end), "{row}");
        }
    }
}

#[test]
fn the_tour_of_the_readme_works_as_written() {
    let place = Place::new();
    let server = Server::private();
    let readme = place::read("README.md");
    let script = named::tour(&readme, &server.url);
    let mut shell = Command::new("bash");
    shell.args(["-e", "-c", &script]).env("PATH", place.path());
    for (name, value) in node().1 {
        shell.env(name, value);
    }
    let printed = place.run_in(&mut shell, &place.tour());
    let tags: Vec<&str> = printed
        .split("\"tag\":\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let expected = named::tags_of_the_tour(&readme);
    assert!(expected.len() >= 5, "{expected:?}");
    assert_eq!(tags, expected, "{printed}");
}

#[test]
fn the_python_producer_gets_its_outcomes() {
    let python = need("LODE_TEST_PYTHON");
    let modules = ("PYTHONPATH", variable("LODE_TEST_PYTHONPATH"));
    let environment = given(modules);
    check_producer(&python, "proto/examples/producer.py", &environment);
}

#[test]
fn the_node_producer_gets_its_outcomes() {
    let (program, environment) = node();
    check_producer(&program, "proto/examples/producer.mjs", &environment);
}

fn node() -> (String, Vec<(&'static str, String)>) {
    let program = need("LODE_TEST_NODE");
    let modules = ("NODE_PATH", variable("LODE_TEST_NODE_PATH"));
    (program, given(modules))
}

fn need(name: &str) -> String {
    variable(name).unwrap_or_else(|| panic!("{name} is not set: run cargo xtask test"))
}

/// No variable at all where the interpreter finds its packages by itself.
fn given((name, value): (&'static str, Option<String>)) -> Vec<(&'static str, String)> {
    value.map(|value| (name, value)).into_iter().collect()
}

fn check_producer(program: &str, script: &str, environment: &[(&'static str, String)]) {
    let place = Place::new();
    let server = Server::given_or_private();
    let queue = server.queue(&place);
    place.write(
        "greet.js",
        "complete(null, { hello: request.body.name.trim() });",
    );
    place.run(lode().args(["app", "create", "shop"]));
    place.run(lode().args(["hook", "put", "shop", "greet.js", "--on", "endpoint:greet"]));
    let _worker = place.worker(&queue);
    let produce = |args: &[&str]| {
        let mut command = Command::new(program);
        command.arg(root().join(script)).args(args);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let output = command
            .current_dir(place.folder())
            .stdin(Stdio::null())
            .output();
        let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), stdout, stderr)
    };
    let outcome = |(code, stdout, stderr): (Option<i32>, String, String)| {
        let outcome: Value = serde_json::from_str(&stdout)
            .unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}"));
        (code, outcome)
    };

    let (code, good) = outcome(produce(&[
        &queue,
        "shop",
        "endpoint:greet",
        r#"{"name":" Ada "}"#,
    ]));
    assert_eq!((code, &good["tag"]), (Some(0), &Value::from("completed")));
    assert_eq!(good["response"]["body"]["hello"], "Ada");

    let (code, bad) = outcome(produce(&[&queue, "shop", "endpoint:greet"]));
    assert_eq!((code, &bad["tag"]), (Some(1), &Value::from("hook_threw")));

    let (code, _, stderr) = produce(&[&queue]);
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.starts_with("usage: "), "{stderr}");
}
