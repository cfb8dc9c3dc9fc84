#!/usr/bin/python3
"""verify and snapshot against servers: what the applied revisions make, what can't be read, and bad input."""

import os
import re
import subprocess
import sys
import threading
import time

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import harness  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


class Case(harness.PgbraidTest):
    def verify(self, uri, project, *more, status=0, env=None):
        run = self.expect(status, "verify", "--format", "json", *more, cwd=project, db=uri, env=env)
        return run.json()

    def sql(self, uri, text):
        connection = psycopg2.connect(uri)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(text)
        connection.close()

    def upgraded(self, name, *targets):
        project, uri = self.copy_example(name), self.new_database()
        self.pgbraid("upgrade", *targets, cwd=project, db=uri, check=True)
        return project, uri

    def leftovers(self):
        return sorted(path.name for path in (self.folder / "tmp").iterdir())


class ExamplesTest(Case):
    # tables: columns, foreign keys, indexes, checks; as examples and specification say
    CHAT = {"users": (5, 0, 1, 0), "tasks": (8, 1, 2, 0), "conversations": (5, 1, 2, 0), "messages": (8, 2, 3, 1)}

    def test_figures_of_the_chat(self):
        project, uri = self.upgraded("chat")
        answer = self.verify(uri, project)
        self.assertEqual(answer["counts"], {"tables": 4, "columns": 26, "foreign_keys": 4, "indexes": 8, "checks": 1})
        self.assertEqual({table["name"]: (table["columns"], table["foreign_keys"], table["indexes"], table["checks"])
                          for table in answer["tables"]},
                         {f"public.{name}": figures for name, figures in self.CHAT.items()})
        self.assertTrue(answer["verified"])

    def test_figures_of_the_therapy_practice(self):
        """In all as pg_catalog counts them, and of the tables that the specification gives column by column."""
        import test_examples_spec as spec

        project, uri = self.upgraded("therapy")
        answer = self.verify(uri, project)
        self.assertEqual(answer["counts"]["tables"], 39)
        rows = self.query(uri, """
            SELECT (SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public'),
                   (SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace),
                   (SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                     WHERE c.relnamespace = 'public'::regnamespace
                       AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))),
                   (SELECT count(*) FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace)""")
        self.assertEqual((answer["counts"]["columns"], answer["counts"]["foreign_keys"], answer["counts"]["indexes"],
                          answer["counts"]["checks"]), rows[0])
        tables = {table["name"].removeprefix("public."): table for table in answer["tables"]}
        self.assertEqual(set(tables), spec.TABLES)
        for name, given in spec.GIVEN.items():
            with self.subTest(name):
                self.assertEqual(tables[name]["columns"], len(given["columns"]))
                self.assertEqual(tables[name]["foreign_keys"], len(given.get("foreign keys", [])))
                self.assertEqual(tables[name]["indexes"], len(given.get("indexes", {})))
                self.assertEqual(tables[name]["checks"], len(given.get("checks", {})))

    def test_clean_after_every_upgrade_and_downgrade(self):
        project, uri = self.copy_example("therapy"), self.new_database()
        for command in (["upgrade", "c3d4e5f6g7h8"], ["upgrade", "exports"], ["upgrade", "heads"], ["downgrade", "e5f6g7h8i9j0^"],
                        ["upgrade", "compliance"], ["downgrade", "base"]):
            with self.subTest(command):
                self.pgbraid(*command, cwd=project, db=uri, check=True)
                answer = self.verify(uri, project)
                self.assertEqual((answer["differences"], answer["notes"], answer["verified"]), ([], [], True))
        self.assertEqual(answer["counts"]["tables"], 0)
        project, uri = self.copy_example("chat"), self.new_database()
        for command in (["upgrade", "001"], ["upgrade"], ["downgrade", "001"], ["downgrade", "base"]):
            with self.subTest(command):
                self.pgbraid(*command, cwd=project, db=uri, check=True)
                self.assertEqual(self.verify(uri, project)["differences"], [])

    def test_drift_is_named_and_mended(self):
        project, uri = self.upgraded("therapy")
        self.sql(uri, "ALTER TABLE users ALTER role SET DEFAULT 'admin'; DROP INDEX idx_timeline_type; "
                      "ALTER TABLE treatment_goals DROP CONSTRAINT fk_treatment_goals_therapist_id; CREATE TABLE stray (id int)")
        answer = self.verify(uri, project, status=3)
        self.assertEqual([(d["kind"], d["object"], d["change"]) for d in answer["differences"]],
                         [("column", "public.users.role", "changed"),
                          ("constraint", "public.treatment_goals.fk_treatment_goals_therapist_id", "missing"),
                          ("index", "public.idx_timeline_type", "missing"), ("table", "public.stray", "extra")])
        text = self.expect(3, "verify", cwd=project, db=uri).stdout
        for part in ("public.treatment_goals\n  missing constraint", "'patient'::character varying", "CREATE INDEX idx_timeline_type",
                     "4 differences (2 missing, 1 extra, 1 changed) against 12 applied revisions"):
            self.assertIn(part, text)
        for difference in answer["differences"]:
            self.sql(uri, difference["sql"])
        self.assertEqual(self.verify(uri, project)["differences"], [])
        self.assertEqual(self.leftovers(), [])

    def test_nothing_applied(self):
        project, uri = self.copy_example("chat"), self.new_database()
        answer = self.verify(uri, project)
        self.assertEqual((answer["counts"]["tables"], answer["verified"]), (0, True))


