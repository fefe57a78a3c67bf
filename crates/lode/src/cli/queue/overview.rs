//! `lode queue stats|pause|resume|workers`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use lode_queue::{AppStats, QueueStats};
use serde_json::json;

use super::{QueueArgs, view};
use crate::cli::UsageError;
use crate::cli::table::{Table, shown};

#[derive(Debug, Args)]
pub(crate) struct StatsArgs {
    /// Only this app.
    #[arg(long, value_name = "APP")]
    app: Option<String>,
    /// So many apps, those with the most live jobs.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    at: QueueArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PauseArgs {
    /// The app. Default: the whole queue; apps that were paused by name stay so when it resumes.
    app: Option<String>,
    #[command(flatten)]
    at: QueueArgs,
}

impl PauseArgs {
    /// An empty name is a script's variable that was never set, and not the whole queue.
    fn check(&self) -> Result<()> {
        if self.app.as_deref() == Some("") {
            let why = "the app's name is empty; leave it out to mean the whole queue";
            return Err(UsageError(why.to_owned()).into());
        }
        Ok(())
    }
}

#[derive(Debug, Args)]
pub(crate) struct WorkersArgs {
    #[command(flatten)]
    at: QueueArgs,
}

pub(super) async fn stats(args: StatsArgs) -> Result<ExitCode> {
    let (queue, _) = args.at.open().await?;
    let stats = queue.stats().await?;
    let apps = queue.app_stats(args.app.as_deref(), args.limit).await?;
    let value = view::stats(queue.name(), &stats, &apps);
    args.at.show(&value, || {
        let mut lines = numbers(queue.name(), &stats);
        if !apps.is_empty() {
            lines.push(String::new());
            lines.extend(app_lines(&apps));
        }
        lines
    });
    Ok(ExitCode::SUCCESS)
}

fn numbers(name: &str, stats: &QueueStats) -> Vec<String> {
    let paused = if stats.paused { ", PAUSED" } else { "" };
    let mut lines = vec![format!("queue {name}: {} workers{paused}", stats.workers)];
    for (what, number, meaning) in [
        ("inbox", stats.inbox, "not yet looked at"),
        ("queued", stats.queued, "wait for a place"),
        ("delayed", stats.delayed, "wait for their time"),
        ("leased", stats.leased, "run, or are about to"),
        ("dead", stats.dead, "kept: `lode queue dead list`"),
        ("settled", stats.settled, "have had their outcome so far"),
        (
            "duplicates",
            stats.duplicates,
            "so far, by id or dedupe key",
        ),
        (
            "reclaimed",
            stats.reclaimed,
            "so far, taken back from lost workers",
        ),
        (
            "undelivered",
            stats.undelivered,
            "outcomes so far that nobody could be given",
        ),
        (
            "refused",
            stats.refused,
            "so far: the queue or their app was full",
        ),
        ("cancelled", stats.cancelled, "so far"),
        (
            "expired",
            stats.expired,
            "so far: not started before their deadline",
        ),
    ] {
        lines.push(format!("{what:<12}{number:>10}  {meaning}"));
    }
    lines
}

fn app_lines(apps: &[AppStats]) -> Vec<String> {
    let mut table = Table::new(&["app", "live", "queued", "leased", "state"]);
    for app in apps {
        let mut state = Vec::new();
        if let Some(ban) = &app.ban {
            let seconds = ban.remaining.as_secs();
            state.push(format!("suspended for {}", view::time(seconds * 1_000)));
        }
        state.extend(app.paused.then(|| "paused".to_owned()));
        state.extend(app.throttled.then(|| "held by its rate".to_owned()));
        let name = if app.app.is_empty() {
            "(unreadable jobs)"
        } else {
            &app.app
        };
        table.row([
            name.to_owned(),
            app.live.to_string(),
            app.queued.to_string(),
            app.leased.to_string(),
            state.join(", "),
        ]);
    }
    table.lines()
}

pub(super) async fn pause(args: PauseArgs) -> Result<ExitCode> {
    args.check()?;
    let (queue, _) = args.at.open().await?;
    let changed = queue.pause(args.app.as_deref()).await?;
    Ok(told(&args, true, changed))
}

pub(super) async fn resume(args: PauseArgs) -> Result<ExitCode> {
    args.check()?;
    let (queue, _) = args.at.open().await?;
    let changed = queue.resume(args.app.as_deref()).await?;
    Ok(told(&args, false, changed))
}

fn told(args: &PauseArgs, paused: bool, changed: bool) -> ExitCode {
    let what = match &args.app {
        Some(app) => format!("app {}", shown(app)),
        None => "the queue".to_owned(),
    };
    let text = match (paused, changed) {
        (true, true) => format!("{what} is paused: running jobs go on, no other starts"),
        (true, false) => format!("{what} was paused already"),
        (false, true) => format!("{what} is resumed"),
        (false, false) => format!("{what} was not paused"),
    };
    let value = json!({"app": args.app, "paused": paused, "changed": changed});
    args.at.done(&value, true, &text)
}

pub(super) async fn workers(args: WorkersArgs) -> Result<ExitCode> {
    let (queue, _) = args.at.open().await?;
    let workers = queue.workers().await?;
    let items = workers.iter().map(view::worker).collect();
    args.at.show_list(items, "no worker serves this queue", || {
        let mut table = Table::new(&["worker", "last heard of"]);
        for worker in &workers {
            let ago = format!("{} ago", view::time(worker.beat_age_ms));
            table.row([worker.name.clone(), ago]);
        }
        table.lines()
    });
    Ok(ExitCode::SUCCESS)
}
