-- Names of what is new: ordinary and partitioned tables among the relations $1, and the columns $3 of the tables $2. $4: the
-- history's schema, which is left out, and so are extensions' tables.
SELECT r.oid,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(r.relname) AS name,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(r.relname) || '.' || pg_catalog.quote_ident(a.attname)
         AS column_name,
       r.relkind = 'p' AS partitioned
  FROM (SELECT u.oid, NULL::pg_catalog.int2 AS num FROM pg_catalog.unnest($1::pg_catalog.oid[]) u (oid)
        UNION ALL
        SELECT u.oid, u.num
          FROM ROWS FROM (pg_catalog.unnest($2::pg_catalog.oid[]), pg_catalog.unnest($3::pg_catalog.int2[])) u (oid, num)) x
  JOIN pg_catalog.pg_class r ON r.oid = x.oid
  JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
  LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = x.oid AND a.attnum = x.num
 WHERE r.relkind IN ('r', 'p') AND r.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $4)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = r.oid
                      AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e')
 ORDER BY x.num IS NULL, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(r.relname) COLLATE "C",
       a.attname COLLATE "C"
