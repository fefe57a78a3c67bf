//! The tables of the SQLite queue, and what becomes of a file of an older Lode.

use std::path::Path;

use rusqlite::{Connection, ErrorCode};

use super::thread::queue_error;
use crate::clock::now_us;
use crate::error::QueueError;
use crate::limits::BUSY_TIMEOUT;

/// More tries than openers of one new file will ever be.
const WAL_TRIES_MAX: u32 = 100;

/// Bodies stand apart, so that a lease does not rewrite a job of 1 MiB. The partial indexes make
/// every transition touch a few rows, however many jobs wait; one that names a constant serves the
/// queries that name the same constant only.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS queue_live (
    num INTEGER PRIMARY KEY AUTOINCREMENT,  -- order of arrival
    queue TEXT NOT NULL,
    id TEXT NOT NULL,
    app TEXT NOT NULL,
    priority INTEGER NOT NULL,
    idempotent INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    token TEXT,                             -- of the lease, to run or to be settled
    worker TEXT,
    expires_us INTEGER,
    state INTEGER NOT NULL DEFAULT 0,       -- 0 queued, 1 delayed, 2 leased to run, 3 unrunnable
    hook TEXT NOT NULL DEFAULT '',
    lane TEXT NOT NULL DEFAULT '',          -- the hook, if it had a rate when the job was queued
    due_us INTEGER,
    deadline_us INTEGER,                    -- NULL once it does not count any more
    losses INTEGER NOT NULL DEFAULT 0,
    why TEXT,                               -- why it must not run
    why_arg TEXT,
    own_id TEXT,                            -- the id that it named
    dedupe TEXT,                            -- the key that ends with it
    holder TEXT,                            -- the handle that has the lease
    cancelled INTEGER NOT NULL DEFAULT 0,
    progress TEXT,
    UNIQUE (queue, id)
);
CREATE INDEX IF NOT EXISTS queue_live_next
    ON queue_live (queue, app, lane, priority DESC, num) WHERE state = 0;
CREATE INDEX IF NOT EXISTS queue_live_own
    ON queue_live (queue, app, own_id) WHERE own_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS queue_live_due ON queue_live (queue, due_us) WHERE state = 1;
CREATE INDEX IF NOT EXISTS queue_live_app_due
    ON queue_live (queue, app, due_us) WHERE state = 1;
CREATE INDEX IF NOT EXISTS queue_live_told
    ON queue_live (queue, num) WHERE state = 3 AND token IS NULL;
CREATE INDEX IF NOT EXISTS queue_live_deadline
    ON queue_live (queue, deadline_us) WHERE deadline_us IS NOT NULL AND state < 2;
CREATE INDEX IF NOT EXISTS queue_live_expiry
    ON queue_live (queue, expires_us) WHERE token IS NOT NULL;
CREATE INDEX IF NOT EXISTS queue_live_holder
    ON queue_live (queue, holder) WHERE token IS NOT NULL;
CREATE INDEX IF NOT EXISTS queue_live_cancelled
    ON queue_live (queue, holder) WHERE cancelled = 1 AND state = 2;
