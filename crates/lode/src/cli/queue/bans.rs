//! `lode queue ban list|lift|set`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand};
use lode_queue::BackgroundTasks;
use serde_json::json;

use super::{QueueArgs, view};
use crate::cli::table::{Table, shown};
use crate::cli::{UsageError, parse_duration};

/// Longer than this is no suspension but an end: then pause the app.
const BAN_MAX: Duration = Duration::from_secs(365 * 24 * 3_600);

/// See `lode queue ban --help`.
#[derive(Debug, Subcommand)]
pub(crate) enum BanCommand {
    /// List apps that are suspended, and why.
    List(ListArgs),
    /// End an app's suspension, and forget its bad jobs.
    Lift(LiftArgs),
    /// Suspend an app: its jobs get `app_suspended` at once.
    Set(SetArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    at: QueueArgs,
}

#[derive(Debug, Args)]
pub(crate) struct LiftArgs {
    /// The app.
    app: String,
    #[command(flatten)]
    at: QueueArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// The app.
    app: String,
    /// What its callers are told.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// For how long. Default: breaker.ban_s.
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    time: Option<Duration>,
    #[command(flatten)]
    at: QueueArgs,
}

/// Runs the command.
pub(super) async fn run(command: BanCommand) -> Result<ExitCode> {
    match command {
        BanCommand::List(args) => list(args).await,
        BanCommand::Lift(args) => {
            let (queue, config) = args.at.open().await?;
            let lifted = queue.lift(&args.app).await?;
            // Clients of npm background-task look at keys of their own, which only a Redis has.
            let options = config.background_task_options();
            let lifted_there = match BackgroundTasks::open(&config.queue.url, options).await {
                Ok(tasks) => tasks.lift(&args.app).await?,
                Err(_) => false,
            };
            let lifted = lifted || lifted_there;
            let app = shown(&args.app);
            let told = match lifted {
                true => format!("app {app} is suspended no more"),
                false => format!("app {app} is not suspended"),
            };
            let value = json!({"app": args.app, "lifted": lifted});
            Ok(args.at.done(&value, lifted, &told))
        }
        BanCommand::Set(args) => set(args).await,
    }
}

async fn set(args: SetArgs) -> Result<ExitCode> {
    if args.app.is_empty() || args.reason.is_empty() || args.reason.len() > 300 {
        let why = "an app and a reason of 1 to 300 bytes are needed";
        return Err(UsageError(why.to_owned()).into());
    }
    let (queue, config) = args.at.open().await?;
    let time = args
        .time
        .unwrap_or_else(|| Duration::from_secs(config.breaker.ban_s));
    if time > BAN_MAX {
        let why = "--for: at most a year; `lode queue pause` has no end";
        return Err(UsageError(why.to_owned()).into());
    }
    queue.ban(&args.app, &args.reason, time).await?;
    let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let told = format!(
        "app {} is suspended for {}",
        shown(&args.app),
        view::time(ms)
    );
    let value = json!({"app": args.app, "reason": args.reason, "remaining_ms": ms});
    Ok(args.at.done(&value, true, &told))
}

async fn list(args: ListArgs) -> Result<ExitCode> {
    let (queue, _) = args.at.open().await?;
    let bans = queue.bans().await?;
    let items = bans.iter().map(view::ban).collect();
    args.at.show_list(items, "no app is suspended", || {
        let mut table = Table::new(&["app", "remaining", "reason"]);
        for ban in &bans {
            let remaining = view::time(ban.remaining.as_secs() * 1_000);
            table.row([ban.app.clone(), remaining, ban.reason.clone()]);
        }
        table.lines()
    });
    Ok(ExitCode::SUCCESS)
}
