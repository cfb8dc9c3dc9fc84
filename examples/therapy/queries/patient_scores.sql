-- A patient's assessment scores, newest first
-- pgbraid:uses idx_assessment_scores_patient_date
SELECT id, assessment_type, score, severity, administered_date, administered_by
FROM assessment_scores
WHERE patient_id = '3f0c2a51-7d1e-4b7a-9a54-0d5b6f1c8e21'
ORDER BY administered_date DESC
LIMIT 20;
