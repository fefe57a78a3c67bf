//! [`PostgresStore`]: sends each call of the trait to the lane it belongs to.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::budget::Budget;
use crate::ids::ObjectIds;
use crate::lane::Lane;
use crate::limits::INDEX_MS_MAX;
use crate::operation::{Plan, Step, plan};
use crate::postgres::address::Address;
use crate::postgres::describe::describe;
use crate::postgres::server::{CATALOGUE_CONNECTIONS, Server};
use crate::postgres::transaction::{Access, Scope, Transaction, in_transaction};
use crate::postgres::write::Place;
use crate::postgres::{apps, hooks, indexes, logs, ms, outbox, read, schedules, schema, write};
use crate::query::check_collection;
use crate::{
    App, AppLimits, Attempt, Claimed, DocOp, DocReply, Effect, EffectKind, EffectQuery, HookHead,
    HookVersion, Index, Keep, LogLine, LogQuery, NewApp, NewEffect, NewHook, NewLogLine,
    NewSchedule, Retried, Schedule, Script, Store, StoreError, StoreOptions,
};

/// Stands in the lanes for what belongs to no app; no app has an empty id.
pub(super) const NO_APP: &str = "";

/// A store in a database of Postgres.
#[derive(Debug)]
pub struct PostgresStore {
    pub(super) documents: Lane<Arc<Server>>,
    pub(super) catalogue: Lane<Arc<Server>>,
    ids: Arc<ObjectIds>,
}

impl PostgresStore {
    /// Connects, and prepares the tables. The address is described in the documentation of
    /// [`crate::open`]; an error does not show its password.
    pub async fn open(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        let address = Address::parse(url, options)?;
        let ids = ObjectIds::new()
            .map_err(|error| StoreError::unavailable("read /dev/urandom", error))?;
        let server = Arc::new(Server::new(&address, options.operation_ms)?);
        let lane = |name: &str, threads| {
            Lane::start(
                name,
                vec![Arc::clone(&server); threads],
                options.operation_ms,
            )
        };
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
        check_collection(op.collection())?;
        let (own, ids) = (app.to_owned(), Arc::clone(&self.ids));
        let done = self.documents.run(app, move |server, limit| {
            server.carry_out(limit, async |budget| {
                // Before the transaction: reading the operation needs no connection.
                let plan = plan(op, budget)?;
                carry_out(&plan, server, &own, &ids, budget).await
            })
        });
        done.await.map_err(StoreError::of_documents)
    }

    async fn create_index(&self, app: &str, index: Index) -> Result<bool, StoreError> {
        let own = app.to_owned();
        self.documents
            .run(app, move |server, limit| {
                server.carry_out(limit.of_ms(INDEX_MS_MAX), async |budget| {
                    indexes::create(server, &own, &index, budget).await
                })
            })
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
        self.run(
            &self.documents,
            whose,
            Access::Write,
            Some(INDEX_MS_MAX),
            work,
        )
        .await
    }

    async fn ping(&self) -> Result<String, StoreError> {
        self.post(NO_APP, Access::Read, async |transaction| {
            describe(transaction).await
        })
        .await
    }

    async fn record_effect(&self, new: NewEffect) -> Result<Effect, StoreError> {
        let (app, id) = (new.app.clone(), self.ids.next());
        self.post(&app, Access::Write, async move |transaction| {
            outbox::record(transaction, &new, &id).await
        })
        .await
    }

    async fn claim_effects(
        &self,
        kinds: &[EffectKind],
        limit: usize,
        lease: Duration,
    ) -> Result<Vec<Claimed>, StoreError> {
        let (kinds, lease_ms) = (kinds.to_vec(), ms(lease));
        self.sweep(Access::Write, async move |transaction| {
            outbox::claim(transaction, &kinds, limit, lease_ms).await
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
        self.sweep(Access::Write, async move |transaction| {
            outbox::settle(transaction, &id, claim, &attempt).await
        })
        .await
    }

    async fn effects(&self, query: EffectQuery) -> Result<Vec<Effect>, StoreError> {
        let app = query.app.clone();
        let work =
            async move |transaction: &Transaction<'_>| outbox::list(transaction, &query).await;
        match app {
            Some(app) => self.post(&app, Access::Read, work).await,
            None => self.sweep(Access::Read, work).await,
        }
    }

    async fn effect(&self, id: &str) -> Result<Option<Effect>, StoreError> {
        let id = id.to_owned();
        self.sweep(Access::Read, async move |transaction| {
            outbox::one(transaction, &id).await
        })
        .await
    }

    async fn retry_effect(&self, id: &str) -> Result<Retried, StoreError> {
        let id = id.to_owned();
        self.sweep(Access::Write, async move |transaction| {
            outbox::retry(transaction, &id).await
        })
        .await
    }

    async fn prune_effects(&self, keep: Keep) -> Result<usize, StoreError> {
        self.sweep(Access::Write, async move |transaction| {
            outbox::prune(transaction, keep).await
        })
        .await
    }

    async fn append_logs(&self, lines: Vec<NewLogLine>) -> Result<(), StoreError> {
        // Nobody's at first; the lines of each app are added as that app.
        self.post(NO_APP, Access::Write, async move |transaction| {
            logs::append(transaction, &lines).await
        })
        .await
    }

    async fn logs(&self, app: &str, query: LogQuery) -> Result<Vec<LogLine>, StoreError> {
        let own = app.to_owned();
        self.post(app, Access::Read, async move |transaction| {
            logs::read(transaction, &own, &query).await
        })
        .await
    }

    async fn prune_logs(&self, keep: Keep) -> Result<usize, StoreError> {
        self.sweep(Access::Write, async move |transaction| {
            logs::prune(transaction, keep).await
        })
        .await
    }
}

async fn carry_out(
    Plan { collection, step }: &Plan,
    server: &Server,
    app: &str,
    ids: &ObjectIds,
    budget: &Budget,
) -> Result<DocReply, StoreError> {
    let (scope, access) = match step {
        Step::Read(query) => (read::scope(query, app, collection), Access::Read),
        Step::Write(_) => {
            let scope = Scope::app(app).and_indexes_of(collection);
            (scope, Access::Write)
        }
    };
    let work = async |transaction: &Transaction<'_>| match step {
        Step::Read(query) => read::run(query, collection, transaction, app, budget).await,
        Step::Write(change) => {
            let place = Place {
                transaction,
                app,
                collection,
                ids,
                budget,
            };
            write::run(change, place).await
        }
    };
    in_transaction(server, &scope, access, budget, work).await
}
