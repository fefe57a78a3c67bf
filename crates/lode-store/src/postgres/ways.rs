//! The ways of a call to the server: which lane, whose rows, for how long.

use std::sync::Arc;

use crate::StoreError;
use crate::budget::Budget;
use crate::lane::Lane;
use crate::postgres::PostgresStore;
use crate::postgres::facade::NO_APP;
use crate::postgres::server::Server;
use crate::postgres::transaction::{Access, Scope, Transaction, in_transaction};

impl PostgresStore {
    /// Does `work` for this app, within this limit, in a transaction that sees what is in the scope.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        lane: &Lane<Arc<Server>>,
        (app, scope): (&str, Scope),
        access: Access,
        limit_ms: Option<u64>,
        work: impl AsyncFn(&Transaction<'_>, &Budget) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        lane.run(app, move |server, limit| {
            server.carry_out(limit.or_of_ms(limit_ms), async |budget| {
                in_transaction(server, &scope, access, budget, async |transaction| {
                    work(transaction, budget).await
                })
                .await
            })
        })
        .await
    }

    /// Apps, hooks and schedules of one app.
    pub(super) async fn look_up<T: Send + 'static>(
        &self,
        app: &str,
        access: Access,
        work: impl AsyncFn(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let whose = (app, Scope::app(app));
        let work = async move |transaction: &Transaction<'_>, _: &Budget| work(transaction).await;
        self.run(&self.catalogue, whose, access, None, work).await
    }

    /// The same over all apps.
    pub(super) async fn look_over<T: Send + 'static>(
        &self,
        work: impl AsyncFn(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let whose = (NO_APP, Scope::all_apps());
        let work = async move |transaction: &Transaction<'_>, _: &Budget| work(transaction).await;
        self.run(&self.catalogue, whose, Access::Read, None, work)
            .await
    }

    /// Outbox and logs of one app, on the connections of its documents.
    pub(super) async fn post<T: Send + 'static>(
        &self,
        app: &str,
        access: Access,
        work: impl AsyncFn(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let whose = (app, Scope::app(app));
        let work = async move |transaction: &Transaction<'_>, _: &Budget| work(transaction).await;
        self.run(&self.documents, whose, access, None, work).await
    }

    /// The same over all apps; nothing is inserted so.
    pub(super) async fn sweep<T: Send + 'static>(
        &self,
        access: Access,
        work: impl AsyncFn(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let whose = (NO_APP, Scope::all_apps());
        let work = async move |transaction: &Transaction<'_>, _: &Budget| work(transaction).await;
        self.run(&self.documents, whose, access, None, work).await
    }
}
