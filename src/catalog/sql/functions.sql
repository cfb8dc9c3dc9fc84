-- Functions, procedures, window functions. Their name is that of the types they take; arguments' names and defaults
-- are part of the definition.
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END AS kind,
       p.oid::regprocedure::text AS identity,
       pg_catalog.quote_ident(n.nspname) AS parent,
       0 AS ord,
       pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(p.proowner)) AS owner,
       pg_catalog.pg_get_functiondef(p.oid) AS definition,
       pg_catalog.pg_get_function_identity_arguments(p.oid) AS arguments,
       pg_catalog.pg_get_function_result(p.oid) AS returns,
       y.extensions AS depends_on_extension,
       CASE WHEN p.proacl IS NOT NULL THEN
         (SELECT nullif(coalesce(pg_catalog.string_agg(x.item, ', ' ORDER BY x.item COLLATE "C") FILTER (WHERE NOT x.usual), 'none'),
                        coalesce(pg_catalog.string_agg(x.item, ', ' ORDER BY x.item COLLATE "C") FILTER (WHERE x.usual), 'none'))
            FROM (SELECT s.usual, CASE WHEN a.grantee = 0 THEN 'public' ELSE coalesce(pg_catalog.quote_ident(r.rolname), a.grantee::text) END
                         || '=' || pg_catalog.string_agg(DISTINCT (a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END) COLLATE "C", '+'
                           ORDER BY (a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END) COLLATE "C") AS item
                    FROM (VALUES (false, p.proacl), (true, pg_catalog.acldefault('f', p.proowner))) s (usual, acl)
                   CROSS JOIN LATERAL pg_catalog.aclexplode(s.acl) a
                    LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
                   GROUP BY s.usual, a.grantee, r.rolname) x) END AS acl,
       (SELECT m.description FROM pg_catalog.pg_description m
         WHERE m.classoid = 'pg_catalog.pg_proc'::regclass AND m.objoid = p.oid AND m.objsubid = 0) AS comment
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  LEFT JOIN (SELECT d.objid, pg_catalog.string_agg(pg_catalog.quote_ident(e.extname), ', ' ORDER BY e.extname COLLATE "C") AS extensions
               FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
              WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.deptype = 'x'
                AND d.refclassid = 'pg_catalog.pg_extension'::regclass
              GROUP BY d.objid) y ON y.objid = p.oid
 WHERE p.prokind IN ('f', 'p', 'w') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid
                      AND d.deptype IN ('e', 'i'))
 ORDER BY 1, 2
