#!/usr/bin/python3
"""Applying, the hard cases: what files bring with them, locks, losses at COMMIT, servers that refuse."""
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness
from harness import PgbraidTest

MIB = 1024 * 1024
# A gigabyte is for a run of its own: PGBRAID_TEST_COPY_MIB=1024
COPY_MIB = int(os.environ.get("PGBRAID_TEST_COPY_MIB", "200"))


def revision(rev, up, parent=None, down="SELECT 1;", more=""):
    head = f"-- {rev}\n-- pgbraid:revision {rev}\n" + (f"-- pgbraid:parent {parent}\n" if parent else "")
    return f"{head}{more}-- pgbraid:up\n{up}\n-- pgbraid:down\n{down}\n"


class Base(PgbraidTest):
    def setUp(self):
        super().setUp()
        self.db = self.new_database()

    def revisions(self, *ups):
        """A project of revisions r1, r2, …, one on top of the other; r2's statements begin at line 5."""
        files, parent = {}, None
        for i, up in enumerate(ups, 1):
            files[f"migrations/r{i}_step.sql"] = revision(f"r{i}", up, parent)
            parent = f"r{i}"
        return self.project(files)

    def applied(self, db=None):
        if self.query(db or self.db, "SELECT to_regclass('pgbraid.revision')::text") == [(None,)]:
            return []
        return [r[0] for r in self.query(db or self.db, "SELECT id FROM pgbraid.revision WHERE state = 'applied' ORDER BY 1")]

    def there(self, name):
        return self.query(self.db, "SELECT to_regclass(%s) IS NOT NULL", [name])[0][0]

    def fails(self, status, root, *expected, command=("upgrade",)):
        run = self.expect(status, *command, cwd=root, db=self.db)
        for text in expected:
            self.assertIn(text, run.stderr)
        return run

    def wait_for(self, sql, parameters=None):
        for _ in range(600):
            if self.query(self.db, sql, parameters):
                return
            time.sleep(0.02)
        self.fail(f"did not come about: {sql}")

    def dump(self, db, *options):
        out = subprocess.run(["pg_dump", "-N", "pgbraid", *options, "-d", db], capture_output=True, text=True, check=True,
                             env=self.environment()).stdout
        return "\n".join(line for line in out.splitlines() if not line.startswith("\\"))


class CopyTest(Base):
    def test_data_comes_as_written(self):
        root = self.revisions("CREATE TABLE t (a int, b text);\nCOPY t FROM stdin;\n1\tone; -- no comment\n2\t\\N\n"
                              "3\tta\\tb $$ ' \\\\\n4\t-- x\n\\.\nCOPY t (b) FROM stdin;\n-- pgbraid:down\n\\.\n"
                              "COPY t (b) FROM stdin WITH (FORMAT csv);\n"
                              '"a ""quoted"", one"\n\\.\nINSERT INTO t VALUES (9);')
        self.expect(0, "upgrade", cwd=root, db=self.db)
        self.assertEqual(self.query(self.db, "SELECT a, b FROM t ORDER BY a, b"), [
            (1, "one; -- no comment"), (2, None), (3, "ta\tb $$ ' \\"), (4, "-- x"), (9, None),
            (None, "-- pgbraid:down"), (None, 'a "quoted", one')])

    def test_an_error_in_the_data_names_its_line(self):
        root = self.revisions("CREATE TABLE t (a int);\nCOPY t FROM stdin;\n1\nx\n\\.")
        run = self.fails(1, root, "r1_step.sql:", "22P02")
        self.assertIn("COPY t, line 2", run.stderr)
        self.assertEqual((self.applied(), self.there("t")), ([], False))

    def test_without_its_end(self):
        root = self.project({"migrations/a_x.sql": "-- a\n-- pgbraid:revision a\n-- pgbraid:up\nCREATE TABLE t (a int);\n"
                                                   "COPY t FROM stdin;\n1\n2\n"})
        self.fails(2, root, "a_x.sql:5", "\\.")
        self.assertFalse(self.there("pgbraid.revision"))

    def test_much_data_in_little_memory(self):
        line = b"%09d\t" + b"x" * 90 + b"\n"
        root = self.project()
        (root / "migrations").mkdir()
        with open(root / "migrations" / "a_big.sql", "wb") as file:
            file.write(b"-- a\n-- pgbraid:revision a\n-- pgbraid:up\nCREATE UNLOGGED TABLE t (a int, b text);\n"
                       b"COPY t FROM stdin;\n")
            chunk = b"".join(line % i for i in range(10000))
            chunks = COPY_MIB * MIB // len(chunk)
            for _ in range(chunks):
                file.write(chunk)
            file.write(b"\\.\nSELECT 1;\n")
        child = self.start("upgrade", cwd=root, db=self.db, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           env={"ASAN_OPTIONS": "detect_leaks=0:quarantine_size_mb=4"})
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(child.returncode, 0)
        self.assertEqual(self.query(self.db, "SELECT count(*) FROM t"), [(chunks * 10000,)])
        with open(self.cli(), "rb") as file:
            sanitized = b"__asan_init" in file.read()
        self.assertLess(usage.ru_maxrss, (256 if sanitized else 64) * 1024, "KiB")


