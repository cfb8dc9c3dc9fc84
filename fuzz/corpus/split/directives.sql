-- pgbraid:up
SELECT 1;
-- pgbraid:down
SELECT 2
-- pgbraid:verify
SELECT 3;