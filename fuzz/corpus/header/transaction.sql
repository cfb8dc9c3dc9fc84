-- pgbraid:revision a1
-- pgbraid:up
BEGIN; COMMIT;
\i x