class DumpTest(Base):
    MADE = r"""
        CREATE SCHEMA app;
        CREATE TYPE app.mood AS ENUM ('sad', 'ok');
        CREATE TABLE app.person (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, mood app.mood,
            tags text[] DEFAULT '{}', CHECK (name <> ''));
        COMMENT ON TABLE app.person IS 'it''s; a "table" $$';
        CREATE TABLE public.note (id serial PRIMARY KEY, person bigint REFERENCES app.person ON DELETE SET NULL, body text);
        CREATE INDEX note_person ON public.note (person) WHERE body IS NOT NULL;
        CREATE FUNCTION app.f(x int) RETURNS int LANGUAGE plpgsql AS $f$ BEGIN RETURN x + 1; -- ; \.
            END $f$;
        CREATE FUNCTION app.g() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;
        CREATE VIEW app.v AS SELECT p.name, count(*) FROM app.person p JOIN public.note n ON n.person = p.id GROUP BY 1;
        INSERT INTO app.person (name, mood, tags) VALUES (E'tab\there', 'ok', '{a,"b c"}'), (E'back\\slash\nline', NULL, NULL),
            ('\.', 'sad', '{}');
        INSERT INTO public.note (person, body) SELECT 1 + g % 3, repeat('x', g) FROM generate_series(1, 200) g;
    """

    def test_as_it_comes(self):
        self.query(self.db, self.MADE)
        raw = subprocess.run(["pg_dump", "-d", self.db], capture_output=True, check=True, env=self.environment()).stdout
        self.assertIn(b"set_config('search_path', ''", raw)
        other = self.new_database()
        root = self.project({"migrations/001_dump.sql": raw,
                             "migrations/002_after.sql": "CREATE TABLE after_dump (a int);\n"})
        self.expect(0, "upgrade", cwd=root, db=other)
        self.assertEqual(self.applied(other), ["001", "002"])
        self.query(other, "DROP TABLE public.after_dump")
        self.assertEqual(self.dump(other), self.dump(self.db))

    def test_restrict_lines_are_passed_over(self):
        root = self.project({"migrations/001_dump.sql": "\\restrict abc123\n\nSET standard_conforming_strings = on;\n"
                                                        "CREATE TABLE public.t (a int);\n\n\\unrestrict abc123\n"})
        self.expect(0, "upgrade", cwd=root, db=self.db)
        self.assertTrue(self.there("public.t"))

    def test_of_a_newer_server(self):
        root = self.revisions("CREATE TABLE t (a int);", "CREATE TABLE u (a int);\nSET no_such_timeout = 0;")
        self.fails(1, root, "r2_step.sql:6:1", "42704", "no_such_timeout")
        self.assertEqual((self.applied(), self.there("u")), (["r1"], False))

    def test_sql_that_our_parser_does_not_know_is_sent(self):
        root = self.revisions("CREATE TABLE t (a int);\nCREATE SHINY THING x;")
        run = self.fails(1, root, "42601", 'syntax error at or near "SHINY"', "r1_step.sql:5:8")
        self.assertIn("CREATE SHINY THING x", run.stderr)
        self.assertEqual((self.applied(), self.there("t")), ([], False))


