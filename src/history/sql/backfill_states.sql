-- The backfills of project $1 that were ever begun. `void`: a revision that it requires was downgraded since.
SELECT b.name, b.id, b.epoch, b.title, b.file, b.hash, b.source,
       pg_catalog.array_to_string(b.key, E'\x1f') AS key,
       b.state, b.wanted, b.pass, b.checkpoint, b.batches, b.rows_done, b.rows_all, b.run,
       pg_catalog.to_char(pg_catalog.timezone('UTC', b.begun_at),
                          'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') AS begun_at,
       pg_catalog.to_char(pg_catalog.timezone('UTC', b.changed_at),
                          'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') AS changed_at,
       pg_catalog.to_char(pg_catalog.timezone('UTC', b.completed_at),
                          'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') AS completed_at,
       EXISTS (SELECT FROM :"schema".event e
               WHERE e.project OPERATOR(pg_catalog.=) b.project
                 AND e.id OPERATOR(pg_catalog.=) ANY (b.requires)
                 AND e.event OPERATOR(pg_catalog.=) 'downgrade'
                 AND e.seq OPERATOR(pg_catalog.>) b.begun_event) AS void,
       (SELECT pg_catalog.count(*) FROM :"schema".backfill_error x
        WHERE x.project OPERATOR(pg_catalog.=) b.project
          AND x.name OPERATOR(pg_catalog.=) b.name AND NOT x.accepted) AS errors,
       (SELECT pg_catalog.count(*) FROM :"schema".backfill_error x
        WHERE x.project OPERATOR(pg_catalog.=) b.project
          AND x.name OPERATOR(pg_catalog.=) b.name AND x.accepted) AS accepted,
       (SELECT COALESCE(pg_catalog.sum(r.duration_us), 0)::pg_catalog.int8
        FROM :"schema".backfill_run r
        WHERE r.project OPERATOR(pg_catalog.=) b.project
          AND r.name OPERATOR(pg_catalog.=) b.name
          AND r.epoch OPERATOR(pg_catalog.=) b.epoch) AS duration_us
FROM :"schema".backfill b
WHERE b.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
ORDER BY b.name COLLATE "C";
