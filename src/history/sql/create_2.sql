-- Version 2 of the history: backfills. From version 1; runs in one transaction, under the runner lock. Beside these
-- tables each backfill that was begun has one of its own, backfill_done_ID, made when it begins: the keys of the
-- source's rows that it answered for, an array per batch.
CREATE TABLE :"schema".backfill (
    project      pg_catalog.text NOT NULL,
    name         pg_catalog.text NOT NULL,
    id           pg_catalog.int8 NOT NULL GENERATED ALWAYS AS IDENTITY,
    epoch        pg_catalog.int4 NOT NULL,
    title        pg_catalog.text NOT NULL,
    file         pg_catalog.text NOT NULL,
    text         pg_catalog.text NOT NULL,
    hash         pg_catalog.text NOT NULL,
    source       pg_catalog.text NOT NULL,
    key          pg_catalog.text[] NOT NULL,
    requires     pg_catalog.text[] NOT NULL,
    state        pg_catalog.text NOT NULL
        CHECK (state IN ('running', 'stopped', 'failed', 'cancelled', 'errors', 'complete')),
    wanted       pg_catalog.text NOT NULL DEFAULT '' CHECK (wanted IN ('', 'pause', 'cancel')),
    pass         pg_catalog.int4 NOT NULL,
    checkpoint   pg_catalog.text[],
    batches      pg_catalog.int8 NOT NULL,
    rows_done    pg_catalog.int8 NOT NULL,
    rows_all     pg_catalog.int8,
    run          pg_catalog.uuid NOT NULL,
    begun_event  pg_catalog.int8 NOT NULL,
    begun_at     pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    changed_at   pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    completed_at pg_catalog.timestamptz,
    PRIMARY KEY (project, name)
);
COMMENT ON TABLE :"schema".backfill IS 'Where each backfill stands; its row commits with each batch.';
COMMENT ON COLUMN :"schema".backfill.project IS 'Name of the project.';
COMMENT ON COLUMN :"schema".backfill.name IS 'Name of the backfill: its file''s.';
COMMENT ON COLUMN :"schema".backfill.id IS 'Names its table of done keys.';
COMMENT ON COLUMN :"schema".backfill.epoch IS 'How often it was begun from the first row.';
COMMENT ON COLUMN :"schema".backfill.title IS 'First comment line of its file.';
COMMENT ON COLUMN :"schema".backfill.file IS 'The file, relative to the project.';
COMMENT ON COLUMN :"schema".backfill.text IS 'The file as it was when it was last run.';
COMMENT ON COLUMN :"schema".backfill.hash IS 'SHA-256 of source, key, filter and statement: if the file''s differs, it was edited.';
COMMENT ON COLUMN :"schema".backfill.source IS 'The table, qualified and quoted.';
COMMENT ON COLUMN :"schema".backfill.key IS 'Columns of the key, in the order of paging.';
COMMENT ON COLUMN :"schema".backfill.requires IS 'Revisions that it requires: when one is downgraded, it must begin anew.';
COMMENT ON COLUMN :"schema".backfill.state IS 'running may have ended without a word: then nobody holds its lock. errors: all was done but rows at fault.';
COMMENT ON COLUMN :"schema".backfill.wanted IS 'What a person asked of it: pause, cancel; empty: to go on.';
COMMENT ON COLUMN :"schema".backfill.pass IS '1: through the table by key; later ones: what was left or came meanwhile.';
COMMENT ON COLUMN :"schema".backfill.checkpoint IS 'Key up to which the first pass is done, as texts.';
COMMENT ON COLUMN :"schema".backfill.batches IS 'Transactions committed in this epoch; tells whether the last one was.';
COMMENT ON COLUMN :"schema".backfill.rows_done IS 'Rows answered for in this epoch, those at fault included.';
COMMENT ON COLUMN :"schema".backfill.rows_all IS 'Rows to be done when last counted; null: not known.';
COMMENT ON COLUMN :"schema".backfill.run IS 'The run that wrote last; only it may write.';
COMMENT ON COLUMN :"schema".backfill.begun_event IS 'The newest event when this epoch began.';
COMMENT ON COLUMN :"schema".backfill.begun_at IS 'When this epoch began.';
COMMENT ON COLUMN :"schema".backfill.changed_at IS 'When it last wrote.';
COMMENT ON COLUMN :"schema".backfill.completed_at IS 'When it was complete; null: it is not.';

