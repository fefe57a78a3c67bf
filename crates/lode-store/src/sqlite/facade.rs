//! [`SqliteStore`]: sends each call of the trait to the lane it belongs to.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::ids::ObjectIds;
use crate::sqlite::lane::Lane;
use crate::sqlite::{apps, connection, documents, failed, hooks, schema};
use crate::{
    App, AppLimits, DocOp, DocReply, HookHead, HookVersion, NewApp, NewHook, Script, Store,
    StoreError,
};

/// Connections for reading. More would only queue at the processors, and each keeps a cache.
const READERS: usize = 4;

/// A store in one SQLite file, or in memory.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Lane,
    /// None in memory, where the writer's connection is the only one that sees the data.
    readers: Option<Lane>,
    /// Apps and hooks have a connection of their own: what each job needs to start must not wait
    /// behind one tenant's scans. None in memory.
    catalogue: Option<Lane>,
    ids: Arc<ObjectIds>,
    place: String,
}

impl SqliteStore {
    /// Opens a file, creating it if need be; its folder must exist.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        let place = path.display().to_string();
        let opened = off_the_runtime(move || {
            connection::create_file(&path)?;
            let mut writer = connection::open(&path)?;
            schema::migrate(&mut writer)?;
            let readers = (0..=READERS).map(|_| connection::open(&path));
            Ok((writer, readers.collect::<Result<Vec<_>, _>>()?))
        });
        let (writer, readers) = opened.await?;
        Self::start(writer, Some(readers), place)
    }

    /// A new, empty store that is gone when it is dropped.
    pub async fn open_in_memory() -> Result<Self, StoreError> {
        let opened = off_the_runtime(|| {
            let mut writer = connection::open_in_memory()?;
            schema::migrate(&mut writer)?;
            Ok(writer)
        });
        Self::start(opened.await?, None, "memory".to_owned())
    }

    fn start(
        writer: Connection,
        mut readers: Option<Vec<Connection>>,
        place: String,
    ) -> Result<Self, StoreError> {
        let ids = ObjectIds::new()
            .map_err(|error| StoreError::unavailable("read /dev/urandom", error))?;
        let catalogue = readers.as_mut().and_then(Vec::pop);
        Ok(Self {
            writer: Lane::start("writer", vec![writer])?,
            catalogue: catalogue
                .map(|connection| Lane::start("catalogue", vec![connection]))
                .transpose()?,
            readers: readers
                .map(|connections| Lane::start("reader", connections))
                .transpose()?,
            ids: Arc::new(ids),
            place,
        })
    }

    /// Reads apps and hooks in one snapshot.
    async fn look_up<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let lane = self.catalogue.as_ref().unwrap_or(&self.writer);
        lane.run(|connection| in_transaction(connection, TransactionBehavior::Deferred, work))
            .await
    }

    /// Reads documents in one snapshot.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let lane = self.readers.as_ref().unwrap_or(&self.writer);
        lane.run(|connection| in_transaction(connection, TransactionBehavior::Deferred, work))
            .await
    }

    /// Writes in one transaction, which happens wholly or, on any error, not at all.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        // IMMEDIATE: what it reads cannot be changed by another process before it writes.
        let behavior = TransactionBehavior::Immediate;
        self.writer
            .run(move |connection| in_transaction(connection, behavior, work))
            .await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn create_app(&self, app: NewApp) -> Result<App, StoreError> {
        app.check()?;
        self.write(move |transaction| apps::create(transaction, app))
            .await
    }

    async fn update_app_limits(&self, id: &str, limits: AppLimits) -> Result<App, StoreError> {
        limits.check()?;
        let id = id.to_owned();
        self.write(move |transaction| apps::update_limits(transaction, &id, limits))
            .await
    }

    async fn app(&self, id: &str) -> Result<Option<App>, StoreError> {
        let id = id.to_owned();
        self.look_up(move |transaction| apps::one(transaction, &id))
            .await
    }

    async fn apps(&self) -> Result<Vec<App>, StoreError> {
        self.look_up(apps::all).await
    }

    async fn put_hook(&self, put: NewHook) -> Result<HookVersion, StoreError> {
        hooks::check(&put)?;
        self.write(move |transaction| hooks::put(transaction, put))
            .await
    }

    async fn rollback_hook(
        &self,
        app: &str,
        name: &str,
        version: Option<u64>,
    ) -> Result<HookVersion, StoreError> {
        let (app, name) = (app.to_owned(), name.to_owned());
        self.write(move |transaction| hooks::roll_back(transaction, &app, &name, version))
            .await
    }

    async fn hooks(&self, app: &str) -> Result<Vec<HookHead>, StoreError> {
        let app = app.to_owned();
        self.look_up(move |transaction| hooks::all(transaction, &app))
            .await
    }

    async fn hook(
        &self,
        app: &str,
        name: &str,
        version: Option<u64>,
    ) -> Result<Option<HookVersion>, StoreError> {
        let (app, name) = (app.to_owned(), name.to_owned());
        self.look_up(move |transaction| hooks::one(transaction, &app, &name, version))
            .await
    }

    async fn script(&self, app: &str, name: &str) -> Result<Option<Script>, StoreError> {
        let (app, name) = (app.to_owned(), name.to_owned());
        self.look_up(move |transaction| hooks::script(transaction, &app, &name))
            .await
    }

    async fn execute(&self, app: &str, op: DocOp) -> Result<DocReply, StoreError> {
        let app = app.to_owned();
        match documents::plan(op)? {
            documents::Plan::Read(read) => {
                self.read(move |transaction| read.run(transaction, &app))
                    .await
            }
            documents::Plan::Write(write) => {
                let ids = Arc::clone(&self.ids);
                self.write(move |transaction| write.run(transaction, &app, &ids))
                    .await
            }
        }
    }

    async fn ping(&self) -> Result<String, StoreError> {
        let version: String = self
            .read(|transaction| {
                transaction
                    .query_row("SELECT sqlite_version()", [], |row| row.get(0))
                    .map_err(failed("answer a ping"))
            })
            .await?;
        Ok(format!("SQLite {version} at {}", self.place))
    }
}

fn in_transaction<T>(
    connection: &mut Connection,
    behavior: TransactionBehavior,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = connection
        .transaction_with_behavior(behavior)
        .map_err(failed("begin a transaction"))?;
    // On an error the transaction is dropped, which rolls it back.
    let value = work(&transaction)?;
    transaction.commit().map_err(failed("commit"))?;
    Ok(value)
}

/// Opening waits for the disk, and perhaps for another process; the runtime must not.
async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| StoreError::Stopped)?
}
