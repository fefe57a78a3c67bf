//! The server: its pool of connections, and the one thread that moves their bytes.

use std::fmt;
use std::sync::OnceLock;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Manager, Object, Pool};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::StoreError;
use crate::budget::{Budget, Limit};
use crate::postgres::address::Address;
use crate::postgres::fault::Fault;
use crate::postgres::tls;

/// Connections for apps and hooks: what each job needs to start must not wait behind the
/// documents of others.
pub(super) const CATALOGUE_CONNECTIONS: usize = 2;

/// Pause between two looks at whether an operation still has a caller and time.
const LOOK: Duration = Duration::from_millis(10);

/// For a request to cancel; when it does not get through, the statement's own timeout does it.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(2);

/// One database and the way to it.
pub(super) struct Server {
    pool: Pool,
    tls: MakeRustlsConnect,
    mover: Mover,
    pub(super) schema: String,
    /// Milliseconds that a statement may run.
    pub(super) operation_ms: u64,
    /// For people: the ways to the server.
    pub(super) ways: String,
    /// Whether transactions take on the tenants' role; known once the tables are prepared.
    pub(super) takes_role: OnceLock<bool>,
    pub(super) place: String,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("place", &self.place)
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Nothing is connected yet.
    pub(super) fn new(address: &Address, operation_ms: u64) -> Result<Self, StoreError> {
        let tls = tls::connector(&address.tls)?;
        let manager = Manager::new(address.config.clone(), tls.clone());
        let pool = Pool::builder(manager)
            .max_size(address.connections + CATALOGUE_CONNECTIONS)
            .build()
            .map_err(|error| StoreError::unavailable("make a pool of connections", error))?;
        Ok(Self {
            pool,
            tls,
            mover: Mover::start()?,
            schema: address.schema.clone(),
            operation_ms,
            ways: format!(
                "{} TLS, {} + {CATALOGUE_CONNECTIONS} connections",
                if address.is_encrypted() {
                    "with"
                } else {
                    "without"
                },
                address.connections,
            ),
            takes_role: OnceLock::new(),
            place: address.place(),
        })
    }

    /// Does `work` on this thread until the limit is reached; what it awaits, the mover brings.
    pub(super) fn carry_out<T>(
        &self,
        limit: Limit,
        work: impl AsyncFnOnce(&Budget) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let budget = Budget::new(limit.clone());
        let limit_ms = limit.ms();
        let done = self.mover.handle.block_on(async {
            tokio::select! {
                biased;
                done = work(&budget) => done,
                reason = end_of(limit) => Err(reason),
            }
        });
        done.map_err(|error| {
            if matches!(error, StoreError::OperationTooLong { .. }) {
                // Where the server noticed it first, too.
                return StoreError::OperationTooLong {
                    limit_ms,
                    advice: "",
                };
            }
            error
        })
    }

    /// A connection of the pool, perhaps a new one.
    pub(super) async fn connection(&self) -> Result<Object, StoreError> {
        let connected = self.pool.get().await;
        connected.map_err(|error| {
            let step = format!("connect to Postgres as {}", self.place);
            StoreError::unavailable(step, Fault::of_pool(&error))
        })
    }

    /// The first connection, whose failure is a mistake in the address as a rule.
    pub(super) async fn first_connection(&self) -> Result<Object, StoreError> {
        let connected = self.pool.get().await;
        connected.map_err(|error| {
            let fault = Fault::of_pool(&error);
            StoreError::BadUrl(format!(
                "no connection to Postgres as {}: {fault}; {}",
                self.place,
                fault.advice()
            ))
        })
    }

    /// Ends a connection in the middle of something, and what the server does for it. It is never
    /// used again: a request to cancel that is late would hit whatever comes next.
    pub(super) fn discard(&self, connection: Object) {
        let client: ClientWrapper = Object::take(connection);
        let (token, tls) = (client.cancel_token(), self.tls.clone());
        self.mover.handle.spawn(async move {
            // Without an answer the statement's own timeout ends it.
            let _ = tokio::time::timeout(CANCEL_TIMEOUT, token.cancel_query(tls)).await;
            drop(client);
        });
    }
}

/// Comes when an operation must end, with the reason.
async fn end_of(limit: Limit) -> StoreError {
    let budget = Budget::new(limit);
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        if let Err(reason) = budget.check() {
            return reason;
        }
    }
}

/// A runtime of our own: callers may come from any, and one that computes must not keep the
/// server's words waiting.
#[derive(Debug)]
struct Mover {
    handle: Handle,
    /// Dropped to end the thread.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Mover {
    fn start() -> Result<Self, StoreError> {
        let step = "start a thread";
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| StoreError::unavailable(step, error))?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("store-mover".to_owned())
            .spawn(move || {
                // Its end is the sender's.
                let _ = runtime.block_on(stopped);
            })
            .map_err(|error| StoreError::unavailable(step, error))?;
        Ok(Self {
            handle,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Mover {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's moving thread had panicked");
        }
    }
}
