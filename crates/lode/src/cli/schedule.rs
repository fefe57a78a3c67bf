//! `lode schedule`: hooks that run at times of their own.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use lode_proto::HookName;
use lode_store::NewSchedule;
use serde_json::{Value, json};

use super::table::{Table, shown};
use super::{StoreArgs, UsageError, complain, moment, print_line};
use crate::master::clock::unix_ms;
use crate::master::ticks;

/// See `lode schedule --help`.
#[derive(Debug, Subcommand)]
pub(crate) enum ScheduleCommand {
    /// Store a schedule, or replace the one of this name.
    Put(PutArgs),
    /// List schedules with their next ticks.
    List(ListArgs),
    /// Delete a schedule.
    Delete(DeleteArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PutArgs {
    /// The app.
    app: String,
    /// The schedule's name, unique in its app.
    name: String,
    /// What runs: endpoint:NAME.
    #[arg(long, value_name = "HOOK")]
    on: String,
    /// First time, in UTC unless it names a zone, such as 2026-12-01T08:00:00Z.
    #[arg(long, value_name = "TIME", required_unless_present = "cron")]
    start: Option<String>,
    /// How often from then on: weekly, daily, hourly, 30-minutes, 10-minutes, 5-minutes or
    /// 1-minute. Default: once.
    #[arg(
        long,
        value_name = "INTERVAL",
        requires = "start",
        conflicts_with = "cron"
    )]
    every: Option<String>,
    /// Minute, hour, day, month, weekday in UTC, such as "0 3 * * *"; with --start not before it.
    #[arg(long, value_name = "FIELDS")]
    cron: Option<String>,
    /// The body of the hook's request, as JSON.
    #[arg(long, value_name = "JSON")]
    body: Option<String>,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only this app's.
    app: Option<String>,
    /// One JSON document, for programs.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    /// The app.
    app: String,
    /// The schedule's name.
    name: String,
    #[command(flatten)]
    store: StoreArgs,
}

/// Runs the command.
pub(crate) async fn run(command: ScheduleCommand) -> Result<ExitCode> {
    match command {
        ScheduleCommand::Put(args) => put(args).await?,
        ScheduleCommand::List(args) => list(args).await?,
        ScheduleCommand::Delete(args) => delete(args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn put(args: PutArgs) -> Result<()> {
    let hook = HookName::parse(&args.on).map_err(|error| UsageError(format!("--on: {error}")))?;
    if hook.endpoint().is_none() {
        bail!(UsageError(
            "--on: a schedule runs an endpoint: endpoint:NAME".to_owned()
        ));
    }
    let start = args.start.as_deref();
    let start_ms = start
        .map(|text| moment::argument("--start", text))
        .transpose()?;
    let request = args.body.as_deref().map(request).transpose()?;
    let store = args.store.open().await?;
    let schedule = NewSchedule {
        app: args.app,
        name: args.name,
        hook: hook.to_string(),
        start_ms,
        every: args.every,
        cron: args.cron,
        request,
    };
    // The store would refuse it as well; here it is known to be the command line's fault.
    let (every, cron) = (schedule.every.as_deref(), schedule.cron.as_deref());
    let times = ticks::times(schedule.start_ms, every, cron)
        .map_err(|error| UsageError(error.to_string()))?;
    if times.first(unix_ms()).is_none() {
        let why = "this schedule has no time that is still to come";
        bail!(UsageError(why.to_owned()));
    }
    let app = schedule.app.as_str();
    if store.app(app).await?.is_none() {
        bail!("there is no app {app:?}; `lode app list` shows them");
    }
    if store.hook(app, &schedule.hook, None).await?.is_none() {
        complain(&format!(
            "lode: app {app} has no hook {} yet; until it has, each tick is a bad_job",
            schedule.hook
        ));
    }
    let schedule = store.put_schedule(schedule).await?;
    let when = match ticks::next(&schedule, unix_ms()) {
        Some(next_ms) => format!("next at {}", moment::shown(next_ms)),
        None => "once, as soon as a worker sees it".to_owned(),
    };
    print_line(&format!("{} {when}", ticks::id(&schedule)));
    Ok(())
}

/// `{"body": …}`
fn request(body: &str) -> Result<String> {
    let body: Value = serde_json::from_str(body)
        .map_err(|error| UsageError(format!("--body is not JSON: {error}")))?;
    Ok(json!({"body": body}).to_string())
}

async fn list(args: ListArgs) -> Result<()> {
    let store = args.store.open().await?;
    if let Some(app) = &args.app
        && store.app(app).await?.is_none()
    {
        bail!("there is no app {app:?}; `lode app list` shows them");
    }
    let schedules = store.schedules(args.app.as_deref()).await?;
    let now_ms = unix_ms();
    if args.json {
        let items = schedules.iter().map(|schedule| {
            let next_ms = ticks::next(schedule, now_ms);
            json!({
                "app": schedule.app, "name": schedule.name, "hook": schedule.hook,
                "start_ms": schedule.start_ms, "every": schedule.every, "cron": schedule.cron,
                "request": schedule.request, "created_ms": schedule.created_ms,
                "next_ms": next_ms, "next": next_ms.map(moment::shown),
            })
        });
        print_line(&Value::Array(items.collect()).to_string());
        return Ok(());
    }
    if schedules.is_empty() {
        complain("there are no schedules");
        return Ok(());
    }
    let mut table = Table::new(&["app", "name", "hook", "times", "next"]);
    for schedule in &schedules {
        let start = schedule.start_ms.map(moment::shown);
        let times = match (&schedule.cron, &schedule.every) {
            (Some(cron), _) => format!("cron {cron}"),
            (None, Some(every)) => format!("{every} from {}", start.unwrap_or_default()),
            (None, None) => "once".to_owned(),
        };
        table.row([
            schedule.app.clone(),
            schedule.name.clone(),
            schedule.hook.clone(),
            times,
            ticks::next(schedule, now_ms).map_or_else(|| "no more".to_owned(), moment::shown),
        ]);
    }
    table.lines().iter().for_each(|line| print_line(line));
    Ok(())
}

async fn delete(args: DeleteArgs) -> Result<()> {
    let store = args.store.open().await?;
    if !store.delete_schedule(&args.app, &args.name).await? {
        bail!(
            "app {} has no schedule {}; `lode schedule list` shows them",
            shown(&args.app),
            shown(&args.name)
        );
    }
    print_line(&format!("{}/{} deleted", args.app, args.name));
    Ok(())
}
