//! `RedisQueue`: the contract on Redis.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use redis::{Cmd, ConnectionAddr, FromRedisValue, Script, Value, cmd};
use tokio::time::Instant;

use super::args::{lease_args, pairs, settle_args};
use super::connection::Connections;
use super::reply::{dead_jobs, lease_reply, text};
use super::scripts::{Keys, Scripts};
use super::version::describe;
use crate::error::QueueError;
use crate::open::QueueOptions;
use crate::queue::{DeadJob, LeaseRef, Leased, Queue, QueueStats, Settle};
use crate::token::TokenSource;

/// A handle on one queue of a Redis server.
#[derive(Debug)]
pub(crate) struct RedisQueue {
    name: String,
    options: QueueOptions,
    keys: Keys,
    scripts: Scripts,
    connections: Connections,
    tokens: TokenSource,
    seen: Mutex<Seen>,
}

/// What the last lease call knew, so that a wait misses nothing that came after it.
#[derive(Debug)]
struct Seen {
    wake_id: String,
    next_expiry: Option<Instant>,
}

impl RedisQueue {
    /// Opens a queue by a Redis URL.
    pub(crate) async fn open_url(
        url: &str,
        name: String,
        options: QueueOptions,
    ) -> Result<Self, QueueError> {
        Self::open(
            Connections::open(url, options.connect_timeout).await?,
            name,
            options,
        )
        .await
    }

    /// Opens a queue by the path of the server's socket.
    pub(crate) async fn open_socket(
        path: PathBuf,
        name: String,
        options: QueueOptions,
    ) -> Result<Self, QueueError> {
        let address = ConnectionAddr::Unix(path);
        Self::open(
            Connections::open(address, options.connect_timeout).await?,
            name,
            options,
        )
        .await
    }

    async fn open(
        connections: Connections,
        name: String,
        options: QueueOptions,
    ) -> Result<Self, QueueError> {
        let queue = Self {
            keys: Keys::new(&name),
            scripts: Scripts::new(),
            connections,
            tokens: TokenSource::new(),
            seen: Mutex::new(Seen {
                wake_id: "0-0".to_owned(),
                next_expiry: None,
            }),
            name,
            options,
        };
        queue.ping().await?;
        Ok(queue)
    }

    /// Runs a script with the common KEYS and ARGV in front of `args`.
    async fn run<T: FromRedisValue>(
        &self,
        step: &'static str,
        script: &Script,
        args: &[String],
    ) -> Result<T, QueueError> {
        let mut call = script.prepare_invoke();
        call.key(&self.keys.all);
        call.arg(&self.keys.prefix)
            .arg(self.options.default_app_cap)
            .arg(args);
        call.invoke_async(&mut self.connections.shared())
            .await
            .map_err(|error| self.connections.failed(step, &error))
    }

    /// Runs a command that answers at once.
    async fn ask<T: FromRedisValue>(
        &self,
        step: &'static str,
        command: &Cmd,
    ) -> Result<T, QueueError> {
        command
            .query_async(&mut self.connections.shared())
            .await
            .map_err(|error| self.connections.failed(step, &error))
    }
}

#[async_trait]
impl Queue for RedisQueue {
    async fn enqueue(&self, job_json: &str) -> Result<String, QueueError> {
        let mut add = cmd("XADD");
        add.arg(self.keys.of("in"))
            .arg("*")
            .arg("job")
            .arg(job_json);
        self.ask("enqueue", &add).await
    }

