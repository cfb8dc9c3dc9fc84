-- treatment plan tables (feature 4)
-- pgbraid:revision 4da5acd78939
-- pgbraid:parent f6g7h8i9j0k1
-- pgbraid:label treatment_plans

-- pgbraid:up
CREATE TABLE treatment_plans (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    patient_id UUID NOT NULL,
    therapist_id UUID,
    title VARCHAR(200) NOT NULL,
    diagnosis_codes TEXT[] NOT NULL DEFAULT '{}',
    presenting_problem TEXT,
    status VARCHAR(20) NOT NULL DEFAULT 'draft',
    start_date DATE,
    target_end_date DATE,
    review_interval_days INTEGER NOT NULL DEFAULT 90,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT pk_treatment_plans PRIMARY KEY (id),
    CONSTRAINT fk_treatment_plans_patient_id FOREIGN KEY (patient_id)
        REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_treatment_plans_therapist_id FOREIGN KEY (therapist_id)
        REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT ck_treatment_plans_status
        CHECK (status IN ('draft', 'active', 'on_hold', 'completed', 'discontinued')),
    CONSTRAINT ck_treatment_plans_dates CHECK (target_end_date >= start_date),
    CONSTRAINT ck_treatment_plans_review_interval CHECK (review_interval_days BETWEEN 1 AND 365)
);
CREATE INDEX idx_treatment_plans_patient_status ON treatment_plans (patient_id, status);
CREATE INDEX idx_treatment_plans_therapist_status ON treatment_plans (therapist_id, status);

COMMENT ON TABLE treatment_plans IS 'The written plan that a patient''s treatment follows';
COMMENT ON COLUMN treatment_plans.diagnosis_codes IS 'ICD-10 codes, the leading one first';
COMMENT ON COLUMN treatment_plans.review_interval_days IS 'How long after the start or the last review the next one is due';

CREATE TABLE plan_goals (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    plan_id UUID NOT NULL,
    parent_goal_id UUID,
    treatment_goal_id UUID,
    goal_type VARCHAR(20) NOT NULL DEFAULT 'short_term',
    position INTEGER NOT NULL DEFAULT 1,
    description TEXT NOT NULL,
    status VARCHAR(20) NOT NULL DEFAULT 'not_started',
    target_date DATE,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT pk_plan_goals PRIMARY KEY (id),
    CONSTRAINT fk_plan_goals_plan_id FOREIGN KEY (plan_id)
        REFERENCES treatment_plans (id) ON DELETE CASCADE,
    CONSTRAINT fk_plan_goals_parent_goal_id FOREIGN KEY (parent_goal_id)
        REFERENCES plan_goals (id) ON DELETE CASCADE,
    CONSTRAINT fk_plan_goals_treatment_goal_id FOREIGN KEY (treatment_goal_id)
        REFERENCES treatment_goals (id) ON DELETE SET NULL,
    CONSTRAINT ck_plan_goals_type CHECK (goal_type IN ('long_term', 'short_term', 'objective')),
    CONSTRAINT ck_plan_goals_position CHECK (position >= 1),
    CONSTRAINT ck_plan_goals_status
        CHECK (status IN ('not_started', 'in_progress', 'achieved', 'deferred', 'dropped'))
);
CREATE INDEX idx_plan_goals_plan_position ON plan_goals (plan_id, position);
CREATE INDEX idx_plan_goals_parent ON plan_goals (parent_goal_id);
CREATE INDEX idx_plan_goals_treatment_goal ON plan_goals (treatment_goal_id);

COMMENT ON TABLE plan_goals IS 'A plan''s goals, and the objectives under them';
COMMENT ON COLUMN plan_goals.treatment_goal_id IS 'The goal whose tracked progress this one is judged by, if there is one';

CREATE TABLE intervention_library (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    created_by UUID,
    name VARCHAR(150) NOT NULL,
    modality VARCHAR(50) NOT NULL,
    description TEXT,
    evidence_level VARCHAR(20),
    is_active BOOLEAN NOT NULL DEFAULT true,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT pk_intervention_library PRIMARY KEY (id),
    CONSTRAINT uq_intervention_library_modality_name UNIQUE (modality, name),
    CONSTRAINT fk_intervention_library_created_by FOREIGN KEY (created_by)
        REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT ck_intervention_library_evidence_level
        CHECK (evidence_level IN ('strong', 'moderate', 'emerging', 'expert_opinion'))
);
CREATE INDEX idx_intervention_library_created_by ON intervention_library (created_by);

COMMENT ON TABLE intervention_library IS 'Interventions that the practice uses, to choose from when a plan is written';
COMMENT ON COLUMN intervention_library.modality IS 'CBT, DBT, ACT, EMDR, …';

