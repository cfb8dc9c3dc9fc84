-- Indexes of tables and materialized views. constraint: the one it backs. Where that is a key, its definition says
-- all but the options: the columns' usual operator classes, collations and order are the only ones allowed. A btree
-- of up to three columns with their usual operator classes is put together here, as pg_get_indexdef would: that one
-- looks through all operator classes for every column, which for thousands of indexes takes most of the time. What reads
-- this sorts.
WITH usual AS (SELECT o.oid, o.opcintype FROM pg_catalog.pg_opclass o WHERE o.opcdefault
               UNION ALL
               SELECT o.oid, 'pg_catalog.varchar'::regtype FROM pg_catalog.pg_opclass o
                WHERE o.opcdefault AND o.opcintype = 'pg_catalog.text'::regtype)
SELECT 'index' AS kind,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(i.relname) AS identity,
       pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.relname) AS parent,
       0 AS ord,
       CASE WHEN k.contype IN ('p', 'u') THEN NULL
            WHEN NOT x.indisunique AND NOT x.indisexclusion AND x.indexprs IS NULL AND x.indpred IS NULL
                 AND x.indnatts = x.indnkeyatts AND x.indnatts <= 3 AND i.reloptions IS NULL AND am.amname = 'btree' THEN coalesce(
                 'CREATE INDEX ' || pg_catalog.quote_ident(i.relname) || ' ON ' || CASE i.relkind WHEN 'I' THEN 'ONLY ' ELSE '' END
                 || pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.relname) || ' USING btree ('
                 || (SELECT CASE WHEN a.attcollation = x.indcollation[0] AND (x.indclass[0], a.atttypid) IN (TABLE usual) THEN
                            pg_catalog.quote_ident(a.attname) || CASE x.indoption[0] WHEN 0 THEN '' WHEN 1 THEN ' DESC NULLS LAST'
                                                                    WHEN 2 THEN ' NULLS FIRST' WHEN 3 THEN ' DESC' END END
                       FROM pg_catalog.pg_attribute a WHERE a.attrelid = x.indrelid AND a.attnum = x.indkey[0])
                 || CASE WHEN x.indnatts > 1 THEN ', ' ||
                    (SELECT CASE WHEN a.attcollation = x.indcollation[1] AND (x.indclass[1], a.atttypid) IN (TABLE usual) THEN
                            pg_catalog.quote_ident(a.attname) || CASE x.indoption[1] WHEN 0 THEN '' WHEN 1 THEN ' DESC NULLS LAST'
                                                                    WHEN 2 THEN ' NULLS FIRST' WHEN 3 THEN ' DESC' END END
                       FROM pg_catalog.pg_attribute a WHERE a.attrelid = x.indrelid AND a.attnum = x.indkey[1]) ELSE '' END
                 || CASE WHEN x.indnatts > 2 THEN ', ' ||
                    (SELECT CASE WHEN a.attcollation = x.indcollation[2] AND (x.indclass[2], a.atttypid) IN (TABLE usual) THEN
                            pg_catalog.quote_ident(a.attname) || CASE x.indoption[2] WHEN 0 THEN '' WHEN 1 THEN ' DESC NULLS LAST'
                                                                    WHEN 2 THEN ' NULLS FIRST' WHEN 3 THEN ' DESC' END END
                       FROM pg_catalog.pg_attribute a WHERE a.attrelid = x.indrelid AND a.attnum = x.indkey[2]) ELSE '' END
                 || ')', pg_catalog.pg_get_indexdef(x.indexrelid))
            ELSE pg_catalog.pg_get_indexdef(x.indexrelid) END AS definition,
       pg_catalog.quote_ident(k.conname) AS "constraint",
       CASE WHEN i.reloptions IS NOT NULL THEN
            (SELECT pg_catalog.string_agg(o, ', ' ORDER BY o COLLATE "C") FROM pg_catalog.unnest(i.reloptions) o) END AS options,
       CASE WHEN NOT x.indisvalid THEN 'no' END AS valid,
       CASE WHEN NOT x.indisready THEN 'no' END AS ready,
       CASE WHEN x.indisclustered THEN 'yes' END AS clustered,
       CASE WHEN i.relispartition THEN
       (SELECT pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(pc.relname)
          FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_class pc ON pc.oid = h.inhparent
          JOIN pg_catalog.pg_namespace pn ON pn.oid = pc.relnamespace
         WHERE h.inhrelid = i.oid) END AS partition_of,
       pg_catalog.quote_ident(s.spcname) AS tablespace,
       -- only expressions have one
       CASE WHEN x.indexprs IS NOT NULL THEN
       (SELECT pg_catalog.string_agg(a.attnum || '=' || a.attstattarget, ', ' ORDER BY a.attnum)
          FROM pg_catalog.pg_attribute a WHERE a.attrelid = i.oid AND a.attstattarget >= 0) END AS statistics_target,
       y.extensions AS depends_on_extension,
       m.description AS comment
  FROM pg_catalog.pg_index x
  JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = i.relnamespace
  JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
  JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
  LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = x.indexrelid AND k.conrelid = x.indrelid AND k.contype IN ('p', 'u', 'x')
  JOIN pg_catalog.pg_am am ON am.oid = i.relam
  LEFT JOIN pg_catalog.pg_tablespace s ON s.oid = i.reltablespace
  LEFT JOIN (SELECT d.objid, pg_catalog.string_agg(pg_catalog.quote_ident(e.extname), ', ' ORDER BY e.extname COLLATE "C") AS extensions
               FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
              WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'x'
                AND d.refclassid = 'pg_catalog.pg_extension'::regclass
              GROUP BY d.objid) y ON y.objid = i.oid
  LEFT JOIN pg_catalog.pg_description m ON m.classoid = 'pg_catalog.pg_class'::regclass AND m.objoid = i.oid AND m.objsubid = 0
 WHERE t.relkind IN ('r', 'p', 'm') AND t.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
   AND t.oid NOT IN (SELECT d.objid FROM pg_catalog.pg_depend d
                     WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
                       AND d.classid = 'pg_catalog.pg_class'::regclass)
   AND i.oid NOT IN (SELECT d.objid FROM pg_catalog.pg_depend d
                     WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
                       AND d.classid = 'pg_catalog.pg_class'::regclass)
