-- Indexes of tables and materialized views. constraint: the one it backs. Where that is a key, its definition says
-- all but the options: the columns' usual operator classes, collations and order are the only ones allowed. A btree
-- of nothing but columns with their usual operator classes is put together here, as pg_get_indexdef would: that one
-- looks through all operator classes for every column, which for thousands of indexes takes most of the time.
SELECT 'index' AS kind,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(i.relname) AS identity,
       pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.relname) AS parent,
       0 AS ord,
       CASE WHEN k.contype IN ('p', 'u') THEN NULL
            WHEN plain.usual THEN
                 'CREATE INDEX ' || pg_catalog.quote_ident(i.relname) || ' ON ' || CASE i.relkind WHEN 'I' THEN 'ONLY ' ELSE '' END
                 || pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.relname) || ' USING btree ('
                 || plain.columns || ')'
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
       (SELECT m.description FROM pg_catalog.pg_description m
         WHERE m.classoid = 'pg_catalog.pg_class'::regclass AND m.objoid = i.oid AND m.objsubid = 0) AS comment
  FROM pg_catalog.pg_index x
  JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = i.relnamespace
  JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
  JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
  LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = x.indexrelid AND k.conrelid = x.indrelid AND k.contype IN ('p', 'u', 'x')
  LEFT JOIN (SELECT p.indexrelid,
                    pg_catalog.string_agg(pg_catalog.quote_ident(a.attname)
                                          || CASE u.opt WHEN 0 THEN '' WHEN 1 THEN ' DESC NULLS LAST' WHEN 2 THEN ' NULLS FIRST'
                                                           ELSE ' DESC' END, ', ' ORDER BY u.nth) AS columns,
                    pg_catalog.bool_and(o.opcdefault AND u.opt BETWEEN 0 AND 3 AND a.attcollation = u.coll
                                        AND (o.opcintype = a.atttypid
                                             OR (a.atttypid = 'pg_catalog.varchar'::regtype
                                                 AND o.opcintype = 'pg_catalog.text'::regtype))) AS usual
               FROM pg_catalog.pg_index p
               JOIN pg_catalog.pg_class pc ON pc.oid = p.indexrelid AND pc.reloptions IS NULL
               JOIN pg_catalog.pg_am am ON am.oid = pc.relam AND am.amname = 'btree'
              CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(p.indkey::int2[]), pg_catalog.unnest(p.indoption::int2[]),
                                            pg_catalog.unnest(p.indclass::oid[]), pg_catalog.unnest(p.indcollation::oid[]))
                                 WITH ORDINALITY u (attnum, opt, opclass, coll, nth)
               JOIN pg_catalog.pg_attribute a ON a.attrelid = p.indrelid AND a.attnum = u.attnum
               JOIN pg_catalog.pg_opclass o ON o.oid = u.opclass
              WHERE NOT p.indisunique AND NOT p.indisexclusion AND p.indexprs IS NULL AND p.indpred IS NULL
                AND p.indnatts = p.indnkeyatts
              GROUP BY p.indexrelid) plain ON plain.indexrelid = x.indexrelid
  LEFT JOIN pg_catalog.pg_tablespace s ON s.oid = i.reltablespace
  LEFT JOIN (SELECT d.objid, pg_catalog.string_agg(pg_catalog.quote_ident(e.extname), ', ' ORDER BY e.extname COLLATE "C") AS extensions
               FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
              WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'x'
                AND d.refclassid = 'pg_catalog.pg_extension'::regclass
              GROUP BY d.objid) y ON y.objid = i.oid
 WHERE t.relkind IN ('r', 'p', 'm') AND t.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = t.oid
                      AND d.deptype = 'e')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = i.oid
                      AND d.deptype = 'e')
 ORDER BY 3, 2
