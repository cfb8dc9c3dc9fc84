-- Sequences, those of serial and identity columns among them.
SELECT 'sequence' AS kind,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS identity,
       pg_catalog.quote_ident(n.nspname) AS parent,
       0 AS ord,
       pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.relowner)) AS owner,
       CASE c.relpersistence WHEN 'u' THEN 'unlogged' END AS persistence,
       pg_catalog.format_type(s.seqtypid, NULL) AS type,
       s.seqstart AS start, s.seqincrement AS increment, s.seqmin AS min, s.seqmax AS max, s.seqcache AS cache,
       CASE WHEN s.seqcycle THEN 'yes' END AS cycle,
       o.owned_by,
       CASE WHEN o.deptype = 'i' THEN 'yes' END AS of_identity,
       CASE WHEN c.relacl IS NOT NULL THEN
         (SELECT nullif(coalesce(pg_catalog.string_agg(x.item, ', ' ORDER BY x.item COLLATE "C") FILTER (WHERE NOT x.usual), 'none'),
                        coalesce(pg_catalog.string_agg(x.item, ', ' ORDER BY x.item COLLATE "C") FILTER (WHERE x.usual), 'none'))
            FROM (SELECT s.usual, CASE WHEN a.grantee = 0 THEN 'public' ELSE coalesce(pg_catalog.quote_ident(r.rolname), a.grantee::text) END
                         || '=' || pg_catalog.string_agg(DISTINCT (a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END) COLLATE "C", '+'
                           ORDER BY (a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END) COLLATE "C") AS item
                    FROM (VALUES (false, c.relacl), (true, pg_catalog.acldefault('s', c.relowner))) s (usual, acl)
                   CROSS JOIN LATERAL pg_catalog.aclexplode(s.acl) a
                    LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
                   GROUP BY s.usual, a.grantee, r.rolname) x) END AS acl,
       (SELECT m.description FROM pg_catalog.pg_description m
         WHERE m.classoid = 'pg_catalog.pg_class'::regclass AND m.objoid = c.oid AND m.objsubid = 0) AS comment
  FROM pg_catalog.pg_sequence s
  JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN LATERAL (SELECT d.deptype, pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.relname) || '.'
                            || (SELECT pg_catalog.quote_ident(a.attname) FROM pg_catalog.pg_attribute a
                                 WHERE a.attrelid = t.oid AND a.attnum = d.refobjsubid) AS owned_by
                       FROM pg_catalog.pg_depend d
                       JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
                       JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
                      WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
                        AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
                      LIMIT 1) o ON true -- a sequence has one owner; the limit keeps this a look-up by index
 WHERE c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
   AND c.oid NOT IN (SELECT d.objid FROM pg_catalog.pg_depend d
                     WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
                       AND d.classid = 'pg_catalog.pg_class'::regclass)
 ORDER BY 2
