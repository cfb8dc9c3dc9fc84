-- Constraints of tables: keys, foreign keys, checks, exclusion. NOT NULL is a property of the column on every
-- version. clone: the parent's constraint that this is a partition's copy of. The copies that a foreign key to a
-- partitioned table keeps for each partition it refers to are left out: nobody named or made them. What reads this sorts.
SELECT 'constraint' AS kind,
       c.name || '.' || pg_catalog.quote_ident(k.conname) AS identity,
       c.name AS parent,
       0 AS ord,
       CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign key'
                      WHEN 'c' THEN 'check' WHEN 'x' THEN 'exclusion' END AS type,
       k.definition,
       CASE WHEN k.contype = 'c' THEN NULL
            WHEN k.plain THEN pg_catalog.split_part(pg_catalog.split_part(k.definition, '(', 2), ')', 1)
            WHEN k.conkey[2] IS NULL THEN
            (SELECT pg_catalog.quote_ident(a.attname) FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = k.conrelid AND a.attnum = k.conkey[1])
            ELSE
            (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY u.nth)
               FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u (attnum, nth)
               JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum) END AS columns,
       pg_catalog.quote_ident(fn.nspname) || '.' || pg_catalog.quote_ident(fc.relname) AS "references",
       CASE WHEN k.contype <> 'f' THEN NULL
            WHEN k.plain THEN pg_catalog.split_part(pg_catalog.split_part(k.definition, '(', 3), ')', 1)
            WHEN k.confkey[2] IS NULL THEN
            (SELECT pg_catalog.quote_ident(a.attname) FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = k.confrelid AND a.attnum = k.confkey[1])
            ELSE
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
       CASE WHEN k.conparentid <> 0 THEN
       (SELECT pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(pc.relname) || '.' || pg_catalog.quote_ident(p.conname)
          FROM pg_catalog.pg_constraint p
          JOIN pg_catalog.pg_class pc ON pc.oid = p.conrelid
          JOIN pg_catalog.pg_namespace pn ON pn.oid = pc.relnamespace
         WHERE p.oid = k.conparentid) END AS clone,
       CASE WHEN k.coninhcount > 0 AND k.conparentid = 0 THEN CASE WHEN k.conislocal THEN 'merged' ELSE 'inherited' END
       END AS inherited,
       g.enforcement,
       m.description AS comment
  FROM (SELECT r.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(r.relname) AS name
          FROM pg_catalog.pg_class r
          JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
         WHERE r.relkind IN ('r', 'p') AND r.relpersistence <> 't'
           AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
           AND r.oid NOT IN (SELECT d.objid FROM pg_catalog.pg_depend d
                             WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
                               AND d.classid = 'pg_catalog.pg_class'::regclass)
        OFFSET 0) c -- so that the name is made once per table
  -- plain: the names of the columns stand in the definition as they are, between the first parentheses and, of what a
  -- foreign key refers to, the second ones; looking them up costs as much as all else
 CROSS JOIN LATERAL (SELECT d.*, d.contype IN ('p', 'u', 'f') AND d.definition !~ '"|PERIOD|WITHOUT' AS plain
                       FROM (SELECT p.*, pg_catalog.pg_get_constraintdef(p.oid) AS definition
                               FROM pg_catalog.pg_constraint p
                              WHERE p.conrelid = c.oid AND p.contype IN ('p', 'u', 'f', 'c', 'x')
                             OFFSET 0) d) k
  LEFT JOIN pg_catalog.pg_class fc ON fc.oid = k.confrelid
  LEFT JOIN pg_catalog.pg_namespace fn ON fn.oid = fc.relnamespace
  LEFT JOIN (SELECT t.tgconstraint,
                    pg_catalog.string_agg(DISTINCT CASE t.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica'
                                                   WHEN 'A' THEN 'always' END, ', ') AS enforcement
               FROM pg_catalog.pg_trigger t
              WHERE t.tgisinternal AND t.tgenabled <> 'O'
              GROUP BY t.tgconstraint) g ON g.tgconstraint = k.oid
  LEFT JOIN pg_catalog.pg_description m ON m.classoid = 'pg_catalog.pg_constraint'::regclass AND m.objoid = k.oid AND m.objsubid = 0
 WHERE (k.contype <> 'f' OR k.conparentid = 0 OR k.confrelid = (
         WITH RECURSIVE up AS (
             SELECT k.oid, k.conparentid, k.confrelid
             UNION ALL
             SELECT p.oid, p.conparentid, p.confrelid
               FROM up JOIN pg_catalog.pg_constraint p ON p.oid = up.conparentid)
         SELECT up.confrelid FROM up WHERE up.conparentid = 0))
