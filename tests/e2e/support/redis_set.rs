//! `RedisSet`: a Redis that is killed, stopped and started again: alone, or with a replica and
//! three sentinels.

use std::collections::HashMap;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use redis::{Connection, RedisResult, cmd};

use super::eventually;

/// What the sentinels call the set.
pub(crate) const SERVICE: &str = "lode";
const SENTINELS: usize = 3;
/// For questions that are answered at once or not at all.
const PROMPT: Duration = Duration::from_millis(500);
/// Below the ports that outgoing connections take, which could sit on one while its server is down.
const FIRST_PORT: u16 = 21_000;
const LAST_PORT: u16 = 31_000;

/// One server process, data or sentinel, with a folder and a port that outlive it.
#[derive(Debug)]
pub(crate) struct RedisNode {
    pub(crate) port: u16,
    dir: PathBuf,
    sentinel: bool,
    process: Option<Child>,
}

/// See the file's head. Killed when dropped.
#[derive(Debug)]
pub(crate) struct RedisSet {
    /// Data nodes; the first is the primary at the start.
    pub(crate) nodes: Vec<RedisNode>,
    sentinels: Vec<RedisNode>,
}

/// The time of one primary, from its failover to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reign {
    pub(crate) port: u16,
    /// Of the sentinels: each failover makes it larger.
    epoch: u64,
}

/// Where a client finds the primary.
#[derive(Debug, Clone)]
pub(crate) enum Finder {
    /// It is always the same server.
    Fixed(u16),
    /// Any of these sentinels knows.
    Sentinels(Vec<u16>),
}

impl RedisNode {
    fn new(dir: &Path, settings: &str, sentinel: bool) -> Self {
        let port = free_port();
        let dir = dir.join(format!("redis-{port}"));
        fs::create_dir(&dir).unwrap();
        let text = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nlogfile redis.log\ndaemonize no\n{settings}",
            dir.display()
        );
        // A file and not arguments: sentinels write into it who is whose replica.
        fs::write(dir.join("redis.conf"), text).unwrap();
        let mut node = Self {
            port,
            dir,
            sentinel,
            process: None,
        };
        node.start();
        node
    }

    /// Starts it again with what its folder holds; does not wait until it serves.
    pub(crate) fn start(&mut self) {
        let mut command = Command::new("redis-server");
        command.arg(self.dir.join("redis.conf"));
        if self.sentinel {
            command.arg("--sentinel");
        }
        let out = File::create(self.dir.join("stdout")).unwrap();
        self.process = Some(command.stdout(out).spawn().unwrap());
    }

    /// SIGKILL, and waits for its end.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // Already gone is as good.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// True unless it was killed, or ended by itself.
    pub(crate) fn runs(&mut self) -> bool {
        let process = self.process.as_mut();
        process.is_some_and(|process| process.try_wait().unwrap().is_none())
    }

    /// SIGSTOP or SIGCONT; nothing where it does not run.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(process) = &self.process {
            let pid = Pid::from_raw(i32::try_from(process.id()).unwrap());
            // ESRCH: gone already.
            let _ = kill(pid, signal);
        }
    }

    /// Its own log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.join("redis.log")).unwrap_or_default()
    }

    /// A new connection that gives up soon.
    pub(crate) fn connect(&self) -> RedisResult<Connection> {
        connect(self.port, PROMPT)
    }

    /// True when it is the primary of one replica that has all it was sent.
    pub(crate) fn has_replica(&self) -> bool {
        let info = || cmd("INFO").arg("replication").query(&mut self.connect()?);
        let info: RedisResult<String> = info();
        info.is_ok_and(|info| info.contains("role:master") && info.contains("state=online"))
    }

    fn await_pong(&self) {
        eventually("a Redis serves", || self.connect().ok());
    }
}

impl Drop for RedisNode {
    fn drop(&mut self) {
        self.kill();
    }
}

impl RedisSet {
    /// One server. Its append-only file has each write before the write's answer is sent
    /// (`always`): with `everysec` a killed server may lose what it wrote during an fsync.
    pub(crate) fn standalone(dir: &Path) -> Self {
        let settings = "save \"\"\nappendonly yes\nappendfsync always\n";
        let node = RedisNode::new(dir, settings, false);
        node.await_pong();
        Self {
            nodes: vec![node],
            sentinels: Vec::new(),
        }
    }

    /// A primary, a replica, and three sentinels that know each other.
    pub(crate) fn sentinel(dir: &Path) -> Self {
        let settings =
            "save \"\"\nappendonly yes\nappendfsync everysec\nrepl-diskless-sync-delay 0\n";
        let primary = RedisNode::new(dir, settings, false);
        let of_primary = format!("{settings}replicaof 127.0.0.1 {}\n", primary.port);
        let replica = RedisNode::new(dir, &of_primary, false);
        primary.await_pong();
        replica.await_pong();
        eventually("the replica is in step", || {
            primary.has_replica().then_some(())
        });
        let watch = format!(
            "sentinel monitor {SERVICE} 127.0.0.1 {} 2\n\
             sentinel down-after-milliseconds {SERVICE} 2000\n\
             sentinel failover-timeout {SERVICE} 5000\n",
            primary.port
        );
        let nodes = vec![primary, replica];
        let sentinels = (0..SENTINELS).map(|_| RedisNode::new(dir, &watch, true));
        let sentinels: Vec<_> = sentinels.collect();
        for sentinel in &sentinels {
            eventually("a sentinel knows the replica and the others", || {
                knows_all(sentinel).unwrap_or(false).then_some(())
            });
        }
        Self { nodes, sentinels }
    }

