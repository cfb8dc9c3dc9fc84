#!/usr/bin/python3
"""The main job from end to end: the therapy practice up, down and up again, alone and in a crowd, and what goes wrong."""

import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import harness  # noqa: E402
from harness import PgbraidTest  # noqa: E402

ALL = ["7cce0565853d", "808b6192c57c", "42ef48f739a4", "b2c3d4e5f6g7", "c3d4e5f6g7h8", "d4e5f6g7h8i9",
       "d5e6f7g8h9i0", "e5f6g7h8i9j0", "f6g7h8i9j0k1", "4da5acd78939", "g7h8i9j0k1l2", "e4f5g6h7i8j9"]
HEADS = {"4da5acd78939", "g7h8i9j0k1l2", "e4f5g6h7i8j9"}
ABOVE_C3D4 = {"d4e5f6g7h8i9", "d5e6f7g8h9i0", "e5f6g7h8i9j0", "f6g7h8i9j0k1", "4da5acd78939", "g7h8i9j0k1l2",
              "e4f5g6h7i8j9"}
TABLES = "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'public'"


def revision(ident, parent=None, up="", down="", extra=""):
    lines = [f"-- {ident}", f"-- pgbraid:revision {ident}"]
    if parent:
        lines.append(f"-- pgbraid:parent {parent}")
    if extra:
        lines.append(extra)
    lines += ["-- pgbraid:up", up or f"CREATE TABLE t_{ident} (id int PRIMARY KEY);"]
    if down is not None:
        lines += ["-- pgbraid:down", down or f"DROP TABLE t_{ident};"]
    return "\n".join(lines) + "\n"


class MainJob:
    """The walk of the issue; subclasses say where the database is."""

    def run_it(self, *arguments):
        return self.expect(0, *arguments, cwd=self.dir, db=self.db)

    def json(self, *arguments):
        return self.run_it(*arguments, "--format", "json").json()

    def current(self):
        return set(self.json("current")["current"])

    def applied(self):
        return set(self.json("status")["applied"])

    def tables(self):
        return self.query(self.url(), TABLES)[0][0]

    def walk(self):
        plan = self.json("upgrade", "--dry-run")["plan"]
        self.assertEqual([step["action"] for step in plan], ["upgrade"] * 12)
        self.assertEqual(plan[0]["revision"], "7cce0565853d")
        self.assertEqual({step["revision"] for step in plan}, set(ALL))
        self.assertEqual(self.tables(), 0)

        self.run_it("upgrade")
        self.assertEqual(self.current(), HEADS)
        self.assertEqual(self.tables(), 39)
        status = self.json("status")
        self.assertEqual(set(status["applied"]), set(ALL))
        for empty in ("pending", "late", "edited", "reparented", "missing", "failed"):
            self.assertEqual(status[empty], [], empty)

        # The export tables hang on c3d4e5f6g7h8, not on d4e5f6g7h8i9: they stay.
        self.run_it("downgrade", "d4e5f6g7h8i9^", "--yes")
        self.assertEqual(self.current(), {"e4f5g6h7i8j9"})
        self.assertEqual(self.applied(), set(ALL) - ABOVE_C3D4 | {"e4f5g6h7i8j9"})
        self.run_it("upgrade")
        self.assertEqual(self.current(), HEADS)
        self.run_it("downgrade", "c3d4e5f6g7h8", "--yes")
        self.assertEqual(self.current(), {"c3d4e5f6g7h8"})
        self.assertEqual(self.applied(), set(ALL) - ABOVE_C3D4)
        self.run_it("upgrade", "heads")
        self.assertEqual(self.current(), HEADS)
        self.assertEqual(self.tables(), 39)
        self.run_it("downgrade", "base", "--yes")
        self.assertEqual(self.current(), set())
        self.nothing_but_the_history()

    def nothing_but_the_history(self):
        left = self.query(self.url(), """
            SELECT n.nspname, c.relname FROM pg_catalog.pg_class c
              JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'pgbraid')
            UNION ALL
            SELECT n.nspname, p.proname FROM pg_catalog.pg_proc p
              JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
             WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgbraid')
            UNION ALL
            SELECT nspname, '' FROM pg_catalog.pg_namespace
             WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'public', 'pgbraid')
               AND nspname !~ '^pg_(toast|temp)'""")
        self.assertEqual(left, [])


