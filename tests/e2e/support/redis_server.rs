//! `RedisServer`: a private server of one test, gone with it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A running `redis-server` on a socket in a folder of its own.
#[derive(Debug)]
pub(crate) struct RedisServer {
    child: Child,
    /// Kept open: a server whose output nobody takes would be killed by its next line.
    _log: BufReader<ChildStdout>,
    pub(crate) url: String,
}

impl RedisServer {
    /// Starts a server and returns once it accepts connections.
    pub(crate) fn start(dir: &Path) -> Self {
        let socket = dir.join("redis.sock");
        let mut child = Command::new("redis-server")
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .args(["--port", "0", "--unixsocket"])
            .arg(&socket)
            .arg("--dir")
            .arg(dir)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "these tests need a redis-server: install the package `redis-server` (Debian) \
                     or `redis`, or set LODE_TEST_REDIS to the URL of a running one: {error}"
                )
            });
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.to_lowercase().contains("ready to accept connections") {
            line.clear();
            assert!(
                log.read_line(&mut line).unwrap() > 0,
                "redis-server ended at its start"
            );
        }
        let url = format!("unix://{}", socket.display());
        Self {
            child,
            _log: log,
            url,
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
