//! `lode logs`: what an app's hooks have written.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use lode_proto::message::LogLevel;
use lode_store::{LogLine, LogQuery, Store};
use serde_json::json;

use super::table::shown;
use super::{StoreArgs, UsageError, complain, moment, parse_duration, print_line};
use crate::master::clock::unix_ms;

/// Between two looks for new lines.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Lines that one look takes.
const LOOK_LINES: usize = 1_000;

/// See `lode logs --help`.
#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// The app.
    app: String,
    /// Go on with new lines as they come, until interrupted.
    #[arg(short, long)]
    follow: bool,
    /// Only lines written since then: a moment such as 2026-12-01T08:00:00Z, or how long ago (1h).
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only lines this grave, or graver: info, warning, error or fatal.
    #[arg(long, value_name = "LEVEL", default_value = "info", value_parser = level)]
    level: LogLevel,
    /// Only this hook's, such as books.onPreSave or endpoint:NAME.
    #[arg(long, value_name = "HOOK")]
    hook: Option<String>,
    /// At most so many lines, the newest.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    limit: usize,
    /// One JSON object a line, for programs.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

fn level(text: &str) -> Result<LogLevel, String> {
    match text.to_lowercase().as_str() {
        "info" => Ok(LogLevel::Info),
        "warn" | "warning" => Ok(LogLevel::Warning),
        "error" => Ok(LogLevel::Error),
        "fatal" => Ok(LogLevel::Fatal),
        _ => Err("allowed are info, warning, error and fatal".to_owned()),
    }
}

/// Runs the command.
pub(crate) async fn run(args: LogsArgs) -> Result<ExitCode> {
    let since_ms = args.since.as_deref().map(since).transpose()?;
    let store = args.store.open().await?;
    let app = args.app.as_str();
    if store.app(app).await?.is_none() {
        bail!("there is no app {app:?}; `lode app list` shows them");
    }
    let mut query = LogQuery {
        since_ms: since_ms.unwrap_or_default(),
        level: args.level,
        hook: args.hook.clone(),
        limit: args.limit,
        ..LogQuery::default()
    };
    let lines = store.logs(app, query.clone()).await?;
    if lines.is_empty() && !args.follow && !args.json {
        complain("there are no such lines");
    }
    query.after_seq = match print(&lines, args.json) {
        Some(seq) => seq,
        // No line was asked for, or none is such: what follows comes after the newest of all.
        None => newest(&*store, app).await?,
    };
    query.limit = LOOK_LINES;
    query.oldest = true;
    if !args.follow {
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        let lines = store.logs(app, query.clone()).await?;
        query.after_seq = print(&lines, args.json).unwrap_or(query.after_seq);
        if lines.len() < LOOK_LINES {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// The number of the app's newest line.
async fn newest(store: &dyn Store, app: &str) -> Result<u64> {
    let query = LogQuery {
        limit: 1,
        ..LogQuery::default()
    };
    let lines = store.logs(app, query).await?;
    Ok(lines.last().map_or(0, |line| line.seq))
}

/// `1h` ago, or a moment.
fn since(text: &str) -> Result<u64, UsageError> {
    if let Ok(moment) = moment::parse(text) {
        return Ok(moment);
    }
    let ago = parse_duration(text).map_err(|_| {
        let why = "write it as 2026-12-01T08:00:00Z or as how long ago: 30s, 15m, 1h, 2days";
        UsageError(format!("--since {text:?}: {why}"))
    })?;
    let ago_ms = u64::try_from(ago.as_millis()).unwrap_or(u64::MAX);
    Ok(unix_ms().saturating_sub(ago_ms))
}

/// Prints lines; the number of the last.
fn print(lines: &[LogLine], json: bool) -> Option<u64> {
    for line in lines {
        let (at, name) = (moment::shown(line.at_ms), name(line.level));
        if json {
            let line = json!({
                "timestampInMS": line.at_ms, "timestamp": at, "level": name,
                "message": line.message, "hook": line.hook, "job": line.job,
            });
            print_line(&line.to_string());
        } else {
            let (hook, job) = (shown(&line.hook), shown(&line.job));
            print_line(&format!(
                "{at} {name} {hook} {job} {}",
                shown(&line.message)
            ));
        }
    }
    lines.last().map(|line| line.seq)
}

/// A level's name, as in Kinvey's logs.
fn name(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Info => "INFO",
        LogLevel::Warning => "WARNING",
        LogLevel::Error => "ERROR",
        LogLevel::Fatal => "FATAL",
    }
}
