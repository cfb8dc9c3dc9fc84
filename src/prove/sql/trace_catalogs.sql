-- Every catalog of this database and of the server, with the expressions by which its rows are told apart (key) and
-- compared (body). A body is its columns, each ended by ";", with a letter first: o holds oids, a numbers of the columns of
-- the relation that it names first, n is a node tree that may hold both, p is plain; - is null. In plain text and trees "!"
-- escapes ";" and itself. A catalog without a unique key has all of its columns for one, and `twins` counts its equal rows.
-- Left out are catalogs that no revision writes on purpose: statistics (ANALYZE's), and the contents of large objects.
-- Left out are columns that the server writes by itself, in place or lazily, and that say nothing which other catalogs don't:
-- sizes and freezing (relpages … datminmxid), which file holds the rows (relfilenode; TRUNCATE changes it), hints that
-- there may be indexes, rules, triggers, children (cleared by VACUUM only), how many columns there are with those that were
-- dropped (relnatts), and whether an index may be used by old snapshots (indcheckxmin). `counted` leaves out rows that stay
-- for good and mean nothing: columns that were dropped, and the schemas of sessions' temporary objects.
SELECT c.relname,
       EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'oid') AS has_oid,
       (SELECT 'pg_catalog.concat_ws('','', ' || pg_catalog.string_agg(
                 CASE WHEN t.typname IN ('regproc', 'regclass', 'regtype')
                      THEN pg_catalog.format('c.%I::pg_catalog.oid', a.attname)
                      ELSE pg_catalog.format('c.%I', a.attname) END, ', ' ORDER BY a.attnum) || ')'
          FROM pg_catalog.pg_attribute a
          JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND (a.attnum = ANY (k.columns) OR k.columns IS NULL)) AS key,
       (SELECT 'pg_catalog.concat(' || pg_catalog.string_agg(pg_catalog.format(
                 CASE WHEN n.relation IS NOT NULL
                      THEN $f$'a', c.%2$I, ' ', c.%1$I, ';'$f$
                      -- without the server's own (pg_…): 15.20 gives each new column a number, which the model leaves out, too
                      WHEN a.attname = 'attoptions'
                      THEN $f$'p', pg_catalog.regexp_replace(c.%1$I::pg_catalog.text, 'pg_[^,=]*=[^,}]*,?', '', 'g'), ';'$f$
                      WHEN t.typname IN ('oid', 'regproc', 'regclass', 'regtype')
                      THEN $f$'o', c.%1$I::pg_catalog.oid, ';'$f$
                      WHEN t.typname IN ('oidvector', '_oid')
                      THEN $f$'o', c.%1$I, ';'$f$
                      WHEN t.typname = 'name'
                      THEN $f$CASE WHEN c.%1$I OPERATOR(pg_catalog.~) '^(pg_toast_|RI_ConstraintTrigger_[ac]_)[0-9]+(_index)?$' THEN 'o' ELSE 'p' END,
                           pg_catalog.replace(pg_catalog.replace(c.%1$I::pg_catalog.text, '!', '!!'), ';', '!;'), ';'$f$
                      WHEN t.typcategory IN ('B', 'N')
                      THEN $f$'p', c.%1$I, ';'$f$
                      ELSE $f$CASE WHEN c.%1$I IS NULL THEN '-' ELSE '$f$
                           || CASE WHEN t.typname = 'pg_node_tree' THEN 'n' ELSE 'p' END
                           || $f$' END, pg_catalog.replace(pg_catalog.replace(c.%1$I::pg_catalog.text, '!', '!!'), ';', '!;'),
                           ';'$f$ END, a.attname, n.relation), ', ' ORDER BY a.attnum) || ')'
          FROM pg_catalog.pg_attribute a
          JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
          LEFT JOIN (VALUES ('pg_attribute', 'attnum', 'attrelid'), ('pg_attrdef', 'adnum', 'adrelid'),
                            ('pg_constraint', 'conkey', 'conrelid'), ('pg_constraint', 'confkey', 'confrelid'),
                            ('pg_constraint', 'confdelsetcols', 'conrelid'), ('pg_index', 'indkey', 'indrelid'),
                            ('pg_trigger', 'tgattr', 'tgrelid'), ('pg_depend', 'objsubid', 'objid'),
                            ('pg_depend', 'refobjsubid', 'refobjid'), ('pg_shdepend', 'objsubid', 'objid'),
                            ('pg_description', 'objsubid', 'objoid'), ('pg_seclabel', 'objsubid', 'objoid'),
                            ('pg_init_privs', 'objsubid', 'objoid'), ('pg_statistic_ext', 'stxkeys', 'stxrelid'),
                            ('pg_partitioned_table', 'partattrs', 'partrelid'), ('pg_publication_rel', 'prattrs', 'prrelid'))
                 n (catalog, col, relation) ON n.catalog = c.relname AND n.col = a.attname
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
           AND a.attname <> ALL ('{relpages,reltuples,relallvisible,relallfrozen,relfrozenxid,relminmxid,relfilenode,
                 relhasindex,relhasrules,relhastriggers,relhassubclass,relnatts,datfrozenxid,datminmxid,indcheckxmin}'::text[]))
         AS body,
       CASE WHEN k.columns IS NULL THEN
            (SELECT pg_catalog.format('SELECT pg_catalog.count(*) FROM pg_catalog.%I e WHERE ', c.relname) || pg_catalog.string_agg(
                      pg_catalog.format('e.%1$I OPERATOR(pg_catalog.=) c.%1$I', a.attname), ' AND ' ORDER BY a.attnum)
               FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) END AS twins,
       CASE c.relname WHEN 'pg_attribute' THEN 'NOT c.attisdropped'
                      WHEN 'pg_namespace' THEN $f$c.nspname OPERATOR(pg_catalog.!~) '^pg_(toast_)?temp_[0-9]+$'$f$ ELSE 'true' END AS counted
  FROM pg_catalog.pg_class c
  LEFT JOIN LATERAL
       (SELECT pg_catalog.string_to_array(i.indkey::text, ' ')::int[] AS columns
          FROM pg_catalog.pg_index i
         WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
           AND i.indpred IS NULL AND i.indexprs IS NULL
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                            WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey) AND NOT a.attnotnull)
         ORDER BY i.indnatts, i.indexrelid
         LIMIT 1) k ON true
 WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND c.oid < 16384
   AND c.relname NOT IN ('pg_statistic', 'pg_statistic_ext_data', 'pg_largeobject')
 ORDER BY c.relname
