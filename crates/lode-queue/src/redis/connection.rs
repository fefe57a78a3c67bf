//! `Connections`: one shared connection for transitions, and one each for blocking commands.
//!
//! A blocking command holds its connection until it returns, so it must never travel on the
//! shared one. Idle ones are kept; one whose command failed or was dropped half-way is closed,
//! which also takes its blocked command back from the server.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, FromRedisValue, IntoConnectionInfo,
    RedisError,
};

use super::fault::{needs_new_connection, queue_error};
use crate::error::QueueError;
use crate::limits::{BLOCK_GRACE, IDLE_CONNECTIONS_MAX, RESPONSE_TIMEOUT};

/// The connections of one handle.
#[derive(Debug)]
pub(crate) struct Connections {
    client: Client,
    connect_timeout: Duration,
    shared: Mutex<ConnectionManager>,
    idle: Mutex<Vec<MultiplexedConnection>>,
}

impl Connections {
    /// Connects to the server; fails when it cannot be reached.
    pub(crate) async fn open(
        to: impl IntoConnectionInfo,
        connect_timeout: Duration,
    ) -> Result<Self, QueueError> {
        let info = to
            .into_connection_info()
            .map_err(|error| queue_error("connect", &error))?;
        // A peer that vanished without a word is noticed by the kernel, not by nobody.
        let tcp = info
            .tcp_settings()
            .clone()
            .set_user_timeout(RESPONSE_TIMEOUT * 2);
        let client = Client::open(info.set_tcp_settings(tcp))
            .map_err(|error| queue_error("connect", &error))?;
        let config = manager_config(connect_timeout);
        let shared = ConnectionManager::new_with_config(client.clone(), config)
            .await
            .map_err(|error| queue_error("connect", &error))?;
        let (shared, idle) = (Mutex::new(shared), Mutex::new(Vec::new()));
        Ok(Self {
            client,
            connect_timeout,
            shared,
            idle,
        })
    }

    /// Where the server is, without credentials.
    pub(crate) fn place(&self) -> String {
        let info: &ConnectionInfo = self.client.get_connection_info();
        info.addr().to_string()
    }

    /// The connection for commands that answer at once. It reconnects by itself.
    pub(crate) fn shared(&self) -> ConnectionManager {
        self.shared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Sorts a failure on the shared connection, and replaces the connection where it leads to a
    /// server that was demoted.
    pub(crate) fn failed(&self, step: &'static str, error: &RedisError) -> QueueError {
        if needs_new_connection(error) {
            let config = manager_config(self.connect_timeout);
            if let Ok(fresh) = ConnectionManager::new_lazy_with_config(self.client.clone(), config)
            {
                *self.shared.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
            }
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
        let kept = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let was_idle = kept.is_some();
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.connect(step).await?,
        };
        let mut answer = self.ask(step, command, timeout, &mut connection).await;
        if was_idle && matches!(answer, Err(QueueError::Unavailable(_))) {
            // All idle ones have likely met the same restart: once more on a fresh one.
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clear();
            connection = self.connect(step).await?;
            answer = self.ask(step, command, timeout, &mut connection).await;
        }
        if answer.is_ok() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < IDLE_CONNECTIONS_MAX {
                idle.push(connection);
            }
        }
        answer
    }

    async fn ask<T: FromRedisValue>(
        &self,
        step: &'static str,
        command: &Cmd,
        timeout: Duration,
        connection: &mut MultiplexedConnection,
    ) -> Result<T, QueueError> {
        match tokio::time::timeout(timeout + BLOCK_GRACE, command.query_async(connection)).await {
            Ok(answer) => answer.map_err(|error| self.failed(step, &error)),
            Err(_) => Err(QueueError::Unavailable(format!(
                "no answer to `{step}` in time"
            ))),
        }
    }

    async fn connect(&self, step: &'static str) -> Result<MultiplexedConnection, QueueError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(None);
        self.client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .map_err(|error| queue_error(step, &error))
    }
}

/// Reconnects once per command that finds the connection gone; the caller does the backing off.
fn manager_config(connect_timeout: Duration) -> ConnectionManagerConfig {
    ConnectionManagerConfig::new()
        .set_connection_timeout(Some(connect_timeout))
        .set_response_timeout(Some(RESPONSE_TIMEOUT))
        .set_number_of_retries(1)
        .set_min_delay(Duration::from_millis(50))
}
