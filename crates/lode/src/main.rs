//! `lode`: runs tenants' JavaScript hooks for application servers, each job in its own process.

use std::process::ExitCode;

mod cli;
mod config;
mod guest;
mod master;
mod nbt;
mod outcome;
mod queue_runner;
mod shown;
mod tcp_runner;

fn main() -> ExitCode {
    // The zygote must stay single-threaded and must not see our command line or runtime.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|arg| arg == lode_jail::launch::ZYGOTE_COMMAND)
    {
        let code = lode_jail::serve::<guest::V8Guest>();
        return ExitCode::from(u8::try_from(code).unwrap_or(1));
    }
    cli::main()
}
