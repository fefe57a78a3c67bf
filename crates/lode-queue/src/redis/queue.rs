//! `RedisQueue`: one handle on a queue, and how it reaches its scripts. `contract.rs` has the steps.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use redis::{Cmd, FromRedisValue, Script};
use tokio::time::Instant;

use super::args::common_args;
use super::connection::Connections;
use super::place::RedisPlace;
use super::scripts::{Keys, Scripts};
use crate::error::QueueError;
use crate::open::QueueOptions;
use crate::queue::Queue;
use crate::token::TokenSource;

/// A handle on one queue of a Redis server.
#[derive(Debug)]
pub(crate) struct RedisQueue {
    pub(super) name: String,
    pub(super) options: QueueOptions,
    pub(super) keys: Keys,
    pub(super) scripts: Scripts,
    pub(super) connections: Connections,
    pub(super) tokens: TokenSource,
    /// What every script gets as its first arguments.
    common: Vec<String>,
    seen: Mutex<Seen>,
    /// True once the layout of the queue's keys is known to be ours.
    checked: AtomicBool,
}

/// What the last lease call knew, so that a wait misses nothing that came after it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) wake_id: String,
    /// When time brings something to lease.
    pub(super) next_at: Option<Instant>,
}

impl RedisQueue {
    /// Opens a queue: finds its server and checks that it answers.
    pub(crate) async fn open_at(
        place: &RedisPlace,
        name: String,
        options: QueueOptions,
    ) -> Result<Self, QueueError> {
        let connections = Connections::open(place, &name, options.connect_timeout).await?;
        Self::open(connections, name, options).await
    }

    async fn open(
        connections: Connections,
        name: String,
        options: QueueOptions,
    ) -> Result<Self, QueueError> {
        let (keys, tokens) = (Keys::new(&name), TokenSource::new());
        // What all tokens of this handle begin with is its name in the queue.
        let stem = tokens.next();
        let handle = stem.split_once('-').map_or(stem.as_str(), |parts| parts.0);
        let queue = Self {
            common: common_args(&keys.prefix, handle, &options),
            keys,
            scripts: Scripts::new(),
            connections,
            tokens,
            seen: Mutex::new(Seen {
                wake_id: "0-0".to_owned(),
                next_at: None,
            }),
            checked: AtomicBool::new(false),
            name,
            options,
        };
        queue.ping().await?;
        Ok(queue)
    }

    /// Runs a script with the common KEYS and ARGV in front of `args`. The first one of a handle
    /// comes after a look at the layout of the queue's keys; not when the queue is opened, since a
    /// producer needs no scripts and may not be allowed any.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        step: &'static str,
        script: &Script,
        args: &[String],
    ) -> Result<T, QueueError> {
        if !self.checked.load(Ordering::Relaxed) {
            let _: u32 = self.call(step, &self.scripts.check, &[]).await?;
            self.checked.store(true, Ordering::Relaxed);
        }
        self.call(step, script, args).await
    }

    async fn call<T: FromRedisValue>(
        &self,
        step: &'static str,
        script: &Script,
        args: &[String],
    ) -> Result<T, QueueError> {
        let mut call = script.prepare_invoke();
        call.key(&self.keys.all);
        call.arg(&self.common).arg(args);
        call.invoke_async(&mut self.connections.shared())
            .await
            .map_err(|error| self.connections.failed(step, &error))
    }

    /// Runs a command that answers at once.
    pub(super) async fn ask<T: FromRedisValue>(
        &self,
        step: &'static str,
        command: &Cmd,
    ) -> Result<T, QueueError> {
        command
            .query_async(&mut self.connections.shared())
            .await
            .map_err(|error| self.connections.failed(step, &error))
    }

    /// What the last lease call knew.
    pub(super) fn seen(&self) -> Seen {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Notes what a lease call has learnt.
    pub(super) fn has_seen(&self, seen: Seen) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }
}
