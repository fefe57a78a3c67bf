//! `cargo xtask test`: every test of the workspace, with everything they need beside them.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::redis::Redis;
use crate::{place, producers, step, v8};

/// Runs the tests. The last lines are the runner's own summary, the exit code is the runner's.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    v8::provide(v8::Origin::Any)?;
    let producers = producers::environment()?;
    let redis = Redis::start()?;
    let mut runner = runner();
    runner
        .args(args)
        .envs(producers)
        .env("LODE_TEST_REDIS", &redis.url);
    let status = step::status(runner.current_dir(place::root()))?;
    Ok(step::exit_code(status))
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
