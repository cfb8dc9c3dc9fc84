-- Asks backfill $2 of project $1 to $3 (pause, cancel; empty: go on); the event says who ($4 event, $5 run, $6 from,
-- $7 version). Cancelled at once where nothing runs ($8). The tag is INSERT 0 0 when it was never begun, or is done.
WITH b AS (
    UPDATE :"schema".backfill b
    SET wanted = $3::pg_catalog.text,
        state = CASE WHEN $8::pg_catalog.bool AND $3::pg_catalog.text OPERATOR(pg_catalog.=) 'cancel'
                     THEN 'cancelled' ELSE b.state END
    WHERE b.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
      AND b.name OPERATOR(pg_catalog.=) $2::pg_catalog.text
      AND b.state NOT IN ('complete', 'errors')
    RETURNING b.project, b.name
)
INSERT INTO :"schema".event
    (project, id, event, run, from_client, duration_us, tool_version, sqlstate, message)
SELECT b.project, 'backfill:' OPERATOR(pg_catalog.||) b.name, $4::pg_catalog.text,
       $5::pg_catalog.uuid, $6::pg_catalog.text, 0, $7::pg_catalog.text, '', ''
FROM b;
