-- Backfill $2 of project $1 goes on as run $3, with title $4, file $5, text $6, hash $7 and requires $8 as they
-- are now, unless somebody wants it to pause. One row: its id and epoch; none: it is to pause.
UPDATE :"schema".backfill b
SET run = $3::pg_catalog.uuid, title = $4::pg_catalog.text, file = $5::pg_catalog.text,
    text = $6::pg_catalog.text, hash = $7::pg_catalog.text, requires = $8::pg_catalog.text[],
    state = 'running', wanted = '', changed_at = pg_catalog.clock_timestamp(),
    completed_at = NULL
WHERE b.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
  AND b.name OPERATOR(pg_catalog.=) $2::pg_catalog.text
  AND b.wanted OPERATOR(pg_catalog.<>) 'pause'
RETURNING b.id, b.epoch;
