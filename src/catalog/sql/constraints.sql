-- Constraints of tables: keys, foreign keys, checks, exclusion. NOT NULL is a property of the column on every
-- version. clone: the parent's constraint that this is a partition's copy of. The copies that a foreign key to a
-- partitioned table keeps for each partition it refers to are left out: nobody named or made them.
SELECT 'constraint' AS kind,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) || '.'
         || pg_catalog.quote_ident(k.conname) AS identity,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS parent,
       CASE k.contype WHEN 'p' THEN 1 WHEN 'u' THEN 2 WHEN 'x' THEN 3 WHEN 'c' THEN 4 ELSE 5 END AS ord,
       CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign key'
                      WHEN 'c' THEN 'check' WHEN 'x' THEN 'exclusion' END AS type,
       pg_catalog.pg_get_constraintdef(k.oid) AS definition,
       CASE WHEN k.contype <> 'c' THEN
            (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY u.nth)
               FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u (attnum, nth)
               JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum) END AS columns,
       CASE WHEN k.contype = 'f' THEN
            (SELECT pg_catalog.quote_ident(fn.nspname) || '.' || pg_catalog.quote_ident(fc.relname)
               FROM pg_catalog.pg_class fc JOIN pg_catalog.pg_namespace fn ON fn.oid = fc.relnamespace
              WHERE fc.oid = k.confrelid) END AS "references",
       CASE WHEN k.contype = 'f' THEN
            (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY u.nth)
               FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY u (attnum, nth)
               JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum) END AS referenced_columns,
       CASE WHEN k.contype = 'f' THEN CASE k.confdeltype WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT'
            WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' ELSE 'SET DEFAULT' END END AS on_delete,
       CASE WHEN k.contype = 'f' THEN CASE k.confupdtype WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT'
            WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' ELSE 'SET DEFAULT' END END AS on_update,
       CASE WHEN NOT k.convalidated THEN 'no' END AS validated,
       CASE WHEN k.condeferrable THEN CASE WHEN k.condeferred THEN 'initially deferred' ELSE 'initially immediate' END
       END AS deferrable,
       (SELECT pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(pc.relname) || '.' || pg_catalog.quote_ident(p.conname)
          FROM pg_catalog.pg_constraint p
          JOIN pg_catalog.pg_class pc ON pc.oid = p.conrelid
          JOIN pg_catalog.pg_namespace pn ON pn.oid = pc.relnamespace
         WHERE p.oid = k.conparentid) AS clone,
       CASE WHEN k.coninhcount > 0 AND k.conparentid = 0 THEN CASE WHEN k.conislocal THEN 'merged' ELSE 'inherited' END
       END AS inherited,
       (SELECT pg_catalog.string_agg(DISTINCT CASE g.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica'
                                              WHEN 'A' THEN 'always' END, ', ')
          FROM pg_catalog.pg_trigger g
         WHERE g.tgconstraint = k.oid AND g.tgisinternal AND g.tgenabled <> 'O') AS enforcement,
       pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment
  FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
                      AND d.deptype = 'e')
   AND (k.contype <> 'f' OR k.conparentid = 0 OR k.confrelid = (
         WITH RECURSIVE up AS (
             SELECT k.oid, k.conparentid, k.confrelid
             UNION ALL
             SELECT p.oid, p.conparentid, p.confrelid
               FROM up JOIN pg_catalog.pg_constraint p ON p.oid = up.conparentid)
         SELECT up.confrelid FROM up WHERE up.conparentid = 0))
 ORDER BY 3, 4, 2
