//! `lode app`: create, change and list apps.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use lode_egress::HostRules;
use lode_store::{AppLimits, NewApp};

use super::{StoreArgs, UsageError, print_line};

/// See `lode app --help`.
#[derive(Debug, Subcommand)]
pub(crate) enum AppCommand {
    /// Create an app.
    Create(CreateArgs),
    /// Change an app's limits; what is not named stays.
    Set(SetArgs),
    /// List the apps, one JSON object a line, without their secrets.
    List(StoreArgs),
}

/// See `lode app create --help`.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// The app's id, which is also its app key.
    id: String,
    #[command(flatten)]
    limits: LimitArgs,
    /// The app secret. Default: a random one.
    #[arg(long, value_name = "TEXT")]
    app_secret: Option<String>,
    /// The master secret. Default: a random one.
    #[arg(long, value_name = "TEXT")]
    master_secret: Option<String>,
    #[command(flatten)]
    store: StoreArgs,
}

/// See `lode app set --help`.
#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// The app's id.
    id: String,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    store: StoreArgs,
}

/// Where an app departs from the worker's defaults.
#[derive(Debug, Args)]
pub(crate) struct LimitArgs {
    /// Jobs of the app that run at one time over all workers; -1 for no limit.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    max_concurrent: Option<i64>,
    /// What one job of the app may use, such as `wall_limit_ms=2000`; `NAME=default` goes back to
    /// the worker's. The names are those of `[limits]`. May be given again.
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    limits: Vec<String>,
    /// A host that the app's hooks may send HTTP requests to, such as `api.example.com`,
    /// `*.example.com` or `api.example.com:8443`; `none` takes all away. May be given again; the
    /// list replaces the one before.
    #[arg(long = "http-host", value_name = "RULE")]
    http_hosts: Vec<String>,
}

impl LimitArgs {
    /// Puts what was given over `limits`.
    fn over(self, mut limits: AppLimits) -> Result<AppLimits> {
        if self.max_concurrent.is_some() {
            limits.max_concurrent = self.max_concurrent;
        }
        for given in &self.limits {
            set_limit(&mut limits, given)?;
        }
        if self.http_hosts == ["none"] {
            limits.http_hosts.clear();
        } else if self.http_hosts.iter().any(|host| host == "none") {
            let why = "--http-host none takes all away, it does not go together with others";
            bail!(UsageError(why.to_owned()));
        } else if !self.http_hosts.is_empty() {
            HostRules::parse(&self.http_hosts)
                .map_err(|error| UsageError(format!("--http-host: {error}")))?;
            limits.http_hosts = self.http_hosts;
        }
        Ok(limits)
    }
}

fn set_limit(limits: &mut AppLimits, given: &str) -> Result<()> {
    let wrong = |why: String| UsageError(format!("--limit {given}: {why}"));
    let (name, value) = given
        .split_once('=')
        .ok_or_else(|| wrong("NAME=VALUE is expected".to_owned()))?;
    if value == "default" {
        return limits.jobs.unset(name).map_err(|why| wrong(why).into());
    }
    let value = value
        .parse()
        .map_err(|_| wrong("the value is a whole number, or `default`".to_owned()))?;
    limits.jobs.set(name, value).map_err(wrong)?;
    Ok(())
}

/// Runs the command.
pub(crate) async fn run(command: AppCommand) -> Result<ExitCode> {
    match command {
        AppCommand::Create(args) => create(args).await,
        AppCommand::Set(args) => set(args).await,
        AppCommand::List(args) => list(args).await,
    }
}

async fn create(args: CreateArgs) -> Result<ExitCode> {
    let limits = args.limits.over(AppLimits::default())?;
    let config = args.store.load()?;
    let store = lode_store::open(&config.store.url).await.context("store")?;
    let app = NewApp {
        id: args.id,
        app_secret: args.app_secret,
        master_secret: args.master_secret,
        limits,
    };
    let app = store.create_app(app).await?;
    // The one time that the secrets are shown.
    print_line(&serde_json::to_string(&serde_json::json!({
        "id": app.id,
        "app_secret": app.app_secret,
        "master_secret": app.master_secret,
        "limits": app.limits,
    }))?);
    Ok(ExitCode::SUCCESS)
}

async fn set(args: SetArgs) -> Result<ExitCode> {
    let config = args.store.load()?;
    let store = lode_store::open(&config.store.url).await.context("store")?;
    let app = store.app(&args.id).await?;
    let app = app.with_context(|| format!("there is no app {:?}", args.id))?;
    let limits = args.limits.over(app.limits)?;
    let app = store.update_app_limits(&args.id, limits).await?;
    print_line(&serde_json::json!({"id": app.id, "limits": app.limits}).to_string());
    Ok(ExitCode::SUCCESS)
}

async fn list(args: StoreArgs) -> Result<ExitCode> {
    let config = args.load()?;
    let store = lode_store::open(&config.store.url).await.context("store")?;
    for app in store.apps().await? {
        let line = serde_json::json!({
            "id": app.id, "limits": app.limits, "created_ms": app.created_ms,
        });
        print_line(&line.to_string());
    }
    Ok(ExitCode::SUCCESS)
}
