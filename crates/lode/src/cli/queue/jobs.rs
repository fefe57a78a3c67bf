//! `lode queue peek|inspect|cancel|result`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use lode_queue::{Cancelled, JobView};
use serde_json::json;

use super::{QueueArgs, view};
use crate::cli::table::{Table, shown};
use crate::cli::{complain, print_line};

#[derive(Debug, Args)]
pub(crate) struct PeekArgs {
    /// Only this app's jobs.
    app: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    at: QueueArgs,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The job's id in the queue.
    id: String,
    #[command(flatten)]
    at: QueueArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CancelArgs {
    /// The job's id.
    id: String,
    /// Only if it is this app's; two apps may have chosen the same id.
    #[arg(long, value_name = "APP")]
    app: Option<String>,
    #[command(flatten)]
    at: QueueArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ResultArgs {
    /// The app.
    app: String,
    /// The id that the job had.
    id: String,
    #[command(flatten)]
    at: QueueArgs,
}

pub(super) async fn peek(args: PeekArgs) -> Result<ExitCode> {
    let (queue, _) = args.at.open().await?;
    let jobs = queue.peek(args.app.as_deref(), args.limit).await?;
    let items = jobs.iter().map(view::job).collect();
    args.at.show_list(items, "no job waits", || {
        let mut table = Table::new(&[
            "id", "app", "hook", "state", "priority", "attempts", "age", "due in",
        ]);
        for job in &jobs {
            table.row([
                job.id.clone(),
                job.app.clone(),
                job.hook.clone(),
                view::state(job.state).to_owned(),
                job.priority.to_string(),
                job.attempts.to_string(),
                view::time(job.age_ms),
                job.due_in_ms.map(view::time).unwrap_or_default(),
            ]);
        }
        table.lines()
    });
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn inspect(args: InspectArgs) -> Result<ExitCode> {
    let (queue, _) = args.at.open().await?;
    let Some(job) = queue.inspect(&args.id).await? else {
        let told = format!(
            "there is no live job {}; a settled one may have left `lode queue result APP ID` or \
             `lode queue dead list`",
            shown(&args.id)
        );
        return Ok(args.at.done(&json!(null), false, &told));
    };
    args.at.show(&view::job(&job), || detail(&job));
    Ok(ExitCode::SUCCESS)
}

fn detail(job: &JobView) -> Vec<String> {
    let mut lines = Vec::new();
    let mut say = |what: &str, text: String| lines.push(format!("{what:<10}{}", shown(&text)));
    say("id", job.id.clone());
    say("app", job.app.clone());
    say("hook", job.hook.clone());
    let due = job
        .due_in_ms
        .map(|ms| format!(", due in {}", view::time(ms)));
    say(
        "state",
        format!("{}{}", view::state(job.state), due.unwrap_or_default()),
    );
    say("priority", job.priority.to_string());
    say("attempts", job.attempts.to_string());
    say("age", view::time(job.age_ms));
    if let Some(worker) = &job.worker {
        say("worker", worker.clone());
    }
    if let Some(progress) = &job.progress {
        say("progress", progress.clone());
    }
    say("job", job.job.clone().unwrap_or_default());
    lines
}

pub(super) async fn cancel(args: CancelArgs) -> Result<ExitCode> {
    let (queue, _) = args.at.open().await?;
    let met = queue.cancel(&args.id, args.app.as_deref()).await?;
    let id = shown(&args.id);
    let of = args
        .app
        .as_deref()
        .map(|app| format!(" of app {}", shown(app)));
    let (word, told) = match met {
        Cancelled::Queued => ("queued", format!("job {id} had not started, and will not")),
        Cancelled::Running => ("running", format!("job {id} runs: its worker kills it")),
        Cancelled::NotFound => (
            "not_found",
            format!(
                "there is no live job {id}{} to cancel",
                of.unwrap_or_default()
            ),
        ),
    };
    let value = json!({"id": args.id, "app": args.app, "cancelled": word});
    Ok(args.at.done(&value, met != Cancelled::NotFound, &told))
}

pub(super) async fn result(args: ResultArgs) -> Result<ExitCode> {
    let (queue, config) = args.at.open().await?;
    if let Some(outcome) = queue.result(&args.app, &args.id).await? {
        // It is JSON already, for people and programs alike.
        print_line(&outcome);
        return Ok(ExitCode::SUCCESS);
    }
    if args.at.json {
        print_line("null");
    }
    complain(&format!(
        "lode: no outcome of job {} of app {} is kept; kept are those of jobs with an id of their \
         own, for {} s (queue.result_ttl_s)",
        shown(&args.id),
        shown(&args.app),
        config.queue.result_ttl_s
    ));
    Ok(ExitCode::FAILURE)
}