class FileTest(Base):
    def test_a_statement_of_more_than_16_mib(self):
        root = self.revisions("CREATE TABLE t (a text);", "CREATE TABLE u (a int);\nINSERT INTO t VALUES ('%s');" % ("x" * 17 * MIB))
        self.fails(2, root, "r2_step.sql:6:1", "16 MiB")
        self.assertFalse(self.there("pgbraid.revision"))

    def test_of_just_less(self):
        root = self.revisions("CREATE TABLE t (a text);\nINSERT INTO t VALUES ('%s');" % ("x" * 15 * MIB))
        self.expect(0, "upgrade", cwd=root, db=self.db)
        self.assertEqual(self.query(self.db, "SELECT length(a) FROM t"), [(15 * MIB,)])

    def changed(self, change):
        root = self.revisions("SELECT pg_sleep(1.5);", "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);",
                              "CREATE TABLE u (a int);")
        child = self.start("upgrade", cwd=root, db=self.db)
        self.wait_for("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND datname = current_database()"
                      " AND pid <> pg_backend_pid()")
        change(root / "migrations" / "r2_step.sql")
        stderr = child.communicate(timeout=60)[1]
        return child.returncode, stderr

    def test_edited_between_the_passes(self):
        def edit(path):
            with open(path, "r+b") as file:
                file.write(path.read_bytes().replace(b"VALUES (1)", b"VALUES (2)"))

        status, stderr = self.changed(edit)
        self.assertEqual(status, 1, stderr)
        self.assertIn("r2_step.sql", stderr)
        self.assertRegex(stderr, "changed|not what it was")
        self.assertEqual((self.applied(), self.there("t"), self.there("u")), (["r1"], False, False))

    def test_cut_between_the_passes(self):
        status, stderr = self.changed(lambda path: os.truncate(path, path.stat().st_size - 40))
        self.assertEqual(status, 1, stderr)
        self.assertIn("r2_step.sql", stderr)
        self.assertEqual((self.applied(), self.there("t"), self.there("u")), (["r1"], False, False))

    def test_replaced_between_the_passes(self):
        """Another file of that name is either not looked at any more, or seen; never run unseen."""
        def replace(path):
            new = path.with_suffix(".new")
            new.write_text(path.read_text().replace("VALUES (1)", "VALUES (2)"))
            new.rename(path)

        status, stderr = self.changed(replace)
        if status == 0:
            self.assertEqual(self.query(self.db, "SELECT a FROM t"), [(1,)])
            self.assertIn("VALUES (1)", self.query(self.db, "SELECT up FROM pgbraid.revision WHERE id = 'r2'")[0][0])
        else:
            self.assertEqual((status, self.applied(), self.there("t")), (1, ["r1"], False), stderr)


