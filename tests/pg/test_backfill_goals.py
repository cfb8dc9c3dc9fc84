#!/usr/bin/python3
"""examples/therapy/backfills/treatment_goals.sql: each rule of the practice's specification, and its counts.

The rules stand one by one on sessions that a test writes itself. The counts of dry run, real run, second run, and a
killed and resumed run are compared, and with them every goal, with goals_reference.sql, which goes through the same
generated sessions (examples/therapy/seeds/sessions.sql) in another way.
"""

import contextlib
import os
import random
import re
import signal
import sys
import time
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import harness  # noqa: E402
from harness import PgbraidTest  # noqa: E402
from psycopg2.extras import Json  # noqa: E402

REFERENCE = (HERE / "goals_reference.sql").read_text(encoding="utf-8")
SEEDS = harness.ROOT / "examples" / "therapy" / "seeds" / "sessions.sql"
LINES = ["sessions processed", "sessions with action items", "goals created", "skipped as duplicate", "skipped as invalid"]
GOALS = """SELECT patient_id::text, therapist_id::text, session_id::text, description, category, created_at{} FROM {}
           ORDER BY session_id, description"""


class GoalsTest(PgbraidTest):
    """A therapy project, upgraded, and its backfill."""

    upgraded = "heads"

    def setUp(self):
        super().setUp()
        self.root = self.copy_example("therapy")
        self.db = self.new_database()
        self.pgbraid("upgrade", "-q", self.upgraded, cwd=self.root, db=self.db, check=True)

    def backfill(self, *arguments, errors=0):
        """Runs it and returns its counts; errors as one of them."""
        # A dry run leaves nothing at fault behind.
        status = 1 if errors and "--dry-run" not in arguments else 0
        run = self.expect(status, "backfill", "run", "treatment_goals", "--format=json", *arguments, cwd=self.root, db=self.db)
        return self.counts_of(run)

    def counts_of(self, run):
        backfill = run.json()["backfills"][0]
        self.assertEqual([line["outcome"] for line in backfill["outcomes"]], LINES)
        return {**{line["outcome"]: line["count"] for line in backfill["outcomes"]}, "errors": backfill["errors"]}

    def expected(self, processed=0, having=0, created=0, duplicate=0, invalid=0, errors=0):
        return dict(zip([*LINES, "errors"], (processed, having, created, duplicate, invalid, errors)))

    def goals(self, table="treatment_goals", more=""):
        return self.query(self.db, GOALS.format(more, table))

    def no_orphan(self):
        """No goal without its patient, therapist and session; no failed session with a goal."""
        orphans = self.query(self.db, """
            SELECT count(*) FROM treatment_goals AS g
            WHERE NOT EXISTS (SELECT FROM users WHERE id = g.patient_id)
               OR NOT EXISTS (SELECT FROM users WHERE id = g.therapist_id)
               OR NOT EXISTS (SELECT FROM therapy_sessions AS s
                              WHERE s.id = g.session_id AND s.patient_id = g.patient_id AND s.therapist_id = g.therapist_id)""")
        self.assertEqual(orphans, [(0,)])

    def wait_until(self, condition, *parameters, seconds=60):
        deadline = time.monotonic() + seconds
        while not self.query(self.db, condition, parameters or None)[0][0]:
            self.assertLess(time.monotonic(), deadline, f"never true: {condition}")
            time.sleep(0.01)

    def nothing_left(self):
        """No session of the program, and no lock of it, once the server has seen that it is gone."""
        deadline = time.monotonic() + 20
        while True:
            left = self.query(self.db, "SELECT pid, state, query FROM pg_stat_activity WHERE datname = current_database()"
                                       " AND application_name = 'pgbraid' AND backend_type = 'client backend'")
            if not left or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        self.assertEqual(left, [])


