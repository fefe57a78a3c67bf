//! `lode queue dead list|requeue|purge`.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use lode_queue::DeadPick;
use serde_json::json;

use super::{QueueArgs, view};
use crate::cli::moment;
use crate::cli::table::{Table, shown};

/// See `lode queue dead --help`.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadCommand {
    /// List them, newest first.
    List(ListArgs),
    /// Queue them anew, as if they had just been sent, and take them off the list.
    Requeue(PickArgs),
    /// Take them off the list.
    Purge(PickArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only this app's.
    #[arg(long, value_name = "APP")]
    app: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    at: QueueArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PickArgs {
    #[command(flatten)]
    pick: Pick,
    #[command(flatten)]
    at: QueueArgs,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Pick {
    /// The job of this id.
    id: Option<String>,
    /// Those of this app.
    #[arg(long, value_name = "APP")]
    app: Option<String>,
    /// Every one.
    #[arg(long)]
    all: bool,
}

impl Pick {
    /// What is meant, and what it is called.
    fn read(self) -> (DeadPick, String) {
        match (self.id, self.app) {
            (Some(id), _) => {
                let what = format!(" of id {}", shown(&id));
                (DeadPick::Job(id), what)
            }
            (None, Some(app)) => {
                let what = format!(" of app {}", shown(&app));
                (DeadPick::App(app), what)
            }
            (None, None) => (DeadPick::All, String::new()),
        }
    }
}

/// Runs the command.
pub(super) async fn run(command: DeadCommand) -> Result<ExitCode> {
    match command {
        DeadCommand::List(args) => list(args).await,
        DeadCommand::Requeue(args) => {
            let (queue, _) = args.at.open().await?;
            let (pick, what) = args.pick.read();
            let count = queue.requeue_dead(&pick).await?;
            let told = format!("{count} dead jobs{what} queued anew");
            Ok(args.at.done(&json!({"requeued": count}), count > 0, &told))
        }
        DeadCommand::Purge(args) => {
            let (queue, _) = args.at.open().await?;
            let (pick, what) = args.pick.read();
            let count = queue.purge_dead(&pick).await?;
            let told = format!("{count} dead jobs{what} taken off the list");
            Ok(args.at.done(&json!({"purged": count}), count > 0, &told))
        }
    }
}

async fn list(args: ListArgs) -> Result<ExitCode> {
    let (queue, _) = args.at.open().await?;
    let dead = queue.dead(args.app.as_deref(), args.limit).await?;
    let items = dead.iter().map(view::dead).collect();
    args.at.show_list(items, "the dead list is empty", || {
        let mut table = Table::new(&["id", "app", "died", "reason"]);
        for dead in &dead {
            table.row([
                dead.id.clone(),
                dead.app.clone(),
                moment::shown(dead.at_ms),
                dead.reason.clone(),
            ]);
        }
        table.lines()
    });
    Ok(ExitCode::SUCCESS)
}
