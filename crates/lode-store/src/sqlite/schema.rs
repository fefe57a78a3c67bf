//! The tables, and how an older file becomes a newer one.

use rusqlite::{Connection, TransactionBehavior};

use crate::StoreError;
use crate::sqlite::failed;

/// One step per schema version, never edited once released. `PRAGMA user_version` counts them.
const MIGRATIONS: [&str; 5] = [
    // 1. `documents.id` is the canonical `_id`, so that 1 and 1.0 collide but 1 and "1" do not.
    // `seq` is the order of insertion: a new row gets the greatest plus one, and every index
    // ends in it, so a collection is read in order without sorting.
    "
    CREATE TABLE apps (
        id            TEXT    NOT NULL PRIMARY KEY,
        app_secret    TEXT    NOT NULL,
        master_secret TEXT    NOT NULL,
        limits        TEXT    NOT NULL,
        created_ms    INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE hooks (
        app    TEXT    NOT NULL REFERENCES apps (id),
        name   TEXT    NOT NULL,
        kind   TEXT    NOT NULL CHECK (kind IN ('hook', 'common')),
        active INTEGER NOT NULL,
        PRIMARY KEY (app, name)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE hook_versions (
        app        TEXT    NOT NULL,
        name       TEXT    NOT NULL,
        version    INTEGER NOT NULL,
        source     TEXT    NOT NULL,
        created_ms INTEGER NOT NULL,
        PRIMARY KEY (app, name, version),
        FOREIGN KEY (app, name) REFERENCES hooks (app, name)
    ) STRICT;

    CREATE TRIGGER hook_versions_are_immutable BEFORE UPDATE ON hook_versions
    BEGIN SELECT RAISE (ABORT, 'a hook version never changes'); END;

    CREATE TABLE documents (
        seq        INTEGER PRIMARY KEY,
        app        TEXT NOT NULL REFERENCES apps (id),
        collection TEXT NOT NULL,
        id         TEXT NOT NULL,
        doc        TEXT NOT NULL
    ) STRICT;

    CREATE UNIQUE INDEX documents_by_id ON documents (app, collection, id);

    CREATE INDEX documents_in_order ON documents (app, collection);
    ",
    // 2. With rowids, unlike `apps`: a request may be large, and would make a wide index of it.
    "
    CREATE TABLE schedules (
        app        TEXT    NOT NULL REFERENCES apps (id),
        name       TEXT    NOT NULL,
        hook       TEXT    NOT NULL,
        start_ms   INTEGER,
        every      TEXT,
        cron       TEXT,
        request    TEXT,
        created_ms INTEGER NOT NULL,
        PRIMARY KEY (app, name)
    ) STRICT;
    ",
    // 3. `number` is in the name of the index itself, and is never used again.
    "
    CREATE TABLE indexes (
        number     INTEGER PRIMARY KEY AUTOINCREMENT,
        app        TEXT NOT NULL REFERENCES apps (id),
        collection TEXT NOT NULL,
        path       TEXT NOT NULL,
        UNIQUE (app, collection, path)
    ) STRICT;
    ",
    // 4. An effect is due at `next_at_ms`; most have none, and the index of the due ones is small.
    // AUTOINCREMENT: a line's number is never used again, so that a reader who follows misses none.
    "
    CREATE TABLE outbox (
        id         TEXT    NOT NULL PRIMARY KEY,
        app        TEXT    NOT NULL REFERENCES apps (id),
        job        TEXT    NOT NULL,
        hook       TEXT    NOT NULL,
        kind       TEXT    NOT NULL CHECK (kind IN ('email', 'push')),
        at_ms      INTEGER NOT NULL,
        payload    TEXT    NOT NULL,
        state      TEXT    NOT NULL CHECK (state IN ('recorded', 'sent', 'failed', 'retrying')),
        attempts   INTEGER NOT NULL,
        next_at_ms INTEGER,
        claim      INTEGER NOT NULL,
        is_claimed INTEGER NOT NULL,
        error      TEXT
    ) STRICT;

    CREATE INDEX outbox_due ON outbox (app, kind, next_at_ms) WHERE next_at_ms IS NOT NULL;

    CREATE INDEX outbox_done ON outbox (app, at_ms, id) WHERE next_at_ms IS NULL;

    CREATE INDEX outbox_in_order ON outbox (app, at_ms, id);

    CREATE INDEX outbox_by_time ON outbox (at_ms, id);

    CREATE TABLE logs (
        seq     INTEGER PRIMARY KEY AUTOINCREMENT,
        app     TEXT    NOT NULL,
        at_ms   INTEGER NOT NULL,
        level   INTEGER NOT NULL,
        hook    TEXT    NOT NULL,
        job     TEXT    NOT NULL,
        message TEXT    NOT NULL
    ) STRICT;

    CREATE INDEX logs_in_order ON logs (app, seq);
    ",
    // 5. Kinvey keeps usernames unique. A username that is no text, or is missing, is nobody's. By
    // triggers: a unique index could not be made in a file where one app has a name twice, which
    // earlier releases let its hooks do, and no app would be served. Those two stay until changed.
    "
    CREATE INDEX usernames ON documents (app, json_extract(doc, '$.username'))
        WHERE collection = 'user' AND json_type(doc, '$.username') = 'text';

    CREATE TRIGGER usernames_of_new_users BEFORE INSERT ON documents
    WHEN NEW.collection = 'user' AND json_type(NEW.doc, '$.username') = 'text'
    BEGIN
        SELECT RAISE(ABORT, 'usernames are unique') WHERE EXISTS (
            SELECT 1 FROM documents
            WHERE app = NEW.app AND collection = 'user' AND json_type(doc, '$.username') = 'text'
              AND json_extract(doc, '$.username') = json_extract(NEW.doc, '$.username')
              AND id <> NEW.id);
    END;

    CREATE TRIGGER usernames_of_changed_users BEFORE UPDATE OF doc ON documents
    WHEN NEW.collection = 'user' AND json_type(NEW.doc, '$.username') = 'text'
      AND json_extract(NEW.doc, '$.username') IS NOT json_extract(OLD.doc, '$.username')
    BEGIN
        SELECT RAISE(ABORT, 'usernames are unique') WHERE EXISTS (
            SELECT 1 FROM documents
            WHERE app = NEW.app AND collection = 'user' AND json_type(doc, '$.username') = 'text'
              AND json_extract(doc, '$.username') = json_extract(NEW.doc, '$.username')
              AND id <> NEW.id);
    END;
    ",
];

/// Brings a file to this release's schema.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let step = "prepare its tables";
    // IMMEDIATE: two processes that open a new file at once must not both create the tables.
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed(step))?;
    let found: i64 = transaction
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(failed(step))?;
    let done = usize::try_from(found).unwrap_or(usize::MAX);
    if done > MIGRATIONS.len() {
        return Err(StoreError::BadUrl(format!(
            "the store has schema version {found}, made by a newer release; this one knows \
             versions up to {}",
            MIGRATIONS.len()
        )));
    }
    for migration in &MIGRATIONS[done..] {
        transaction.execute_batch(migration).map_err(failed(step))?;
    }
    transaction
        .pragma_update(None, "user_version", MIGRATIONS.len().to_string())
        .and_then(|()| transaction.commit())
        .map_err(failed(step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrating_twice_is_harmless_and_a_newer_file_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
        connection
            .pragma_update(None, "user_version", "99")
            .unwrap();
        let error = migrate(&mut connection).unwrap_err();
        assert!(error.to_string().contains("newer release"), "{error}");
    }

    #[test]
    fn a_file_of_the_first_release_keeps_what_it_has_and_gets_the_rest() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        connection
            .execute_batch("INSERT INTO apps VALUES ('a', 's', 'm', '{}', 7)")
            .unwrap();
        connection.pragma_update(None, "user_version", "1").unwrap();
        migrate(&mut connection).unwrap();
        let count = |table: &str| -> u32 {
            let sql = format!("SELECT COUNT(*) FROM {table}");
            connection.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        assert_eq!((count("apps"), count("schedules")), (1, 0));
        assert_eq!((count("outbox"), count("logs")), (0, 0));
    }

    #[test]
    fn a_file_of_the_first_release_with_a_username_twice_is_served_and_gets_no_third() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        let user = |id: u8, name: &str| {
            format!(
                "INSERT INTO documents (app, collection, id, doc)
                 VALUES ('a', 'user', '{id}', '{{\"_id\": {id}, \"username\": \"{name}\"}}')"
            )
        };
        connection
            .execute_batch(&format!(
                "INSERT INTO apps VALUES ('a', 's', 'm', '{{}}', 7); {}; {}",
                user(1, "ada"),
                user(2, "ada")
            ))
            .unwrap();
        connection.pragma_update(None, "user_version", "1").unwrap();
        migrate(&mut connection).unwrap();
        let error = connection.execute_batch(&user(3, "ada")).unwrap_err();
        assert!(error.to_string().contains("usernames"), "{error}");
        connection.execute_batch(&user(3, "bob")).unwrap();
        let rename = "UPDATE documents SET doc = json_set(doc, '$.username', 'eve') WHERE id = '2'";
        connection.execute_batch(rename).unwrap();
        let change = "UPDATE documents SET doc = json_set(doc, '$.n', 1) WHERE id = '1'";
        connection.execute_batch(change).unwrap();
    }

    #[test]
    fn a_hook_version_cannot_be_changed() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        connection
            .execute_batch(
                "INSERT INTO apps VALUES ('a', '', '', '{}', 0);
                 INSERT INTO hooks VALUES ('a', 'x.onPreSave', 'hook', 1);
                 INSERT INTO hook_versions VALUES ('a', 'x.onPreSave', 1, 'old', 0);",
            )
            .unwrap();
        let error = connection
            .execute("UPDATE hook_versions SET source = 'new'", [])
            .unwrap_err();
        assert!(error.to_string().contains("never changes"), "{error}");
    }
}
