-- t
-- pgbraid:revision a1
-- pgbraid:up
SELECT 1;
-- pgbraid:down
SELECT 2;
