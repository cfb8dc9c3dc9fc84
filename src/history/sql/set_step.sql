-- A statement's intent, or that it is done.
INSERT INTO :"schema".step AS s
    (project, id, direction, ordinal, hash, kind, object, state, before, run)
VALUES ($1::pg_catalog.text, $2::pg_catalog.text, $3::pg_catalog.text, $4::pg_catalog.int4,
        $5::pg_catalog.text, $6::pg_catalog.text, $7::pg_catalog.text, $8::pg_catalog.text,
        $9::pg_catalog.text, $10::pg_catalog.uuid)
ON CONFLICT (project, id, direction, ordinal) DO UPDATE
SET hash = excluded.hash, kind = excluded.kind, object = excluded.object, state = excluded.state,
    before = excluded.before, run = excluded.run, at = pg_catalog.clock_timestamp();
