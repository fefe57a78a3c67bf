-- `documents.id` is the canonical `_id` as bytes: 1 and 1.0 collide, 1 and "1" do not, and NUL may
-- be in it. `seq` is the order of insertion. `doc` is what is given back, byte for byte; `body` is
-- the same for SQL to look into, where a text with NUL is an empty array (jsonb has no NUL).

CREATE TABLE apps (
    id            text COLLATE "C" NOT NULL PRIMARY KEY,
    app_secret    text   NOT NULL,
    master_secret text   NOT NULL,
    limits        text   NOT NULL,
    created_ms    bigint NOT NULL
);

CREATE TABLE hooks (
    app    text COLLATE "C" NOT NULL REFERENCES apps (id),
    name   text COLLATE "C" NOT NULL,
    kind   text   NOT NULL CHECK (kind IN ('hook', 'common')),
    active bigint NOT NULL,
    PRIMARY KEY (app, name)
);

CREATE TABLE hook_versions (
    app        text COLLATE "C" NOT NULL,
    name       text COLLATE "C" NOT NULL,
    version    bigint NOT NULL,
    source     text   NOT NULL,
    created_ms bigint NOT NULL,
    PRIMARY KEY (app, name, version),
    FOREIGN KEY (app, name) REFERENCES hooks (app, name)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'a hook version never changes'; END $$;

CREATE TRIGGER hook_versions_are_immutable BEFORE UPDATE ON hook_versions
FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE schedules (
    app        text COLLATE "C" NOT NULL REFERENCES apps (id),
    name       text COLLATE "C" NOT NULL,
    hook       text   NOT NULL,
    start_ms   bigint,
    every      text,
    cron       text,
    request    text,
    created_ms bigint NOT NULL,
    PRIMARY KEY (app, name)
);

CREATE TABLE documents (
    seq        bigint GENERATED ALWAYS AS IDENTITY,
    app        text COLLATE "C" NOT NULL REFERENCES apps (id),
    collection text COLLATE "C" NOT NULL,
    id         bytea NOT NULL,
    doc        text  NOT NULL,
    body       jsonb NOT NULL,
    PRIMARY KEY (app, collection, seq),
    UNIQUE (app, collection, id)
);

-- How large each collection is: most names of collections are those of one app.
CREATE STATISTICS documents_of_collections ON app, collection FROM documents;

-- Uncompressed: a document of 16 MB would take four seconds to be written otherwise.
ALTER TABLE documents ALTER doc SET STORAGE EXTERNAL, ALTER body SET STORAGE EXTERNAL;

-- `is_multi`: some document has not exactly one key.
CREATE TABLE indexes (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    app        text COLLATE "C" NOT NULL REFERENCES apps (id),
    collection text COLLATE "C" NOT NULL,
    path       text COLLATE "C" NOT NULL,
    is_multi   boolean NOT NULL DEFAULT false,
    UNIQUE (app, collection, path)
);

CREATE TABLE document_keys (
    app   text COLLATE "C" NOT NULL,
    index bigint NOT NULL,
    key   bytea  NOT NULL,
    seq   bigint NOT NULL,
    PRIMARY KEY (app, index, key, seq)
);

-- Not by app and index first: the planner would take it for a way to the keys as well.
CREATE INDEX document_keys_by_row ON document_keys (seq, index);

ALTER TABLE apps ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE hooks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE hook_versions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE schedules ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE documents ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE indexes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE document_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- Lists over all apps set `*`, which is no app's id; documents are never listed over all apps.
CREATE POLICY own_app ON apps USING (
    id = current_setting('lode.app', true) OR current_setting('lode.app', true) = '*');
CREATE POLICY own_app ON schedules USING (
    app = current_setting('lode.app', true) OR current_setting('lode.app', true) = '*');
CREATE POLICY own_app ON hooks USING (app = current_setting('lode.app', true));
CREATE POLICY own_app ON hook_versions USING (app = current_setting('lode.app', true));
CREATE POLICY own_app ON documents USING (app = current_setting('lode.app', true));
CREATE POLICY own_app ON indexes USING (app = current_setting('lode.app', true));
CREATE POLICY own_app ON document_keys USING (app = current_setting('lode.app', true))
