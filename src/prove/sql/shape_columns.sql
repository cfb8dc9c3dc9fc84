-- Columns of tables; $1: of those only, null: of all. next: an expression that gives the next number of the column's own sequence.
SELECT a.attrelid,
       a.attnum,
       a.attname AS name,
       pg_catalog.quote_ident(a.attname) AS quoted,
       a.atttypid,
       a.atttypmod,
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
       a.attnotnull,
       CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(e.adbin, 0) END AS "default",
       a.attgenerated <> '' AS generated,
       a.attidentity,
       CASE WHEN a.attidentity <> '' THEN
            (SELECT 'pg_catalog.nextval(''' || d.objid || '''::regclass)'
               FROM pg_catalog.pg_depend d
              WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
                AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum AND d.deptype = 'i'
              LIMIT 1)
            WHEN a.attgenerated = '' AND pg_catalog.pg_get_expr(e.adbin, 0) ~ 'nextval\(' THEN
            pg_catalog.pg_get_expr(e.adbin, 0) END AS next,
       CASE WHEN a.attgenerated <> '' THEN pg_catalog.pg_get_expr(e.adbin, e.adrelid) END AS expression
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class r ON r.oid = a.attrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
  LEFT JOIN pg_catalog.pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
 WHERE r.relkind IN ('r', 'p') AND r.relpersistence <> 't' AND a.attnum > 0 AND NOT a.attisdropped
   AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND ($1::pg_catalog.oid[] IS NULL OR a.attrelid = ANY ($1::pg_catalog.oid[]))
 ORDER BY a.attrelid, a.attnum
