-- pgbraid:revision a1
-- pgbraid:parent b1, b2
-- pgbraid:parent b3
-- pgbraid:depends c1, backfill:names, timeline
-- pgbraid:transaction none
-- pgbraid:up
CREATE INDEX CONCURRENTLY i ON t (a);
-- pgbraid:down irreversible rows are gone
