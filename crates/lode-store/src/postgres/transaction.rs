//! One operation in one transaction, which sees the rows of one app.

use std::pin::Pin;

use deadpool_postgres::Object;
use futures_util::FutureExt as _;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row, RowStream};

use crate::StoreError;
use crate::budget::Budget;
use crate::limits::OPERATION_MS_MAX;
use crate::model::check_name;
use crate::postgres::fault::{failed, is_worth_a_retry};
use crate::postgres::lookup::{Known, of_collection};
use crate::postgres::rows::held;
use crate::postgres::server::Server;
use crate::postgres::sql::Param;

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// One snapshot.
    Read,
    /// Each statement sees what is committed by then; rows are locked before they are changed.
    Write,
}

/// Whose rows a transaction sees.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// The value of `lode.app`: a checked id, or nothing for a name that no app can have.
    setting: String,
    /// Whose indexes are looked up at the beginning, which saves a round trip.
    indexed: Option<String>,
}

impl Scope {
    /// One app's.
    pub(super) fn app(id: &str) -> Self {
        let can_be = check_name("app id", id).is_ok();
        Self {
            setting: if can_be { id } else { "" }.to_owned(),
            indexed: None,
        }
    }

    /// The same for whoever writes to this collection, or reads what its indexes may serve.
    pub(super) fn and_indexes_of(self, collection: &str) -> Self {
        Self {
            indexed: Some(collection.to_owned()),
            ..self
        }
    }

    /// All apps', of apps, schedules, the outbox and logs; nobody's hooks and documents.
    pub(super) fn all_apps() -> Self {
        Self {
            setting: "*".to_owned(),
            indexed: None,
        }
    }
}

/// A transaction that has begun. Dropped before its end, it is undone and its connection ended.
#[derive(Debug)]
pub(super) struct Transaction<'a> {
    server: &'a Server,
    connection: Option<Object>,
    scope: Scope,
    access: Access,
    has_app: bool,
    indexes: Option<Vec<Known>>,
}