class RebuildTest(Case):
    """The other side comes from what was applied: files, and stored texts where files changed or went."""

    def files(self, **more):
        return {"migrations/a_one.sql": "-- pgbraid:revision a\n-- pgbraid:up\nCREATE TABLE one (id int PRIMARY KEY, v text);\n"
                                        "-- pgbraid:down\nDROP TABLE one;\n",
                "migrations/b_two.sql": "-- pgbraid:revision b\n-- pgbraid:parent a\n-- pgbraid:up\nCREATE TABLE two (id int);\n"
                                        "-- pgbraid:down\nDROP TABLE two;\n", **more}

    def test_edited_file_is_rebuilt_from_the_stored_text(self):
        project, uri = self.project(self.files()), self.new_database()
        self.pgbraid("upgrade", cwd=project, db=uri, check=True)
        file = project / "migrations/a_one.sql"
        file.write_text(file.read_text().replace("v text", "v text, more int"))
        answer = self.verify(uri, project)
        self.assertEqual(answer["differences"], [])
        self.assertIn("edited", answer["notes"][0]["text"])

    def test_missing_file_is_rebuilt_from_the_stored_text(self):
        project, uri = self.project(self.files()), self.new_database()
        self.pgbraid("upgrade", cwd=project, db=uri, check=True)
        (project / "migrations/b_two.sql").unlink()
        answer = self.verify(uri, project)
        self.assertEqual(answer["differences"], [])
        self.assertIn("its file is gone; rebuilt from the stored text", answer["notes"][0]["text"])

    def test_no_text_is_not_verified(self):
        project, uri = self.project(self.files()), self.new_database()
        self.pgbraid("upgrade", cwd=project, db=uri, check=True)
        self.sql(uri, "UPDATE pgbraid.revision SET up = NULL WHERE id = 'b'")
        self.assertEqual(self.verify(uri, project)["differences"], [])  # the file is as it was
        (project / "migrations/b_two.sql").unlink()
        answer = self.verify(uri, project, status=3)
        self.assertEqual((answer["verified"], answer["differences"]), (False, []))
        self.assertIn("text is not stored", answer["notes"][0]["text"])
        text = self.expect(3, "verify", cwd=project, db=uri).stdout
        self.assertIn("Not verified", text)
        self.assertNotIn("Equal", text)

    def test_order_is_that_of_application(self):
        """A late revision was applied last, below others: so it is run last."""
        project, uri = self.project(self.files()), self.new_database()
        self.pgbraid("upgrade", cwd=project, db=uri, check=True)
        self.write(project, {"migrations/c_late.sql": "-- pgbraid:revision c\n-- pgbraid:parent a\n-- pgbraid:up\n"
                                                      "ALTER TABLE two ADD COLUMN late int;\n-- pgbraid:down\nALTER TABLE two DROP late;\n"})
        self.pgbraid("upgrade", cwd=project, db=uri, check=True)
        self.assertEqual(self.verify(uri, project)["differences"], [])

    def test_owners_roles_and_settings(self):
        """Revisions of several roles, one of which a revision makes; unqualified names by the role's search_path."""
        server = self.server
        for role in ("rb_app LOGIN SUPERUSER", "rb_ops LOGIN SUPERUSER", "rb_reader"):
            server.execute(f"DROP ROLE IF EXISTS {role.split()[0]}")
            server.execute(f"CREATE ROLE {role}")
            self.addCleanup(server.execute, f"DROP ROLE IF EXISTS {role.split()[0]}")
        uri = self.new_database()
        name = self._database
        server.execute(f'ALTER DATABASE "{name}" OWNER TO rb_app')
        server.execute("ALTER ROLE rb_app SET search_path = app, public")
        self.addCleanup(server.execute, "DROP ROLE IF EXISTS rb_made")
        project = self.project({
            "migrations/a_x.sql": "-- pgbraid:revision a\n-- pgbraid:up\nCREATE SCHEMA app;\nCREATE TABLE thing (id serial PRIMARY KEY);\n"
                                  "GRANT SELECT ON thing TO rb_reader;\nALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO rb_reader;\n"
                                  "CREATE TABLE later (id int);\n-- pgbraid:down\nDROP SCHEMA app CASCADE;\n",
            "migrations/b_x.sql": "-- pgbraid:revision b\n-- pgbraid:parent a\n-- pgbraid:up\nCREATE ROLE rb_made;\n"
                                  "CREATE TABLE app.owned (id int);\nALTER TABLE app.owned OWNER TO rb_made;\n"
                                  "CREATE POLICY p ON app.owned TO rb_reader USING (true);\n"
                                  "DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rb_app') THEN GRANT SELECT ON app.owned TO rb_app; END IF; END $$;\n"
                                  "-- pgbraid:down\nDROP TABLE app.owned;\nDROP ROLE rb_made;\n"})
        uri_of = lambda role: re.sub(r"user=\w+", f"user={role}", uri)  # noqa: E731
        self.pgbraid("upgrade", "a", cwd=project, db=uri_of("rb_app"), check=True)
        self.pgbraid("upgrade", cwd=project, db=uri_of("rb_ops"), check=True)
        owners = dict(self.query(uri, "SELECT relname, relowner::regrole::text FROM pg_class WHERE relname IN ('thing', 'owned')"))
        self.assertEqual(owners, {"thing": "rb_app", "owned": "rb_made"})
        answer = self.verify(uri, project)
        self.assertEqual((answer["differences"], answer["notes"]), ([], []))
        self.sql(uri, "ALTER TABLE app.thing OWNER TO postgres")
        answer = self.verify(uri, project, status=3)
        self.assertIn("owner", {d["property"] for d in answer["differences"]})
        self.pgbraid("downgrade", "--yes", "base", cwd=project, db=uri_of("rb_ops"), check=True)
        server.execute(f'ALTER DATABASE "{name}" OWNER TO postgres')

    def test_applied_by_a_plain_role(self):
        """Who owns the database and is no superuser; looked at by another."""
        self.server.execute("DROP ROLE IF EXISTS rb_plain")
        self.server.execute("CREATE ROLE rb_plain LOGIN")
        self.addCleanup(self.server.execute, "DROP ROLE IF EXISTS rb_plain")
        project, uri = self.copy_example("therapy"), self.new_database()
        self.addCleanup(self.server.execute, f'DROP DATABASE IF EXISTS "{self._database}" WITH (FORCE)')
        self.server.execute(f'ALTER DATABASE "{self._database}" OWNER TO rb_plain')
        plain = re.sub(r"user=\w+", "user=rb_plain", uri)
        self.pgbraid("upgrade", cwd=project, db=plain, check=True)
        for who in (plain, uri):
            answer = self.verify(who, project)
            self.assertEqual((answer["differences"], answer["notes"]), ([], []))
        self.assertEqual(self.query(uri, "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"),
                         [("rb_plain",)])

    def test_extension_that_is_not_installed_here(self):
        """The live server has it, the private one has not: not verified, never equal."""
        project, uri = self.project(self.files()), self.new_database()
        self.pgbraid("upgrade", cwd=project, db=uri, check=True)
        text = "CREATE EXTENSION no_such_thing;\n"
        self.write(project, {"migrations/e_ext.sql": "-- pgbraid:revision e\n-- pgbraid:parent b\n-- pgbraid:up\nSELECT 1;\n"
                                                     "-- pgbraid:down\nSELECT 1;\n"})
        self.pgbraid("upgrade", cwd=project, db=uri, check=True)
        self.sql(uri, f"UPDATE pgbraid.revision SET up = '{text}', up_raw = 'x', up_norm = 'x' WHERE id = 'e'")
        answer = self.verify(uri, project, status=3)
        self.assertEqual((answer["verified"], answer["differences"]), (False, []))
        self.assertIn("no_such_thing", answer["notes"][-1]["text"] + answer["notes"][0]["text"])
        self.assertEqual(answer["counts"]["tables"], 2)

    def test_revision_outside_a_transaction_and_copy(self):
        project, uri = self.project(self.files(**{
            "migrations/c_idx.sql": "-- pgbraid:revision c\n-- pgbraid:parent b\n-- pgbraid:transaction none\n-- pgbraid:up\n"
                                    "CREATE INDEX CONCURRENTLY one_v ON one (v);\n-- pgbraid:down\nDROP INDEX CONCURRENTLY one_v;\n",
            "migrations/d_copy.sql": "-- pgbraid:revision d\n-- pgbraid:parent c\n-- pgbraid:up\nCOPY one (id, v) FROM stdin;\n1\tone\n2\ttwo\n\\.\n"
                                     "CREATE VIEW seen AS SELECT v FROM one;\n-- pgbraid:down\nDROP VIEW seen;\nDELETE FROM one;\n"})), self.new_database()
        self.pgbraid("upgrade", cwd=project, db=uri, check=True)
        self.assertEqual(self.verify(uri, project)["differences"], [])
        (project / "migrations/c_idx.sql").unlink()
        (project / "migrations/d_copy.sql").unlink()
        self.assertEqual(self.verify(uri, project)["differences"], [])

    def test_encoding_and_locale_are_the_live_ones(self):
        self.server.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
        self.addCleanup(self.server.execute, "DROP DATABASE latin WITH (FORCE)")
        uri = self.server.uri("latin")
        project = self.project({"migrations/a_x.sql": "-- pgbraid:revision a\n-- pgbraid:up\nCREATE TABLE \"größe\" (\"breite\" int DEFAULT length('ß'));\n"
                                                      "COMMENT ON TABLE \"größe\" IS 'Maß ½';\n-- pgbraid:down\nDROP TABLE \"größe\";\n"})
        self.pgbraid("upgrade", cwd=project, db=uri, check=True)
        self.assertEqual(self.verify(uri, project)["differences"], [])
        self.pgbraid("snapshot", "-o", self.folder / "s", db=uri, check=True)
        self.assertIn('table: public."größe"', (self.folder / "s").read_text(encoding="utf-8"))
        self.assertIn("comment: Maß ½", (self.folder / "s").read_text(encoding="utf-8"))

    def test_ignored_with_a_reason(self):
        project, uri = self.upgraded("chat")
        self.sql(uri, "CREATE TABLE tmp_import (id int); ALTER TABLE users ALTER email TYPE text; CREATE EXTENSION pg_trgm")
        self.assertEqual(len(self.verify(uri, project, status=3)["differences"]), 3)
        (project / "pgbraid.ini").write_text("[verify]\nignore = table public.tmp_*  # the nightly import's\n"
                                             "ignore = column public.users.email type # ticket 12\nignore = extension pg_trgm # the provider's\n")
        answer = self.verify(uri, project)
        self.assertEqual([(i["pattern"], i["reason"], i["differences"]) for i in answer["ignored"]],
                         [("table public.tmp_*", "the nightly import's", 1), ("column public.users.email type", "ticket 12", 1),
                          ("extension pg_trgm", "the provider's", 1)])
        text = self.expect(0, "verify", cwd=project, db=uri).stdout
        self.assertIn('ignored: 1 by "table public.tmp_*" (the nightly import\'s)', text)
        (project / "pgbraid.ini").write_text("[verify]\nignore = table public.tmp_*\n")
        self.assertIn("has no reason", self.expect(2, "verify", cwd=project, db=uri).stderr)

    def test_nothing_is_left_behind(self):
        project, uri = self.upgraded("chat")
        process = self.start("verify", cwd=project, db=uri)
        time.sleep(0.7)
        process.kill()
        process.wait()
        self.verify(uri, project)
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and any("private" in name or name.startswith("pgb-") for name in self.leftovers()):
            time.sleep(0.1)
        # a killed command leaves at most the texts that it ran, never a server
        self.assertEqual([name for name in self.leftovers() if "rebuild" not in name], [])


