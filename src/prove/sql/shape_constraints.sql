-- Checks and foreign keys, of the tables $1 or (null) of all. clone: a partition's copy of its parent's, or what was only inherited.
SELECT k.conrelid,
       k.contype,
       k.conname,
       pg_catalog.quote_ident(k.conname) AS quoted,
       CASE WHEN k.contype = 'c' THEN pg_catalog.pg_get_expr(k.conbin, k.conrelid) END AS expr,
       pg_catalog.array_to_string(k.conkey, ' ') AS columns,
       k.confrelid,
       pg_catalog.array_to_string(k.confkey, ' ') AS referenced,
       k.confdeltype,
       k.confupdtype,
       k.confmatchtype = 'f' AS match_full,
       CASE WHEN k.contype = 'f' THEN pg_catalog.translate(pg_catalog.to_jsonb(k) ->> 'confdelsetcols', '[],', '') END AS set_columns,
       k.condeferrable,
       k.condeferred,
       k.convalidated,
       k.conparentid <> 0 OR NOT k.conislocal AS clone,
       pg_catalog.pg_get_constraintdef(k.oid) AS definition,
       -- the names that it bears on partitions, and for those that it refers to
       (WITH RECURSIVE below AS (
            SELECT c.oid, c.conname FROM pg_catalog.pg_constraint c WHERE c.conparentid = k.oid
            UNION ALL
            SELECT c.oid, c.conname FROM below b JOIN pg_catalog.pg_constraint c ON c.conparentid = b.oid)
        SELECT pg_catalog.string_agg(b.conname, E'\x01') FROM below b
         WHERE k.contype = 'f') AS aliases
  FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_class r ON r.oid = k.conrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
 WHERE k.contype IN ('c', 'f') AND r.relkind IN ('r', 'p') AND r.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   -- for each partition that it refers to, a foreign key has a copy on the same table
   AND NOT (k.contype = 'f' AND k.conparentid <> 0 AND EXISTS (
         SELECT FROM pg_catalog.pg_constraint p WHERE p.oid = k.conparentid AND p.conrelid = k.conrelid))
   AND ($1::pg_catalog.oid[] IS NULL OR k.conrelid = ANY ($1::pg_catalog.oid[]))
 ORDER BY k.conrelid, k.conname
