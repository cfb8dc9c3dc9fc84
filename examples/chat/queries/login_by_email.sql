-- Login by email
-- pgbraid:uses idx_users_email
SELECT id, password_hash
FROM users
WHERE email = 'ada@example.com';
