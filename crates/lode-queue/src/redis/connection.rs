//! `Connections`: one shared connection for transitions, and one each for blocking commands.
//!
//! A blocking command holds its connection until it returns, so it must never travel on the
//! shared one. Idle ones are kept; one whose command failed or was dropped half-way is closed,
//! which also takes its blocked command back from the server.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Client, Cmd, FromRedisValue, RedisError, Value};

use super::fault::{Fault, lost_login, queue_error};
use super::nodes::{Nodes, Remedy};
use super::place::RedisPlace;
use super::shared::Shared;
use crate::error::QueueError;
use crate::limits::{BLOCK_GRACE, IDLE_CONNECTIONS_MAX};

/// The connections of one handle.
#[derive(Debug)]
pub(crate) struct Connections {
    nodes: Arc<Nodes>,
    shared: Shared,
    /// With the slot that each serves.
    idle: Mutex<Vec<(u16, MultiplexedConnection)>>,
}

impl Connections {
    /// Connects to the server of `queue`; fails when none can be reached.
    pub(crate) async fn open(
        place: &RedisPlace,
        queue: &str,
        connect_timeout: Duration,
    ) -> Result<Self, QueueError> {
        let nodes = Arc::new(Nodes::new(place, queue, connect_timeout)?);
        let shared = Shared::open(Arc::clone(&nodes)).await?;
        Ok(Self {
            nodes,
            shared,
            idle: Mutex::new(Vec::new()),
        })
    }

    /// Where the queue was reached last, without credentials.
    pub(crate) fn place(&self) -> String {
        self.nodes.place()
    }

    /// The connection for commands that answer at once, all with keys of the queue. It reconnects
    /// by itself, and follows the primary or the slot.
    pub(crate) fn shared(&self) -> Shared {
        self.shared.clone()
    }

    /// Sorts a failure on the shared connection, which has already taken care of itself.
    pub(crate) fn failed(&self, step: &'static str, error: &RedisError) -> QueueError {
        let place = || format!("Redis at {}", self.place());
        if lost_login(error) {
            return self.nodes.sorted(Fault::of_answer(&place(), error));
        }
        if let Some(fault) = Fault::of_tls(&place(), error) {
            return self.nodes.sorted(fault);
        }
        queue_error(step, error)
    }

    /// Runs one blocking command that returns by itself within `timeout`.
    pub(crate) async fn block<T: FromRedisValue>(
        &self,
        step: &'static str,
        command: &Cmd,
        timeout: Duration,
    ) -> Result<T, QueueError> {
        let slot = self.nodes.slot_of(command);
        let kept = self.take_idle(slot);
        let was_idle = kept.is_some();
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.connect(slot).await?,
        };
        let mut answer = ask(command, timeout, &mut connection).await;
        if let Err(error) = &answer {
            let remedy = self.nodes.remedy(slot, error);
            let lost = was_idle && queue_error(step, error).is_transient();
            if lost || remedy == Remedy::ReplaceAndRepeat {
                // All idle ones have likely met the same restart: once more on a fresh one.
                self.idle().clear();
                connection = self.connect(slot).await?;
                answer = ask(command, timeout, &mut connection).await;
            }
        }
        match answer {
            Ok(value) => {
                let mut idle = self.idle();
                if idle.len() < IDLE_CONNECTIONS_MAX {
                    idle.push((slot, connection));
                }
                drop(idle);
                redis::from_redis_value(value)
                    .map_err(|error| queue_error(step, &RedisError::from(error)))
            }
            Err(error) if self.nodes.remedy(slot, &error) == Remedy::Ask => {
                let asked = self.nodes.ask(error, command, None);
                let value = match tokio::time::timeout(timeout + BLOCK_GRACE, asked).await {
                    Ok(value) => value.map_err(|error| self.failed(step, &error))?,
                    Err(_) => return Err(self.failed(step, &late())),
                };
                redis::from_redis_value(value)
                    .map_err(|error| queue_error(step, &RedisError::from(error)))
            }
            Err(error) => Err(self.failed(step, &error)),
        }
    }

    /// A client of the server that serves the queue now, for connections of a kind of their own.
    pub(crate) async fn client(&self) -> Result<Client, QueueError> {
        self.nodes.client().await
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(u16, MultiplexedConnection)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_idle(&self, slot: u16) -> Option<MultiplexedConnection> {
        let mut idle = self.idle();
        let at = idle.iter().rposition(|(of, _)| *of == slot)?;
        Some(idle.swap_remove(at).1)
    }

    async fn connect(&self, slot: u16) -> Result<MultiplexedConnection, QueueError> {
        Ok(self.nodes.reach(slot, None).await?.connection)
    }
}

async fn ask(
    command: &Cmd,
    timeout: Duration,
    connection: &mut MultiplexedConnection,
) -> Result<Value, RedisError> {
    match tokio::time::timeout(timeout + BLOCK_GRACE, command.query_async(connection)).await {
        Ok(answer) => answer,
        Err(_) => Err(late()),
    }
}

fn late() -> RedisError {
    std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer in time").into()
}
