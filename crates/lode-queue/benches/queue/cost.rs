//! `Cost`: what a job costs in a queue of one size.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use lode_queue::{Leased, Queue, Settle, open};
use redis::aio::MultiplexedConnection;
use tempfile::TempDir;

use crate::contract;
use crate::server::RedisServer;
use crate::server_cpu::ServerCpu;

/// Jobs that are enqueued, leased and settled together: what a busy worker asks for.
const CHUNK: usize = 32;
/// Chunks of each kind that one round measures, 160 jobs each time.
const CHUNKS: u32 = 5;
/// Entries of one pipeline while the queue is filled.
const FILL: usize = 2_000;

/// All servers stay on one processor: one that changes between two costs twice as much or not.
const ONE_CPU: &[&str] = &["--server_cpulist", "0"];

/// How full the queue is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Jobs that wait all the time.
    pub(crate) depth: usize,
    /// Apps that they and the measured ones are spread over.
    pub(crate) apps: usize,
}

/// Microseconds of the server's CPU per job, and how fast it went.
#[derive(Debug, Default)]
pub(crate) struct Cost {
    pub(crate) enqueue_us: f64,
    /// Admission included; 32 jobs with one call.
    pub(crate) lease_32_us: f64,
    /// Admission included; one job with each call.
    pub(crate) lease_1_us: f64,
    pub(crate) settle_us: f64,
    /// Jobs enqueued, leased and settled per second by one caller who waits for each answer.
    pub(crate) transitions_per_s: f64,
}

impl Cost {
    /// The lower quartile of several rounds, each figure by itself: what others do on the machine
    /// only ever adds.
    pub(crate) fn lower_quartile(rounds: &[Self]) -> Self {
        let quartile = |figure: fn(&Self) -> f64| {
            let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            figures[figures.len() / 4]
        };
        Self {
            enqueue_us: quartile(|cost| cost.enqueue_us),
            lease_32_us: quartile(|cost| cost.lease_32_us),
            lease_1_us: quartile(|cost| cost.lease_1_us),
            settle_us: quartile(|cost| cost.settle_us),
            // Of a speed, the upper one is the undisturbed.
            transitions_per_s: -quartile(|cost| -cost.transitions_per_s),
        }
    }

    /// A job's way through the queue when it is leased with 31 others.
    pub(crate) fn all_us(&self) -> f64 {
        self.enqueue_us + self.lease_32_us + self.settle_us
    }
}

/// Jobs of so many chunks.
fn jobs(chunks: u32) -> f64 {
    f64::from(chunks) * CHUNK as f64
}

/// A queue under measurement, on a server of its own.
pub(crate) struct Bench {
    queue: Arc<dyn Queue>,
    raw: MultiplexedConnection,
    cpu: ServerCpu,
    apps: Vec<String>,
    pub(crate) size: Size,
    /// What one waiting job takes of the server's memory.
    pub(crate) bytes_per_job: f64,
    /// Jobs made so far; part of their ids, and what spreads them over the apps.
    made: usize,
    /// Sums, not yet per job.
    spent: Cost,
    wall: Duration,
    // Dropped in this order: the server before its folder.
    _server: RedisServer,
    _dir: TempDir,
}

impl Bench {
    /// Starts the server and fills the queue.
    pub(crate) async fn start(size: Size) -> Result<Self> {
        let dir = TempDir::new()?;
        let server = RedisServer::start(dir.path(), ONE_CPU);
        let client = redis::Client::open(server.url.as_str())?;
        let raw = client.get_multiplexed_async_connection().await?;
        let url = format!("{}?queue=bench", server.url);
        let mut bench = Self {
            queue: open(&url, contract::options()).await?,
            cpu: ServerCpu::new(raw.clone()).await?,
            raw,
            apps: (0..size.apps)
                .map(|number| format!("app-{number}"))
                .collect(),
            size,
            bytes_per_job: 0.0,
            made: 0,
            spent: Cost::default(),
            wall: Duration::ZERO,
            _server: server,
            _dir: dir,
        };
        let empty = bench.cpu.used_bytes().await?;
        bench.fill().await?;
        let full = bench.cpu.used_bytes().await?;
        bench.bytes_per_job = (full - empty) / size.depth as f64;
        Ok(bench)
    }

