//! By hand on SQLite: `rusqlite`, in the store's own file.

use std::path::Path;

use anyhow::Result;
use rusqlite::{Connection, ToSql};
use serde_json::Value;

use crate::by_hand::ByHand;

/// One connection, set up like those of the store.
#[derive(Debug)]
pub(crate) struct OnSqlite {
    connection: Connection,
    table: String,
}

impl OnSqlite {
    pub(crate) fn open(file: &Path) -> Result<Self> {
        let connection = Connection::open(file)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
             CREATE TABLE hand_inserts (id TEXT PRIMARY KEY, doc TEXT)",
        )?;
        Ok(Self {
            connection,
            table: String::new(),
        })
    }

    fn count(&self, condition: &str, value: impl ToSql) -> Result<usize> {
        let sql = format!("SELECT doc FROM {} WHERE {condition}", self.table);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let texts = statement.query_map([value], |row| row.get::<_, String>(0))?;
        Ok(texts.collect::<Result<Vec<_>, _>>()?.len())
    }
}

impl ByHand for OnSqlite {
    async fn begin(&mut self, collection: &str) -> Result<()> {
        self.table = format!("hand_{collection}");
        let table = &self.table;
        self.connection.execute_batch(&format!(
            "CREATE TABLE {table} (id TEXT PRIMARY KEY, doc TEXT);
             INSERT INTO {table} SELECT json_extract(doc, '$._id'), doc
               FROM documents WHERE collection = '{collection}' ORDER BY seq;
             CREATE INDEX {table}_n ON {table} (json_extract(doc, '$.n'))"
        ))?;
        Ok(())
    }

    async fn find(&mut self, n: usize) -> Result<usize> {
        self.count("json_extract(doc, '$.n') = ?1", i64::try_from(n)?)
    }

    async fn find_one(&mut self, id: &str) -> Result<usize> {
        self.count("id = ?1", id)
    }

    async fn increment(&mut self, id: &str) -> Result<usize> {
        let sql = format!(
            "UPDATE {} SET doc = json_set(doc, '$.hits', json_extract(doc, '$.hits') + 1)
             WHERE id = ?1",
            self.table
        );
        Ok(self.connection.prepare_cached(&sql)?.execute([id])?)
    }

    async fn scan(&mut self, word: &str) -> Result<usize> {
        self.count("json_extract(doc, '$.word') = ?1", word)
    }

    async fn insert(&mut self, documents: &[Value]) -> Result<usize> {
        let transaction = self.connection.transaction()?;
        let sql = "INSERT INTO hand_inserts (id, doc) VALUES (?1, ?2)";
        for document in documents {
            let (id, text) = (document["_id"].as_str(), document.to_string());
            transaction.prepare_cached(sql)?.execute((id, text))?;
        }
        transaction.commit()?;
        Ok(documents.len())
    }
}
