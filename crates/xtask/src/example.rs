//! `cargo xtask bench` and `soak`: long-running examples of the `lode` crate that drive its binary.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::redis::Redis;
use crate::{place, step, v8};

/// Runs the benchmarks, with a private Redis for those that need one.
pub(crate) fn bench(args: &[String]) -> Result<ExitCode> {
    prepare()?;
    let redis = Redis::start()?;
    let mut command = example("bench");
    command.args(args).env("LODE_TEST_REDIS", &redis.url);
    Ok(step::exit_code(step::status(&mut command)?))
}

/// Runs `count` jobs, or as many as the soak test thinks right.
pub(crate) fn soak(count: Option<u64>) -> Result<ExitCode> {
    prepare()?;
    let mut command = example("soak");
    command.args(count.map(|count| count.to_string()));
    Ok(step::exit_code(step::status(&mut command)?))
}

/// Provides V8 and builds the binary that the examples start: cargo does not do it for an example.
fn prepare() -> Result<()> {
    v8::provide(v8::Origin::Any)?;
    let mut cargo = Command::new("cargo");
    step::run(
        cargo
            .args(["build", "--package", "lode"])
            .current_dir(place::root()),
    )
}

/// `cargo run --example name`, told where the binary is.
fn example(name: &str) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.args([
        "run",
        "--quiet",
        "--package",
        "lode",
        "--example",
        name,
        "--",
    ]);
    cargo
        .env("LODE_TEST_BINARY", place::lode_binary())
        .current_dir(place::root());
    cargo
}
