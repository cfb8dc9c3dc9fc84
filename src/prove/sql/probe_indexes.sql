-- Indexes by name, each with the names of its parts on partitions.
SELECT c.oid,
       pg_catalog.quote_ident(n.nspname) AS schema,
       pg_catalog.quote_ident(c.relname) AS name,
       i.indisvalid,
       (WITH RECURSIVE below AS (
            SELECT i.indexrelid AS oid
            UNION ALL
            SELECT h.inhrelid FROM below b JOIN pg_catalog.pg_inherits h ON h.inhparent = b.oid)
        SELECT pg_catalog.string_agg(x.relname, E'\x01')
          FROM below b JOIN pg_catalog.pg_class x ON x.oid = b.oid) AS names
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
 ORDER BY pg_catalog.pg_table_is_visible(c.oid) DESC, n.nspname, c.relname
