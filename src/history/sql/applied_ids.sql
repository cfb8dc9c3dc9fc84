-- What project $1 has, by id alone.
SELECT r.id, r.state OPERATOR(pg_catalog.=) 'applied' AS applied
FROM :"schema".revision r
WHERE r.project OPERATOR(pg_catalog.=) $1::pg_catalog.text;
