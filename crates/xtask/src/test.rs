//! `cargo xtask test`: every test of the workspace, with everything they need beside them.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::package::Need;
use crate::redis::Redis;
use crate::{place, producers, step, v8};

/// Runs the tests. The last lines are the runner's own summary, the exit code is the runner's.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    v8::provide(v8::Origin::Any)?;
    let producers = producers::environment()?;
    let redis = Redis::start()?;
    provide_strace()?;
    let mut runner = runner();
    runner
        .args(args)
        .envs(producers)
        .env("LODE_TEST_REDIS", &redis.url);
    let status = step::status(runner.current_dir(place::root()))?;
    Ok(step::exit_code(status))
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

fn runner() -> Command {
    let mut cargo = Command::new("cargo");
    if step::succeeds(Command::new("cargo").args(["nextest", "--version"])) {
        cargo.args(["nextest", "run", "--workspace"]);
    } else {
        cargo.args(["test", "--workspace", "--all-targets"]);
    }
    cargo
}
