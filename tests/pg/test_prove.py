#!/usr/bin/python3
"""prove against servers of its own: flawed downgrades, branches that do not commute, what can't be tried, bad input."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import harness  # noqa: E402
import prove_flaws as flaws  # noqa: E402
import test_json  # noqa: E402

RUNS, HOLDS = "its upgrade runs", "its verify blocks hold"
ON_ROWS = "its upgrade runs on tables with rows"
RESTORES, REPEATS = "its downgrade restores exactly what was before", "its upgrade after the downgrade makes the same again"
COMMUTES = "both orders make the same"
NOTHING_BACK = "SELECT 1;"


def revision(ident, parent, up, down="SELECT 1;", header=""):
    parent = f"-- pgbraid:parent {parent}\n" if parent else ""
    down = f"-- pgbraid:down\n{down}\n" if down is not None else ""
    return f"-- Step {ident}\n-- pgbraid:revision {ident}\n{parent}{header}\n-- pgbraid:up\n{up}\n{down}"


class OtherVersion:
    """A socket in front of a server's, which gives another major version out for its own."""

    def __init__(self, server, folder, major):
        self.server, self.folder, self.major = server, str(folder), major
        os.mkdir(self.folder)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"{self.folder}/.s.PGSQL.5432")
        self.listener.listen()

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self.folder

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        while True:
            try:
                ours, _ = self.listener.accept()
            except OSError:
                return
            theirs = socket.socket(socket.AF_UNIX)
            theirs.connect(self.server)
            threading.Thread(target=self.copy, args=(ours, theirs, False), daemon=True).start()
            threading.Thread(target=self.copy, args=(theirs, ours, True), daemon=True).start()

    def copy(self, source, target, change):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                if change:
                    piece = re.sub(rb"(server_version\0)\d\d", rb"\g<1>" + self.major, piece)
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)


class Case(harness.PgbraidTest):
    def prove(self, project, *more, status=0, **named):
        answer = self.expect(status, "prove", "--format", "json", *more, cwd=project, **named).json()
        schema = json.loads((test_json.SCHEMAS / "prove.json").read_text(encoding="utf-8"))
        self.assertEqual(test_json.problems(answer, schema), [])
        return answer

    def chain(self, *steps, **more):
        """A project of revisions in a row, each (id, up, down)."""
        files, before = {}, None
        for ident, up, down in steps:
            files[f"migrations/{ident}_step.sql"] = revision(ident, before, up, down)
            before = ident
        return self.project({**files, **more})

    def only(self, answer, subject, proof):
        found = [p for p in answer["proofs"] if p["subject"] == subject and p["proof"] == proof]
        self.assertEqual(len(found), 1, f"{subject}: {proof}\n{answer['proofs']}")
        return found[0]

    def failed(self, answer):
        return [(p["subject"], p["proof"]) for p in answer["proofs"] if p["result"] == "failed"]

    def leftovers(self):
        return sorted(path.name for path in (self.folder / "tmp").iterdir())


class DowngradeTest(Case):
    def flawed(self):
        steps = [("root", flaws.BASE_UP, flaws.BASE_DOWN)]
        steps += [(f"f{n:02d}", up, down) for n, (_, up, down, _) in enumerate(flaws.DOWNGRADES)]
        return self.chain(*steps)

    def test_each_flaw_is_found_and_named(self):
        self.assertGreaterEqual(len(flaws.DOWNGRADES), 20)
        answer = self.prove(self.flawed(), "--no-probes", status=3)
        self.assertEqual(self.only(answer, "revision root", RESTORES)["result"], "passed")
        for n, (name, _, _, words) in enumerate(flaws.DOWNGRADES):
            with self.subTest(name):
                proof = self.only(answer, f"revision f{n:02d}", RESTORES)
                self.assertEqual(proof["result"], "failed")
                for word in words:
                    self.assertIn(word, proof["reason"])
                objects = [line for line in proof["reason"].splitlines() if not line.startswith("  ")]
                self.assertEqual(len(objects), 1, proof["reason"])  # and nothing else
                self.assertEqual(proof["reproduce"], [f"pgbraid upgrade f{n:02d}", f"pgbraid downgrade f{n:02d}^"])
        self.assertTrue(answer["complete"])
        self.assertEqual({p["subject"] for p in answer["proofs"] if p["result"] == "failed"},
                         {f"revision f{n:02d}" for n in range(len(flaws.DOWNGRADES))})
        self.assertEqual(self.leftovers(), [])


