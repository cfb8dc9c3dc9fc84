-- The fields of composite types.
SELECT t.oid, a.atttypid, a.atttypmod
  FROM pg_catalog.pg_type t
  JOIN pg_catalog.pg_class r ON r.oid = t.typrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE t.typtype = 'c' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND (r.relkind = 'c' OR EXISTS (SELECT FROM pg_catalog.pg_attribute u WHERE u.atttypid IN (t.oid, t.typarray)))
 ORDER BY t.oid, a.attnum