class LockTest(Base):
    def setUp(self):
        super().setUp()
        self.query(self.db, "CREATE TABLE busy (a int)")
        self.root = self.revisions("CREATE TABLE first (a int);", "CREATE TABLE t (a int);\nALTER TABLE busy ADD b int;")

    def hold(self):
        holder = self.connect(self.db + ("&" if "?" in self.db else "?") + "application_name=nightly_report")
        cursor = holder.cursor()
        cursor.execute("BEGIN")
        cursor.execute("SELECT count(*) FROM busy")
        return cursor, holder.info.backend_pid

    def test_tried_again_until_it_is_free(self):
        cursor, pid = self.hold()
        child = self.start("upgrade", "--lock-timeout", "300ms", cwd=self.root, db=self.db)
        timer = threading.Timer(2.5, lambda: cursor.execute("ROLLBACK"))
        timer.start()
        stderr = child.communicate(timeout=60)[1]
        timer.join()
        self.assertEqual(child.returncode, 0, stderr)
        self.assertIn(f"pid {pid}, user ", stderr)
        self.assertIn("application nightly_report", stderr)
        self.assertIn("SELECT count(*) FROM busy", stderr)
        self.assertRegex(stderr, r"since \d\d:\d\d:\d\d")
        self.assertEqual(self.applied(), ["r1", "r2"])

    def test_the_deadline(self):
        _, pid = self.hold()
        start = time.monotonic()
        self.fails(1, self.root, "55P03", f"pid {pid}", "nightly_report", "--lock-deadline", "r2_step.sql:6",
                   command=("upgrade", "--lock-timeout", "200ms", "--lock-deadline", "1s"))
        self.assertLess(time.monotonic() - start, 20)
        self.assertEqual((self.applied(), self.there("t")), (["r1"], False))
        self.assertIn("blocked", [r[0] for r in self.query(self.db, "SELECT event FROM pgbraid.event")])

    def test_readers_do_not_queue_behind_us(self):
        self.hold()
        child = self.start("upgrade", "--lock-timeout", "300ms", "--lock-deadline", "4s", cwd=self.root, db=self.db)
        worst = 0.0
        while child.poll() is None:
            begun = time.monotonic()
            self.query(self.db, "SELECT count(*) FROM busy")
            worst = max(worst, time.monotonic() - begun)
        self.assertEqual(child.returncode, 1)
        self.assertLess(worst, 1.5)

    def test_another_runner_is_named(self):
        root = self.revisions("SELECT pg_sleep(4);")
        first = self.start("upgrade", cwd=root, db=self.db)
        self.wait_for("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND datname = current_database()"
                      " AND pid <> pg_backend_pid()")
        pid = self.query(self.db, "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND database ="
                                  " (SELECT oid FROM pg_database WHERE datname = current_database())")[0][0]
        self.fails(5, root, f"pid {pid}, user ", "application pgbraid", "--lock-wait",
                   command=("upgrade", "--lock-wait", "1s"))
        second = self.expect(0, "upgrade", cwd=root, db=self.db)
        self.assertIn(f"pid {pid}", second.stderr)
        first.communicate(timeout=60)
        self.assertEqual((first.returncode, self.applied()), (0, ["r1"]))


class OneTransactionTest(Base):
    """--one-transaction refuses beforehand what the server's lock table can't hold, with the figures; what it lets through,
    the server takes."""

    def tables(self, count, name):
        files = {}
        for i in range(1, count + 1):
            files[f"migrations/{i:04d}_t.sql"] = (
                f"CREATE TABLE t{i} (id int PRIMARY KEY, a int, b int);\nCREATE INDEX ON t{i} (a);\nCREATE INDEX ON t{i} (b);\n")
            files[f"migrations/{i:04d}_t.down.sql"] = f"DROP TABLE t{i};\n"
        return self.project(files, name=name)

    def refused(self, run):
        self.assertEqual(run.returncode, 2, run)
        for text in ("lock table holds", "out of shared memory", "max_locks_per_transaction", "without --one-transaction"):
            self.assertIn(text, run.stderr)
        return re.search(r"plan of (\d+) revisions locks about (\d+) relations at once, and the server's lock table holds (\d+)",
                         run.stderr).groups()

    def test_at_default_settings(self):
        root = self.tables(1500, "many")
        with harness.private_server(max_connections="100", max_locks_per_transaction="64") as server:
            run = self.pgbraid("upgrade", "--one-transaction", cwd=root, db=server.uri())
            self.assertEqual(self.refused(run)[::2], ("1500", "6400"))
            self.assertEqual(server.execute("SELECT to_regclass('t1') IS NULL AND to_regnamespace('pgbraid') IS NULL"), [(True,)])

    def test_what_is_let_through_fits(self):
        root = self.tables(200, "some")
        with harness.private_server(max_connections="20", max_locks_per_transaction="20", autovacuum="off") as server:
            db = server.uri()
            self.refused(self.pgbraid("upgrade", "--one-transaction", cwd=root, db=db))
            most, least = 200, 1
            while most - least > 1:  # the largest plan that is not refused; only asked, not run, but for the last
                middle = (most + least) // 2
                run = self.pgbraid("upgrade", "--one-transaction", f"{middle:04d}", cwd=root, db=db)
                if run.returncode == 0:
                    least = middle
                    self.expect(0, "downgrade", "base", "--yes", cwd=root, db=db)
                else:
                    self.refused(run)
                    most = middle
            self.assertGreater(least, 20)
            self.expect(0, "upgrade", "--one-transaction", f"{least:04d}", cwd=root, db=db)
            down = self.pgbraid("downgrade", "base", "--one-transaction", "--yes", cwd=root, db=db)
            if down.returncode != 0:  # its way back locks more: then that is refused, not tried
                self.refused(down)
                self.expect(0, "downgrade", f"{least * 2 // 3:04d}", "--yes", cwd=root, db=db)


