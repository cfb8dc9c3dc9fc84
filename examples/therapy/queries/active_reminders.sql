-- A goal's active reminders
-- pgbraid:uses idx_goal_reminders_goal_active
SELECT id, patient_id, reminder_type, scheduled_time, scheduled_days, message, last_sent_at
FROM goal_reminders
WHERE goal_id = 'c47e9d02-1b3a-4f68-b5d9-6e8f0a2c4d17'
  AND is_active;
