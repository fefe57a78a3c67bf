//! `lode enqueue`: a producer on the command line.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use lode_proto::job::{self, JobRecord};
use lode_proto::{Outcome, Tag};

use super::run::build_request;
use super::{ConfigArgs, UsageError, exit_code, parse_duration, print_line};
use crate::config::Config;
use crate::shown::address;

/// See `lode enqueue --help`.
#[derive(Debug, Args)]
pub(crate) struct EnqueueArgs {
    /// The app.
    app: String,
    /// The hook, such as books.onPreSave or endpoint:NAME.
    hook: String,
    /// The request's body as JSON.
    #[arg(long, value_name = "JSON")]
    body: Option<String>,
    /// The request's params as a JSON object.
    #[arg(long, value_name = "JSON")]
    params: Option<String>,
    /// The whole request as JSON, from a file or standard input.
    #[arg(long, value_name = "FILE|-")]
    request: Option<String>,
    /// Wait for the outcome, for at most so long (5s if not said), and print it.
    #[arg(long, value_name = "TIME", num_args = 0..=1, default_missing_value = "5s",
          value_parser = parse_duration)]
    wait: Option<Duration>,
    /// Wall limit of the run in milliseconds.
    #[arg(long, value_name = "MS")]
    timeout_ms: Option<u64>,
    /// -100 to 100, higher first inside the app.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    priority: Option<i64>,
    /// The job may be run again after a platform failure.
    #[arg(long)]
    idempotent: bool,
    /// Queue, such as redis://127.0.0.1:6379 or sqlite:lode-queue.sqlite.
    #[arg(long, value_name = "URL")]
    queue: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command. Exit 0 when the job is queued, or with `--wait` when it succeeded.
pub(crate) async fn run(args: EnqueueArgs) -> Result<ExitCode> {
    let mut config = Config::load(args.config.config.as_deref())?;
    if let Some(url) = &args.queue {
        config.queue.url.clone_from(url);
    }
    let config = config.check()?;
    let url = &config.queue.url;
    let queue = lode_queue::open(url, config.queue_options())
        .await
        .with_context(|| format!("queue {}", address(url)))?;
    // Unique among callers: a process id alone may come back.
    let caller = format!("{}-{:016x}", std::process::id(), fastrand::u64(..));
    let reply_to = args.wait.map(|_| queue.reply_list(&caller));
    let record = JobRecord {
        app: args.app,
        hook: Some(args.hook),
        request: build_request(
            args.request.as_deref(),
            args.body.as_deref(),
            args.params.as_deref(),
        )?,
        reply_to: reply_to.clone(),
        timeout_ms: args.timeout_ms,
        priority: args.priority,
        idempotent: args.idempotent.then_some(true),
        ..JobRecord::default()
    };
    let text = serde_json::to_string(&record)?;
    // The worker would refuse it as well, but here the answer is at once.
    job::parse(&text, "check").map_err(|error| UsageError(error.reason))?;
    let id = queue.enqueue(&text).await.context("enqueue")?;
    let (Some(wait), Some(list)) = (args.wait, reply_to) else {
        print_line(&id);
        return Ok(ExitCode::SUCCESS);
    };
    match queue.await_reply(&list, wait).await.context("reply")? {
        Some(outcome) => {
            print_line(&outcome);
            let tag = serde_json::from_str::<Outcome>(&outcome).map(|outcome| outcome.tag);
            let good = tag.is_ok_and(Tag::is_success);
            Ok(exit_code(good))
        }
        None => bail!(
            "job {id} is queued, but no outcome came within {}; is a worker serving this queue?",
            humantime::format_duration(wait)
        ),
    }
}