    /// Where clients look for the primary.
    pub(crate) fn finder(&self) -> Finder {
        if self.sentinels.is_empty() {
            return Finder::Fixed(self.nodes[0].port);
        }
        Finder::Sentinels(self.sentinels.iter().map(|node| node.port).collect())
    }

    /// Where workers look for the primary, up to the service's name.
    pub(crate) fn sentinel_url(&self) -> String {
        let ports = self.sentinels.iter().map(|node| node.port);
        let hosts: Vec<String> = ports.map(|port| format!("127.0.0.1:{port}")).collect();
        format!("redis+sentinel://{}", hosts.join(","))
    }

    /// The node that a finder found.
    pub(crate) fn index_of(&self, port: u16) -> usize {
        let found = self.nodes.iter().position(|node| node.port == port);
        found.expect("the primary is one of our nodes")
    }
}

/// True when a sentinel knows the replica and the other sentinels.
fn knows_all(sentinel: &RedisNode) -> RedisResult<bool> {
    let mut connection = sentinel.connect()?;
    let mut count = |what: &str| -> RedisResult<usize> {
        let list: Vec<redis::Value> = cmd("SENTINEL")
            .arg(what)
            .arg(SERVICE)
            .query(&mut connection)?;
        Ok(list.len())
    };
    Ok(count("replicas")? == 1 && count("sentinels")? == SENTINELS - 1)
}

impl Finder {
    /// The primary's port, as far as anybody can tell now.
    pub(crate) fn primary(&self) -> Option<u16> {
        match self {
            Self::Fixed(port) => Some(*port),
            Self::Sentinels(ports) => ports.iter().find_map(|&port| primary_of(port)),
        }
    }

    /// The primary of a set, once all sentinels say the same.
    pub(crate) fn agreed_primary(&self) -> Option<Reign> {
        let Self::Sentinels(ports) = self else {
            return None;
        };
        let first = reign_of(ports[0])?;
        let mut others = ports[1..].iter();
        others
            .all(|&port| reign_of(port) == Some(first))
            .then_some(first)
    }

    /// A connection to a primary that serves, whose answers take `patience` at most.
    pub(crate) fn connect(&self, patience: Duration) -> Option<Connection> {
        let mut connection = connect(self.primary()?, PROMPT).ok()?;
        let role: redis::Value = cmd("ROLE").query(&mut connection).ok()?;
        let redis::Value::Array(role) = role else {
            return None;
        };
        let is_primary = role.first() == Some(&redis::Value::BulkString(b"master".to_vec()));
        connection.set_read_timeout(Some(patience)).ok()?;
        is_primary.then_some(connection)
    }
}

/// What a sentinel takes for the primary.
fn primary_of(sentinel: u16) -> Option<u16> {
    let mut connection = connect(sentinel, PROMPT).ok()?;
    let mut question = cmd("SENTINEL");
    question.arg("get-master-addr-by-name").arg(SERVICE);
    let address: (String, u16) = question.query(&mut connection).ok()?;
    Some(address.1)
}

/// Who reigns as a sentinel sees it.
fn reign_of(sentinel: u16) -> Option<Reign> {
    let mut connection = connect(sentinel, PROMPT).ok()?;
    let mut question = cmd("SENTINEL");
    question.arg("MASTER").arg(SERVICE);
    let fields: HashMap<String, String> = question.query(&mut connection).ok()?;
    Some(Reign {
        port: fields.get("port")?.parse().ok()?,
        epoch: fields.get("config-epoch")?.parse().ok()?,
    })
}

/// A connection to a server that has loaded its data.
fn connect(port: u16, patience: Duration) -> RedisResult<Connection> {
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}"))?;
    let mut connection = client.get_connection_with_timeout(patience)?;
    connection.set_read_timeout(Some(patience))?;
    connection.set_write_timeout(Some(patience))?;
    cmd("PING").query::<()>(&mut connection)?;
    Ok(connection)
}

/// A port that nobody listens on, given to nobody else of this process.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let span = LAST_PORT - FIRST_PORT;
    // Other test processes begin elsewhere.
    let begin = u16::try_from(std::process::id() % u32::from(span)).unwrap();
    eventually("a port is free", || {
        let step = NEXT.fetch_add(1, Ordering::Relaxed) % span;
        let port = FIRST_PORT + (begin + step) % span;
        TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .is_ok()
            .then_some(port)
    })
}
