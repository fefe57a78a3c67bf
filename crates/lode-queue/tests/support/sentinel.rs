//! `Watched`: one primary, one replica and three sentinels on loopback.

use std::collections::HashMap;
use std::fmt::Write;

use redis::cmd;
use tempfile::TempDir;

use crate::support::cluster::ask;
use crate::support::process::{Server, free_port, program, until};

/// The servers of one service, `jobs`.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) primary: Option<Server>,
    pub(crate) replica: Server,
    pub(crate) sentinels: Vec<Server>,
    _dir: TempDir,
}

impl Watched {
    /// Starts all and returns once the sentinels know each other and the replica.
    pub(crate) async fn start() -> Self {
        let dir = TempDir::new().unwrap();
        let plain = ["--appendonly", "no", "--repl-diskless-sync-delay", "0"];
        let primary = Server::start(program(), dir.path(), free_port(), &plain).await;
        let of = format!("127.0.0.1 {}", primary.port);
        let mut args = plain.to_vec();
        args.extend(["--replicaof", &of]);
        let replica = Server::start(program(), dir.path(), free_port(), &args).await;
        let mut sentinels = Vec::new();
        for _ in 0..3 {
            let port = free_port();
            let file = dir.path().join(format!("sentinel.{port}.conf"));
            let mut text = format!("sentinel monitor jobs {of} 2\n");
            for (setting, value) in [
                ("down-after-milliseconds", 1_000),
                ("failover-timeout", 5_000),
            ] {
                writeln!(text, "sentinel {setting} jobs {value}").unwrap();
            }
            std::fs::write(&file, text).unwrap();
            let args = [file.to_str().unwrap(), "--sentinel"];
            sentinels.push(Server::start(program(), dir.path(), port, &args).await);
        }
        let watched = Self {
            primary: Some(primary),
            replica,
            sentinels,
            _dir: dir,
        };
        watched.settled().await;
        watched
    }

    async fn settled(&self) {
        let replication = cmd("INFO").arg("replication").to_owned();
        until("the replica follows", async || {
            let info: String = ask(self.replica.port, &replication).await.unwrap();
            info.contains("master_link_status:up")
        })
        .await;
        for sentinel in &self.sentinels {
            until("the sentinels know all", async || {
                let known: HashMap<String, String> =
                    ask(sentinel.port, cmd("SENTINEL").arg("MASTER").arg("jobs"))
                        .await
                        .unwrap();
                known["num-slaves"] == "1" && known["num-other-sentinels"] == "2"
            })
            .await;
        }
    }

    /// The address of a queue, found through the sentinels.
    pub(crate) fn url(&self, service: &str) -> String {
        let hosts: Vec<String> = self
            .sentinels
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port))
            .collect();
        format!("redis+sentinel://{}/{service}?queue=q", hosts.join(","))
    }
}