CREATE TABLE IF NOT EXISTS queue_bodies (num INTEGER PRIMARY KEY, job TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS queue_apps (
    queue TEXT NOT NULL,
    app TEXT NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,       -- 0 nothing waits, 1 eligible, 2 at its cap,
                                            -- 3 at its rate, 4 paused
    tag INTEGER NOT NULL DEFAULT 0,         -- virtual time
    waiting INTEGER NOT NULL DEFAULT 0,
    delayed INTEGER NOT NULL DEFAULT 0,
    running INTEGER NOT NULL DEFAULT 0,
    ready_us INTEGER NOT NULL DEFAULT 0,    -- when one at its rate may start a job again
    PRIMARY KEY (queue, app)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS queue_apps_next ON queue_apps (queue, state, tag, app);
CREATE INDEX IF NOT EXISTS queue_apps_ready ON queue_apps (queue, ready_us) WHERE state = 3;
CREATE INDEX IF NOT EXISTS queue_apps_idle
    ON queue_apps (queue, tag) WHERE state = 0 AND running <= 0 AND delayed <= 0;
CREATE TABLE IF NOT EXISTS queue_quotas (
    queue TEXT NOT NULL, app TEXT NOT NULL,
    cap INTEGER, weight INTEGER, rate_jobs INTEGER, rate_us INTEGER, queue_max INTEGER,
    PRIMARY KEY (queue, app)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS queue_hook_rates (
    queue TEXT NOT NULL, app TEXT NOT NULL, hook TEXT NOT NULL,
    jobs INTEGER NOT NULL, per_us INTEGER NOT NULL,
    PRIMARY KEY (queue, app, hook)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS queue_starts (   -- GCRA's next arrival, by app (hook '') and hook
    queue TEXT NOT NULL, app TEXT NOT NULL, hook TEXT NOT NULL, tat_us INTEGER NOT NULL,
    PRIMARY KEY (queue, app, hook)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS queue_starts_past ON queue_starts (queue, tat_us);
CREATE TABLE IF NOT EXISTS queue_paused (
    queue TEXT NOT NULL, app TEXT NOT NULL, PRIMARY KEY (queue, app)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS queue_meta (
    queue TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (queue, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS queue_joined (
    num INTEGER NOT NULL, list TEXT NOT NULL, PRIMARY KEY (num, list)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS queue_dedupe (
    queue TEXT NOT NULL, app TEXT NOT NULL, key TEXT NOT NULL,
    num INTEGER NOT NULL, id TEXT NOT NULL, own_id TEXT,
    expires_us INTEGER,                     -- NULL: with its job
    PRIMARY KEY (queue, app, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS queue_dedupe_expiry
    ON queue_dedupe (expires_us) WHERE expires_us IS NOT NULL;
CREATE TABLE IF NOT EXISTS queue_results (
    queue TEXT NOT NULL, app TEXT NOT NULL, id TEXT NOT NULL,
    outcome TEXT NOT NULL, expires_us INTEGER NOT NULL,
    told INTEGER NOT NULL DEFAULT 0,        -- so often, to those that came later
    PRIMARY KEY (queue, app, id)
);
CREATE INDEX IF NOT EXISTS queue_results_expiry ON queue_results (expires_us);
CREATE TABLE IF NOT EXISTS queue_workers (
    queue TEXT NOT NULL, holder TEXT NOT NULL, name TEXT NOT NULL, beat_us INTEGER NOT NULL,
    PRIMARY KEY (queue, holder)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS queue_bad (
    num INTEGER PRIMARY KEY, queue TEXT NOT NULL, app TEXT NOT NULL, at_us INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS queue_bad_app ON queue_bad (queue, app, at_us);
CREATE INDEX IF NOT EXISTS queue_bad_past ON queue_bad (queue, at_us);
CREATE TABLE IF NOT EXISTS queue_bans (
    queue TEXT NOT NULL, app TEXT NOT NULL, reason TEXT NOT NULL, until_us INTEGER NOT NULL,
    PRIMARY KEY (queue, app)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS queue_schedules (
    queue TEXT NOT NULL, id TEXT NOT NULL, spec TEXT NOT NULL,
    next_ms INTEGER,                        -- NULL: no tick any more
    PRIMARY KEY (queue, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS queue_schedules_due
    ON queue_schedules (queue, next_ms) WHERE next_ms IS NOT NULL;
CREATE TABLE IF NOT EXISTS queue_replies (
    num INTEGER PRIMARY KEY AUTOINCREMENT,
    list TEXT NOT NULL, outcome TEXT NOT NULL, expires_us INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS queue_replies_list ON queue_replies (list, num);
CREATE INDEX IF NOT EXISTS queue_replies_expiry ON queue_replies (expires_us);
CREATE TABLE IF NOT EXISTS queue_dead (
    num INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL, id TEXT NOT NULL, job TEXT NOT NULL, reason TEXT NOT NULL,
    outcome TEXT NOT NULL, at_ms INTEGER NOT NULL, bytes INTEGER NOT NULL,
    app TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS queue_dead_order ON queue_dead (queue, num);
CREATE INDEX IF NOT EXISTS queue_dead_app ON queue_dead (queue, app, num);
CREATE INDEX IF NOT EXISTS queue_dead_id ON queue_dead (queue, id, num);
";

/// In the place of the first schema's jobs stands something that has none of their columns, so that
/// no step of a Lode of that time gets anywhere with this file, not even of one that runs: it would
/// know nothing of states and run jobs that are running.
const LOCK_OUT: &str = "
CREATE VIEW IF NOT EXISTS queue_jobs AS
    SELECT 'this queue has a newer layout: use a newer lode' AS notice;
";

/// From the first schema, which had no states: a job was leased when it had a token, and a column
/// told whether it was lost. A job lives under the id that it named, or under one that begins with
/// it; else it named none that can be used. Old caps are gone: workers set the quotas anew as they start.
const FROM_FIRST: &str = "
DROP INDEX IF EXISTS queue_jobs_waiting;
DROP INDEX IF EXISTS queue_jobs_leased;
DROP TABLE IF EXISTS queue_apps;
DROP TABLE IF EXISTS queue_caps;
ALTER TABLE queue_jobs RENAME TO queue_live;
ALTER TABLE queue_live ADD COLUMN state INTEGER NOT NULL DEFAULT 0;
ALTER TABLE queue_live ADD COLUMN hook TEXT NOT NULL DEFAULT '';
ALTER TABLE queue_live ADD COLUMN lane TEXT NOT NULL DEFAULT '';
ALTER TABLE queue_live ADD COLUMN due_us INTEGER;
ALTER TABLE queue_live ADD COLUMN deadline_us INTEGER;
ALTER TABLE queue_live ADD COLUMN losses INTEGER NOT NULL DEFAULT 0;
ALTER TABLE queue_live ADD COLUMN why TEXT;
ALTER TABLE queue_live ADD COLUMN why_arg TEXT;
ALTER TABLE queue_live ADD COLUMN own_id TEXT;
ALTER TABLE queue_live ADD COLUMN dedupe TEXT;
ALTER TABLE queue_live ADD COLUMN holder TEXT;
ALTER TABLE queue_live ADD COLUMN cancelled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE queue_live ADD COLUMN progress TEXT;
ALTER TABLE queue_dead ADD COLUMN app TEXT NOT NULL DEFAULT '';
UPDATE queue_live SET
    state = CASE WHEN lost <> 0 THEN 3 WHEN token IS NULL THEN 0 ELSE 2 END,
    why = CASE lost WHEN 0 THEN NULL WHEN 1 THEN 'worker_lost' ELSE 'too_many_attempts' END;
UPDATE queue_live SET
    own_id = (SELECT json_extract(job, '$.id') FROM queue_bodies b WHERE b.num = queue_live.num
                  AND CASE WHEN json_valid(job) THEN json_type(job, '$.id') = 'text' END),
    hook = coalesce(
        (SELECT json_extract(job, '$.hook') FROM queue_bodies b WHERE b.num = queue_live.num
             AND CASE WHEN json_valid(job) THEN json_type(job, '$.hook') = 'text' END), '');
UPDATE queue_live SET own_id = NULL WHERE id <> own_id AND instr(id, own_id || '~') <> 1;
UPDATE queue_dead SET app = json_extract(job, '$.app')
    WHERE CASE WHEN json_valid(job) THEN json_type(job, '$.app') = 'text' END;
";

/// The numbers that the first schema did not keep.
const RECOUNT: &str = "
DELETE FROM queue_meta WHERE name = 'v';
INSERT INTO queue_apps (queue, app, state, waiting, running)
    SELECT queue, app, iif(sum(state = 0) > 0, 1, 0), sum(state = 0), sum(state = 2)
    FROM queue_live GROUP BY queue, app;
INSERT INTO queue_meta (queue, name, value)
    SELECT queue, 'queued', sum(state = 0) FROM queue_live GROUP BY queue;
INSERT INTO queue_meta (queue, name, value)
    SELECT queue, 'running', sum(state = 2) FROM queue_live GROUP BY queue;
INSERT INTO queue_meta (queue, name, value)
    SELECT queue, 'lane', sum(state = 3) FROM queue_live GROUP BY queue;
";

/// Opens the file, creates what is missing and brings an older one up to date.
///
/// # Errors
///
/// The first schema, with jobs that are running: whoever runs them could not settle them after.
pub(super) fn open(path: &Path) -> Result<Connection, QueueError> {
    let failed = |error| queue_error("open", &error);
    let db = connect(path).map_err(failed)?;
    // Dropping the connection rolls back what did not work.
    db.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
    // The store may share the file, and counts its own versions in `user_version`.
    let (first, recount) = if is_first(&db).map_err(failed)? {
        refuse_running(&db)?;
        (FROM_FIRST, RECOUNT)
    } else {
        ("", "")
    };
    db.execute_batch(&format!("{first}{TABLES}{LOCK_OUT}{recount}COMMIT;"))
        .map_err(failed)?;
    Ok(db)
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    enter_wal(&db)?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.set_prepared_statement_cache_capacity(256);
    Ok(db)
}

/// True for a file of the first schema.
fn is_first(db: &Connection) -> rusqlite::Result<bool> {
    let count = "SELECT count(*) FROM pragma_table_info('queue_jobs') WHERE name = 'token'";
    Ok(db.query_row(count, [], |row| row.get::<_, i64>(0))? > 0)
}

/// A worker of the first schema that runs a job could not settle it after the change, and the job
/// would run again or be told lost. A lease that has run out belongs to nobody.
fn refuse_running(db: &Connection) -> Result<(), QueueError> {
    let (running, last_us): (i64, i64) = db
        .query_row(
            "SELECT count(*), coalesce(max(expires_us), 0) FROM queue_jobs
             WHERE token IS NOT NULL AND expires_us > ?1",
            [now_us()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .map_err(|error| queue_error("open", &error))?;
    if running == 0 {
        return Ok(());
    }
    let seconds = last_us.saturating_sub(now_us()).max(0) / 1_000_000 + 1;
    Err(QueueError::Layout(format!(
        "workers of the earlier version still run jobs of this file ({running}); stop them first, \
         then start this one (if none is alive, their leases end within {seconds} s); nothing was \
         changed"
    )))
}

/// Switches the file to its write-ahead log. While several openers of a new file do so, SQLite
/// answers some with "busy" without asking the busy handler; a write transaction does wait, and
/// after it the switch is either ours to make or made.
fn enter_wal(db: &Connection) -> rusqlite::Result<()> {
    let mut tries = 0;
    loop {
        match db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())) {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && tries < WAL_TRIES_MAX =>
            {
                tries += 1;
                db.execute_batch("BEGIN IMMEDIATE; COMMIT;")?;
            }
            result => return result,
        }
    }
}
