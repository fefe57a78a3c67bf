//! `Cluster`: the owner of a slot, asked of any node and learned from redirections.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redis::{Arg, Cmd, RedisError, Value, cmd};

use super::dial::{Dialer, Reached, info};
use super::fault::{Fault, together};
use super::place::{Login, Node, node};
use crate::limits::RESPONSE_TIMEOUT;

/// Nodes remembered beside those of the address, so that a cluster may move away from them.
const KNOWN_MAX: usize = 64;

/// One cluster, as this handle knows it.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) seeds: Vec<Node>,
    pub(super) login: Login,
    pub(super) secure: bool,
    pub(super) learned: Mutex<Learned>,
}

/// What answers have told so far.
#[derive(Debug, Default)]
pub(super) struct Learned {
    owners: HashMap<u16, Node>,
    nodes: Vec<Node>,
}

impl Cluster {
    /// Connects to the node that owns `slot`.
    pub(super) async fn owner(
        &self,
        dialer: &Dialer,
        slot: u16,
        response_timeout: Option<Duration>,
    ) -> Result<Reached, Fault> {
        let (mut faults, mut tried) = (Vec::new(), Vec::new());
        let known = self.learned(|learned| learned.owners.get(&slot).cloned());
        if let Some(node) = known {
            match self.dial(dialer, &node, response_timeout).await {
                Ok(reached) => return Ok(reached),
                Err(fault) => faults.push(fault),
            }
            self.forget(slot);
            tried.push(node);
        }
        let mut asked = self.seeds.clone();
        asked.extend(self.learned(|learned| learned.nodes.clone()));
        for seed in asked {
            let owner = match self.ask(dialer, &seed, slot).await {
                Ok(owner) => owner,
                Err(fault) => {
                    faults.push(fault);
                    continue;
                }
            };
            if tried.contains(&owner) {
                continue;
            }
            match self.dial(dialer, &owner, response_timeout).await {
                Ok(reached) => {
                    self.learned(|learned| learned.owners.insert(slot, owner));
                    return Ok(reached);
                }
                Err(fault) => faults.push(fault),
            }
            tried.push(owner);
        }
        Err(together(
            &format!("no node of the cluster serves slot {slot}, where the keys are"),
            faults,
        ))
    }

    /// Sends one command to the node that a slot is being moved to.
    pub(super) async fn ask_at(
        &self,
        dialer: &Dialer,
        node: &Node,
        command: &Cmd,
        response_timeout: Option<Duration>,
    ) -> Result<Value, RedisError> {
        let mut reached = self
            .dial(dialer, node, response_timeout)
            .await
            .map_err(|fault| fault.into_error())?;
        let _: Value = cmd("ASKING").query_async(&mut reached.connection).await?;
        command.query_async(&mut reached.connection).await
    }

    /// Takes note of a redirection; false when it says nothing new of `slot`.
    pub(super) fn moved(&self, slot: u16, error: &RedisError) -> bool {
        let Some((at, moved)) = error.redirect_node().filter(|(_, moved)| *moved == slot) else {
            return false;
        };
        match node(at, 0) {
            Some(node) => self.learned(|learned| learned.owners.insert(moved, node)),
            // Without a host it means the host that answered: any node will tell.
            None => self.learned(|learned| learned.owners.remove(&moved)),
        };
        true
    }

    /// Asks anew at the next connection.
    pub(super) fn forget(&self, slot: u16) {
        self.learned(|learned| learned.owners.remove(&slot));
    }

