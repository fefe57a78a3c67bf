//! `Nodes`: the server that takes this queue's writes now, wherever it has moved.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redis::{
    Client, Cmd, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisError, ServerErrorKind,
    Value,
};

use super::cluster::{Cluster, Learned, key_slot, slot_of};
use super::dial::{Dialer, Reached};
use super::fault::{Fault, moves_on, queue_error};
use super::place::{RedisPlace, Topology, node};
use super::sentinel::Sentinels;
use super::tls::{certificates, choose_cryptography};
use crate::error::QueueError;
use crate::reply_to::key_prefix;

/// Where the queue's server may be found.
#[derive(Debug)]
pub(super) struct Nodes {
    kind: Kind,
    dialer: Dialer,
    /// The slot of the queue's keys.
    home: u16,
    /// Where the queue was reached last.
    at: Mutex<String>,
    /// True once a command was answered: then the login is right, and a server that refuses it
    /// is one that is not set up yet.
    proven: AtomicBool,
}

#[derive(Debug)]
enum Kind {
    Fixed(ConnectionInfo),
    Sentinel(Sentinels),
    Cluster(Cluster),
}

/// What to do after a failed command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// The connection is as good as before.
    Keep,
    /// The connection is to be replaced.
    Replace,
    /// The connection is to be replaced, and the command was certainly not run.
    ReplaceAndRepeat,
    /// The slot is being moved: this command alone goes to the other node.
    Ask,
}

impl Nodes {
    /// Reads the files that the place names; connects to nothing.
    pub(super) fn new(
        place: &RedisPlace,
        queue: &str,
        connect_timeout: Duration,
    ) -> Result<Self, QueueError> {
        let fixed = |info: Result<ConnectionInfo, RedisError>| {
            info.map(Kind::Fixed)
                .map_err(|error| queue_error("connect", &error))
        };
        let kind = match place.topology.clone() {
            Topology::Url(url) => fixed(url.into_connection_info())?,
            Topology::Socket(path) => fixed(ConnectionAddr::Unix(path).into_connection_info())?,
            Topology::Sentinel {
                sentinels,
                service,
                db,
                login,
                sentinel_login,
                secure,
            } => Kind::Sentinel(Sentinels {
                nodes: sentinels,
                service,
                db,
                login,
                sentinel_login,
                secure,
                first: AtomicUsize::new(0),
            }),
            Topology::Cluster {
                nodes,
                login,
                secure,
            } => Kind::Cluster(Cluster {
                seeds: nodes,
                login,
                secure,
                learned: Mutex::new(Learned::default()),
            }),
        };
        choose_cryptography();
        let dialer = Dialer {
            certificates: certificates(&place.tls)?,
            connect_timeout,
        };
        Ok(Self {
            kind,
            dialer,
            home: key_slot(key_prefix(queue).as_bytes()),
            at: Mutex::new("no server yet".to_owned()),
            proven: AtomicBool::new(false),
        })
    }

    /// The slot of the queue's keys; without a Cluster it says nothing.
    pub(super) fn home(&self) -> u16 {
        self.home
    }

    /// The slot that a command needs, as far as it matters here.
    pub(super) fn slot_of(&self, command: &Cmd) -> u16 {
        match self.kind {
            Kind::Cluster(_) => slot_of(command),
            Kind::Fixed(_) | Kind::Sentinel(_) => self.home,
        }
    }

    /// Connects to the server of this slot. No response timeout is for blocking commands.
    pub(super) async fn reach(
        &self,
        slot: u16,
        response_timeout: Option<Duration>,
    ) -> Result<Reached, QueueError> {
        let dialer = &self.dialer;
        let reached = match &self.kind {
            Kind::Fixed(info) => dialer.dial("Redis", info.clone(), response_timeout).await,
            Kind::Sentinel(sentinels) => sentinels.primary(dialer, response_timeout).await,
            Kind::Cluster(cluster) => cluster.owner(dialer, slot, response_timeout).await,
        };
        let reached = reached.map_err(|fault| self.sorted(fault))?;
        if slot == self.home {
            let place = self.described(&reached.at);
            *self.at.lock().unwrap_or_else(PoisonError::into_inner) = place;
        }
        Ok(reached)
    }

    /// A client for the queue's server, which has just answered.
    pub(super) async fn client(&self) -> Result<Client, QueueError> {
        Ok(self
            .reach(self.home, Some(self.dialer.connect_timeout))
            .await?
            .client)
    }

    /// Where the queue was reached last, without credentials.
    pub(super) fn place(&self) -> String {
        self.at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// A command was answered.
    pub(super) fn works(&self) {
        self.proven.store(true, Ordering::Relaxed);
    }

    /// A failure as the caller gets it. A login that has worked before is not wrong now: the new
    /// server is not set up yet, or the password is being changed.
    pub(super) fn sorted(&self, fault: Fault) -> QueueError {
        if fault.refused && !self.proven.load(Ordering::Relaxed) {
            QueueError::Refused {
                step: "connect",
                reason: fault.text,
            }
        } else {
            QueueError::Unavailable(fault.text)
        }
    }

    /// Takes note of a failed command of this slot.
    pub(super) fn remedy(&self, slot: u16, error: &RedisError) -> Remedy {
        if let Kind::Cluster(cluster) = &self.kind {
            if error.kind() == ServerErrorKind::Ask.into() {
                return Remedy::Ask;
            }
            if cluster.moved(slot, error) {
                return Remedy::ReplaceAndRepeat;
            }
        }
        let remedy = moves_on(error);
        if let (Kind::Cluster(cluster), true) = (&self.kind, remedy != Remedy::Keep) {
            cluster.forget(slot);
        }
        remedy
    }

    /// Sends a command to the node that `asked` names.
    pub(super) async fn ask(
        &self,
        asked: RedisError,
        command: &Cmd,
        response_timeout: Option<Duration>,
    ) -> Result<Value, RedisError> {
        let to = asked.redirect_node().and_then(|(at, _)| node(at, 0));
        match (&self.kind, to) {
            (Kind::Cluster(cluster), Some(to)) => {
                cluster
                    .ask_at(&self.dialer, &to, command, response_timeout)
                    .await
            }
            (Kind::Fixed(_) | Kind::Sentinel(_) | Kind::Cluster(_), _) => Err(asked),
        }
    }

    fn described(&self, at: &str) -> String {
        match &self.kind {
            Kind::Fixed(_) => at.to_owned(),
            Kind::Sentinel(sentinels) => format!("sentinel service {} ({at})", sentinels.service),
            Kind::Cluster(_) => format!("cluster slot {} ({at})", self.home),
        }
    }
}