class RowsTest(Case):
    def steps(self):
        return [("root", flaws.ROWS_UP, flaws.ROWS_DOWN),
                *((f"u{n:02d}", up, down) for n, (_, up, down, _) in enumerate(flaws.UPGRADES))]

    def test_upgrades_that_fail_only_with_rows(self):
        self.assertGreaterEqual(len(flaws.UPGRADES), 10)
        project = self.chain(*self.steps())
        answer = self.prove(project, "--no-probes", status=3)
        for n, (name, up, _, words) in enumerate(flaws.UPGRADES):
            with self.subTest(name):
                proof = self.only(answer, f"revision u{n:02d}", ON_ROWS)
                self.assertEqual(proof["result"], "failed")
                for word in [*words, f"migrations/u{n:02d}_step.sql:6: ", "only where there are rows"]:
                    self.assertIn(word, proof["reason"])
                self.assertEqual(proof["reproduce"][-1], f"pgbraid upgrade u{n:02d}")
                self.assertTrue(any(line.startswith("INSERT INTO people") for line in proof["reproduce"]), proof)
        # of the first, the rows that were made after it stand in the way of the second upgrade, too
        self.assertEqual(self.failed(answer)[:3], [("revision u00", ON_ROWS), ("revision u00", REPEATS), ("revision u01", ON_ROWS)])
        self.assertEqual(len(self.failed(answer)), len(flaws.UPGRADES) + 1)
        self.assertTrue(answer["complete"])  # on empty tables they ran, so that the later ones could be tried
        answer = self.prove(project, "--no-probes", "--no-rows")
        self.assertEqual(self.failed(answer), [])
        self.assertEqual(answer["counts"]["passed"], 3 * (1 + len(flaws.UPGRADES)))

    def test_what_reproduces_it_does(self):
        """The statements of a finding, run as they stand, fail in the same way."""
        answer = self.prove(self.chain(*self.steps()[:3]), "--no-probes", status=3)
        project = self.chain(*self.steps()[:3])
        for ident in ("u00", "u01"):
            uri, failed = self.new_database(), False
            for line in self.only(answer, f"revision {ident}", ON_ROWS)["reproduce"]:
                if line.startswith("pgbraid "):
                    failed = self.pgbraid(*line.split()[1:], cwd=project, db=uri).returncode == 1
                else:
                    run = subprocess.run(["psql", "-Xqc", "SET session_replication_role = replica; " + line, uri], check=True, text=True)
                    self.assertEqual(run.returncode, 0)
            self.assertTrue(failed, ident)

    def test_rows_that_a_downgrade_loses(self):
        answer = self.prove(self.chain(
            ("a", "CREATE TABLE keep (id int PRIMARY KEY, v text);", "DROP TABLE keep;"),
            ("b", "ALTER TABLE keep ADD COLUMN more int NOT NULL DEFAULT 1; CREATE TABLE gone (id int);",
             "ALTER TABLE keep DROP COLUMN more; DROP TABLE gone;"),
            ("c", "CREATE INDEX keep_v ON keep (v);", "DROP INDEX keep_v; DELETE FROM keep WHERE id IS NOT NULL;")), "--no-probes")
        self.assertEqual(self.failed(answer), [])
        self.assertEqual(self.only(answer, "revision a", RESTORES)["reason"], "loses 20 rows of public.keep")
        self.assertEqual(self.only(answer, "revision b", RESTORES)["reason"],
                         "loses the values of public.keep.more in 20 rows, 20 rows of public.gone")
        self.assertEqual(self.only(answer, "revision c", RESTORES)["reason"], "loses 20 rows of public.keep, which stays")

    def test_downgrade_that_fails_only_with_rows(self):
        answer = self.prove(self.chain(("a", "CREATE TABLE t (id int, name text NOT NULL);", "DROP TABLE t;"),
                                       ("b", "ALTER TABLE t DROP COLUMN name;", "ALTER TABLE t ADD COLUMN name text NOT NULL;"),
                                       ("c", "CREATE TABLE u (id int);", "DROP TABLE u;")), "--no-probes", status=3)
        self.assertEqual(self.failed(answer), [("revision b", "its downgrade runs on tables with rows")])
        self.assertIn("contains null values", self.only(answer, *self.failed(answer)[0])["reason"])
        self.assertEqual(self.only(answer, "revision b", RESTORES)["result"], "passed")
        self.assertEqual(self.only(answer, "revision c", RESTORES)["result"], "passed")


