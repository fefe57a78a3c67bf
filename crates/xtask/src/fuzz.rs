//! `cargo xtask fuzz`: every fuzz target for a while, starting from the corpus that is checked in.
//!
//! It does what `cargo fuzz run` does, without needing that tool. The repository stays as it is:
//! what a run adds to the corpus goes to the target folder and is thrown away by the next one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::{place, say, step};

/// What makes the compiler count which branches an input takes and which values it compares: the
/// flags of `cargo fuzz`. No sanitizer, since the code under test is safe Rust.
const FLAGS: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Cllvm-args=-simplifycfg-branch-fold-threshold=0 \
    -Ccodegen-units=1 \
    --cfg fuzzing";
/// Seconds that one input may take: thousands of times what the slowest does.
const INPUT_SECONDS_MAX: u64 = 25;
/// Memory of a run: more is a leak or a bomb.
const RSS_MIB_MAX: u64 = 2048;
/// Lines of a failed run's output that are shown; its end tells most.
const SHOWN_LINES: usize = 40;

/// Builds the targets and runs each for so many seconds. A finding is an error that names the file
/// with the input.
pub(crate) fn run(seconds: u64) -> Result<ExitCode> {
    let names = names()?;
    let binaries = build()?;
    for name in &names {
        let scratch = Scratch::new(name)?;
        let inputs = scratch.run(&binaries.join(name), seconds)?;
        say::line(&format!("fuzz: {name}: {inputs}, no finding"));
    }
    Ok(ExitCode::SUCCESS)
}

fn folder() -> PathBuf {
    place::root().join("fuzz")
}

/// The targets, by name.
fn names() -> Result<Vec<String>> {
    let folder = folder().join("fuzz_targets");
    let mut names = Vec::new();
    for file in files(&folder)? {
        if let (Some(stem), Some("rs")) =
            (file.file_stem(), file.extension().and_then(|e| e.to_str()))
        {
            names.push(stem.to_string_lossy().into_owned());
        }
    }
    if names.is_empty() {
        bail!("{} holds no fuzz target", folder.display());
    }
    Ok(names)
}

/// The files of a folder, by path.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?;
    let paths: std::io::Result<Vec<_>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.with_context(|| format!("read {}", folder.display()))?;
    paths.retain(|path| path.is_file());
    paths.sort();
    Ok(paths)
}

/// The folder with the binaries, one a target.
fn build() -> Result<PathBuf> {
    let target = place::target().join("fuzz");
    let triple = place::host_triple()?;
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--release", "--locked", "--quiet", "--bins"])
        // Named, so that the flags do not reach the build scripts.
        .args(["--target", &triple])
        .env("RUSTFLAGS", FLAGS)
        .env("CARGO_TARGET_DIR", &target)
        .current_dir(folder());
    step::run(&mut cargo)?;
    Ok(target.join(triple).join("release"))
}

/// A run's own corpus, findings and output.
struct Scratch {
    corpus: PathBuf,
    findings: PathBuf,
    log: PathBuf,
}

impl Scratch {
    /// A fresh one with a copy of the corpus that is checked in.
    fn new(name: &str) -> Result<Self> {
        let folder = place::target().join("fuzz").join("runs").join(name);
        let scratch = Self {
            corpus: folder.join("corpus"),
            findings: folder.join("findings"),
            log: folder.join("log"),
        };
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("empty {}", folder.display()))?;
        }
        for made in [&scratch.corpus, &scratch.findings] {
            fs::create_dir_all(made).with_context(|| format!("create {}", made.display()))?;
        }
        for input in files(&self::folder().join("corpus").join(name))? {
            let name = input.file_name().context("a file has a name")?;
            fs::copy(&input, scratch.corpus.join(name))
                .with_context(|| format!("copy {}", input.display()))?;
        }
        Ok(scratch)
    }

    /// Runs one target; returns how many inputs it tried.
    fn run(&self, binary: &Path, seconds: u64) -> Result<String> {
        let open = || format!("write {}", self.log.display());
        let log = File::create(&self.log).with_context(open)?;
        let mut command = Command::new(binary);
        command
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
            .arg(format!("-rss_limit_mb={RSS_MIB_MAX}"))
            .arg(format!("-artifact_prefix={}/", self.findings.display()))
            .arg(format!("-dict={}", folder().join("json.dict").display()))
            .arg(&self.corpus)
            .stdout(log.try_clone().with_context(open)?)
            .stderr(log);
        let status = step::status(&mut command)?;
        let output = fs::read(&self.log).with_context(open)?;
        let output = String::from_utf8_lossy(&output);
        let name = binary.file_name().unwrap_or_default().to_string_lossy();
        if !status.success() {
            let lines: Vec<&str> = output.lines().collect();
            let end = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
            say::note(&end.join("\n"));
            let Some(finding) = files(&self.findings)?.pop() else {
                bail!("the fuzz target {name} ended with {status}");
            };
            bail!(
                "the fuzz target {name} has a finding: {}; to see it again: {} {0}",
                finding.display(),
                binary.display()
            );
        }
        let figures = output.lines().rev().find_map(figures);
        figures.with_context(|| format!("the fuzz target {name} counted no branches"))
    }
}

/// Inputs and branches from libFuzzer's last line: `#4524 DONE cov: 5059 ft: 18804 …`.
fn figures(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let inputs = words.next()?.strip_prefix('#')?;
    let ends = words.next()? == "DONE";
    let branches = words.skip_while(|word| *word != "cov:").nth(1)?;
    ends.then(|| format!("{inputs} inputs, {branches} branches"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_of_a_run_is_read() {
        let line = "#4524\tDONE   cov: 5059 ft: 18804 corp: 1033/456Kb lim: 4096 exec/s: 348";
        assert_eq!(figures(line), Some("4524 inputs, 5059 branches".to_owned()));
    }

    #[test]
    fn a_run_without_counters_has_no_figures() {
        assert_eq!(figures("#4524\tDONE   exec/s: 348 rss: 42Mb"), None);
        assert_eq!(figures("#12\tNEW    cov: 9 ft: 8"), None);
    }
}