class SessionTest(Base):
    """What a file does to its own session must not reach the record, nor the next file."""

    def refused(self, up, *expected, status=1):
        root = self.revisions("CREATE TABLE first (a int);", up, "CREATE TABLE third (a int);")
        run = self.fails(status, root, *expected)
        self.assertEqual((self.there("half"), self.there("third")), (False, False), run)
        self.assertNotIn("r2", self.applied())
        self.assertEqual(self.query(self.db, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database ="
                                             " (SELECT oid FROM pg_database WHERE datname = current_database())"), [(0,)])

    def test_role_and_path(self):
        role = f"limited_{os.getpid()}"
        self.query(self.db, f"CREATE ROLE {role}")
        self.addCleanup(self.query, self.db, f"DROP OWNED BY {role}; DROP ROLE {role}")
        self.query(self.db, f"CREATE SCHEMA theirs AUTHORIZATION {role}")
        root = self.revisions(f"SET ROLE {role};\nSET search_path = theirs;\nSET statement_timeout = '10s';\n"
                              "SET row_security = off;\nSET default_transaction_read_only = on;\n"
                              "PREPARE q AS SELECT 1;\nDECLARE c CURSOR WITH HOLD FOR SELECT 1;\nLISTEN x;\n"
                              "CREATE TEMP TABLE scrap (a int);\nCREATE TABLE t (a int);",
                              "SET SESSION AUTHORIZATION " + role + ";\nCREATE TABLE theirs.u (a int);",
                              "CREATE TABLE v AS SELECT current_user::text AS who, current_setting('search_path') AS path,"
                              " current_setting('statement_timeout') AS timeout, (SELECT count(*) FROM pg_prepared_statements"
                              " WHERE name = 'q') AS prepared, (SELECT count(*) FROM pg_cursors WHERE name = 'c') AS cursors,"
                              " (SELECT count(*) FROM pg_listening_channels()) AS channels,"
                              " to_regclass('scrap')::text AS scrap;")
        self.expect(0, "upgrade", cwd=root, db=self.db)
        self.assertEqual(self.applied(), ["r1", "r2", "r3"])
        self.assertTrue(self.there("theirs.t"))
        self.assertEqual(self.query(self.db, "SELECT count(DISTINCT applied_by) FROM pgbraid.revision"), [(1,)])
        me = self.query(self.db, "SELECT current_user::text")[0][0]
        self.assertEqual(self.query(self.db, "SELECT * FROM v"), [(me, '"$user", public', "0", 0, 0, 0, None)])

    def test_commit_in_a_file(self):
        self.refused("CREATE TABLE half (a int);\nCOMMIT;", "r2_step.sql:6:1", "COMMIT", status=2)
        self.assertFalse(self.there("first"))

    def test_commit_in_a_block(self):
        self.refused("CREATE TABLE half (a int);\nDO $$ BEGIN COMMIT; END $$;", "r2_step.sql:6", "2D000")

    def test_commit_in_a_procedure(self):
        self.refused("CREATE TABLE half (a int);\nCREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN COMMIT; END';\nCALL p();",
                     "r2_step.sql:7", "2D000")

    def test_discard_all(self):
        self.refused("CREATE TABLE half (a int);\nDISCARD ALL;", "r2_step.sql:6", "DISCARD ALL would release the runner lock",
                     "leave it out", status=2)

    def test_discard_all_outside_a_transaction(self):
        root = self.project({"migrations/a_x.sql": revision("a", "CREATE TABLE half (a int);\nDISCARD ALL;",
                                                            more="-- pgbraid:transaction none\n")})
        self.fails(2, root, "a_x.sql:6", "DISCARD ALL would release the runner lock")
        self.assertFalse(self.there("half"))

    def test_unlock_all(self):
        self.refused("CREATE TABLE half (a int);\nSELECT pg_advisory_unlock_all();", "lock is no longer held", "r2")

    def test_deferred_constraint(self):
        self.refused("CREATE TABLE half (a int PRIMARY KEY, b int REFERENCES half DEFERRABLE INITIALLY DEFERRED);\n"
                     "INSERT INTO half VALUES (1, 7);", "23503", "r2")


