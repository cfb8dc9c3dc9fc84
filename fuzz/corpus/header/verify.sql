-- pgbraid:revision a1
-- pgbraid:allow drop-table it is empty
-- pgbraid:up
SELECT 1;
-- pgbraid:verify
SELECT 1 WHERE false;
-- pgbraid:verify
SELECT true;
-- pgbraid:down
