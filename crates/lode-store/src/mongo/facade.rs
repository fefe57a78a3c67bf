//! [`MongoStore`]: sends each call of the trait to the lane it belongs to.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mongodb::bson::doc;

use crate::budget::Budget;
use crate::ids::ObjectIds;
use crate::lane::Lane;
use crate::limits::{INDEX_MS_MAX, OPERATION_MS_MAX};
use crate::mongo::address::Address;
use crate::mongo::names::app_or_none;
use crate::mongo::place::{Asked, Place};
use crate::mongo::server::{Server, without_caller};
use crate::mongo::{
    CATALOGUE_CONNECTIONS, apps, hooks, indexes, logs, outbox, read, schedules, schema, write,
};
use crate::operation::{Plan, Step, plan};
use crate::query::check_collection;
use crate::{
    App, AppLimits, Attempt, Claimed, DocOp, DocReply, Effect, EffectKind, EffectQuery, HookHead,
    HookVersion, Index, Keep, LogLine, LogQuery, NewApp, NewEffect, NewHook, NewLogLine,
    NewSchedule, Retried, Schedule, Script, Store, StoreError,
};

/// Stands in the lanes for what belongs to no app; no app has an empty id.
const NO_APP: &str = "";

/// A store in a database of MongoDB.
#[derive(Debug)]
pub struct MongoStore {
    documents: Lane<Arc<Server>>,
    catalogue: Lane<Arc<Server>>,
    ids: Arc<ObjectIds>,
}

/// Whether an operation is given up once nobody waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effort {
    Read,
    /// Several steps: it goes on to their end, or to its limit.
    Write,
}

impl MongoStore {
    /// Connects, and prepares the collections. The address is `mongodb://USER:PASSWORD@HOST/DATABASE`
    /// with MongoDB's own parameters; an error does not show its password.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let address = Address::parse(url).await?;
        let ids = ObjectIds::new()
            .map_err(|error| StoreError::unavailable("read /dev/urandom", error))?;
        let connections = address.connections;
        let server = Arc::new(Server::new(address)?);
        let lane = |name: &str, threads| {
            let all = vec![Arc::clone(&server); threads];
            Lane::start(name, all, OPERATION_MS_MAX)
        };
        let catalogue = usize::try_from(CATALOGUE_CONNECTIONS).unwrap_or(1);
        let store = Self {
            documents: lane("documents", connections)?,
            catalogue: lane("catalogue", catalogue)?,
            ids: Arc::new(ids),
        };
        let prepared = store.catalogue.run(NO_APP, |server, limit| {
            server.carry_out(limit.of_ms(INDEX_MS_MAX), async |_| {
                schema::prepare(server).await
            })
        });
        prepared.await?;
        Ok(store)
    }

    async fn run<T: Send + 'static>(
        &self,
        lane: &Lane<Arc<Server>>,
        app: &str,
        (effort, limit_ms): (Effort, u64),
        work: impl AsyncFnOnce(&Server, &Budget) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        lane.run(app, move |server, limit| {
            let limit = match effort {
                Effort::Read => limit,
                Effort::Write => without_caller(),
            };
            server.carry_out(limit.of_ms(limit_ms), async |budget| {
                work(server, budget).await
            })
        })
        .await
    }

    /// Apps, hooks, schedules, effects and log lines.
    async fn look_up<T: Send + 'static>(
        &self,
        app: &str,
        effort: Effort,
        work: impl AsyncFnOnce(&Server) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let work = async move |server: &Server, _: &Budget| work(server).await;
        self.run(&self.catalogue, app, (effort, OPERATION_MS_MAX), work)
            .await
    }
}

#[async_trait]
impl Store for MongoStore {
    async fn create_app(&self, app: NewApp) -> Result<App, StoreError> {
        app.check()?;
        let id = app.id.clone();
        self.look_up(&id, Effort::Write, async move |server| {
            apps::create(server, app).await
        })
        .await
    }

