-- goal tracking tables (feature 6)
-- pgbraid:revision e5f6g7h8i9j0
-- pgbraid:parent d5e6f7g8h9i0

-- pgbraid:up
CREATE TABLE goal_tracking_config (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    goal_id UUID NOT NULL,
    tracking_method VARCHAR(50) NOT NULL,
    tracking_frequency VARCHAR(20) NOT NULL DEFAULT 'session',
    custom_frequency_days INTEGER,
    scale_min INTEGER NOT NULL DEFAULT 1,
    scale_max INTEGER NOT NULL DEFAULT 10,
    scale_labels JSONB,
    frequency_unit VARCHAR(20),
    duration_unit VARCHAR(20),
    target_direction VARCHAR(10),
    reminder_enabled BOOLEAN NOT NULL DEFAULT true,
    created_at TIMESTAMP NOT NULL DEFAULT now(),
    CONSTRAINT pk_goal_tracking_config PRIMARY KEY (id),
    CONSTRAINT fk_goal_tracking_config_goal_id FOREIGN KEY (goal_id)
        REFERENCES treatment_goals (id) ON DELETE CASCADE,
    CONSTRAINT ck_goal_tracking_config_method
        CHECK (tracking_method IN ('scale', 'frequency', 'duration', 'binary', 'assessment')),
    CONSTRAINT ck_goal_tracking_config_scale_order CHECK (scale_min < scale_max),
    CONSTRAINT ck_goal_tracking_config_scale_min CHECK (scale_min >= 1),
    CONSTRAINT ck_goal_tracking_config_scale_max CHECK (scale_max <= 10),
    CONSTRAINT ck_goal_tracking_config_frequency
        CHECK (tracking_frequency IN ('daily', 'weekly', 'session', 'custom')),
    CONSTRAINT ck_goal_tracking_config_direction
        CHECK (target_direction IS NULL OR target_direction IN ('increase', 'decrease', 'maintain'))
);
CREATE INDEX idx_goal_tracking_config_goal ON goal_tracking_config (goal_id);

COMMENT ON TABLE goal_tracking_config IS 'How progress towards a goal is measured';
COMMENT ON COLUMN goal_tracking_config.custom_frequency_days IS 'Days between entries when tracking_frequency is custom';
COMMENT ON COLUMN goal_tracking_config.scale_labels IS 'What the scale''s values are called: {"1": "not at all", …}';

CREATE TABLE progress_entries (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    goal_id UUID NOT NULL,
    tracking_config_id UUID,
    entry_date DATE NOT NULL,
    entry_time TIME,
    value NUMERIC(10,2) NOT NULL,
    value_label VARCHAR(100),
    notes TEXT,
    context VARCHAR(50),
    session_id UUID,
    recorded_by UUID,
    recorded_at TIMESTAMP NOT NULL DEFAULT now(),
    CONSTRAINT pk_progress_entries PRIMARY KEY (id),
    CONSTRAINT fk_progress_entries_goal_id FOREIGN KEY (goal_id)
        REFERENCES treatment_goals (id) ON DELETE CASCADE,
    CONSTRAINT fk_progress_entries_tracking_config_id FOREIGN KEY (tracking_config_id)
        REFERENCES goal_tracking_config (id) ON DELETE SET NULL,
    CONSTRAINT fk_progress_entries_session_id FOREIGN KEY (session_id)
        REFERENCES therapy_sessions (id) ON DELETE SET NULL,
    CONSTRAINT fk_progress_entries_recorded_by FOREIGN KEY (recorded_by)
        REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT ck_progress_entries_context
        CHECK (context IS NULL OR context IN ('session', 'self_report', 'assessment'))
);
CREATE INDEX idx_progress_entries_goal_date ON progress_entries (goal_id, entry_date DESC);
CREATE INDEX idx_progress_entries_session ON progress_entries (session_id);

COMMENT ON TABLE progress_entries IS 'One measurement of one goal';
COMMENT ON COLUMN progress_entries.recorded_by IS 'The patient or a therapist; null once that account is deleted';

CREATE TABLE assessment_scores (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    patient_id UUID NOT NULL,
    goal_id UUID,
    assessment_type VARCHAR(50) NOT NULL,
    score INTEGER NOT NULL,
    severity VARCHAR(20),
    subscores JSONB,
    administered_date DATE NOT NULL,
    administered_by UUID,
    notes TEXT,
    created_at TIMESTAMP NOT NULL DEFAULT now(),
    CONSTRAINT pk_assessment_scores PRIMARY KEY (id),
    CONSTRAINT fk_assessment_scores_patient_id FOREIGN KEY (patient_id)
        REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_assessment_scores_goal_id FOREIGN KEY (goal_id)
        REFERENCES treatment_goals (id) ON DELETE SET NULL,
    CONSTRAINT fk_assessment_scores_administered_by FOREIGN KEY (administered_by)
        REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT ck_assessment_scores_score CHECK (score >= 0)
);
CREATE INDEX idx_assessment_scores_patient_date
    ON assessment_scores (patient_id, administered_date DESC);
