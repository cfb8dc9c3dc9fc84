-- timeline events (feature 5)
-- pgbraid:revision d4e5f6g7h8i9
-- pgbraid:parent c3d4e5f6g7h8
-- pgbraid:label timeline

-- pgbraid:up
CREATE TABLE timeline_events (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    patient_id UUID NOT NULL,
    therapist_id UUID,
    event_type VARCHAR(50) NOT NULL,
    event_subtype VARCHAR(50),
    event_date TIMESTAMP NOT NULL,
    title VARCHAR(200) NOT NULL,
    description TEXT,
    metadata JSONB,
    related_entity_type VARCHAR(50),
    related_entity_id UUID,
    importance VARCHAR(20) NOT NULL DEFAULT 'normal',
    is_private BOOLEAN NOT NULL DEFAULT false,
    created_at TIMESTAMP NOT NULL DEFAULT now(),
    CONSTRAINT pk_timeline_events PRIMARY KEY (id),
    CONSTRAINT fk_timeline_events_patient_id FOREIGN KEY (patient_id)
        REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_timeline_events_therapist_id FOREIGN KEY (therapist_id)
        REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT ck_timeline_events_type
        CHECK (event_type IN ('session', 'milestone', 'note', 'diagnosis',
        'treatment_plan', 'medication', 'assessment', 'external_event')),
    CONSTRAINT ck_timeline_events_importance
        CHECK (importance IN ('low', 'normal', 'high', 'critical'))
);
CREATE INDEX idx_timeline_patient_date ON timeline_events (patient_id, event_date DESC);
CREATE INDEX idx_timeline_type ON timeline_events (event_type);

COMMENT ON TABLE timeline_events IS 'What happened in a patient''s treatment, in one line of time';
COMMENT ON COLUMN timeline_events.therapist_id IS 'Null for the patient''s own entries, and once the therapist''s account is deleted';
COMMENT ON COLUMN timeline_events.related_entity_id IS 'A row of the table that related_entity_type stands for; no foreign key, since the table varies and an event outlives its cause';
COMMENT ON COLUMN timeline_events.is_private IS 'Shown to therapists only';

-- pgbraid:verify
SELECT count(*) = 2
FROM pg_catalog.pg_constraint
WHERE conrelid = 'timeline_events'::regclass
  AND (conname, confdeltype) IN (('fk_timeline_events_patient_id', 'c'),
                                 ('fk_timeline_events_therapist_id', 'n'));

-- pgbraid:down
DROP TABLE timeline_events;
