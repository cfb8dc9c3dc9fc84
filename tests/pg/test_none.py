#!/usr/bin/python3
"""Revisions outside a transaction, `repair`, and `--sql`: on a real server."""
import hashlib
import os
import pathlib
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness
from harness import PgbraidTest

BASE = """-- base
-- pgbraid:revision a1
-- pgbraid:up
CREATE TYPE mood AS ENUM ('sad');
CREATE TABLE t (a int, b text);
INSERT INTO t SELECT g, g::text FROM generate_series(1, 100) g;
-- pgbraid:down
DROP TABLE t;
DROP TYPE mood;
"""
OUTSIDE = """-- outside
-- pgbraid:revision b2
-- pgbraid:parent a1
-- pgbraid:transaction none
-- pgbraid:up
SET search_path = public;
ALTER TYPE mood ADD VALUE 'ok';
CREATE INDEX CONCURRENTLY t_a ON t (a);
CREATE UNIQUE INDEX CONCURRENTLY t_b ON t (b);
INSERT INTO t VALUES (200, 'two hundred');
COPY t FROM stdin;
300\tthree hundred
\\.
VACUUM t;
-- pgbraid:verify
SELECT count(*) = 2 FROM pg_index WHERE indrelid = 't'::regclass AND indisvalid;
-- pgbraid:down
DELETE FROM t WHERE a >= 200;
DROP INDEX CONCURRENTLY t_b;
DROP INDEX CONCURRENTLY t_a;
"""
INDEXES = "SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indrelid = 't'::regclass ORDER BY 1"


class Base(PgbraidTest):
    def setUp(self):
        super().setUp()
        self.db = self.new_database()
        self.root = self.project({"migrations/a1_base.sql": BASE, "migrations/b2_outside.sql": OUTSIDE})
        self.file = self.root / "migrations" / "b2_outside.sql"

    def run_it(self, status, *arguments):
        return self.expect(status, *arguments, cwd=self.root, db=self.db)

    def steps(self):
        return self.query(self.db, "SELECT ordinal, state FROM pgbraid.step ORDER BY ordinal")

    def edit(self, old, new):
        text = self.file.read_text()
        self.assertIn(old, text)
        self.file.write_text(text.replace(old, new))


