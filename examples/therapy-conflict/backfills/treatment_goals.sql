-- treatment goals from the sessions' notes
-- pgbraid:requires d5e6f7g8h9i0
-- pgbraid:source therapy_sessions
-- pgbraid:key id
-- pgbraid:batch 1000

-- Each action item of a session's notes becomes one goal of its patient. A goal that the patient has in exactly these words
-- is not made again, whether it is from before this run, from an earlier session or from the same one; of several sessions
-- with the same task the one with the lowest id keeps it. A session that can't be taken (its therapist's account is gone, or
-- a category is longer than 50 characters) fails alone: pgbraid rolls it back, records it and goes on.

-- pgbraid:run
WITH notes AS (
    -- Something else where the list should be is one item. Where nothing or null is, there is none.
    SELECT id, patient_id, therapist_id, session_date, jsonb_typeof(items) = 'array' AS is_list,
           CASE WHEN jsonb_typeof(items) = 'array' THEN items
                WHEN jsonb_typeof(items) <> 'null' THEN jsonb_build_array(items) END AS list
    FROM (SELECT *, extracted_notes -> 'action_items' AS items FROM batch OFFSET 0) AS session
    OFFSET 0
),
found AS (
    SELECT id, patient_id, therapist_id, session_date, is_list,
           generate_series(1, jsonb_array_length(list)) AS place, jsonb_array_elements(list) AS value
    FROM notes
),
read AS (
    -- ->> gives null where there is no object, no task, or null. A number or true is taken as its text; an object or
    -- a list is no text.
    SELECT id, patient_id, therapist_id, session_date, place,
           CASE WHEN is_list AND jsonb_typeof(value -> 'task') NOT IN ('object', 'array') THEN value ->> 'task' END AS task,
           value ->> 'category' AS category,
           CASE WHEN current_setting('pgbraid.verbose', true) = 'on' THEN value::text END AS shown
    FROM found
    OFFSET 0
),
item AS MATERIALIZED (
    -- Blank: nothing but white space, of any kind that Unicode has, and characters without width. Most tasks begin
    -- with a letter and need no closer look.
    SELECT id, patient_id, therapist_id, session_date, place, category, shown,
           CASE WHEN ascii(task) BETWEEN 33 AND 126
                  OR task ~ '[^[:space:]\u0001-\u0020\u007f-\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'
                THEN task END AS task
    FROM read
),
known AS MATERIALIZED (
    -- Patient by patient over idx_treatment_goals_patient_created, whatever the planner thinks of how many there are:
    -- a hash of the whole table for each batch would make the run's time grow with the square of its size.
    SELECT DISTINCT goal.patient_id, goal.description
    FROM (SELECT patient_id, array_agg(task) AS tasks FROM item WHERE task IS NOT NULL GROUP BY patient_id) AS patient,
         LATERAL (SELECT patient_id, description FROM treatment_goals
                  WHERE patient_id = patient.patient_id AND description = ANY (patient.tasks)
                  OFFSET 0) AS goal
),
decided AS MATERIALIZED (
    SELECT item.*,
           CASE WHEN task IS NULL THEN 'skipped as invalid'
                WHEN known.description IS NOT NULL
                  OR row_number() OVER (PARTITION BY item.patient_id, task COLLATE "C" ORDER BY id, place) > 1
                    THEN 'skipped as duplicate'
                ELSE 'goals created' END AS outcome
    FROM item LEFT JOIN known ON known.patient_id = item.patient_id AND known.description = item.task
),
created AS (
    INSERT INTO treatment_goals (patient_id, therapist_id, session_id, description, category, status, created_at)
    SELECT patient_id, therapist_id, id, task, category, 'assigned', session_date
    FROM decided
    WHERE outcome = 'goals created'
)
-- The summary's lines, in its order and also where they are 0. With --verbose the items count themselves.
SELECT line.outcome, line.count, NULL::text AS detail
FROM (SELECT count(DISTINCT id) AS sessions,
             count(*) FILTER (WHERE outcome = 'goals created' AND shown IS NULL) AS created,
             count(*) FILTER (WHERE outcome = 'skipped as duplicate' AND shown IS NULL) AS duplicate,
             count(*) FILTER (WHERE outcome = 'skipped as invalid' AND shown IS NULL) AS invalid
      FROM decided) AS sum,
     LATERAL (VALUES ('sessions processed', (SELECT count(*) FROM batch)),
                     ('sessions with action items', sum.sessions),
                     ('goals created', sum.created),
                     ('skipped as duplicate', sum.duplicate),
                     ('skipped as invalid', sum.invalid)) AS line (outcome, count)
UNION ALL
(SELECT outcome, 1, format('session %s, item %s: %s', id, place, coalesce(task, shown))
 FROM decided
 WHERE shown IS NOT NULL
 ORDER BY id, place);
