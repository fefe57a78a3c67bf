//! `lode app`: create and list apps.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use lode_store::{AppLimits, NewApp};

use super::{StoreArgs, print_line};

/// See `lode app --help`.
#[derive(Debug, Subcommand)]
pub(crate) enum AppCommand {
    /// Create an app.
    Create(CreateArgs),
    /// List the apps, one JSON object a line, without their secrets.
    List(StoreArgs),
}

/// See `lode app create --help`.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// The app's id, which is also its app key.
    id: String,
    /// Jobs of the app that run at one time over all workers; -1 for no limit.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    max_concurrent: Option<i64>,
    /// Wall limit of the app's jobs in milliseconds.
    #[arg(long, value_name = "MS")]
    wall_limit_ms: Option<u64>,
    /// V8 heap limit of the app's jobs in bytes.
    #[arg(long, value_name = "BYTES")]
    heap_limit_bytes: Option<u64>,
    /// ArrayBuffer limit of the app's jobs in bytes.
    #[arg(long, value_name = "BYTES")]
    array_buffer_limit_bytes: Option<u64>,
    /// Result limit of the app's jobs in bytes.
    #[arg(long, value_name = "BYTES")]
    result_limit_bytes: Option<u64>,
    /// Host calls that one job of the app may make.
    #[arg(long, value_name = "N")]
    host_calls_limit: Option<u64>,
    /// The app secret. Default: a random one.
    #[arg(long, value_name = "TEXT")]
    app_secret: Option<String>,
    /// The master secret. Default: a random one.
    #[arg(long, value_name = "TEXT")]
    master_secret: Option<String>,
    #[command(flatten)]
    store: StoreArgs,
}

/// Runs the command.
pub(crate) async fn run(command: AppCommand) -> Result<ExitCode> {
    match command {
        AppCommand::Create(args) => create(args).await,
        AppCommand::List(args) => list(args).await,
    }
}

async fn create(args: CreateArgs) -> Result<ExitCode> {
    let config = args.store.load()?;
    let store = lode_store::open(&config.store.url).await.context("store")?;
    let limits = AppLimits {
        max_concurrent: args.max_concurrent,
        wall_limit_ms: args.wall_limit_ms,
        heap_limit_bytes: args.heap_limit_bytes,
        array_buffer_limit_bytes: args.array_buffer_limit_bytes,
        result_limit_bytes: args.result_limit_bytes,
        host_calls_limit: args.host_calls_limit,
    };
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
