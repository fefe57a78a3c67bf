//! `lode serve`: a worker.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use super::{ConfigArgs, start_log};
use crate::config::Config;
use crate::master::serve::Server;

/// See `lode serve --help`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Queue: redis://…, rediss://…, a unix socket (unix:///path), or sqlite:PATH; a Redis URL
    /// takes ?queue=NAME.
    #[arg(long, value_name = "URL")]
    queue: Option<String>,
    /// Store, such as sqlite:lode.sqlite.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Children alive at one time.
    #[arg(long, value_name = "N")]
    max_children: Option<usize>,
    /// Children kept ready.
    #[arg(long, value_name = "N")]
    warm: Option<usize>,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command until SIGTERM or SIGINT; then running jobs finish and it exits 0.
pub(crate) async fn run(args: ServeArgs) -> Result<ExitCode> {
    let mut config = Config::load(args.config.config.as_deref())?;
    if let Some(url) = args.queue {
        config.queue.url = url;
    }
    if let Some(url) = args.store {
        config.store.url = url;
    }
    if let Some(max) = args.max_children {
        config.pool.max_children = max;
        // One flag must not make the other's default an error.
        config.pool.warm = config.pool.warm.min(max);
    }
    if let Some(warm) = args.warm {
        config.pool.warm = warm;
    }
    let config = config.check()?;
    start_log(&config.log.level, config.log.json)?;
    let (store_url, queue_url) = (&config.store.url, &config.queue.url);
    let store = lode_store::open(store_url)
        .await
        .with_context(|| format!("store {store_url}"))?;
    let queue = lode_queue::open(queue_url, config.queue_options())
        .await
        .with_context(|| format!("queue {queue_url}"))?;
    let described = queue
        .ping()
        .await
        .with_context(|| format!("queue {queue_url}"))?;
    tracing::info!(queue = described, store = store.ping().await?, "starting");
    Server::new(config, store, queue).run().await
}
