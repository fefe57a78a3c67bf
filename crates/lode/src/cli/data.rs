//! `lode data`: one data request through hooks and database, as an application server makes it.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use lode_pipeline::{Action, Identity, Pipeline, Request};
use lode_store::{DocOp, Store};
use serde_json::{Map, Value, json};

use super::{
    ConfigArgs, UsageError, complain, exit_code, open_store, parse_duration, print_line,
    read_input, start_log,
};
use crate::config::Config;
use crate::master::clock::unix_ms;
use crate::queue_runner::QueueRunner;
use crate::shown::address;

/// See `lode data --help`.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// The app.
    app: String,
    /// GET, POST, PUT or DELETE.
    method: String,
    /// The collection, or endpoint:NAME for a POST to a custom endpoint.
    collection: String,
    /// The entity's id, or _count.
    id: Option<String>,
    /// The body as JSON; - reads it from standard input.
    #[arg(long, value_name = "JSON|-")]
    body: Option<String>,
    /// The query as JSON.
    #[arg(long, value_name = "JSON")]
    query: Option<String>,
    /// Another parameter of the URL, such as sort, limit, skip or fields; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair::<'='>)]
    param: Vec<(String, String)>,
    /// A header; may be repeated.
    #[arg(long, value_name = "NAME:VALUE", value_parser = pair::<':'>)]
    header: Vec<(String, String)>,
    /// Who asks: a user by the _id of its entity, or whoever has the app's secret or its master
    /// secret.
    #[arg(
        long = "as",
        value_name = "user:ID|app|master",
        default_value = "master"
    )]
    who: String,
    /// The header Authorization as a client sends it, such as "Basic …"; it says who asks.
    #[arg(long, value_name = "TEXT", conflicts_with = "who")]
    authorization: Option<String>,
    /// Status, headers and body as one JSON object, in place of the body alone.
    #[arg(long)]
    json: bool,
    /// How long to wait for each hook's outcome.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_duration)]
    wait: Duration,
    /// Queue, such as redis://127.0.0.1:6379 or sqlite:lode-queue.sqlite.
    #[arg(long, value_name = "URL")]
    queue: Option<String>,
    /// Store: sqlite:PATH, or postgres://USER:PASSWORD@HOST/DATABASE.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command. Exit 0 for a reply with a status below 400.
pub(crate) async fn run(args: DataArgs) -> Result<ExitCode> {
    let mut config = Config::load(args.config.config.as_deref())?;
    if let Some(url) = &args.queue {
        config.queue.url.clone_from(url);
    }
    if let Some(url) = &args.store {
        config.store.url.clone_from(url);
    }
    let config = config.check()?;
    let _log = start_log("warn", false)?;
    let store = open_store(&config).await?;
    let request = request(&args, store.as_ref()).await?;
    let url = &config.queue.url;
    let queue = lode_queue::open(url, config.queue_options())
        .await
        .with_context(|| format!("queue {}", address(url)))?;
    let hooks = Arc::new(QueueRunner::new(queue, args.wait));
    let pipeline = Pipeline::new(store, hooks, unix_ms);
    let reply = match args.authorization.as_deref() {
        Some(shown) => pipeline.serve_client(Some(shown), request).await,
        None => pipeline.serve(request).await,
    };
    let good = reply.status < 400;
    if args.json {
        print_line(&serde_json::to_string(&reply)?);
    } else {
        if !good {
            complain(&format!("lode: status {}", reply.status));
        }
        print_line(reply.body.get());
    }
    Ok(exit_code(good))
}

async fn request(args: &DataArgs, store: &dyn Store) -> Result<Request> {
    let (action, collection) = target(args)?;
    let mut params: Map<String, Value> = args
        .param
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    if let Some(query) = &args.query {
        params.insert("query".to_owned(), json!(query));
    }
    Ok(Request {
        app: args.app.clone(),
        identity: identity(args, store).await?,
        action,
        collection,
        params,
        headers: args.header.iter().cloned().collect::<BTreeMap<_, _>>(),
        body: args.body.as_deref().map(body).transpose()?,
    })
}

fn target(args: &DataArgs) -> Result<(Action, String)> {
    let id = args.id.as_deref();
    let Some(name) = args.collection.strip_prefix("endpoint:") else {
        let action = Action::of_method(&args.method, id).map_err(UsageError)?;
        return Ok((action, args.collection.clone()));
    };
    if !args.method.eq_ignore_ascii_case("POST") || id.is_some() {
        let why = "an endpoint takes POST and no id".to_owned();
        bail!(UsageError(why));
    }
    Ok((Action::Endpoint, name.to_owned()))
}

fn body(given: &str) -> Result<Value> {
    let text = match given {
        "-" => read_input(given)?,
        _ => given.to_owned(),
    };
    let value = serde_json::from_str(&text);
    Ok(value.map_err(|error| UsageError(format!("--body is not JSON: {error}")))?)
}

/// A user's name is that of its entity, or else its id.
async fn identity(args: &DataArgs, store: &dyn Store) -> Result<Identity> {
    let id = match args.who.as_str() {
        "app" => return Ok(Identity::App),
        "master" => return Ok(Identity::Master),
        who => who.strip_prefix("user:").filter(|id| !id.is_empty()),
    };
    let Some(id) = id else {
        let why = format!("--as {:?}: allowed are user:ID, app and master", args.who);
        bail!(UsageError(why));
    };
    let op = DocOp::FindOne {
        collection: "user".to_owned(),
        query: json!({ "_id": id }),
        options: json!({"fields": ["username"]}),
    };
    let found = match store.app(&args.app).await? {
        Some(_) => store.execute(&args.app, op).await?.into_json(),
        // The reply will say that there is no such app.
        None => "null".to_owned(),
    };
    let user: Value = serde_json::from_str(&found)?;
    Ok(Identity::User {
        id: id.to_owned(),
        username: user["username"].as_str().unwrap_or(id).to_owned(),
    })
}

/// Two texts with `MARK` between.
fn pair<const MARK: char>(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once(MARK)
        .ok_or_else(|| format!("a name, {MARK:?} and a value are needed"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}
