-- Views and materialized views.
SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END AS kind,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS identity,
       pg_catalog.quote_ident(n.nspname) AS parent,
       0 AS ord,
       pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.relowner)) AS owner,
       pg_catalog.pg_get_viewdef(c.oid) AS definition,
       (SELECT pg_catalog.string_agg(o, ', ' ORDER BY o COLLATE "C") FROM pg_catalog.unnest(c.reloptions) o) AS options,
       (SELECT pg_catalog.string_agg(o, ', ' ORDER BY o COLLATE "C") FROM pg_catalog.unnest(t.reloptions) o) AS toast_options,
       CASE WHEN c.relkind = 'm' AND NOT c.relispopulated THEN 'no' END AS populated,
       (SELECT pg_catalog.quote_ident(s.spcname) FROM pg_catalog.pg_tablespace s WHERE s.oid = c.reltablespace) AS tablespace,
       (SELECT pg_catalog.quote_ident(am.amname) FROM pg_catalog.pg_am am WHERE am.oid = c.relam AND am.amname <> 'heap') AS access_method,
       y.extensions AS depends_on_extension,
       CASE WHEN c.relacl IS NOT NULL THEN
         (SELECT nullif(coalesce(pg_catalog.string_agg(x.item, ', ' ORDER BY x.item COLLATE "C") FILTER (WHERE NOT x.usual), 'none'),
                        coalesce(pg_catalog.string_agg(x.item, ', ' ORDER BY x.item COLLATE "C") FILTER (WHERE x.usual), 'none'))
            FROM (SELECT s.usual, CASE WHEN a.grantee = 0 THEN 'public' ELSE coalesce(pg_catalog.quote_ident(r.rolname), a.grantee::text) END
                         || '=' || pg_catalog.string_agg(DISTINCT (a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END) COLLATE "C", '+'
                           ORDER BY (a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END) COLLATE "C") AS item
                    FROM (VALUES (false, c.relacl), (true, pg_catalog.acldefault('r', c.relowner))) s (usual, acl)
                   CROSS JOIN LATERAL pg_catalog.aclexplode(s.acl) a
                    LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
                   GROUP BY s.usual, a.grantee, r.rolname) x) END AS acl,
       (SELECT m.description FROM pg_catalog.pg_description m
         WHERE m.classoid = 'pg_catalog.pg_class'::regclass AND m.objoid = c.oid AND m.objsubid = 0) AS comment
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN (SELECT d.objid, pg_catalog.string_agg(pg_catalog.quote_ident(e.extname), ', ' ORDER BY e.extname COLLATE "C") AS extensions
               FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
              WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'x'
                AND d.refclassid = 'pg_catalog.pg_extension'::regclass
              GROUP BY d.objid) y ON y.objid = c.oid
  LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
 WHERE c.relkind IN ('v', 'm') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
   AND c.oid NOT IN (SELECT d.objid FROM pg_catalog.pg_depend d
                     WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
                       AND d.classid = 'pg_catalog.pg_class'::regclass)
 ORDER BY 2
