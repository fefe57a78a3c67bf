//! What somebody does by hand: one table for each collection, prepared statements, no transaction
//! around a single statement.

use anyhow::Result;
use serde_json::Value;

/// A database with tables made by hand. Results are counted, and their texts are taken out of the
/// client's hands.
pub(crate) trait ByHand {
    /// Makes the table of a collection of so many documents, from Lode's own rows, with an index on
    /// `n`. Later calls are about this table.
    async fn begin(&mut self, collection: &str) -> Result<()>;
    async fn find(&mut self, n: usize) -> Result<usize>;
    async fn find_one(&mut self, id: &str) -> Result<usize>;
    async fn increment(&mut self, id: &str) -> Result<usize>;
    /// By a field without an index.
    async fn scan(&mut self, word: &str) -> Result<usize>;
    /// Into a table of their own, in one transaction.
    async fn insert(&mut self, documents: &[Value]) -> Result<usize>;
}
