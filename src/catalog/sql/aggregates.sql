-- Aggregates.
SELECT 'aggregate' AS kind,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) || '('
         || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' AS identity,
       pg_catalog.quote_ident(n.nspname) AS parent,
       0 AS ord,
       pg_catalog.pg_get_userbyid(p.proowner) AS owner,
       pg_catalog.format_type(p.prorettype, NULL) AS returns,
       CASE a.aggkind WHEN 'o' THEN 'ordered-set' WHEN 'h' THEN 'hypothetical-set' END AS aggregate_kind,
       a.aggnumdirectargs AS direct_arguments,
       a.aggtransfn::regprocedure::text AS sfunc,
       pg_catalog.format_type(a.aggtranstype, NULL) AS stype,
       a.aggtransspace AS sspace,
       nullif(a.aggfinalfn::oid, 0)::regprocedure::text AS finalfunc,
       CASE WHEN a.aggfinalextra THEN 'yes' END AS finalfunc_extra,
       a.aggfinalmodify::text AS finalfunc_modify,
       nullif(a.aggcombinefn::oid, 0)::regprocedure::text AS combinefunc,
       nullif(a.aggserialfn::oid, 0)::regprocedure::text AS serialfunc,
       nullif(a.aggdeserialfn::oid, 0)::regprocedure::text AS deserialfunc,
       nullif(a.aggmtransfn::oid, 0)::regprocedure::text AS msfunc,
       nullif(a.aggminvtransfn::oid, 0)::regprocedure::text AS minvfunc,
       CASE WHEN a.aggmtranstype <> 0 THEN pg_catalog.format_type(a.aggmtranstype, NULL) END AS mstype,
       a.aggmtransspace AS msspace,
       nullif(a.aggmfinalfn::oid, 0)::regprocedure::text AS mfinalfunc,
       CASE WHEN a.aggmfinalextra THEN 'yes' END AS mfinalfunc_extra,
       a.aggmfinalmodify::text AS mfinalfunc_modify,
       a.agginitval AS initcond, a.aggminitval AS minitcond,
       CASE WHEN a.aggsortop <> 0 THEN a.aggsortop::regoperator::text END AS sortop,
       CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END AS parallel,
       (SELECT pg_catalog.string_agg(x.item, ', ' ORDER BY x.item COLLATE "C")
          FROM (SELECT coalesce(pg_catalog.quote_ident(r.rolname), 'public') || '=' || pg_catalog.string_agg(
                         a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END, '+'
                         ORDER BY a.privilege_type COLLATE "C") AS item
                  FROM pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
                  LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
                 GROUP BY a.grantee, r.rolname) x) AS acl,
       pg_catalog.obj_description(p.oid, 'pg_proc') AS comment
  FROM pg_catalog.pg_aggregate a
  JOIN pg_catalog.pg_proc p ON p.oid = a.aggfnoid
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid
                      AND d.deptype = 'e')
 ORDER BY 2
