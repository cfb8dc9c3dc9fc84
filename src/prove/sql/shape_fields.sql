-- The fields of composite types, and of tables whose rows are the type of a column. $1: of the tables only those, which may
-- be such; null: all.
SELECT t.oid, a.atttypid, a.atttypmod
  FROM pg_catalog.pg_type t
  JOIN pg_catalog.pg_class r ON r.oid = t.typrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE t.typtype = 'c' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND ($1::pg_catalog.oid[] IS NULL OR r.relkind = 'c' OR r.oid = ANY ($1::pg_catalog.oid[]))
   AND (r.relkind = 'c' OR $1::pg_catalog.oid[] IS NOT NULL
        OR t.oid IN (SELECT u.atttypid FROM pg_catalog.pg_attribute u WHERE u.attnum > 0)
        OR t.typarray IN (SELECT u.atttypid FROM pg_catalog.pg_attribute u WHERE u.attnum > 0))
 ORDER BY t.oid, a.attnum
