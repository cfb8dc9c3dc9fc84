-- A patient's timeline, newest first
-- pgbraid:uses idx_timeline_patient_date
SELECT id, event_type, event_subtype, event_date, title, description, importance, therapist_id
FROM timeline_events
WHERE patient_id = '3f0c2a51-7d1e-4b7a-9a54-0d5b6f1c8e21'
ORDER BY event_date DESC
LIMIT 20;