    async fn update_app_limits(&self, id: &str, limits: AppLimits) -> Result<App, StoreError> {
        limits.check()?;
        let own = id.to_owned();
        let work = async move |server: &Server| apps::update_limits(server, &own, &limits).await;
        self.look_up(id, Effort::Write, work).await
    }

    async fn app(&self, id: &str) -> Result<Option<App>, StoreError> {
        let own = id.to_owned();
        self.look_up(id, Effort::Read, async move |server| {
            apps::one(server, &own).await
        })
        .await
    }

    async fn apps(&self) -> Result<Vec<App>, StoreError> {
        self.look_up(NO_APP, Effort::Read, async |server| apps::all(server).await)
            .await
    }

    async fn put_hook(&self, put: NewHook) -> Result<HookVersion, StoreError> {
        put.check()?;
        let app = put.app.clone();
        self.look_up(&app, Effort::Write, async move |server| {
            hooks::put(server, put).await
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
        let work =
            async move |server: &Server| hooks::roll_back(server, &own, &name, version).await;
        self.look_up(app, Effort::Write, work).await
    }

    async fn hooks(&self, app: &str) -> Result<Vec<HookHead>, StoreError> {
        let own = app.to_owned();
        self.look_up(app, Effort::Read, async move |server| {
            hooks::all(server, &own).await
        })
        .await
    }

    async fn hook(
        &self,
        app: &str,
        name: &str,
        version: Option<u64>,
    ) -> Result<Option<HookVersion>, StoreError> {
        let (own, name) = (app_or_none(app).to_owned(), name.to_owned());
        let work = async move |server: &Server| hooks::one(server, &own, &name, version).await;
        self.look_up(app, Effort::Read, work).await
    }

    async fn script(&self, app: &str, name: &str) -> Result<Option<Script>, StoreError> {
        let (own, name) = (app_or_none(app).to_owned(), name.to_owned());
        let work = async move |server: &Server| hooks::script(server, &own, &name).await;
        self.look_up(app, Effort::Read, work).await
    }

    async fn put_schedule(&self, put: NewSchedule) -> Result<Schedule, StoreError> {
        put.check()?;
        let app = put.app.clone();
        self.look_up(&app, Effort::Write, async move |server| {
            schedules::put(server, put).await
        })
        .await
    }

    async fn schedules(&self, app: Option<&str>) -> Result<Vec<Schedule>, StoreError> {
        let own = app.map(str::to_owned);
        let work = async move |server: &Server| schedules::all(server, own.as_deref()).await;
        self.look_up(app.unwrap_or(NO_APP), Effort::Read, work)
            .await
    }

    async fn delete_schedule(&self, app: &str, name: &str) -> Result<bool, StoreError> {
        let (own, name) = (app_or_none(app).to_owned(), name.to_owned());
        let work = async move |server: &Server| schedules::delete(server, &own, &name).await;
        self.look_up(app, Effort::Write, work).await
    }

    async fn execute(&self, app: &str, op: DocOp) -> Result<DocReply, StoreError> {
        let own = app.to_owned();
        let ids = Arc::clone(&self.ids);
        check_collection(op.collection())?;
        let effort = match op.writes() {
            false => Effort::Read,
            true => Effort::Write,
        };
        let work = async move |server: &Server, budget: &Budget| {
            let Plan { collection, step } = plan(op.clone(), budget)?;
            let asked = Asked::of(op)?;
            let place = Place::new(server, (&own, &collection), &ids, budget)?;
            match &step {
                Step::Read(query) => read::run(query, &asked, &place).await,
                Step::Write(change) => write::run(change, &asked, &place).await,
            }
        };
        let done = self.run(&self.documents, app, (effort, OPERATION_MS_MAX), work);
        done.await.map_err(StoreError::of_documents)
    }

    async fn create_index(&self, app: &str, index: Index) -> Result<bool, StoreError> {
        index.check()?;
        let own = app.to_owned();
        let work =
            async move |server: &Server, _: &Budget| indexes::create(server, &own, &index).await;
        self.run(&self.documents, app, (Effort::Write, INDEX_MS_MAX), work)
            .await
    }

    async fn indexes(&self, app: &str) -> Result<Vec<Index>, StoreError> {
        let own = app.to_owned();
        self.look_up(app, Effort::Read, async move |server| {
            indexes::all(server, &own).await
        })
        .await
    }

    async fn drop_index(&self, app: &str, index: Index) -> Result<bool, StoreError> {
        let own = app.to_owned();
        let work =
            async move |server: &Server, _: &Budget| indexes::drop(server, &own, &index).await;
        self.run(&self.documents, app, (Effort::Write, INDEX_MS_MAX), work)
            .await
    }

    async fn ping(&self) -> Result<String, StoreError> {
        let work = async |server: &Server, _: &Budget| {
            let said = server.ask(doc! {"buildInfo": 1}).await;
            let said = said.map_err(|fault| fault.during("answer a ping"))?;
            let version = said.get_str("version").unwrap_or("of an unknown version");
            Ok(format!("MongoDB {version} as {}", server.place))
        };
        self.run(
            &self.documents,
            NO_APP,
            (Effort::Read, OPERATION_MS_MAX),
            work,
        )
        .await
    }

    async fn record_effect(&self, new: NewEffect) -> Result<Effect, StoreError> {
        let (app, ids) = (new.app.clone(), Arc::clone(&self.ids));
        let work = async move |server: &Server| outbox::record(server, new, &ids).await;
        self.look_up(&app, Effort::Write, work).await
    }

    async fn claim_effects(
        &self,
        kinds: &[EffectKind],
        limit: usize,
        lease: Duration,
    ) -> Result<Vec<Claimed>, StoreError> {
        let kinds = kinds.to_vec();
        let lease_ms = u64::try_from(lease.as_millis()).unwrap_or(u64::MAX);
        let work =
            async move |server: &Server| outbox::claim(server, &kinds, limit, lease_ms).await;
        self.look_up(NO_APP, Effort::Write, work).await
    }

    async fn settle_effect(
        &self,
        id: &str,
        claim: u64,
        attempt: Attempt,
    ) -> Result<bool, StoreError> {
        let id = id.to_owned();
        let work = async move |server: &Server| outbox::settle(server, &id, claim, attempt).await;
        self.look_up(NO_APP, Effort::Write, work).await
    }

    async fn effects(&self, query: EffectQuery) -> Result<Vec<Effect>, StoreError> {
        let app = query.app.clone();
        let app = app.as_deref().unwrap_or(NO_APP);
        self.look_up(app, Effort::Read, async move |server| {
            outbox::list(server, &query).await
        })
        .await
    }

    async fn effect(&self, id: &str) -> Result<Option<Effect>, StoreError> {
        let id = id.to_owned();
        self.look_up(NO_APP, Effort::Read, async move |server| {
            outbox::one(server, &id).await
        })
        .await
    }

    async fn retry_effect(&self, id: &str) -> Result<Retried, StoreError> {
        let id = id.to_owned();
        self.look_up(NO_APP, Effort::Write, async move |server| {
            outbox::retry(server, &id).await
        })
        .await
    }

    async fn prune_effects(&self, keep: Keep) -> Result<usize, StoreError> {
        self.look_up(NO_APP, Effort::Write, async move |server| {
            outbox::prune(server, keep).await
        })
        .await
    }

    async fn append_logs(&self, lines: Vec<NewLogLine>) -> Result<(), StoreError> {
        let ids = Arc::clone(&self.ids);
        let work = async move |server: &Server| logs::append(server, &lines, &ids).await;
        self.look_up(NO_APP, Effort::Write, work).await
    }

    async fn logs(&self, app: &str, query: LogQuery) -> Result<Vec<LogLine>, StoreError> {
        let own = app.to_owned();
        let work = async move |server: &Server| logs::read(server, &own, &query).await;
        self.look_up(app, Effort::Read, work).await
    }

    async fn prune_logs(&self, keep: Keep) -> Result<usize, StoreError> {
        self.look_up(NO_APP, Effort::Write, async move |server| {
            logs::prune(server, keep).await
        })
        .await
    }
}
