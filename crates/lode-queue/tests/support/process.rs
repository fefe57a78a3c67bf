//! `Server`: a server of our own on a loopback port, and the wait for what it must become.

use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Elections and gossip take seconds, and a busy machine makes them tens of seconds.
const DEADLINE: Duration = Duration::from_secs(60);
/// Pause between two looks: each is a round trip to a server that has better things to do.
const LOOK: Duration = Duration::from_millis(10);

/// A running server; it dies with this value, as by `kill -9`.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
}

impl Server {
    /// Starts `program` in `dir` and returns once it answers on `port`.
    pub(crate) async fn start(program: &str, dir: &Path, port: u16, args: &[&str]) -> Self {
        let child = Command::new(program)
            .args(args)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--daemonize", "no", "--save", "", "--logfile"])
            .arg(dir.join(format!("log.{port}")))
            .arg("--dir")
            .arg(dir)
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("these tests need {program}: {error}"));
        let mut server = Self { child, port };
        until("the server accepts connections", async || {
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "{program} ended: {}", log(dir, port));
            tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .is_ok()
        })
        .await;
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server program of these tests.
pub(crate) fn program() -> &'static str {
    "redis-server"
}

/// A port that nobody has now, below those that connections get, so that none takes it.
pub(crate) fn free_port() -> u16 {
    loop {
        let port = 10_000 + u16::try_from(RandomState::new().hash_one(0) % 20_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Waits until `look` says yes.
pub(crate) async fn until(what: &str, mut look: impl AsyncFnMut() -> bool) {
    let looking = async {
        let mut pace = tokio::time::interval(LOOK);
        while !look().await {
            pace.tick().await;
        }
    };
    if tokio::time::timeout(DEADLINE, looking).await.is_err() {
        panic!("not within {DEADLINE:?}: {what}");
    }
}

fn log(dir: &Path, port: u16) -> String {
    std::fs::read_to_string(dir.join(format!("log.{port}"))).unwrap_or_default()
}
