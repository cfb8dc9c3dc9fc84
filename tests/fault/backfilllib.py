"""A backfill under faults: its data and project in a database that is made as new for every round, and what must agree at
any moment whatever was done to the run, its connection or the server.

The statement is not idempotent at all: a row that is done twice, half or not at all shows in the goals.
"""

import contextlib
import json
import subprocess
import time

import faultlib

BASE = """-- sessions and goals
-- pgbraid:revision a1
-- pgbraid:up
CREATE TABLE people (id int PRIMARY KEY);
CREATE TABLE sessions (id uuid PRIMARY KEY, person int, items text[]);
CREATE TABLE goals (id int GENERATED ALWAYS AS IDENTITY, session uuid REFERENCES sessions (id),
                    person int NOT NULL REFERENCES people (id), item text);
-- pgbraid:down
DROP TABLE goals, sessions, people;
"""
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
# Every `fault`-th row belongs to a person who is not there, which is a fault where it has an item.
FILL = """INSERT INTO people SELECT generate_series(1, 20);
INSERT INTO sessions SELECT md5(i::text)::uuid, CASE WHEN i % {fault} = 0 THEN 999 ELSE 1 + i % 20 END,
                            (ARRAY['a', 'b', 'c'])[1 : i % 4]
FROM generate_series(1, {rows}) i"""
STATE = """
    WITH done AS (SELECT unnest(k1) AS id FROM pgbraid.backfill_done_{id}),
         fault AS (SELECT key[1]::uuid AS id FROM pgbraid.backfill_error)
    SELECT b.rows_done, (SELECT count(*) FROM done) AS keys, (SELECT count(DISTINCT id) FROM done) AS distinct_keys,
           (SELECT sum(rows) FROM pgbraid.backfill_run r WHERE r.epoch = b.epoch) AS run_rows,
           (SELECT count(*) FROM fault) AS errors,
           (SELECT coalesce(sum(count), 0) FROM pgbraid.backfill_outcome o
            WHERE o.outcome = 'sessions' AND o.epoch = b.epoch) AS counted_sessions,
           (SELECT coalesce(sum(count), 0) FROM pgbraid.backfill_outcome o
            WHERE o.outcome = 'goals' AND o.epoch = b.epoch) AS counted_goals,
           (SELECT count(*) FROM goals) AS goals,
           (SELECT coalesce(sum(cardinality(items)), 0) FROM sessions
            WHERE id IN (SELECT id FROM done) AND id NOT IN (SELECT id FROM fault)) AS owed,
           (SELECT count(*) FROM goals WHERE session NOT IN (SELECT id FROM done)) AS orphans,
           b.state
    FROM pgbraid.backfill b"""


