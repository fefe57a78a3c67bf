//! [`SqliteStore`]: sends each call of the trait to the lane it belongs to.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::budget::Budget;
use crate::ids::ObjectIds;
use crate::lane::Lane;
use crate::limits::INDEX_MS_MAX;
use crate::operation::{Plan, Step, plan};
use crate::query::check_collection;
use crate::sqlite::transaction::in_transaction;
use crate::sqlite::{
    apps, connection, failed, hooks, indexes, logs, outbox, read, schedules, schema, write,
};
use crate::{
    App, AppLimits, Attempt, Claimed, DocOp, DocReply, Effect, EffectKind, EffectQuery, HookHead,
    HookVersion, Index, Keep, LogLine, LogQuery, NewApp, NewEffect, NewHook, NewLogLine,
    NewSchedule, Retried, Schedule, Script, Store, StoreError, StoreOptions,
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
    pub async fn open(path: impl Into<PathBuf>, options: StoreOptions) -> Result<Self, StoreError> {
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
        Self::start(writer, Some(readers), place, options)
    }

    /// A new, empty store that is gone when it is dropped.
    pub async fn open_in_memory(options: StoreOptions) -> Result<Self, StoreError> {
        let opened = off_the_runtime(|| {
            let mut writer = connection::open_in_memory()?;
            schema::migrate(&mut writer)?;
            Ok(writer)
        });
        Self::start(opened.await?, None, "memory".to_owned(), options)
    }

    fn start(
        writer: Connection,
        mut readers: Option<Vec<Connection>>,
        place: String,
        options: StoreOptions,
    ) -> Result<Self, StoreError> {
        let ids = ObjectIds::new()
            .map_err(|error| StoreError::unavailable("read /dev/urandom", error))?;
        let catalogue = readers.as_mut().and_then(Vec::pop);
        let lane = |name: &str, connections| Lane::start(name, connections, options.operation_ms);
        Ok(Self {
            writer: lane("writer", vec![writer])?,
            catalogue: catalogue
                .map(|connection| lane("catalogue", vec![connection]))
                .transpose()?,
            readers: readers
                .map(|connections| lane("reader", connections))
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
        check_collection(op.collection())?;
        let (own, ids) = (app.to_owned(), Arc::clone(&self.ids));
        let (lane, behavior) = match op.writes() {
            true => (Some(&self.writer), TransactionBehavior::Immediate),
            false => (self.readers.as_ref(), TransactionBehavior::Deferred),
        };
        let lane = lane.unwrap_or(&self.writer);
        let done = lane.run(app, move |connection, limit| {
            // Before the transaction: reading the operation needs no lock.
            let Plan { collection, step } = plan(op, &Budget::new(limit.clone()))?;
            let work = |transaction: &Transaction<'_>, budget: &Budget| match step {
                Step::Read(query) => read::run(&query, &collection, transaction, &own, budget),
                Step::Write(change) => {
                    write::run(change, &collection, transaction, &own, &ids, budget)
                }
            };
            in_transaction(connection, behavior, limit, work)
        });
        done.await.map_err(StoreError::of_documents)
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

    async fn record_effect(&self, new: NewEffect) -> Result<Effect, StoreError> {
        let (app, ids) = (new.app.clone(), Arc::clone(&self.ids));
        self.write(&app, move |transaction, _| {
            outbox::record(transaction, new, &ids)
        })
        .await
    }

    async fn claim_effects(
        &self,
        kinds: &[EffectKind],
        limit: usize,
        lease: Duration,
    ) -> Result<Vec<Claimed>, StoreError> {
        let (asked, kinds) = (kinds.to_vec(), kinds.to_vec());
        let lease_ms = u64::try_from(lease.as_millis()).unwrap_or(u64::MAX);
        // Asked every second by each worker, and mostly in vain.
        let is_due = self.read(NO_APP, move |transaction, _| {
            outbox::is_any_due(transaction, &asked)
        });
        if !is_due.await? {
            return Ok(Vec::new());
        }
        self.write(NO_APP, move |transaction, _| {
            outbox::claim(transaction, &kinds, limit, lease_ms)
        })
        .await
    }

    async fn settle_effect(
        &self,
        id: &str,
        claim: u64,
        attempt: Attempt,
    ) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.write(NO_APP, move |transaction, _| {
            outbox::settle(transaction, &id, claim, attempt)
        })
        .await
    }

    async fn effects(&self, query: EffectQuery) -> Result<Vec<Effect>, StoreError> {
        let app = query.app.clone();
        let app = app.as_deref().unwrap_or(NO_APP);
        self.read(app, move |transaction, _| outbox::list(transaction, &query))
            .await
    }

    async fn effect(&self, id: &str) -> Result<Option<Effect>, StoreError> {
        let id = id.to_owned();
        self.read(NO_APP, move |transaction, _| outbox::one(transaction, &id))
            .await
    }

    async fn retry_effect(&self, id: &str) -> Result<Retried, StoreError> {
        let id = id.to_owned();
        self.write(NO_APP, move |transaction, _| {
            outbox::retry(transaction, &id)
        })
        .await
    }

    async fn prune_effects(&self, keep: Keep) -> Result<usize, StoreError> {
        self.write(NO_APP, move |transaction, _| {
            outbox::prune(transaction, keep)
        })
        .await
    }

    async fn append_logs(&self, lines: Vec<NewLogLine>) -> Result<(), StoreError> {
        self.write(NO_APP, move |transaction, _| {
            logs::append(transaction, &lines)
        })
        .await
    }

    async fn logs(&self, app: &str, query: LogQuery) -> Result<Vec<LogLine>, StoreError> {
        let own = app.to_owned();
        self.read(app, move |transaction, _| {
            logs::read(transaction, &own, &query)
        })
        .await
    }

    async fn prune_logs(&self, keep: Keep) -> Result<usize, StoreError> {
        self.write(NO_APP, move |transaction, _| logs::prune(transaction, keep))
            .await
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
