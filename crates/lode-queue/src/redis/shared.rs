//! `Shared`: the connection for commands that answer at once. It finds its server by itself.
//!
//! A command is sent twice only when the first answer says that it was not run (MOVED, READONLY).
//! A caller that gives up before the answer comes says something about the connection as well: it
//! may be dead, and then nobody would ever wait long enough to find out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Cmd, Pipeline, RedisError, RedisFuture, Value};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::fault::carry;
use super::nodes::{Nodes, Remedy};
use crate::error::QueueError;
use crate::limits::{RESPONSE_TIMEOUT, SILENT_AFTER};

/// One connection under all clones.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    nodes: Arc<Nodes>,
    line: Arc<Line>,
}

#[derive(Debug)]
struct Line {
    /// Ended tries to connect. Whoever came before a try ended shares what it found: a thousand
    /// callers must not wait for a thousand tries one after the other.
    tries: AtomicU64,
    /// Answers so far, of all connections.
    answers: AtomicU64,
    /// The latest connection that answered nobody while a caller waited until it gave up.
    silent: AtomicU64,
    state: Mutex<State>,
}

/// A command on its way. Dropped without an answer, it makes its connection suspect.
struct Waiting<'a> {
    line: &'a Line,
    number: u64,
    since: Instant,
    answers: u64,
    is_answered: bool,
}

impl<'a> Waiting<'a> {
    fn new(line: &'a Line, number: u64) -> Self {
        Self {
            line,
            number,
            since: Instant::now(),
            answers: line.answers.load(Ordering::Relaxed),
            is_answered: false,
        }
    }

    fn answered(mut self) {
        self.is_answered = true;
        self.line.answers.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // A server answers in order: with an answer to anybody since then, ours was only slow.
        let is_silent = self.line.answers.load(Ordering::Relaxed) == self.answers;
        if !self.is_answered && is_silent && self.since.elapsed() >= SILENT_AFTER {
            self.line.silent.fetch_max(self.number, Ordering::Relaxed);
        }
    }
}

#[derive(Debug)]
struct State {
    connection: Option<MultiplexedConnection>,
    /// Counts connections, so that one is thrown away only once.
    number: u64,
    failure: Option<QueueError>,
}

impl Shared {
    /// Connects now, so that a wrong address is known at once.
    pub(super) async fn open(nodes: Arc<Nodes>) -> Result<Self, QueueError> {
        let shared = Self {
            nodes,
            line: Arc::new(Line {
                tries: AtomicU64::new(0),
                answers: AtomicU64::new(0),
                silent: AtomicU64::new(0),
                state: Mutex::new(State {
                    connection: None,
                    number: 0,
                    failure: None,
                }),
            }),
        };
        shared.connection().await?;
        Ok(shared)
    }

    async fn connection(&self) -> Result<(u64, MultiplexedConnection), QueueError> {
        let seen = self.line.tries.load(Ordering::Acquire);
        let mut state = self.line.state.lock().await;
        if state.number <= self.line.silent.load(Ordering::Relaxed) {
            state.connection = None;
        }
        if let Some(connection) = &state.connection {
            return Ok((state.number, connection.clone()));
        }
        if let (true, Some(failure)) = (
            self.line.tries.load(Ordering::Acquire) != seen,
            &state.failure,
        ) {
            return Err(failure.clone());
        }
        let reached = self
            .nodes
            .reach(self.nodes.home(), Some(RESPONSE_TIMEOUT))
            .await;
        self.line.tries.fetch_add(1, Ordering::Release);
        match reached {
            Ok(reached) => {
                state.number += 1;
                state.failure = None;
                state.connection = Some(reached.connection.clone());
                Ok((state.number, reached.connection))
            }
            Err(error) => {
                state.failure = Some(error.clone());
                Err(error)
            }
        }
    }

    /// Throws this connection away, unless that has happened already.
    async fn replace(&self, number: u64) {
        let mut state = self.line.state.lock().await;
        if state.number == number {
            state.connection = None;
        }
    }

    async fn send(&self, command: &Cmd) -> Result<Value, RedisError> {
        let mut repeated = false;
        loop {
            let (number, mut connection) = self.connection().await.map_err(carry)?;
            let waiting = Waiting::new(&self.line, number);
            let answer = connection.send_packed_command(command).await;
            waiting.answered();
            let answer = answer.and_then(Value::extract_error);
            let error = match answer {
                Ok(value) => {
                    self.nodes.works();
                    return Ok(value);
                }
                Err(error) => error,
            };
            match self.nodes.remedy(self.nodes.home(), &error) {
                Remedy::Keep => return Err(error),
                Remedy::Ask => {
                    let timeout = Some(RESPONSE_TIMEOUT);
                    return self.nodes.ask(error, command, timeout).await;
                }
                Remedy::Replace => {
                    self.replace(number).await;
                    return Err(error);
                }
                Remedy::ReplaceAndRepeat => self.replace(number).await,
            }
            if repeated {
                return Err(error);
            }
            repeated = true;
        }
    }

    /// A pipeline is never repeated: some of it may have been run.
    async fn send_all(
        &self,
        pipeline: &Pipeline,
        offset: usize,
        count: usize,
    ) -> Result<Vec<Value>, RedisError> {
        let (number, mut connection) = self.connection().await.map_err(carry)?;
        let waiting = Waiting::new(&self.line, number);
        let answer = connection
            .send_packed_commands(pipeline, offset, count)
            .await;
        waiting.answered();
        let error = match &answer {
            Ok(values) => values
                .iter()
                .find(|value| matches!(value, Value::ServerError(_)))
                .and_then(|value| value.clone().extract_error().err()),
            Err(error) => Some(error.clone()),
        };
        match error.map(|error| self.nodes.remedy(self.nodes.home(), &error)) {
            None => self.nodes.works(),
            Some(Remedy::Keep | Remedy::Ask) => {}
            Some(Remedy::Replace | Remedy::ReplaceAndRepeat) => self.replace(number).await,
        }
        answer
    }
}

impl ConnectionLike for Shared {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(self.send(cmd))
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(self.send_all(pipeline, offset, count))
    }

    fn get_db(&self) -> i64 {
        // Only the library's own reconnecting asks, and it does none here.
        0
    }
}
