-- A user's messages, for an audit
-- pgbraid:uses idx_messages_user_id
SELECT id, conversation_id, role, content, created_at
FROM messages
WHERE user_id = '5d8a4c1e-0f27-4e93-8b6a-7c9d1e3f5a24';
