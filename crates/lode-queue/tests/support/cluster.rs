//! `Cluster`: three primaries on loopback that share the slots, or the cluster of
//! `LODE_TEST_REDIS_CLUSTER` (a `redis+cluster://` URL without a queue).

use redis::aio::MultiplexedConnection;
use redis::{RedisError, cmd};
use tempfile::TempDir;

use super::process::{Server, free_port, program, until};

/// A cluster of this test's own; gone with this value.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Server>,
    pub(crate) dir: TempDir,
}

impl Cluster {
    /// Starts the nodes and returns once each of them serves.
    pub(crate) async fn start() -> Self {
        let dir = TempDir::new().unwrap();
        let mut cluster = Self {
            nodes: Vec::new(),
            dir,
        };
        for (first, last) in [(0, 5_460), (5_461, 10_922), (10_923, 16_383)] {
            let port = cluster.add().await;
            let mut slots = cmd("CLUSTER");
            slots.arg("ADDSLOTSRANGE").arg(first).arg(last);
            let _: () = ask(port, &slots).await.unwrap();
        }
        cluster.agree(3).await;
        cluster
    }

    /// Starts one more node, which knows the first one. Returns its port.
    pub(crate) async fn add(&mut self) -> u16 {
        let (port, bus) = (free_port(), free_port());
        let (bus_text, file) = (bus.to_string(), format!("nodes.{port}.conf"));
        let args = [
            "--cluster-enabled",
            "yes",
            "--cluster-port",
            &bus_text,
            "--cluster-config-file",
            &file,
            "--cluster-node-timeout",
            "1000",
            "--appendonly",
            "no",
            // Else a replica waits five seconds for others to come.
            "--repl-diskless-sync-delay",
            "0",
        ];
        let server = Server::start(program(), self.dir.path(), port, &args).await;
        self.nodes.push(server);
        if let [first, _, ..] = self.nodes.as_slice() {
            let mut meet = cmd("CLUSTER");
            meet.arg("MEET").arg("127.0.0.1").arg(port).arg(bus);
            let _: () = ask(first.port, &meet).await.unwrap();
        }
        port
    }

    /// Waits until each node knows `count` nodes and an owner of each slot.
    pub(crate) async fn agree(&self, count: usize) {
        let known = format!("cluster_known_nodes:{count}\r\n");
        for node in &self.nodes {
            until("the nodes of the cluster know each other", async || {
                let info = ask::<String>(node.port, cmd("CLUSTER").arg("INFO")).await;
                info.is_ok_and(|text| text.contains("cluster_state:ok") && text.contains(&known))
            })
            .await;
        }
    }

    /// The address of the cluster without a queue.
    pub(crate) fn url(&self) -> String {
        let hosts: Vec<String> = self
            .nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port))
            .collect();
        format!("redis+cluster://{}", hosts.join(","))
    }
}

/// A plain connection to the node of a cluster that owns the slot of `key`.
pub(crate) async fn raw(url: &str, key: &str) -> MultiplexedConnection {
    let hosts = url.trim_start_matches("redis+cluster://");
    let first = hosts.split([',', '/', '?']).next().unwrap();
    let mut connection = connect(&format!("redis://{first}")).await.unwrap();
    let asked = cmd("TYPE")
        .arg(key)
        .query_async::<String>(&mut connection)
        .await;
    match asked {
        Err(error) if error.redirect_node().is_some() => {
            let (owner, _) = error.redirect_node().unwrap();
            connect(&format!("redis://{owner}")).await.unwrap()
        }
        other => {
            other.unwrap();
            connection
        }
    }
}

async fn connect(url: &str) -> Result<MultiplexedConnection, RedisError> {
    redis::Client::open(url)?
        .get_multiplexed_async_connection()
        .await
}

/// One command to one node.
pub(crate) async fn ask<T: redis::FromRedisValue>(
    port: u16,
    command: &redis::Cmd,
) -> Result<T, RedisError> {
    let mut connection = connect(&format!("redis://127.0.0.1:{port}")).await?;
    command.query_async(&mut connection).await
}
