-- Triggers of users. clone: the parent's trigger that this is a partition's copy of (13 and later know it by
-- tgparentid; here by the dependency, which every version has).
SELECT 'trigger' AS kind,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) || '.'
         || pg_catalog.quote_ident(g.tgname) AS identity,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS parent,
       0 AS ord,
       pg_catalog.pg_get_triggerdef(g.oid) AS definition,
       CASE g.tgenabled WHEN 'D' THEN 'no' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END AS enabled,
       (SELECT pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(pc.relname) || '.' || pg_catalog.quote_ident(pg.tgname)
          FROM pg_catalog.pg_depend d
          JOIN pg_catalog.pg_trigger pg ON pg.oid = d.refobjid
          JOIN pg_catalog.pg_class pc ON pc.oid = pg.tgrelid
          JOIN pg_catalog.pg_namespace pn ON pn.oid = pc.relnamespace
         WHERE d.classid = 'pg_catalog.pg_trigger'::regclass AND d.objid = g.oid
           AND d.refclassid = 'pg_catalog.pg_trigger'::regclass AND d.deptype IN ('P', 'S', 'I')
         LIMIT 1) AS clone,
       y.extensions AS depends_on_extension,
       (SELECT m.description FROM pg_catalog.pg_description m
         WHERE m.classoid = 'pg_catalog.pg_trigger'::regclass AND m.objoid = g.oid AND m.objsubid = 0) AS comment
  FROM pg_catalog.pg_trigger g
  JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN (SELECT d.objid, pg_catalog.string_agg(pg_catalog.quote_ident(e.extname), ', ' ORDER BY e.extname COLLATE "C") AS extensions
               FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
              WHERE d.classid = 'pg_catalog.pg_trigger'::regclass AND d.deptype = 'x'
                AND d.refclassid = 'pg_catalog.pg_extension'::regclass
              GROUP BY d.objid) y ON y.objid = g.oid
 WHERE NOT g.tgisinternal AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
   AND c.oid NOT IN (SELECT d.objid FROM pg_catalog.pg_depend d
                     WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
                       AND d.classid = 'pg_catalog.pg_class'::regclass)
   AND g.oid NOT IN (SELECT d.objid FROM pg_catalog.pg_depend d
                     WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
                       AND d.classid = 'pg_catalog.pg_trigger'::regclass)
 ORDER BY 3, 2
