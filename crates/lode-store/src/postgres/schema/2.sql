-- An effect is due at `next_at_ms`; most have none, and the index of the due ones is small. What
-- hooks and servers wrote is bytes of UTF-8: NUL may be in it, which no text of Postgres has, and one
-- app's line must not cost a batch the lines of others. (psql shows it after
-- `SET bytea_output = escape`.)

CREATE TABLE outbox (
    id         text COLLATE "C" NOT NULL PRIMARY KEY,
    app        text COLLATE "C" NOT NULL REFERENCES apps (id),
    job        bytea   NOT NULL,
    hook       bytea   NOT NULL,
    kind       text    NOT NULL CHECK (kind IN ('email', 'push')),
    at_ms      bigint  NOT NULL,
    payload    text    NOT NULL,
    state      text    NOT NULL CHECK (state IN ('recorded', 'sent', 'failed', 'retrying')),
    attempts   bigint  NOT NULL,
    next_at_ms bigint,
    error      bytea,
    claim      bigint  NOT NULL,
    is_claimed boolean NOT NULL
);

CREATE INDEX outbox_due ON outbox (app, kind, next_at_ms) WHERE next_at_ms IS NOT NULL;
CREATE INDEX outbox_done ON outbox (app, at_ms, id) WHERE next_at_ms IS NULL;
CREATE INDEX outbox_in_order ON outbox (app, at_ms, id);
CREATE INDEX outbox_by_time ON outbox (at_ms, id);

CREATE TABLE logs (
    seq     bigint GENERATED ALWAYS AS IDENTITY,
    app     text COLLATE "C" NOT NULL,
    at_ms   bigint  NOT NULL,
    level   integer NOT NULL,
    hook    bytea   NOT NULL,
    job     bytea   NOT NULL,
    message bytea   NOT NULL,
    PRIMARY KEY (app, seq)
);

ALTER TABLE outbox ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE logs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- Workers claim, settle and forget over all apps, and set `*` for it, which is no app's id. What a
-- hook adds is added as its app: nobody may insert under `*`.
CREATE POLICY own_app ON outbox USING (
    app = current_setting('lode.app', true) OR current_setting('lode.app', true) = '*');
CREATE POLICY own_app ON logs USING (
    app = current_setting('lode.app', true) OR current_setting('lode.app', true) = '*');
CREATE POLICY insert_as_own ON outbox AS RESTRICTIVE FOR INSERT WITH CHECK (
    app = current_setting('lode.app', true));
CREATE POLICY insert_as_own ON logs AS RESTRICTIVE FOR INSERT WITH CHECK (
    app = current_setting('lode.app', true))
;

-- Until it is ready, writers write its keys, and nobody looks for them: some documents have none yet.
ALTER TABLE indexes ADD COLUMN is_ready boolean NOT NULL DEFAULT true;
ALTER TABLE indexes ALTER COLUMN is_ready SET DEFAULT false
