-- A goal's entries, newest first
-- pgbraid:uses idx_progress_entries_goal_date
SELECT id, entry_date, entry_time, value, value_label, context, notes
FROM progress_entries
WHERE goal_id = 'c47e9d02-1b3a-4f68-b5d9-6e8f0a2c4d17'
ORDER BY entry_date DESC
LIMIT 20;
