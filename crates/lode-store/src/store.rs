//! The seam between the project and its database: the trait [`Store`] and [`open`].

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::limits::{
    CONNECTIONS, CONNECTIONS_MAX, OPERATION_MS_CEILING, OPERATION_MS_MAX, OPERATION_MS_MIN,
};
use crate::{
    App, AppLimits, Attempt, Claimed, DocOp, DocReply, Effect, EffectKind, EffectQuery, HookHead,
    HookVersion, Index, Keep, LogLine, LogQuery, NewApp, NewEffect, NewHook, NewLogLine,
    NewSchedule, PostgresStore, Retried, Schedule, Script, SqliteStore, StoreError,
};

/// Apps, hooks, schedules and documents at rest.
///
/// Every call is atomic. A call whose future is dropped either happens entirely or not at all: it
/// is not started any more, or ended soon, unless it is about to finish.
///
/// No call but [`Store::create_index`] and [`Store::drop_index`] runs for longer than
/// [`StoreOptions::operation_ms`]; apps take turns, so that one
/// app's calls wait for one another and not those of others for them.
#[async_trait]
pub trait Store: Send + Sync + Debug {
    /// Creates an app; its id must be free.
    async fn create_app(&self, app: NewApp) -> Result<App, StoreError>;

    /// Replaces an app's limits.
    async fn update_app_limits(&self, id: &str, limits: AppLimits) -> Result<App, StoreError>;

    /// One app.
    async fn app(&self, id: &str) -> Result<Option<App>, StoreError>;

    /// All apps, ordered by id.
    async fn apps(&self) -> Result<Vec<App>, StoreError>;

    /// Stores a new version and makes it active. The source of the active version again is no
    /// new version.
    async fn put_hook(&self, put: NewHook) -> Result<HookVersion, StoreError>;

    /// Makes a stored version active: the given one, or the one before the active.
    async fn rollback_hook(
        &self,
        app: &str,
        name: &str,
        version: Option<u64>,
    ) -> Result<HookVersion, StoreError>;

    /// All hooks of an app, ordered by name.
    async fn hooks(&self, app: &str) -> Result<Vec<HookHead>, StoreError>;

    /// One version of a hook; None means the active one.
    async fn hook(
        &self,
        app: &str,
        name: &str,
        version: Option<u64>,
    ) -> Result<Option<HookVersion>, StoreError>;

    /// All the code that a job of this hook runs. None for an unknown hook, and for common code,
    /// which no job runs by itself.
    async fn script(&self, app: &str, name: &str) -> Result<Option<Script>, StoreError>;

    /// Stores a schedule, in place of the app's schedule of the same name. The same again changes
    /// nothing.
    async fn put_schedule(&self, put: NewSchedule) -> Result<Schedule, StoreError>;

    /// The schedules of an app, or of all, ordered by app and name.
    async fn schedules(&self, app: Option<&str>) -> Result<Vec<Schedule>, StoreError>;

    /// Takes a schedule away; false when the app has none of this name, or there is no such app.
    async fn delete_schedule(&self, app: &str, name: &str) -> Result<bool, StoreError>;

    /// Carries out one operation on the app's documents.
    async fn execute(&self, app: &str, op: DocOp) -> Result<DocReply, StoreError>;

    /// Creates an index over the documents of an app's collection; false when it exists already.
    /// This may take up to [`crate::limits::INDEX_MS_MAX`]. On SQLite nobody else writes meanwhile;
    /// on Postgres all do, and only those who write to a document that is just being read wait for
    /// a moment. A call that ends halfway leaves no index that anybody sees; on Postgres the next
    /// one for the same index finishes it.
    async fn create_index(&self, app: &str, index: Index) -> Result<bool, StoreError>;

    /// An app's indexes, ordered by collection and path; none when there is no such app.
    async fn indexes(&self, app: &str) -> Result<Vec<Index>, StoreError>;

    /// Drops an index; false when there is none. On Postgres a large one may take up to
    /// [`crate::limits::INDEX_MS_MAX`], and nobody else writes to the collection meanwhile.
    async fn drop_index(&self, app: &str, index: Index) -> Result<bool, StoreError>;

    /// Asks the database for a sign of life; replies with a description for people.
    async fn ping(&self) -> Result<String, StoreError>;

    /// Records an effect of a hook. Refused when the app has as many waiting as it may.
    async fn record_effect(&self, new: NewEffect) -> Result<Effect, StoreError>;

    /// Takes at most `limit` due effects of these kinds for the caller alone, until `lease` ends;
    /// then they are due again. Of each app about as many.
    async fn claim_effects(
        &self,
        kinds: &[EffectKind],
        limit: usize,
        lease: Duration,
    ) -> Result<Vec<Claimed>, StoreError>;

