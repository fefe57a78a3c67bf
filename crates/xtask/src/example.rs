//! `cargo xtask bench` and `soak`: long-running examples, most of them of the `lode` crate.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::postgres::Postgres;
use crate::redis::Redis;
use crate::servers::POSTGRES;
use crate::{place, step, v8};

/// Runs the benchmarks, with a private Redis for those that need one.
pub(crate) fn bench(args: &[String]) -> Result<ExitCode> {
    prepare()?;
    let redis = Redis::start()?;
    let mut command = example("bench");
    command.args(args).env("LODE_TEST_REDIS", &redis.url);
    Ok(step::exit_code(step::status(&mut command)?))
}

/// Runs the benchmark of the queue alone: it needs no V8, and starts its servers itself.
pub(crate) fn bench_queue(args: &[String]) -> Result<ExitCode> {
    let mut command = example_of("lode-queue", "bench-queue");
    Ok(step::exit_code(step::status(command.args(args))?))
}

/// Runs the benchmark of the store alone: it needs no V8, but a Postgres.
pub(crate) fn bench_store(args: &[String]) -> Result<ExitCode> {
    let mut command = example_of("lode-store", "bench-store");
    command.args(args);
    let server = match place::setting(POSTGRES) {
        Some(_) => None,
        None => Some(Postgres::start()?),
    };
    command.envs(server.iter().map(|server| (POSTGRES, &server.url)));
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

/// An example of `lode`, told where the binary is.
fn example(name: &str) -> Command {
    let mut cargo = example_of("lode", name);
    cargo.env("LODE_TEST_BINARY", place::lode_binary());
    cargo
}

/// `cargo run --example name`.
fn example_of(package: &str, name: &str) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.args(["run", "--quiet", "--package", package]);
    cargo.args(["--example", name, "--"]);
    cargo.current_dir(place::root());
    cargo
}
