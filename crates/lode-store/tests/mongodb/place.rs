//! Where the stores of these tests are: in databases of a MongoDB.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use lode_store::Store;

/// A database for one store.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) database: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            database: format!("lode_test_{:016x}", RandomState::new().hash_one(0)),
        }
    }

    pub(crate) fn url(&self) -> String {
        let server = server_url();
        let (base, parameters) = server.split_once('?').unwrap_or((&server, "tls=false"));
        let base = base.trim_end_matches('/');
        format!("{base}/{}?maxPoolSize=8&{parameters}", self.database)
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

fn server_url() -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests have no config.rs to read it in"
    )]
    let named = std::env::var("LODE_TEST_MONGODB");
    named.unwrap_or_else(|_| panic!("set LODE_TEST_MONGODB to mongodb://HOST of a server"))
}
