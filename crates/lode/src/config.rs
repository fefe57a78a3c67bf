//! The configuration: one TOML file, overridden by the environment, overridden by flags.
//!
//! `LODE_POOL_WARM=2` in the environment is `warm = 2` in `[pool]`. Unknown keys and variables are
//! refused by name. `lode config` prints what is in force.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lode_core::PoolOptions;
use lode_jail::Layer;
use lode_proto::JobLimits;
use lode_queue::QueueOptions;
use serde::{Deserialize, Serialize};

/// Everything that can be set. Every field has a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    pub(crate) worker: WorkerConfig,
    pub(crate) queue: QueueConfig,
    pub(crate) store: StoreConfig,
    pub(crate) pool: PoolConfig,
    pub(crate) jail: JailConfig,
    pub(crate) jobs: JobsConfig,
    pub(crate) limits: JobLimits,
    pub(crate) ceiling: CeilingConfig,
    pub(crate) log: LogConfig,
}

/// `[worker]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WorkerConfig {
    /// The worker's name in outcomes, leases and logs. Default: host name and process id.
    pub(crate) name: String,
    /// Milliseconds that running jobs get to finish after SIGTERM, 0 to 3,600,000. Default 30,000.
    pub(crate) drain_limit_ms: u64,
}

/// `[queue]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct QueueConfig {
    /// Where jobs come from. Default: the embedded queue in the working folder.
    pub(crate) url: String,
    /// Milliseconds a lease lasts unless extended, 100 to 3,600,000. Default 15,000: a worker that
    /// dies holds its jobs that long.
    pub(crate) lease_ms: u64,
    /// Jobs of one app that run at one time over all workers, -1 for no limit. Default 5 (Kinvey's).
    pub(crate) app_max_concurrent: i64,
    /// Times that an idempotent job is started, 1 to 100, before it goes to the dead list. Default 3.
    pub(crate) attempts_max: u32,
}

/// `[store]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StoreConfig {
    /// Apps, hooks and documents. Default: SQLite in the working folder.
    pub(crate) url: String,
}

/// `[pool]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PoolConfig {
    /// Children alive at one time, 1 to 10,000. Default 8.
    pub(crate) max_children: usize,
    /// Children kept ready, 1 to 10,000; never more than `max_children`. Default 4.
    pub(crate) warm: usize,
    /// Forks after which the zygote is replaced, 1 up. Default 10,000.
    pub(crate) zygote_forks_max: u64,
    /// Seconds after which the zygote is replaced, 1 up. Default 1,800.
    pub(crate) zygote_age_max_s: u64,
}

/// `[jail]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct JailConfig {
    /// Layers that may be missing on this host; see `lode doctor` for their names. Default: none.
    pub(crate) waive: Vec<Layer>,
}

/// `[jobs]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct JobsConfig {
    /// Whether a job may bring its own `script`. Default no: whoever can enqueue could run code.
    pub(crate) allow_inline_script: bool,
}

/// `[ceiling]`: what an app's or a job's own limit can raise a default to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CeilingConfig {
    /// Milliseconds. Default 60,000 (Kinvey's Flex limit).
    pub(crate) wall_limit_ms: u64,
    /// Bytes. Default 512 MiB.
    pub(crate) heap_limit_bytes: u64,
    /// Bytes. Default 512 MiB.
    pub(crate) array_buffer_limit_bytes: u64,
    /// Bytes. Default 16 MiB.
    pub(crate) result_limit_bytes: u64,
    /// Calls. Default 100,000.
    pub(crate) host_calls_limit: u64,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogConfig {
    /// `error`, `warn`, `info`, `debug`, or a filter such as `info,lode_queue=debug`. Default `info`.
    pub(crate) level: String,
    /// One JSON object a line instead of text. Default no.
    pub(crate) json: bool,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            drain_limit_ms: 30_000,
        }
    }
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            url: "sqlite:lode-queue.sqlite".to_owned(),
            lease_ms: 15_000,
            app_max_concurrent: 5,
            attempts_max: 3,
        }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            url: "sqlite:lode.sqlite".to_owned(),
        }
    }
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            max_children: 8,
            warm: 4,
            zygote_forks_max: 10_000,
            zygote_age_max_s: 1_800,
        }
    }
}

