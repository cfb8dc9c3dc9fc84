-- Rows at fault of backfill $2 of project $1, by key, the first $3 (null: all).
SELECT pg_catalog.array_to_string(e.key, E'\x1f') AS key, e.sqlstate, e.message, e.attempts,
       e.accepted, e.run,
       pg_catalog.to_char(pg_catalog.timezone('UTC', e.at),
                          'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') AS at
FROM :"schema".backfill_error e
WHERE e.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
  AND e.name OPERATOR(pg_catalog.=) $2::pg_catalog.text
ORDER BY e.key COLLATE "C"
LIMIT $3::pg_catalog.int8;
