-- A statement turned out not to have begun: its intent goes.
DELETE FROM :"schema".step s
WHERE s.project OPERATOR(pg_catalog.=) $1::pg_catalog.text
  AND s.id OPERATOR(pg_catalog.=) $2::pg_catalog.text
  AND s.direction OPERATOR(pg_catalog.=) $3::pg_catalog.text
  AND s.ordinal OPERATOR(pg_catalog.=) $4::pg_catalog.int4;
