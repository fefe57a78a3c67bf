//! The configuration: one TOML file, overridden by the environment, overridden by flags.
//!
//! `LODE_POOL_WARM=2` in the environment is `warm = 2` in `[pool]`. Unknown keys and variables are
//! refused by name. `lode config` prints what is in force.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lode_core::PoolOptions;
use lode_effects::{EmailOptions, PushOptions};
use lode_egress::{Egress, EgressOptions};
use lode_jail::{CgroupLimits, JailSettings};
use lode_proto::message::Realm;
use lode_proto::{JobLimits, LimitOverrides};
use lode_queue::{BackgroundTaskOptions, QueueOptions};
use lode_store::StoreOptions;
use serde::{Deserialize, Serialize};

use crate::master::shell::ShellOptions;
use crate::shown::without_passwords;

mod check;
mod sections;

pub(crate) use sections::*;

/// Memory of a zygote, in bytes; most of it is shared with others of the same program.
const ZYGOTE_BYTES: u64 = 64 << 20;

/// Everything that can be set. Every field has a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    pub(crate) worker: WorkerConfig,
    pub(crate) queue: QueueConfig,
    pub(crate) store: StoreConfig,
    pub(crate) pool: PoolConfig,
    pub(crate) jail: JailConfig,
    pub(crate) jobs: JobsConfig,
    pub(crate) limits: JobLimits,
    /// What an app's or a job's own limit can raise a default to.
    #[serde(deserialize_with = "ceiling")]
    pub(crate) ceiling: JobLimits,
    pub(crate) breaker: BreakerConfig,
    pub(crate) egress: EgressOptions,
    pub(crate) email: EmailOptions,
    pub(crate) push: PushOptions,
    pub(crate) outbox: OutboxConfig,
    pub(crate) logs: LogsConfig,
    pub(crate) http: HttpConfig,
    pub(crate) nbt: NbtConfig,
    pub(crate) tcp_runner: TcpRunnerConfig,
    pub(crate) log: LogConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            worker: WorkerConfig::default(),
            queue: QueueConfig::default(),
            store: StoreConfig::default(),
            pool: PoolConfig::default(),
            jail: JailConfig::default(),
            jobs: JobsConfig::default(),
            limits: JobLimits::default(),
            ceiling: JobLimits::default_ceiling(),
            breaker: BreakerConfig::default(),
            egress: EgressOptions::default(),
            email: EmailOptions::default(),
            push: PushOptions::default(),
            outbox: OutboxConfig::default(),
            logs: LogsConfig::default(),
            http: HttpConfig::default(),
            nbt: NbtConfig::default(),
            tcp_runner: TcpRunnerConfig::default(),
            log: LogConfig::default(),
        }
    }
}

/// A `[ceiling]` that names some limits keeps the default ceiling of the others.
fn ceiling<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<JobLimits, D::Error> {
    let given = LimitOverrides::deserialize(deserializer)?;
    Ok(JobLimits::default_ceiling().with(&given))
}

