//! Where the stores of these tests are: in SQLite's files.

use std::sync::Arc;

use lode_store::Store;
use tempfile::TempDir;

/// A place for one store, gone with it.
#[derive(Debug)]
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite:{}/store.db", self.0.path().display())
    }

    /// One more handle on the store.
    pub(crate) async fn open(&self) -> Arc<dyn Store> {
        lode_store::open(&self.url()).await.unwrap()
    }
}

/// A new store that nobody opens a second time.
pub(crate) async fn anywhere() -> Arc<dyn Store> {
    lode_store::open("sqlite::memory:").await.unwrap()
}