class OutsideTest(Base):
    def test_runs_and_reverts(self):
        self.run_it(0, "upgrade")
        self.assertEqual(self.query(self.db, INDEXES), [("t_a", True), ("t_b", True)])
        self.assertEqual(self.query(self.db, "SELECT count(*) FROM t"), [(102,)])
        self.assertEqual(self.steps(), [])
        self.assertEqual(self.query(self.db, "SELECT id, state FROM pgbraid.revision ORDER BY id"),
                         [("a1", "applied"), ("b2", "applied")])
        self.run_it(0, "downgrade", "a1", "--yes")
        self.assertEqual(self.query(self.db, INDEXES), [])
        self.assertEqual(self.query(self.db, "SELECT id FROM pgbraid.revision"), [("a1",)])

    def test_a_failed_index_is_cleared_away_and_the_rest_resumed(self):
        self.run_it(0, "upgrade", "a1")
        self.query(self.db, "INSERT INTO t VALUES (1, '1')")
        failed = self.run_it(1, "upgrade")
        self.assertIn("b2_outside.sql:9:1: error: could not create unique index", failed.stderr)
        self.assertEqual(self.query(self.db, INDEXES), [("t_a", True)])
        self.assertEqual(self.steps(), [(1, "done"), (2, "done"), (3, "done")])
        status = self.run_it(0, "status", "--format", "json").json()
        self.assertEqual(status["incomplete"], ["b2"])
        self.assertEqual(status["applied"], ["a1"])
        self.query(self.db, "DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t WHERE a = 1)")
        before = self.query(self.db, "SELECT 't_a'::regclass::oid")
        self.run_it(0, "upgrade")
        self.assertEqual(self.query(self.db, "SELECT 't_a'::regclass::oid"), before, "built twice")
        self.assertEqual(self.query(self.db, INDEXES), [("t_a", True), ("t_b", True)])

    def test_killed_while_an_index_is_built(self):
        self.run_it(0, "upgrade", "a1")
        holder = self.connect(self.db)
        holder.cursor().execute("BEGIN; INSERT INTO t VALUES (50, 'held')")
        child = self.start("upgrade", cwd=self.root, db=self.db, stderr=subprocess.PIPE)
        for _ in range(300):
            if self.query(self.db, INDEXES) and self.steps()[-1:] == [(3, "intent")]:
                break
            time.sleep(0.02)
        self.assertEqual(self.query(self.db, INDEXES), [("t_a", False)])
        child.kill()
        child.wait()
        # the orphan goes on building until its server notices, or ends when the table is free
        holder.cursor().execute("ROLLBACK")
        self.run_it(0, "upgrade")
        self.assertEqual(self.query(self.db, INDEXES), [("t_a", True), ("t_b", True)])
        self.assertEqual(self.steps(), [])

    def test_an_edited_statement_is_not_resumed_over(self):
        self.run_it(0, "upgrade", "a1")
        self.query(self.db, "INSERT INTO t VALUES (1, '1')")
        self.run_it(1, "upgrade")
        self.edit("t_a ON t (a)", "t_a ON t (a DESC)")
        refused = self.run_it(2, "upgrade")
        self.assertIn("statement 3 of b2 was edited after it had been run", refused.stderr)
        self.assertIn("b2_outside.sql:8", refused.stderr)
        self.edit("t_a ON t (a DESC)", "t_a ON t (a)")
        # what was not begun may be edited
        self.edit("CREATE UNIQUE INDEX CONCURRENTLY t_b", "CREATE INDEX CONCURRENTLY t_b")
        self.run_it(0, "upgrade")
        self.assertEqual(self.query(self.db, INDEXES), [("t_a", True), ("t_b", True)])

    def test_an_invalid_index_of_others_is_not_taken_for_ours(self):
        self.run_it(0, "upgrade", "a1")
        self.query(self.db, "INSERT INTO t VALUES (1, '1')")
        with self.assertRaises(Exception):
            self.query(self.db, "CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (b)")
        self.assertEqual(self.query(self.db, INDEXES), [("t_a", False)])
        self.edit("CONCURRENTLY t_a", "CONCURRENTLY IF NOT EXISTS t_a")
        failed = self.run_it(1, "upgrade")
        self.assertIn("was there before, and it is invalid", failed.stderr)
        self.assertIn("DROP INDEX CONCURRENTLY", failed.stderr)
        self.assertEqual(self.query(self.db, INDEXES), [("t_a", False)])

    def test_what_is_not_understood_is_refused_beforehand(self):
        self.edit("VACUUM t;", "FROBNICATE t;")
        refused = self.run_it(2, "upgrade")
        self.assertIn("b2_outside.sql:14:", refused.stderr)
        self.assertIn("not understood", refused.stderr)
        self.assertEqual(self.query(self.db, "SELECT to_regclass('t')::text"), [(None,)])

    def test_an_undecided_statement_waits_for_a_person(self):
        self.file.write_text(OUTSIDE.replace("VACUUM t;\n", "").split("SET search_path")[0]
                             + "CREATE INDEX CONCURRENTLY ON t (a);\n-- pgbraid:down\nSELECT 1;\n")
        self.run_it(0, "upgrade", "a1")
        self.query(self.db, "INSERT INTO t VALUES (1, '1')")
        self.edit("CREATE INDEX CONCURRENTLY ON t (a)", "CREATE UNIQUE INDEX CONCURRENTLY ON t (a)")
        self.run_it(1, "upgrade")
        # an intent of an interrupted run, and two new indexes that could both be its
        self.query(self.db, "DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t WHERE a = 1)")
        sql = "CREATE UNIQUE INDEX CONCURRENTLY ON t (a)"
        hashes = {hashlib.sha256(s.encode()).hexdigest() for s in (sql, sql + ";")}
        self.query(self.db, "INSERT INTO pgbraid.step (project, id, direction, ordinal, hash, kind, object, state,"
                            " before, run) SELECT project, id, 'up', 1, %s, 'CREATE UNIQUE INDEX CONCURRENTLY', '',"
                            " 'intent', '', run FROM pgbraid.revision WHERE id = 'b2'", [sorted(hashes)[0]])
        self.query(self.db, "CREATE INDEX one ON t (a)")
        self.query(self.db, "CREATE INDEX two ON t (b)")
        results = []
        for guess in sorted(hashes):
            self.query(self.db, "UPDATE pgbraid.step SET hash = %s", [guess])
            results.append(self.pgbraid("upgrade", cwd=self.root, db=self.db))
        undecided = [r for r in results if r.returncode == 6]
        self.assertEqual(len(undecided), 1, results)
        self.assertIn("pgbraid repair b2 --statement 1 --done", undecided[0].stderr)
        if results[0].returncode == 6:
            self.query(self.db, "UPDATE pgbraid.step SET hash = %s", [sorted(hashes)[0]])
        self.run_it(2, "repair", "b2", "--statement", "2", "--done")
        self.run_it(2, "repair", "b2", "--statement", "1")
        self.run_it(0, "repair", "b2", "--statement", "1", "--done")
        self.run_it(0, "upgrade")
        self.assertEqual(self.query(self.db, INDEXES), [("one", True), ("two", True)])
        self.assertIn("was declared done", str(self.query(self.db, "SELECT message FROM pgbraid.event "
                                                                   "WHERE event = 'repair'")))


