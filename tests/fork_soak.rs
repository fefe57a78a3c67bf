//! The short form of the soak, in the ordinary test suite: 600 forked children.
//!
//! The zygote is this very program executed again, so that the program needs a `main` of its own
//! instead of the test harness's. It speaks as much of the harness's command line as test
//! runners use.

use std::process::ExitCode;

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

const TEST: &str = "forked_children_report_what_a_new_process_reports";
const CHILDREN: u64 = 600;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        // A zygote has no environment; `cargo test zygote`, where the word is a filter, has one.
        [lode_jail::launch::ZYGOTE_COMMAND] if std::env::vars_os().next().is_none() => {
            let code = lode_jail::serve::<guest::V8Guest>();
            ExitCode::from(u8::try_from(code).unwrap_or(1))
        }
        [fresh::FRESH, path] => match fresh::main(path) {
            Ok(code) => code,
            Err(error) => fail(&format!("{error:#}")),
        },
        _ => be_a_test_harness(&args),
    }
}

#[expect(clippy::print_stdout, reason = "test runners read it")]
fn be_a_test_harness(args: &[&str]) -> ExitCode {
    if args.contains(&"--ignored") || !is_named(args) {
        return ExitCode::SUCCESS;
    }
    if args.contains(&"--list") {
        println!("{TEST}: test");
        return ExitCode::SUCCESS;
    }
    let mut log = Vec::new();
    match soak::soak(CHILDREN, &mut |text| log.push(text.to_owned())) {
        Ok(tally) if tally.is_clean() && tally.children == CHILDREN => {
            println!("test {TEST} ... ok");
            ExitCode::SUCCESS
        }
        other => fail(&format!("{other:?}\n{}", log.join("\n"))),
    }
}

/// Whether the filters among the arguments let our one test through.
fn is_named(args: &[&str]) -> bool {
    let exact = args.contains(&"--exact");
    let values = [
        "--format",
        "--color",
        "--test-threads",
        "--logfile",
        "--skip",
        "-Z",
    ];
    let mut filters = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if values.contains(arg) {
            args.next();
        } else if !arg.starts_with('-') {
            filters.push(*arg);
        }
    }
    let is_meant = |name: &str| name == TEST || (!exact && TEST.contains(name));
    filters.is_empty() || filters.into_iter().any(is_meant)
}

#[expect(clippy::print_stderr, reason = "the reason of a failure")]
fn fail(reason: &str) -> ExitCode {
    eprintln!("test {TEST} ... FAILED\n{reason}");
    ExitCode::FAILURE
}
