//! The short form of the soak, in the ordinary test suite: 600 forked children.
//!
//! The zygote is this very program executed again, so that the program needs a `main` of its own
//! instead of the test harness's.

use std::process::ExitCode;

#[path = "soak/forks.rs"]
mod forks;
#[path = "soak/fresh.rs"]
mod fresh;
#[path = "../crates/lode/src/guest.rs"]
mod guest;
mod harness;
#[path = "soak/script.rs"]
mod script;
#[path = "soak/soak.rs"]
mod soak;

const TESTS: &[harness::Test] = &[(
    "forked_children_report_what_a_new_process_reports",
    forked_children_report_what_a_new_process_reports,
)];
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
        _ => harness::run(TESTS, &args),
    }
}

fn forked_children_report_what_a_new_process_reports() {
    let mut log = Vec::new();
    let result = soak::soak(CHILDREN, &mut |text| log.push(text.to_owned()));
    let good = matches!(&result, Ok(tally) if tally.is_clean() && tally.children == CHILDREN);
    assert!(good, "{result:?}\n{}", log.join("\n"));
}

#[expect(clippy::print_stderr, reason = "the reason of a failure")]
fn fail(reason: &str) -> ExitCode {
    eprintln!("{reason}");
    ExitCode::FAILURE
}
