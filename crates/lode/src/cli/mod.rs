//! The command line: what each command takes; what it does is in the file of its name.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use lode_store::Store;

use crate::config::Config;

mod app;
mod check;
mod data;
mod doctor;
mod enqueue;
mod hook;
mod index;
mod logs;
mod moment;
mod outbox;
mod queue;
mod run;
mod schedule;
mod serve;
mod table;

/// Runs tenants' JavaScript hooks for application servers, each job in its own process.
#[derive(Debug, Parser)]
#[command(name = "lode", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run one hook, without a queue: the outcome as one JSON object on standard output.
    Run(Box<run::RunArgs>),
    /// Serve a queue until SIGTERM.
    Serve(serve::ServeArgs),
    /// Put a job into the queue; print its id, or with --wait its outcome.
    Enqueue(Box<enqueue::EnqueueArgs>),
    /// Make one data request, as a client makes it of an application server: hooks through the
    /// queue, data in the store, the reply on standard output.
    Data(Box<data::DataArgs>),
    /// Look at a queue and manage it: numbers, jobs, the dead list, bans, pauses.
    #[command(subcommand)]
    Queue(queue::QueueCommand),
    /// Put, list and delete schedules: hooks that run at times of their own.
    #[command(subcommand)]
    Schedule(schedule::ScheduleCommand),
    /// Create and list apps.
    #[command(subcommand)]
    App(app::AppCommand),
    /// Put, list, show and roll back hooks.
    #[command(subcommand)]
    Hook(hook::HookCommand),
    /// Create, list and drop indexes over an app's documents.
    #[command(subcommand)]
    Index(index::IndexCommand),
    /// Look at hooks' email and push messages, and send some anew.
    #[command(subcommand)]
    Outbox(outbox::OutboxCommand),
    /// Read what an app's hooks have logged.
    Logs(logs::LogsArgs),
    /// Say what this host can give: jail layers, V8, kernel, queue, store.
    Doctor(doctor::DoctorArgs),
    /// Print the effective configuration, without its passwords.
    Config(ConfigArgs),
}

/// Where the configuration comes from.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// The store, for commands that need nothing else.
#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Store: sqlite:PATH, or postgres://USER:PASSWORD@HOST/DATABASE.
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<String>,
}

impl StoreArgs {
    /// The store that is meant.
    pub(crate) async fn open(&self) -> Result<Arc<dyn Store>> {
        open_store(&self.load()?).await
    }

    /// The configuration with the flag on top.
    pub(crate) fn load(&self) -> Result<Config> {
        let mut config = Config::load(self.config.config.as_deref())?;
        if let Some(store) = &self.store {
            config.store.url.clone_from(store);
        }
        config.check()
    }
}

/// Opens the store of this configuration. An error does not show its password.
pub(crate) async fn open_store(config: &Config) -> Result<Arc<dyn Store>> {
    let opened = lode_store::open_with(&config.store.url, config.store_options());
    opened.await.context("store")
}

/// Parses the command line and runs it. Usage errors exit 2, failures 1.
pub(crate) fn main() -> ExitCode {
    let command = Cli::parse().command;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(dispatch(command)),
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            complain(&format!("lode: {error:#}"));
            let usage = error.is::<UsageError>();
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}

async fn dispatch(command: Command) -> Result<ExitCode> {
    match command {
        Command::Run(args) => run::run(*args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Enqueue(args) => enqueue::run(*args).await,
        Command::Data(args) => data::run(*args).await,
        Command::Queue(command) => queue::run(command).await,
        Command::Schedule(command) => schedule::run(command).await,
        Command::App(command) => app::run(command).await,
        Command::Hook(command) => hook::run(command).await,
        Command::Index(command) => index::run(command).await,
        Command::Outbox(command) => outbox::run(command).await,
        Command::Logs(args) => logs::run(args).await,
        Command::Doctor(args) => doctor::run(args).await,
        Command::Config(args) => {
            let config = Config::load(args.config.as_deref())?.check()?;
            print_line(toml::to_string(&config.without_secrets())?.trim_end());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A command line that clap accepts and that still makes no sense: exit 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// 0 when `good`, else 1.
pub(crate) fn exit_code(good: bool) -> ExitCode {
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// One line on standard output. A reader that has gone away is no error of ours.
pub(crate) fn print_line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A text on standard output exactly as it is.
pub(crate) fn print_text(text: &str) {
    let _ = write!(std::io::stdout().lock(), "{text}");
}

/// One line on standard error.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Reads a file, or standard input for `-`.
pub(crate) fn read_input(path: &str) -> Result<String> {
    if path == "-" {
        return std::io::read_to_string(std::io::stdin()).context("standard input");
    }
    std::fs::read_to_string(path).with_context(|| format!("file {path}"))
}

/// `5s`, `300ms`, `2m`: a duration of at least a millisecond.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text)
        .map_err(|error| format!("{error}; write it as 5s, 300ms or 2m"))?;
    if duration < Duration::from_millis(1) {
        return Err("at least 1ms".to_owned());
    }
    Ok(duration)
}

/// Lines of the log that may wait for standard error; a hook's line has at most 1 MiB, a common one
/// 32 KiB. Beyond it lines are dropped and counted.
const LOG_LINES_WAITING_MAX: usize = 2_000;

/// The log's writer: what is waiting is written when this is dropped.
#[derive(Debug)]
pub(crate) struct Log {
    _guard: tracing_appender::non_blocking::WorkerGuard,
    dropped: tracing_appender::non_blocking::ErrorCounter,
}

impl Log {
    /// Lines that were dropped because nobody took what is written to standard error.
    pub(crate) fn dropped_lines(&self) -> usize {
        self.dropped.dropped_lines()
    }
}

/// Starts the log on standard error. `level` is a filter such as `info`. It is written by a thread
/// of its own: a reader who is slow, or a hook that writes much, must not hold up the worker.
pub(crate) fn start_log(level: &str, json: bool) -> Result<Log> {
    let filter = tracing_subscriber::EnvFilter::try_new(level)
        .map_err(|error| anyhow::anyhow!("log.level {level:?}: {error}"))?;
    let (writer, guard) = tracing_appender::non_blocking::NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(LOG_LINES_WAITING_MAX)
        .thread_name("log")
        .finish(std::io::stderr());
    let dropped = writer.error_counter();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(writer);
    if json {
        builder.json().init();
    } else {
        builder.init();
    }
    Ok(Log {
        _guard: guard,
        dropped,
    })
}
