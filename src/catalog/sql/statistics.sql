-- Extended statistics objects.
SELECT 'statistics' AS kind,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(s.stxname) AS identity,
       pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.relname) AS parent,
       0 AS ord,
       pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(s.stxowner)) AS owner,
       pg_catalog.pg_get_statisticsobjdef(s.oid) AS definition,
       (SELECT nullif(j.j ->> 'stxstattarget', '-1') FROM (SELECT pg_catalog.to_jsonb(s) AS j) j) AS statistics_target,
       pg_catalog.obj_description(s.oid, 'pg_statistic_ext') AS comment
  FROM pg_catalog.pg_statistic_ext s
  JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace
  JOIN pg_catalog.pg_class t ON t.oid = s.stxrelid
  JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
 WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1) AND t.relpersistence <> 't'
   AND s.oid NOT IN (SELECT d.objid FROM pg_catalog.pg_depend d
                     WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
                       AND d.classid = 'pg_catalog.pg_statistic_ext'::regclass)
 ORDER BY 2
