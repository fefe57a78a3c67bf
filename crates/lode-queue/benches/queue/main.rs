//! The queue's benchmark: what one job costs Redis as the queue gets deep and the apps many.
//!
//! `cargo xtask bench queue [--quick]`. For each depth and number of apps it fills a queue on a
//! private server, then sends jobs through in chunks: enqueue, lease, settle. A chunk leaves the
//! depth as it was. The figure is the server's own CPU time (`INFO cpu`) divided by the jobs,
//! which another load on the machine disturbs least; what asking for it costs is taken off. All
//! queues stand side by side and take turns, so that a machine that gets slower meanwhile slows
//! all; the lower quartile of the rounds counts.

#![expect(
    clippy::unwrap_used,
    reason = "the test suite's server is used here too"
)]
#![expect(clippy::panic, reason = "the test suite's server is used here too")]

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Result;

mod contract;
mod cost;
#[path = "../../tests/support/server.rs"]
mod server;
mod server_cpu;

use cost::{Bench, Cost, Size};

/// Jobs in the queue while others pass through it.
const DEPTHS: [usize; 4] = [1, 1_000, 100_000, 1_000_000];
const APPS: [usize; 3] = [1, 100, 10_000];
/// For a look whether everything works.
const QUICK_DEPTHS: [usize; 2] = [1, 1_000];
const QUICK_APPS: [usize; 2] = [1, 100];
/// How often each queue has its turn; the first is not counted.
const ROUNDS: usize = 22;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (depths, apps): (&[usize], &[usize]) = match args.as_slice() {
        [] => (&DEPTHS, &APPS),
        [flag] if flag == "--quick" => (&QUICK_DEPTHS, &QUICK_APPS),
        _ => {
            say("usage: cargo xtask bench queue [--quick]")?;
            return Ok(ExitCode::from(2));
        }
    };
    say("Redis CPU per job in µs. A job of a chunk of 32 is enqueued, leased (32 at once, or one")?;
    say("by one) and settled, while `depth` others wait.\n")?;
    say(
        "|   depth |   apps | enqueue | lease of 32 | lease of 1 | settle | all (32) | transitions/s |",
    )?;
    say(
        "|--------:|-------:|--------:|------------:|-----------:|-------:|---------:|--------------:|",
    )?;
    let mut benches = Vec::new();
    for &depth in depths {
        for &apps in apps {
            benches.push(Bench::start(Size { depth, apps }).await?);
        }
    }
    let mut rounds: Vec<Vec<Cost>> = benches.iter().map(|_| Vec::new()).collect();
    for round in 0..ROUNDS {
        for (bench, costs) in benches.iter_mut().zip(&mut rounds) {
            let cost = bench.round().await?;
            if round > 0 {
                costs.push(cost);
            }
        }
    }
    let quartile = |(bench, costs): (&Bench, &Vec<Cost>)| (bench.size, Cost::lower_quartile(costs));
    let costs: Vec<(Size, Cost)> = benches.iter().zip(&rounds).map(quartile).collect();
    for (size, cost) in &costs {
        say(&row(*size, cost))?;
    }
    say("")?;
    for line in ratios(&costs) {
        say(&line)?;
    }
    if let Some(deepest) = benches.iter().max_by_key(|bench| bench.size.depth) {
        let (depth, bytes) = (deepest.size.depth, deepest.bytes_per_job);
        say(&format!(
            "\nEach of {depth} waiting jobs of about 120 bytes takes {bytes:.0} bytes of Redis."
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn say(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}

fn row(size: Size, cost: &Cost) -> String {
    format!(
        "| {:>7} | {:>6} | {:>7.1} | {:>11.1} | {:>10.1} | {:>6.1} | {:>8.1} | {:>13.0} |",
        size.depth,
        size.apps,
        cost.enqueue_us,
        cost.lease_32_us,
        cost.lease_1_us,
        cost.settle_us,
        cost.all_us(),
        cost.transitions_per_s,
    )
}

/// The cost at the extremes, and the highest, over that of the smallest queue, the first of `costs`.
fn ratios(costs: &[(Size, Cost)]) -> Vec<String> {
    let Some((small, base)) = costs.first() else {
        return Vec::new();
    };
    let deepest = costs.iter().map(|(size, _)| size.depth).max();
    let most = costs.iter().map(|(size, _)| size.apps).max();
    let extremes = costs.iter().filter(|(size, _)| {
        let (deep, wide) = (Some(size.depth) == deepest, Some(size.apps) == most);
        let at_ends = (deep || size.depth == small.depth) && (wide || size.apps == small.apps);
        at_ends && (deep || wide)
    });
    let dearest = costs
        .iter()
        .max_by(|(_, one), (_, other)| one.all_us().total_cmp(&other.all_us()));
    extremes
        .map(|found| ("", found))
        .chain(dearest.map(|found| ("at most, ", found)))
        .map(|(which, (size, cost))| {
            format!(
                "{which}depth {}, apps {}: {:.2} times the cost of depth {}, apps {}",
                size.depth,
                size.apps,
                cost.all_us() / base.all_us(),
                small.depth,
                small.apps,
            )
        })
        .collect()
}
