-- Checks of domains.
SELECT 'domain constraint' AS kind,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname) || '.'
         || pg_catalog.quote_ident(k.conname) AS identity,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname) AS parent,
       0 AS ord,
       pg_catalog.pg_get_constraintdef(k.oid) AS definition,
       CASE WHEN NOT k.convalidated THEN 'no' END AS validated,
       pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment
  FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_type t ON t.oid = k.contypid
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
 WHERE k.contypid <> 0 AND k.contype = 'c' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
   AND t.oid NOT IN (SELECT d.objid FROM pg_catalog.pg_depend d
                     WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
                       AND d.classid = 'pg_catalog.pg_type'::regclass)
 ORDER BY 3, 2