CREATE TABLE :"schema".backfill_run (
    project      pg_catalog.text NOT NULL,
    name         pg_catalog.text NOT NULL,
    run          pg_catalog.uuid NOT NULL,
    epoch        pg_catalog.int4 NOT NULL,
    begun_at     pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    ended_at     pg_catalog.timestamptz,
    state        pg_catalog.text NOT NULL,
    rows         pg_catalog.int8 NOT NULL DEFAULT 0,
    errors       pg_catalog.int8 NOT NULL DEFAULT 0,
    batches      pg_catalog.int8 NOT NULL DEFAULT 0,
    duration_us  pg_catalog.int8 NOT NULL DEFAULT 0,
    by_user      pg_catalog.text NOT NULL DEFAULT SESSION_USER,
    from_client  pg_catalog.text NOT NULL,
    tool_version pg_catalog.text NOT NULL,
    message      pg_catalog.text NOT NULL DEFAULT '',
    PRIMARY KEY (project, name, run)
);
COMMENT ON TABLE :"schema".backfill_run IS 'Each run of a backfill and what it did.';
COMMENT ON COLUMN :"schema".backfill_run.project IS 'Name of the project.';
COMMENT ON COLUMN :"schema".backfill_run.name IS 'Name of the backfill.';
COMMENT ON COLUMN :"schema".backfill_run.run IS 'The run.';
COMMENT ON COLUMN :"schema".backfill_run.epoch IS 'Of the backfill.';
COMMENT ON COLUMN :"schema".backfill_run.begun_at IS 'When it began.';
COMMENT ON COLUMN :"schema".backfill_run.ended_at IS 'When it ended; null: it runs, or ended without a word.';
COMMENT ON COLUMN :"schema".backfill_run.state IS 'As it left the backfill.';
COMMENT ON COLUMN :"schema".backfill_run.rows IS 'Rows that it answered for, those at fault included.';
COMMENT ON COLUMN :"schema".backfill_run.errors IS 'Rows at fault among them.';
COMMENT ON COLUMN :"schema".backfill_run.batches IS 'Transactions that it committed.';
COMMENT ON COLUMN :"schema".backfill_run.duration_us IS 'How long it took, up to its last batch at least, in microseconds.';
COMMENT ON COLUMN :"schema".backfill_run.by_user IS 'Database user.';
COMMENT ON COLUMN :"schema".backfill_run.from_client IS 'Operating system user and host of the client.';
COMMENT ON COLUMN :"schema".backfill_run.tool_version IS 'The pgbraid that ran it.';
COMMENT ON COLUMN :"schema".backfill_run.message IS 'Why it failed; else empty.';

CREATE TABLE :"schema".backfill_outcome (
    project pg_catalog.text NOT NULL,
    name    pg_catalog.text NOT NULL,
    epoch   pg_catalog.int4 NOT NULL,
    run     pg_catalog.uuid NOT NULL,
    outcome pg_catalog.text NOT NULL CHECK (outcome OPERATOR(pg_catalog.<>) ''),
    count   pg_catalog.int8 NOT NULL,
    ordinal pg_catalog.int8 NOT NULL GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (project, name, epoch, run, outcome)
);
COMMENT ON TABLE :"schema".backfill_outcome IS 'What the runs counted, by the names that the backfills'' authors gave.';
COMMENT ON COLUMN :"schema".backfill_outcome.project IS 'Name of the project.';
COMMENT ON COLUMN :"schema".backfill_outcome.name IS 'Name of the backfill.';
COMMENT ON COLUMN :"schema".backfill_outcome.epoch IS 'Of the backfill.';
COMMENT ON COLUMN :"schema".backfill_outcome.run IS 'The run.';
COMMENT ON COLUMN :"schema".backfill_outcome.outcome IS 'As the statement returned it.';
COMMENT ON COLUMN :"schema".backfill_outcome.count IS 'Their sum.';
COMMENT ON COLUMN :"schema".backfill_outcome.ordinal IS 'The order in which they came first.';

CREATE TABLE :"schema".backfill_error (
    project  pg_catalog.text NOT NULL,
    name     pg_catalog.text NOT NULL,
    key      pg_catalog.text[] NOT NULL,
    sqlstate pg_catalog.text NOT NULL,
    message  pg_catalog.text NOT NULL,
    attempts pg_catalog.int4 NOT NULL DEFAULT 1,
    accepted pg_catalog.bool NOT NULL DEFAULT false,
    run      pg_catalog.uuid NOT NULL,
    at       pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    PRIMARY KEY (project, name, key)
);
COMMENT ON TABLE :"schema".backfill_error IS 'Rows at fault: rolled back alone, the rest of their batch was done.';
COMMENT ON COLUMN :"schema".backfill_error.project IS 'Name of the project.';
COMMENT ON COLUMN :"schema".backfill_error.name IS 'Name of the backfill.';
COMMENT ON COLUMN :"schema".backfill_error.key IS 'The row''s key, as texts.';
COMMENT ON COLUMN :"schema".backfill_error.sqlstate IS 'What the server said.';
COMMENT ON COLUMN :"schema".backfill_error.message IS 'The same in words, with its detail.';
COMMENT ON COLUMN :"schema".backfill_error.attempts IS 'How often it was tried.';
COMMENT ON COLUMN :"schema".backfill_error.accepted IS 'A person said that it may stay undone.';
COMMENT ON COLUMN :"schema".backfill_error.run IS 'The run that tried it last.';
COMMENT ON COLUMN :"schema".backfill_error.at IS 'When that was.';