class RuleTest(GoalsTest):
    upgraded = "d5e6f7g8h9i0"

    def setUp(self):
        super().setUp()
        self.connection = self.connect(self.db)
        self.patient, self.therapist = self.person("patient"), self.person("therapist")
        self.numbers = iter(range(1, 1000))

    def person(self, role):
        return self.sql("INSERT INTO users (email, role) VALUES (%s, %s) RETURNING id::text",
                        f"{uuid.uuid4()}@practice.example", role)[0][0]

    def sql(self, text, *parameters):
        with self.connection.cursor() as cursor:
            cursor.execute(text, parameters)
            return cursor.fetchall() if cursor.description else []

    def session(self, notes, patient=None, therapist="", date="2025-03-04 10:00"):
        """One with these notes (None: null). Later sessions have higher ids."""
        key = str(uuid.UUID(int=next(self.numbers)))
        self.sql("INSERT INTO therapy_sessions (id, patient_id, therapist_id, session_date, extracted_notes)"
                 " VALUES (%s, %s, %s, %s, %s)", key, patient or self.patient,
                 self.therapist if therapist == "" else therapist, date, None if notes is None else Json(notes))
        return key

    def items(self, *items, **named):
        return self.session({"action_items": list(items)}, **named)

    def descriptions(self):
        return [row[0] for row in self.sql("SELECT description FROM treatment_goals ORDER BY session_id, description")]

    def test_what_goes_where(self):
        key = self.items({"task": "Keep the sleep diary", "category": "sleep", "details": "on paper"}, date="2025-03-04 10:30")
        self.assertEqual(self.backfill(), self.expected(1, 1, 1))
        self.assertEqual(
            self.sql("SELECT patient_id::text, therapist_id::text, session_id::text, description, category, status,"
                     " created_at::text, baseline_value, target_value, target_date, completed_at,"
                     " updated_at > now() AT TIME ZONE current_setting('timezone') - interval '1 hour' FROM treatment_goals"),
            [(self.patient, self.therapist, key, "Keep the sleep diary", "sleep", "assigned", "2025-03-04 10:30:00",
              None, None, None, None, True)])

    def test_the_words_are_kept_as_they_are(self):
        words = ["  walk  ", "Walk", "walk", "naïve 😀 “task”", "two\nlines", "it's 100 % \\ 'done'", "x" * 20000]
        self.items(*({"task": word} for word in words))
        self.assertEqual(self.backfill(), self.expected(1, 1, len(words)))
        self.assertEqual(self.descriptions(), sorted(words))

    def test_no_category_and_no_details(self):
        self.items({"task": "a"}, {"task": "b", "category": None, "details": None}, {"task": "c", "details": "d"})
        self.assertEqual(self.backfill(), self.expected(1, 1, 3))
        self.assertEqual(self.sql("SELECT DISTINCT category FROM treatment_goals"), [(None,)])

    def test_a_missing_or_null_or_empty_task_is_invalid(self):
        self.items({}, {"category": "sleep"}, {"task": None}, {"task": ""}, {"Task": "capital"}, {"task": "good"})
        self.assertEqual(self.backfill(), self.expected(1, 1, 1, invalid=5))

    def test_a_blank_task_is_invalid_whatever_the_blank_is(self):
        blanks = [" ", "   ", "\t", "\n", "\r\n", "\v\f", "\u0085", "\u00a0", "\u1680", "\u2003", "\u2007 \u200a", "\u200b",
                  "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\ufeff", "\u0001", "\u2060", "\u200d"]
        self.items(*({"task": blank} for blank in blanks))
        # What is not blank, at the edges of what is.
        kept = ["!", "\u00a1", "\u3001", "\u200b.", "\u3000あ", "\u2010", "é", "~", "\u00adx"]
        self.items(*({"task": word} for word in kept))
        self.assertEqual(self.backfill(), self.expected(2, 2, len(kept), invalid=len(blanks)))
        self.assertEqual(self.descriptions(), sorted(kept))

    def test_an_item_that_is_no_object_is_invalid(self):
        self.items("walk", 3, None, True, ["walk"], [{"task": "walk"}], [])
        self.assertEqual(self.backfill(), self.expected(1, 1, invalid=7))

    def test_a_number_is_its_text_and_what_has_no_text_is_invalid(self):
        self.items({"task": 5}, {"task": 0}, {"task": 1.50}, {"task": True}, {"task": {"text": "walk"}}, {"task": ["walk"]},
                   {"task": {}}, {"task": []})
        self.assertEqual(self.backfill(), self.expected(1, 1, 4, invalid=4))
        self.assertEqual(self.descriptions(), ["0", "1.5", "5", "true"])

    def test_notes_that_hold_no_items_are_fine(self):
        for notes in (None, {}, {"summary": "x"}, {"action_items": None}, {"action_items": []}, [], [{"task": "a"}], "text", 3,
                      {"Action_Items": [{"task": "a"}]}):
            self.session(notes)
        # A JSON null in the column is no SQL null.
        self.sql("UPDATE therapy_sessions SET extracted_notes = 'null' WHERE extracted_notes = '3'")
        self.assertEqual(self.backfill(), self.expected(10))

    def test_action_items_that_are_no_array_are_one_invalid_item(self):
        for shape in ("see transcript", 3, False, {"task": "walk"}, {}, ""):
            self.session({"action_items": shape})
        self.assertEqual(self.backfill(), self.expected(6, 6, invalid=6))

    def test_a_goal_from_before_is_a_duplicate(self):
        self.sql("INSERT INTO treatment_goals (patient_id, therapist_id, description) VALUES (%s, %s, 'walk'), (%s, %s, 'walk')",
                 self.patient, self.therapist, self.patient, self.therapist)
        self.items({"task": "walk", "category": "mood"}, {"task": "Walk"}, {"task": "walk "})
        self.assertEqual(self.backfill(), self.expected(1, 1, 2, duplicate=1))

    def test_another_patient_has_the_same_goal(self):
        self.items({"task": "walk"})
        self.items({"task": "walk"}, patient=self.person("patient"))
        self.assertEqual(self.backfill(), self.expected(2, 2, 2))

    def test_duplicates_within_a_session(self):
        key = self.items({"task": "walk", "category": "first"}, {"task": "walk", "category": "second"}, {"task": "walk"})
        self.assertEqual(self.backfill(), self.expected(1, 1, 1, duplicate=2))
        self.assertEqual(self.sql("SELECT session_id::text, category FROM treatment_goals"), [(key, "first")])

    def test_duplicates_across_sessions_and_batches(self):
        first = self.items({"task": "walk"})
        for _ in range(4):
            self.items({"task": "walk"})
        for batch in ("--batch=1", "--batch=2", "--batch=1000"):
            with self.subTest(batch):
                self.sql("DELETE FROM treatment_goals")
                self.assertEqual(self.backfill(batch, "--again"), self.expected(5, 5, 1, duplicate=4))
                self.assertEqual(self.sql("SELECT session_id::text FROM treatment_goals"), [(first,)])

    def test_a_therapist_who_is_gone_fails_that_session_alone(self):
        gone = self.person("therapist")
        failing = self.items({"task": "a"}, {"task": "shared"}, therapist=gone)
        self.items({"task": "b"}, {"task": "shared"})
        self.sql("DELETE FROM users WHERE id = %s", gone)
        # Without a goal to make there is nothing that needs the therapist.
        self.items({"task": ""}, {"task": "b"}, therapist=None)
        self.assertEqual(self.backfill(errors=1), self.expected(2, 2, 2, 1, 1, errors=1))
        self.assertEqual(self.descriptions(), ["b", "shared"])
        self.assert_error(failing, "23502", "therapist_id")

    def test_a_long_category_fails_that_session_alone(self):
        self.items({"task": "a", "category": "x" * 50})
        failing = self.items({"task": "b", "category": "sleep"}, {"task": "c", "category": "ä" * 51}, {"task": ""}, {"task": "a"})
        self.items({"task": "d"}, {"task": "b"})
        self.assertEqual(self.backfill(errors=1), self.expected(2, 2, 3, errors=1))
        self.assertEqual(self.descriptions(), ["a", "b", "d"])
        self.assert_error(failing, "22001", "character varying(50)")

    def assert_error(self, key, sqlstate, text):
        errors = self.expect(0, "backfill", "errors", "treatment_goals", "--format=json", cwd=self.root,
                             db=self.db).json()["errors"]
        self.assertEqual([(error["key"], error["sqlstate"]) for error in errors], [([key], sqlstate)])
        self.assertIn(text, errors[0]["message"])

    def test_a_failed_session_is_taken_once_it_can_be(self):
        key = self.items({"task": "a"}, therapist=None)
        self.session(None)
        self.assertEqual(self.backfill(errors=1), self.expected(1, errors=1))
        self.sql("UPDATE therapy_sessions SET therapist_id = %s WHERE id = %s", self.therapist, key)
        self.assertEqual(self.backfill("--only-errors"), self.expected(1, 1, 1))
        self.assertEqual(self.descriptions(), ["a"])

    def test_verbose_names_each_item(self):
        first = self.items({"task": "walk"}, {"task": "walk"}, {"task": " ", "category": "x"})
        failing = self.items({"task": "never"}, therapist=None)
        other = self.session({"action_items": "see transcript"})
        run = self.expect(1, "backfill", "run", "treatment_goals", "--verbose", cwd=self.root, db=self.db)
        text = run.stdout + run.stderr
        for outcome, item in (("goals created", f"session {first}, item 1: walk"),
                              ("skipped as duplicate", f"session {first}, item 2: walk"),
                              ("skipped as invalid", f'session {first}, item 3: {{"task": " ", "category": "x"}}'),
                              ("skipped as invalid", f'session {other}, item 1: "see transcript"')):
            self.assertRegex(text, re.escape(outcome) + ".*" + re.escape(item))
        self.assertIn(failing, text)
        self.assertNotIn("never", run.stdout)
        summary = dict(re.findall(r"^  (\S.*?)  +(\d+)$", text, re.M))
        self.assertEqual([summary[line] for line in [*LINES, "errors"]], ["2", "2", "1", "1", "2", "1"])

    def test_the_summary(self):
        self.items({"task": "walk"}, {"task": ""})
        self.session(None)
        run = self.expect(0, "backfill", "run", "treatment_goals", cwd=self.root, db=self.db)
        lines = [re.split(r"  +", line.strip()) for line in run.stdout.splitlines() if line.startswith("  ")]
        self.assertEqual([line[0] for line in lines], ["execution time", "rows read", *LINES, "errors"])
        self.assertEqual([line[1] for line in lines[1:]], ["2", "2", "1", "1", "0", "1", "0"])
        self.assertRegex(lines[0][1], r"^\d")

    def test_a_dry_run_changes_nothing(self):
        self.items({"task": "walk"}, {"task": "walk"}, {"task": ""})
        self.items({"task": "a"}, therapist=None)
        expected = self.expected(1, 1, 1, 1, 1, errors=1)
        self.assertEqual(self.backfill("--dry-run", errors=1), expected)
        self.assertEqual(self.descriptions(), [])
        self.assertEqual(self.backfill(errors=1), expected)

    def test_its_revision_is_required(self):
        for state in ("d5e6f7g8h9i0^", "base"):
            with self.subTest(state):
                self.pgbraid("downgrade", "-q", "--yes", state, cwd=self.root, db=self.db, check=True)
                run = self.pgbraid("backfill", "run", "treatment_goals", cwd=self.root, db=self.db)
                self.assertIn(run.returncode, (1, 2), str(run))
                self.assertIn("treatment_goals", run.stderr)
                self.assertIn("d5e6f7g8h9i0", run.stderr)
                self.assertIn("pgbraid upgrade", run.stderr)

    def test_goals_made_beside_it_by_the_application(self):
        """Goals that were committed before a batch begins are seen, whoever made them."""
        for number in range(40):
            self.items({"task": f"task {number}"})
        # It gets to the last session once that is let go, and not before.
        with self.holding(self.db, "SELECT FROM therapy_sessions ORDER BY id DESC LIMIT 1 FOR UPDATE"):
            run = self.start("backfill", "run", "treatment_goals", "--format=json", "--batch=4", cwd=self.root, db=self.db)
            self.wait_until("SELECT count(*) > 0 FROM treatment_goals")
            self.sql("INSERT INTO treatment_goals (patient_id, therapist_id, description) VALUES (%s, %s, 'task 39')",
                     self.patient, self.therapist)
        output = run.communicate(timeout=60)[0]
        self.assertEqual(run.returncode, 0)
        self.assertIn('"goals created","count":39', output)
        self.assertEqual(self.sql("SELECT count(*), count(DISTINCT description) FROM treatment_goals"), [(40, 40)])


