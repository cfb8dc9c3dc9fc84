-- note templates (feature 3)
-- pgbraid:revision f6g7h8i9j0k1
-- pgbraid:parent e5f6g7h8i9j0

-- pgbraid:up
CREATE TABLE note_templates (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    owner_id UUID,
    name VARCHAR(150) NOT NULL,
    description TEXT,
    note_format VARCHAR(20) NOT NULL DEFAULT 'soap',
    is_shared BOOLEAN NOT NULL DEFAULT false,
    is_active BOOLEAN NOT NULL DEFAULT true,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT pk_note_templates PRIMARY KEY (id),
    CONSTRAINT uq_note_templates_owner_name UNIQUE (owner_id, name),
    CONSTRAINT fk_note_templates_owner_id FOREIGN KEY (owner_id)
        REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT ck_note_templates_format
        CHECK (note_format IN ('soap', 'dap', 'birp', 'girp', 'free'))
);
CREATE INDEX idx_note_templates_shared ON note_templates (name) WHERE is_shared AND is_active;

COMMENT ON TABLE note_templates IS 'Forms that therapists write their session notes in';
COMMENT ON COLUMN note_templates.owner_id IS 'Null: the practice''s own, or left behind by a therapist who is gone';
COMMENT ON COLUMN note_templates.note_format IS 'The documentation scheme: SOAP, DAP, BIRP, GIRP, or none';

CREATE TABLE note_template_sections (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    template_id UUID NOT NULL,
    position INTEGER NOT NULL,
    heading VARCHAR(150) NOT NULL,
    prompt TEXT,
    input_type VARCHAR(20) NOT NULL DEFAULT 'text',
    choices JSONB,
    is_required BOOLEAN NOT NULL DEFAULT false,
    CONSTRAINT pk_note_template_sections PRIMARY KEY (id),
    CONSTRAINT uq_note_template_sections_position UNIQUE (template_id, position)
        DEFERRABLE INITIALLY IMMEDIATE,
    CONSTRAINT fk_note_template_sections_template_id FOREIGN KEY (template_id)
        REFERENCES note_templates (id) ON DELETE CASCADE,
    CONSTRAINT ck_note_template_sections_position CHECK (position >= 1),
    CONSTRAINT ck_note_template_sections_input_type
        CHECK (input_type IN ('text', 'choice', 'scale', 'checklist', 'date'))
);

COMMENT ON TABLE note_template_sections IS 'A template''s sections, in order';
COMMENT ON CONSTRAINT uq_note_template_sections_position ON note_template_sections IS 'Deferrable, so that two sections can change places in one transaction';
COMMENT ON COLUMN note_template_sections.choices IS 'For choice and checklist: an array of strings';

CREATE TABLE session_notes (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    session_id UUID NOT NULL,
    patient_id UUID NOT NULL,
    author_id UUID,
    template_id UUID,
    content JSONB NOT NULL DEFAULT '{}',
    status VARCHAR(20) NOT NULL DEFAULT 'draft',
    amends_id UUID,
    signed_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT pk_session_notes PRIMARY KEY (id),
    CONSTRAINT fk_session_notes_session_id FOREIGN KEY (session_id)
        REFERENCES therapy_sessions (id) ON DELETE CASCADE,
    CONSTRAINT fk_session_notes_patient_id FOREIGN KEY (patient_id)
        REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_session_notes_author_id FOREIGN KEY (author_id)
        REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT fk_session_notes_template_id FOREIGN KEY (template_id)
        REFERENCES note_templates (id) ON DELETE SET NULL,
    CONSTRAINT fk_session_notes_amends_id FOREIGN KEY (amends_id)
        REFERENCES session_notes (id) ON DELETE SET NULL,
    CONSTRAINT ck_session_notes_status CHECK (status IN ('draft', 'signed', 'amended'))
);
CREATE INDEX idx_session_notes_session ON session_notes (session_id);
CREATE INDEX idx_session_notes_patient_created ON session_notes (patient_id, created_at DESC);
CREATE INDEX idx_session_notes_author_status ON session_notes (author_id, status);
CREATE INDEX idx_session_notes_template ON session_notes (template_id);
CREATE INDEX idx_session_notes_amends ON session_notes (amends_id);

COMMENT ON TABLE session_notes IS 'What a therapist wrote about a session; apart from therapy_sessions.extracted_notes, which a program wrote';
COMMENT ON COLUMN session_notes.content IS 'One member per section of the template, by its heading';
COMMENT ON COLUMN session_notes.amends_id IS 'The signed note that this one corrects: a signed note is never changed';

-- pgbraid:down
DROP TABLE session_notes;
DROP TABLE note_template_sections;
DROP TABLE note_templates;
