//! `lode enqueue`: a producer on the command line.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use lode_proto::job::{self, JobRecord};
use lode_proto::{Outcome, Tag};
use lode_queue::Queue;

use super::run::build_request;
use super::{
    ConfigArgs, UsageError, complain, exit_code, moment, parse_duration, print_line, read_input,
};
use crate::config::Config;
use crate::shown::address;

mod bulk;

/// See `lode enqueue --help`.
#[derive(Debug, Args)]
pub(crate) struct EnqueueArgs {
    /// The app.
    #[arg(required_unless_present = "bulk")]
    app: Option<String>,
    /// The hook, such as books.onPreSave or endpoint:NAME.
    #[arg(required_unless_present = "bulk")]
    hook: Option<String>,
    /// Many jobs instead of one: job records as JSON, one a line, from a file or standard input. All
    /// are checked before the first is sent; their ids are printed, one a line.
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["app", "hook", "one"])]
    bulk: Option<String>,
    #[command(flatten)]
    one: OneArgs,
    /// Queue, such as redis://127.0.0.1:6379 or sqlite:lode-queue.sqlite.
    #[arg(long, value_name = "URL")]
    queue: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

/// What belongs to one job.
#[derive(Debug, Args)]
#[group(id = "one", multiple = true)]
struct OneArgs {
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
    /// An id of your own: the same one sent again is the same job, which runs once.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Start it only after so long.
    #[arg(long, value_name = "TIME", value_parser = parse_duration, conflicts_with = "at")]
    delay: Option<Duration>,
    /// Start it only then, in UTC unless it names a zone, such as 2026-12-01T08:00:00Z.
    #[arg(long, value_name = "MOMENT")]
    at: Option<String>,
    /// Give it up as `expired` when it has not started by then, counted from now.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    deadline: Option<Duration>,
    /// Do not run it while a job of the same app and key is alive, but wait for that one's outcome.
    #[arg(long, value_name = "KEY")]
    dedupe: Option<String>,
    /// Let the key count for so long, also when its job is done.
    #[arg(long, value_name = "TIME", value_parser = parse_duration, requires = "dedupe")]
    dedupe_ttl: Option<Duration>,
}

impl OneArgs {
    fn record(&self, app: String, hook: String) -> Result<JobRecord> {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let at = self.at.as_deref();
        Ok(JobRecord {
            id: self.id.clone(),
            app,
            hook: Some(hook),
            request: build_request(
                self.request.as_deref(),
                self.body.as_deref(),
                self.params.as_deref(),
            )?,
            timeout_ms: self.timeout_ms,
            priority: self.priority,
            idempotent: self.idempotent.then_some(true),
            delay_ms: self.delay.map(ms),
            run_at_ms: at.map(|text| moment::argument("--at", text)).transpose()?,
            deadline_ms: self.deadline.map(ms),
            dedupe_key: self.dedupe.clone(),
            dedupe_ttl_ms: self.dedupe_ttl.map(ms),
            ..JobRecord::default()
        })
    }
}

/// Runs the command. Exit 0 when the job is queued, or with `--wait` when it succeeded.
pub(crate) async fn run(args: EnqueueArgs) -> Result<ExitCode> {
    let mut config = Config::load(args.config.config.as_deref())?;
    if let Some(url) = &args.queue {
        config.queue.url.clone_from(url);
    }
    let config = config.check()?;
    if let Some(path) = &args.bulk {
        return send_many(path, &config).await;
    }
    let (Some(app), Some(hook)) = (args.app, args.hook) else {
        bail!(UsageError(
            "an app and a hook are needed, or --bulk".to_owned()
        ));
    };
    let mut record = args.one.record(app, hook)?;
    // The worker would refuse it as well, but here the answer is at once.
    job::parse(&serde_json::to_string(&record)?, "check")
        .map_err(|error| UsageError(error.reason))?;
    let queue = open(&config).await?;
    // Unique among callers: a process id alone may come back.
    let caller = format!("{}-{:016x}", std::process::id(), fastrand::u64(..));
    record.reply_to = args.one.wait.map(|_| queue.reply_list(&caller));
    let text = serde_json::to_string(&record)?;
    let entry = queue.enqueue(&text).await.context("enqueue")?;
    let id = record.id.unwrap_or(entry);
    let (Some(wait), Some(list)) = (args.one.wait, record.reply_to) else {
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

async fn open(config: &Config) -> Result<Arc<dyn Queue>> {
    let url = &config.queue.url;
    lode_queue::open(url, config.queue_options())
        .await
        .with_context(|| format!("queue {}", address(url)))
}

async fn send_many(path: &str, config: &Config) -> Result<ExitCode> {
    let jobs = match bulk::read(&read_input(path)?) {
        Ok(jobs) => jobs,
        Err(errors) => {
            errors
                .iter()
                .for_each(|error| complain(&format!("lode: {path}, {error}")));
            let why = format!("{path}: {} bad lines; no job was sent", errors.len());
            bail!(UsageError(why));
        }
    };
    if jobs.is_empty() {
        complain(&format!("lode: {path} has no job; nothing was sent"));
        return Ok(ExitCode::SUCCESS);
    }
    let queue = open(config).await?;
    let ids = queue
        .enqueue_many(&jobs)
        .await
        .context("enqueue: some may have been sent; those that name their ids can be sent again")?;
    for (job, entry) in jobs.iter().zip(ids) {
        print_line(&bulk::own_id(job).unwrap_or(entry));
    }
    Ok(ExitCode::SUCCESS)
}
