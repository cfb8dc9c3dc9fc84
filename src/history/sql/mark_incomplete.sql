-- A downgrade outside a transaction begins.
UPDATE :"schema".revision AS r
SET state = 'incomplete'
WHERE r.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
  AND r.id OPERATOR(pg_catalog.=) $2::pg_catalog.text;
