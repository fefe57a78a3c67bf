//! The seam between the project and its database: the trait [`Store`] and [`open`].

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    App, AppLimits, DocOp, DocReply, HookHead, HookVersion, Index, NewApp, NewHook, NewSchedule,
    PostgresStore, Schedule, Script, SqliteStore, StoreError,
};

/// Apps, hooks, schedules and documents at rest.
///
/// Every call is atomic. A call whose future is dropped either happens entirely or not at all: it
/// is not started any more, or ended soon, unless it is about to finish.
///
/// No call but [`Store::create_index`] runs for longer than
/// [`crate::limits::OPERATION_MS_MAX`]; apps take turns, so that one
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
    /// This may take up to [`crate::limits::INDEX_MS_MAX`], and nobody else writes meanwhile.
    async fn create_index(&self, app: &str, index: Index) -> Result<bool, StoreError>;

    /// An app's indexes, ordered by collection and path; none when there is no such app.
    async fn indexes(&self, app: &str) -> Result<Vec<Index>, StoreError>;

    /// Drops an index; false when there is none.
    async fn drop_index(&self, app: &str, index: Index) -> Result<bool, StoreError>;

    /// Asks the database for a sign of life; replies with a description for people.
    async fn ping(&self) -> Result<String, StoreError>;
}

/// Opens the store at an address: `sqlite:PATH`, `sqlite::memory:`, or
/// `postgres://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETERS`, whose tables are prepared.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    const ALLOWED: &str = "allowed are sqlite:PATH, sqlite::memory: and postgres://…";
    let refuse = |reason: &str| Err(StoreError::BadUrl(format!("{reason}; {ALLOWED}")));
    match url.split_once(':') {
        Some(("sqlite", "" | "//")) => refuse("the store's address names no file"),
        Some(("sqlite", ":memory:")) => Ok(Arc::new(SqliteStore::open_in_memory().await?)),
        Some(("sqlite", path)) => {
            // `sqlite:///var/x` is how other tools write `sqlite:/var/x`.
            let path = path.strip_prefix("//").unwrap_or(path);
            Ok(Arc::new(SqliteStore::open(path).await?))
        }
        Some(("postgres" | "postgresql", _)) => Ok(Arc::new(PostgresStore::open(url).await?)),
        // The address is not repeated: it may hold a password.
        Some(_) | None => refuse("the store's address has an unknown scheme"),
    }
}
