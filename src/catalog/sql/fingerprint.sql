-- A value that changes when any part of the catalog that the model reads is written: compared before and after
-- reading. Row versions, not contents.
SELECT pg_catalog.concat_ws(',',
  (SELECT pg_catalog.count(*) || ':' || coalesce(pg_catalog.sum(xmin::text::bigint), 0) FROM pg_catalog.pg_class),
  (SELECT pg_catalog.count(*) || ':' || coalesce(pg_catalog.sum(xmin::text::bigint), 0) FROM pg_catalog.pg_attribute),
  (SELECT pg_catalog.count(*) || ':' || coalesce(pg_catalog.sum(xmin::text::bigint), 0) FROM pg_catalog.pg_attrdef),
  (SELECT pg_catalog.count(*) || ':' || coalesce(pg_catalog.sum(xmin::text::bigint), 0) FROM pg_catalog.pg_constraint),
  (SELECT pg_catalog.count(*) || ':' || coalesce(pg_catalog.sum(xmin::text::bigint), 0) FROM pg_catalog.pg_index),
  (SELECT pg_catalog.count(*) || ':' || coalesce(pg_catalog.sum(xmin::text::bigint), 0) FROM pg_catalog.pg_proc),
  (SELECT pg_catalog.count(*) || ':' || coalesce(pg_catalog.sum(xmin::text::bigint), 0) FROM pg_catalog.pg_type),
  (SELECT pg_catalog.count(*) || ':' || coalesce(pg_catalog.sum(xmin::text::bigint), 0) FROM pg_catalog.pg_enum),
  (SELECT pg_catalog.count(*) || ':' || coalesce(pg_catalog.sum(xmin::text::bigint), 0) FROM pg_catalog.pg_trigger),
  (SELECT pg_catalog.count(*) || ':' || coalesce(pg_catalog.sum(xmin::text::bigint), 0) FROM pg_catalog.pg_rewrite),
  (SELECT pg_catalog.count(*) || ':' || coalesce(pg_catalog.sum(xmin::text::bigint), 0) FROM pg_catalog.pg_policy),
  (SELECT pg_catalog.count(*) || ':' || coalesce(pg_catalog.sum(xmin::text::bigint), 0) FROM pg_catalog.pg_namespace),
  (SELECT pg_catalog.count(*) || ':' || coalesce(pg_catalog.sum(xmin::text::bigint), 0) FROM pg_catalog.pg_description)) AS fingerprint
