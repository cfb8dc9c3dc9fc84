-- The types that columns are made of, and what those are made of, down to the server's own.
WITH RECURSIVE used AS (
    SELECT s.oid
      FROM (SELECT a.atttypid AS oid
              FROM pg_catalog.pg_attribute a
              JOIN pg_catalog.pg_class r ON r.oid = a.attrelid
              JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
             WHERE r.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
               AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
            UNION
            SELECT t.oid
              FROM pg_catalog.pg_type t
              JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
             WHERE t.typtype = 'd' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema') s
    UNION
    SELECT x.oid
      FROM used u
      JOIN pg_catalog.pg_type t ON t.oid = u.oid
     CROSS JOIN LATERAL (
           SELECT t.typelem AS oid WHERE t.typelem <> 0 AND t.typlen = -1
           UNION ALL SELECT t.typbasetype WHERE t.typtype = 'd'
           UNION ALL SELECT g.rngsubtype FROM pg_catalog.pg_range g WHERE g.rngtypid = t.oid
           UNION ALL SELECT g.rngtypid FROM pg_catalog.pg_range g
                      WHERE t.typtype = 'm' AND pg_catalog.to_jsonb(g) ->> 'rngmultitypid' = t.oid::text
           UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a
                      WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) x)
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
       t.typelem <> 0 AND t.typlen = -1 AND t.typtype = 'b' AS is_array,
       n.nspname = 'pg_catalog' AS own,
       EXISTS (SELECT FROM pg_catalog.pg_depend d
                WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e') AS extension
  FROM used u
  JOIN pg_catalog.pg_type t ON t.oid = u.oid
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
 ORDER BY t.oid
