//! `lode outbox`: the email and push messages of hooks, and how far they are.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use lode_store::{Effect, EffectKind, EffectQuery, EffectState, Retried};
use serde_json::{Value, json};

use super::table::{Table, shown};
use super::{StoreArgs, complain, moment, print_line};

/// See `lode outbox --help`.
#[derive(Debug, Subcommand)]
pub(crate) enum OutboxCommand {
    /// List email and push messages, newest first.
    List(ListArgs),
    /// Show one with what is, or was, to be sent.
    Show(OneArgs),
    /// Let one be sent now, with all its attempts anew.
    Retry(OneArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only this app's.
    app: Option<String>,
    /// Only email, or push.
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<EffectKind>,
    /// Only those in this state: recorded, retrying, sent or failed.
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Option<EffectState>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// One JSON document, for programs.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, Args)]
pub(crate) struct OneArgs {
    /// Its id.
    id: String,
    /// One JSON document, for programs.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

fn kind(text: &str) -> Result<EffectKind, String> {
    EffectKind::named(text).ok_or_else(|| "allowed are email and push".to_owned())
}

fn state(text: &str) -> Result<EffectState, String> {
    let allowed = || "allowed are recorded, retrying, sent and failed".to_owned();
    EffectState::named(text).ok_or_else(allowed)
}

/// Runs the command.
pub(crate) async fn run(command: OutboxCommand) -> Result<ExitCode> {
    match command {
        OutboxCommand::List(args) => list(args).await?,
        OutboxCommand::Show(args) => show(args).await?,
        OutboxCommand::Retry(args) => retry(args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(args: ListArgs) -> Result<()> {
    let store = args.store.open().await?;
    let query = EffectQuery {
        app: args.app,
        kind: args.kind,
        state: args.state,
        limit: args.limit,
    };
    let effects = store.effects(query).await?;
    if args.json {
        let items = effects.iter().map(value).collect();
        print_line(&Value::Array(items).to_string());
        return Ok(());
    }
    if effects.is_empty() {
        complain("there are no such email or push messages");
        return Ok(());
    }
    let mut table = Table::new(&["id", "app", "kind", "state", "tries", "asked", "error"]);
    for effect in effects {
        table.row([
            effect.id,
            effect.app,
            effect.kind.name().to_owned(),
            effect.state.name().to_owned(),
            effect.attempts.to_string(),
            moment::shown(effect.at_ms),
            effect.error.unwrap_or_default(),
        ]);
    }
    table.lines().iter().for_each(|line| print_line(line));
    Ok(())
}

async fn show(args: OneArgs) -> Result<()> {
    let store = args.store.open().await?;
    let Some(effect) = store.effect(&args.id).await? else {
        bail!(
            "there is no {}; `lode outbox list` shows what there is",
            shown(&args.id)
        );
    };
    let value = value(&effect);
    let text = if args.json {
        value.to_string()
    } else {
        serde_json::to_string_pretty(&value)?
    };
    print_line(&text);
    Ok(())
}

async fn retry(args: OneArgs) -> Result<()> {
    let store = args.store.open().await?;
    let id = shown(&args.id);
    match store.retry_effect(&args.id).await? {
        Retried::Due(effect) if args.json => print_line(&value(&effect).to_string()),
        Retried::Due(_) => print_line(&format!("{id} is due")),
        Retried::AlreadySent => bail!("{id} has been sent already"),
        Retried::BeingSent => bail!("{id} is being sent at this moment"),
        Retried::Unknown => bail!("there is no {id}; `lode outbox list` shows what there is"),
    }
    Ok(())
}

fn value(effect: &Effect) -> Value {
    let payload = serde_json::from_str(&effect.payload);
    json!({
        "id": effect.id, "app": effect.app, "job": effect.job, "hook": effect.hook,
        "kind": effect.kind.name(), "state": effect.state.name(),
        "at_ms": effect.at_ms, "at": moment::shown(effect.at_ms),
        "attempts": effect.attempts, "next_at_ms": effect.next_at_ms, "error": effect.error,
        // As a text where it is nested too deep for us.
        "payload": payload.unwrap_or_else(|_| Value::from(effect.payload.as_str())),
    })
}
