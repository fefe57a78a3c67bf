//! `ServerCpu`: the CPU time of a Redis server, and its memory, as it says itself.

use anyhow::{Context, Result};
use redis::aio::MultiplexedConnection;

/// How often the cost of asking is measured.
const CALIBRATIONS: u32 = 300;

/// Reads the server's CPU time and knows what reading costs.
#[derive(Debug)]
pub(crate) struct ServerCpu {
    connection: MultiplexedConnection,
    /// What one reading costs the server.
    reading_us: f64,
}

impl ServerCpu {
    pub(crate) async fn new(connection: MultiplexedConnection) -> Result<Self> {
        let mut cpu = Self {
            connection,
            reading_us: 0.0,
        };
        let before = cpu.read_us().await?;
        for _ in 1..CALIBRATIONS {
            cpu.read_us().await?;
        }
        let after = cpu.read_us().await?;
        cpu.reading_us = (after - before) / f64::from(CALIBRATIONS);
        Ok(cpu)
    }

    /// Microseconds of user and system time since the server began.
    pub(crate) async fn read_us(&mut self) -> Result<f64> {
        let info = self.info("cpu").await?;
        Ok((number(&info, "used_cpu_user:")? + number(&info, "used_cpu_sys:")?) * 1e6)
    }

    /// Bytes that the server has allocated.
    pub(crate) async fn used_bytes(&mut self) -> Result<f64> {
        number(&self.info("memory").await?, "used_memory:")
    }

    async fn info(&mut self, section: &str) -> Result<String> {
        let mut info = redis::cmd("INFO");
        Ok(info.arg(section).query_async(&mut self.connection).await?)
    }

    /// What the server spent between two readings, without the reading.
    pub(crate) fn spent_us(&self, before: f64, after: f64) -> f64 {
        after - before - self.reading_us
    }
}

/// The number behind `name` in a section of INFO.
fn number(info: &str, name: &str) -> Result<f64> {
    let line = info.lines().find_map(|line| line.strip_prefix(name));
    let text = line.with_context(|| format!("INFO without {name}"))?;
    text.trim().parse().context("INFO")
}
