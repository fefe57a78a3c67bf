//! `lode hook`: put, list, show and roll back hooks.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use lode_proto::HookName;
use lode_store::{HookKind, NewHook, Store};

use super::run::source_part;
use super::{StoreArgs, UsageError, check, open_store, print_line, print_text};
use crate::config::Config;
use crate::shown::address;

/// See `lode hook --help`.
#[derive(Debug, Subcommand)]
pub(crate) enum HookCommand {
    /// Store a script as the next version of a hook, and make it the active one.
    Put(PutArgs),
    /// List an app's hooks, one JSON object a line.
    List(ListArgs),
    /// Print a hook's source.
    Show(ShowArgs),
    /// Make an earlier version the active one.
    Rollback(RollbackArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PutArgs {
    /// The app.
    app: String,
    /// The script.
    file: PathBuf,
    /// What it hangs on: books.onPreSave or endpoint:NAME.
    #[arg(
        long,
        value_name = "HOOK",
        required_unless_present = "common",
        conflicts_with = "common"
    )]
    on: Option<String>,
    /// Common code, put before each of the app's hooks; its name is the file's.
    #[arg(long)]
    common: bool,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// The app.
    app: String,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The app.
    app: String,
    /// The hook, such as books.onPreSave.
    hook: String,
    /// The version. Default: the active one.
    #[arg(long = "at", value_name = "N")]
    version: Option<u64>,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// The app.
    app: String,
    /// The hook, such as books.onPreSave.
    hook: String,
    /// The version to make active. Default: the one before the active one.
    #[arg(long = "to", value_name = "N")]
    version: Option<u64>,
    #[command(flatten)]
    store: StoreArgs,
}

/// Runs the command.
pub(crate) async fn run(command: HookCommand) -> Result<ExitCode> {
    match command {
        HookCommand::Put(args) => put(args).await?,
        HookCommand::List(args) => list(args).await?,
        HookCommand::Show(args) => show(args).await?,
        HookCommand::Rollback(args) => rollback(args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn open(config: &Config, app: &str) -> Result<Arc<dyn Store>> {
    let store = open_store(config).await?;
    if store.app(app).await?.is_none() {
        bail!(
            "there is no app {app:?} in {}; `lode app list` shows them",
            address(&config.store.url)
        );
    }
    Ok(store)
}

async fn put(args: PutArgs) -> Result<()> {
    let name = match &args.on {
        Some(on) => on.clone(),
        None => {
            let stem = args.file.file_stem().unwrap_or_default().to_string_lossy();
            format!("common:{stem}")
        }
    };
    let parsed = HookName::parse(&name).map_err(|error| UsageError(error.to_string()))?;
    if args.on.is_some() && parsed.is_common() {
        bail!(UsageError(
            "--on names a hook; for common code use --common".to_owned()
        ));
    }
    let config = args.store.load()?;
    let store = open(&config, &args.app).await?;
    let part = source_part(&args.file, Some(name.clone()))?;
    let source = part.source.clone();
    let _log = super::start_log("warn", false)?;
    check::compiles(&args.app, part, Arc::clone(&store), &config.jail.waive).await?;
    let kind = if parsed.is_common() {
        HookKind::Common
    } else {
        HookKind::Hook
    };
    let put = NewHook {
        app: args.app,
        name,
        kind,
        source,
    };
    let version = store.put_hook(put).await?;
    print_line(&format!("{} version {}", version.name, version.version));
    Ok(())
}

async fn list(args: ListArgs) -> Result<()> {
    let store = open(&args.store.load()?, &args.app).await?;
    for head in store.hooks(&args.app).await? {
        print_line(&serde_json::to_string(&head)?);
    }
    Ok(())
}

async fn show(args: ShowArgs) -> Result<()> {
    let store = open(&args.store.load()?, &args.app).await?;
    match store.hook(&args.app, &args.hook, args.version).await? {
        Some(version) => {
            print_text(&version.source);
            Ok(())
        }
        None => {
            let at = args
                .version
                .map(|n| format!(" version {n}"))
                .unwrap_or_default();
            bail!(
                "app {} has no hook {}{at}; `lode hook list` shows them",
                args.app,
                args.hook
            )
        }
    }
}

async fn rollback(args: RollbackArgs) -> Result<()> {
    let store = open(&args.store.load()?, &args.app).await?;
    let version = store
        .rollback_hook(&args.app, &args.hook, args.version)
        .await?;
    print_line(&format!("{} version {}", version.name, version.version));
    Ok(())
}
