#!/usr/bin/python3
"""A backfill that is killed at random moments, in every way there is: nothing lost, nothing twice, and the counts of an
undisturbed run. PGBRAID_KILLS sets how many times, PGBRAID_SEED which."""
import contextlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness
import server as servers
from harness import PgbraidTest

KILLS = int(os.environ.get("PGBRAID_KILLS", "200"))
SECONDS = float(os.environ.get("PGBRAID_KILL_SECONDS", "50"))
SEED = int(os.environ.get("PGBRAID_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
HITS = min(KILLS, 40) // 4 + 1
ROWS, BATCH = 400, 5

BASE = """-- sessions and goals
-- pgbraid:revision a1
-- pgbraid:up
CREATE TABLE people (id int PRIMARY KEY);
CREATE TABLE sessions (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), person int, items text[]);
CREATE TABLE goals (id int GENERATED ALWAYS AS IDENTITY, session uuid REFERENCES sessions (id), person int NOT NULL REFERENCES people (id), item text);
-- pgbraid:down
DROP TABLE goals, sessions, people;
"""
# Not idempotent at all: a row that is done twice, or half, shows.
FILE = """-- goals
-- pgbraid:requires a1
-- pgbraid:source sessions
-- pgbraid:key id
-- pgbraid:run
WITH made AS (
    INSERT INTO goals (session, person, item) SELECT b.id, b.person, i FROM batch b, unnest(b.items) i RETURNING 1
)
SELECT 'sessions' AS outcome, (SELECT count(*) FROM batch) AS count, NULL::text AS detail
UNION ALL SELECT 'goals', (SELECT count(*) FROM made), NULL
"""
FILL = f"""INSERT INTO people SELECT generate_series(1, 20);
INSERT INTO sessions (person, items) SELECT CASE WHEN i % 97 = 0 THEN 999 ELSE 1 + i % 20 END, (ARRAY['a', 'b', 'c'])[1 : i % 4]
FROM generate_series(1, {ROWS}) i"""


class KillTest(PgbraidTest):
    def setUp(self):
        super().setUp()
        self.own = servers.start_server(restart_after_crash="on", fsync="off", autovacuum="off")
        self.addCleanup(self.own.stop)
        self.db = self.own.uri("postgres")
        self.root = self.project({"migrations/a1_base.sql": BASE, "backfills/goals.sql": FILE})
        self.random = random.Random(SEED)
        self.connection = None
        self.addCleanup(lambda: self.connection is not None and self.connection.close())
        self.expect(0, "upgrade", "-q", cwd=self.root, db=self.db)
        self.own.execute(FILL)

    def ask(self, sql):
        """Patient: the server may be restarting."""
        end = time.monotonic() + 30
        while True:
            try:
                if self.connection is None:
                    self.connection = self.own.connect()
                with self.connection.cursor() as cursor:
                    cursor.execute(sql)
                    return cursor.fetchall() if cursor.description else None
            except Exception:
                if self.connection is not None:
                    self.connection.close()
                    self.connection = None
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)

    def run_backfill(self, *more):
        return self.start("backfill", "run", "goals", "--batch", BATCH, *more, cwd=self.root, db=self.db)

    def state(self):
        """What must agree at any moment, as one row of one snapshot."""
        number = self.ask("SELECT id, epoch, state FROM pgbraid.backfill")
        if not number:
            return None
        number, epoch, state = number[0]
        return dict(zip(
            ("state", "rows_done", "keys", "distinct_keys", "errors", "counted_sessions", "counted_goals", "goals",
             "owed", "run_rows", "orphans"),
            (state, *self.ask(f"""
                WITH done AS (SELECT unnest(k1) AS id FROM pgbraid.backfill_done_{number}),
                     fault AS (SELECT key[1]::uuid AS id FROM pgbraid.backfill_error)
                SELECT (SELECT rows_done FROM pgbraid.backfill), (SELECT count(*) FROM done), (SELECT count(DISTINCT id) FROM done),
                       (SELECT count(*) FROM fault),
                       (SELECT coalesce(sum(count), 0) FROM pgbraid.backfill_outcome WHERE outcome = 'sessions' AND epoch = {epoch}),
                       (SELECT coalesce(sum(count), 0) FROM pgbraid.backfill_outcome WHERE outcome = 'goals' AND epoch = {epoch}),
                       (SELECT count(*) FROM goals),
                       (SELECT coalesce(sum(cardinality(items)), 0) FROM sessions
                        WHERE id IN (SELECT id FROM done) AND id NOT IN (SELECT id FROM fault)),
                       (SELECT sum(rows) FROM pgbraid.backfill_run WHERE epoch = {epoch}),
                       (SELECT count(*) FROM goals WHERE session NOT IN (SELECT id FROM done))""")[0])))

    def problems(self, s):
        """Empty when nothing is lost, twice, or half recorded."""
        wrong = []
        if s is None:
            return wrong
        if not s["rows_done"] == s["keys"] == s["distinct_keys"] == s["run_rows"]:
            wrong.append("rows counted and keys differ")
        if s["counted_sessions"] + s["errors"] != s["rows_done"]:
            wrong.append("sessions counted and rows differ")
        if not s["counted_goals"] == s["goals"] == s["owed"]:
            wrong.append("goals counted, there and owed differ")
        if s["orphans"]:
            wrong.append("goals of sessions that nobody answered for")
        return wrong

    def quiet(self):
        """The backend of a killed client ends soon; only then can be looked."""
        end = time.monotonic() + 30
        while self.ask("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgbraid'")[0][0]:
            self.assertLess(time.monotonic(), end, "a backend was left behind")
            time.sleep(0.01)

    def finish(self):
        process = self.run_backfill()
        out, err = process.communicate(timeout=120)
        self.assertIn(process.returncode, (0, 1), out + err)
        return self.state()

    def test_control(self):
        """The looking is of use: a batch whose record is missing, and one that is done twice, are seen."""
        self.assertEqual(self.problems(self.finish()), [])
        number = self.ask("SELECT id FROM pgbraid.backfill")[0][0]
        self.ask("INSERT INTO goals (session, person, item) SELECT session, person, item FROM goals LIMIT 1")
        self.assertTrue(self.problems(self.state()))
        self.ask("DELETE FROM goals WHERE id = (SELECT max(id) FROM goals)")
        self.assertEqual(self.problems(self.state()), [])
        self.ask(f"DELETE FROM pgbraid.backfill_done_{number} WHERE seq = 3")
        self.assertTrue(self.problems(self.state()))

    def wait_for_a_moment(self, process, before):
        """Most moments lie in the work, some before it."""
        if self.random.random() < 0.15:
            time.sleep(self.random.random() * 0.4)
            return
        had = before["rows_done"] if before is not None else 0
        while process.poll() is None:
            rows = self.ask("SELECT rows_done FROM pgbraid.backfill")
            if rows and rows[0][0] > had:
                break
        time.sleep(self.random.random() ** 2 * 0.15)

    def act(self, process, kind):
        if kind == "kill":
            process.send_signal(signal.SIGKILL)
        elif kind == "terminate":
            self.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pgbraid'")
        elif kind == "cancel":
            self.ask("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'pgbraid' AND query !~ 'advisory'")
        elif kind == "interrupt":
            process.send_signal(signal.SIGINT)
        elif kind == "crash":  # a backend killed hard: the server restarts
            pids = self.ask("SELECT pid FROM pg_stat_activity WHERE application_name = 'pgbraid'")
            for (pid,) in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def test_at_random_moments(self):
        print(f"# seed {SEED}", flush=True)
        want = self.finish()
        want_errors = self.ask("SELECT key, sqlstate FROM pgbraid.backfill_error ORDER BY key")
        self.assertEqual(want["rows_done"], ROWS)
        self.assertGreater(want["errors"], 2)
        end, acts, hit, rounds = time.monotonic() + SECONDS, 0, 0, 0
        kinds = ["kill"] * 10 + ["terminate"] * 5 + ["cancel"] * 2 + ["interrupt"] * 2 + ["crash"]
        # On a slow machine longer, until enough were in the middle.
        while hit < HITS or acts < KILLS and time.monotonic() < end:
            self.ask("TRUNCATE goals")
            self.ask("DELETE FROM pgbraid.backfill")
            self.ask("DELETE FROM pgbraid.backfill_error")
            self.ask("DELETE FROM pgbraid.backfill_run")
            self.ask("DELETE FROM pgbraid.backfill_outcome")
            rounds += 1
            for _ in range(60):
                before = self.state()
                process = self.run_backfill()
                self.wait_for_a_moment(process, before)
                kind = self.random.choice(kinds)
                acts += 1
                self.act(process, kind)
                out, err = process.communicate(timeout=60)
                self.quiet()
                after = self.state()
                self.assertEqual(self.problems(after), [], f"after {kind}, act {acts}, seed {SEED}: {after}\n{out}{err}")
                if after is not None and after["rows_done"] < ROWS and after != before:
                    hit += 1
                if after is not None and after["state"] in ("complete", "errors"):
                    break
                if hit >= HITS and (acts >= KILLS or time.monotonic() > end):
                    break
            last = self.finish()
            self.quiet()
            self.assertEqual({**last, "state": None}, {**want, "state": None}, f"seed {SEED}")
            self.assertEqual(self.ask("SELECT key, sqlstate FROM pgbraid.backfill_error ORDER BY key"), want_errors)
            self.assertEqual(self.ask("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), [(0,)])
        print(f"# {acts} acts in {rounds} rounds, {hit} of them in the middle of the work", flush=True)


if __name__ == "__main__":
    harness.main()
