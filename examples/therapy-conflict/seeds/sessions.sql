-- Sessions of the practice with their extracted notes: what backfills/treatment_goals.sql reads. The rows are the same on
-- every machine and in every run; asked again, only what is missing is added.
--
--     pgbraid db psql < seeds/sessions.sql                                                    10,000 sessions
--     (echo "SET seeds.sessions = 200000;"; cat seeds/sessions.sql) | pgbraid db psql         as many as asked
--
-- seeds.sessions   how many (10000)
-- seeds.failing    of each thousand, how many can't be turned into goals (10): half of them because their therapist's
--                  account is gone, half because an item's category is longer than a goal's may be
--
-- As a practice has them: a twentieth of the notes is missing; others lack action items, have null or an empty list, or
-- hold something else where the list should be. Items repeat within a session and from session to session; tasks are
-- missing, null, empty, blank, a number, an object; some items are no objects at all.

-- 16 bytes that depend on the number and the word alone. random() differs between versions of PostgreSQL. Where the bytes
-- are used several times, OFFSET 0 keeps them from being computed as often.
CREATE FUNCTION pg_temp.seed_bytes(number bigint, word text) RETURNS bytea LANGUAGE sql IMMUTABLE AS
$$ SELECT decode(md5(word || ' ' || number), 'hex') $$;

-- Below 65536, from two of the bytes.
CREATE FUNCTION pg_temp.seed_draw(bytes bytea, place int) RETURNS int LANGUAGE sql IMMUTABLE AS
$$ SELECT get_byte(bytes, place) * 256 + get_byte(bytes, place + 1) $$;

CREATE FUNCTION pg_temp.seed_id(number bigint, word text) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT overlay(overlay(md5(word || ' ' || number) PLACING '4' FROM 13) PLACING '8' FROM 17)::uuid $$;

CREATE TEMPORARY TABLE seed_size AS
SELECT sessions, failing, greatest(sessions / 20, 5) AS patients, greatest(sessions / 800, 3) AS therapists,
       greatest(sessions / 2000, 1) AS leavers
FROM (SELECT coalesce(nullif(current_setting('seeds.sessions', true), ''), '10000')::int AS sessions,
             coalesce(nullif(current_setting('seeds.failing', true), ''), '10')::int AS failing) AS asked;

INSERT INTO users (id, email, role, created_at, updated_at)
SELECT pg_temp.seed_id(n, role), role || n || '@practice.example', CASE role WHEN 'patient' THEN role ELSE 'therapist' END,
       '2023-11-01', '2023-11-01'
FROM seed_size,
     LATERAL (VALUES ('patient', patients), ('therapist', therapists), ('leaver', leavers)) AS people (role, count),
     LATERAL generate_series(1, count) AS n
ON CONFLICT DO NOTHING;

-- One row for each item of each session, with what it is to be.
CREATE TEMPORARY TABLE seed_item AS
SELECT n, place, bytes, pg_temp.seed_draw(bytes, 0) % 1000 AS kind,
       -- 36 things to do, 14 times to do them, 6 reasons: a patient seldom draws one twice.
       (ARRAY['Practise diaphragmatic breathing', 'Keep the sleep diary', 'Write down automatic thoughts',
              'Go for a walk', 'Call a friend', 'Do the body scan', 'Read the handout on worry',
              'List three things that went well', 'Leave the phone outside the bedroom', 'Take the stairs at work',
              'Eat breakfast at the table', 'Plan one pleasant activity', 'Practise saying no',
              'Use the grounding exercise', 'Note the urge and wait ten minutes', 'Write the unsent letter',
              'Go through the safety plan', 'Rate the mood', 'Drink water before coffee', 'Practise the café exposure',
              'Ride the lift one floor', 'Stay at the party for half an hour', 'Answer the e-mail from work',
              'Ask for help with the children', 'Put the worry into the worry time', 'Do progressive muscle relaxation',
              'Look at the photographs', 'Tell your partner one thing you noticed', 'Go to bed at the same hour',
              'Sit with the feeling for five minutes', 'Challenge one "should" statement', 'Fill in the thought record',
              'Take the medication at breakfast', 'Visit the grave', 'Paint or draw', 'Übe das Nein-Sagen']
        )[1 + get_byte(bytes, 2) % 36] || ' ' ||
       (ARRAY['every morning', 'every evening', 'twice a day', 'three times a week', 'before sleep', 'at lunch', 'at weekends',
              'after work', 'on Mondays and Thursdays', 'until the next session', 'for ten minutes a day',
              'on the way home', 'whenever tension rises above 6', 'with the app''s timer'])[1 + get_byte(bytes, 3) % 14] ||
       (ARRAY['', '', ', to sleep better', ', to feel the ground again', ', as in session', ', and bring the notes']
        )[1 + get_byte(bytes, 4) % 6] AS task,
       (ARRAY['Keep the sleep diary', 'Rate the mood every evening', 'Take the medication at breakfast',
              'Go through the safety plan'])[1 + get_byte(bytes, 5) % 4] AS standing_task,
       (ARRAY['sleep', 'anxiety', 'mood', 'relationships', 'work', 'self-care', 'exposure', 'medication']
        )[1 + get_byte(bytes, 6) % 8] AS category,
       (ARRAY['agreed at the end of the session', 'the patient''s own idea', 'only on days off', 'with the workbook, page 12',
              'stop if dizzy'])[1 + get_byte(bytes, 7) % 5] AS details
