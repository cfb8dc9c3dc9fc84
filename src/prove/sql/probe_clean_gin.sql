-- Puts what was added to GIN indexes in its place.
SELECT pg_catalog.gin_clean_pending_list(i.indexrelid)
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_am a ON a.oid = c.relam
 WHERE a.amname = 'gin' AND c.relkind = 'i' AND i.indisvalid
   AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