class KindsTest(Base):
    """Each kind of statement that no transaction protects, interrupted, and gone on with."""

    def outside(self, up, down="SELECT 1;", before=""):
        self.write(self.root, {"migrations/a1_base.sql": BASE.replace("-- pgbraid:down", before + "\n-- pgbraid:down", 1)})
        self.file.write_text("-- outside\n-- pgbraid:revision b2\n-- pgbraid:parent a1\n-- pgbraid:transaction none\n"
                             f"-- pgbraid:up\n{up}\n-- pgbraid:down\n{down}\n")
        self.run_it(0, "upgrade", "a1")

    def interrupted(self, wait_for, parameters=None):
        """Ends the backend while it waits for a writer, at the point where wait_for has a row."""
        holder = self.connect(self.db)
        holder.cursor().execute("BEGIN; INSERT INTO t VALUES (50, 'held')")
        child = self.start("upgrade", cwd=self.root, db=self.db)
        for _ in range(600):
            if found := self.query(self.db, wait_for, parameters):
                break
            time.sleep(0.02)
        self.query(self.db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
                            "application_name LIKE 'pgbraid%'")
        child.communicate(timeout=60)
        holder.cursor().execute("ROLLBACK")
        self.assertTrue(found, "the interruption came too late")
        self.assertNotEqual(child.returncode, 0)
        return found

    def test_reindex_leaves_nothing_over(self):
        self.outside("REINDEX TABLE CONCURRENTLY t;\nINSERT INTO t VALUES (7, 'after');",
                     before="CREATE INDEX t_a ON t (a); CREATE TABLE other (a int);")
        left = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1"
        self.interrupted(left)
        self.assertIn(("t_a_ccnew",), self.query(self.db, left))  # and that of its TOAST table, perhaps
        # what somebody else's leaves in another table is theirs
        self.query(self.db, "CREATE INDEX other_ccnew ON other (a)")
        self.query(self.db, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'other_ccnew'::regclass")
        self.run_it(0, "upgrade")
        self.assertEqual(self.query(self.db, left), [("other_ccnew",)])
        self.assertEqual(self.query(self.db, "SELECT count(*) FROM t WHERE b = 'after'"), [(1,)])

    def test_drop_index(self):
        self.outside("DROP INDEX CONCURRENTLY t_a;\nINSERT INTO t VALUES (7, 'after');",
                     before="CREATE INDEX t_a ON t (a);")
        self.interrupted("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'DROP INDEX%'")
        self.run_it(0, "upgrade")
        self.assertEqual(self.query(self.db, "SELECT to_regclass('t_a')::text"), [(None,)])
        self.assertEqual(self.query(self.db, "SELECT count(*) FROM t WHERE b = 'after'"), [(1,)])

    def test_detach_partition(self):
        self.outside("ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;\nINSERT INTO t VALUES (7, 'after');",
                     before="CREATE TABLE p (a int) PARTITION BY RANGE (a); "
                            "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9);")
        holder = self.connect(self.db)
        holder.cursor().execute("BEGIN; SELECT count(*) FROM p")
        child = self.start("upgrade", cwd=self.root, db=self.db)
        for _ in range(600):
            if self.query(self.db, "SELECT 1 FROM pg_inherits WHERE inhdetachpending"):
                break
            time.sleep(0.02)
        self.query(self.db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
                            "application_name LIKE 'pgbraid%'")
        child.communicate(timeout=60)
        self.assertEqual(self.query(self.db, "SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = 'p1'::regclass"),
                         [(True,)])
        holder.cursor().execute("ROLLBACK")
        self.run_it(0, "upgrade")
        self.assertEqual(self.query(self.db, "SELECT count(*) FROM pg_inherits WHERE inhrelid = 'p1'::regclass"), [(0,)])
        self.assertEqual(self.query(self.db, "SELECT count(*) FROM t WHERE b = 'after'"), [(1,)])

    def test_database_and_system_statements_run(self):
        name = f"made_{os.getpid()}"
        self.addCleanup(self.query, self.db, f"DROP DATABASE IF EXISTS {name}")
        self.outside(f"CREATE DATABASE {name};\nVACUUM t;\nREINDEX SCHEMA public;\nALTER SYSTEM SET log_statement = 'none';\n"
                     f"ALTER SYSTEM RESET log_statement;\nDROP DATABASE {name};\nSELECT 1/0;")
        failed = self.run_it(1, "upgrade")
        self.assertIn("b2_outside.sql:12", failed.stderr)
        self.assertEqual([state for _, state in self.steps()], ["done"] * 6)
        # as if it had been interrupted at each: what can be looked at is, what is harmless runs again
        for ordinal in range(1, 7):
            self.query(self.db, "UPDATE pgbraid.step SET state = 'done'")
            # with a mark of what was there before: the database that the last one dropped
            self.query(self.db, f"UPDATE pgbraid.step SET state = 'intent', before = CASE {ordinal} WHEN 6 THEN '1' ELSE '' END"
                                f" WHERE ordinal = {ordinal}")
            self.query(self.db, f"DELETE FROM pgbraid.step WHERE ordinal > {ordinal}")
            if 1 < ordinal < 6:
                self.query(self.db, f"CREATE DATABASE {name}")  # as the first statement had left it
            run = self.run_it(1, "upgrade")
            self.assertIn("b2_outside.sql:12", run.stderr)
            self.assertEqual([state for _, state in self.steps()], ["done"] * 6)


class RepairTest(Base):
    def test_an_edited_file(self):
        self.run_it(0, "upgrade", "a1")
        path = self.root / "migrations" / "a1_base.sql"
        path.write_text(BASE.replace("b text", "b varchar"))
        self.assertEqual(self.run_it(0, "status", "--format", "json").json()["edited"], ["a1"])
        shown = self.run_it(0, "repair", "--dry-run")
        self.assertIn("-CREATE TABLE t (a int, b text);", shown.stderr)
        self.assertIn("+CREATE TABLE t (a int, b varchar);", shown.stderr)
        self.run_it(2, "repair")  # which one must be said where nobody can be asked
        self.assertEqual(self.run_it(0, "status", "--format", "json").json()["edited"], ["a1"])
        self.run_it(0, "repair", "a1")
        self.assertEqual(self.run_it(0, "status", "--format", "json").json()["edited"], [])
        self.assertEqual(self.query(self.db, "SELECT event FROM pgbraid.event ORDER BY seq"),
                         [("upgrade",), ("repair",)])
        self.assertIn("varchar", self.query(self.db, "SELECT up FROM pgbraid.revision")[0][0])
        self.run_it(2, "repair", "a1")

    def test_new_parents(self):
        self.run_it(0, "upgrade")
        self.write(self.root, {"migrations/c3_between.sql": "-- between\n-- pgbraid:revision c3\n-- pgbraid:parent a1\n"
                                                   "-- pgbraid:up\nSELECT 1;\n-- pgbraid:down\nSELECT 1;\n"})
        self.edit("parent a1", "parent c3")
        self.assertEqual(self.run_it(0, "status", "--format", "json").json()["reparented"], ["b2"])
        shown = self.run_it(0, "repair", "b2")
        self.assertIn("as recorded: a1; in the file: c3", shown.stderr)
        self.assertEqual(self.run_it(0, "status", "--format", "json").json()["reparented"], [])
        self.assertEqual(self.query(self.db, "SELECT parents FROM pgbraid.revision WHERE id = 'b2'"), [(["c3"],)])


class ScriptTest(Base):
    ROWS = ("SELECT id, parents, depends, labels, title, file, header, up, down, up_raw, up_norm, down_raw, state,"
            " has_down, transaction_none FROM pgbraid.revision ORDER BY id")

    def psql(self, db, script):
        path = self.folder / "script.sql"
        path.write_text(script)
        return subprocess.run(["psql", "-X", "-q", "-d", db, "-f", path], capture_output=True, text=True,
                              env=self.environment())

    def schema(self, db):
        dump = subprocess.run(["pg_dump", "-s", "-N", "pgbraid", "-d", db], capture_output=True, text=True, check=True,
                              env=self.environment()).stdout
        return [line for line in dump.splitlines() if "restrict" not in line]

    def both_ways(self, root):
        direct, scripted = self.new_database(), self.new_database()
        self.expect(0, "upgrade", cwd=root, db=direct)
        script = self.expect(0, "upgrade", "--sql", cwd=root, db=scripted).stdout
        self.assertEqual(self.query(scripted, "SELECT to_regnamespace('pgbraid')::text"), [(None,)])
        done = self.psql(scripted, script)
        self.assertEqual(done.returncode, 0, done.stderr)
        status = self.expect(0, "status", "--format", "json", cwd=root, db=scripted).json()
        for member in ("pending", "late", "edited", "reparented", "missing", "failed"):
            self.assertEqual(status[member], [], member)
        self.assertEqual(self.schema(scripted), self.schema(direct))
        self.assertEqual(self.query(scripted, self.ROWS), self.query(direct, self.ROWS))
        again = self.psql(scripted, script)
        self.assertNotEqual(again.returncode, 0)
        return direct, scripted

    def test_transaction_none_and_copy(self):
        direct, scripted = self.both_ways(self.root)
        self.assertEqual(self.query(scripted, "SELECT * FROM t ORDER BY a"), self.query(direct, "SELECT * FROM t ORDER BY a"))
        self.assertEqual(self.query(scripted, "SELECT * FROM pgbraid.step"), [])
        # and back, outside a transaction, too
        down = self.expect(0, "downgrade", "a1", "--sql", cwd=self.root, db=scripted).stdout
        self.assertIn("CONCURRENTLY", down)
        done = self.psql(scripted, down)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.expect(0, "downgrade", "a1", "--yes", cwd=self.root, db=direct)
        self.assertEqual(self.schema(scripted), self.schema(direct))
        self.assertEqual(self.query(scripted, self.ROWS), self.query(direct, self.ROWS))
        self.assertEqual(self.query(scripted, "SELECT * FROM pgbraid.step"), [])

    def test_merge_copy_and_what_psql_would_expand(self):
        root = self.project({
            "migrations/a_x.sql": "-- a\n-- pgbraid:revision a\n-- pgbraid:up\nCREATE TABLE t (a int, b text[]);\n"
                                  "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;\n"
                                  "SELECT (ARRAY[1,2,3])[1:VERSION] FROM (SELECT 2 AS version) x;\n"
                                  "-- pgbraid:down\nDROP FUNCTION f(); DROP TABLE t;\n",
            "migrations/b_x.sql": "-- b\n-- pgbraid:revision b\n-- pgbraid:parent a\n-- pgbraid:up\n"
                                  "SET search_path = '';\nCOPY public.t (a) FROM stdin;\n1\n2\n\\.\n"
                                  "-- pgbraid:verify\nSELECT count(*) = 2 FROM public.t;\n-- pgbraid:down\nDELETE FROM t;\n",
            "migrations/c_x.sql": "-- c\n-- pgbraid:revision c\n-- pgbraid:parent a\n-- pgbraid:up\n"
                                  "CREATE TABLE u (x text DEFAULT ':USER;it''s'); -- end\n-- pgbraid:down\nDROP TABLE u;\n",
            "migrations/d_x.sql": "-- d\n-- pgbraid:revision d\n-- pgbraid:parent b, c\n-- pgbraid:up\n"
                                  "INSERT INTO u VALUES ('$1') -- no end\n;-- pgbraid:down is not here\n"
                                  "-- pgbraid:down\nDELETE FROM u;\n"}, name="merged")
        direct, scripted = self.both_ways(root)
        self.assertEqual(self.query(scripted, "SELECT a FROM t ORDER BY a"), [(1,), (2,)])
        # and back, to before the right branch
        down = self.expect(0, "downgrade", "c^", "--sql", cwd=root, db=scripted).stdout
        self.assertEqual(self.psql(scripted, down).returncode, 0)
        self.expect(0, "downgrade", "c^", "--yes", cwd=root, db=direct)
        self.assertEqual(self.schema(scripted), self.schema(direct))
        self.assertEqual(self.query(scripted, self.ROWS), self.query(direct, self.ROWS))

    def test_therapy_down_and_stamp(self):
        root = self.copy_example("therapy")
        direct, scripted = self.both_ways(root)
        down = self.expect(0, "downgrade", "d4e5f6g7h8i9^", "--sql", cwd=root, db=scripted).stdout
        self.assertEqual(self.psql(scripted, down).returncode, 0)
        self.expect(0, "downgrade", "d4e5f6g7h8i9^", "--yes", cwd=root, db=direct)
        self.assertEqual(self.schema(scripted), self.schema(direct))
        stamp = self.expect(0, "stamp", "heads", "--sql", cwd=root, db=scripted).stdout
        self.assertEqual(self.psql(scripted, stamp).returncode, 0)
        self.expect(0, "stamp", "heads", cwd=root, db=direct)
        self.assertEqual(self.query(scripted, self.ROWS), self.query(direct, self.ROWS))

    def test_the_guard_stops_a_script_that_is_out_of_date(self):
        root = self.copy_example("chat")
        db = self.new_database()
        script = self.expect(0, "upgrade", "--sql", cwd=root, db=db).stdout
        self.expect(0, "upgrade", "001", cwd=root, db=db)
        before = self.schema(db)
        stopped = self.psql(db, script)
        self.assertNotEqual(stopped.returncode, 0)
        self.assertIn("not the one that this script was made for", stopped.stderr)
        self.assertEqual(self.schema(db), before)


if __name__ == "__main__":
    harness.main()
