-- Run $3 of backfill $2 of project $1 ends and leaves it as $4 (complete becomes errors where rows at fault are
-- open), with message $5 and SQLSTATE $6, duration $7, from $8, version $9. One row: the state that it has now; none: another run has it.
WITH open AS (
    SELECT EXISTS (SELECT FROM :"schema".backfill_error e
                   WHERE e.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
                     AND e.name OPERATOR(pg_catalog.=) $2::pg_catalog.text
                     AND NOT e.accepted) AS any
),
b AS (
    UPDATE :"schema".backfill b
    SET state = CASE WHEN $4::pg_catalog.text OPERATOR(pg_catalog.=) 'complete' AND open.any
                     THEN 'errors' ELSE $4::pg_catalog.text END,
        wanted = CASE WHEN b.wanted OPERATOR(pg_catalog.=) 'pause'
                       AND $4::pg_catalog.text OPERATOR(pg_catalog.<>) 'complete'
                      THEN b.wanted ELSE '' END,
        completed_at = CASE WHEN $4::pg_catalog.text OPERATOR(pg_catalog.=) 'complete'
                             AND NOT open.any THEN pg_catalog.clock_timestamp() END,
        changed_at = pg_catalog.clock_timestamp()
    FROM open
    WHERE b.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
      AND b.name OPERATOR(pg_catalog.=) $2::pg_catalog.text
      AND b.run OPERATOR(pg_catalog.=) $3::pg_catalog.uuid
    RETURNING b.project, b.name, b.run, b.state
),
r AS (
    UPDATE :"schema".backfill_run r
    SET state = b.state, ended_at = pg_catalog.clock_timestamp(),
        duration_us = $7::pg_catalog.int8, message = $5::pg_catalog.text
    FROM b
    WHERE r.project OPERATOR(pg_catalog.=) b.project AND r.name OPERATOR(pg_catalog.=) b.name
      AND r.run OPERATOR(pg_catalog.=) b.run
    RETURNING r.project, r.name, r.run, r.state, r.rows, r.errors
),
e AS (
    INSERT INTO :"schema".event
        (project, id, event, run, from_client, duration_us, tool_version, sqlstate, message)
    SELECT r.project, 'backfill:' OPERATOR(pg_catalog.||) r.name, 'backfill', r.run,
           $8::pg_catalog.text, $7::pg_catalog.int8, $9::pg_catalog.text, $6::pg_catalog.text,
           pg_catalog.format('%s: %s rows, %s at fault%s', r.state, r.rows, r.errors,
                             CASE WHEN $5::pg_catalog.text OPERATOR(pg_catalog.=) '' THEN ''
                                  ELSE ': ' OPERATOR(pg_catalog.||) $5::pg_catalog.text END)
    FROM r
)
SELECT b.state FROM b;