CREATE INDEX idx_assessment_scores_type ON assessment_scores (assessment_type);

COMMENT ON TABLE assessment_scores IS 'Results of standard questionnaires';
COMMENT ON COLUMN assessment_scores.assessment_type IS 'PHQ-9, GAD-7, …; free, because a practice adds questionnaires without a migration';
COMMENT ON COLUMN assessment_scores.severity IS 'The questionnaire''s own word for the score, such as moderate';

CREATE TABLE progress_milestones (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    goal_id UUID NOT NULL,
    milestone_type VARCHAR(50),
    title VARCHAR(200) NOT NULL,
    description TEXT,
    target_value NUMERIC(10,2),
    achieved_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL DEFAULT now(),
    CONSTRAINT pk_progress_milestones PRIMARY KEY (id),
    CONSTRAINT fk_progress_milestones_goal_id FOREIGN KEY (goal_id)
        REFERENCES treatment_goals (id) ON DELETE CASCADE,
    CONSTRAINT ck_progress_milestones_type
        CHECK (milestone_type IS NULL
            OR milestone_type IN ('percentage', 'value', 'streak', 'custom'))
);
CREATE INDEX idx_progress_milestones_goal ON progress_milestones (goal_id);
CREATE INDEX idx_progress_milestones_goal_achieved
    ON progress_milestones (goal_id, achieved_at DESC)
    WHERE achieved_at IS NOT NULL;

COMMENT ON TABLE progress_milestones IS 'Steps on the way to a goal';
COMMENT ON COLUMN progress_milestones.achieved_at IS 'Null until it is reached';

CREATE TABLE goal_reminders (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    goal_id UUID NOT NULL,
    patient_id UUID NOT NULL,
    reminder_type VARCHAR(20),
    scheduled_time TIME,
    scheduled_days INTEGER[],
    message TEXT,
    is_active BOOLEAN NOT NULL DEFAULT true,
    last_sent_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL DEFAULT now(),
    CONSTRAINT pk_goal_reminders PRIMARY KEY (id),
    CONSTRAINT fk_goal_reminders_goal_id FOREIGN KEY (goal_id)
        REFERENCES treatment_goals (id) ON DELETE CASCADE,
    CONSTRAINT fk_goal_reminders_patient_id FOREIGN KEY (patient_id)
        REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT ck_goal_reminders_type
        CHECK (reminder_type IS NULL OR reminder_type IN ('check_in', 'progress', 'motivation'))
);
CREATE INDEX idx_goal_reminders_patient ON goal_reminders (patient_id);
CREATE INDEX idx_goal_reminders_goal_active ON goal_reminders (goal_id, is_active);

COMMENT ON TABLE goal_reminders IS 'Messages that ask a patient about a goal';
COMMENT ON COLUMN goal_reminders.scheduled_time IS 'By the patient''s clock (users.time_zone)';
COMMENT ON COLUMN goal_reminders.scheduled_days IS '0 = Sunday … 6 = Saturday; null for every day';

-- pgbraid:verify
SELECT count(*) = 67
FROM information_schema.columns
WHERE table_schema = current_schema()
  AND table_name IN ('treatment_goals', 'goal_tracking_config', 'progress_entries',
                     'assessment_scores', 'progress_milestones', 'goal_reminders');

SELECT count(*) = 14
FROM pg_catalog.pg_constraint
WHERE contype = 'f'
  AND conrelid IN ('treatment_goals'::regclass, 'goal_tracking_config'::regclass,
                   'progress_entries'::regclass, 'assessment_scores'::regclass,
                   'progress_milestones'::regclass, 'goal_reminders'::regclass);

SELECT count(*) = 11
FROM pg_catalog.pg_index
WHERE NOT indisprimary
  AND indrelid IN ('treatment_goals'::regclass, 'goal_tracking_config'::regclass,
                   'progress_entries'::regclass, 'assessment_scores'::regclass,
                   'progress_milestones'::regclass, 'goal_reminders'::regclass);

-- pgbraid:down
DROP TABLE goal_reminders;
DROP TABLE progress_milestones;
DROP TABLE assessment_scores;
DROP TABLE progress_entries;
DROP TABLE goal_tracking_config;
