//! `cargo xtask test`: every test of the workspace, with everything they need beside them.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::package::Need;
use crate::servers::{self, Servers};
use crate::{mingo, place, producers, step, v8};

/// Runs the tests. The last lines are the runner's own summary, the exit code is the runner's.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    v8::provide(v8::Origin::Any)?;
    let producers = producers::environment()?;
    let mingo = mingo::environment()?;
    provide_strace()?;
    let servers = Servers::start()?;
    let mut runner = servers::command("cargo");
    runner.args(runner_args()).args(args);
    runner.envs(producers).envs([mingo]);
    servers.run(runner.current_dir(place::root()))
}

/// The lists of system calls are compared with what the corpus of hooks does under strace.
fn provide_strace() -> Result<()> {
    if place::program("strace").is_some() {
        return Ok(());
    }
    Need {
        packages: &["strace"],
        because: "the tests compare the allowed system calls with those that are made",
    }
    .install()
}

fn runner_args() -> &'static [&'static str] {
    if step::succeeds(Command::new("cargo").args(["nextest", "--version"])) {
        &["nextest", "run", "--workspace"]
    } else {
        &["test", "--workspace", "--all-targets"]
    }
}
