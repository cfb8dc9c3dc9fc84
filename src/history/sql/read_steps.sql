-- The statements of a revision that were begun, in order.
SELECT s.ordinal, s.hash, s.kind, s.object, s.state, s.before, s.run,
       s.at::pg_catalog.text AS at
FROM :"schema".step s
WHERE s.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
  AND s.id OPERATOR(pg_catalog.=) $2::pg_catalog.text
  AND s.direction OPERATOR(pg_catalog.=) $3::pg_catalog.text
ORDER BY s.ordinal;
