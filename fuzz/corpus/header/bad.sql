-- pgbraid:revision ÿ
-- pgbraid:parent a,,b
-- pgbraid:label a b
-- pgbraid:depends backfill:
-- pgbraid:allow x
-- pgbraid:transaction maybe
-- pgbraid:up
'