//! The README names tests and scripts: those that there are.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::path::{Path, PathBuf};

/// Shorter names in backticks are fields and methods.
const TEST_NAME_BYTES_MIN: usize = 16;

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> String {
    std::fs::read_to_string(here().join("README.md")).unwrap()
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![path],
        })
        .collect()
}

#[test]
fn each_invariant_names_tests_that_exist() {
    let readme = readme();
    let (_, from) = readme.split_once("## Invariants").unwrap();
    let (invariants, _) = from.split_once("\n## ").unwrap();
    let tests: Vec<String> = ["tests", "src"]
        .iter()
        .flat_map(|folder| files(&here().join(folder)))
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    for line in invariants.lines().filter(|line| line.contains(". ")) {
        let words = line.split('`').skip(1).step_by(2);
        let named: Vec<&str> = words
            .filter(|word| word.len() >= TEST_NAME_BYTES_MIN)
            .filter(|word| word.bytes().all(|b| b == b'_' || b.is_ascii_lowercase()))
            .collect();
        assert!(!named.is_empty(), "no test: {line}");
        for name in named {
            let start = format!("fn {name}(");
            assert!(tests.iter().any(|text| text.contains(&start)), "{name}");
        }
    }
}

#[test]
fn every_script_is_listed() {
    let readme = readme();
    for path in files(&here().join("src")) {
        if path.extension().is_some_and(|ending| ending == "lua") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            assert!(readme.contains(&format!("`{name}`")), "{name}");
        }
    }
}
