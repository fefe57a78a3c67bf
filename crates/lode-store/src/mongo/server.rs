//! The server: the driver's client, and the one thread that moves its bytes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use mongodb::bson::{Document, doc};
use mongodb::options::WriteConcern;
use mongodb::{Client, Collection, Database};
use serde::de::DeserializeOwned;
use tokio::runtime::{Builder, Runtime};

use crate::StoreError;
use crate::budget::{Budget, Limit};
use crate::limits::OPERATION_MS_MAX;
use crate::mongo::address::Address;
use crate::mongo::fault::{Fault, failed};
use crate::mongo::names::APPS;

/// Pause between two looks at whether an operation still has a caller and time.
const LOOK: Duration = Duration::from_millis(10);

/// The server's own bound on one command: it ends there what nobody here waits for any more.
pub(super) const MAX_TIME: Duration = Duration::from_millis(OPERATION_MS_MAX);

/// One database and the way to it.
pub(super) struct Server {
    database: Database,
    concern: WriteConcern,
    mover: Mover,
    pub(super) place: String,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Nothing is connected yet.
    pub(super) fn new(address: Address) -> Result<Self, StoreError> {
        let mover = Mover::start()?;
        let place = address.place();
        let concern = address.options.write_concern.clone().unwrap_or_default();
        // What the client does by itself, it does there.
        let inside = mover.runtime().enter();
        let client = Client::with_options(address.options)
            .map_err(|error| StoreError::BadUrl(format!("{place}: {}", Fault::of(&error))))?;
        drop(inside);
        Ok(Self {
            database: client.database(&address.database),
            concern,
            mover,
            place,
        })
    }

    /// Does `work` on this thread until the limit is reached; what it awaits, the mover brings.
    pub(super) fn carry_out<T>(
        &self,
        limit: Limit,
        work: impl AsyncFnOnce(&Budget) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let budget = Budget::new(limit.clone());
        self.mover.runtime().block_on(async {
            tokio::select! {
                biased;
                done = work(&budget) => done,
                reason = end_of(limit) => Err(reason),
            }
        })
    }

    /// The name of the database.
    pub(super) fn database(&self) -> &str {
        self.database.name()
    }

    /// A collection by its name on the server.
    pub(super) fn collection<T: Send + Sync>(&self, name: &str) -> Collection<T> {
        self.database.collection(name)
    }

    /// The one that a filter names.
    pub(super) async fn one<T: DeserializeOwned + Send + Sync>(
        &self,
        collection: &str,
        filter: Document,
        step: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let collection = self.collection::<T>(collection);
        let found = collection.find_one(filter).max_time(MAX_TIME).await;
        found.map_err(failed(step))
    }

    /// All that a filter names, or the first of them, in an order.
    pub(super) async fn list<T: DeserializeOwned + Send + Sync>(
        &self,
        collection: &str,
        (filter, sort): (Document, Document),
        limit: Option<usize>,
        step: &'static str,
    ) -> Result<Vec<T>, StoreError> {
        // 0 would be no limit to a server.
        if limit == Some(0) {
            return Ok(Vec::new());
        }
        let collection = self.collection::<T>(collection);
        let found = collection
            .find(filter)
            .sort(sort)
            .limit(super::count(limit.unwrap_or(0)))
            .max_time(MAX_TIME);
        let mut cursor = found.await.map_err(failed(step))?;
        let mut all = Vec::new();
        while cursor.advance().await.map_err(failed(step))? {
            all.push(cursor.deserialize_current().map_err(failed(step))?);
        }
        Ok(all)
    }

    /// Refuses an app that does not exist: a typing mistake must not look like an empty
    /// collection.
    pub(super) async fn require_app(&self, id: &str) -> Result<(), StoreError> {
        let known = self
            .collection::<Document>(APPS)
            .find_one(doc! {"_id": id})
            .projection(doc! {"_id": 1})
            .max_time(MAX_TIME)
            .await
            .map_err(failed("look up the app"))?;
        match known {
            Some(_) => Ok(()),
            None => Err(StoreError::UnknownApp { app: id.to_owned() }),
        }
    }

    /// Runs a command that only reads.
    pub(super) async fn ask(&self, command: Document) -> Result<Document, Fault> {
        let asked = self.database.run_command(command).await;
        asked.map_err(|error| Fault::of(&error))
    }

    /// Runs a command that writes, within the server's own bound on time, and until the servers
    /// have it that the address asks for.
    pub(super) async fn write(&self, mut command: Document) -> Result<Document, Fault> {
        command
            .entry("maxTimeMS".to_owned())
            .or_insert(signed(OPERATION_MS_MAX).into());
        if let Ok(concern) = mongodb::bson::serialize_to_document(&self.concern) {
            command.insert("writeConcern", concern);
        }
        let reply = self.ask(command).await?;
        match Fault::in_reply(&reply) {
            Some(fault) => Err(fault),
            None => Ok(reply),
        }
    }

    /// The first word to the server; a failure is a mistake in the address as a rule.
    pub(super) async fn greet(&self) -> Result<(), StoreError> {
        let greeted = self.ask(doc! {"ping": 1}).await;
        greeted.map(drop).map_err(|fault| {
            StoreError::BadUrl(format!(
                "no connection to MongoDB as {}: {fault}; {}",
                self.place,
                fault.advice()
            ))
        })
    }
}

/// A running time that ends with the clock only: what writes in several steps is not given up
/// between them because its caller has gone.
pub(super) fn without_caller() -> Limit {
    Limit::start(Arc::new(AtomicBool::new(false)))
}

fn signed(number: u64) -> i64 {
    super::signed(number)
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
struct Mover(Option<Runtime>);

impl Mover {
    fn start() -> Result<Self, StoreError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("store-mover")
            .enable_all()
            .build()
            .map_err(|error| StoreError::unavailable("start a thread", error))?;
        Ok(Self(Some(runtime)))
    }

    fn runtime(&self) -> &Runtime {
        let runtime = self.0.as_ref();
        runtime.expect("the runtime is taken only at the end")
    }
}

impl Drop for Mover {
    fn drop(&mut self) {
        // Not by waiting, which a caller's own runtime would not allow.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