class ReadingTest(Case):
    """Who may read what, and what stands in the way."""

    def test_role_that_may_only_read(self):
        project, uri = self.upgraded("chat")
        self.server.execute("DROP ROLE IF EXISTS vr_reader")
        self.server.execute("CREATE ROLE vr_reader LOGIN")
        self.addCleanup(self.server.execute, "DROP ROLE IF EXISTS vr_reader")
        self.addCleanup(self.server.execute, f'DROP DATABASE IF EXISTS "{self._database}" WITH (FORCE)')
        reader = re.sub(r"user=\w+", "user=vr_reader", uri)
        self.pgbraid("snapshot", "-o", self.folder / "mine", db=uri, check=True)
        self.pgbraid("snapshot", "-o", self.folder / "theirs", db=reader, check=True)
        self.assertEqual((self.folder / "mine").read_bytes(), (self.folder / "theirs").read_bytes())
        self.expect(0, "verify", "--snapshot", self.folder / "mine", db=reader)
        # the applied revisions stand in schema pgbraid, which it may not read
        run = self.expect(1, "verify", cwd=project, db=reader)
        self.assertIn("pgbraid", run.stderr)
        self.sql(uri, "GRANT USAGE ON SCHEMA pgbraid TO vr_reader; GRANT SELECT ON ALL TABLES IN SCHEMA pgbraid TO vr_reader")
        self.assertEqual(self.verify(reader, project)["differences"], [])

    def test_role_that_may_not_read_a_catalog(self):
        uri = self.new_database()
        self.server.execute("DROP ROLE IF EXISTS vr_blind")
        self.server.execute("CREATE ROLE vr_blind LOGIN")
        self.addCleanup(self.server.execute, "DROP ROLE IF EXISTS vr_blind")
        self.sql(uri, "REVOKE SELECT ON pg_catalog.pg_policy FROM PUBLIC")
        run = self.expect(1, "snapshot", db=re.sub(r"user=\w+", "user=vr_blind", uri))
        self.assertIn("pg_policy", run.stderr)
        self.assertIn("grant SELECT", run.stderr)
        self.assertEqual(run.stdout, "")

    def test_standby(self):
        with harness.private_server(wal_level="replica") as primary:
            primary.execute("CREATE TABLE t (id int PRIMARY KEY)")
            with harness.standby_of(primary) as standby:
                first = self.pgbraid("snapshot", db=primary.uri("postgres"), check=True).stdout
                deadline = time.monotonic() + 20
                while time.monotonic() < deadline:
                    second = self.pgbraid("snapshot", db=standby.uri("postgres"), check=True).stdout
                    if first == second:
                        break
                    time.sleep(0.2)
                self.assertEqual(first, second)
                (self.folder / "s").write_text(first)
                self.expect(0, "verify", "--snapshot", self.folder / "s", db=standby.uri("postgres"))

    def test_only_access_share_is_taken(self):
        """Under an ACCESS EXCLUSIVE lock: tables don't matter; a view's definition is waited for shortly, and said."""
        uri = self.new_database()
        self.sql(uri, "CREATE TABLE t (id int PRIMARY KEY, v text CHECK (v <> '')); CREATE INDEX ON t (v); CREATE VIEW w AS SELECT * FROM t")
        holder = psycopg2.connect(uri)
        with holder.cursor() as cursor:
            cursor.execute("LOCK TABLE t IN ROW EXCLUSIVE MODE")
        self.pgbraid("snapshot", db=uri, check=True)
        with holder.cursor() as cursor:
            cursor.execute("LOCK TABLE t IN SHARE ROW EXCLUSIVE MODE")
        self.pgbraid("snapshot", db=uri, check=True)
        with holder.cursor() as cursor:
            cursor.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        start = time.monotonic()
        run = self.expect(1, "snapshot", db=uri)
        self.assertLess(time.monotonic() - start, 20)
        self.assertIn("another session holds a lock", run.stderr)
        self.assertIn("public.t is locked by process", run.stderr)
        holder.rollback()
        self.pgbraid("snapshot", db=uri, check=True)
        holder.close()

    def test_schema_that_changes_meanwhile(self):
        """Objects come and go while it is read: an answer, and a true one."""
        uri = self.new_database()
        self.sql(uri, "CREATE TABLE stays (id int PRIMARY KEY)")
        self.pgbraid("snapshot", "-o", self.folder / "s", db=uri, check=True)
        ended = threading.Event()

        def churn():
            connection = psycopg2.connect(uri)
            connection.autocommit = True
            with connection.cursor() as cursor:
                while not ended.is_set():
                    cursor.execute("CREATE TABLE comes (id serial PRIMARY KEY, v text CHECK (v IN ('a'))); CREATE VIEW seen AS SELECT * FROM comes; "
                                   "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE INDEX ON comes (v)")
                    cursor.execute("DROP FUNCTION f(); DROP TABLE comes CASCADE")
            connection.close()

        thread = threading.Thread(target=churn)
        thread.start()
        try:
            for _ in range(12):
                run = self.pgbraid("verify", "--snapshot", self.folder / "s", "--format", "json", db=uri)
                self.assertIn(run.returncode, (0, 3), str(run))
                names = {re.split(r"[.(]", d["object"])[1] for d in run.json()["differences"]}
                self.assertLessEqual(names, {"comes", "seen", "f"}, str(run))
        finally:
            ended.set()
            thread.join()
        self.expect(0, "verify", "--snapshot", self.folder / "s", db=uri)

    def test_temporary_tables_of_others_do_not_matter(self):
        uri = self.new_database()
        self.pgbraid("snapshot", "-o", self.folder / "s", db=uri, check=True)
        ended = threading.Event()

        def churn():
            connection = psycopg2.connect(uri)
            connection.autocommit = True
            with connection.cursor() as cursor:
                while not ended.is_set():
                    cursor.execute("CREATE TEMP TABLE passing (id int); DROP TABLE passing")
            connection.close()

        thread = threading.Thread(target=churn)
        thread.start()
        try:
            for _ in range(6):
                answer = self.expect(0, "verify", "--snapshot", self.folder / "s", "--format", "json", db=uri).json()
                self.assertEqual((answer["differences"], answer["notes"]), ([], []))
        finally:
            ended.set()
            thread.join()

    def test_settings_of_the_session_do_not_matter(self):
        uri = self.new_database()
        with open(os.path.join(HERE, "wide_schema.sql"), encoding="utf-8") as file:
            import test_verify_mutations
            test_verify_mutations.Case.make_roles(self.server)
            self.sql(uri, file.read())
        plain = self.pgbraid("snapshot", db=uri, check=True).stdout
        for setting in ("search_path=shop,public", "quote_all_identifiers=on", "DateStyle=German", "IntervalStyle=iso_8601",
                        "extra_float_digits=-15", "TimeZone=Asia/Kolkata", "statement_timeout=50min", "default_transaction_read_only=on",
                        "default_transaction_isolation=serializable", "client_encoding=LATIN1", "jit=on", "bytea_output=escape",
                        "standard_conforming_strings=off", "xmloption=document", "enable_hashjoin=off", "lc_messages=C"):
            name, value = setting.split("=")
            if name == "search_path":
                value_sql = value
            else:
                value_sql = f"'{value}'"
            self.server.execute(f'ALTER DATABASE "{self._database}" SET {name} = {value_sql}')
            with self.subTest(setting):
                self.sql(uri, "SELECT 1")
                said = self.pgbraid("snapshot", db=uri, check=True).stdout
                setting_lines = re.sub(r"\n\ndatabase setting: [^\n]*\n(  [^\n]*\n?)+", "\n", said)
                self.assertEqual(setting_lines.strip(), plain.strip())
            connection = psycopg2.connect(self.server.uri("postgres"))
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SET default_transaction_read_only = off")
                cursor.execute(f'ALTER DATABASE "{self._database}" RESET ALL')
            connection.close()

    def test_bytes_that_are_no_text(self):
        self.server.execute("CREATE DATABASE ascii_db TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")
        self.addCleanup(self.server.execute, "DROP DATABASE ascii_db WITH (FORCE)")
        uri = self.server.uri("ascii_db")
        connection = psycopg2.connect(uri)
        connection.autocommit = True
        connection.set_client_encoding("SQL_ASCII")
        with connection.cursor() as cursor:
            cursor.execute(b"CREATE TABLE \"caf\xe9\" (id int); COMMENT ON TABLE \"caf\xe9\" IS 'na\xefve'")
        connection.close()
        self.pgbraid("snapshot", "-o", self.folder / "s", db=uri, check=True)
        self.assertIn(r"na\xEFve", (self.folder / "s").read_text(encoding="utf-8"))
        self.expect(0, "verify", "--snapshot", self.folder / "s", db=uri)