    /// Sends some chunks through, leased both ways.
    pub(crate) async fn round(&mut self) -> Result<Cost> {
        (self.spent, self.wall) = (Cost::default(), Duration::ZERO);
        for _ in 0..CHUNKS {
            self.chunk(CHUNK).await?;
        }
        let transitions_per_s = 3.0 * jobs(CHUNKS) / self.wall.as_secs_f64();
        for _ in 0..CHUNKS {
            self.chunk(1).await?;
        }
        Ok(Cost {
            enqueue_us: self.spent.enqueue_us / jobs(2 * CHUNKS),
            lease_32_us: self.spent.lease_32_us / jobs(CHUNKS),
            lease_1_us: self.spent.lease_1_us / jobs(CHUNKS),
            settle_us: self.spent.settle_us / jobs(2 * CHUNKS),
            transitions_per_s,
        })
    }

    /// The next job: it names its id and wants an answer, as producers' jobs do.
    fn job(&mut self) -> String {
        let number = self.made;
        self.made += 1;
        let app = &self.apps[number % self.apps.len()];
        format!(
            r#"{{"id":"job-{number}","app":"{app}","hook":"h","reply_to":"lode:{{bench}}:reply:b","request":{{"body":"0123456789"}}}}"#
        )
    }

    /// Puts `depth` jobs in as producers do, and has them admitted.
    async fn fill(&mut self) -> Result<()> {
        let mut left = self.size.depth;
        while left > 0 {
            let mut pipe = redis::pipe();
            for _ in 0..left.min(FILL) {
                let job = self.job();
                pipe.xadd("lode:{bench}:in", "*", &[("job", job)]).ignore();
            }
            let () = pipe.query_async(&mut self.raw).await?;
            left -= left.min(FILL);
        }
        contract::admit_all(self.queue.as_ref()).await
    }

    /// One chunk from enqueue to settle, leased `batch` at a time.
    #[expect(clippy::disallowed_methods, reason = "it measures")]
    async fn chunk(&mut self, batch: usize) -> Result<()> {
        let new: Vec<String> = (0..CHUNK).map(|_| self.job()).collect();
        let start = Instant::now();
        let begin = self.cpu.read_us().await?;
        for job in &new {
            self.queue.enqueue(job).await?;
        }
        let enqueued = self.cpu.read_us().await?;
        let leased = contract::lease(self.queue.as_ref(), CHUNK, batch).await?;
        let in_hand = self.cpu.read_us().await?;
        for job in leased {
            self.settle(job).await?;
        }
        let settled = self.cpu.read_us().await?;
        self.wall += start.elapsed();
        self.spent.enqueue_us += self.cpu.spent_us(begin, enqueued);
        let lease_us = self.cpu.spent_us(enqueued, in_hand);
        if batch == 1 {
            self.spent.lease_1_us += lease_us;
        } else {
            self.spent.lease_32_us += lease_us;
        }
        self.spent.settle_us += self.cpu.spent_us(in_hand, settled);
        let () = redis::cmd("DEL")
            .arg("lode:{bench}:reply:b")
            .query_async(&mut self.raw)
            .await?;
        Ok(())
    }

    async fn settle(&self, job: Leased) -> Result<()> {
        let settle = Settle {
            outcome: format!(r#"{{"id":"{}","status":"ok"}}"#, job.lease.job_id),
            reply_to: Some(self.queue.reply_list("b")),
            ..Settle::default()
        };
        let ours = self.queue.settle(&job.lease, settle).await?;
        ours.then_some(())
            .context("a lease was lost: the machine is too slow for this benchmark")
    }
}
