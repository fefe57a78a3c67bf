//! `lode doctor`: what this host can give, and whether the configuration could be served.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use lode_jail::{Cgroup, Layer, LayerState};

use super::{ConfigArgs, exit_code, print_line, start_log};
use crate::config::{CgroupMode, Config};
use crate::master::shell::{Happening, Shell, ShellOptions};
use crate::shown::{address, chain};

/// A zygote that is not ready by then never will be.
const ZYGOTE_WAIT: Duration = Duration::from_secs(20);

/// See `lode doctor --help`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Queue to reach.
    #[arg(long, value_name = "URL")]
    queue: Option<String>,
    /// Store to reach.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command. Exit 1 when `lode serve` would not start with this configuration.
pub(crate) async fn run(args: DoctorArgs) -> Result<ExitCode> {
    let mut config = Config::load(args.config.config.as_deref())?;
    if let Some(url) = args.queue {
        config.queue.url = url;
    }
    if let Some(url) = args.store {
        config.store.url = url;
    }
    let config = config.check()?;
    let _log = start_log("error", false)?;
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    say("kernel", true, kernel.trim());
    let jail = check_jail(&config).await & check_cgroup(&config);
    let queue = check_queue(&config).await;
    let store = check_store(&config).await;
    let good = jail && queue && store;
    print_line(if good {
        "\nthis configuration can be served"
    } else {
        "\nthis configuration cannot be served: see the lines marked FAIL"
    });
    Ok(exit_code(good))
}

async fn check_jail(config: &Config) -> bool {
    let mut shell = Shell::new(ShellOptions::alone());
    let wait = async {
        loop {
            if let Happening::Serving { layers, guest } = shell.next().await {
                return (layers, guest);
            }
        }
    };
    let Ok((layers, guest)) = tokio::time::timeout(ZYGOTE_WAIT, wait).await else {
        say(
            "zygote",
            false,
            "it does not start; its standard error says more",
        );
        return false;
    };
    say("zygote", true, &guest);
    let mut good = true;
    for state in layers {
        good &= check_layer(&state, &config.jail.waive);
    }
    good
}

fn check_cgroup(config: &Config) -> bool {
    let mode = config.jail.cgroup;
    if mode == CgroupMode::Off {
        return say(
            "control group",
            true,
            "off by configuration; the memory of each child is watched",
        );
    }
    match Cgroup::probe(&config.cgroup_limits()) {
        Ok(group) => say("control group", true, &group),
        Err(reason) if mode == CgroupMode::Auto => {
            let how = format!("none ({reason}); the memory of each child is watched");
            say("control group", true, &how)
        }
        Err(reason) => say("control group", false, &reason),
    }
}

fn check_layer(state: &LayerState, waived: &[Layer]) -> bool {
    let name = format!("jail {}", state.layer);
    match &state.missing {
        None => say(&name, true, "on"),
        Some(reason) if waived.contains(&state.layer) => {
            say(&name, true, &format!("off, waived: {reason}"))
        }
        Some(reason) => {
            let how = format!(
                "off: {reason}; to serve without it: jail.waive = [\"{}\"]",
                state.layer
            );
            say(&name, false, &how)
        }
    }
}

async fn check_queue(config: &Config) -> bool {
    let url = &config.queue.url;
    let answer = match lode_queue::open(url, config.queue_options()).await {
        // The server may be good, and the queue on it another version's.
        Ok(queue) => match queue.stats().await {
            Ok(_) => queue.ping().await,
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    match answer {
        Ok(text) => say("queue", true, &text),
        Err(error) => say(
            "queue",
            false,
            &format!("{}: {}", address(url), chain(&error)),
        ),
    }
}

async fn check_store(config: &Config) -> bool {
    let url = &config.store.url;
    let answer = match lode_store::open_with(url, config.store_options()).await {
        Ok(store) => store.ping().await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(text) => say("store", true, &text),
        Err(error) => say(
            "store",
            false,
            &format!("{}: {}", address(url), chain(&error)),
        ),
    }
}

fn say(what: &str, good: bool, text: &str) -> bool {
    print_line(&format!(
        "{} {what:<24} {text}",
        if good { "ok  " } else { "FAIL" }
    ));
    good
}
