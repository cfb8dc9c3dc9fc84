-- A row at fault of backfill $2 of project $1: key $4, SQLSTATE $5, message $6, in run $3.
INSERT INTO :"schema".backfill_error AS old (project, name, run, key, sqlstate, message)
VALUES ($1::pg_catalog.text, $2::pg_catalog.text, $3::pg_catalog.uuid, $4::pg_catalog.text[],
        $5::pg_catalog.text, $6::pg_catalog.text)
ON CONFLICT (project, name, key) DO UPDATE
SET run = excluded.run, sqlstate = excluded.sqlstate, message = excluded.message,
    attempts = old.attempts OPERATOR(pg_catalog.+) 1, accepted = false,
    at = pg_catalog.clock_timestamp();
