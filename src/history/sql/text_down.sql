-- The stored down text of a revision.
SELECT r.down
FROM :"schema".revision r
WHERE r.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
  AND r.id OPERATOR(pg_catalog.=) $2::pg_catalog.text;
