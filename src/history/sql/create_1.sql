-- The history, version 1. @schema@ stands for the quoted name of its schema. Run under the runner lock, in one
-- transaction.
CREATE SCHEMA @schema@;
REVOKE ALL ON SCHEMA @schema@ FROM PUBLIC;
COMMENT ON SCHEMA @schema@ IS 'History of pgbraid: which revisions this database has, and what was done';

CREATE TABLE @schema@.meta (
    only_row boolean PRIMARY KEY DEFAULT true CONSTRAINT meta_only_row CHECK (only_row),
    version integer NOT NULL,
    tool_version text NOT NULL,
    made_at timestamp with time zone NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
COMMENT ON TABLE @schema@.meta IS 'Version of these tables; an older program only reads newer ones';

CREATE TABLE @schema@.revision (
    project text NOT NULL,
    id text NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    state text NOT NULL DEFAULT 'applied' CONSTRAINT revision_state CHECK (state IN ('applied', 'incomplete')),
    parents text[] NOT NULL,
    depends text[] NOT NULL,
    labels text[] NOT NULL,
    title text NOT NULL,
    file text NOT NULL,
    header_text text,
    up_text text,
    down_text text,
    header_norm text,
    up_raw text,
    up_norm text,
    down_raw text,
    down_norm text,
    hash_version integer NOT NULL,
    has_down boolean NOT NULL,
    irreversible text,
    transaction_none boolean NOT NULL,
    stamped boolean NOT NULL,
    run uuid NOT NULL,
    applied_at timestamp with time zone NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    applied_by text NOT NULL DEFAULT CURRENT_USER,
    applied_from text NOT NULL,
    duration_us bigint NOT NULL,
    tool_version text NOT NULL,
    CONSTRAINT revision_pkey PRIMARY KEY (project, id)
);
COMMENT ON TABLE @schema@.revision IS 'The applied set: one row a revision that this database has';
COMMENT ON COLUMN @schema@.revision.seq IS 'Order of application';
COMMENT ON COLUMN @schema@.revision.state IS 'incomplete: a revision outside a transaction that is under way or stopped; see step';
COMMENT ON COLUMN @schema@.revision.up_text IS 'What was run, up to 1 MiB; above that only its hashes';
COMMENT ON COLUMN @schema@.revision.down_text IS 'The way back; serves when the file is gone';
COMMENT ON COLUMN @schema@.revision.up_raw IS 'SHA-256 of the bytes; _norm: with line ends and trailing blanks made equal';
COMMENT ON COLUMN @schema@.revision.stamped IS 'Recorded without being run';
COMMENT ON COLUMN @schema@.revision.applied_from IS 'Operating system user and host';
COMMENT ON COLUMN @schema@.revision.duration_us IS 'Microseconds';

CREATE TABLE @schema@.event (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamp with time zone NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    project text NOT NULL,
    id text NOT NULL,
    event text NOT NULL,
    run uuid NOT NULL,
    done_by text NOT NULL DEFAULT CURRENT_USER,
    done_from text NOT NULL,
    tool_version text NOT NULL,
    duration_us bigint,
    sqlstate text,
    message text
);
COMMENT ON TABLE @schema@.event IS 'What was done and what failed, in order; rows are only added';

CREATE TABLE @schema@.step (
    project text NOT NULL,
    id text NOT NULL,
    direction text NOT NULL CONSTRAINT step_direction CHECK (direction IN ('up', 'down')),
    ordinal integer NOT NULL,
    state text NOT NULL CONSTRAINT step_state CHECK (state IN ('intent', 'done')),
    hash text NOT NULL,
    kind text NOT NULL,
    command text NOT NULL,
    object text,
    detail text,
    run uuid NOT NULL,
    at timestamp with time zone NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT step_pkey PRIMARY KEY (project, id, direction, ordinal)
);
COMMENT ON TABLE @schema@.step IS 'Statements of a revision outside a transaction: begun (intent) and finished (done)';
COMMENT ON COLUMN @schema@.step.hash IS 'SHA-256 of the statement, to refuse a resumption over an edited one';
COMMENT ON COLUMN @schema@.step.object IS 'What the statement makes or drops, quoted and qualified, to look whether it is there';

INSERT INTO @schema@.meta (version, tool_version) VALUES (1, @tool_version@);
