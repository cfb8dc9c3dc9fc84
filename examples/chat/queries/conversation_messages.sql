-- A conversation's messages in order
-- pgbraid:uses idx_messages_conversation_id_created_at
SELECT id, role, content, tool_calls, created_at
FROM messages
WHERE conversation_id = 'e2b7f6a0-3c5d-4d18-9f4e-8a0b2c6d1e73'
ORDER BY created_at
LIMIT 50;
