//! The server in one line, for people; and whether it keeps apps apart.

use crate::StoreError;
use crate::postgres::transaction::Transaction;

/// Version, place, ways and protection. An error where a table shows rows of all apps: somebody has
/// turned its row-level security off.
pub(super) async fn describe(transaction: &Transaction<'_>) -> Result<String, StoreError> {
    let sql = "SELECT current_setting('server_version'), current_user::text,
                      COALESCE(string_agg(relname, ', ' ORDER BY relname), '')
               FROM (SELECT 1) AS one LEFT JOIN pg_class
                 ON relnamespace = current_schema()::regnamespace AND relkind = 'r'
                AND relname <> 'versions' AND NOT row_security_active(oid)";
    let rows = transaction.query(sql, &[], "answer a ping").await?;
    let Some(row) = rows.first() else {
        return Err(StoreError::Stopped);
    };
    let (version, role, open): (String, String, String) = (row.get(0), row.get(1), row.get(2));
    let server = transaction.server();
    if !open.is_empty() {
        return Err(StoreError::BadUrl(format!(
            "the store at {} does not keep apps apart: row-level security is off for {open} in the \
             schema {}; turn it on with ALTER TABLE … ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL \
             SECURITY",
            server.place, server.schema
        )));
    }
    Ok(format!(
        "PostgreSQL {version} as {}, schema {}, {}, row-level security on as {role}",
        server.place, server.schema, server.ways
    ))
}
