-- What NOT NULL says beyond yes or no, where it is a constraint of its own (PostgreSQL 18 and later), joined to the
-- columns by identity. Its name is not compared: the older servers have none.
SELECT 'column' AS kind,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) || '.'
         || pg_catalog.quote_ident(a.attname) AS identity,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS parent,
       0 AS ord,
       CASE WHEN NOT k.convalidated THEN 'no' END AS not_null_validated,
       CASE WHEN k.connoinherit THEN 'yes' END AS not_null_no_inherit
  FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
 WHERE k.contype = 'n' AND (k.connoinherit OR NOT k.convalidated)
   AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
   AND c.oid NOT IN (SELECT d.objid FROM pg_catalog.pg_depend d
                     WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
                       AND d.classid = 'pg_catalog.pg_class'::regclass)
 ORDER BY 3, 2