class ExplainedTest(Base):
    def fails_with(self, up, sqlstate, *expected):
        root = self.revisions("CREATE TABLE first (a int);", up)
        self.fails(1, root, sqlstate, "r2_step.sql:", "hint", *expected)
        self.assertEqual(self.applied(), ["r1"])

    def test_it_exists(self):
        self.query(self.db, "CREATE TABLE t (a int)")
        self.fails_with("CREATE TABLE t (a int);", "42P07", "pgbraid stamp --verified r2")

    def test_disk_full(self):
        self.fails_with("DO $$ BEGIN RAISE 'could not extend file' USING ERRCODE = '53100'; END $$;", "53100", "disk is full")

    def test_server_files_changed(self):
        self.fails_with("CREATE FUNCTION f() RETURNS int LANGUAGE c AS '$libdir/no_such', 'f';", "58P01", "restart the server")

    def test_cancelled(self):
        root = self.revisions("SELECT pg_sleep(20);")
        self.fails(1, root, "57014", "--statement-timeout", command=("upgrade", "--statement-timeout", "300ms"))

    def test_privilege(self):
        role = f"owner_{os.getpid()}"
        self.query(self.db, f"CREATE ROLE {role} LOGIN; CREATE SCHEMA locked")
        self.addCleanup(self.query, self.db, f"REASSIGN OWNED BY {role} TO CURRENT_USER; DROP OWNED BY {role}; DROP ROLE {role}")
        name = self.query(self.db, "SELECT current_database()")[0][0]
        self.query(self.db, f'ALTER DATABASE "{name}" OWNER TO {role}')
        root = self.revisions("CREATE TABLE locked.t (a int);")
        db = f"host={self.server.socket_dir} port={self.server.port} dbname={name} user={role}"
        run = self.expect(1, "upgrade", cwd=root, db=db)
        for text in ("42501", "privilege", "r1_step.sql:4"):
            self.assertIn(text, run.stderr)

    def test_read_only(self):
        name = self.query(self.db, "SELECT current_database()")[0][0]
        self.query(self.db, f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        root = self.revisions("CREATE TABLE t (a int);")
        self.fails(1, root, "read-only", "default_transaction_read_only")
        self.assertFalse(self.there("pgbraid.revision"))

    def test_standby(self):
        primary = self.server
        with harness.standby_of(primary) as standby:
            name = self.query(self.db, "SELECT current_database()")[0][0]
            root = self.revisions("CREATE TABLE t (a int);")
            run = self.expect(1, "upgrade", cwd=root, db=standby.uri(name))
            self.assertIn("standby", run.stderr)
            self.assertIn("primary", run.stderr)


if __name__ == "__main__":
    harness.main()
