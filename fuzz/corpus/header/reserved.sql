-- pgbraid:revision head
-- pgbraid:parent base
-- pgbraid:label current
-- pgbraid:up
SELECT 1;