-- What is known of the statements of a revision outside a transaction: project $1, id $2, direction $3.
SELECT s.ordinal, s.state, s.hash, s.kind, s.command, s.object, s.detail, s.run,
       pg_catalog.to_char(s.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at
  FROM @schema@.step s
 WHERE s.project = $1 AND s.id = $2 AND s.direction = $3
 ORDER BY s.ordinal
