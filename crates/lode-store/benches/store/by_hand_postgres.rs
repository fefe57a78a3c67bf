//! By hand on Postgres: `tokio-postgres`, in a schema beside the store's.

use anyhow::{Context, Result};
use serde_json::Value;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Statement};

use crate::by_hand::ByHand;

/// One connection, as the address has it.
#[derive(Debug)]
pub(crate) struct OnPostgres {
    client: Client,
    /// The store's.
    schema: String,
    statements: Option<Statements>,
}

/// All of one table.
#[derive(Debug)]
struct Statements {
    find: Statement,
    find_one: Statement,
    increment: Statement,
    scan: Statement,
    insert: Statement,
}

impl OnPostgres {
    pub(crate) async fn open(url: &str, schema: &str) -> Result<Self> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        let hand = format!("{schema}_hand");
        client
            .batch_execute(&format!(
                "CREATE SCHEMA {hand}; SET search_path = {hand};
                 CREATE TABLE inserts (id text PRIMARY KEY, body jsonb)"
            ))
            .await?;
        Ok(Self {
            client,
            schema: schema.to_owned(),
            statements: None,
        })
    }

    /// Drops everything, the store's tables as well.
    pub(crate) async fn clear(&self) -> Result<()> {
        let schema = &self.schema;
        let sql = format!("DROP SCHEMA {schema} CASCADE; DROP SCHEMA {schema}_hand CASCADE");
        Ok(self.client.batch_execute(&sql).await?)
    }

    async fn count(&self, statement: &Statement, value: &(dyn ToSql + Sync)) -> Result<usize> {
        let rows = self.client.query(statement, &[value]).await?;
        let texts = rows.iter().map(|row| row.try_get::<_, String>(0));
        Ok(texts.collect::<Result<Vec<_>, _>>()?.len())
    }

    fn statements(&self) -> Result<&Statements> {
        self.statements.as_ref().context("there is a table")
    }
}

impl ByHand for OnPostgres {
    async fn begin(&mut self, collection: &str) -> Result<()> {
        let (client, schema) = (&self.client, &self.schema);
        let table = collection;
        client
            .batch_execute(&format!(
                "CREATE TABLE {table} (id text PRIMARY KEY, body jsonb);
                 INSERT INTO {table} SELECT body ->> '_id', body FROM {schema}.documents
                   WHERE collection = '{collection}' ORDER BY seq;
                 CREATE INDEX {table}_n ON {table} (((body ->> 'n')::bigint));
                 ANALYZE {table}"
            ))
            .await?;
        let select = |condition: &str| format!("SELECT body::text FROM {table} WHERE {condition}");
        let increment = format!(
            "UPDATE {table} SET body = jsonb_set(body, '{{hits}}',
               to_jsonb((body ->> 'hits')::bigint + 1)) WHERE id = $1"
        );
        let insert = "INSERT INTO inserts SELECT v.id, v.body::jsonb
                      FROM unnest($1::text[], $2::text[]) AS v (id, body)";
        self.statements = Some(Statements {
            find: client
                .prepare(&select("(body ->> 'n')::bigint = $1"))
                .await?,
            find_one: client.prepare(&select("id = $1")).await?,
            increment: client.prepare(&increment).await?,
            scan: client.prepare(&select("body ->> 'word' = $1")).await?,
            insert: client.prepare(insert).await?,
        });
        Ok(())
    }

    async fn find(&mut self, n: usize) -> Result<usize> {
        let n = i64::try_from(n)?;
        self.count(&self.statements()?.find, &n).await
    }

    async fn find_one(&mut self, id: &str) -> Result<usize> {
        self.count(&self.statements()?.find_one, &id).await
    }

    async fn increment(&mut self, id: &str) -> Result<usize> {
        let statement = &self.statements()?.increment;
        let changed = self.client.execute(statement, &[&id]).await?;
        Ok(usize::try_from(changed)?)
    }

    async fn scan(&mut self, word: &str) -> Result<usize> {
        self.count(&self.statements()?.scan, &word).await
    }

    async fn insert(&mut self, documents: &[Value]) -> Result<usize> {
        let ids: Vec<_> = documents.iter().map(|one| one["_id"].as_str()).collect();
        let texts: Vec<_> = documents.iter().map(Value::to_string).collect();
        let statement = &self.statements()?.insert;
        let made = self.client.execute(statement, &[&ids, &texts]).await?;
        Ok(usize::try_from(made)?)
    }
}
