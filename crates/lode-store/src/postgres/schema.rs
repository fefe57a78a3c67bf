//! The tables, who may see which of their rows, and how older ones become newer ones.

use deadpool_postgres::Object;
use tokio_postgres::error::SqlState;

use crate::StoreError;
use crate::postgres::fault::Fault;
use crate::postgres::server::Server;

/// `server_version_num` of the oldest release that its makers still mend.
const VERSION_MIN: i32 = 130_000;

/// Held while the tables are prepared, so that of many workers that start one does it. Any number
/// that no other program uses.
const PREPARING: i64 = 0x6c6f_6465_0001;

/// One step per schema version, never edited once released. `versions` counts them.
const MIGRATIONS: [&str; 3] = [
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
];

/// The role that transactions take on where the login itself could see every row. It is the whole
/// server's, and the lock is one database's: another may be making it at the same moment.
const ROLE: &str = "
    DO $$ BEGIN
        CREATE ROLE lode_tenant NOLOGIN NOSUPERUSER NOBYPASSRLS;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$;
    DO $$ BEGIN
        GRANT lode_tenant TO CURRENT_USER;
    EXCEPTION WHEN unique_violation THEN NULL;
    END $$;
";

/// Looks at the server, and brings the tables to this release's schema.
pub(super) async fn prepare(server: &Server) -> Result<(), StoreError> {
    let connection = server.first_connection().await?;
    check_server(&connection, server).await?;
    let is_above = is_above_policies(&connection)
        .await
        .map_err(|error| refused(server, &error))?;
    // Dropped on an error, with a transaction that is not to be used again.
    let prepared = async {
        connection
            .batch_execute(&format!(
                // Whatever the server's default: what was done under the lock before is to be seen.
                "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
                 SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
                 SELECT pg_advisory_xact_lock({PREPARING})"
            ))
            .await?;
        let found = migrate(&connection, &server.schema).await?;
        if is_above {
            connection.batch_execute(ROLE).await?;
            connection.batch_execute(&grants(&server.schema)).await?;
        }
        connection.batch_execute("COMMIT").await?;
        Ok(found)
    };
    match prepared.await {
        Ok(found) if found <= MIGRATIONS.len() => {}
        Ok(found) => {
            return Err(StoreError::BadUrl(format!(
                "the store has schema version {found}, made by a newer release; this one knows \
                 versions up to {}",
                MIGRATIONS.len()
            )));
        }
        Err(error) => {
            server.discard(connection);
            return Err(refused(server, &error));
        }
    }
    // Set once, here.
    let _ = server.takes_role.set(is_above);
    Ok(())
}

fn refused(server: &Server, error: &tokio_postgres::Error) -> StoreError {
    let fault = Fault::of(error);
    let advice = if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
        fault.advice()
    } else {
        "look into the server's log"
    };
    StoreError::BadUrl(format!(
        "the tables of {} in the schema {} cannot be prepared: {fault}; {advice}",
        server.place, server.schema
    ))
}

async fn check_server(connection: &Object, server: &Server) -> Result<(), StoreError> {
    let sql = "SELECT current_setting('server_version_num')::int, \
               current_setting('server_version'), current_setting('server_encoding')";
    let row = connection
        .query_typed_one(sql, &[])
        .await
        .map_err(|error| refused(server, &error))?;
    let (number, version, encoding): (i32, String, String) = (row.get(0), row.get(1), row.get(2));
    check_version(number, &version)?;
    if encoding != "UTF8" {
        return Err(StoreError::BadUrl(format!(
            "the database of {} keeps texts as {encoding}; this needs one that was created with \
             ENCODING 'UTF8'",
            server.place
        )));
    }
    Ok(())
}

fn check_version(number: i32, version: &str) -> Result<(), StoreError> {
    if number >= VERSION_MIN {
        return Ok(());
    }
    Err(StoreError::BadUrl(format!(
        "the server is PostgreSQL {version}; this needs {} or newer",
        VERSION_MIN / 10_000
    )))
}

/// Whether row-level security does not hold for this login.
async fn is_above_policies(connection: &Object) -> Result<bool, tokio_postgres::Error> {
    let sql = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user";
    let row = connection.query_typed_opt(sql, &[]).await?;
    // A role that does not see itself is no ordinary one.
    Ok(row.is_none_or(|row| row.get(0)))
}

/// The version that was found, after the steps that were left.
async fn migrate(connection: &Object, schema: &str) -> Result<usize, tokio_postgres::Error> {
    // Asked first: whoever may use a schema need not be allowed to create one.
    let sql = format!(
        "SELECT to_regnamespace('{schema}') IS NULL, to_regclass('{schema}.versions') IS NULL"
    );
    let missing = connection.query_typed_one(&sql, &[]).await?;
    if missing.get(0) {
        let create = format!("CREATE SCHEMA {schema}");
        connection.batch_execute(&create).await?;
    }
    if missing.get(1) {
        let create = format!("CREATE TABLE {schema}.versions (version int PRIMARY KEY)");
        connection.batch_execute(&create).await?;
    }
    let count = format!("SELECT COALESCE(max(version), 0) FROM {schema}.versions");
    let found: i32 = connection.query_typed_one(&count, &[]).await?.get(0);
    let found = usize::try_from(found).unwrap_or(usize::MAX);
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(found) {
        let version = index + 1;
        let step = format!(
            "SET LOCAL search_path = {schema}; {migration}; \
             INSERT INTO versions VALUES ({version})"
        );
        connection.batch_execute(&step).await?;
    }
    Ok(found)
}

fn grants(schema: &str) -> String {
    format!(
        "GRANT USAGE ON SCHEMA {schema} TO lode_tenant; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO lode_tenant; \
         GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO lode_tenant"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_too_old_is_named_with_what_is_needed() {
        check_version(130_000, "13.0").unwrap();
        check_version(180_001, "18.1").unwrap();
        let error = check_version(120_022, "12.22").unwrap_err().to_string();
        assert!(
            error.contains("12.22") && error.contains("13 or newer"),
            "{error}"
        );
    }
}
