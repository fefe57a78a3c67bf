//! `lode queue`: what an admin sees of a queue, and does to it.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use lode_queue::Queue;
use serde_json::Value;

use super::{ConfigArgs, complain, exit_code, print_line};
use crate::config::Config;
use crate::shown::address;

mod bans;
mod dead;
mod jobs;
mod overview;
mod view;

/// See `lode queue --help`.
#[derive(Debug, Subcommand)]
pub(crate) enum QueueCommand {
    /// The queue in numbers, and its busiest apps, or one app.
    Stats(overview::StatsArgs),
    /// Jobs that have not started, in the order in which they would.
    Peek(jobs::PeekArgs),
    /// One live job, with its text.
    Inspect(jobs::InspectArgs),
    /// Cancel a job: one that waits never starts, one that runs is killed.
    Cancel(jobs::CancelArgs),
    /// Let no job of an app, or none at all, start until resumed.
    Pause(overview::PauseArgs),
    /// Let jobs start again.
    Resume(overview::PauseArgs),
    /// Jobs that could not be run or whose outcome could not be delivered.
    #[command(subcommand)]
    Dead(dead::DeadCommand),
    /// Apps that are suspended.
    #[command(subcommand)]
    Ban(bans::BanCommand),
    /// Workers that serve the queue.
    Workers(overview::WorkersArgs),
    /// The outcome that is kept of a job which had an id of its own.
    Result(jobs::ResultArgs),
}

/// What every one of these commands takes.
#[derive(Debug, Args)]
pub(crate) struct QueueArgs {
    /// One JSON document, for programs.
    #[arg(long)]
    json: bool,
    /// Queue, such as redis://127.0.0.1:6379 or sqlite:lode-queue.sqlite.
    #[arg(long, value_name = "URL")]
    queue: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

impl QueueArgs {
    async fn open(&self) -> Result<(Arc<dyn Queue>, Config)> {
        let mut config = Config::load(self.config.config.as_deref())?;
        if let Some(url) = &self.queue {
            config.queue.url.clone_from(url);
        }
        let config = config.check()?;
        let url = &config.queue.url;
        let queue = lode_queue::open(url, config.queue_options())
            .await
            .with_context(|| format!("queue {}", address(url)))?;
        Ok((queue, config))
    }

    /// Shows `value` to a program, or what `lines` makes of it to a person.
    fn show(&self, value: &Value, lines: impl FnOnce() -> Vec<String>) {
        if self.json {
            print_line(&value.to_string());
        } else {
            for line in lines() {
                print_line(&line);
            }
        }
    }

    /// A list that may be empty, which is said on standard error so that a program reads on.
    fn show_list(&self, items: Vec<Value>, nothing: &str, lines: impl FnOnce() -> Vec<String>) {
        if items.is_empty() && !self.json {
            complain(nothing);
            return;
        }
        self.show(&Value::Array(items), lines);
    }

    /// What was done. Exit 1 when there was nothing to do it to.
    fn done(&self, value: &Value, good: bool, told: &str) -> ExitCode {
        match (self.json, good) {
            (true, _) => print_line(&value.to_string()),
            (false, true) => print_line(told),
            (false, false) => complain(&format!("lode: {told}")),
        }
        exit_code(good)
    }
}

/// Runs the command.
pub(crate) async fn run(command: QueueCommand) -> Result<ExitCode> {
    match command {
        QueueCommand::Stats(args) => overview::stats(args).await,
        QueueCommand::Peek(args) => jobs::peek(args).await,
        QueueCommand::Inspect(args) => jobs::inspect(args).await,
        QueueCommand::Cancel(args) => jobs::cancel(args).await,
        QueueCommand::Pause(args) => overview::pause(args).await,
        QueueCommand::Resume(args) => overview::resume(args).await,
        QueueCommand::Dead(command) => dead::run(command).await,
        QueueCommand::Ban(command) => bans::run(command).await,
        QueueCommand::Workers(args) => overview::workers(args).await,
        QueueCommand::Result(args) => jobs::result(args).await,
    }
}
