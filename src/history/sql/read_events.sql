-- The newest $2 events of project $1 ($2 null: all), oldest first.
SELECT e.seq,
       pg_catalog.to_char(pg_catalog.timezone('UTC', e.at),
                          'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') AS at,
       e.id, e.event, e.run, e.by_user, e.from_client, e.sqlstate, e.message, e.duration_us
FROM (SELECT *
      FROM :"schema".event newest
      WHERE newest.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
      ORDER BY newest.seq DESC
      LIMIT $2::pg_catalog.int8) e
ORDER BY e.seq;
