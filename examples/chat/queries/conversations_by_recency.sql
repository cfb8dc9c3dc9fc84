-- A user's conversations by recency
-- pgbraid:uses idx_conversations_user_id_updated_at
SELECT id, title, updated_at
FROM conversations
WHERE user_id = '5d8a4c1e-0f27-4e93-8b6a-7c9d1e3f5a24'
ORDER BY updated_at DESC
LIMIT 20;
