-- Indexes of tables and materialized views. constraint: the one it backs.
SELECT 'index' AS kind,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(i.relname) AS identity,
       pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.relname) AS parent,
       0 AS ord,
       pg_catalog.pg_get_indexdef(x.indexrelid) AS definition,
       (SELECT pg_catalog.quote_ident(k.conname) FROM pg_catalog.pg_constraint k
         WHERE k.conindid = x.indexrelid AND k.conrelid = x.indrelid AND k.contype IN ('p', 'u', 'x')
         ORDER BY k.conname COLLATE "C" LIMIT 1) AS "constraint",
       (SELECT pg_catalog.string_agg(o, ', ' ORDER BY o COLLATE "C") FROM pg_catalog.unnest(i.reloptions) o) AS options,
       CASE WHEN NOT x.indisvalid THEN 'no' END AS valid,
       CASE WHEN NOT x.indisready THEN 'no' END AS ready,
       CASE WHEN x.indisclustered THEN 'yes' END AS clustered,
       (SELECT pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(pc.relname)
          FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_class pc ON pc.oid = h.inhparent
          JOIN pg_catalog.pg_namespace pn ON pn.oid = pc.relnamespace
         WHERE i.relispartition AND h.inhrelid = i.oid) AS partition_of,
       (SELECT pg_catalog.quote_ident(s.spcname) FROM pg_catalog.pg_tablespace s WHERE s.oid = i.reltablespace) AS tablespace,
       (SELECT pg_catalog.string_agg(a.attnum || '=' || a.attstattarget, ', ' ORDER BY a.attnum)
          FROM pg_catalog.pg_attribute a WHERE a.attrelid = i.oid AND a.attstattarget >= 0) AS statistics_target,
       (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(e.extname), ', ' ORDER BY e.extname COLLATE "C")
          FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
         WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = i.oid AND d.deptype = 'x'
           AND d.refclassid = 'pg_catalog.pg_extension'::regclass) AS depends_on_extension,
       pg_catalog.obj_description(i.oid, 'pg_class') AS comment
  FROM pg_catalog.pg_index x
  JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = i.relnamespace
  JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
  JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
 WHERE t.relkind IN ('r', 'p', 'm') AND t.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = t.oid
                      AND d.deptype = 'e')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = i.oid
                      AND d.deptype = 'e')
 ORDER BY 3, 2
