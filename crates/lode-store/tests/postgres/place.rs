//! Where the stores of these tests are: in schemas of a Postgres.

use std::cell::OnceCell;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use lode_store::Store;

use crate::server::PgServer;

thread_local! {
    /// The private server of a test, gone with its thread.
    static SERVER: OnceCell<PgServer> = const { OnceCell::new() };
}

/// A schema for one store.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) server: String,
    pub(crate) schema: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self::on(&server_url())
    }

    pub(crate) fn on(server: &str) -> Self {
        Self {
            server: server.to_owned(),
            schema: format!("lode_test_{:016x}", RandomState::new().hash_one(0)),
        }
    }

    pub(crate) fn url(&self) -> String {
        let joint = if self.server.contains('?') { '&' } else { '?' };
        let Self { server, schema } = self;
        format!("{server}{joint}schema={schema}&connections=8&application_name={schema}")
    }

    /// One more handle on the store.
    pub(crate) async fn open(&self) -> Arc<dyn Store> {
        lode_store::open(&self.url()).await.unwrap()
    }
}

/// A new store that nobody opens a second time.
pub(crate) async fn anywhere() -> Arc<dyn Store> {
    Place::new().open().await
}

/// The server of `LODE_TEST_POSTGRES`, or else this test's own.
pub(crate) fn server_url() -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests have no config.rs to read it in"
    )]
    let named = std::env::var("LODE_TEST_POSTGRES");
    named.unwrap_or_else(|_| {
        SERVER.with(|server| server.get_or_init(|| PgServer::start(&[], |_| {})).url())
    })
}
