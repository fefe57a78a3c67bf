//! Where the stores of these tests are: in schemas of a Postgres.

use std::cell::{OnceCell, RefCell};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use lode_store::Store;
use tokio_postgres::NoTls;

use crate::server::PgServer;

thread_local! {
    /// The private server of a test, gone with its thread.
    static SERVER: OnceCell<PgServer> = const { OnceCell::new() };

    /// What this thread's test has made on a server that outlives it.
    static MADE: RefCell<Made> = const { RefCell::new(Made(Vec::new())) };
}

/// Server and name of schemas, gone with the thread of their test: its stores are gone by then, and
/// it may have panicked. Only a killed process leaves them behind.
#[derive(Debug)]
struct Made(Vec<(String, String)>);

impl Drop for Made {
    fn drop(&mut self) {
        let made = std::mem::take(&mut self.0);
        if made.is_empty() {
            return;
        }
        // On a thread of its own: the runtime of this one may need what it has lost already.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            for (server, schema) in made {
                runtime.block_on(drop_schema(&server, &schema));
            }
        });
        // A panic here would end the process, and a schema that stays harms nobody.
        let _ = dropping.join();
    }
}

/// With the connections that a test has left in the middle of something, and the role that bears
/// the schema's name.
async fn drop_schema(server: &str, schema: &str) {
    let connected = tokio_postgres::connect(server, NoTls).await;
    let (client, connection) = connected.unwrap();
    tokio::spawn(connection);
    let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
               WHERE starts_with(application_name, $1) AND pid <> pg_backend_pid()";
    client.query(end, &[&schema]).await.unwrap();
    let drop = format!("DROP SCHEMA IF EXISTS {schema} CASCADE");
    client.batch_execute(&drop).await.unwrap();
    let drop = format!("DROP ROLE IF EXISTS {schema}_owner");
    client.batch_execute(&drop).await.unwrap();
}

/// A schema for one store.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) server: String,
    pub(crate) schema: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        match shared_server() {
            Some(server) => Self::on(&server),
            None => Self::named(server_url()),
        }
    }

    /// On a server that outlives this thread.
    pub(crate) fn on(server: &str) -> Self {
        let place = Self::named(server.to_owned());
        let made = (place.server.clone(), place.schema.clone());
        MADE.with_borrow_mut(|all| all.0.push(made));
        place
    }

    /// On a server that goes with its test.
    pub(crate) fn named(server: String) -> Self {
        let schema = format!("lode_test_{:016x}", RandomState::new().hash_one(0));
        Self { server, schema }
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
    shared_server().unwrap_or_else(|| {
        SERVER.with(|server| server.get_or_init(|| PgServer::start(&[], |_| {})).url())
    })
}

fn shared_server() -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests have no config.rs to read it in"
    )]
    let named = std::env::var("LODE_TEST_POSTGRES");
    named.ok()
}
