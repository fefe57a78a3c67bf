//! An attacker with native code in a child of the jail: whatever system call it makes, by whatever
//! way, it gets nothing.
//!
//! JavaScript is no boundary here: the guest of these tests is what is left when V8 has fallen.
//! The zygote is this very program executed again, so that it needs a `main` of its own.
#![expect(
    clippy::panic,
    clippy::print_stderr,
    reason = "a test; the lints know tests only by the usual harness"
)]

use std::process::ExitCode;

#[path = "native_attacker/allowed.rs"]
mod allowed;
#[path = "native_attacker/attack.rs"]
mod attack;
#[path = "native_attacker/dangerous.rs"]
mod dangerous;
#[path = "native_attacker/guest.rs"]
mod guest;
#[path = "../../../tests/harness.rs"]
mod harness;
#[path = "native_attacker/host.rs"]
mod host;
#[path = "native_attacker/limits.rs"]
mod limits;
#[path = "native_attacker/master.rs"]
mod master;
#[path = "native_attacker/numbers.rs"]
mod numbers;
#[path = "native_attacker/siblings.rs"]
mod siblings;
#[path = "native_attacker/sys.rs"]
mod sys;
#[path = "native_attacker/tamper.rs"]
mod tamper;

/// A test by the name of its function.
macro_rules! test {
    ($module:ident :: $name:ident) => {
        (stringify!($name), $module::$name as fn())
    };
}

const TESTS: &[harness::Test] = &[
    test!(numbers::every_number_is_allowed_or_ends_the_child_under_its_own_name),
    test!(numbers::calls_of_other_tables_end_the_child),
    test!(dangerous::no_dangerous_call_is_made),
    test!(allowed::allowed_calls_with_odd_arguments_do_no_harm),
    test!(allowed::no_flag_makes_memory_of_another_kind),
    test!(allowed::every_clock_of_another_process_is_out_of_reach),
    test!(allowed::advice_is_about_the_childs_own_pages),
    test!(siblings::a_child_cannot_reach_its_sibling_or_its_zygote),
    test!(siblings::what_a_child_writes_no_sibling_sees),
    test!(siblings::a_child_has_one_descriptor_for_ever),
    test!(siblings::the_kernels_limits_hold_without_the_filter),
    test!(host::the_host_sees_nothing_of_an_attack),
    test!(limits::memory_ends_at_the_jobs_limit),
    test!(limits::memory_that_the_limit_does_not_count_is_seen_by_the_watch),
    test!(limits::the_stack_ends_at_its_limit),
    test!(limits::processor_time_ends_at_the_jobs_limit),
    test!(tamper::the_trap_cannot_be_disarmed),
    test!(tamper::a_forbidden_call_waits_until_its_child_is_killed),
    test!(tamper::a_forbidden_call_that_a_signal_interrupts_is_not_made),
    test!(tamper::the_zygote_forks_working_children_after_every_way_to_die),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        // A zygote has no environment; `cargo test zygote`, where the word is a filter, has one.
        [lode_jail::launch::ZYGOTE_COMMAND] if std::env::vars_os().next().is_none() => {
            let code = lode_jail::serve::<guest::Attacker>();
            ExitCode::from(u8::try_from(code).unwrap_or(1))
        }
        _ => harness::run(TESTS, &args),
    }
}
