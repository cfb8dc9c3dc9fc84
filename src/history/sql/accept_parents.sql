-- repair: the parents, dependencies and labels that the file has now become what is recorded.
UPDATE :"schema".revision AS r
SET parents = $3::pg_catalog.text[], depends = $4::pg_catalog.text[], labels = $5::pg_catalog.text[]
WHERE r.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
  AND r.id OPERATOR(pg_catalog.=) $2::pg_catalog.text;
