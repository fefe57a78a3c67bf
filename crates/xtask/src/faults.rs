//! `cargo xtask faults`: the long form of the fault drill, `tests/e2e/faults.rs`.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::{place, redis, say, step, v8};

/// Jobs of one drill unless told otherwise: minutes of faults on two cores.
const JOBS: u64 = 100_000;
/// Longer than any drill takes: the faults come until nine of ten jobs are answered.
const SECONDS: u64 = 7_200;
/// The two drills by what their names have in common.
const DRILLS: &str = "under_faults";

/// Runs both drills, one after the other, with so many jobs each. Their reports go to standard
/// output; a job that was lost or answered twice is a failure.
pub(crate) fn run(jobs: Option<u64>) -> Result<ExitCode> {
    v8::provide(v8::Origin::Any)?;
    // The drill starts servers itself; here they are only installed where they are missing.
    redis::find()?;
    let seed = place::setting("LODE_FAULT_SEED").unwrap_or_else(random_seed);
    let mut cargo = Command::new("cargo");
    cargo
        .args(["test", "--quiet", "--package", "lode", "--test", "e2e"])
        .args(["--", "--nocapture", "--test-threads", "1", DRILLS])
        .env("LODE_FAULT_JOBS", jobs.unwrap_or(JOBS).to_string())
        .env("LODE_FAULT_SEED", &seed)
        .current_dir(place::root());
    if place::setting("LODE_FAULT_SECONDS").is_none() {
        cargo.env("LODE_FAULT_SECONDS", SECONDS.to_string());
    }
    let status = step::status(&mut cargo)?;
    // At the end, where it is seen.
    say::note(&format!(
        "faults: LODE_FAULT_SEED={seed} brings these faults again"
    ));
    Ok(step::exit_code(status))
}

/// The keys of hash maps are the standard library's only chance.
fn random_seed() -> String {
    RandomState::new().build_hasher().finish().to_string()
}
