-- The tables of the first Lode, as it made them.
CREATE TABLE IF NOT EXISTS queue_jobs (
    num INTEGER PRIMARY KEY AUTOINCREMENT,  -- order of arrival
    queue TEXT NOT NULL,
    id TEXT NOT NULL,
    app TEXT NOT NULL,
    priority INTEGER NOT NULL,
    idempotent INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    lost INTEGER NOT NULL DEFAULT 0,        -- 1 worker lost, 2 too many attempts
    token TEXT,                             -- of the lease; NULL while the job waits
    worker TEXT,
    expires_us INTEGER,
    UNIQUE (queue, id)
);
CREATE INDEX IF NOT EXISTS queue_jobs_waiting
    ON queue_jobs (queue, app, priority DESC, num) WHERE token IS NULL;
CREATE INDEX IF NOT EXISTS queue_jobs_leased
    ON queue_jobs (queue, expires_us) WHERE token IS NOT NULL;
CREATE TABLE IF NOT EXISTS queue_bodies (num INTEGER PRIMARY KEY, job TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS queue_apps (
    queue TEXT NOT NULL,
    app TEXT NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,       -- 0 nothing waits, 1 eligible, 2 at its cap
    tag INTEGER NOT NULL DEFAULT 0,         -- virtual time
    waiting INTEGER NOT NULL DEFAULT 0,
    running INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (queue, app)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS queue_apps_next ON queue_apps (queue, state, tag, app);
CREATE TABLE IF NOT EXISTS queue_caps (
    queue TEXT NOT NULL, app TEXT NOT NULL, cap INTEGER NOT NULL, PRIMARY KEY (queue, app)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS queue_meta (
    queue TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (queue, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS queue_replies (
    num INTEGER PRIMARY KEY AUTOINCREMENT,
    list TEXT NOT NULL, outcome TEXT NOT NULL, expires_us INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS queue_replies_list ON queue_replies (list, num);
CREATE INDEX IF NOT EXISTS queue_replies_expiry ON queue_replies (expires_us);
CREATE TABLE IF NOT EXISTS queue_dead (
    num INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL, id TEXT NOT NULL, job TEXT NOT NULL, reason TEXT NOT NULL,
    outcome TEXT NOT NULL, at_ms INTEGER NOT NULL, bytes INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS queue_dead_order ON queue_dead (queue, num);
