//! What the types of the configuration cannot say: bounds, and values that depend on each other.

use anyhow::{Result, bail};
use lode_store::limits::{CONNECTIONS_MAX, OPERATION_MS_CEILING};

use super::{Config, default_worker_name};

/// A reply travels to its child in one frame of 20 MiB, as base64 where it is no text.
const EGRESS_REPLY_BYTES_MAX: u64 = 12 << 20;

/// A key, its value, and the least and greatest value that are allowed.
type Range = (&'static str, u64, u64, u64);

impl Config {
    /// Checks everything, and fills in what has no fixed default. The error names the key, its
    /// value and what is allowed.
    pub(crate) fn check(mut self) -> Result<Self> {
        for (name, value, low, high) in self.ranges() {
            if value < low || value > high {
                bail!("{name} is {value}, allowed are {low} to {high}");
            }
        }
        self.egress.check()?;
        self.email.check()?;
        self.push.check()?;
        self.check_special()?;
        self.check_limits()?;
        self.pool.warm = self.pool.warm.min(self.pool.max_children);
        if self.worker.name.is_empty() {
            self.worker.name = default_worker_name();
        }
        Ok(self)
    }

    #[rustfmt::skip]
    fn ranges(&self) -> [Range; 30] {
        let (pool, queue, jail, breaker) = (&self.pool, &self.queue, &self.jail, &self.breaker);
        let (outbox, logs) = (&self.outbox, &self.logs);
        [
            ("pool.max_children", pool.max_children as u64, 1, 10_000),
            ("pool.warm", pool.warm as u64, 1, 10_000),
            ("pool.zygote_forks_max", pool.zygote_forks_max, 1, u64::MAX),
            ("pool.zygote_age_max_s", pool.zygote_age_max_s, 1, u64::MAX),
            ("pool.app_share", pool.app_share as u64, 0, 10_000),
            ("queue.lease_ms", queue.lease_ms, 100, 3_600_000),
            ("queue.attempts_max", u64::from(queue.attempts_max), 1, 100),
            ("queue.retry_backoff_ms", queue.retry_backoff_ms, 1, 60_000),
            ("queue.worker_timeout_ms", queue.worker_timeout_ms, 1_000, 600_000),
            ("queue.poison_losses", u64::from(queue.poison_losses), 1, 100),
            ("queue.result_ttl_s", queue.result_ttl_s, 0, 604_800),
            ("store.connections", self.store.connections as u64, 1, CONNECTIONS_MAX as u64),
            ("store.operation_ms", self.store.operation_ms, 100, OPERATION_MS_CEILING),
            ("worker.drain_limit_ms", self.worker.drain_limit_ms, 0, 3_600_000),
            ("jail.oom_score_adj", u64::from(jail.oom_score_adj), 0, 1_000),
            ("jail.nice", u64::from(jail.nice), 0, 19),
            ("jail.cpu_weight", jail.cpu_weight, 1, 10_000),
            ("jail.cpu_max_percent", jail.cpu_max_percent, 0, 100_000),
            ("breaker.bad_jobs", u64::from(breaker.bad_jobs), 0, 1_000),
            ("breaker.window_ms", breaker.window_ms, 1, 3_600_000),
            ("breaker.ban_s", breaker.ban_s, 1, 604_800),
            ("outbox.attempts_max", u64::from(outbox.attempts_max), 1, 1_000),
            ("outbox.retry_backoff_ms", outbox.retry_backoff_ms, 1, 3_600_000),
            ("outbox.senders", outbox.senders as u64, 1, 1_000),
            ("outbox.app_max", outbox.app_max as u64, 1, 1_000_000),
            ("outbox.keep_s", outbox.keep_s, 0, 31_536_000),
            ("logs.app_lines_max", logs.app_lines_max as u64, 0, 10_000_000),
            ("logs.keep_s", logs.keep_s, 0, 31_536_000),
            ("nbt.sweep_ms", self.nbt.sweep_ms, 100, 3_600_000),
            ("nbt.deadline_ms", self.nbt.deadline_ms, 0, 31_536_000_000),
        ]
    }

    fn check_special(&self) -> Result<()> {
        let watch = self.jail.memory_watch_ms;
        if watch != 0 && !(10..=60_000).contains(&watch) {
            bail!("jail.memory_watch_ms is {watch}, allowed are 0 (no watch) and 10 to 60000");
        }
        let channel = &self.nbt.channel;
        if channel.is_empty() || channel.len() > 512 {
            bail!(
                "nbt.channel has {} bytes, allowed are 1 to 512",
                channel.len()
            );
        }
        let queue = &self.queue;
        for (name, bound) in [
            ("app_max_concurrent", queue.app_max_concurrent),
            ("app_queue_max", queue.app_queue_max),
            ("queue_max", queue.queue_max),
        ] {
            if bound < 1 && bound != -1 {
                bail!("queue.{name} is {bound}, allowed are -1 (no limit) and 1 up");
            }
        }
        let (reserve, max) = (self.pool.reserve, self.pool.max_children);
        if reserve >= max && max > 1 {
            bail!("pool.reserve is {reserve}, it must be less than pool.max_children ({max})");
        }
        let (share, places) = (self.pool.app_share, max.saturating_sub(reserve).max(1));
        if share > places {
            bail!("pool.app_share is {share}, allowed are 0 (all but the reserve) to {places}");
        }
        if self.egress.response_bytes_max > EGRESS_REPLY_BYTES_MAX {
            let bytes = self.egress.response_bytes_max;
            bail!(
                "egress.response_bytes_max is {bytes}, allowed are at most {EGRESS_REPLY_BYTES_MAX}"
            );
        }
        Ok(())
    }

    fn check_limits(&self) -> Result<()> {
        if let Err(text) = self.limits.check() {
            bail!("limits.{text}");
        }
        if let Err(text) = self.ceiling.check() {
            bail!("ceiling.{text}");
        }
        let above = self.limits.above(&self.ceiling);
        if !above.is_empty() {
            let names = above.join(", ");
            bail!("above their [ceiling]: {names} of [limits]; `lode config` shows both");
        }
        Ok(())
    }
}
