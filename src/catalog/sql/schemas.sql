-- Schemas of the user: not the system's, not an extension's, not the history ($1).
SELECT 'schema' AS kind,
       pg_catalog.quote_ident(n.nspname) AS identity,
       NULL::text AS parent,
       0 AS ord,
       pg_catalog.pg_get_userbyid(n.nspowner) AS owner,
       (SELECT pg_catalog.string_agg(x.item, ', ' ORDER BY x.item COLLATE "C")
          FROM (SELECT coalesce(pg_catalog.quote_ident(r.rolname), 'public') || '=' || pg_catalog.string_agg(
                         a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END, '+'
                         ORDER BY a.privilege_type COLLATE "C") AS item
                  FROM pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a
                  LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
                 GROUP BY a.grantee, r.rolname) x) AS acl,
       pg_catalog.obj_description(n.oid, 'pg_namespace') AS comment
  FROM pg_catalog.pg_namespace n
 WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_namespace'::regclass AND d.objid = n.oid
                      AND d.deptype = 'e')
 ORDER BY 2
