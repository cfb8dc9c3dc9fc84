-- The revision is complete: its statements' rows go, in the transaction that records it.
DELETE FROM :"schema".step s
WHERE s.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
  AND s.id OPERATOR(pg_catalog.=) $2::pg_catalog.text
  AND s.direction OPERATOR(pg_catalog.=) $3::pg_catalog.text;