class OnANamedServer(MainJob, PgbraidTest):
    def setUp(self):
        self.dir, self.db = self.copy_example("therapy"), self.new_database()

    def url(self):
        return self.db

    def test_walk(self):
        self.walk()


class OnTheEmbeddedServer(MainJob, PgbraidTest):
    def setUp(self):
        self.dir, self.db = self.copy_example("therapy"), None
        self.addCleanup(self.pgbraid, "db", "stop", cwd=self.dir)

    def url(self):
        return self.run_it("db", "url").stdout.strip()

    def test_walk(self):
        self.run_it("db", "start")
        self.walk()

    def test_first_run_says_which_server_and_stops_it(self):
        run = self.run_it("upgrade")
        self.assertIn("embedded PostgreSQL", run.stderr)
        self.assertEqual(self.current(), HEADS)
        self.assertEqual(self.pgbraid("db", "status", cwd=self.dir, env={}).stdout.count("not running"), 1)

    def test_reading_the_graph_starts_no_server(self):
        for command in (["history"], ["heads"], ["branches"], ["show", "d4e5"]):
            self.run_it(*command)
        self.assertFalse((self.dir / ".pgbraid").exists())
        self.assertEqual({r["applied"] for r in self.json("history")["revisions"]}, {None})


class Crowd(PgbraidTest):
    def test_32_runners_at_once(self):
        project, db = self.copy_example("therapy"), self.new_database()
        runners = [self.start("upgrade", cwd=project, db=db) for _ in range(32)]
        for runner in runners:
            _, stderr = runner.communicate(timeout=300)
            self.assertEqual(runner.returncode, 0, stderr)
        status = self.expect(0, "status", "--format=json", cwd=project, db=db).json()
        self.assertEqual(set(status["applied"]), set(ALL))
        # each revision once: its up would fail a second time, and the log has one event for each
        events = self.query(db, "SELECT id, count(*) FROM pgbraid.event WHERE event = 'upgrade' GROUP BY 1")
        self.assertEqual(sorted(events), sorted((ident, 1) for ident in ALL))


