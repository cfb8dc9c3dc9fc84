-- One revision is reverted ($3 downgrade) or no longer recorded ($3 unstamp): its row goes, its
-- event stays. One event row is the sign that there was a row.
WITH r AS (
    DELETE FROM :"schema".revision r
    WHERE r.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
      AND r.id OPERATOR(pg_catalog.=) $2::pg_catalog.text
    RETURNING r.project, r.id
)
INSERT INTO :"schema".event
    (project, id, event, run, from_client, duration_us, tool_version, sqlstate, message)
SELECT r.project, r.id, $3::pg_catalog.text, $4::pg_catalog.uuid, $5::pg_catalog.text,
       (EXTRACT(epoch FROM pg_catalog.clock_timestamp()
                OPERATOR(pg_catalog.-) COALESCE($7::pg_catalog.timestamptz,
                                       pg_catalog.transaction_timestamp()))
        OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8,
       $6::pg_catalog.text, '', ''
FROM r;
