-- A value that changes when a part of the catalog is written that the server reads when it prints definitions: these
-- come from its newest state, while all else is read in one snapshot. Compared before and after reading. It is made
-- of row versions, not of contents: how many rows there are, and the sum of their xmin, each counted from
-- transaction 3, the first, by way of age(), which is cheaper than xmin's text. Rows of the bootstrap are of age
-- 2147483647 always.
SELECT pg_catalog.concat_ws(',',
  (SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(x.base - x.age) FILTER (WHERE x.age <> 2147483647))
     FROM (SELECT pg_catalog.age('3'::xid)::bigint AS base, pg_catalog.age(c.xmin) AS age FROM pg_catalog.pg_namespace c) x),
  (SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(x.base - x.age) FILTER (WHERE x.age <> 2147483647))
     FROM (SELECT pg_catalog.age('3'::xid)::bigint AS base, pg_catalog.age(c.xmin) AS age FROM pg_catalog.pg_class c) x),
  (SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(x.base - x.age) FILTER (WHERE x.age <> 2147483647))
     FROM (SELECT pg_catalog.age('3'::xid)::bigint AS base, pg_catalog.age(c.xmin) AS age FROM pg_catalog.pg_attribute c
           WHERE c.attnum > 0) x),
  (SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(x.base - x.age) FILTER (WHERE x.age <> 2147483647))
     FROM (SELECT pg_catalog.age('3'::xid)::bigint AS base, pg_catalog.age(c.xmin) AS age FROM pg_catalog.pg_constraint c) x),
  (SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(x.base - x.age) FILTER (WHERE x.age <> 2147483647))
     FROM (SELECT pg_catalog.age('3'::xid)::bigint AS base, pg_catalog.age(c.xmin) AS age FROM pg_catalog.pg_index c) x),
  (SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(x.base - x.age) FILTER (WHERE x.age <> 2147483647))
     FROM (SELECT pg_catalog.age('3'::xid)::bigint AS base, pg_catalog.age(c.xmin) AS age FROM pg_catalog.pg_proc c) x),
  (SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(x.base - x.age) FILTER (WHERE x.age <> 2147483647))
     FROM (SELECT pg_catalog.age('3'::xid)::bigint AS base, pg_catalog.age(c.xmin) AS age FROM pg_catalog.pg_type c) x),
  (SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(x.base - x.age) FILTER (WHERE x.age <> 2147483647))
     FROM (SELECT pg_catalog.age('3'::xid)::bigint AS base, pg_catalog.age(c.xmin) AS age FROM pg_catalog.pg_trigger c) x),
  (SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(x.base - x.age) FILTER (WHERE x.age <> 2147483647))
     FROM (SELECT pg_catalog.age('3'::xid)::bigint AS base, pg_catalog.age(c.xmin) AS age FROM pg_catalog.pg_rewrite c) x),
  (SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(x.base - x.age) FILTER (WHERE x.age <> 2147483647))
     FROM (SELECT pg_catalog.age('3'::xid)::bigint AS base, pg_catalog.age(c.xmin) AS age FROM pg_catalog.pg_partitioned_table c) x),
  (SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(x.base - x.age) FILTER (WHERE x.age <> 2147483647))
     FROM (SELECT pg_catalog.age('3'::xid)::bigint AS base, pg_catalog.age(c.xmin) AS age FROM pg_catalog.pg_statistic_ext c) x)) AS fingerprint,
  pg_catalog.current_setting('server_encoding') AS encoding, pg_catalog.txid_current_snapshot()::text AS snapshot