CREATE TABLE plan_interventions (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    plan_goal_id UUID NOT NULL,
    intervention_id UUID,
    name VARCHAR(150) NOT NULL,
    frequency VARCHAR(50),
    duration_weeks INTEGER,
    instructions TEXT,
    status VARCHAR(20) NOT NULL DEFAULT 'planned',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT pk_plan_interventions PRIMARY KEY (id),
    CONSTRAINT fk_plan_interventions_plan_goal_id FOREIGN KEY (plan_goal_id)
        REFERENCES plan_goals (id) ON DELETE CASCADE,
    CONSTRAINT fk_plan_interventions_intervention_id FOREIGN KEY (intervention_id)
        REFERENCES intervention_library (id) ON DELETE SET NULL,
    CONSTRAINT ck_plan_interventions_duration_weeks CHECK (duration_weeks BETWEEN 1 AND 260),
    CONSTRAINT ck_plan_interventions_status
        CHECK (status IN ('planned', 'active', 'completed', 'stopped'))
);
CREATE INDEX idx_plan_interventions_plan_goal ON plan_interventions (plan_goal_id);
CREATE INDEX idx_plan_interventions_intervention ON plan_interventions (intervention_id);

COMMENT ON TABLE plan_interventions IS 'What is done towards a plan''s goal';
COMMENT ON COLUMN plan_interventions.name IS 'As it was when chosen: a plan still reads the same when the library changes';

CREATE TABLE plan_progress (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    patient_id UUID NOT NULL,
    plan_goal_id UUID NOT NULL,
    session_id UUID,
    recorded_by UUID,
    progress_percent SMALLINT NOT NULL,
    rating VARCHAR(20),
    notes TEXT,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT pk_plan_progress PRIMARY KEY (id),
    CONSTRAINT fk_plan_progress_patient_id FOREIGN KEY (patient_id)
        REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_plan_progress_plan_goal_id FOREIGN KEY (plan_goal_id)
        REFERENCES plan_goals (id) ON DELETE CASCADE,
    CONSTRAINT fk_plan_progress_session_id FOREIGN KEY (session_id)
        REFERENCES therapy_sessions (id) ON DELETE SET NULL,
    CONSTRAINT fk_plan_progress_recorded_by FOREIGN KEY (recorded_by)
        REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT ck_plan_progress_percent CHECK (progress_percent BETWEEN 0 AND 100),
    CONSTRAINT ck_plan_progress_rating
        CHECK (rating IN ('regressed', 'unchanged', 'improved', 'achieved'))
);
CREATE INDEX idx_plan_progress_patient_recorded ON plan_progress (patient_id, recorded_at DESC);
CREATE INDEX idx_plan_progress_goal_recorded ON plan_progress (plan_goal_id, recorded_at DESC);
CREATE INDEX idx_plan_progress_session ON plan_progress (session_id);
CREATE INDEX idx_plan_progress_recorded_by ON plan_progress (recorded_by);

COMMENT ON TABLE plan_progress IS 'How far a plan''s goal has come, as judged session by session';
COMMENT ON COLUMN plan_progress.patient_id IS 'The plan''s patient, named here so that deleting a patient takes the row at once: by way of the plan it would go only after session_id and recorded_by were cleared, and that checks a plan_goal_id which is gone by then';

CREATE TABLE plan_reviews (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    plan_id UUID NOT NULL,
    reviewer_id UUID,
    review_date DATE NOT NULL,
    outcome VARCHAR(20) NOT NULL,
    summary TEXT,
    patient_took_part BOOLEAN NOT NULL DEFAULT true,
    next_review_date DATE,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT pk_plan_reviews PRIMARY KEY (id),
    CONSTRAINT fk_plan_reviews_plan_id FOREIGN KEY (plan_id)
        REFERENCES treatment_plans (id) ON DELETE CASCADE,
    CONSTRAINT fk_plan_reviews_reviewer_id FOREIGN KEY (reviewer_id)
        REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT ck_plan_reviews_outcome
        CHECK (outcome IN ('continue', 'modify', 'complete', 'discontinue')),
    CONSTRAINT ck_plan_reviews_dates CHECK (next_review_date >= review_date)
);
CREATE INDEX idx_plan_reviews_plan_date ON plan_reviews (plan_id, review_date DESC);
CREATE INDEX idx_plan_reviews_reviewer ON plan_reviews (reviewer_id);
CREATE INDEX idx_plan_reviews_next ON plan_reviews (next_review_date);

COMMENT ON TABLE plan_reviews IS 'Formal reviews of a plan, which payers and the law ask for at intervals';
COMMENT ON COLUMN plan_reviews.next_review_date IS 'Null when the plan ends with this review';

-- pgbraid:down
DROP TABLE plan_reviews;
DROP TABLE plan_progress;
DROP TABLE plan_interventions;
DROP TABLE intervention_library;
DROP TABLE plan_goals;
DROP TABLE treatment_plans;
