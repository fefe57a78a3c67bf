//! [`PostgresStore`]: sends each call of the trait to the lane it belongs to.

use std::sync::Arc;

use async_trait::async_trait;

use crate::budget::Budget;
use crate::ids::ObjectIds;
use crate::lane::Lane;
use crate::limits::{INDEX_MS_MAX, OPERATION_MS_MAX};
use crate::operation::{Plan, Step, plan};
use crate::postgres::address::Address;
use crate::postgres::server::{CATALOGUE_CONNECTIONS, Server};
use crate::postgres::transaction::{Access, Scope, Transaction, in_transaction};
use crate::postgres::write::Place;
use crate::postgres::{apps, hooks, indexes, read, schedules, schema, write};
use crate::{
    App, AppLimits, DocOp, DocReply, HookHead, HookVersion, Index, NewApp, NewHook, NewSchedule,
    Schedule, Script, Store, StoreError,
};

/// Stands in the lanes for what belongs to no app; no app has an empty id.
const NO_APP: &str = "";

/// A store in a database of Postgres.
#[derive(Debug)]
pub struct PostgresStore {
    documents: Lane<Arc<Server>>,
    catalogue: Lane<Arc<Server>>,
    ids: Arc<ObjectIds>,
}

impl PostgresStore {
    /// Connects, and prepares the tables. The address is described in the documentation of
    /// [`crate::open`]; an error does not show its password.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let address = Address::parse(url)?;
        let ids = ObjectIds::new()
            .map_err(|error| StoreError::unavailable("read /dev/urandom", error))?;
        let server = Arc::new(Server::new(&address)?);
        let lane = |name: &str, threads| Lane::start(name, vec![Arc::clone(&server); threads]);
        let store = Self {
            documents: lane("documents", address.connections)?,
            catalogue: lane("catalogue", CATALOGUE_CONNECTIONS)?,
            ids: Arc::new(ids),
        };
        // As patient as an index: of many workers that start one prepares, and the others wait.
        let prepared = store.catalogue.run(NO_APP, |server, limit| {
            server.carry_out(limit.of_ms(INDEX_MS_MAX), async |_| {
                schema::prepare(server).await
            })
        });
        prepared.await?;
        Ok(store)
    }

    /// Does `work` for this app, in a transaction that sees what is in the scope.
    async fn run<T: Send + 'static>(
        &self,
        lane: &Lane<Arc<Server>>,
        (app, scope): (&str, Scope),
        access: Access,
        limit_ms: u64,
        work: impl AsyncFn(&Transaction<'_>, &Budget) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        lane.run(app, move |server, limit| {
            server.carry_out(limit.of_ms(limit_ms), async |budget| {
                in_transaction(server, &scope, access, budget, async |transaction| {
                    work(transaction, budget).await
                })
                .await
            })
        })
        .await
    }

    /// Apps, hooks and schedules of one app.
    async fn look_up<T: Send + 'static>(
        &self,
        app: &str,
        access: Access,
        work: impl AsyncFn(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let whose = (app, Scope::app(app));
        let work = async move |transaction: &Transaction<'_>, _: &Budget| work(transaction).await;
        self.run(&self.catalogue, whose, access, OPERATION_MS_MAX, work)
            .await
    }

    /// The same over all apps.
    async fn look_over<T: Send + 'static>(
        &self,
        work: impl AsyncFn(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let whose = (NO_APP, Scope::catalogue());
        let work = async move |transaction: &Transaction<'_>, _: &Budget| work(transaction).await;
        self.run(&self.catalogue, whose, Access::Read, OPERATION_MS_MAX, work)
            .await
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn create_app(&self, app: NewApp) -> Result<App, StoreError> {
        app.check()?;
        let id = app.id.clone();
        self.look_up(&id, Access::Write, async move |transaction| {
            apps::create(transaction, &app).await
        })
        .await
    }

    async fn update_app_limits(&self, id: &str, limits: AppLimits) -> Result<App, StoreError> {
        limits.check()?;
        let own = id.to_owned();
        self.look_up(id, Access::Write, async move |transaction| {
            apps::update_limits(transaction, &own, &limits).await
        })
        .await
    }

    async fn app(&self, id: &str) -> Result<Option<App>, StoreError> {
        self.look_up(id, Access::Read, async |transaction| {
            apps::one(transaction).await
        })
        .await
    }

    async fn apps(&self) -> Result<Vec<App>, StoreError> {
        self.look_over(async |transaction| apps::all(transaction).await)
            .await
    }

    async fn put_hook(&self, put: NewHook) -> Result<HookVersion, StoreError> {
        put.check()?;
        let app = put.app.clone();
        self.look_up(&app, Access::Write, async move |transaction| {
            hooks::put(transaction, &put).await
        })
        .await
    }

    async fn rollback_hook(
        &self,
        app: &str,
        name: &str,
        version: Option<u64>,
    ) -> Result<HookVersion, StoreError> {
        let (own, name) = (app.to_owned(), name.to_owned());
        self.look_up(app, Access::Write, async move |transaction| {
            hooks::roll_back(transaction, &own, &name, version).await
        })
        .await
    }

    async fn hooks(&self, app: &str) -> Result<Vec<HookHead>, StoreError> {
        let own = app.to_owned();
        self.look_up(app, Access::Read, async move |transaction| {
            hooks::all(transaction, &own).await
        })
        .await
    }

    async fn hook(
        &self,
        app: &str,
        name: &str,
        version: Option<u64>,
    ) -> Result<Option<HookVersion>, StoreError> {
        let (own, name) = (app.to_owned(), name.to_owned());
        self.look_up(app, Access::Read, async move |transaction| {
            hooks::one(transaction, &own, &name, version).await
        })
        .await
    }

    async fn script(&self, app: &str, name: &str) -> Result<Option<Script>, StoreError> {
        let (own, name) = (app.to_owned(), name.to_owned());
        self.look_up(app, Access::Read, async move |transaction| {
            hooks::script(transaction, &own, &name).await
        })
        .await
    }

    async fn put_schedule(&self, put: NewSchedule) -> Result<Schedule, StoreError> {
        put.check()?;
        let app = put.app.clone();
        self.look_up(&app, Access::Write, async move |transaction| {
            schedules::put(transaction, &put).await
        })
        .await
    }

    async fn schedules(&self, app: Option<&str>) -> Result<Vec<Schedule>, StoreError> {
        let Some(app) = app else {
            let all = async |transaction: &Transaction<'_>| schedules::all(transaction, None).await;
            return self.look_over(all).await;
        };
        let own = app.to_owned();
        self.look_up(app, Access::Read, async move |transaction| {
            schedules::all(transaction, Some(&own)).await
        })
        .await
    }

    async fn delete_schedule(&self, app: &str, name: &str) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.look_up(app, Access::Write, async move |transaction| {
            schedules::delete(transaction, &name).await
        })
        .await
    }

    async fn execute(&self, app: &str, op: DocOp) -> Result<DocReply, StoreError> {
        let whose = (app, Scope::app(app));
        let own = app.to_owned();
        let ids = Arc::clone(&self.ids);
        let Plan { collection, step } = plan(op)?;
        let access = match &step {
            Step::Read(_) => Access::Read,
            Step::Write(_) => Access::Write,
        };
        let work = async move |transaction: &Transaction<'_>, budget: &Budget| match &step {
            Step::Read(query) => read::run(query, &collection, transaction, &own, budget).await,
            Step::Write(change) => {
                let place = Place {
                    transaction,
                    app: &own,
                    collection: &collection,
                    ids: &ids,
                    budget,
                };
                write::run(change, place).await
            }
        };
        self.run(&self.documents, whose, access, OPERATION_MS_MAX, work)
            .await
    }

    async fn create_index(&self, app: &str, index: Index) -> Result<bool, StoreError> {
        index.check()?;
        let whose = (app, Scope::app(app));
        let own = app.to_owned();
        let work = async move |transaction: &Transaction<'_>, budget: &Budget| {
            indexes::create(transaction, &own, &index, budget).await
        };
        self.run(&self.documents, whose, Access::Write, INDEX_MS_MAX, work)
            .await
    }

    async fn indexes(&self, app: &str) -> Result<Vec<Index>, StoreError> {
        self.look_up(app, Access::Read, async |transaction| {
            indexes::all(transaction).await
        })
        .await
    }

    async fn drop_index(&self, app: &str, index: Index) -> Result<bool, StoreError> {
        let whose = (app, Scope::app(app));
        let work = async move |transaction: &Transaction<'_>, _: &Budget| {
            indexes::drop(transaction, &index).await
        };
        self.run(&self.documents, whose, Access::Write, INDEX_MS_MAX, work)
            .await
    }

    async fn ping(&self) -> Result<String, StoreError> {
        let whose = (NO_APP, Scope::app(NO_APP));
        let work = async |transaction: &Transaction<'_>, _: &Budget| {
            let sql = "SELECT current_setting('server_version')";
            let rows = transaction.query(sql, &[], "answer a ping").await?;
            let version: String = rows.first().map(|row| row.get(0)).unwrap_or_default();
            Ok(format!("PostgreSQL {version} as {}", transaction.place()))
        };
        self.run(&self.documents, whose, Access::Read, OPERATION_MS_MAX, work)
            .await
    }
}
