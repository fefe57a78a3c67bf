//! `lode index`: indexes over the documents of an app's collections.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use lode_store::{Index, Store};
use serde_json::{Value, json};

use super::table::{Table, shown};
use super::{StoreArgs, complain, print_line};

/// See `lode index --help`.
#[derive(Debug, Subcommand)]
pub(crate) enum IndexCommand {
    /// Create an index; one that exists already stays. On SQLite others wait with their writes meanwhile.
    Create(OneArgs),
    /// List an app's indexes.
    List(ListArgs),
    /// Drop an index; finds by its path then look at every document.
    Drop(OneArgs),
}

#[derive(Debug, Args)]
pub(crate) struct OneArgs {
    /// The app.
    app: String,
    /// The collection.
    collection: String,
    /// The field, such as author or address.city.
    path: String,
    /// One JSON document, for programs.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// The app.
    app: String,
    /// Only this collection's.
    collection: Option<String>,
    /// One JSON document, for programs.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

impl OneArgs {
    fn index(&self) -> Index {
        Index {
            collection: self.collection.clone(),
            path: self.path.clone(),
        }
    }

    /// `app shop: index on author of books`
    fn title(&self) -> String {
        let [app, path, collection] = [&self.app, &self.path, &self.collection].map(|s| shown(s));
        format!("app {app}: index on {path} of {collection}")
    }

    /// Says what has become of the index, in words or as JSON with a flag of this name.
    fn say(&self, (flag, is_set): (&str, bool), words: &str) {
        if self.json {
            let mut value = described(&self.app, &self.index());
            value[flag] = json!(is_set);
            print_line(&value.to_string());
        } else {
            print_line(&format!("{} {words}", self.title()));
        }
    }
}

/// Runs the command.
pub(crate) async fn run(command: IndexCommand) -> Result<ExitCode> {
    match command {
        IndexCommand::Create(args) => create(&args).await?,
        IndexCommand::List(args) => list(args).await?,
        IndexCommand::Drop(args) => drop(&args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn open(args: &StoreArgs, app: &str) -> Result<Arc<dyn Store>> {
    let store = args.open().await?;
    if store.app(app).await?.is_none() {
        bail!("there is no app {app:?}; `lode app list` shows them");
    }
    Ok(store)
}

async fn create(args: &OneArgs) -> Result<()> {
    let store = open(&args.store, &args.app).await?;
    let created = store.create_index(&args.app, args.index()).await;
    let is_new = created.with_context(|| args.title())?;
    let words = if is_new { "created" } else { "exists already" };
    args.say(("created", is_new), words);
    Ok(())
}

async fn list(args: ListArgs) -> Result<()> {
    let store = open(&args.store, &args.app).await?;
    let mut indexes = store.indexes(&args.app).await?;
    if let Some(collection) = &args.collection {
        indexes.retain(|index| index.collection == *collection);
    }
    if args.json {
        let items = indexes.iter().map(|index| described(&args.app, index));
        print_line(&Value::Array(items.collect()).to_string());
        return Ok(());
    }
    if indexes.is_empty() {
        complain("there are no such indexes");
        return Ok(());
    }
    let mut table = Table::new(&["collection", "path"]);
    for index in indexes {
        table.row([index.collection, index.path]);
    }
    table.lines().iter().for_each(|line| print_line(line));
    Ok(())
}

async fn drop(args: &OneArgs) -> Result<()> {
    let store = open(&args.store, &args.app).await?;
    let dropped = store.drop_index(&args.app, args.index()).await;
    if !dropped.with_context(|| args.title())? {
        bail!(
            "app {} has no index on {} of {}; `lode index list {}` shows them",
            shown(&args.app),
            shown(&args.path),
            shown(&args.collection),
            shown(&args.app)
        );
    }
    args.say(("dropped", true), "dropped");
    Ok(())
}

fn described(app: &str, index: &Index) -> Value {
    json!({ "app": app, "collection": index.collection, "path": index.path })
}
