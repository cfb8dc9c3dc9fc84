-- The dashboard: a user's tasks, newest first
-- pgbraid:uses idx_tasks_user_id_created_at
SELECT id, title, description, completed, created_at, completed_at
FROM tasks
WHERE user_id = '5d8a4c1e-0f27-4e93-8b6a-7c9d1e3f5a24'
ORDER BY created_at DESC
LIMIT 20;
