-- The open rows at fault of backfill $2 of project $1 may stay undone; said by $4, version $5, in run $3. Where nothing else
-- was left it is complete. One row: how many, and the state.
WITH e AS (
    UPDATE :"schema".backfill_error e
    SET accepted = true
    WHERE e.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
      AND e.name OPERATOR(pg_catalog.=) $2::pg_catalog.text AND NOT e.accepted
    RETURNING e.key
),
n AS (
    SELECT pg_catalog.count(*) AS n FROM e
),
b AS (
    UPDATE :"schema".backfill b
    SET state = CASE b.state WHEN 'errors' THEN 'complete' ELSE b.state END,
        completed_at = CASE b.state WHEN 'errors' THEN pg_catalog.clock_timestamp()
                                    ELSE b.completed_at END
    FROM n
    WHERE b.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
      AND b.name OPERATOR(pg_catalog.=) $2::pg_catalog.text
    RETURNING b.project, b.name, b.state, n.n
),
v AS (
    INSERT INTO :"schema".event
        (project, id, event, run, from_client, duration_us, tool_version, sqlstate, message)
    SELECT b.project, 'backfill:' OPERATOR(pg_catalog.||) b.name, 'accept', $3::pg_catalog.uuid,
           $4::pg_catalog.text, 0, $5::pg_catalog.text, '',
           pg_catalog.format('%s rows at fault may stay undone', b.n)
    FROM b WHERE b.n OPERATOR(pg_catalog.>) 0
)
SELECT b.n, b.state FROM b;