    /// Says how the attempt of this claim ended. False when it changes nothing: the claim was lost,
    /// or the effect had been sent. That it was sent counts under a lost claim, too.
    async fn settle_effect(
        &self,
        id: &str,
        claim: u64,
        attempt: Attempt,
    ) -> Result<bool, StoreError>;

    /// Effects, newest first.
    async fn effects(&self, query: EffectQuery) -> Result<Vec<Effect>, StoreError>;

    /// One effect.
    async fn effect(&self, id: &str) -> Result<Option<Effect>, StoreError>;

    /// Makes an effect due now, with all its attempts anew.
    async fn retry_effect(&self, id: &str) -> Result<Retried, StoreError>;

    /// Forgets effects beyond `keep` that nobody will send, at most some thousands; says how many.
    async fn prune_effects(&self, keep: Keep) -> Result<usize, StoreError>;

    /// Keeps log lines, those of each app in their order, all or none.
    async fn append_logs(&self, lines: Vec<NewLogLine>) -> Result<(), StoreError>;

    /// Log lines of an app.
    async fn logs(&self, app: &str, query: LogQuery) -> Result<Vec<LogLine>, StoreError>;

    /// Forgets log lines beyond `keep`, at most some thousands; says how many.
    async fn prune_logs(&self, keep: Keep) -> Result<usize, StoreError>;
}

/// What an operator can set about a store, whatever its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreOptions {
    /// Connections to Postgres for documents, unless the address says so itself, 1 to
    /// [`CONNECTIONS_MAX`].
    pub connections: usize,
    /// Milliseconds that one operation may run, 100 to [`OPERATION_MS_CEILING`].
    pub operation_ms: u64,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS,
            operation_ms: OPERATION_MS_MAX,
        }
    }
}

impl StoreOptions {
    fn check(&self) -> Result<(), StoreError> {
        let refuse = |what: String| Err(StoreError::BadLimits(what));
        if !(1..=CONNECTIONS_MAX).contains(&self.connections) {
            let given = self.connections;
            return refuse(format!(
                "connections is {given}; it may be 1 to {CONNECTIONS_MAX}"
            ));
        }
        if !(OPERATION_MS_MIN..=OPERATION_MS_CEILING).contains(&self.operation_ms) {
            let given = self.operation_ms;
            return refuse(format!(
                "operation_ms is {given}; it may be {OPERATION_MS_MIN} to {OPERATION_MS_CEILING}"
            ));
        }
        Ok(())
    }
}

/// Opens the store at an address with the default options; see [`open_with`].
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    open_with(url, StoreOptions::default()).await
}

/// Opens the store at an address: `sqlite:PATH`, `sqlite::memory:`, or
/// `postgres://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETERS`, whose tables are prepared. In a build
/// with the feature `mongodb` also `mongodb://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETERS`. No error
/// shows the password.
pub async fn open_with(url: &str, options: StoreOptions) -> Result<Arc<dyn Store>, StoreError> {
    const ALLOWED: &str = "allowed are sqlite:PATH, sqlite::memory: and postgres://…, and \
         mongodb://… in a build that has it";
    options.check()?;
    let refuse = |reason: &str| Err(StoreError::BadUrl(format!("{reason}; {ALLOWED}")));
    match url.split_once(':') {
        Some(("sqlite", "" | "//")) => refuse("the store's address names no file"),
        Some(("sqlite", ":memory:")) => Ok(Arc::new(SqliteStore::open_in_memory(options).await?)),
        Some(("sqlite", path)) => {
            // `sqlite:///var/x` is how other tools write `sqlite:/var/x`.
            let path = path.strip_prefix("//").unwrap_or(path);
            Ok(Arc::new(SqliteStore::open(path, options).await?))
        }
        Some(("postgres" | "postgresql", _)) => {
            Ok(Arc::new(PostgresStore::open(url, options).await?))
        }
        #[cfg(feature = "mongodb")]
        Some(("mongodb" | "mongodb+srv", _)) => Ok(Arc::new(crate::MongoStore::open(url).await?)),
        #[cfg(not(feature = "mongodb"))]
        Some(("mongodb" | "mongodb+srv", _)) => Err(StoreError::BadUrl(
            "this build has no MongoDB: build it with `cargo build -p lode --features mongodb`"
                .to_owned(),
        )),
        // The address is not repeated: it may hold a password.
        Some(_) | None => refuse("the store's address has an unknown scheme"),
    }
}
