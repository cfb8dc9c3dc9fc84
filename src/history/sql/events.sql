-- The newest $2 events of a project ($1), oldest first; $2 = 0: all.
SELECT e.seq, pg_catalog.to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, e.id, e.event, e.run,
       e.done_by, e.done_from, e.sqlstate, e.message, e.duration_us
  FROM (SELECT v.* FROM @schema@.event v WHERE v.project = $1 ORDER BY v.seq DESC
         LIMIT nullif($2::bigint, 0)) e
 ORDER BY e.seq
