//! The table of what Kinvey offered, `tests/kinvey.md`: what it names exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The names of all functions below `folder`.
fn functions(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            functions(&path, names);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).expect("it can be read");
            let named = text.lines().filter_map(|line| line.split_once("fn "));
            let name = |(_, rest): (&str, &str)| Some(rest.split(['(', '<']).next()?.to_owned());
            names.extend(named.filter_map(name));
        }
    }
}

#[test]
fn every_row_of_the_table_names_tests_that_exist() {
    let mut known = BTreeSet::new();
    for folder in ["crates", "tests"] {
        functions(&root().join(folder), &mut known);
    }
    let table = fs::read_to_string(root().join("crates/lode-isolate/tests/kinvey.md")).unwrap();
    let is_row = |line: &&str| line.starts_with("| ") && !line.starts_with("| what ");
    let rows: Vec<&str> = table.lines().filter(is_row).collect();
    assert!(rows.len() > 80, "only {} rows were found", rows.len());
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let shown_by = cells.last().unwrap();
        let names: Vec<&str> = shown_by.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test: {row}");
        for name in names {
            assert!(known.contains(name), "there is no test {name}: {row}");
        }
    }
}
