-- Backfill $2 of project $1 begins from the first row: title $3, file $4, text $5, hash $6, source $7, key $8,
-- requires $9, run $10. Errors of an earlier epoch go. One row: its id and epoch.
WITH gone AS (
    DELETE FROM :"schema".backfill_error e
    WHERE e.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
      AND e.name OPERATOR(pg_catalog.=) $2::pg_catalog.text
)
INSERT INTO :"schema".backfill AS old
    (project, name, epoch, title, file, text, hash, source, key, requires, state, pass, batches,
     rows_done, run, begun_event)
VALUES ($1::pg_catalog.text, $2::pg_catalog.text, 1, $3::pg_catalog.text, $4::pg_catalog.text,
        $5::pg_catalog.text, $6::pg_catalog.text, $7::pg_catalog.text, $8::pg_catalog.text[],
        $9::pg_catalog.text[], 'running', 1, 0, 0, $10::pg_catalog.uuid,
        COALESCE((SELECT pg_catalog.max(e.seq) FROM :"schema".event e), 0))
ON CONFLICT (project, name) DO UPDATE
SET epoch = old.epoch OPERATOR(pg_catalog.+) 1, title = excluded.title, file = excluded.file,
    text = excluded.text, hash = excluded.hash, source = excluded.source, key = excluded.key,
    requires = excluded.requires, state = excluded.state, wanted = '', pass = 1,
    checkpoint = NULL, batches = 0, rows_done = 0, rows_all = NULL, run = excluded.run,
    begun_event = excluded.begun_event, begun_at = pg_catalog.clock_timestamp(),
    changed_at = pg_catalog.clock_timestamp(), completed_at = NULL
RETURNING id, epoch;
