//! `lode serve`: a worker.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::{ConfigArgs, open_store, start_log};
use crate::config::Config;
use crate::master::outlets::Outlets;
use crate::master::serve::Server;
use crate::nbt::Nbt;
use crate::shown::address;
use crate::tcp_runner::{CONNECTIONS_MAX, TcpRunner};

/// See `lode serve --help`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Queue: redis://…, rediss://…, a unix socket (unix:///path), or sqlite:PATH; a Redis URL
    /// takes ?queue=NAME.
    #[arg(long, value_name = "URL")]
    queue: Option<String>,
    /// Store: sqlite:PATH, or postgres://USER:PASSWORD@HOST/DATABASE.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Children alive at one time.
    #[arg(long, value_name = "N")]
    max_children: Option<usize>,
    /// Children kept ready.
    #[arg(long, value_name = "N")]
    warm: Option<usize>,
    /// Serve clients of npm background-task 2.x on the queue's Redis.
    #[arg(long)]
    nbt: bool,
    /// Serve the task runner's TCP protocol at this address, such as 127.0.0.1:7000.
    #[arg(long, value_name = "ADDR")]
    tcp_runner: Option<String>,
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
    }
    if let Some(warm) = args.warm {
        config.pool.warm = warm;
    }
    config.nbt.enabled |= args.nbt;
    if let Some(address) = args.tcp_runner {
        config.tcp_runner.listen = address;
    }
    let config = config.check()?;
    let log = start_log(&config.log.level, config.log.json)?;
    raise_open_files(config.pool.max_children)?;
    let queue_url = &config.queue.url;
    let store = open_store(&config).await?;
    let queue = lode_queue::open(queue_url, config.queue_options())
        .await
        .with_context(|| format!("queue {}", address(queue_url)))?;
    let described = queue
        .ping()
        .await
        .with_context(|| format!("queue {}", address(queue_url)))?;
    // The server may be good, and the queue on it another version's.
    let stats = queue.stats().await;
    stats.with_context(|| format!("queue {}", address(queue_url)))?;
    tracing::info!(
        queue = described,
        store = store.ping().await.context("store")?,
        "starting"
    );
    // Not claiming tasks is no reason not to count those that go bad here.
    let nbt = Nbt::beside(queue_url, config.background_task_options());
    if config.nbt.enabled {
        let sweep_every = Duration::from_millis(config.nbt.sweep_ms);
        nbt.start(sweep_every).await?;
    }
    let runner = match config.tcp_runner.listen.as_str() {
        "" => None,
        listen => {
            let worker = config.worker.name.clone();
            Some(TcpRunner::start(listen, Arc::clone(&queue), worker).await?)
        }
    };
    let (outlets, outlet_tasks) = Outlets::start(&config, &store)?;
    let server = Server::new(config, store, queue, nbt, outlets)?;
    let code = server.run(&log).await?;
    outlet_tasks.finish().await;
    if let Some(runner) = runner {
        runner.finish().await;
    }
    Ok(code)
}

/// Descriptors that the master needs beside those of its children: store, queue, runtime, log, HTTP,
/// lookups of names, zygotes that overlap, clients of the TCP runner.
const OWN_DESCRIPTORS: u64 = 300 + CONNECTIONS_MAX as u64;

/// A child costs the master three descriptors: its job socket, its pidfd, and a connection when its
/// hook sends an HTTP request.
fn raise_open_files(max_children: usize) -> Result<()> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let needed = 3 * max_children as u64 + OWN_DESCRIPTORS;
    if hard < needed {
        bail!(
            "pool.max_children {max_children} needs {needed} open files, and this process may have \
             {hard}: raise the hard limit (ulimit -Hn, LimitNOFILE) or lower pool.max_children"
        );
    }
    if soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    }
    Ok(())
}
