-- Version 1 of the history, in a schema that is there. Runs in one transaction, under the runner lock.
REVOKE ALL ON SCHEMA :"schema" FROM PUBLIC;
COMMENT ON SCHEMA :"schema" IS 'History of pgbraid: which revisions this database has. Written by pgbraid only.';

CREATE TABLE :"schema".meta (
    one          pg_catalog.bool PRIMARY KEY DEFAULT true CHECK (one),
    version      pg_catalog.int4 NOT NULL,
    tool_version pg_catalog.text NOT NULL,
    changed_at   pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
COMMENT ON TABLE :"schema".meta IS 'One row: the version of this schema.';
COMMENT ON COLUMN :"schema".meta.one IS 'Keeps it at one row.';
COMMENT ON COLUMN :"schema".meta.version IS 'Of these tables; a newer program upgrades them, an older one only reads.';
COMMENT ON COLUMN :"schema".meta.tool_version IS 'The pgbraid that made or upgraded them.';
COMMENT ON COLUMN :"schema".meta.changed_at IS 'When that was.';

CREATE TABLE :"schema".revision (
    project        pg_catalog.text NOT NULL,
    id             pg_catalog.text NOT NULL,
    seq            pg_catalog.int8 NOT NULL GENERATED ALWAYS AS IDENTITY,
    parents        pg_catalog.text[] NOT NULL,
    depends        pg_catalog.text[] NOT NULL,
    labels         pg_catalog.text[] NOT NULL,
    title          pg_catalog.text NOT NULL,
    file           pg_catalog.text NOT NULL,
    header         pg_catalog.text,
    up             pg_catalog.text,
    down           pg_catalog.text,
    header_raw     pg_catalog.text NOT NULL,
    header_norm    pg_catalog.text NOT NULL,
    up_raw         pg_catalog.text NOT NULL,
    up_norm        pg_catalog.text NOT NULL,
    down_raw       pg_catalog.text NOT NULL,
    down_norm      pg_catalog.text NOT NULL,
    hash_algorithm pg_catalog.int4 NOT NULL,
    state          pg_catalog.text NOT NULL CHECK (state IN ('applied', 'incomplete')),
    has_down       pg_catalog.bool NOT NULL,
    irreversible   pg_catalog.text,
    transaction_none pg_catalog.bool NOT NULL,
    stamped        pg_catalog.bool NOT NULL,
    run            pg_catalog.uuid NOT NULL,
    applied_at     pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    applied_by     pg_catalog.text NOT NULL DEFAULT SESSION_USER,
    applied_from   pg_catalog.text NOT NULL,
    duration_us    pg_catalog.int8 NOT NULL,
    tool_version   pg_catalog.text NOT NULL,
    PRIMARY KEY (project, id)
);
COMMENT ON TABLE :"schema".revision IS 'The applied set: one row per applied revision, written in the transaction of its work.';
COMMENT ON COLUMN :"schema".revision.project IS 'Name of the project; several may share a database.';
COMMENT ON COLUMN :"schema".revision.id IS 'Identifier of the revision.';
COMMENT ON COLUMN :"schema".revision.seq IS 'Order of application.';
COMMENT ON COLUMN :"schema".revision.parents IS 'Parents when it was applied, or as accepted by repair.';
COMMENT ON COLUMN :"schema".revision.depends IS 'What it depended on, backfills as backfill:NAME.';
COMMENT ON COLUMN :"schema".revision.labels IS 'Names of branches that it carries.';
COMMENT ON COLUMN :"schema".revision.title IS 'First comment line of its file.';
COMMENT ON COLUMN :"schema".revision.file IS 'The file, relative to the project.';
COMMENT ON COLUMN :"schema".revision.header IS 'Text before the up section; null: over 1 MiB.';
COMMENT ON COLUMN :"schema".revision.up IS 'The SQL that was run; null: over 1 MiB, or not known.';
COMMENT ON COLUMN :"schema".revision.down IS 'The way back, used when the file is gone; null: none, over 1 MiB, or not known.';
COMMENT ON COLUMN :"schema".revision.header_raw IS 'SHA-256 of the header''s bytes; empty: not known.';
COMMENT ON COLUMN :"schema".revision.header_norm IS 'The same with line ends and trailing blanks normalised.';
COMMENT ON COLUMN :"schema".revision.up_raw IS 'SHA-256 of the up section''s bytes; empty: not known.';
COMMENT ON COLUMN :"schema".revision.up_norm IS 'The same, normalised: if the file''s differs, it was edited.';
COMMENT ON COLUMN :"schema".revision.down_raw IS 'SHA-256 of the down section''s bytes; empty: none.';
COMMENT ON COLUMN :"schema".revision.down_norm IS 'The same, normalised.';
COMMENT ON COLUMN :"schema".revision.hash_algorithm IS 'How the hashes were made: 1 is SHA-256 as said here.';
COMMENT ON COLUMN :"schema".revision.state IS 'incomplete: a transaction-none revision that is under way or stopped; table step says where.';
COMMENT ON COLUMN :"schema".revision.has_down IS 'It had a way back when it was applied.';
COMMENT ON COLUMN :"schema".revision.irreversible IS 'Why it has none, as its file says.';
COMMENT ON COLUMN :"schema".revision.transaction_none IS 'It runs statement by statement, outside a transaction.';
COMMENT ON COLUMN :"schema".revision.stamped IS 'Recorded without being run.';
COMMENT ON COLUMN :"schema".revision.run IS 'The run that applied it.';
COMMENT ON COLUMN :"schema".revision.applied_at IS 'When, by the server''s clock.';
COMMENT ON COLUMN :"schema".revision.applied_by IS 'Database user.';
COMMENT ON COLUMN :"schema".revision.applied_from IS 'Operating system user and host of the client.';
COMMENT ON COLUMN :"schema".revision.duration_us IS 'How long it took on the server, in microseconds.';
COMMENT ON COLUMN :"schema".revision.tool_version IS 'The pgbraid that applied it.';

CREATE TABLE :"schema".event (
    seq          pg_catalog.int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    project      pg_catalog.text NOT NULL,
    id           pg_catalog.text NOT NULL,
    event        pg_catalog.text NOT NULL,
    run          pg_catalog.uuid NOT NULL,
    by_user      pg_catalog.text NOT NULL DEFAULT SESSION_USER,
    from_client  pg_catalog.text NOT NULL,
    duration_us  pg_catalog.int8 NOT NULL,
    tool_version pg_catalog.text NOT NULL,
    sqlstate     pg_catalog.text NOT NULL,
    message      pg_catalog.text NOT NULL
);
CREATE INDEX event_id ON :"schema".event (project, id, seq);
COMMENT ON TABLE :"schema".event IS 'All that was done, failures included; rows are only added.';
COMMENT ON COLUMN :"schema".event.seq IS 'Order.';
COMMENT ON COLUMN :"schema".event.at IS 'When, by the server''s clock.';
COMMENT ON COLUMN :"schema".event.project IS 'Name of the project.';
COMMENT ON COLUMN :"schema".event.id IS 'The revision.';
COMMENT ON COLUMN :"schema".event.event IS 'upgrade, downgrade, stamp, unstamp, begin, fail, blocked, mend, repair.';
COMMENT ON COLUMN :"schema".event.run IS 'The run; the rows of one command have the same.';
COMMENT ON COLUMN :"schema".event.by_user IS 'Database user.';
COMMENT ON COLUMN :"schema".event.from_client IS 'Operating system user and host of the client.';
COMMENT ON COLUMN :"schema".event.duration_us IS 'How long it took, in microseconds.';
COMMENT ON COLUMN :"schema".event.tool_version IS 'The pgbraid that did it.';
COMMENT ON COLUMN :"schema".event.sqlstate IS 'Of a failure; else empty.';
COMMENT ON COLUMN :"schema".event.message IS 'What went wrong, or what was done; may be empty.';

CREATE TABLE :"schema".step (
    project   pg_catalog.text NOT NULL,
    id        pg_catalog.text NOT NULL,
    direction pg_catalog.text NOT NULL CHECK (direction IN ('up', 'down')),
    ordinal   pg_catalog.int4 NOT NULL,
    hash      pg_catalog.text NOT NULL,
    kind      pg_catalog.text NOT NULL,
    object    pg_catalog.text NOT NULL,
    state     pg_catalog.text NOT NULL CHECK (state IN ('intent', 'done')),
    before    pg_catalog.text NOT NULL,
    run       pg_catalog.uuid NOT NULL,
    at        pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    PRIMARY KEY (project, id, direction, ordinal)
);
COMMENT ON TABLE :"schema".step IS 'Revisions that run outside a transaction and are under way: one row per statement begun. Empty otherwise.';
COMMENT ON COLUMN :"schema".step.project IS 'Name of the project.';
COMMENT ON COLUMN :"schema".step.id IS 'The revision.';
COMMENT ON COLUMN :"schema".step.direction IS 'up or down.';
COMMENT ON COLUMN :"schema".step.ordinal IS 'Which statement of the section, from 1.';
COMMENT ON COLUMN :"schema".step.hash IS 'SHA-256 of the statement''s text.';
COMMENT ON COLUMN :"schema".step.kind IS 'What kind of statement it is.';
COMMENT ON COLUMN :"schema".step.object IS 'What it makes, changes or drops, with its schema; empty: not known.';
COMMENT ON COLUMN :"schema".step.state IS 'intent: begun, its outcome not recorded; done.';
COMMENT ON COLUMN :"schema".step.before IS 'What was there before it: an oid, or another mark that tells before from after.';
COMMENT ON COLUMN :"schema".step.run IS 'The run.';
COMMENT ON COLUMN :"schema".step.at IS 'When this state was recorded.';
