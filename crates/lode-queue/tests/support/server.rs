//! `RedisServer`: a private server of one test, gone with it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A running `redis-server` on a socket in a directory of its own.
#[derive(Debug)]
pub(crate) struct RedisServer {
    child: Child,
    /// Kept open: a server whose output nobody takes would be killed by its next line.
    _log: BufReader<ChildStdout>,
    pub(crate) url: String,
}

impl RedisServer {
    /// Starts a server and returns once it accepts connections.
    pub(crate) fn start(dir: &Path, extra: &[&str]) -> Self {
        Self::start_program("redis-server".as_ref(), dir, extra)
    }

    /// The same with a server of another make.
    pub(crate) fn start_program(program: &OsStr, dir: &Path, extra: &[&str]) -> Self {
        let socket = dir.join("redis.sock");
        let mut child = Command::new(program)
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .args(if extra.contains(&"--port") {
                &[][..]
            } else {
                &["--port", "0"][..]
            })
            .arg("--unixsocket")
            .arg(&socket)
            .arg("--dir")
            .arg(dir)
            .args(extra)
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
        Self {
            child,
            _log: log,
            url: format!("unix://{}", socket.display()),
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
