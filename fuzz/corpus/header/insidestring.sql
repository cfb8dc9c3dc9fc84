-- pgbraid:revision a1
-- pgbraid:up
SELECT '
-- pgbraid:down
';
DO $$
-- pgbraid:down
$$;
COPY t FROM stdin;
-- pgbraid:down
\.
