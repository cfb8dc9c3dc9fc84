-- treatment goals (feature 6)
-- pgbraid:revision d5e6f7g8h9i0
-- pgbraid:parent d4e5f6g7h8i9

-- pgbraid:up
CREATE TABLE treatment_goals (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    patient_id UUID NOT NULL,
    therapist_id UUID NOT NULL,
    session_id UUID,
    description TEXT NOT NULL,
    category VARCHAR(50),
    status VARCHAR(20) NOT NULL DEFAULT 'assigned',
    baseline_value NUMERIC(10,2),
    target_value NUMERIC(10,2),
    target_date DATE,
    created_at TIMESTAMP NOT NULL DEFAULT now(),
    updated_at TIMESTAMP NOT NULL DEFAULT now(),
    completed_at TIMESTAMP,
    CONSTRAINT pk_treatment_goals PRIMARY KEY (id),
    CONSTRAINT fk_treatment_goals_patient_id FOREIGN KEY (patient_id)
        REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_treatment_goals_therapist_id FOREIGN KEY (therapist_id)
        REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_treatment_goals_session_id FOREIGN KEY (session_id)
        REFERENCES therapy_sessions (id) ON DELETE SET NULL
);
CREATE INDEX idx_treatment_goals_patient_created ON treatment_goals (patient_id, created_at DESC);
CREATE INDEX idx_treatment_goals_therapist_status ON treatment_goals (therapist_id, status);

COMMENT ON TABLE treatment_goals IS 'What a patient works towards; older goals come from the action items in therapy_sessions.extracted_notes';
COMMENT ON COLUMN treatment_goals.session_id IS 'The session in which the goal was agreed; null if none, or once it is deleted';
COMMENT ON COLUMN treatment_goals.baseline_value IS 'Where the patient stood at the start, in the unit that the goal is tracked in';

-- pgbraid:verify
SELECT count(*) = 3
FROM pg_catalog.pg_constraint
WHERE conrelid = 'treatment_goals'::regclass AND contype = 'f';

-- pgbraid:down
DROP TABLE treatment_goals;