impl Config {
    /// Reads `file`, if one is given, and the environment. The result is not checked yet: flags
    /// come on top.
    pub(crate) fn load(file: Option<&Path>) -> Result<Self> {
        let mut table = match file {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("config file {}", path.display()))?;
                toml::from_str::<toml::Table>(&text)
                    .with_context(|| format!("config file {}", path.display()))?
            }
            None => toml::Table::new(),
        };
        for (name, value) in std::env::vars_os() {
            // Ours are plain text; what is not cannot be meant for us.
            let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) else {
                continue;
            };
            if let Some(key) = name.strip_prefix("LODE_").filter(|key| !is_for_tests(key)) {
                set_from_environment(&mut table, key, &value)
                    .with_context(|| format!("environment variable {name}"))?;
            }
        }
        serde_path_to_error::deserialize(table).map_err(|error| {
            let path = error.path().to_string();
            anyhow::anyhow!("config key {path}: {}", error.into_inner().message())
        })
    }

    /// As it may be shown: passwords, keys, and the webhook's path, which may be one, are left out.
    pub(crate) fn without_secrets(mut self) -> Self {
        for url in [
            &mut self.queue.url,
            &mut self.store.url,
            &mut self.email.smtp_url,
        ] {
            *url = without_passwords(url);
        }
        self.push.url = without_path(&self.push.url);
        if !self.push.secret.is_empty() {
            self.push.secret = "…".to_owned();
        }
        self
    }

    /// The store's part.
    pub(crate) fn store_options(&self) -> StoreOptions {
        StoreOptions {
            connections: self.store.connections,
            operation_ms: self.store.operation_ms,
        }
    }

    /// The pool's part.
    pub(crate) fn pool_options(&self) -> PoolOptions {
        PoolOptions {
            max_children: self.pool.max_children,
            warm: self.pool.warm,
            zygote_forks_max: self.pool.zygote_forks_max,
            zygote_age_max_us: self.pool.zygote_age_max_s.saturating_mul(1_000_000),
            app_share: self.pool.app_share,
            reserve: self.pool.reserve,
            ..PoolOptions::default()
        }
    }

    /// The shell's part, but for the control group.
    pub(crate) fn shell_options(&self) -> ShellOptions {
        let watch_ms = self.jail.memory_watch_ms;
        ShellOptions {
            pool: self.pool_options(),
            waived: self.jail.waive.clone(),
            jail: JailSettings {
                oom_score_adj: self.jail.oom_score_adj,
                nice: self.jail.nice,
            },
            cgroup: None,
            memory_watch: (watch_ms > 0).then(|| Duration::from_millis(watch_ms)),
        }
    }

    /// What carries out the HTTP requests of hooks; `None` where they may make none.
    pub(crate) fn egress(&self) -> Result<Option<Arc<Egress>>> {
        if !self.jobs.allow_http_requests {
            return Ok(None);
        }
        Ok(Some(Arc::new(Egress::new(self.egress.clone())?)))
    }

    /// How realms of jobs depart from V8's.
    pub(crate) fn realm(&self) -> Realm {
        Realm {
            code_from_strings: self.jobs.code_from_strings,
            clock: self.jobs.clock,
        }
    }

    /// What the control group of all children may use.
    pub(crate) fn cgroup_limits(&self) -> CgroupLimits {
        let children = self.pool.max_children as u64;
        // One retires behind each running child at the worst, one serves, one starts.
        let zygotes = children + 2;
        let of_jobs = children.saturating_mul(self.limits.memory_limit_bytes());
        CgroupLimits {
            memory_max_bytes: match self.jail.memory_max_bytes {
                0 => of_jobs.saturating_add(zygotes * ZYGOTE_BYTES),
                bytes => bytes,
            },
            // Two threads of each child; launcher and zygote.
            pids_max: 2 * (children + zygotes) + 16,
            cpu_weight: self.jail.cpu_weight,
            cpu_max_percent: self.jail.cpu_max_percent,
        }
    }

    /// The part of npm `background-task`: its bans follow the breaker's rule.
    pub(crate) fn background_task_options(&self) -> BackgroundTaskOptions {
        BackgroundTaskOptions {
            channel: self.nbt.channel.clone(),
            deadline: Duration::from_millis(self.nbt.deadline_ms),
            bad_tasks: self.breaker.bad_jobs,
            window: Duration::from_millis(self.breaker.window_ms),
            ban: Duration::from_secs(self.breaker.ban_s),
            log_bans: self.nbt.log_bans,
            ..BackgroundTaskOptions::default()
        }
    }

    /// The queue's part, which has the breaker: what one worker sees of an app counts for all.
    pub(crate) fn queue_options(&self) -> QueueOptions {
        let (queue, breaker) = (&self.queue, &self.breaker);
        QueueOptions {
            lease: Duration::from_millis(queue.lease_ms),
            default_app_cap: queue.app_max_concurrent,
            max_attempts: queue.attempts_max,
            result_ttl: Duration::from_secs(queue.result_ttl_s),
            worker_timeout: Duration::from_millis(queue.worker_timeout_ms),
            poison_losses: queue.poison_losses,
            app_queue_max: queue.app_queue_max,
            queue_max: queue.queue_max,
            breaker_bad_jobs: breaker.bad_jobs,
            breaker_window: Duration::from_millis(breaker.window_ms),
            breaker_ban: Duration::from_secs(breaker.ban_s),
            ..QueueOptions::default()
        }
    }
}

/// Variables of the project's own test suites.
fn is_for_tests(key: &str) -> bool {
    key.starts_with("TEST_") || key.starts_with("SIM_")
}

/// `POOL_WARM` = `2` becomes `warm = 2` in `[pool]`.
fn set_from_environment(table: &mut toml::Table, key: &str, value: &str) -> Result<()> {
    let lower = key.to_lowercase();
    let sections = toml::Table::try_from(Config::default()).context("the defaults are a table")?;
    // A section's name may hold the separator itself: `TCP_RUNNER_LISTEN`.
    let split = sections.keys().find_map(|section| {
        let key = lower.strip_prefix(section.as_str())?.strip_prefix('_')?;
        Some((section.as_str(), key))
    });
    let Some((section, key)) = split else {
        let names: Vec<&str> = sections.keys().map(String::as_str).collect();
        bail!(
            "LODE_<SECTION>_<KEY> with a section of {}",
            names.join(", ")
        );
    };
    // Numbers, booleans and lists are written as in the file; texts are without quotes.
    let is_text = matches!(sections[section].get(key), Some(toml::Value::String(_)));
    let parsed = toml::from_str::<toml::Table>(&format!("v = {value}"));
    let value = parsed
        .ok()
        .filter(|_| !is_text)
        .and_then(|mut parsed| parsed.remove("v"))
        .unwrap_or_else(|| toml::Value::String(value.to_owned()));
    let entry = table
        .entry(section)
        .or_insert_with(|| toml::Value::Table(toml::Table::new()));
    let Some(entry) = entry.as_table_mut() else {
        bail!("{section} is a table")
    };
    entry.insert(key.to_owned(), value);
    Ok(())
}

fn default_worker_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}-{}", host.trim(), std::process::id())
}

/// A URL's scheme, host and port. Push services have keys in the path and in the query.
fn without_path(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return if url.is_empty() { "" } else { "…" }.to_owned();
    };
    let host = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    if rest.contains('@') {
        // A password before the host, with a slash in it perhaps.
        return format!("{scheme}://…");
    }
    let behind = if host.len() == rest.len() { "" } else { "/…" };
    format!("{scheme}://{host}{behind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_push_url_only_the_host_is_shown() {
        for (url, expected) in [
            ("", ""),
            ("https://push.example:8443", "https://push.example:8443"),
            ("https://push.example/s3cret", "https://push.example/…"),
            ("https://push.example?key=s3cret", "https://push.example/…"),
            ("http://[::1]:80/#s3cret", "http://[::1]:80/…"),
            ("https://u:s3/cret@push.example/a", "https://…"),
            ("s3cret", "…"),
        ] {
            let mut config = Config::default();
            config.push.url = url.to_owned();
            assert_eq!(config.without_secrets().push.url, expected);
        }
    }
}
