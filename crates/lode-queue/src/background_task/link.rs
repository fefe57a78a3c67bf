//! `Link`: the connections of one handle on background tasks: one for scripts, one per subscription.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, FromRedisValue, ProtocolVersion, PushInfo, PushKind, RedisError,
    Value, cmd,
};
use tokio::sync::mpsc;

use crate::address::{Address, Place};
use crate::error::QueueError;
use crate::limits::RESPONSE_TIMEOUT;
use crate::redis::{Connections, RedisPlace, Shared, Topology};

/// Messages that wait to be looked at. More are dropped: the sweep finds their tasks.
const BACKLOG_MAX: usize = 10_000;

/// See the file's head.
#[derive(Debug)]
pub(super) struct Link {
    connections: Connections,
    connect_timeout: Duration,
}

impl Link {
    /// Connects; fails when the server cannot be reached, or is none that can have clients of the
    /// package.
    pub(super) async fn open(
        address: &Address,
        connect_timeout: Duration,
    ) -> Result<Self, QueueError> {
        let place = servable(&address.place)?;
        let connections = Connections::open(place, &address.queue, connect_timeout).await?;
        Ok(Self {
            connections,
            connect_timeout,
        })
    }

    /// The connection for scripts and commands that answer at once.
    pub(super) fn shared(&self) -> Shared {
        self.connections.shared()
    }

    /// Sorts a failure on that connection.
    pub(super) fn failed(&self, step: &'static str, error: &RedisError) -> QueueError {
        self.connections.failed(step, error)
    }

    /// Listens to `channel` on a connection of its own.
    pub(super) async fn subscribe(&self, channel: &str) -> Result<Subscription, QueueError> {
        let (sender, messages) = mpsc::channel(BACKLOG_MAX);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_push_sender(move |push: PushInfo| -> Result<(), ()> {
                if let Some(message) = message_of(&push) {
                    // Full: the message is dropped, and the sweep finds what it was about.
                    let _ = sender.try_send(message);
                }
                Ok(())
            });
        let failed = |error: RedisError| self.failed("subscribe", &error);
        let client = listener(&self.connections.client().await?).map_err(failed)?;
        let mut connection = client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .map_err(failed)?;
        connection.subscribe(channel).await.map_err(failed)?;
        Ok(Subscription {
            connection,
            messages,
        })
    }
}

/// The same server in RESP3, in which a connection that listens can also be asked whether it lives.
fn listener(client: &Client) -> Result<Client, RedisError> {
    let info = client.get_connection_info();
    let settings = info.redis_settings().clone();
    let settings = settings.set_protocol(ProtocolVersion::RESP3);
    Client::open(info.clone().set_redis_settings(settings))
}

/// A message's text, or `None` inside when the connection has ended.
fn message_of(push: &PushInfo) -> Option<Option<String>> {
    if push.kind == PushKind::Disconnection {
        return Some(None);
    }
    if push.kind != PushKind::Message {
        return None;
    }
    // The channel, then the text.
    let text: &Value = push.data.get(1)?;
    String::from_redis_value_ref(text).ok().map(Some)
}

/// The servers, if clients of the package can be served there.
fn servable(place: &Place) -> Result<&RedisPlace, QueueError> {
    match place {
        Place::Sqlite(_) => Err(QueueError::Address(
            "background tasks of npm background-task come through Redis (its client has no other \
             way), and this queue is an SQLite file; allowed are redis://, rediss://, unix:// and \
             redis+sentinel://"
                .to_owned(),
        )),
        Place::Redis(place) if matches!(place.topology, Topology::Cluster { .. }) => {
            Err(cluster_refused())
        }
        Place::Redis(place) => Ok(place),
    }
}

/// Why a Cluster cannot be served.
pub(super) fn cluster_refused() -> QueueError {
    QueueError::Unsupported(
        "background tasks of npm background-task cannot be served on a Redis Cluster: its keys \
         (newtask:normal, success:normal, …) lie in other slots than the queue's, so a claim \
         could not be one atomic step; allowed are a standalone Redis and Sentinel"
            .to_owned(),
    )
}

/// A subscribed connection.
#[derive(Debug)]
pub(super) struct Subscription {
    connection: MultiplexedConnection,
    messages: mpsc::Receiver<Option<String>>,
}

impl Subscription {
    /// The next message. An error: the connection has ended, and what came meanwhile is missed.
    pub(super) async fn next(&mut self) -> Result<String, QueueError> {
        let ended = || QueueError::Unavailable("the subscription's connection ended".to_owned());
        self.messages.recv().await.flatten().ok_or_else(ended)
    }

    /// A message that is there already.
    pub(super) fn ready(&mut self) -> Option<String> {
        self.messages.try_recv().ok().flatten()
    }

    /// Asks the server for a sign of life: a subscriber that only listens would not notice that
    /// its server has gone. One that has become a replica still passes on what is published.
    pub(super) async fn check(&self) -> Result<(), QueueError> {
        let mut connection = self.connection.clone();
        let alive = cmd("PING").query_async::<()>(&mut connection).await;
        // Whatever it is, a new connection is what helps.
        alive.map_err(|error| QueueError::Unavailable(error.to_string()))
    }
}
