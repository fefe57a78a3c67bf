//! A private Redis Cluster: three nodes of our own on loopback, gone with the command.

use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::background::Background;
use crate::{deadline, redis};

/// Gossip takes seconds, and a busy machine makes them tens of seconds.
const START_LIMIT: Duration = Duration::from_secs(60);
/// No answer of a node takes longer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// The first and the last slot of each node.
const SLOTS: [(u16, u16); 3] = [(0, 5_460), (5_461, 10_922), (10_923, 16_383)];

/// A running cluster, its folder and its address.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// Dropped before the folder is removed.
    nodes: Vec<Background>,
    dir: PathBuf,
    /// `redis+cluster://127.0.0.1:…,127.0.0.1:…`
    pub(crate) url: String,
}

impl Cluster {
    /// Starts the nodes and returns once each of them serves every slot.
    pub(crate) fn start() -> Result<Self> {
        let program = redis::find()?;
        let dir = redis::fresh_dir("cluster")?;
        let mut cluster = Self {
            nodes: Vec::new(),
            dir,
            url: String::new(),
        };
        let mut ports = Vec::new();
        for (first, last) in SLOTS {
            let (port, bus) = (free_port(), free_port());
            cluster.add(&program, port, bus)?;
            ask(port, &format!("CLUSTER ADDSLOTSRANGE {first} {last}"))?;
            if let Some(known) = ports.first() {
                ask(*known, &format!("CLUSTER MEET 127.0.0.1 {port} {bus}"))?;
            }
            ports.push(port);
        }
        for port in &ports {
            deadline::wait(START_LIMIT, "a cluster that serves every slot", || {
                let info = ask(*port, "CLUSTER INFO")?;
                let is_whole = info.contains("cluster_state:ok")
                    && info.contains(&format!("cluster_known_nodes:{}\r\n", SLOTS.len()));
                Ok(is_whole.then_some(()))
            })?;
        }
        let hosts: Vec<String> = ports
            .iter()
            .map(|port| format!("127.0.0.1:{port}"))
            .collect();
        cluster.url = format!("redis+cluster://{}", hosts.join(","));
        Ok(cluster)
    }

    fn add(&mut self, program: &Path, port: u16, bus: u16) -> Result<()> {
        let log = self.dir.join(format!("log.{port}"));
        let file = format!("nodes.{port}.conf");
        let (port_text, bus) = (port.to_string(), bus.to_string());
        let node = Background::start("redis-server", program, &log, |command| {
            command.args(["--port", &port_text, "--bind", "127.0.0.1"]);
            command.args(["--cluster-enabled", "yes", "--cluster-port", &bus]);
            command.args(["--cluster-config-file", &file, "--daemonize", "no"]);
            command.args(["--save", "", "--appendonly", "no"]);
            command.arg("--dir").arg(&self.dir);
        })?;
        self.nodes.push(node);
        deadline::wait(START_LIMIT, "an answer of a node to PING", || {
            if let Some(node) = self.nodes.last_mut() {
                node.check_alive()?;
            }
            Ok(ask(port, "PING").ok())
        })?;
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.nodes.clear();
        // A folder that stays behind is in target/ and harms nobody.
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// A port that nobody has now, below those that connections get, so that none takes it.
fn free_port() -> u16 {
    loop {
        let offset = RandomState::new().hash_one(0) % 20_000;
        let port = 10_000 + u16::try_from(offset).expect("it is below 20,000");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Sends one command as a line and returns the text of its answer; a refusal is an error.
fn ask(port: u16, line: &str) -> Result<String> {
    let what = || format!("`{line}` to the node on port {port}");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).with_context(what)?;
    stream.set_read_timeout(Some(ANSWER_LIMIT))?;
    stream
        .write_all(format!("{line}\r\n").as_bytes())
        .with_context(what)?;
    answer(BufReader::new(stream)).with_context(what)
}

fn answer(mut from: impl BufRead) -> Result<String> {
    let mut head = String::new();
    from.read_line(&mut head)?;
    let Some(rest) = head.strip_suffix("\r\n") else {
        bail!("the answer `{head}` has no end");
    };
    if let Some(text) = rest.strip_prefix('+') {
        return Ok(text.to_owned());
    }
    let Some(length) = rest.strip_prefix('$') else {
        bail!("the answer is `{rest}`");
    };
    let mut text = String::new();
    from.take(length.parse()?).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::answer;

    #[test]
    fn texts_are_read_and_refusals_are_errors() {
        assert_eq!(answer(&b"+OK\r\n"[..]).expect("a line"), "OK");
        assert_eq!(answer(&b"$4\r\na\r\nb\r\n"[..]).expect("a text"), "a\r\nb");
        let error = answer(&b"-ERR no\r\n"[..]).expect_err("a refusal");
        assert_eq!(error.to_string(), "the answer is `-ERR no`");
        let error = answer(&b"+O"[..]).expect_err("half an answer");
        assert_eq!(error.to_string(), "the answer `+O` has no end");
    }
}
