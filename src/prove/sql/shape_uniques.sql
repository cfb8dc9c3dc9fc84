-- Of the tables $1, or (null) of all: unique and exclusion indexes, and invalid ones of any kind. A column 0 is an expression.
SELECT i.indrelid,
       c.relname AS name,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS qualified,
       i.indkey::text AS columns,
       i.indnkeyatts,
       i.indisunique,
       i.indisprimary,
       i.indisexclusion,
       i.indimmediate,
       i.indisvalid,
       i.indisready,
       coalesce((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS nulls_not_distinct,
       pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate,
       (SELECT pg_catalog.string_agg(pg_catalog.pg_get_indexdef(i.indexrelid, s.nth, false), E'\x01' ORDER BY s.nth)
          FROM pg_catalog.generate_series(1, i.indnkeyatts::int) s (nth)) AS keys,
       k.conname,
       (SELECT pg_catalog.string_agg('OPERATOR(' || pg_catalog.quote_ident(sn.nspname) || '.' || o.oprname || ')', ' ' ORDER BY u.nth)
          FROM pg_catalog.unnest(k.conexclop) WITH ORDINALITY u (oid, nth)
          JOIN pg_catalog.pg_operator o ON o.oid = u.oid
          JOIN pg_catalog.pg_namespace sn ON sn.oid = o.oprnamespace) AS operators,
       EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = i.indexrelid) AS clone,
       pg_catalog.pg_get_indexdef(i.indexrelid) AS definition,
       (WITH RECURSIVE below AS (
            SELECT h.inhrelid FROM pg_catalog.pg_inherits h WHERE h.inhparent = i.indexrelid
            UNION ALL
            SELECT h.inhrelid FROM below b JOIN pg_catalog.pg_inherits h ON h.inhparent = b.inhrelid)
        SELECT pg_catalog.string_agg(x.relname, E'\x01')
          FROM below b JOIN pg_catalog.pg_class x ON x.oid = b.inhrelid) AS aliases
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_class r ON r.oid = i.indrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
  LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
 WHERE (i.indisunique OR i.indisexclusion OR NOT i.indisvalid)
   AND r.relkind IN ('r', 'p') AND r.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND ($1::pg_catalog.oid[] IS NULL OR i.indrelid = ANY ($1::pg_catalog.oid[]))
 ORDER BY i.indrelid, i.indexrelid