    async fn lease(&self, worker: &str, max: usize) -> Result<Vec<Leased>, QueueError> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let args = lease_args(&self.options, worker, max, self.tokens.next());
        let values: Vec<Value> = self.run("lease", &self.scripts.lease, &args).await?;
        let reply = lease_reply(&values)?;
        let next_expiry = reply.next_expiry.map(|left| Instant::now() + left);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Seen {
            wake_id: reply.wake_id,
            next_expiry,
        };
        Ok(reply.jobs)
    }

    async fn wait(&self, timeout: Duration) -> Result<(), QueueError> {
        let (wake_id, expiry) = {
            let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            (seen.wake_id.clone(), seen.next_expiry)
        };
        let until_expiry = expiry.map(|at| at.saturating_duration_since(Instant::now()));
        // BLOCK 0 would be for ever, and a lease expires at the end of its millisecond.
        let block = until_expiry
            .map_or(timeout, |left| left.min(timeout))
            .as_millis()
            + 1;
        let mut read = cmd("XREAD");
        read.arg("COUNT")
            .arg(1)
            .arg("BLOCK")
            .arg(u64::try_from(block).unwrap_or(u64::MAX));
        read.arg("STREAMS")
            .arg(self.keys.of("in"))
            .arg(self.keys.of("wake"));
        read.arg("0-0").arg(wake_id);
        let _: Value = self.connections.block("wait", &read, timeout).await?;
        Ok(())
    }

    async fn extend(&self, leases: &[LeaseRef]) -> Result<Vec<bool>, QueueError> {
        if leases.is_empty() {
            return Ok(Vec::new());
        }
        let mut args = vec![self.options.lease.as_millis().to_string()];
        args.extend(pairs(leases));
        self.run("extend", &self.scripts.extend, &args).await
    }

    async fn settle(&self, lease: &LeaseRef, settle: Settle) -> Result<bool, QueueError> {
        let args = settle_args(&self.name, &self.options, lease, settle);
        let done: u32 = self.run("settle", &self.scripts.settle, &args).await?;
        if done == 2 {
            tracing::warn!(
                job = lease.job_id,
                "outcome not delivered, kept in the dead list"
            );
        }
        Ok(done > 0)
    }

    async fn release(&self, leases: &[LeaseRef]) -> Result<usize, QueueError> {
        if leases.is_empty() {
            return Ok(0);
        }
        let args: Vec<String> = pairs(leases).collect();
        self.run("release", &self.scripts.release, &args).await
    }

    async fn retry(&self, lease: &LeaseRef) -> Result<bool, QueueError> {
        let args = [lease.job_id.clone(), lease.token.clone()];
        self.run("retry", &self.scripts.retry, &args).await
    }

    async fn set_caps(&self, caps: &[(String, i64)]) -> Result<(), QueueError> {
        let args: Vec<String> = caps
            .iter()
            .flat_map(|(app, cap)| [app.clone(), cap.to_string()])
            .collect();
        let _: u32 = self.run("set_caps", &self.scripts.set_caps, &args).await?;
        Ok(())
    }

    async fn await_reply(
        &self,
        list: &str,
        timeout: Duration,
    ) -> Result<Option<String>, QueueError> {
        let mut pop = cmd("BLPOP");
        // 0 would be for ever.
        let seconds = timeout.max(Duration::from_millis(1)).as_secs_f64();
        pop.arg(list).arg(format!("{seconds:.3}"));
        let found: Option<(Vec<u8>, Vec<u8>)> =
            self.connections.block("await_reply", &pop, timeout).await?;
        Ok(found.map(|(_, outcome)| text(&outcome)))
    }

    async fn stats(&self) -> Result<QueueStats, QueueError> {
        let numbers: [u64; 8] = self.run("stats", &self.scripts.stats, &[]).await?;
        let [
            inbox,
            leased,
            dead,
            queued,
            settled,
            duplicates,
            reclaimed,
            undelivered,
        ] = numbers;
        Ok(QueueStats {
            inbox,
            queued,
            leased,
            dead,
            settled,
            duplicates,
            reclaimed,
            undelivered,
        })
    }

    async fn dead(&self, limit: usize) -> Result<Vec<DeadJob>, QueueError> {
        let mut range = cmd("XREVRANGE");
        range
            .arg(self.keys.of("dead"))
            .arg("+")
            .arg("-")
            .arg("COUNT")
            .arg(limit);
        Ok(dead_jobs(self.ask("dead", &range).await?))
    }

    async fn ping(&self) -> Result<String, QueueError> {
        let info: String = self.ask("ping", cmd("INFO").arg("server")).await?;
        Ok(format!(
            "{} at {}",
            describe(&info)?,
            self.connections.place()
        ))
    }

    fn name(&self) -> &str {
        &self.name
    }
}