class ReadsTest(Case):
    """Where the rows that were written say that nothing differs, the catalogs are not read."""

    def reads(self, project, *more, status=0):
        ran = self.expect(status, "-v", "prove", "--no-rows", "--no-probes", *more, cwd=project)
        lines = [line for line in ran.stderr.splitlines() if "the whole catalog was read" in line]
        self.assertEqual(len(lines), 1, ran.stderr)
        return int(lines[0].split("was read ")[1].split()[0]), ran.stdout

    def tables(self, count, other=None):
        steps = [(f"t{n}", f"CREATE TABLE t{n} (id serial PRIMARY KEY, up int REFERENCES t{max(n - 1, 0)}, note text DEFAULT 'x', "
                  f"CHECK (id > {n})); CREATE INDEX ON t{n} (up); COMMENT ON TABLE t{n} IS 'no. {n}'; "
                  f"CREATE VIEW v{n} AS SELECT id, note FROM t{n} WHERE up > 3;", f"DROP VIEW v{n}; DROP TABLE t{n};")
                 for n in range(count)]
        return self.chain(*steps[:count // 2], *([other] if other else []), *steps[count // 2:])

    def test_plain_chain_is_read_once(self):
        few, _ = self.reads(self.tables(4))
        many, said = self.reads(self.tables(12))
        self.assertEqual(few, many)  # of the first revision only, however many there are
        self.assertEqual(many, 4)
        self.assertIn("0 failed, 0 not probed, 36 passed", said)

    def test_leftover_is_read_and_named(self):
        plain, _ = self.reads(self.tables(6))
        reads, said = self.reads(self.tables(6, ("odd", "CREATE TYPE color AS ENUM ('red');", "DROP TABLE IF EXISTS color;")), status=3)
        self.assertGreater(reads, plain)
        self.assertIn("enum public.color is left behind", said)
        self.assertIn("2 failed, 0 not probed, 19 passed", said)  # the second upgrade meets the type, too

    # What a revision changes, how it is taken back, and whether the comparison of whole catalogs knows of it.
    ODD = {
        "pg_db_role_setting": ("ALTER DATABASE proving SET work_mem = '5MB'", "ALTER DATABASE proving RESET work_mem", True),
        "pg_default_acl": ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
                           "ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM PUBLIC", True),
        "pg_init_privs": ("UPDATE pg_init_privs SET privtype = 'e' WHERE objoid = 'pg_authid'::regclass",
                          "UPDATE pg_init_privs SET privtype = 'i' WHERE objoid = 'pg_authid'::regclass", False),
        "pg_description": ("COMMENT ON COLUMN t0.note IS 'odd'", "COMMENT ON COLUMN t0.note IS NULL", True),
        "pg_shdescription": ("CREATE ROLE odd_one; COMMENT ON ROLE odd_one IS 'odd'", "DROP ROLE odd_one", True),
        "pg_auth_members": ("GRANT pg_monitor TO CURRENT_USER", "REVOKE pg_monitor FROM CURRENT_USER", False),
        "pg_sequence": ("ALTER SEQUENCE t0_id_seq INCREMENT 5", "ALTER SEQUENCE t0_id_seq INCREMENT 1", True),
        "pg_depend": ("ALTER SEQUENCE odd_seq OWNED BY t0.note", "ALTER SEQUENCE odd_seq OWNED BY NONE", True),
        "pg_attribute": ("ALTER TABLE t0 ALTER COLUMN note SET STATISTICS 77", "ALTER TABLE t0 ALTER COLUMN note SET STATISTICS -1", True),
        "pg_attribute, a new one": ("ALTER TABLE t0 ADD COLUMN odd int DEFAULT 4 CHECK (odd > 3)", "ALTER TABLE t0 DROP COLUMN odd", True),
        "pg_class": ("ALTER TABLE t0 SET (fillfactor = 70)", "ALTER TABLE t0 RESET (fillfactor)", True),
        "pg_trigger": ("ALTER TABLE t1 DISABLE TRIGGER odd", "ALTER TABLE t1 ENABLE TRIGGER odd", True),
        "pg_proc": ("CREATE OR REPLACE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                    "CREATE OR REPLACE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'", True),
        "pg_policy": ("CREATE POLICY odd ON t0 USING (id > 3)", "DROP POLICY odd ON t0", True),
        "pg_rewrite": ("CREATE RULE odd AS ON DELETE TO t0 DO ALSO SELECT 1", "DROP RULE odd ON t0", True),
        "pg_statistic_ext": ("CREATE STATISTICS odd ON id, note FROM t0", "DROP STATISTICS odd", True),
        "pg_foreign_server": ("CREATE FOREIGN DATA WRAPPER odd; CREATE SERVER odd FOREIGN DATA WRAPPER odd; "
                              "CREATE USER MAPPING FOR CURRENT_USER SERVER odd", "DROP FOREIGN DATA WRAPPER odd CASCADE", True),
        "pg_publication": ("CREATE PUBLICATION odd FOR TABLE t0", "DROP PUBLICATION odd", True),
        "pg_namespace": ("GRANT CREATE ON SCHEMA public TO PUBLIC", "REVOKE CREATE ON SCHEMA public FROM PUBLIC", True),
        "pg_largeobject_metadata": ("SELECT lo_create(4711)", "SELECT lo_unlink(4711)", False),
        "pg_ts_config": ("CREATE TEXT SEARCH CONFIGURATION odd (COPY = simple)", "DROP TEXT SEARCH CONFIGURATION odd", True),
        "pg_index": ("UPDATE pg_index SET indisclustered = true WHERE indexrelid = 't0_pkey'::regclass",
                     "UPDATE pg_index SET indisclustered = false WHERE indexrelid = 't0_pkey'::regclass", True),
    }

    def odd_ones(self, flawed):
        base = [("root", "CREATE TABLE t0 (id serial PRIMARY KEY, note text); CREATE TABLE t1 (id serial PRIMARY KEY); "
                 "CREATE SEQUENCE odd_seq; CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
                 "CREATE TRIGGER odd BEFORE INSERT ON t1 FOR EACH ROW EXECUTE FUNCTION odd();",
                 "DROP TABLE t0, t1; DROP SEQUENCE odd_seq; DROP FUNCTION odd;")]
        odd = [(f"o{n}", up + ";", ("SELECT 1" if flawed else down) + ";") for n, (up, down, _) in enumerate(self.ODD.values())]
        return self.chain(*base, *odd)

    def judged(self, ran):
        words = next(line for line in ran.stderr.splitlines() if "the whole catalog was read" in line).split()
        return {"lean": int(words[words.index("round") - 1]), "void": int(words[words.index("begun") - 1])}

    def test_every_catalog_is_looked_at(self):
        ran = self.expect(0, "-v", "prove", "--no-rows", "--no-probes", cwd=self.odd_ones(False))
        self.assertEqual(self.judged(ran), {"lean": len(self.ODD), "void": 0})

    def test_no_change_of_a_catalog_passes_unseen(self):
        ran = self.expect(3, "-v", "prove", "--no-rows", "--no-probes", "--format", "json", cwd=self.odd_ones(True), timeout=600)
        answer = json.loads(ran.stdout)
        for n, (catalog, (_, _, compared)) in enumerate(self.ODD.items()):
            with self.subTest(catalog):
                result = self.only(answer, f"revision o{n}", RESTORES)["result"]
                self.assertEqual(result, "failed" if compared else "passed")
        # the trace saw every one of them, also what the comparison does not know
        self.assertEqual(self.judged(ran), {"lean": 0, "void": len(self.ODD)})

    def test_columns_are_added_without_reading(self):
        steps = [("root", "CREATE TABLE u (id int PRIMARY KEY, a text);", "DROP TABLE u;")]
        steps += [(f"c{n}", f"ALTER TABLE u ADD COLUMN c{n} int NOT NULL DEFAULT {n} CHECK (c{n} > -1), ADD COLUMN d{n} text; "
                   f"COMMENT ON COLUMN u.d{n} IS 'no. {n}'; CREATE INDEX ON u (d{n}, c{n}) WHERE c{n} > 3;",
                   f"ALTER TABLE u DROP COLUMN d{n}, DROP COLUMN c{n};") for n in range(5)]
        for mode in (["--no-rows"], []):
            with self.subTest(mode):
                ran = self.expect(0, "-v", "prove", "--no-probes", *mode, cwd=self.chain(*steps))
                self.assertEqual(self.judged(ran), {"lean": 5, "void": 0})

    def test_with_rows_what_is_lost_is_counted_without_reading(self):
        """The same sentences as where everything is read, which a statement that takes something away brings about."""
        made = ("CREATE TABLE b (id serial PRIMARY KEY, a_id int NOT NULL REFERENCES a); ALTER TABLE a ADD COLUMN mail text DEFAULT 'x';",
                "DROP TABLE b; ALTER TABLE a DROP COLUMN mail;")
        base = ("a", "CREATE TABLE a (id serial PRIMARY KEY, name text NOT NULL);", "DROP TABLE a;")
        lean = self.expect(0, "-v", "prove", "--no-probes", "--format", "json", cwd=self.chain(base, ("b", *made)))
        read = self.expect(0, "-v", "prove", "--no-probes", "--format", "json",
                           cwd=self.chain(base, ("b", made[0] + " DROP TABLE IF EXISTS nothing;", made[1])))
        self.assertEqual(self.judged(lean), {"lean": 1, "void": 0})
        self.assertEqual(self.judged(read), {"lean": 0, "void": 0})
        said = [self.only(json.loads(ran.stdout), "revision b", RESTORES)["reason"] for ran in (lean, read)]
        self.assertEqual(said[0], said[1])
        self.assertIn("rows of public.b", said[0])
        self.assertIn("the values of public.a.mail", said[0])

    def test_void_trip_with_rows_says_what_reading_says(self):
        """An upgrade that fails on rows, and a downgrade that leaves something, after trips that needed no reading."""
        project = self.chain(("a", "CREATE TABLE a (id serial PRIMARY KEY, name text);", "DROP TABLE a;"),
                             ("b", "CREATE TABLE b (id serial PRIMARY KEY, a_id int REFERENCES a);", "DROP TABLE b;"),
                             ("c", "ALTER TABLE a ADD CONSTRAINT short CHECK (length(name) < 1);", "ALTER TABLE a DROP CONSTRAINT short;"),
                             ("d", "CREATE TABLE d (id int); CREATE TYPE mood AS ENUM ('fine');", "DROP TABLE d;"),
                             ("e", "CREATE TABLE e (id int);", "DROP TABLE e;"))
        ran = self.expect(3, "-v", "prove", "--no-probes", "--format", "json", cwd=project)
        answer = json.loads(ran.stdout)
        self.assertIn("it fails only where there are rows", self.only(answer, "revision c", ON_ROWS)["reason"])
        self.assertIn("enum public.mood is left behind", self.only(answer, "revision d", RESTORES)["reason"])
        self.assertEqual(self.only(answer, "revision e", RESTORES)["reason"], "loses 20 rows of public.e")
        self.assertEqual(self.judged(ran)["void"], 2)


class CannotTest(Case):
    """What could not be tried is said, never counts as passed, and leaves nothing behind."""

    def test_no_way_back(self):
        project = self.project({
            "migrations/a_x.sql": revision("a", None, "CREATE TABLE t (id int);", None),
            "migrations/b_x.sql": revision("b", "a", "DROP TABLE t;", None, "-- pgbraid:down irreversible the rows are gone\n")})
        answer = self.prove(project, "--no-probes")
        self.assertEqual(answer["counts"], {"passed": 2, "failed": 0, "not_probed": 2})
        self.assertEqual(self.only(answer, "revision a", RESTORES)["reason"], "it has no downgrade")
        self.assertEqual(self.only(answer, "revision b", RESTORES)["reason"], "it is irreversible: the rows are gone")
        self.prove(project, "--no-probes", "--strict", status=3)

    def test_upgrade_that_fails_takes_what_needs_it_along(self):
        project = self.project({
            "migrations/a_x.sql": revision("a", None, "CREATE TABLE t (id int);", "DROP TABLE t;"),
            "migrations/b_x.sql": revision("b", "a", "CREATE TABLE t (id int);", "DROP TABLE t;"),
            "migrations/c_x.sql": revision("c", "b", "CREATE TABLE u (id int);", "DROP TABLE u;"),
            "migrations/d_x.sql": revision("d", "a", "CREATE TABLE v (id int);", "DROP TABLE v;")})
        answer = self.prove(project, "--no-probes", status=3)
        self.assertFalse(answer["complete"])
        self.assertEqual(self.failed(answer), [("revision b", RUNS)])  # rows have nothing to do with it
        self.assertIn('migrations/b_x.sql:6: relation "t" already exists (SQLSTATE 42P07)', self.only(answer, "revision b", RUNS)["reason"])
        self.assertEqual(self.only(answer, "revision c", ON_ROWS)["reason"], "revision b, which it needs, was not applied")
        self.assertEqual(self.only(answer, "revision d", RESTORES)["result"], "passed")
        self.assertEqual(answer["counts"]["not_probed"], 2)

    def test_extension_that_is_not_installed(self):
        answer = self.prove(self.chain(("a", "CREATE EXTENSION no_such_thing;", "DROP EXTENSION no_such_thing;"),
                                       ("b", "CREATE TABLE t (id int);", "DROP TABLE t;")), "--no-probes", status=3)
        proof = self.only(answer, "revision a", RUNS)
        self.assertEqual(proof["result"], "not_probed")
        self.assertIn('extension "no_such_thing" is not available', proof["reason"])
        self.assertIn("Install", proof["reason"])
        self.assertEqual(answer["counts"], {"passed": 0, "failed": 0, "not_probed": 3})

    def test_outside_world(self):
        marker = self.folder / "tmp" / "called"
        project = self.chain(("a", f"CREATE TABLE t (id int);\nCOPY t TO PROGRAM 'touch {marker}';", "DROP TABLE t;"))
        answer = self.prove(project, "--no-probes", status=3)
        proof = self.only(answer, "revision a", RUNS)
        self.assertEqual(proof["result"], "not_probed")
        self.assertIn("migrations/a_step.sql:6: it calls the outside world by COPY ... PROGRAM", proof["reason"])
        self.assertFalse(marker.exists())
        self.prove(project, "--no-probes", "--outside")
        self.assertTrue(marker.exists())
        marker.unlink()
        for call in ("CREATE SUBSCRIPTION s CONNECTION 'host=example' PUBLICATION p;", "SELECT dblink_exec('host=example', 'SELECT 1');",
                     "DO $$ BEGIN PERFORM dblink('host=example', 'SELECT 1'); END $$;", "ALTER SYSTEM SET work_mem = '1MB';"):
            with self.subTest(call):
                answer = self.prove(self.chain(("a", call, "SELECT 1;")), "--no-probes", status=3)
                self.assertIn("it calls the outside world", answer["proofs"][0]["reason"])

    def test_takes_for_ever(self):
        for name, up in (("a statement", "SELECT pg_sleep(1000);"), ("its own timeout", "SET statement_timeout = 0; SELECT pg_sleep(1000);"),
                         ("many", "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(0.1); EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $$;")):
            with self.subTest(name):
                began = time.monotonic()
                answer = self.prove(self.chain(("a", up, "SELECT 1;")), "--no-probes", "--timeout", "500ms", status=3)
                self.assertLess(time.monotonic() - began, 60)
                self.assertEqual(self.failed(answer), [("revision a", RUNS)])
                self.assertIn("it took longer than 0.5 s", answer["proofs"][0]["reason"])
        self.assertEqual(self.leftovers(), [])

    def test_it_ends_its_own_connection(self):
        answer = self.prove(self.chain(("a", "CREATE TABLE t (id int);", "DROP TABLE t;"),
                                       ("b", "SELECT pg_terminate_backend(pg_backend_pid());", "SELECT 1;"),
                                       ("c", "CREATE TABLE u (id int);", "DROP TABLE u;")), "--no-probes", status=3)
        self.assertEqual(self.failed(answer), [("revision b", RUNS)])
        self.assertEqual(self.only(answer, "revision a", RESTORES)["result"], "passed")
        self.assertEqual(self.only(answer, "revision c", ON_ROWS)["result"], "not_probed")

    def test_no_server_programs(self):
        empty = self.folder / "nothing"
        empty.mkdir()
        project = self.chain(("a", "SELECT 1;", "SELECT 1;"))
        run = self.expect(1, "prove", cwd=project, env={"PGBRAID_SERVER_BIN": str(empty)})
        self.assertIn(f"no PostgreSQL server is in {empty}, which PGBRAID_SERVER_BIN names", run.stderr)
        self.assertIn("hint: Correct it", run.stderr)
        self.assertEqual(self.leftovers(), [])

    def test_interrupted(self):
        project = self.chain(("a", "SELECT pg_sleep(1000);", "SELECT 1;"))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            with self.subTest(number):
                process = subprocess.Popen([str(harness.program()), "prove"], cwd=project, env=self.environment(), text=True,
                                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                deadline = time.monotonic() + 200
                seen = 0  # in a row: what reads the catalog has the same title, but does not stand still so long
                while seen < 10 and time.monotonic() < deadline:
                    seen = seen + 1 if self.sleeping() else 0
                    time.sleep(0.1)
                self.assertEqual(seen, 10)
                process.send_signal(number)
                _, err = process.communicate(timeout=60)
                if number != signal.SIGKILL:
                    self.assertEqual(process.returncode, 1, err)
                    self.assertIn("interrupted", err)
                    self.assertEqual(self.leftovers(), [])
                deadline = time.monotonic() + 30
                while (self.sleeping() or self.leftovers()) and time.monotonic() < deadline:
                    time.sleep(0.1)
                self.assertEqual((self.sleeping(), self.leftovers()), ([], []))

    def sleeping(self):
        """Server processes of this test that sleep for the revision."""
        found = []
        for pid in harness.warden.processes_inside(str(self.folder)):
            try:
                with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
                    title = file.read()
                with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                    state = file.read().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if "SELECT" in title and "proving" in title and state == "S":
                found.append(pid)
        return found


class ScopeTest(Case):
    STEPS = (("a", "CREATE TABLE t (id int);", "DROP TABLE t;"), ("b", "ALTER TABLE t ADD v text;", "ALTER TABLE t DROP v;"),
             ("c", "CREATE INDEX t_v ON t (v);", "DROP INDEX t_v;"))

    def subjects(self, answer):
        return sorted({p["subject"] for p in answer["proofs"]})

    def test_range_and_revisions(self):
        project = self.chain(*self.STEPS)
        self.assertEqual(self.subjects(self.prove(project, "b:", "--no-probes")), ["revision b", "revision c"])
        self.assertEqual(self.subjects(self.prove(project, "b", "--no-probes")), ["revision b"])
        answer = self.prove(project, "--no-probes")
        self.assertEqual((answer["revisions"], self.subjects(answer)), (3, ["revision a", "revision b", "revision c"]))
        self.assertEqual(self.expect(2, "prove", "nosuch", cwd=project).stdout, "")
        self.expect(2, "prove", "--pending", "a", cwd=project)
        self.expect(2, "prove", "--branches", "a", cwd=project)

    def test_pending(self):
        project, uri = self.chain(*self.STEPS), self.new_database()
        self.pgbraid("upgrade", "b", cwd=project, db=uri, check=True)
        answer = self.prove(project, "--pending", "--no-probes", db=uri)
        self.assertEqual((answer["revisions"], self.subjects(answer)), (1, ["revision c"]))
        self.pgbraid("upgrade", cwd=project, db=uri, check=True)
        answer = self.prove(project, "--pending", "--no-probes", db=uri)
        self.assertEqual(answer["proofs"], [])

    def test_live_database_is_only_read(self):
        project, uri = self.chain(*self.STEPS), self.new_database()
        self.prove(project, "--no-probes", db=uri)
        self.assertEqual(self.query(uri, "SELECT count(*) FROM pg_namespace WHERE nspname = 'pgbraid'"), [(0,)])
        self.assertEqual(self.query(uri, "SELECT count(*) FROM pg_class WHERE relname = 't'"), [(0,)])

    def test_another_major_version(self):
        """A server that says it is another one: what it says at the start of a session is changed on the way."""
        database = self.new_database()
        major = "15" if self.query(database, "SHOW server_version")[0][0].startswith("16") else "16"
        uri = urllib.parse.urlsplit(database)
        where = dict(urllib.parse.parse_qsl(uri.query))
        with OtherVersion(f"{where['host']}/.s.PGSQL.{where['port']}", self.folder / "other", major.encode()) as folder:
            other = f"postgresql://{uri.path}?" + urllib.parse.urlencode({**where, "host": folder, "port": "5432"})
            answer = self.prove(self.chain(*self.STEPS), "--no-probes", db=other)
        self.assertEqual([n for n in answer["notes"] if f"PostgreSQL {major} is not installed here; the private server is PostgreSQL" in n],
                         answer["notes"])
        self.assertEqual(len(answer["notes"]), 1)
        self.assertEqual(self.leftovers(), [])

    def test_outside_a_transaction(self):
        project = self.project({
            "migrations/a_x.sql": revision("a", None, "CREATE TABLE t (id int, v text);", "DROP TABLE t;"),
            "migrations/b_x.sql": revision("b", "a", "CREATE INDEX CONCURRENTLY t_v ON t (v);", "DROP INDEX CONCURRENTLY t_v;",
                                           "-- pgbraid:transaction none\n"),
            "migrations/c_x.sql": revision("c", "b", "CREATE INDEX CONCURRENTLY t_id ON t (id);\nSELECT 1 / 0;", "SELECT 1;",
                                           "-- pgbraid:transaction none\n"),
            "migrations/d_x.sql": revision("d", "b", "CREATE TABLE u (id int);", "DROP TABLE u;")})
        answer = self.prove(project, "--no-probes", status=3)
        self.assertEqual(self.failed(answer), [("revision c", RUNS)])
        for ident in "abd":  # what c left is cleared away before d
            self.assertEqual(self.only(answer, f"revision {ident}", RESTORES)["result"], "passed")

    def test_verify_blocks(self):
        text = revision("a", None, "CREATE TABLE t (id int);", "DROP TABLE t;") + "\n-- pgbraid:verify\nSELECT count(*) = {} FROM t;\n"
        answer = self.prove(self.project({"migrations/a_x.sql": text.format(0)}), "--no-probes")
        self.assertEqual(self.only(answer, "revision a", HOLDS)["result"], "passed")
        answer = self.prove(self.project({"migrations/a_x.sql": text.format(1)}), "--no-probes", status=3)
        self.assertEqual(self.only(answer, "revision a", HOLDS)["result"], "failed")
        self.assertIn("a verify block of a is not fulfilled", self.only(answer, "revision a", HOLDS)["reason"])

    def test_roles_that_a_revision_needs_or_makes(self):
        answer = self.prove(self.chain(
            ("a", "CREATE TABLE t (id int); GRANT SELECT ON t TO reporting;", "DROP TABLE t;"),
            ("b", "CREATE ROLE helper; GRANT SELECT ON t TO helper;", "REVOKE SELECT ON t FROM helper; DROP ROLE helper;")), "--no-probes")
        self.assertEqual(answer["counts"], {"passed": 6, "failed": 0, "not_probed": 0})


class MergeTest(Case):
    def heads(self, one, two):
        return self.project({"migrations/a_x.sql": revision("a", None, "CREATE TABLE t (id int, v text);", "DROP TABLE t;"),
                             "migrations/one_x.sql": revision("one", "a", one), "migrations/two_x.sql": revision("two", "a", two)})

    def test_merge_of_what_commutes(self):
        project = self.heads("CREATE TABLE u (id int);", "CREATE INDEX t_v ON t (v);")
        answer = self.expect(0, "merge", "--prove", "--format", "json", cwd=project).json()
        self.assertEqual(answer["counts"], {"passed": 1, "failed": 0, "not_probed": 0})
        self.assertTrue((project / answer["file"]).exists())

    def test_merge_of_what_does_not(self):
        project = self.heads("ALTER TABLE t ALTER v SET DEFAULT 'a';", "ALTER TABLE t ALTER v SET DEFAULT 'b';")
        run = self.expect(3, "merge", "--prove", cwd=project)
        self.assertIn("column public.t.v differs: default", run.stdout)
        self.assertIn("nothing was written", run.stderr)
        self.assertEqual(len(list((project / "migrations").iterdir())), 3)


class BranchesTest(Case):
    def branched(self, one, other):
        return self.project({"migrations/root_x.sql": revision("root", None, flaws.BASE_UP, flaws.BASE_DOWN),
                             "migrations/one_x.sql": revision("one", "root", one),
                             "migrations/two_x.sql": revision("two", "root", other)})

    def test_pairs_that_do_not_commute(self):
        self.assertGreaterEqual(len(flaws.BRANCHES), 10)
        for name, one, other, words in flaws.BRANCHES:
            with self.subTest(name):
                answer = self.prove(self.branched(one, other), "--branches", status=3)
                self.assertEqual(self.failed(answer), [("branches one and two", COMMUTES)])
                reason = answer["proofs"][0]["reason"]
                for word in words:
                    self.assertIn(word, reason)
                self.assertTrue(any("pgbraid" in line for line in answer["proofs"][0]["reproduce"]))
        self.assertEqual(self.leftovers(), [])

    def test_pair_that_commutes(self):
        project = self.branched("ALTER TABLE users ADD COLUMN a int; CREATE ROLE helper; GRANT SELECT ON users TO helper;",
                                "ALTER TABLE users ADD COLUMN b int; CREATE INDEX docs_body ON docs (body);")
        answer = self.prove(project, "--branches")
        proof = self.only(answer, "branches one and two", COMMUTES)
        self.assertEqual(proof["result"], "passed")
        self.assertIn("position", proof["reason"])  # the order of columns is a note
        self.assertEqual(answer["counts"], {"passed": 1, "failed": 0, "not_probed": 0})


class ExamplesTest(Case):
    """Both examples: everything passes, nothing is left unprobed, and each wish of the practice's people is a line of it."""

    # What they asked, and the proofs that show it: (words of the subject, words of the proof).
    WISHES = {
        "deleting a patient deletes their goals": [
            ("treatment_goals.fk_treatment_goals_patient_id", "deleting from public.users deletes from public.treatment_goals")],
        "their scores": [("assessment_scores", "deleting from public.users deletes from public.assessment_scores")],
        "their reminders": [("goal_reminders", "deleting from public.users deletes from public.goal_reminders")],
        "and their timeline": [
            ("timeline_events.fk_timeline_events_patient_id", "deleting from public.users deletes from public.timeline_events")],
        "deleting a therapist keeps the timeline events and clears the reference": [
            ("timeline_events.fk_timeline_events_therapist_id",
             "deleting from public.users keeps the row of public.timeline_events and sets therapist_id to null")],
        "deleting a session keeps goals and entries and clears theirs": [
            ("treatment_goals.fk_treatment_goals_session_id",
             "deleting from public.therapy_sessions keeps the row of public.treatment_goals and sets session_id to null"),
            ("progress_entries", "deleting from public.therapy_sessions keeps the row of public.progress_entries and sets session_id to null")],
        "an unknown event_type is refused": [("timeline_events.ck_timeline_events_type", "refused")],
        "an unknown importance is refused": [("timeline_events.ck_timeline_events_importance", "refused")],
        "scale_min >= scale_max is refused": [("check public.goal_tracking_config", "scale_min < scale_max")],
        "a negative score is refused": [("check public.assessment_scores", "refused")],
        "a patient's timeline uses the index made for it": [("patient_timeline", "idx_timeline_patient_date")],
        "goals by therapist and status": [("goals_by_therapist_and_status", "idx_treatment_goals_therapist_status")],
        "a goal's entries by date": [("goal_entries_by_date", "idx_progress_entries_goal_date")],
        "a patient's scores": [("patient_scores", "idx_assessment_scores_patient_date")],
        "active reminders": [("active_reminders", "idx_goal_reminders")],
        "back to before the goal tracking tables": [("revision e5f6g7h8i9j0", RESTORES)],
        "and forward again": [("revision e5f6g7h8i9j0", REPEATS)],
    }

    def whole(self, name):
        project = self.copy_example(name)
        answer = self.prove(project, timeout=600)
        self.assertEqual([p for p in answer["proofs"] if p["result"] != "passed"], [])
        self.assertTrue(answer["complete"])
        self.assertEqual(self.leftovers(), [])
        return project, answer

    def test_therapy(self):
        project, answer = self.whole("therapy")
        for wish, shown in self.WISHES.items():
            for subject, proof in shown:
                with self.subTest(wish, proof=proof):
                    found = [p for p in answer["proofs"] if subject in p["subject"] and proof in p["proof"]]
                    self.assertTrue(found, [p for p in answer["proofs"] if subject in p["subject"]])
        file = self.folder / "proofs.json"
        file.write_text(self.runs[-1].stdout if self.runs else "")
        uri = self.new_database()
        self.pgbraid("upgrade", cwd=project, db=uri, check=True)
        report = self.pgbraid("report", "--with", file, "--format", "json", "--no-verify", cwd=project, db=uri, check=True)
        self.assertIn("its downgrade restores exactly what was before", report.stdout)

    def test_chat(self):
        _, answer = self.whole("chat")
        for query, index in (("login_by_email", "idx_users_email"), ("dashboard", "idx_tasks_user_id_created_at"),
                             ("conversations_by_recency", "idx_conversations_user_id_updated_at"),
                             ("conversation_messages", "idx_messages_conversation_id_created_at"), ("user_messages", "idx_messages_user_id")):
            with self.subTest(query):
                self.assertTrue([p for p in answer["proofs"] if query in p["subject"] and index in p["proof"]],
                                [p for p in answer["proofs"] if "quer" in p["subject"]])

    def test_branches_of_the_therapy_practice(self):
        answer = self.prove(self.copy_example("therapy"), "--branches")
        self.assertEqual(answer["counts"], {"passed": 3, "failed": 0, "not_probed": 0})


if __name__ == "__main__":
    harness.main()
