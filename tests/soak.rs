//! The differential soak of the fork: `cargo xtask soak [N]`.
//!
//! Forking a live V8 is the bet of this project. This program runs N forked children (100,000
//! unless told) over the scripts of `tests/hooks/soak` and compares what each of them reports,
//! byte by byte, with what the same script reports in a new isolate of a new process. The short
//! form of it is the test `fork_soak`.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};

#[path = "soak/forks.rs"]
mod forks;
#[path = "soak/fresh.rs"]
mod fresh;
#[path = "../crates/lode/src/guest.rs"]
mod guest;
#[path = "soak/script.rs"]
mod script;
#[path = "soak/soak.rs"]
mod soak;

const CHILDREN: u64 = 100_000;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args[..] {
        [lode_jail::launch::ZYGOTE_COMMAND] => {
            let code = lode_jail::serve::<guest::V8Guest>();
            return ExitCode::from(u8::try_from(code).unwrap_or(1));
        }
        [fresh::FRESH, path] => fresh::main(path),
        [] => run(CHILDREN),
        [count] => count
            .parse()
            .with_context(|| format!("usage: soak [N]; {count:?} is no number"))
            .and_then(run),
        [_, _, ..] => Err(anyhow::anyhow!("usage: soak [N]")),
    };
    result.unwrap_or_else(|error| {
        say(&format!("soak: {error:#}"));
        ExitCode::FAILURE
    })
}

#[expect(clippy::disallowed_methods, reason = "it tells how long it took")]
fn run(children: u64) -> Result<ExitCode> {
    let start = Instant::now();
    let tally = soak::soak(children, &mut |text| say(&format!("soak: {text}")))?;
    let soak::Tally {
        children,
        scripts,
        differences,
        crashes,
    } = tally;
    let seconds = start.elapsed().as_secs();
    say(&format!(
        "soak: {children} children, {scripts} scripts, {differences} differences, \
         {crashes} crashes, {seconds} s"
    ));
    Ok(if tally.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[expect(clippy::print_stdout, reason = "progress and result are its output")]
fn say(text: &str) {
    println!("{text}");
}
