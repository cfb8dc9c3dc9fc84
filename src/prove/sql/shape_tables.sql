-- The tables $1, or (null) all, with what stands between a row and its place.
SELECT r.oid,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(r.relname) AS name,
       n.nspname AS schema,
       r.relname AS bare,
       r.relkind AS kind,
       r.relispartition AS is_partition,
       (SELECT i.inhparent FROM pg_catalog.pg_inherits i WHERE r.relispartition AND i.inhrelid = r.oid) AS parent,
       CASE WHEN r.relispartition THEN pg_catalog.pg_get_partition_constraintdef(r.oid) END AS bound,
       EXISTS (SELECT FROM pg_catalog.pg_trigger t
                WHERE t.tgrelid = r.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D') AS triggers,
       EXISTS (SELECT FROM pg_catalog.pg_rewrite w
                WHERE w.ev_class = r.oid AND w.ev_type IN ('2', '3') AND w.ev_enabled <> 'D') AS rules,
       r.relkind = 'r' AND pg_catalog.pg_relation_size(r.oid) > 0 AS maybe_rows
  FROM pg_catalog.pg_class r
  JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
 WHERE r.relkind IN ('r', 'p') AND r.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND ($1::pg_catalog.oid[] IS NULL OR r.oid = ANY ($1::pg_catalog.oid[]))
 ORDER BY r.oid