class BadInputTest(Case):
    def snapshot_file(self, text):
        path = self.folder / "my.snapshot"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def test_files_that_are_no_snapshots(self):
        uri = self.new_database()
        good = self.pgbraid("snapshot", db=uri, check=True).stdout
        for text, status, said in (
                ("", 2, "no snapshot"), ("hello\n", 2, "my.snapshot:1:1"), (b"\x00\xff", 2, "UTF-8"),
                (good.replace("snapshot 1", "snapshot 2", 1), 2, "format 2"), (good.replace("\nend\n", "\ntable\n"), 2, "my.snapshot:"), (good[:-5], 2, "cut short"), (good[:len(good) // 2], 2, "my.snapshot:"),
                (good.replace("server 15", "server x", 1), 2, "major version"), ("-- PostgreSQL database dump\n", 2, "no snapshot"),
                (good[:-4] + good.split("\n", 3)[3], 2, "twice")):
            with self.subTest(text=text[:40]):
                run = self.expect(status, "verify", "--snapshot", self.snapshot_file(text), db=uri)
                self.assertIn(said, run.stderr)
                self.assertEqual(run.stdout, "")
                answer = self.expect(status, "verify", "--snapshot", self.folder / "my.snapshot", "--format", "json", db=uri).json()
                self.assertEqual(list(answer), ["error"])
        run = self.expect(2, "verify", "--snapshot", "nowhere", db=uri)
        self.assertIn("cannot open nowhere", run.stderr)
        self.expect(2, "verify", "--snapshot", self.folder, db=uri)

    def test_snapshot_of_another_major(self):
        uri = self.new_database()
        other = self.pgbraid("snapshot", db=uri, check=True).stdout.replace("server 15", "server 13", 1)
        answer = self.expect(0, "verify", "--snapshot", self.snapshot_file(other), "--format", "json", db=uri).json()
        self.assertIn("PostgreSQL 15 is compared with PostgreSQL 13", answer["notes"][0]["text"])

    def test_database_that_cannot_be_reached(self):
        run = self.expect(4, "snapshot", db="postgresql:///x?host=/nowhere&user=u")
        self.assertIn("cannot connect", run.stderr)
        path = self.snapshot_file("pgbraid snapshot 1\nserver 15\n\nend\n")
        self.expect(4, "verify", "--snapshot", path, db="postgresql:///x?host=/nowhere&user=u")

    def test_output_is_whole_or_not_there(self):
        uri = self.new_database()
        self.expect(1, "snapshot", "-o", "/nowhere/at/all", db=uri)
        path = self.folder / "kept"
        path.write_text("before")
        self.expect(4, "snapshot", "-o", path, db="postgresql:///x?host=/nowhere&user=u")
        self.assertEqual(path.read_text(), "before")
        self.pgbraid("snapshot", "-o", path, db=uri, check=True)
        self.assertTrue(path.read_text().startswith("pgbraid snapshot 1\n"))

    def test_needs_no_project(self):
        """In a folder where even a broken project is none of its business."""
        uri = self.new_database()
        project = self.project({"migrations/a_x.sql": "this is no revision\n"})
        self.pgbraid("snapshot", "-o", self.folder / "s", cwd=project, db=uri, check=True)
        self.expect(0, "verify", "--snapshot", self.folder / "s", cwd=project, db=uri)
        self.expect(2, "verify", cwd=project, db=uri)

    def test_unmodelled_is_named(self):
        uri = self.new_database()
        self.sql(uri, "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE ft (id int) SERVER s")
        run = self.pgbraid("snapshot", "-o", self.folder / "s", db=uri, check=True)
        self.assertIn("3 objects are only named", run.stderr)
        answer = self.expect(0, "verify", "--snapshot", self.folder / "s", "--format", "json", db=uri).json()
        self.assertEqual({note["object"] for note in answer["notes"]},
                         {"foreign data wrapper w", "foreign server s", "foreign table public.ft"})
        self.sql(uri, "DROP FOREIGN TABLE ft")
        answer = self.expect(3, "verify", "--snapshot", self.folder / "s", "--format", "json", db=uri).json()
        self.assertEqual([(d["object"], d["change"]) for d in answer["differences"]], [("foreign table public.ft", "missing")])


class SizeTest(Case):
    def test_a_thousand_tables(self):
        """10,000 columns in under 100 MiB; and a generous time, since others work here too. bench/catalog.py has the figures."""
        uri = self.new_database()
        self.sql(uri, """DO $$ BEGIN FOR i IN 1..1000 LOOP
            EXECUTE format('CREATE TABLE t%s (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text NOT NULL DEFAULT ''x'', '
                           'b varchar(20) CHECK (b IN (''a'', ''b'')), c int, d timestamptz DEFAULT now(), e numeric(10, 2), '
                           'f boolean NOT NULL DEFAULT false, g uuid, h jsonb, i int)', i);
            EXECUTE format('CREATE INDEX ON t%s (a, c)', i);
            END LOOP; END $$""")
        path = self.folder / "s"
        script = ("import resource, subprocess, sys\n"
                  "code = subprocess.run(sys.argv[1:]).returncode\n"
                  "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\nsys.exit(code)")
        start = time.monotonic()
        done = subprocess.run([sys.executable, "-c", script, str(self.cli()), "snapshot", "-q", "-d", uri, "-o", str(path)],
                              env=self.environment(), capture_output=True, text=True, check=True)
        seconds, kib = time.monotonic() - start, int(done.stdout)
        self.assertLess(seconds, 30)
        self.assertLess(kib, 100 * 1024, "a sanitizer's build included")
        answer = self.expect(0, "verify", "--snapshot", path, "--format", "json", db=uri).json()
        self.assertEqual((answer["counts"]["tables"], answer["counts"]["columns"]), (1000, 10000))
        self.sql(uri, "ALTER TABLE t777 ALTER a DROP NOT NULL")
        answer = self.expect(3, "verify", "--snapshot", path, "--format", "json", db=uri).json()
        self.assertEqual([d["object"] for d in answer["differences"]], ["public.t777.a"])

    def test_a_fixed_number_of_round_trips(self):
        """As many statements for many tables as for none."""
        counts = []
        with harness.private_server(log_statement="all", log_min_duration_statement="-1") as server:
            for tables in (0, 50):
                for i in range(tables):
                    server.execute(f"CREATE TABLE t{i} (id int PRIMARY KEY)")
                before = server.log_size()
                self.pgbraid("snapshot", db=server.uri("postgres"), check=True)
                time.sleep(0.3)
                counts.append(sum("LOG:  statement:" in line or "LOG:  execute" in line for line in server.log_since(before)))
        self.assertEqual(counts[0], counts[1])
        self.assertLess(counts[0], 45)


if __name__ == "__main__":
    harness.main()
