-- Aggregates.
SELECT 'aggregate' AS kind,
       CASE WHEN p.pronargs = 0
            THEN pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) || '(*)'
            ELSE p.oid::regprocedure::text END AS identity,
       pg_catalog.quote_ident(n.nspname) AS parent,
       0 AS ord,
       pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(p.proowner)) AS owner,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) || '('
         || CASE WHEN p.pronargs = 0 THEN '*' ELSE pg_catalog.pg_get_function_identity_arguments(p.oid) END || ')' AS signature,
       pg_catalog.format_type(p.prorettype, NULL) AS returns,
       CASE a.aggkind WHEN 'o' THEN 'ordered-set' WHEN 'h' THEN 'hypothetical-set' END AS aggregate_kind,
       nullif(a.aggnumdirectargs, 0) AS direct_arguments,
       nullif(a.aggtransfn::oid, 0)::regprocedure::text AS sfunc,
       pg_catalog.format_type(a.aggtranstype, NULL) AS stype,
       nullif(a.aggtransspace, 0) AS sspace,
       nullif(a.aggfinalfn::oid, 0)::regprocedure::text AS finalfunc,
       CASE WHEN a.aggfinalextra THEN 'yes' END AS finalfunc_extra,
       CASE a.aggfinalmodify WHEN 'r' THEN 'read_only' WHEN 's' THEN 'shareable' ELSE 'read_write' END AS finalfunc_modify,
       nullif(a.aggcombinefn::oid, 0)::regprocedure::text AS combinefunc,
       nullif(a.aggserialfn::oid, 0)::regprocedure::text AS serialfunc,
       nullif(a.aggdeserialfn::oid, 0)::regprocedure::text AS deserialfunc,
       nullif(a.aggmtransfn::oid, 0)::regprocedure::text AS msfunc,
       nullif(a.aggminvtransfn::oid, 0)::regprocedure::text AS minvfunc,
       CASE WHEN a.aggmtranstype <> 0 THEN pg_catalog.format_type(a.aggmtranstype, NULL) END AS mstype,
       nullif(a.aggmtransspace, 0) AS msspace,
       nullif(a.aggmfinalfn::oid, 0)::regprocedure::text AS mfinalfunc,
       CASE WHEN a.aggmfinalextra THEN 'yes' END AS mfinalfunc_extra,
       CASE WHEN a.aggmtransfn::oid <> 0 THEN
            CASE a.aggmfinalmodify WHEN 'r' THEN 'read_only' WHEN 's' THEN 'shareable' ELSE 'read_write' END END AS mfinalfunc_modify,
       a.agginitval AS initcond, a.aggminitval AS minitcond,
       (SELECT 'OPERATOR(' || pg_catalog.quote_ident(opn.nspname) || '.' || o.oprname || ')'
          FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace opn ON opn.oid = o.oprnamespace
         WHERE o.oid = a.aggsortop) AS sortop,
       CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' END AS parallel,
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
       pg_catalog.obj_description(p.oid, 'pg_proc') AS comment
  FROM pg_catalog.pg_aggregate a
  JOIN pg_catalog.pg_proc p ON p.oid = a.aggfnoid
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
   AND p.oid NOT IN (SELECT d.objid FROM pg_catalog.pg_depend d
                     WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
                       AND d.classid = 'pg_catalog.pg_proc'::regclass)
 ORDER BY 2