/// Does `work` in a transaction that happens wholly or, on any error and when it is dropped, not at
/// all; again when another transaction came in its way.
pub(super) async fn in_transaction<T>(
    server: &Server,
    scope: &Scope,
    access: Access,
    budget: &Budget,
    work: impl AsyncFn(&Transaction<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    loop {
        let transaction = Transaction::begin(server, scope, access).await?;
        let worked = work(&transaction).await;
        let done = match worked.and_then(|value| budget.check().map(|()| value)) {
            Ok(value) => transaction.commit().await.map(|()| value),
            Err(error) => {
                transaction.roll_back().await;
                Err(error)
            }
        };
        match done {
            Err(error) if is_worth_a_retry(&error) => budget.check()?,
            done => return done,
        }
    }
}

impl<'a> Transaction<'a> {
    async fn begin(server: &'a Server, scope: &Scope, access: Access) -> Result<Self, StoreError> {
        let connection = server.connection().await?;
        let mut transaction = Self {
            server,
            connection: Some(connection),
            scope: scope.clone(),
            access,
            has_app: false,
            indexes: None,
        };
        let text = transaction.beginning();
        let app = [Param::from(transaction.app())];
        // Sent together, in this order: one round trip.
        let (_, known, indexes) = tokio::try_join!(
            biased;
            transaction.run_text(&text, "begin"),
            async {
                let sql = "SELECT 1 FROM apps WHERE id = $1";
                transaction.query(sql, &app, "look up the app").await
            },
            async {
                let found = match (&scope.indexed, access) {
                    (Some(collection), Access::Read) => of_collection(&transaction, collection).await,
                    (Some(collection), Access::Write) => held(&transaction, collection).await,
                    (None, _) => return Ok(None),
                };
                found.map(Some)
            }
        )?;
        transaction.has_app = !known.is_empty();
        transaction.indexes = indexes;
        Ok(transaction)
    }

    /// The app's id is safe in it: it has only letters, digits, `_`, `-` and `.`.
    fn beginning(&self) -> String {
        let kind = match self.access {
            Access::Read => "ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Access::Write => "ISOLATION LEVEL READ COMMITTED READ WRITE",
        };
        let role = match self.server.takes_role.get() {
            Some(true) => "set_config('role', 'lode_tenant', true), ",
            Some(false) | None => "",
        };
        let (schema, app) = (&self.server.schema, &self.scope.setting);
        let operation_ms = self.server.operation_ms;
        let idle_ms = 2 * operation_ms.max(OPERATION_MS_MAX);
        // One statement for all settings, which are those of `SET LOCAL`.
        format!(
            "BEGIN {kind}; SELECT {role}set_config('search_path', '{schema}', true), \
             set_config('lode.app', '{app}', true), \
             set_config('statement_timeout', '{operation_ms}', true), \
             set_config('idle_in_transaction_session_timeout', '{idle_ms}', true), \
             set_config('jit', 'off', true)"
        )
    }

    /// Where it is.
    pub(super) fn server(&self) -> &Server {
        self.server
    }

    /// The indexes of the scope's collection; none were looked up where it has none.
    pub(super) fn indexes(&self) -> Option<&[Known]> {
        self.indexes.as_deref()
    }

    pub(super) fn access(&self) -> Access {
        self.access
    }

    /// The app's id, as statements bind it.
    pub(super) fn app(&self) -> &str {
        &self.scope.setting
    }

    /// Refuses an app that does not exist: a typing mistake must not look like an empty
    /// collection. `id` is what the caller wrote.
    pub(super) fn require_app(&self, id: &str) -> Result<(), StoreError> {
        if self.has_app {
            return Ok(());
        }
        Err(StoreError::UnknownApp { app: id.to_owned() })
    }

    fn client(&self) -> &Client {
        let connection = self.connection.as_ref();
        connection.expect("the connection is taken only at the end")
    }

    pub(super) async fn query(
        &self,
        sql: &str,
        params: &[Param],
        step: &'static str,
    ) -> Result<Vec<Row>, StoreError> {
        let typed: Vec<_> = params.iter().map(Param::typed).collect();
        self.client()
            .query_typed(sql, &typed)
            .await
            .map_err(failed(step))
    }

    /// The rows as they come.
    pub(super) async fn stream(
        &self,
        sql: &str,
        params: &[Param],
        step: &'static str,
    ) -> Result<Pin<Box<RowStream>>, StoreError> {
        let typed: Vec<(_, Type)> = params.iter().map(Param::typed).collect();
        let rows = self.client().query_typed_raw(sql, typed).await;
        rows.map(Box::pin).map_err(failed(step))
    }

    /// How many rows it was about.
    pub(super) async fn execute(
        &self,
        sql: &str,
        params: &[Param],
        step: &'static str,
    ) -> Result<u64, StoreError> {
        let typed: Vec<_> = params.iter().map(Param::typed).collect();
        let done = self.client().execute_typed(sql, &typed).await;
        done.map_err(failed(step))
    }

    /// Statements without parameters.
    pub(super) async fn run_text(&self, sql: &str, step: &'static str) -> Result<(), StoreError> {
        self.client().batch_execute(sql).await.map_err(failed(step))
    }

    /// Sends a statement whose answer nobody needs: what follows on the connection comes after it,
    /// and fails if it has failed.
    pub(super) fn send_text(&self, sql: &str) {
        // It is sent by the first look at it; the answer is thrown away when it comes.
        let _ = self.client().batch_execute(sql).now_or_never();
    }

    async fn commit(mut self) -> Result<(), StoreError> {
        match self.access {
            // Nothing depends on it but the locks and the snapshot that it lets go.
            Access::Read => self.send_text("COMMIT"),
            Access::Write => self.run_text("COMMIT", "commit").await?,
        }
        // Back to the pool.
        drop(self.connection.take());
        Ok(())
    }

    async fn roll_back(mut self) {
        // Without an answer the connection is not used again, which undoes it as well.
        if self.run_text("ROLLBACK", "roll back").await.is_ok() {
            drop(self.connection.take());
        }
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.server.discard(connection);
        }
    }
}
