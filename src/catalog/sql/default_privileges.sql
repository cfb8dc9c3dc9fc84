-- Default privileges: by role, schema and kind of object.
SELECT 'default privileges' AS kind,
       'for ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(p.defaclrole))
         || coalesce(' in ' || pg_catalog.quote_ident(n.nspname), '') || ' on '
         || k.objects AS identity,
       pg_catalog.quote_ident(n.nspname) AS parent,
       0 AS ord,
       pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(p.defaclrole)) AS role,
       pg_catalog.quote_ident(n.nspname) AS schema,
       k.objects,
       coalesce((SELECT pg_catalog.string_agg(x.item, ', ' ORDER BY x.item COLLATE "C")
          FROM (SELECT CASE WHEN a.grantee = 0 THEN 'public' ELSE coalesce(pg_catalog.quote_ident(r.rolname), a.grantee::text) END
                       || '=' || pg_catalog.string_agg(
                         a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END, '+'
                         ORDER BY a.privilege_type COLLATE "C") AS item
                  FROM pg_catalog.aclexplode(p.defaclacl) a
                  LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
                 GROUP BY a.grantee, r.rolname) x), 'none') AS acl
  FROM pg_catalog.pg_default_acl p
 CROSS JOIN LATERAL (SELECT CASE p.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
                                 WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' WHEN 'L' THEN 'large objects'
                                 ELSE p.defaclobjtype::text END AS objects) k
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = p.defaclnamespace
 WHERE coalesce(n.nspname <> $1, true)
 ORDER BY 2
