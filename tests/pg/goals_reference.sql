-- What the backfill of treatment goals has to make, session by session and item by item, as its rules are written. Nothing
-- is shared with the backfill's own statement. Fills reference.goals (the rows to be made), reference.failed (the sessions that
-- can't be taken) and reference.counts. Goals that are there already are looked at; the schema public is not changed.
CREATE SCHEMA reference;
CREATE TABLE reference.goals (patient_id uuid, therapist_id uuid, session_id uuid, description text, category text,
                              created_at timestamp);
CREATE INDEX ON reference.goals (patient_id);
CREATE TABLE reference.failed (session_id uuid, why text);
CREATE TABLE reference.counts (outcome text, count bigint);

DO $reference$
DECLARE
    session record;
    items jsonb;
    item jsonb;
    task text;
    reason text;
    has_items boolean;
    -- White space of Unicode, control characters, and what has no width.
    blanks text := (SELECT string_agg(chr(code), '') FROM (
        SELECT generate_series(1, 32) UNION SELECT generate_series(127, 160) UNION SELECT generate_series(8192, 8205)
        UNION SELECT unnest(ARRAY[5760, 8232, 8233, 8239, 8287, 8288, 12288, 65279])) AS codes (code));
    fresh text[];
    n_sessions bigint := 0; n_with bigint := 0; n_created bigint := 0; n_duplicate bigint := 0; n_invalid bigint := 0;
    n_errors bigint := 0;
    created bigint; duplicate bigint; invalid bigint;
BEGIN
    FOR session IN SELECT * FROM therapy_sessions ORDER BY id LOOP
        items := session.extracted_notes -> 'action_items';
        IF items IS NULL OR jsonb_typeof(items) = 'null' THEN
            n_sessions := n_sessions + 1;
            CONTINUE;
        END IF;
        created := 0; duplicate := 0; invalid := 0; reason := NULL; fresh := '{}';
        IF jsonb_typeof(items) <> 'array' THEN
            has_items := true;
            invalid := 1;
        ELSE
            has_items := items <> '[]';
            FOR item IN SELECT value FROM jsonb_array_elements(items) WITH ORDINALITY ORDER BY ordinality LOOP
                task := NULL;
                IF jsonb_typeof(item) = 'object' THEN
                    IF jsonb_typeof(item -> 'task') IN ('string', 'number', 'boolean') THEN
                        task := item ->> 'task';
                    END IF;
                END IF;
                IF task IS NULL OR btrim(task, blanks) = '' THEN
                    invalid := invalid + 1;
                ELSIF task = ANY (fresh)
                    OR EXISTS (SELECT FROM reference.goals AS g WHERE g.patient_id = session.patient_id AND g.description = task)
                    OR EXISTS (SELECT FROM treatment_goals AS g WHERE g.patient_id = session.patient_id AND g.description = task)
                THEN
                    duplicate := duplicate + 1;
                ELSE
                    created := created + 1;
                    fresh := fresh || task;
                    IF session.therapist_id IS NULL THEN
                        reason := '23502';
                    ELSIF length(item ->> 'category') > 50 THEN
                        reason := '22001';
                    END IF;
                    INSERT INTO reference.goals VALUES (session.patient_id, session.therapist_id, session.id, task,
                                                        item ->> 'category', session.session_date);
                END IF;
            END LOOP;
        END IF;
        IF reason IS NOT NULL THEN
            DELETE FROM reference.goals WHERE session_id = session.id AND patient_id = session.patient_id;
            INSERT INTO reference.failed VALUES (session.id, reason);
            n_errors := n_errors + 1;
        ELSE
            n_sessions := n_sessions + 1;
            n_with := n_with + has_items::int;
            n_created := n_created + created;
            n_duplicate := n_duplicate + duplicate;
            n_invalid := n_invalid + invalid;
        END IF;
    END LOOP;
    INSERT INTO reference.counts VALUES ('sessions processed', n_sessions), ('sessions with action items', n_with),
        ('goals created', n_created), ('skipped as duplicate', n_duplicate), ('skipped as invalid', n_invalid),
        ('errors', n_errors);
END
$reference$;
