-- Columns of tables, views, materialized views and composite types. What reads this counts the positions anew, so
-- that a dropped column leaves no trace; for 50,000 columns this is not the place to count or sort.
SELECT 'column' AS kind,
       c.name || '.' || pg_catalog.quote_ident(a.attname) AS identity,
       c.name AS parent,
       a.attnum AS ord,
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
       CASE WHEN a.attnotnull THEN 'yes' END AS not_null,
       -- a default speaks of no column, so the server need not open the table to print it
       CASE WHEN a.atthasdef AND a.attgenerated = '' THEN
            (SELECT pg_catalog.pg_get_expr(e.adbin, 0) FROM pg_catalog.pg_attrdef e
              WHERE e.adrelid = a.attrelid AND e.adnum = a.attnum) END AS "default",
       CASE WHEN a.attgenerated <> '' THEN
            (SELECT CASE a.attgenerated WHEN 's' THEN 'stored: ' ELSE 'virtual: ' END || pg_catalog.pg_get_expr(e.adbin, e.adrelid)
               FROM pg_catalog.pg_attrdef e WHERE e.adrelid = a.attrelid AND e.adnum = a.attnum) END AS generated,
       CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END AS identity_column,
       CASE WHEN a.attcollation <> 0 AND a.attcollation <> t.typcollation THEN
            (SELECT pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(co.collname)
               FROM pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
              WHERE co.oid = a.attcollation) END AS collation,
       CASE WHEN a.attstorage <> t.typstorage AND c.relkind IN ('r', 'p', 'm') THEN
            CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended' END
       END AS storage,
       CASE a.compression WHEN '' THEN NULL WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' ELSE a.compression::text END AS compression,
       CASE WHEN a.attstattarget >= 0 THEN a.attstattarget::text END AS statistics_target,
       -- options that begin with pg_ are the server's own marks (pg_attver changes at every ALTER)
       CASE WHEN a.attoptions[2] IS NOT NULL OR a.attoptions[1] NOT LIKE 'pg\_%' THEN
            (SELECT pg_catalog.string_agg(o, ', ' ORDER BY o COLLATE "C") FROM pg_catalog.unnest(a.attoptions) o
              WHERE o NOT LIKE 'pg\_%') END AS options,
       CASE WHEN a.attinhcount > 0 THEN CASE WHEN a.attislocal THEN 'merged' ELSE 'inherited' END END AS inherited,
       CASE WHEN a.attacl IS NOT NULL THEN
         (SELECT nullif(coalesce(pg_catalog.string_agg(x.item, ', ' ORDER BY x.item COLLATE "C") FILTER (WHERE NOT x.usual), 'none'),
                        coalesce(pg_catalog.string_agg(x.item, ', ' ORDER BY x.item COLLATE "C") FILTER (WHERE x.usual), 'none'))
            FROM (SELECT s.usual, CASE WHEN a.grantee = 0 THEN 'public' ELSE coalesce(pg_catalog.quote_ident(r.rolname), a.grantee::text) END
                         || '=' || pg_catalog.string_agg(DISTINCT (a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END) COLLATE "C", '+'
                           ORDER BY (a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END) COLLATE "C") AS item
                    FROM (VALUES (false, a.attacl), (true, pg_catalog.acldefault('c', c.relowner))) s (usual, acl)
                   CROSS JOIN LATERAL pg_catalog.aclexplode(s.acl) a
                    LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
                   GROUP BY s.usual, a.grantee, r.rolname) x) END AS acl,
       m.description AS comment
  FROM (SELECT r.oid, r.relkind, r.relowner, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(r.relname) AS name
          FROM pg_catalog.pg_class r
          JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
         WHERE r.relkind IN ('r', 'p', 'v', 'm', 'c') AND r.relpersistence <> 't'
           AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
           AND r.oid NOT IN (SELECT d.objid FROM pg_catalog.pg_depend d
                             WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
                               AND d.classid = 'pg_catalog.pg_class'::regclass)
        OFFSET 0) c -- so that the name is made once per table
 -- servers before 14 have no attcompression: there the name means the one of `no`
 CROSS JOIN (SELECT ''::"char" AS attcompression) no
 CROSS JOIN LATERAL (SELECT p.*, attcompression AS compression FROM pg_catalog.pg_attribute p
                      WHERE p.attrelid = c.oid AND p.attnum > 0 AND NOT p.attisdropped) a
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_catalog.pg_description m ON m.classoid = 'pg_catalog.pg_class'::regclass AND m.objoid = a.attrelid
        AND m.objsubid = a.attnum
