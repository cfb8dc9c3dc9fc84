-- user columns and therapist_patients junction
-- pgbraid:revision b2c3d4e5f6g7
-- pgbraid:parent 42ef48f739a4

-- pgbraid:up
ALTER TABLE users
    ADD COLUMN phone VARCHAR(32),
    ADD COLUMN date_of_birth DATE,
    ADD COLUMN time_zone VARCHAR(64) NOT NULL DEFAULT 'UTC',
    ADD COLUMN license_number VARCHAR(64),
    ADD COLUMN onboarded_at TIMESTAMPTZ;

COMMENT ON COLUMN users.time_zone IS 'An IANA name, in which dates are shown to this person';
COMMENT ON COLUMN users.license_number IS 'Therapists only: the licence to practise';

CREATE TABLE therapist_patients (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    therapist_id UUID NOT NULL,
    patient_id UUID NOT NULL,
    relationship VARCHAR(20) NOT NULL DEFAULT 'primary',
    status VARCHAR(20) NOT NULL DEFAULT 'active',
    started_on DATE NOT NULL DEFAULT CURRENT_DATE,
    ended_on DATE,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT pk_therapist_patients PRIMARY KEY (id),
    CONSTRAINT uq_therapist_patients_pair UNIQUE (therapist_id, patient_id),
    CONSTRAINT fk_therapist_patients_therapist_id FOREIGN KEY (therapist_id)
        REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_therapist_patients_patient_id FOREIGN KEY (patient_id)
        REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT ck_therapist_patients_relationship
        CHECK (relationship IN ('primary', 'secondary', 'supervisor', 'covering')),
    CONSTRAINT ck_therapist_patients_status
        CHECK (status IN ('active', 'paused', 'transferred', 'discharged')),
    CONSTRAINT ck_therapist_patients_dates CHECK (ended_on IS NULL OR ended_on >= started_on)
);
CREATE INDEX idx_therapist_patients_patient ON therapist_patients (patient_id);
CREATE INDEX idx_therapist_patients_caseload ON therapist_patients (therapist_id, status);

COMMENT ON TABLE therapist_patients IS 'Who treats whom; the application lets a therapist see the patients found here and no others';
COMMENT ON COLUMN therapist_patients.ended_on IS 'Null while the treatment goes on';

-- pgbraid:verify
SELECT id FROM therapist_patients WHERE therapist_id = patient_id;

-- pgbraid:down
DROP TABLE therapist_patients;
ALTER TABLE users
    DROP COLUMN onboarded_at,
    DROP COLUMN license_number,
    DROP COLUMN time_zone,
    DROP COLUMN date_of_birth,
    DROP COLUMN phone;
