-- Timeline events (feature 5)
-- pgbraid:revision d4e5f6g7h8i9
-- pgbraid:parent c3d4e5f6g7h8
-- pgbraid:label timeline

-- pgbraid:up
CREATE TABLE t (id int);

-- pgbraid:down
DROP TABLE t;
