-- The fields of composite types, and of tables whose rows are the type of a column.
SELECT t.oid, a.atttypid, a.atttypmod
  FROM pg_catalog.pg_type t
  JOIN pg_catalog.pg_class r ON r.oid = t.typrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE t.typtype = 'c' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND (r.relkind = 'c' OR t.oid IN (SELECT u.atttypid FROM pg_catalog.pg_attribute u WHERE u.attnum > 0)
                        OR t.typarray IN (SELECT u.atttypid FROM pg_catalog.pg_attribute u WHERE u.attnum > 0))
 ORDER BY t.oid, a.attnum
