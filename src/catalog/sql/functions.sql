-- Functions, procedures, window functions.
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END AS kind,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) || '('
         || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' AS identity,
       pg_catalog.quote_ident(n.nspname) AS parent,
       0 AS ord,
       pg_catalog.pg_get_userbyid(p.proowner) AS owner,
       pg_catalog.pg_get_functiondef(p.oid) AS definition,
       (SELECT pg_catalog.string_agg(x.item, ', ' ORDER BY x.item COLLATE "C")
          FROM (SELECT coalesce(pg_catalog.quote_ident(r.rolname), 'public') || '=' || pg_catalog.string_agg(
                         a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END, '+'
                         ORDER BY a.privilege_type COLLATE "C") AS item
                  FROM pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
                  LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
                 GROUP BY a.grantee, r.rolname) x) AS acl,
       pg_catalog.obj_description(p.oid, 'pg_proc') AS comment
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE p.prokind IN ('f', 'p', 'w') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid
                      AND d.deptype = 'e')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')
 ORDER BY 1, 2
