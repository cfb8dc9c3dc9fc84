-- A therapist's goals in one status
-- pgbraid:uses idx_treatment_goals_therapist_status
SELECT id, patient_id, description, category, target_value, target_date
FROM treatment_goals
WHERE therapist_id = '9b6d1f38-52c4-4c0e-8e7f-2a1d3c5b7f90'
  AND status = 'assigned';
