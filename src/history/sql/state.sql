-- Is there a history, and may it be trusted? One row. $1: name of its schema.
SELECT n.oid IS NOT NULL AS there,
       pg_catalog.to_regclass(pg_catalog.quote_ident($1) || '.meta') IS NOT NULL AS is_history,
       pg_catalog.pg_get_userbyid(n.nspowner) AS owner,
       coalesce(pg_catalog.pg_has_role(CURRENT_USER, n.nspowner, 'USAGE'), false)
         OR coalesce((SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.oid = n.nspowner), false) AS owner_fits,
       (SELECT pg_catalog.string_agg(DISTINCT x.who, ', ')
          FROM (SELECT coalesce(r.rolname::text, 'PUBLIC') AS who
                  FROM pg_catalog.aclexplode(n.nspacl) a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
                 WHERE a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner
                   AND NOT coalesce(r.rolsuper, false)
                   AND (a.grantee = 0 OR NOT pg_catalog.pg_has_role(CURRENT_USER, a.grantee, 'USAGE'))
                UNION ALL
                SELECT coalesce(r.rolname::text, 'PUBLIC')
                  FROM pg_catalog.pg_class c
                 CROSS JOIN pg_catalog.aclexplode(c.relacl) a
                  LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
                 WHERE c.relnamespace = n.oid AND a.grantee <> c.relowner
                   AND a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER')
                   AND NOT coalesce(r.rolsuper, false)
                   AND (a.grantee = 0 OR NOT pg_catalog.pg_has_role(CURRENT_USER, a.grantee, 'USAGE'))
                UNION ALL
                SELECT pg_catalog.pg_get_userbyid(c.relowner)::text
                  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
                 WHERE c.relnamespace = n.oid AND c.relowner <> n.nspowner AND NOT r.rolsuper
                   AND NOT pg_catalog.pg_has_role(CURRENT_USER, c.relowner, 'USAGE')) x) AS writers,
       (SELECT pg_catalog.string_agg(g.what, ', ')
          FROM (SELECT 'trigger ' || pg_catalog.quote_ident(t.tgname) AS what
                  FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
                 WHERE c.relnamespace = n.oid AND NOT t.tgisinternal
                UNION ALL
                SELECT 'rule ' || pg_catalog.quote_ident(w.rulename)
                  FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_class c ON c.oid = w.ev_class
                 WHERE c.relnamespace = n.oid
                UNION ALL
                SELECT 'row security on ' || pg_catalog.quote_ident(c.relname)
                  FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND c.relrowsecurity
                UNION ALL
                SELECT 'function ' || pg_catalog.quote_ident(p.proname)
                  FROM pg_catalog.pg_proc p WHERE p.pronamespace = n.oid) g) AS traps
  FROM (SELECT 1) one
  LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1
