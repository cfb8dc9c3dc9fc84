-- Schemas of the user: not the system's, not an extension's, not the history ($1).
SELECT 'schema' AS kind,
       pg_catalog.quote_ident(n.nspname) AS identity,
       NULL::text AS parent,
       0 AS ord,
       pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(n.nspowner)) AS owner,
       CASE WHEN n.nspacl IS NOT NULL THEN
         (SELECT nullif(coalesce(pg_catalog.string_agg(x.item, ', ' ORDER BY x.item COLLATE "C") FILTER (WHERE NOT x.usual), 'none'),
                        coalesce(pg_catalog.string_agg(x.item, ', ' ORDER BY x.item COLLATE "C") FILTER (WHERE x.usual), 'none'))
            FROM (SELECT s.usual, CASE WHEN a.grantee = 0 THEN 'public' ELSE coalesce(pg_catalog.quote_ident(r.rolname), a.grantee::text) END
                         || '=' || pg_catalog.string_agg(DISTINCT (a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END) COLLATE "C", '+'
                           ORDER BY (a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END) COLLATE "C") AS item
                    FROM (VALUES (false, n.nspacl), (true, pg_catalog.acldefault('n', n.nspowner))) s (usual, acl)
                   CROSS JOIN LATERAL pg_catalog.aclexplode(s.acl) a
                    LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
                   GROUP BY s.usual, a.grantee, r.rolname) x) END AS acl,
       pg_catalog.obj_description(n.oid, 'pg_namespace') AS comment
  FROM pg_catalog.pg_namespace n
 WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
   AND n.oid NOT IN (SELECT d.objid FROM pg_catalog.pg_depend d
                     WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
                       AND d.classid = 'pg_catalog.pg_namespace'::regclass)
 ORDER BY 2
