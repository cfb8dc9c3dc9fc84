-- What a person asked of backfill $2 of project $1 while run $3 has it; no row: another run has it.
SELECT b.wanted
FROM :"schema".backfill b
WHERE b.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
  AND b.name OPERATOR(pg_catalog.=) $2::pg_catalog.text
  AND b.run OPERATOR(pg_catalog.=) $3::pg_catalog.uuid;