FROM seed_size,
     generate_series(1, sessions) AS n,
     generate_series(1, 2 + get_byte(pg_temp.seed_bytes(n, 'items'), 0) % 7) AS place,
     LATERAL (SELECT pg_temp.seed_bytes(n, 'item ' || place) AS bytes OFFSET 0) AS drawn;

CREATE TEMPORARY TABLE seed_notes AS
SELECT n, jsonb_agg(CASE
        WHEN kind < 12 THEN jsonb_build_object('category', category, 'details', details)
        WHEN kind < 20 THEN jsonb_build_object('task', '', 'category', category)
        WHEN kind < 26 THEN jsonb_build_object('task', E' \t\n')
        WHEN kind < 28 THEN jsonb_build_object('task', E'\u00a0\u2003', 'category', category)
        WHEN kind < 33 THEN jsonb_build_object('task', NULL, 'category', category)
        WHEN kind < 35 THEN to_jsonb(task)
        WHEN kind < 37 THEN 'null'
        WHEN kind < 38 THEN jsonb_build_array(task)
        WHEN kind < 39 THEN to_jsonb(kind)
        WHEN kind < 41 THEN jsonb_build_object('task', jsonb_build_object('text', task))
        WHEN kind < 43 THEN jsonb_build_object('task', n % 7)
        WHEN kind < 80 THEN jsonb_build_object('task', first_task, 'category', category)
        WHEN kind < 150 THEN jsonb_build_object('task', standing_task, 'category', category)
        WHEN kind < 400 THEN jsonb_build_object('task', task)
        WHEN kind < 450 THEN jsonb_build_object('task', task, 'category', NULL, 'details', NULL)
        WHEN kind < 700 THEN jsonb_build_object('task', task, 'category', category, 'details', details)
        ELSE jsonb_build_object('task', task, 'category', category)
        END ORDER BY place) AS items
FROM (SELECT *, first_value(task) OVER (PARTITION BY n ORDER BY place) AS first_task FROM seed_item) AS item
GROUP BY n;

INSERT INTO therapy_sessions (id, patient_id, therapist_id, session_date, duration_minutes, modality, status, extracted_notes,
                              created_at, updated_at)
SELECT pg_temp.seed_id(n, 'session'), pg_temp.seed_id(1 + pg_temp.seed_draw(bytes, 0) * 251::bigint % patients, 'patient'),
       CASE WHEN fate < failing AND fate % 2 = 0
            THEN pg_temp.seed_id(1 + pg_temp.seed_draw(bytes, 2) % leavers, 'leaver')
            ELSE pg_temp.seed_id(1 + pg_temp.seed_draw(bytes, 2) % therapists, 'therapist') END,
       day, 50, (ARRAY['in_person', 'video', 'in_person', 'phone'])[1 + get_byte(bytes, 4) % 4], 'completed',
       CASE WHEN fate < failing AND fate % 2 = 1
            THEN jsonb_build_object('action_items', items || jsonb_build_array(jsonb_build_object(
                'task', 'Bring the letter of ' || day::date, 'category', 'carried over from the paper file: ' || items::text)))
            WHEN kind < 50 THEN NULL
            WHEN kind < 80 THEN jsonb_build_object('summary', 'first meeting, history taken', 'mood', 4)
            WHEN kind < 100 THEN jsonb_build_object('action_items', NULL)
            WHEN kind < 120 THEN jsonb_build_object('action_items', jsonb_build_array(), 'mood', 6)
            WHEN kind < 125 THEN jsonb_build_object('action_items', 'see transcript')
            WHEN kind < 130 THEN jsonb_build_object('action_items', items -> 0)
            WHEN kind < 133 THEN jsonb_build_object('action_items', 3)
            WHEN kind < 137 THEN items
            WHEN kind < 140 THEN to_jsonb('not extracted'::text)
            ELSE jsonb_build_object('action_items', items, 'mood', 1 + get_byte(bytes, 5) % 10, 'summary',
                'talked about ' || (ARRAY['sleep', 'work', 'the family', 'the past week'])[1 + get_byte(bytes, 6) % 4])
            END,
       day, day
FROM seed_size, seed_notes,
     LATERAL (SELECT pg_temp.seed_bytes(n, 'session drawn') AS bytes OFFSET 0) AS drawn,
     LATERAL (SELECT timestamp '2024-01-02 08:00' + pg_temp.seed_draw(bytes, 8) % 700 * interval '1 day'
                     + get_byte(bytes, 10) % 10 * interval '1 hour' AS day,
                     pg_temp.seed_draw(bytes, 11) % 1000 AS fate, pg_temp.seed_draw(bytes, 13) % 1000 AS kind OFFSET 0) AS drawn_more
ON CONFLICT DO NOTHING;

-- Who left the practice: their sessions stay with the patients and name nobody.
DELETE FROM users USING seed_size, LATERAL generate_series(1, leavers) AS n WHERE id = pg_temp.seed_id(n, 'leaver');

DROP TABLE seed_size, seed_item, seed_notes;
ANALYZE users, therapy_sessions;
