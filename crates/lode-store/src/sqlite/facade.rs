//! [`SqliteStore`]: sends each call of the trait to the lane it belongs to.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::budget::Budget;
use crate::ids::ObjectIds;
use crate::lane::Lane;
use crate::limits::INDEX_MS_MAX;
use crate::operation::{Plan, Step, plan};
use crate::sqlite::transaction::in_transaction;
use crate::sqlite::{apps, connection, failed, hooks, indexes, read, schedules, schema, write};
use crate::{
    App, AppLimits, DocOp, DocReply, HookHead, HookVersion, Index, NewApp, NewHook, NewSchedule,
    Schedule, Script, Store, StoreError,
};

/// Connections for reading. More would only queue at the processors, and each keeps a cache.
const READERS: usize = 4;

/// Stands in the lanes for what belongs to no app; no app has an empty id.
const NO_APP: &str = "";

/// A store in one SQLite file, or in memory.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Lane<Connection>,
    /// None in memory, where the writer's connection is the only one that sees the data.
    readers: Option<Lane<Connection>>,
    /// Apps and hooks have a connection of their own: what each job needs to start must not wait
    /// behind one tenant's scans. None in memory.
    catalogue: Option<Lane<Connection>>,
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
        app: &str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let lane = self.catalogue.as_ref().unwrap_or(&self.writer);
        let behavior = TransactionBehavior::Deferred;
        lane.run(app, move |connection, limit| {
            in_transaction(connection, behavior, limit, |transaction, _| {
                work(transaction)
            })
        })
        .await
    }

    /// Reads documents in one snapshot.
    async fn read<T: Send + 'static>(
        &self,
        app: &str,
        work: impl FnOnce(&Transaction<'_>, &Budget) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let lane = self.readers.as_ref().unwrap_or(&self.writer);
        let behavior = TransactionBehavior::Deferred;
        lane.run(app, move |connection, limit| {
            in_transaction(connection, behavior, limit, work)
        })
        .await
    }

    /// Writes in one transaction, which happens wholly or, on any error, not at all.
    async fn write<T: Send + 'static>(
        &self,
        app: &str,
        work: impl FnOnce(&Transaction<'_>, &Budget) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        // IMMEDIATE: what it reads cannot be changed by another process before it writes.
        let behavior = TransactionBehavior::Immediate;
        self.writer
            .run(app, move |connection, limit| {
                in_transaction(connection, behavior, limit, work)
            })
            .await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn create_app(&self, app: NewApp) -> Result<App, StoreError> {
        app.check()?;
        let id = app.id.clone();
        self.write(&id, move |transaction, _| apps::create(transaction, app))
            .await
    }

    async fn update_app_limits(&self, id: &str, limits: AppLimits) -> Result<App, StoreError> {
        limits.check()?;
        let own = id.to_owned();
        self.write(id, move |transaction, _| {
            apps::update_limits(transaction, &own, limits)
        })
        .await
    }

    async fn app(&self, id: &str) -> Result<Option<App>, StoreError> {
        let own = id.to_owned();
        self.look_up(id, move |transaction| apps::one(transaction, &own))
            .await
    }

    async fn apps(&self) -> Result<Vec<App>, StoreError> {
        self.look_up(NO_APP, apps::all).await
    }

    async fn put_hook(&self, put: NewHook) -> Result<HookVersion, StoreError> {
        put.check()?;
        let app = put.app.clone();
        self.write(&app, move |transaction, _| hooks::put(transaction, put))
            .await
    }

    async fn rollback_hook(
        &self,
        app: &str,
        name: &str,
        version: Option<u64>,
    ) -> Result<HookVersion, StoreError> {
        let (own, name) = (app.to_owned(), name.to_owned());
        self.write(app, move |transaction, _| {
            hooks::roll_back(transaction, &own, &name, version)
        })
        .await
    }

    async fn hooks(&self, app: &str) -> Result<Vec<HookHead>, StoreError> {
        let own = app.to_owned();
        self.look_up(app, move |transaction| hooks::all(transaction, &own))
            .await
    }

    async fn hook(
        &self,
        app: &str,
        name: &str,
        version: Option<u64>,
    ) -> Result<Option<HookVersion>, StoreError> {
        let (own, name) = (app.to_owned(), name.to_owned());
        self.look_up(app, move |transaction| {
            hooks::one(transaction, &own, &name, version)
        })
        .await
    }

    async fn script(&self, app: &str, name: &str) -> Result<Option<Script>, StoreError> {
        let (own, name) = (app.to_owned(), name.to_owned());
        self.look_up(app, move |transaction| {
            hooks::script(transaction, &own, &name)
        })
        .await
    }

    async fn put_schedule(&self, put: NewSchedule) -> Result<Schedule, StoreError> {
        put.check()?;
        let app = put.app.clone();
        self.write(&app, move |transaction, _| schedules::put(transaction, put))
            .await
    }

    async fn schedules(&self, app: Option<&str>) -> Result<Vec<Schedule>, StoreError> {
        let own = app.map(str::to_owned);
        self.look_up(app.unwrap_or(NO_APP), move |transaction| {
            schedules::all(transaction, own.as_deref())
        })
        .await
    }

    async fn delete_schedule(&self, app: &str, name: &str) -> Result<bool, StoreError> {
        let (own, name) = (app.to_owned(), name.to_owned());
        self.write(app, move |transaction, _| {
            schedules::delete(transaction, &own, &name)
        })
        .await
    }

    async fn execute(&self, app: &str, op: DocOp) -> Result<DocReply, StoreError> {
        let own = app.to_owned();
        let Plan { collection, step } = plan(op)?;
        match step {
            Step::Read(query) => {
                self.read(app, move |transaction, budget| {
                    read::run(&query, &collection, transaction, &own, budget)
                })
                .await
            }
            Step::Write(change) => {
                let ids = Arc::clone(&self.ids);
                self.write(app, move |transaction, budget| {
                    write::run(change, &collection, transaction, &own, &ids, budget)
                })
                .await
            }
        }
    }

    async fn create_index(&self, app: &str, index: Index) -> Result<bool, StoreError> {
        index.check()?;
        let own = app.to_owned();
        let behavior = TransactionBehavior::Immediate;
        self.writer
            .run(app, move |connection, limit| {
                let limit = limit.of_ms(INDEX_MS_MAX);
                in_transaction(connection, behavior, limit, |transaction, _| {
                    indexes::create(transaction, &own, &index)
                })
            })
            .await
    }

    async fn indexes(&self, app: &str) -> Result<Vec<Index>, StoreError> {
        let own = app.to_owned();
        self.look_up(app, move |transaction| indexes::all(transaction, &own))
            .await
    }

    async fn drop_index(&self, app: &str, index: Index) -> Result<bool, StoreError> {
        let own = app.to_owned();
        self.write(app, move |transaction, _| {
            indexes::drop(transaction, &own, &index)
        })
        .await
    }

    async fn ping(&self) -> Result<String, StoreError> {
        let version: String = self
            .read(NO_APP, |transaction, _| {
                transaction
                    .query_row("SELECT sqlite_version()", [], |row| row.get(0))
                    .map_err(failed("answer a ping"))
            })
            .await?;
        Ok(format!("SQLite {version} at {}", self.place))
    }
}

/// Opening waits for the disk, and perhaps for another process; the runtime must not.
async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| StoreError::Stopped)?
}
