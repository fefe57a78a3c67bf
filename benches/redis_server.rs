//! `Redis`: the server under the queue: the one of `LODE_TEST_REDIS`, or a private one.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use redis::{Connection, cmd};

/// How long the yardstick takes.
const YARDSTICK: Duration = Duration::from_millis(500);

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Redis {
    /// Without a queue's name.
    pub(crate) url: String,
    // Held for its end, and so that its output has a reader.
    _private: Option<Private>,
}

#[derive(Debug)]
struct Private {
    child: Child,
    _log: BufReader<ChildStdout>,
}

impl Drop for Private {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Redis {
    /// Takes the server of the environment, or starts one in `dir`.
    #[expect(
        clippy::disallowed_methods,
        reason = "the benchmark has no config file"
    )]
    pub(crate) fn find_or_start(dir: &Path) -> Result<Self> {
        match std::env::var("LODE_TEST_REDIS") {
            Ok(url) if !url.is_empty() => Ok(Self {
                url,
                _private: None,
            }),
            Ok(_) | Err(_) => Self::start(dir),
        }
    }

    fn start(dir: &Path) -> Result<Self> {
        let socket = dir.join("redis.sock");
        let mut child = Command::new("redis-server")
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .args(["--port", "0", "--unixsocket"])
            .arg(&socket)
            .arg("--dir")
            .arg(dir)
            .stdout(Stdio::piped())
            .spawn()
            .context("redis-server: install it, or set LODE_TEST_REDIS to the URL of one")?;
        let out = child.stdout.take().context("redis-server's output")?;
        let mut private = Private {
            child,
            _log: BufReader::new(out),
        };
        let mut line = String::new();
        while !line.to_lowercase().contains("ready to accept connections") {
            line.clear();
            let read = private._log.read_line(&mut line)?;
            ensure!(read > 0, "redis-server ended at its start");
        }
        Ok(Self {
            url: format!("unix://{}", socket.display()),
            _private: Some(private),
        })
    }

    /// A connection for a producer.
    pub(crate) fn connect(&self) -> Result<Connection> {
        let client = redis::Client::open(self.url.as_str()).context("Redis URL")?;
        client.get_connection().context("Redis")
    }

    /// The server's version.
    pub(crate) fn version(&self) -> Result<String> {
        let info: String = cmd("INFO").arg("server").query(&mut self.connect()?)?;
        let version = info
            .lines()
            .find_map(|line| line.strip_prefix("redis_version:"));
        Ok(version.unwrap_or("unknown").to_owned())
    }

    /// The yardstick: how many round trips one connection makes in a second. A machine that gives
    /// less after the run than before it has had other things to do.
    #[expect(clippy::disallowed_methods, reason = "it measures")]
    pub(crate) fn round_trips_per_s(&self) -> Result<f64> {
        let mut connection = self.connect()?;
        let start = Instant::now();
        let mut count = 0_u32;
        while start.elapsed() < YARDSTICK {
            cmd("PING").query::<String>(&mut connection)?;
            count += 1;
        }
        Ok(f64::from(count) / start.elapsed().as_secs_f64())
    }
}
