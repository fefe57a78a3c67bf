//! The benchmark: `cargo xtask bench [--quick] [--json] …`.
//!
//! A closed loop of producers sends jobs through a real `lode serve` and waits for each outcome,
//! next to the floor: fork, run and exit of the same isolate with no queue. Rounds are
//! interleaved and the first is thrown away, so that a machine that gets slower meanwhile slows
//! all arms. The figure that a busy machine disturbs least is CPU time per 1,000 jobs.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

mod arm;
mod closed_loop;
mod cpu;
mod figures;
mod floor;
#[path = "../tests/soak/forks.rs"]
mod forks;
#[path = "../crates/lode/src/guest.rs"]
mod guest;
mod redis_server;
mod report;
mod setting;
mod worker;

/// See the file's head.
#[derive(Debug, Clone, Parser)]
#[command(name = "bench")]
struct Options {
    /// One short round, to see that everything works.
    #[arg(long)]
    quick: bool,
    /// One JSON object instead of Markdown.
    #[arg(long)]
    json: bool,
    /// Rounds; the first is not counted.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(2..))]
    rounds: u64,
    /// How long each arm runs in each round, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 2_000)]
    arm_ms: u64,
    /// The worker's --max-children.
    #[arg(long, value_name = "N", default_value_t = 8)]
    max_children: usize,
    /// The worker's --warm.
    #[arg(long, value_name = "N", default_value_t = 4)]
    warm: usize,
    /// Only arms whose name contains this.
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
}

fn main() -> ExitCode {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|arg| arg == lode_jail::launch::ZYGOTE_COMMAND)
    {
        let code = lode_jail::serve::<guest::V8Guest>();
        return ExitCode::from(u8::try_from(code).unwrap_or(1));
    }
    match bench(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("bench: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the report is its output")]
fn bench(options: &Options) -> Result<()> {
    let setting = setting::Setting::prepare(options)?;
    let arms = arm::all(&options.only);
    let before = setting.redis.round_trips_per_s()?;
    let rounds = if options.quick { 1 } else { options.rounds };
    let mut figures = figures::Figures::default();
    for round in 0..rounds {
        for arm in &arms {
            note(&format!("round {} of {rounds}: {arm}", round + 1));
            let figure = arm.measure(&setting)?;
            if options.quick || round > 0 {
                figures.add(*arm, figure);
            }
        }
    }
    let yardstick = (before, setting.redis.round_trips_per_s()?);
    let report = report::Report {
        setting: &setting,
        figures: &figures,
        yardstick,
    };
    if options.json {
        println!("{:#}", report.json());
    } else {
        print!("{}", report.markdown());
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "progress, and the reason of a failure")]
fn note(text: &str) {
    eprintln!("{text}");
}
