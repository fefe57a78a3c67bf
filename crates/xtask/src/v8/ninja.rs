//! `ninja`: the hours of compiling, shown as one line for each percent.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{place, say};

/// In front of each step's line: steps done, steps in all, seconds so far.
const STATUS: &str = "@ %f %t %e ";
/// Lines of the compilers' output that are shown when a step fails.
const LINES_KEPT: usize = 60;

/// Progress as `ninja` prints it.
#[derive(Debug, PartialEq, Eq)]
struct Progress {
    done: u64,
    total: u64,
    minutes: u64,
}

impl Progress {
    /// Reads a line that begins as [`STATUS`] says; others are the compilers' own.
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("@ ")?.split(' ');
        let done = words.next()?.parse().ok()?;
        let total = words.next()?.parse().ok()?;
        let seconds = words.next()?.split('.').next()?.parse::<u64>().ok()?;
        Some(Self {
            done,
            total,
            minutes: seconds / 60,
        })
    }

    fn percent(&self) -> u64 {
        (self.done * 100).checked_div(self.total).unwrap_or(0)
    }
}

/// Builds the library in `out`.
pub(crate) fn run(out: &Path) -> Result<()> {
    let ninja = place::program("ninja").context("ninja is not in PATH")?;
    let mut command = Command::new(ninja);
    command
        .arg("-C")
        .arg(out)
        .arg("rusty_v8")
        .env("NINJA_STATUS", STATUS);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take().context("ninja's output is a pipe")?;
    let kept = follow(BufReader::new(output))?;
    let status = child.wait()?;
    if !status.success() {
        for line in kept {
            say::note(&line);
        }
        bail!("ninja ended with {status}; run it again and it goes on where it stopped");
    }
    Ok(())
}

/// Shows the progress; returns the last lines that were none.
fn follow(output: impl BufRead) -> Result<VecDeque<String>> {
    let mut kept = VecDeque::new();
    let mut shown = None;
    for line in output.split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        let Some(progress) = Progress::parse(&line) else {
            kept.push_back(line);
            if kept.len() > LINES_KEPT {
                kept.pop_front();
            }
            continue;
        };
        if shown.replace(progress.percent()) != Some(progress.percent()) {
            let Progress {
                done,
                total,
                minutes,
            } = progress;
            let percent = progress.percent();
            say::note(&format!(
                "v8: {percent:3} %, {done} of {total} steps, {minutes} minutes"
            ));
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_is_read() {
        let line = "@ 1650 3301 3725.310 CXX obj/v8/objects.o";
        let expected = Progress {
            done: 1650,
            total: 3301,
            minutes: 62,
        };
        assert_eq!(Progress::parse(line), Some(expected));
        assert_eq!(Progress::parse(line).map(|p| p.percent()), Some(49));
    }

    #[test]
    fn what_the_compiler_says_is_kept_and_its_beginning_dropped() {
        let said: String = (0..100).map(|n| format!("warning {n}\n")).collect();
        let kept = follow(said.as_bytes()).unwrap();
        assert_eq!(kept.len(), LINES_KEPT);
        assert_eq!(kept.back().unwrap(), "warning 99");
    }
}