impl Default for CeilingConfig {
    fn default() -> Self {
        Self {
            wall_limit_ms: 60_000,
            heap_limit_bytes: 512 << 20,
            array_buffer_limit_bytes: 512 << 20,
            result_limit_bytes: 16 << 20,
            host_calls_limit: 100_000,
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            json: false,
        }
    }
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

    /// Checks what the types cannot: bounds, and values that depend on each other.
    pub(crate) fn check(mut self) -> Result<Self> {
        let ranges = [
            (
                "pool.max_children",
                self.pool.max_children as u64,
                1,
                10_000,
            ),
            ("pool.warm", self.pool.warm as u64, 1, 10_000),
            (
                "pool.zygote_forks_max",
                self.pool.zygote_forks_max,
                1,
                u64::MAX,
            ),
            (
                "pool.zygote_age_max_s",
                self.pool.zygote_age_max_s,
                1,
                u64::MAX,
            ),
            ("queue.lease_ms", self.queue.lease_ms, 100, 3_600_000),
            (
                "queue.attempts_max",
                u64::from(self.queue.attempts_max),
                1,
                100,
            ),
            (
                "worker.drain_limit_ms",
                self.worker.drain_limit_ms,
                0,
                3_600_000,
            ),
        ];
        for (name, value, low, high) in ranges {
            if value < low || value > high {
                bail!("{name} is {value}, allowed are {low} to {high}");
            }
        }
        let cap = self.queue.app_max_concurrent;
        if cap < 1 && cap != -1 {
            bail!("queue.app_max_concurrent is {cap}, allowed are -1 (no limit) and 1 up");
        }
        if let Err(text) = self.limits.check() {
            bail!("limits.{text}");
        }
        if let Err(text) = self.ceiling_limits().check() {
            bail!("ceiling.{text}");
        }
        if self.limits.at_most(&self.ceiling_limits()) != self.limits {
            bail!("a default in [limits] is above its [ceiling]; `lode config` shows both");
        }
        self.pool.warm = self.pool.warm.min(self.pool.max_children);
        if self.worker.name.is_empty() {
            self.worker.name = default_worker_name();
        }
        Ok(self)
    }

    /// The ceiling as limits; what has no ceiling of its own keeps its default as ceiling.
    pub(crate) fn ceiling_limits(&self) -> JobLimits {
        let ceiling = &self.ceiling;
        JobLimits {
            wall_limit_ms: ceiling.wall_limit_ms,
            heap_limit_bytes: ceiling.heap_limit_bytes,
            array_buffer_limit_bytes: ceiling.array_buffer_limit_bytes,
            result_limit_bytes: ceiling.result_limit_bytes,
            host_calls_limit: ceiling.host_calls_limit,
            ..self.limits
        }
    }

    /// The pool's part.
    pub(crate) fn pool_options(&self) -> PoolOptions {
        PoolOptions {
            max_children: self.pool.max_children,
            warm: self.pool.warm,
            zygote_forks_max: self.pool.zygote_forks_max,
            zygote_age_max_us: self.pool.zygote_age_max_s.saturating_mul(1_000_000),
            ..PoolOptions::default()
        }
    }

    /// The queue's part.
    pub(crate) fn queue_options(&self) -> QueueOptions {
        QueueOptions {
            lease: Duration::from_millis(self.queue.lease_ms),
            default_app_cap: self.queue.app_max_concurrent,
            max_attempts: self.queue.attempts_max,
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
    let split = lower
        .split_once('_')
        .filter(|(section, _)| sections.contains_key(*section));
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
