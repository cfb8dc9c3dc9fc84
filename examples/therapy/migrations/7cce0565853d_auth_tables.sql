-- auth tables
-- pgbraid:revision 7cce0565853d

-- pgbraid:up
CREATE TABLE users (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    email VARCHAR(255) NOT NULL,
    password_hash VARCHAR(255),
    role VARCHAR(20) NOT NULL DEFAULT 'patient',
    is_active BOOLEAN NOT NULL DEFAULT true,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT pk_users PRIMARY KEY (id),
    CONSTRAINT uq_users_email UNIQUE (email),
    CONSTRAINT ck_users_role CHECK (role IN ('patient', 'therapist', 'admin'))
);
CREATE INDEX idx_users_role ON users (role) WHERE is_active;

COMMENT ON TABLE users IS 'Everybody who can sign in: patients, therapists and the practice''s staff';
COMMENT ON COLUMN users.email IS 'The sign-in name, which the application stores in lower case';
COMMENT ON COLUMN users.password_hash IS 'Argon2id, with its parameters; null until an invited person has chosen a password';
COMMENT ON COLUMN users.role IS 'What the account may do. Who treats whom is a matter of therapy_sessions and, later, therapist_patients';

CREATE TABLE auth_sessions (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL,
    token_hash VARCHAR(64) NOT NULL,
    ip_address INET,
    user_agent TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    last_seen_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    expires_at TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ,
    CONSTRAINT pk_auth_sessions PRIMARY KEY (id),
    CONSTRAINT uq_auth_sessions_token_hash UNIQUE (token_hash),
    CONSTRAINT fk_auth_sessions_user_id FOREIGN KEY (user_id)
        REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX idx_auth_sessions_user ON auth_sessions (user_id, created_at DESC);
CREATE INDEX idx_auth_sessions_expires ON auth_sessions (expires_at) WHERE revoked_at IS NULL;

COMMENT ON TABLE auth_sessions IS 'Signed-in browsers and devices; not to be mistaken for therapy_sessions';
COMMENT ON COLUMN auth_sessions.token_hash IS 'SHA-256 of the session token, in hex; the token itself is never stored';

CREATE TABLE password_reset_tokens (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL,
    token_hash VARCHAR(64) NOT NULL,
    requested_from INET,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ,
    CONSTRAINT pk_password_reset_tokens PRIMARY KEY (id),
    CONSTRAINT uq_password_reset_tokens_token_hash UNIQUE (token_hash),
    CONSTRAINT fk_password_reset_tokens_user_id FOREIGN KEY (user_id)
        REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX idx_password_reset_tokens_user ON password_reset_tokens (user_id);

COMMENT ON TABLE password_reset_tokens IS 'One row per requested reset; a token works once, until expires_at';
COMMENT ON COLUMN password_reset_tokens.token_hash IS 'SHA-256 of the token in the mailed link, in hex';

CREATE TABLE therapy_sessions (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    patient_id UUID NOT NULL,
    therapist_id UUID,
    session_date TIMESTAMP NOT NULL,
    duration_minutes INTEGER,
    session_type VARCHAR(20) NOT NULL DEFAULT 'individual',
    modality VARCHAR(20) NOT NULL DEFAULT 'in_person',
    status VARCHAR(20) NOT NULL DEFAULT 'scheduled',
    transcript TEXT,
    extracted_notes JSONB,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT pk_therapy_sessions PRIMARY KEY (id),
    CONSTRAINT fk_therapy_sessions_patient_id FOREIGN KEY (patient_id)
        REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_therapy_sessions_therapist_id FOREIGN KEY (therapist_id)
        REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT ck_therapy_sessions_duration CHECK (duration_minutes BETWEEN 1 AND 480),
    CONSTRAINT ck_therapy_sessions_type
        CHECK (session_type IN ('intake', 'individual', 'couple', 'family', 'group')),
    CONSTRAINT ck_therapy_sessions_modality CHECK (modality IN ('in_person', 'video', 'phone')),
    CONSTRAINT ck_therapy_sessions_status
        CHECK (status IN ('scheduled', 'in_progress', 'completed', 'cancelled', 'no_show'))
);
CREATE INDEX idx_therapy_sessions_patient_date ON therapy_sessions (patient_id, session_date DESC);
CREATE INDEX idx_therapy_sessions_therapist_date
    ON therapy_sessions (therapist_id, session_date DESC);

COMMENT ON TABLE therapy_sessions IS 'Appointments between a patient and a therapist, held or to be held';
COMMENT ON COLUMN therapy_sessions.therapist_id IS 'Null once the therapist''s account is deleted; the session remains the patient''s';
COMMENT ON COLUMN therapy_sessions.session_date IS 'When it begins, by the practice''s clock';
COMMENT ON COLUMN therapy_sessions.extracted_notes IS 'Read from the transcript: {"action_items": [{"task": …, "category": …, "details": …}, …]}';

-- pgbraid:down
DROP TABLE therapy_sessions;
DROP TABLE password_reset_tokens;
DROP TABLE auth_sessions;
DROP TABLE users;