class CountsTest(GoalsTest):
    """With generated sessions, against the reference."""

    sessions = 1500

    def setUp(self):
        super().setUp()
        self.seed(self.sessions)

    def seed(self, sessions):
        self.query(self.db, f"SET seeds.sessions = {sessions}; SET seeds.failing = 20; SET client_min_messages = error;"
                   + SEEDS.read_text(encoding="utf-8"))

    def reference(self):
        self.query(self.db, "DROP SCHEMA IF EXISTS reference CASCADE; " + REFERENCE)
        counts = dict(self.query(self.db, "SELECT outcome, count FROM reference.counts"))
        # The generator makes every case, else the comparison would show little.
        for line, count in counts.items():
            self.assertGreater(count, 5, line)
        return counts

    def agrees(self):
        self.assertEqual(self.goals(), self.goals("reference.goals"))
        self.assertEqual(self.query(self.db, "SELECT DISTINCT status FROM treatment_goals"), [("assigned",)])
        self.no_orphan()

    def failed(self):
        errors = self.expect(0, "backfill", "errors", "treatment_goals", "--format=json", cwd=self.root, db=self.db).json()
        return sorted((error["key"][0], error["sqlstate"]) for error in errors["errors"])

    def run_once(self):
        return self.start("backfill", "run", "treatment_goals", "--batch=40", cwd=self.root, db=self.db)

    def test_dry_real_and_second_run(self):
        counts = self.reference()
        self.assertEqual(self.backfill("--dry-run", errors=1), counts)
        self.assertEqual(self.goals(), [])
        self.assertEqual(self.backfill(errors=1), counts)
        self.agrees()
        self.assertEqual(self.failed(), sorted(self.query(self.db, "SELECT session_id::text, why FROM reference.failed")))
        made = self.goals(more=", id::text")
        # What is complete has nothing to do; begun again from the first row, each goal is there already.
        self.expect(1, "backfill", "run", "treatment_goals", cwd=self.root, db=self.db)
        self.assertEqual(self.goals(more=", id::text"), made)
        second = {**counts, "goals created": 0,
                  "skipped as duplicate": counts["skipped as duplicate"] + counts["goals created"]}
        self.assertEqual(self.backfill("--again", errors=1), second)
        self.assertEqual(self.goals(more=", id::text"), made)

    def test_sessions_that_arrive_later(self):
        """Also those with lower keys than the last one done. A later run does them and no others."""
        before = self.backfill(errors=1)
        self.seed(self.sessions + 200)
        later = self.backfill(errors=1)
        failing = self.query(self.db, """
            SELECT count(*) FROM therapy_sessions AS s WHERE NOT EXISTS (SELECT FROM treatment_goals WHERE session_id = s.id)
            AND (therapist_id IS NULL OR extracted_notes::text LIKE '%%carried over%%')""")[0][0]
        self.assertEqual(later["sessions processed"], 200 - later["errors"])
        self.assertLessEqual(before["errors"] + later["errors"], failing)
        self.assertGreater(later["goals created"], 100)
        self.assertEqual(len(self.goals()), before["goals created"] + later["goals created"])
        self.assertEqual(self.query(self.db, "SELECT count(*) FROM (SELECT FROM treatment_goals"
                                             " GROUP BY patient_id, description HAVING count(*) > 1) AS twice"), [(0,)])
        self.no_orphan()

    def test_goals_from_before(self):
        """A third of the goals is there already, made by the application with other words around them."""
        self.query(self.db, """
            INSERT INTO treatment_goals (patient_id, therapist_id, description, status)
            SELECT patient_id, therapist_id, extracted_notes #>> '{action_items,0,task}', 'completed'
            FROM therapy_sessions
            WHERE therapist_id IS NOT NULL AND jsonb_typeof(extracted_notes #> '{action_items,0,task}') = 'string'
              AND session_date > '2025-06-01'""")
        counts = self.reference()
        self.assertEqual(self.backfill(errors=1), counts)
        self.assertEqual(self.query(self.db, GOALS.format("", "treatment_goals").replace(
            "ORDER BY", "WHERE session_id IS NOT NULL ORDER BY")), self.goals("reference.goals"))

    def rows_done(self):
        """By the committed batches of all runs so far."""
        return (self.query(self.db, "SELECT rows_done FROM pgbraid.backfill") or [(0,)])[0][0]

    def kill(self, process):
        self.assertIsNone(process.poll(), "it came to an end with a row ahead of it held")
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.nothing_left()
        self.no_orphan()

    def test_killed_again_and_again(self):
        """Killed at random moments, then let through: as if nothing had happened. A row some batches ahead is always held by
        the test, so that no run is at its end before it is killed, on a machine of any speed."""
        counts = self.reference()
        seed = int(os.environ.get("PGBRAID_SEED", random.SystemRandom().randrange(2**32)))
        moments = random.Random(seed)
        print(f"# PGBRAID_SEED={seed}")
        gates = [self.holding(self.db, "SELECT FROM therapy_sessions WHERE id ="
                              " (SELECT id FROM therapy_sessions ORDER BY id OFFSET %s LIMIT 1) FOR UPDATE", (nth,))
                 for nth in range(149, self.sessions, 150)]
        kills = progressed = 0
        with contextlib.ExitStack() as held:
            opened = [held.enter_context(gate) for gate in gates]
            # Whatever the moment, before the first batch too.
            for _ in range(6):
                process = self.run_once()
                time.sleep(moments.uniform(0, 0.6))
                self.kill(process)
                kills += 1
            # Behind a batch of the run's own that has committed, somewhere before the next gate; and at any moment.
            for open_gate in opened[:-1]:
                open_gate()
                for behind_a_batch in (True, False):
                    done = self.rows_done()
                    process = self.run_once()
                    if behind_a_batch:
                        self.wait_until("SELECT coalesce(max(rows_done), 0) > %s FROM pgbraid.backfill", done)
                    time.sleep(moments.uniform(0, 0.1 if behind_a_batch else 0.6))
                    self.kill(process)
                    kills += 1
                    progressed += self.rows_done() > done
        print(f"# {kills} kills, {progressed} of them after batches of their run had committed")
        self.assertEqual(kills, 6 + 2 * (len(gates) - 1))
        self.assertGreaterEqual(progressed, len(gates) - 1)
        self.expect(1, "backfill", "run", "treatment_goals", cwd=self.root, db=self.db)
        self.agrees()
        self.assertEqual(self.failed(), sorted(self.query(self.db, "SELECT session_id::text, why FROM reference.failed")))
        status = self.expect(0, "backfill", "status", "treatment_goals", "--format=json", cwd=self.root, db=self.db).json()
        backfill = status["backfills"][0]
        total = {**{line["outcome"]: line["count"] for line in backfill["outcomes"]}, "errors": backfill["errors"]}
        self.assertEqual(total, counts, f"PGBRAID_SEED={seed}")

    def test_the_seeds_are_the_same_every_time(self):
        text = "SELECT md5(string_agg(t::text, ' ' ORDER BY id)) FROM (SELECT id, patient_id, therapist_id, session_date," \
               " extracted_notes FROM therapy_sessions) AS t"
        once = self.query(self.db, text)
        self.seed(self.sessions)
        self.assertEqual(self.query(self.db, text), once)
        shapes = dict(self.query(self.db, """
            SELECT coalesce(jsonb_typeof(extracted_notes -> 'action_items'), 'none'), count(*) FROM therapy_sessions
            WHERE extracted_notes IS NOT NULL GROUP BY 1"""))
        self.assertEqual(set(shapes), {"none", "null", "array", "string", "object", "number"})
        self.assertEqual(self.query(self.db, "SELECT count(*) FROM therapy_sessions"), [(self.sessions,)])


if __name__ == "__main__":
    harness.main()
