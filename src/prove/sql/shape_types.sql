-- The types that columns may be made of: all but the row types of tables that no column has, and arrays that no column is
-- made of. $1: only what columns of those tables are made of, and of composite types; null: of all.
WITH used AS MATERIALIZED (
    SELECT DISTINCT a.atttypid FROM pg_catalog.pg_attribute a
     WHERE a.attnum > 0
       AND ($1::pg_catalog.oid[] IS NULL
            OR a.attrelid = ANY ($1::pg_catalog.oid[] || ARRAY(SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relkind = 'c'))))
SELECT t.oid,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname) AS text,
       t.typname AS name,
       t.typtype AS kind,
       t.typcategory AS category,
       t.typnotnull AS not_null,
       t.typtypmod AS typmod,
       CASE WHEN t.typtype = 'd' THEN t.typbasetype
            WHEN t.typtype = 'r' THEN (SELECT g.rngsubtype FROM pg_catalog.pg_range g WHERE g.rngtypid = t.oid)
            WHEN t.typtype = 'm' THEN (SELECT g.rngtypid FROM pg_catalog.pg_range g
                                        WHERE pg_catalog.to_jsonb(g) ->> 'rngmultitypid' = t.oid::text)
            WHEN t.typelem <> 0 AND t.typlen = -1 THEN t.typelem ELSE 0 END AS of,
       -- int2vector and oidvector have elements, too, but are written without braces
       EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = t.oid) AS is_array,
       n.nspname = 'pg_catalog' AS own,
       EXISTS (SELECT FROM pg_catalog.pg_depend d
                WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e') AS extension
  FROM pg_catalog.pg_type t
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_class r ON r.oid = t.typrelid
 WHERE t.typtype IN ('d', 'e', 'r', 'm') OR (t.typtype = 'b' AND (t.typelem = 0 OR n.nspname = 'pg_catalog') AND t.typelem NOT IN (
           SELECT s.reltype FROM pg_catalog.pg_class s))
    OR (t.typtype = 'c' AND r.relkind = 'c')
    OR t.oid IN (SELECT u.atttypid FROM used u) OR t.typarray IN (SELECT u.atttypid FROM used u)
    OR t.oid IN (SELECT d.typbasetype FROM pg_catalog.pg_type d WHERE d.typtype = 'd')
 ORDER BY t.oid