    fn learned<T>(&self, step: impl FnOnce(&mut Learned) -> T) -> T {
        step(&mut self.learned.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn dial(
        &self,
        dialer: &Dialer,
        node: &Node,
        response_timeout: Option<Duration>,
    ) -> Result<Reached, Fault> {
        let info = info(node, self.secure, &self.login, 0)
            .map_err(|error| Fault::of_answer(&format!("the cluster node {node}"), &error))?;
        dialer
            .dial("the cluster node", info, response_timeout)
            .await
    }

    async fn ask(&self, dialer: &Dialer, seed: &Node, slot: u16) -> Result<Node, Fault> {
        let mut reached = self.dial(dialer, seed, Some(RESPONSE_TIMEOUT)).await?;
        let ranges: Vec<Value> = cmd("CLUSTER")
            .arg("SLOTS")
            .query_async(&mut reached.connection)
            .await
            .map_err(|error| Fault::of_answer(&format!("the cluster node {seed}"), &error))?;
        let mut owner = None;
        for (from, to, nodes) in ranges.iter().filter_map(|range| read_range(range, seed)) {
            if (from..=to).contains(&i64::from(slot)) {
                owner = nodes.first().cloned();
            }
            self.learned(|learned| {
                for node in nodes {
                    let new = !self.seeds.contains(&node) && !learned.nodes.contains(&node);
                    if new && learned.nodes.len() < KNOWN_MAX {
                        learned.nodes.push(node);
                    }
                }
            });
        }
        owner.ok_or_else(|| {
            Fault::passing(format!(
                "the cluster node {seed} knows no owner of the slot"
            ))
        })
    }
}

/// One range of CLUSTER SLOTS: first slot, last slot, the owner and its replicas.
fn read_range(range: &Value, asked: &Node) -> Option<(i64, i64, Vec<Node>)> {
    let Value::Array(fields) = range else {
        return None;
    };
    let [Value::Int(from), Value::Int(to), nodes @ ..] = fields.as_slice() else {
        return None;
    };
    let nodes = nodes.iter().filter_map(|node| {
        let Value::Array(fields) = node else {
            return None;
        };
        let [host, Value::Int(port), ..] = fields.as_slice() else {
            return None;
        };
        // A node that does not know its own name is where it was reached.
        let host = if let Value::BulkString(name) = host
            && !name.is_empty()
            && name != b"?"
        {
            String::from_utf8_lossy(name).into_owned()
        } else {
            asked.host.clone()
        };
        Some(Node {
            host,
            port: u16::try_from(*port).ok()?,
        })
    });
    Some((*from, *to, nodes.collect()))
}

/// The slot of a command's first key: the argument behind STREAMS, or the first one.
pub(super) fn slot_of(command: &Cmd) -> u16 {
    let words: Vec<&[u8]> = command
        .args_iter()
        .filter_map(|word| match word {
            Arg::Simple(bytes) => Some(bytes),
            Arg::Cursor | _ => None,
        })
        .collect();
    let streams = words.iter().position(|word| *word == b"STREAMS");
    let key = words.get(streams.unwrap_or(0) + 1).copied();
    key_slot(key.unwrap_or(b""))
}

/// The slot of a key: CRC16 (XMODEM) of its hash tag, or of all of it.
pub(super) fn key_slot(key: &[u8]) -> u16 {
    let tag = || {
        let open = key.iter().position(|byte| *byte == b'{')? + 1;
        let length = key[open..].iter().position(|byte| *byte == b'}')?;
        (length > 0).then(|| &key[open..open + length])
    };
    let crc = tag().unwrap_or(key).iter().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 {
                shifted
            } else {
                shifted ^ 0x1021
            }
        })
    });
    crc % 16_384
}

#[cfg(test)]
mod tests {
    use redis::cmd;

    use super::{key_slot, slot_of};

    #[test]
    fn slots_are_those_of_the_cluster_specification() {
        assert_eq!(key_slot(b"123456789"), 0x31C3);
        assert_eq!(key_slot(b"{user1000}.following"), key_slot(b"user1000"));
        assert_eq!(key_slot(b"foo{}{bar}"), 8_363);
        assert_eq!(key_slot(b"foo{{bar}}zap"), key_slot(b"{bar"));
    }

    #[test]
    fn a_command_goes_to_the_slot_of_its_first_key() {
        let mut read = cmd("XREAD");
        read.arg("COUNT").arg(1).arg("STREAMS").arg("lode:{q}:in");
        assert_eq!(slot_of(&read), key_slot(b"q"));
        assert_eq!(slot_of(cmd("BLPOP").arg("list").arg(1)), key_slot(b"list"));
    }
}