class WhatGoesWrong(PgbraidTest):
    def setUp(self):
        self.db = self.new_database()

    def status(self, project):
        return self.expect(0, "status", "--format=json", cwd=project, db=self.db).json()

    def test_a_failing_statement(self):
        project = self.project({
            "migrations/a_one.sql": revision("a1"),
            "migrations/b_two.sql": revision("b2", "a1", up="CREATE TABLE two (id int);\n\tSELECT nothing, 1\n  FROM two;"),
            "migrations/c_three.sql": revision("c3", "b2"),
        })
        run = self.expect(1, "upgrade", cwd=project, db=self.db)
        self.assertIn("migrations/b_two.sql:6:9: error: column \"nothing\" does not exist", run.stderr)
        lines = run.stderr.splitlines()
        source = next(i for i, line in enumerate(lines) if "SELECT nothing" in line)
        self.assertEqual(lines[source].index("nothing"), lines[source + 1].index("^"))
        self.assertIn("SQLSTATE: 42703", run.stderr)
        status = self.status(project)
        self.assertEqual(status["applied"], ["a1"])
        self.assertEqual(status["failed"], ["b2"])
        self.assertEqual(set(status["pending"]), {"b2", "c3"})
        self.assertEqual(self.query(self.db, "SELECT to_regclass('public.two')"), [(None,)])
        self.assertEqual(self.query(
            self.db, "SELECT id, sqlstate FROM pgbraid.event WHERE event = 'fail'"), [("b2", "42703")])
        error = self.expect(1, "upgrade", "--format=json", cwd=project, db=self.db).json()["error"]
        self.assertEqual((error["code"], error["sqlstate"], error["file"], error["line"], error["column"]),
                         ("sql", "42703", "migrations/b_two.sql", 6, 9))
        # mended, the next plain run goes on
        self.write(project, {"migrations/b_two.sql": revision("b2", "a1", up="CREATE TABLE two (id int);",
                                                             down="DROP TABLE two;")})
        self.expect(0, "upgrade", cwd=project, db=self.db)
        self.assertEqual(self.status(project)["failed"], [])

    def test_detail_and_hint_of_the_server(self):
        project = self.project({"migrations/a.sql": revision(
            "a1", up="CREATE TABLE a (id int PRIMARY KEY);\nINSERT INTO a VALUES (1), (1);")})
        run = self.expect(1, "upgrade", cwd=project, db=self.db)
        self.assertIn("detail: Key (id)=(1) already exists.", run.stderr)

    def test_a_downgrade_without_the_file_uses_the_stored_way_back(self):
        project = self.project({"migrations/a.sql": revision("a1"), "migrations/b.sql": revision("b2", "a1")})
        self.expect(0, "upgrade", cwd=project, db=self.db)
        (project / "migrations/b.sql").unlink()
        self.assertEqual(self.status(project)["missing"], ["b2"])
        self.assertIn("b2", self.expect(0, "upgrade", cwd=project, db=self.db).stderr)
        run = self.expect(0, "downgrade", "a1", cwd=project, db=self.db)
        self.assertIn("b2", run.stderr)
        self.assertEqual(self.query(self.db, "SELECT to_regclass('public.t_b2')"), [(None,)])
        self.assertEqual(self.status(project)["applied"], ["a1"])
        self.assertEqual(self.status(project)["missing"], [])

    def test_no_way_back_is_refused_before_anything_runs(self):
        project = self.project({
            "migrations/a.sql": revision("a1"),
            "migrations/b.sql": revision("b2", "a1", down=None),
            "migrations/c.sql": revision("c3", "b2"),
        })
        self.expect(0, "upgrade", cwd=project, db=self.db)
        run = self.expect(2, "downgrade", "base", cwd=project, db=self.db)
        self.assertIn("b2", run.stderr)
        self.assertEqual(self.status(project)["applied"], ["a1", "b2", "c3"])
        self.write(project, {"migrations/b.sql": revision("b2", "a1", down=None)
                             + "-- pgbraid:down irreversible the mails are sent\n"})
        run = self.expect(2, "downgrade", "base", cwd=project, db=self.db)
        self.assertIn("the mails are sent", run.stderr)
        self.assertEqual(self.status(project)["applied"], ["a1", "b2", "c3"])

    def test_edited(self):
        project = self.project({"migrations/a.sql": revision("a1"), "migrations/b.sql": revision("b2", "a1")})
        self.expect(0, "upgrade", cwd=project, db=self.db)
        text = (project / "migrations/a.sql").read_text()
        # a comment in the header, line ends, blanks at a line's end and the way back are no edit
        for changed in ("-- more\n" + text, text.replace("\n", "\r\n"), text.replace(";", ";  "),
                        text.replace("DROP TABLE", "DROP TABLE IF EXISTS")):
            (project / "migrations/a.sql").write_text(changed, newline="")
            self.assertEqual(self.status(project)["edited"], [], changed)
        (project / "migrations/a.sql").write_text(text.replace("PRIMARY KEY", ""))
        self.assertEqual(self.status(project)["edited"], ["a1"])
        shown = self.expect(0, "status", cwd=project, db=self.db).stdout
        self.assertIn("Edited: 1", shown)
        run = self.expect(0, "upgrade", cwd=project, db=self.db)
        self.assertIn("migrations/a.sql: edited since a1 was applied", run.stderr)

    def test_an_applied_file_that_is_broken_now_is_an_error_of_the_project(self):
        project = self.project({"migrations/a.sql": revision("a1")})
        self.expect(0, "upgrade", cwd=project, db=self.db)
        self.write(project, {"migrations/a.sql": revision("a1", up="SELECT 'x")})
        self.expect(2, "status", cwd=project, db=self.db)

    def test_late_and_reparented(self):
        project = self.project({"migrations/a.sql": revision("a1"), "migrations/c.sql": revision("c3", "a1")})
        self.expect(0, "upgrade", cwd=project, db=self.db)
        self.write(project, {"migrations/b.sql": revision("b2", "a1"), "migrations/c.sql": revision("c3", "b2")})
        status = self.status(project)
        self.assertEqual((status["pending"], status["late"], status["reparented"]), (["b2"], ["b2"], ["c3"]))
        shown = self.expect(0, "status", cwd=project, db=self.db).stdout
        self.assertIn("b2 (late)", shown)
        run = self.expect(0, "upgrade", cwd=project, db=self.db)
        self.assertIn("b2 is late", run.stderr)
        self.assertEqual(set(self.status(project)["applied"]), {"a1", "b2", "c3"})

    def test_late_refused_by_config(self):
        project = self.project({"migrations/a.sql": revision("a1"), "migrations/c.sql": revision("c3", "a1"),
                                "pgbraid.ini": "[project]\nlate = refuse\n"})
        self.expect(0, "upgrade", cwd=project, db=self.db)
        self.write(project, {"migrations/b.sql": revision("b2", "a1"), "migrations/c.sql": revision("c3", "b2")})
        self.expect(2, "upgrade", cwd=project, db=self.db)
        self.assertEqual(self.status(project)["pending"], ["b2"])

    def test_dry_run_touches_nothing(self):
        project = self.copy_example("therapy")
        for command in (["upgrade"], ["stamp", "heads"]):
            plan = self.expect(0, *command, "--dry-run", "--format=json", cwd=project, db=self.db).json()["plan"]
            self.assertEqual(len(plan), 12)
            self.expect(0, *command, "-n", cwd=project, db=self.db)
        self.assertEqual(self.query(self.db, "SELECT to_regnamespace('pgbraid')"), [(None,)])
        self.assertEqual(self.query(self.db, TABLES), [(0,)])
        self.expect(0, "upgrade", cwd=project, db=self.db)
        plan = self.expect(0, "downgrade", "d4e5f6g7h8i9^", "--dry-run", "--format=json", cwd=project,
                           db=self.db).json()["plan"]
        self.assertEqual({step["action"] for step in plan}, {"downgrade"})
        self.assertEqual({step["revision"] for step in plan}, ABOVE_C3D4 - {"e4f5g6h7i8j9"})
        self.assertEqual(plan[-1]["revision"], "d4e5f6g7h8i9")
        self.assertEqual(self.query(self.db, TABLES), [(39,)])

    def test_a_dry_run_does_not_wait_for_the_lock(self):
        project = self.project({"migrations/a.sql": revision("a1", up="SELECT pg_sleep(4);", down=None)})
        runner = self.start("upgrade", cwd=project, db=self.db)
        self.until(lambda: self.query(self.db, "SELECT count(*) FROM pg_stat_activity WHERE query ~ 'pg_sleep' "
                                               "AND datname = current_database() AND pid <> pg_backend_pid()")[0][0])
        start = time.monotonic()
        self.expect(0, "upgrade", "--dry-run", cwd=project, db=self.db)
        self.assertLess(time.monotonic() - start, 3)
        run = self.expect(5, "upgrade", "--lock-wait=0.2", cwd=project, db=self.db)
        self.assertIn("another runner is at work", run.stderr)
        self.assertEqual(runner.wait(60), 0)

    def until(self, condition, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, "did not come about in time")
            time.sleep(0.05)

    def test_interrupted(self):
        project = self.project({"migrations/a.sql": revision("a1", up="SELECT pg_sleep(60);", down=None)})
        runner = self.start("upgrade", cwd=project, db=self.db)
        self.until(lambda: self.query(self.db, "SELECT count(*) FROM pg_stat_activity WHERE query ~ 'pg_sleep' "
                                               "AND datname = current_database() AND pid <> pg_backend_pid()")[0][0])
        runner.send_signal(2)
        _, stderr = runner.communicate(timeout=30)
        self.assertEqual(runner.returncode, 1, stderr)
        self.assertIn("interrupted", stderr)
        self.assertEqual(self.status(project)["applied"], [])

    def test_stamp(self):
        project = self.copy_example("therapy")
        self.expect(0, "stamp", "c3d4e5f6g7h8", cwd=project, db=self.db)
        self.assertEqual(self.status(project)["current"], ["c3d4e5f6g7h8"])
        self.assertEqual(self.query(self.db, TABLES), [(0,)])
        self.expect(0, "stamp", "4da5acd78939", "e4f5g6h7i8j9", cwd=project, db=self.db)
        self.assertEqual(set(self.status(project)["current"]), {"4da5acd78939", "e4f5g6h7i8j9"})
        self.expect(0, "stamp", "base", cwd=project, db=self.db)
        self.assertEqual(self.status(project)["applied"], [])
        self.expect(0, "stamp", "heads", cwd=project, db=self.db)
        (project / "migrations/e4f5g6h7i8j9_add_export_tables.sql").unlink()
        self.assertEqual(self.status(project)["missing"], ["e4f5g6h7i8j9"])
        self.expect(0, "stamp", "--purge", "heads", cwd=project, db=self.db)
        self.assertEqual(self.status(project)["missing"], [])

    def test_targets(self):
        project = self.copy_example("therapy")
        self.expect(0, "upgrade", "timeline", cwd=project, db=self.db)
        self.assertEqual(self.status(project)["current"], ["d4e5f6g7h8i9"])
        self.expect(0, "upgrade", "+1", cwd=project, db=self.db)
        self.assertEqual(self.status(project)["current"], ["d5e6f7g8h9i0"])
        self.expect(0, "downgrade", "-1", cwd=project, db=self.db)
        self.assertEqual(self.status(project)["current"], ["d4e5f6g7h8i9"])
        self.expect(0, "upgrade", cwd=project, db=self.db)
        run = self.expect(2, "downgrade", "-1", cwd=project, db=self.db)
        for head in HEADS:
            self.assertIn(head, run.stderr)
        self.expect(2, "upgrade", "nosuch", cwd=project, db=self.db)
        self.expect(2, "upgrade", "d", cwd=project, db=self.db)

    def test_no_such_server(self):
        project = self.copy_example("therapy")
        for command in ("upgrade", "current", "status"):
            said = self.expect(4, command, cwd=project, db=f"host={self.folder} dbname=x connect_timeout=2").stderr
            self.assertIn("\n    Is the server running locally", said)
            self.assertNotIn("\\t", said)
        # where the database is not needed, it is not known
        run = self.expect(0, "history", "--format=json", cwd=project,
                          env={"DATABASE_URL": f"host={self.folder} dbname=x connect_timeout=2"})
        self.assertEqual({r["applied"] for r in run.json()["revisions"]}, {None})

    def test_history_knows_what_is_applied(self):
        project = self.copy_example("therapy")
        applied = lambda: {r["id"]: r["applied"] for r in self.expect(  # noqa: E731
            0, "history", "--format=json", cwd=project, db=self.db).json()["revisions"]}
        self.assertEqual(set(applied().values()), {False})
        self.expect(0, "upgrade", "c3d4", cwd=project, db=self.db)
        self.assertEqual({ident for ident, is_applied in applied().items() if is_applied}, set(ALL) - ABOVE_C3D4)

    def test_a_broken_project_reaches_no_server(self):
        project = self.copy_example("therapy-conflict")
        run = self.expect(2, "upgrade", cwd=project, db=self.db)
        self.assertIn("d4e5f6g7h8i9_add_export_tables.sql", run.stderr)
        self.assertIn("d4e5f6g7h8i9_add_timeline_events.sql", run.stderr)
        self.assertEqual(self.query(self.db, "SELECT to_regnamespace('pgbraid')"), [(None,)])
        error = self.expect(2, "upgrade", "--format=json", cwd=project, db=self.db).json()["error"]
        self.assertEqual(error["code"], "project")

    def test_hostile_names_stay_harmless(self):
        project = self.project({"migrations/a.sql": "-- title \x1b[31mred\n-- pgbraid:revision a1\n-- pgbraid:up\n"
                                                    "SELECT 1;\n"})
        for command in (["history"], ["upgrade"], ["status"], ["show", "a1"]):
            run = self.pgbraid(*command, cwd=project, db=self.db)
            self.assertNotIn("\x1b", run.stdout + run.stderr)
        json.loads(self.expect(0, "history", "--format=json", cwd=project, db=self.db).stdout)


if __name__ == "__main__":
    harness.main()