class Course:
    """One backfill, with its database, project, and a connection that survives the server."""

    def __init__(self, test, server, name, rows, batch, fault):
        self.test, self.server, self.rows, self.batch = test, server, rows, batch
        self.database = f"bf_{test.folder.name}_{name}".lower()
        self.uri = server.uri(self.database)
        self.connection = None
        self.folder = test.folder / name
        self.folder.mkdir()
        self.root = self.folder / "project"
        self.root.mkdir()
        test.write(self.root, {"migrations/a1_base.sql": BASE, "backfills/goals.sql": FILE})
        server.execute(f'CREATE DATABASE "{self.database}"')
        test.addCleanup(self.drop)
        self.subject = faultlib.plain()
        done = self.run("upgrade", "-q")
        test.assertEqual(done.status, 0, str(done))
        self.ask(FILL.format(rows=rows, fault=fault))
        done = self.backfill()
        self.want, self.want_goals = self.state(), self.goals()
        # The undisturbed run, which all others are compared with.
        test.assertEqual(self.want["rows_done"], rows, str(done))
        test.assertEqual(self.want["errors"], sum(1 for i in range(fault, rows + 1, fault) if i % 4))
        test.assertEqual(self.problems(self.want), [])

    def drop(self):
        if self.connection is not None:
            self.connection.close()
        with contextlib.suppress(Exception):  # a server of the test's own is gone already
            self.server.execute(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')

    def ask(self, sql):
        """Patient: the server may be restarting."""
        end = time.monotonic() + 60
        while True:
            try:
                if self.connection is None:
                    self.connection = self.server.connect(self.database, application_name="looking")
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

    # Running.

    def start(self, *words, uri=None, wrap=()):
        return subprocess.Popen(
            [*wrap, *self.subject.argv(uri or self.uri, words)], cwd=self.root, env=self.test.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def end(self, process, timeout=60):
        return faultlib.Attempt.end(self, process, timeout)

    def run(self, *words, uri=None, wrap=()):
        return self.end(self.start(*words, uri=uri, wrap=wrap))

    def words(self, *more):
        return ("backfill", "run", "goals", "--format", "json", "--batch", str(self.batch), *more)

    def backfill(self, *more, uri=None, wrap=()):
        return self.run(*self.words(*more), uri=uri, wrap=wrap)

    # Looking.

    def reset(self):
        """As if it had never been begun."""
        self.quiet()
        self.ask("TRUNCATE goals, pgbraid.backfill, pgbraid.backfill_error, pgbraid.backfill_run, pgbraid.backfill_outcome"
                 " CASCADE")
        if self.state() is not None or self.goals():
            raise AssertionError("the reset did not work")

    def state(self):
        """One row of one snapshot; None: it was never begun."""
        found = self.ask("SELECT id FROM pgbraid.backfill")
        if not found:
            return None
        return self.ask(f"SELECT to_jsonb(s) FROM ({STATE.format(id=found[0][0])}) s")[0][0]

    def goals(self):
        return self.ask("SELECT session::text, person, item FROM goals ORDER BY 1, 2, 3")

    @staticmethod
    def problems(s):
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

    def quiet(self, seconds=30):
        """Waits until no backend of ours is left: what was sent runs to its end first. What is left then."""
        end = time.monotonic() + seconds
        while True:
            left = self.ask("SELECT pid, state, left(query, 60) FROM pg_stat_activity WHERE datname = current_database()"
                            " AND application_name = 'pgbraid'")
            if not left or time.monotonic() > end:
                return left
            time.sleep(0.005)

    # Judging.

    def check(self, result, tally, point, killed=False):
        """After a fault: nothing half, nothing left behind, and what the run said is true. The state."""
        left = self.quiet()
        if left:
            tally.broke("left behind", point, f"backends {left}; {result}")
        state = self.state()
        wrong = self.problems(state)
        if wrong:
            tally.broke("half", point, f"{wrong}: {state}; {result}")
        if killed:
            return state
        if result.status is None:
            tally.broke("hang", point, str(result))
        elif result.status not in faultlib.STATUSES:
            tally.broke("crash", point, str(result))
        elif result.status == faultlib.UNKNOWN:
            tally.broke("wrong", point, f"unknown, though the server could be asked: {result}")
        self.check_words(result, state, tally, point)
        return state

    def check_words(self, result, state, tally, point):
        """The summary of a run that came to an end counts what its record counts."""
        try:
            said = (json.loads(result.stdout).get("backfills") or [None])[0]
        except ValueError:
            said = None
        whole = result.status == 0 or said is not None and said["state"] in ("complete", "errors")
        if whole and (state is None or {**state, "state": ""} != {**self.want, "state": ""}):
            tally.broke("false success", point, f"{state} instead of {self.want}; {result}")
        if said is not None and said.get("run"):
            row = self.ask(f"SELECT rows, errors FROM pgbraid.backfill_run WHERE run = '{said['run']}'")
            if row and row[0] != (said["rows"], said["errors"]):
                tally.broke("wrong", point, f"it says {said['rows']} rows and {said['errors']} at fault, the record {row}; "
                                            f"{result}")

    def converge(self, tally, point):
        """The next plain run ends as the undisturbed one did."""
        again = self.backfill()
        self.quiet()
        state, goals = self.state(), self.goals()
        if state != self.want or goals != self.want_goals:
            tally.broke("not converging", point, f"{state} instead of {self.want}, goals "
                                                 f"{'equal' if goals == self.want_goals else 'differ'}; {again}")
        locks = self.ask("SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                         " WHERE l.locktype = 'advisory' AND d.datname = current_database()")
        if locks != [(0,)]:
            tally.broke("left behind", point, "advisory locks")
