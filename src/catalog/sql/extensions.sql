-- Extensions; what belongs to one is not listed again. plpgsql is there from the start everywhere. $1 is not
-- used but keeps the queries alike.
SELECT 'extension' AS kind,
       pg_catalog.quote_ident(x.extname) AS identity,
       NULL::text AS parent,
       0 AS ord,
       x.extversion AS version,
       pg_catalog.quote_ident(n.nspname) AS schema,
       pg_catalog.obj_description(x.oid, 'pg_extension') AS comment
  FROM pg_catalog.pg_extension x
  JOIN pg_catalog.pg_namespace n ON n.oid = x.extnamespace
 WHERE $1::text IS NOT NULL
 ORDER BY 2
