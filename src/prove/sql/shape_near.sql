-- The tables $1, and what is needed to put rows into them: what they refer to, and what that refers to as long as there is
-- nothing in it yet; partitions with what they are parts of; tables whose rows are the type of a column.
WITH RECURSIVE near (oid) AS (
    SELECT pg_catalog.unnest($1::pg_catalog.oid[])
    UNION
    SELECT x.oid
      FROM near n
     CROSS JOIN LATERAL
           (SELECT k.confrelid AS oid FROM pg_catalog.pg_constraint k
             WHERE k.conrelid = n.oid AND k.contype = 'f' AND pg_catalog.pg_relation_size(n.oid) = 0
            UNION ALL
            SELECT i.inhparent FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
             WHERE i.inhrelid = n.oid AND c.relispartition
            UNION ALL
            SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = n.oid AND c.relispartition
            UNION ALL
            SELECT coalesce(nullif(t.typrelid, 0), e.typrelid)
              FROM pg_catalog.pg_attribute a
              JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
              LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem
             WHERE a.attrelid = n.oid AND a.attnum > 0 AND (t.typrelid <> 0 OR e.typrelid <> 0)) x)
SELECT coalesce(pg_catalog.array_agg(n.oid), '{}')
  FROM near n
