//! As much of a test harness's command line as test runners use: a list, and tests by name.

use std::process::ExitCode;

/// A test: its name and what it does, which panics when it fails.
pub(crate) type Test = (&'static str, fn());

/// Options of the usual harness that are followed by a value.
const WITH_VALUE: [&str; 6] = [
    "--format",
    "--color",
    "--test-threads",
    "--logfile",
    "--skip",
    "-Z",
];

/// Lists or runs `tests`, one after the other, as `args` ask for.
#[expect(clippy::print_stdout, reason = "test runners read it")]
pub(crate) fn run(tests: &[Test], args: &[&str]) -> ExitCode {
    if args.contains(&"--ignored") {
        return ExitCode::SUCCESS;
    }
    let named = tests.iter().filter(|(name, _)| is_named(name, args));
    if args.contains(&"--list") {
        named.for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let mut failed = 0;
    for (name, test) in named {
        // The hook has printed why by then.
        let passed = std::panic::catch_unwind(test).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        failed += usize::from(!passed);
    }
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Whether the filters among the arguments let a test through.
fn is_named(name: &str, args: &[&str]) -> bool {
    let exact = args.contains(&"--exact");
    let mut filters = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if WITH_VALUE.contains(arg) {
            args.next();
        } else if !arg.starts_with('-') {
            filters.push(*arg);
        }
    }
    let is_meant = |filter: &str| name == filter || (!exact && name.contains(filter));
    filters.is_empty() || filters.into_iter().any(is_meant)
}
