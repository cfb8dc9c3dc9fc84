#!/usr/bin/python3
"""How far verify sees: every catalog of the server is modelled, named or excused; each kind that is only named; standbys,
read-only databases, locks and old servers; what a long answer looks like; and revisions that are no plain ones."""

import glob
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import harness  # noqa: E402
from test_verify_mutations import MODELLED, Case as MutationCase  # noqa: E402

SQL = harness.ROOT / "src" / "catalog" / "sql"

# Catalogs that the model neither holds nor names: why a person who compares schemas does not miss them.
DATA = "data, or what the server counts of it"
SERVER = "belongs to the whole server, not to a database's schema"
PART = "a part of what is only named, by its presence"
EXCUSED = {
    "pg_statistic": DATA, "pg_statistic_ext_data": DATA, "pg_largeobject": DATA, "pg_largeobject_metadata": DATA,
    "pg_authid": SERVER, "pg_auth_members": SERVER, "pg_database": SERVER, "pg_tablespace": SERVER,
    "pg_shdepend": SERVER, "pg_shdescription": SERVER, "pg_shseclabel": SERVER, "pg_parameter_acl": SERVER,
    "pg_replication_origin": SERVER,
    "pg_amop": PART, "pg_amproc": PART, "pg_ts_config_map": PART, "pg_subscription_rel": PART,
}

# Each kind that is only named: what makes it, and the name that must be said.
SECRET = "s3cret-Of-The-Tests"
NAMED = [
    ("CREATE FOREIGN DATA WRAPPER un_w", "foreign data wrapper un_w"),
    (f"CREATE SERVER un_s FOREIGN DATA WRAPPER un_w OPTIONS (secret '{SECRET}')", "foreign server un_s"),
    (f"CREATE USER MAPPING FOR PUBLIC SERVER un_s OPTIONS (user 'u', password '{SECRET}')", "user mapping public on un_s"),
    ("CREATE FOREIGN TABLE un_ft (id int) SERVER un_s", "foreign table public.un_ft"),
    ("CREATE TYPE un_shell", "base type public.un_shell"),
    ("CREATE FUNCTION un_eq(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2'; "
     "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = un_eq)", "operator public.===(integer,integer)"),
    ("CREATE OPERATOR FAMILY un_fam USING btree", "operator family public.un_fam using btree"),
    ("CREATE OPERATOR CLASS un_cls FOR TYPE int USING btree FAMILY un_fam AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, "
     "OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int)", "operator class public.un_cls using btree"),
    ("CREATE COLLATION un_col FROM \"C\"", "collation public.un_col"),
    ("CREATE CONVERSION un_conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8", "conversion public.un_conv"),
    ("CREATE TEXT SEARCH CONFIGURATION un_cfg (COPY = simple)", "text search configuration public.un_cfg"),
    ("CREATE TEXT SEARCH DICTIONARY un_dict (TEMPLATE = simple)", "text search dictionary public.un_dict"),
    ("CREATE TEXT SEARCH PARSER un_prs (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype)",
     "text search parser public.un_prs"),
    ("CREATE TEXT SEARCH TEMPLATE un_tmpl (INIT = dsimple_init, LEXIZE = dsimple_lexize)", "text search template public.un_tmpl"),
    ("CREATE CAST (bytea AS uuid) WITHOUT FUNCTION", None),
    ("CREATE TYPE un_pair AS (a int, b int); CREATE FUNCTION un_pair_of(int) RETURNS un_pair LANGUAGE sql IMMUTABLE AS "
     "'SELECT ROW($1, $1)::un_pair'; CREATE CAST (int AS un_pair) WITH FUNCTION un_pair_of(int)", "cast integer as public.un_pair"),
    ("CREATE LANGUAGE un_lang HANDLER plpgsql_call_handler", "language un_lang"),
    ("CREATE TRANSFORM FOR int LANGUAGE plpgsql (FROM SQL WITH FUNCTION prsd_lextype(internal), TO SQL WITH FUNCTION int4recv(internal))",
     "transform integer in plpgsql"),
    ("CREATE ACCESS METHOD un_am TYPE INDEX HANDLER gisthandler", "access method un_am"),
    (f"CREATE SUBSCRIPTION un_sub CONNECTION 'host=/nowhere dbname=x password={SECRET}' PUBLICATION p WITH (connect = false)",
     "subscription un_sub"),
    ("GRANT SELECT ON pg_catalog.pg_statistic TO PUBLIC", "privileges table pg_catalog.pg_statistic"),
    ("GRANT SELECT (rolpassword) ON pg_catalog.pg_authid TO PUBLIC", "privileges table column pg_catalog.pg_authid.rolpassword"),
    ("REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(float8) FROM PUBLIC", "privileges function pg_catalog.pg_sleep(double precision)"),
    ("REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC", "privileges language plpgsql"),
    ("REVOKE USAGE ON SCHEMA pg_catalog FROM PUBLIC; GRANT USAGE ON SCHEMA pg_catalog TO PUBLIC; GRANT CREATE ON SCHEMA pg_catalog TO PUBLIC",
     "privileges schema pg_catalog"),
    ("REVOKE USAGE ON TYPE pg_catalog.uuid FROM PUBLIC", "privileges type pg_catalog.uuid"),
    ("CREATE EXTENSION pg_trgm; GRANT EXECUTE ON FUNCTION similarity(text, text) TO PUBLIC; "
     "REVOKE EXECUTE ON FUNCTION show_limit() FROM PUBLIC", "privileges function public.show_limit()"),
]
# Named in unmodelled.sql, and not made here.
NOT_MADE = {"security label": "needs a provider, a library that the server loads; none comes with it"}


class Case(harness.PgbraidTest):
    def sql(self, uri, *texts):
        connection = psycopg2.connect(uri)
        connection.autocommit = True
        with connection.cursor() as cursor:
            for text in texts:
                cursor.execute(text)
        connection.close()

    def answer(self, uri, *more, status=0, **named):
        return self.expect(status, "verify", "--format", "json", *more, db=uri, **named).json()

    def upgraded(self, files, name="project"):
        project, uri = self.project(files, name), self.new_database()
        self.pgbraid("upgrade", cwd=project, db=uri, check=True)
        return project, uri


def revision(ident, up, down="SELECT 1;", parent=None, head=""):
    return (f"-- pgbraid:revision {ident}\n" + (f"-- pgbraid:parent {parent}\n" if parent else "") + head
            + f"-- pgbraid:up\n{up}\n" + (f"-- pgbraid:down\n{down}\n" if down else ""))


class KindsTest(Case):
    def test_every_query_is_valid_here(self):
        """Those for other versions too: they must not be found wrong only there."""
        uri = self.new_database()
        connection = self.connect(uri)
        files = sorted(glob.glob(str(SQL / "*.sql")))
        self.assertGreater(len(files), 25)
        for path in files:
            with self.subTest(os.path.basename(path)), open(path, encoding="utf-8") as file, connection.cursor() as cursor:
                text = file.read().replace("%", "%%").replace("$1", "'pgbraid'::text")
                cursor.execute(text.replace("%%", "%"))
                names = [column.name for column in cursor.description]
                if names[0] == "kind":
                    self.assertEqual(names[:4], ["kind", "identity", "parent", "ord"])

    def test_every_catalog_is_modelled_named_or_excused(self):
        """A catalog that a newer server brings has to be thought about."""
        rows = self.query(self.server.uri("postgres"), "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'pg_catalog'::regnamespace")
        there = {row[0] for row in rows}
        text = (SQL / "unmodelled.sql").read_text(encoding="utf-8")
        named = set(re.findall(r"pg_catalog\.(pg_\w+)", text)) & there
        # by way of a view, and by pg_class.relkind
        named |= {"pg_user_mapping", "pg_foreign_table"} if "pg_user_mappings" in text and "relkind = 'f'" in text else set()
        self.assertEqual(sorted(there - set(MODELLED) - named - EXCUSED.keys()), [], "neither modelled, named nor excused")
        self.assertEqual(sorted(EXCUSED.keys() & set(MODELLED)), [])

    def test_each_kind_that_is_only_named(self):
        uri = self.new_database()
        empty = self.folder / "empty"
        self.pgbraid("snapshot", "-o", empty, db=uri, check=True)
        names = set()
        for text, name in NAMED:
            with self.subTest(text):
                if name is None:  # refused by this server; kept to be sure that nothing is named for nothing
                    with self.assertRaises(psycopg2.Error):
                        self.sql(uri, text)
                    continue
                before = {(d["kind"], d["object"]) for d in self.answer(uri, "--snapshot", empty, status=3)["differences"]} \
                    if names else set()
                self.sql(uri, text)
                run = self.expect(3, "verify", "--snapshot", empty, "--format", "json", db=uri)
                found = [d for d in run.json()["differences"] if (d["kind"], d["object"]) == ("unmodelled", name)]
                self.assertNotIn(("unmodelled", name), before)
                self.assertEqual([(d["change"], d["sql"]) for d in found], [("extra", None)], str(run))
                self.assertNotIn(SECRET, run.stdout + run.stderr)
                names.add(name)
        run = self.pgbraid("snapshot", "-o", self.folder / "full", db=uri, check=True)
        self.assertIn(f"{len(names)} objects are only named", run.stderr)
        self.assertNotIn(SECRET, (self.folder / "full").read_text(encoding="utf-8"))
        answer = self.answer(uri, "--snapshot", self.folder / "full")
        self.assertEqual({note["object"] for note in answer["notes"]}, names)
        text = self.expect(0, "verify", "--snapshot", self.folder / "full", db=uri).stdout
        for name in names:
            self.assertIn(f"only its presence was compared: {name}", text)
        # every kind that the query knows was made, or there is a reason
        kinds = set(re.findall(r"SELECT '([a-z ]+)'(?: AS what)?, ", (SQL / "unmodelled.sql").read_text(encoding="utf-8")))
        self.assertGreater(len(kinds), 20)
        made = {kind for kind in kinds if any(name.startswith(kind + " ") for name in names)}
        self.assertEqual(kinds - made, set(NOT_MADE))
        self.sql(uri, "ALTER SUBSCRIPTION un_sub SET (slot_name = NONE)", "DROP SUBSCRIPTION un_sub")

    def test_privileges_given_back_are_the_usual_ones(self):
        uri = self.new_database()
        self.sql(uri, "CREATE EXTENSION pg_trgm")
        self.pgbraid("snapshot", "-o", self.folder / "s", db=uri, check=True)
        self.sql(uri, "REVOKE EXECUTE ON FUNCTION show_limit() FROM PUBLIC", "GRANT EXECUTE ON FUNCTION show_limit() TO PUBLIC",
                 "GRANT SELECT ON pg_catalog.pg_statistic TO PUBLIC", "REVOKE SELECT ON pg_catalog.pg_statistic FROM PUBLIC",
                 "REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC", "GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC")
        answer = self.answer(uri, "--snapshot", self.folder / "s")
        self.assertEqual((answer["differences"], answer["notes"]), ([], []))


class WhereTest(Case):
    def test_standby_against_its_revisions(self):
        project = self.copy_example("chat")
        with harness.private_server(wal_level="replica") as primary:
            self.pgbraid("upgrade", cwd=project, db=primary.uri("postgres"), check=True)
            with harness.standby_of(primary) as standby:
                uri = standby.uri("postgres")
                self.assertEqual(self.query(uri, "SELECT pg_is_in_recovery()"), [(True,)])
                answer = self.answer(uri, cwd=project)
                self.assertEqual((answer["differences"], answer["verified"], answer["counts"]["tables"]), ([], True, 4))
                self.sql(primary.uri("postgres"), "ALTER TABLE tasks ADD COLUMN drifted int")
                deadline = time.monotonic() + 30
                while time.monotonic() < deadline and not self.query(
                        uri, "SELECT 1 FROM pg_attribute WHERE attname = 'drifted'"):
                    time.sleep(0.1)
                answer = self.answer(uri, cwd=project, status=3)
                self.assertEqual([d["object"] for d in answer["differences"]], ["public.tasks.drifted"])

    def test_read_only_database(self):
        project, uri = self.copy_example("chat"), self.new_database()
        self.pgbraid("upgrade", cwd=project, db=uri, check=True)
        self.server.execute(f'ALTER DATABASE "{self._database}" SET default_transaction_read_only = on')
        answer = self.answer(uri, cwd=project)
        self.assertEqual((answer["differences"], answer["verified"]), ([], True))
        self.pgbraid("snapshot", "-o", self.folder / "s", db=uri, check=True)

    def test_locks_that_are_held_and_waited_for(self):
        """While it waits for a view's table it holds nothing beyond ACCESS SHARE, and asks for nothing more."""
        uri = self.new_database()
        self.sql(uri, "CREATE TABLE t (id int PRIMARY KEY, v text CHECK (v <> ''))", "CREATE VIEW w AS SELECT * FROM t",
                 "CREATE TABLE other (id int)")
        holder = psycopg2.connect(uri)
        with holder.cursor() as cursor:
            cursor.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        process = self.start("snapshot", db=uri)
        seen, waited = set(), 0
        watch = self.connect(uri)
        with watch.cursor() as cursor:
            while process.poll() is None:
                cursor.execute("""SELECT l.mode, l.granted, l.relation::regclass::text FROM pg_locks l
                                   WHERE l.locktype NOT IN ('virtualxid') AND l.pid IN (SELECT pid FROM pg_stat_activity
                                         WHERE datname = current_database() AND application_name LIKE 'pgbraid%%')""")
                rows = cursor.fetchall()
                seen |= {mode for mode, _, _ in rows}
                waited += any(not granted for _, granted, _ in rows)
                # others read and write meanwhile, and no one queues behind the attempt
                cursor.execute("SET lock_timeout = '1s'; INSERT INTO other VALUES (1)")
                time.sleep(0.05)
        out, err = process.communicate()
        self.assertEqual((process.returncode, out), (1, ""), err)
        self.assertGreater(waited, 0)
        self.assertEqual(seen, {"AccessShareLock"})
        self.assertIn("public.t is locked by process", err)
        holder.rollback()
        holder.close()

    def test_what_others_do_to_tables_does_not_matter(self):
        uri = self.new_database()
        self.sql(uri, "CREATE TABLE t (id int PRIMARY KEY, v text CHECK (v <> ''))", "CREATE VIEW w AS SELECT * FROM t")
        self.pgbraid("snapshot", "-o", self.folder / "s", db=uri, check=True)
        for mode in ("ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE"):
            with self.subTest(mode):
                holder = psycopg2.connect(uri)
                with holder.cursor() as cursor:
                    cursor.execute(f"LOCK TABLE t IN {mode} MODE")
                start = time.monotonic()
                self.expect(0, "verify", "--snapshot", self.folder / "s", db=uri)
                self.assertLess(time.monotonic() - start, 15)  # a wait for the lock is an error, not this
                holder.rollback()
                holder.close()

    def test_server_older_than_12(self):
        """A server that says so; all else is this one."""
        uri = self.new_database()
        with old_server(self.server, b"11.22") as folder:
            old = re.sub(r"host=[^&]*", f"host={folder}", uri)
            for command in (["snapshot"], ["verify", "--snapshot", self.folder / "s"]):
                (self.folder / "s").write_text("pgbraid snapshot 1\nserver 15\n\nend\n")
                run = self.expect(4, *command, db=old)
                self.assertIn("PostgreSQL 11.22; 12 or later is needed", run.stderr)
                self.assertEqual(run.stdout, "")
                self.assertEqual(list(self.expect(4, *command, "--format", "json", db=old).json()), ["error"])


class old_server:
    """Between client and server: server_version in the greeting is another."""

    def __init__(self, server, version):
        self.server, self.version = server, version
        self.folder = tempfile.mkdtemp(prefix="pgb-old-", dir="/tmp")

    def __enter__(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"{self.folder}/.s.PGSQL.{self.server.port}")
        self.listener.listen(8)
        threading.Thread(target=self.accept, daemon=True).start()
        return self.folder

    def __exit__(self, *_):
        self.listener.close()
        shutil.rmtree(self.folder)

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            upstream = socket.socket(socket.AF_UNIX)
            upstream.connect(f"{self.server.socket_dir}/.s.PGSQL.{self.server.port}")
            threading.Thread(target=self.copy, args=(client, upstream), daemon=True).start()
            threading.Thread(target=self.answers, args=(upstream, client), daemon=True).start()

    @staticmethod
    def copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, target):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def answers(self, source, target):
        """Messages up to ReadyForQuery one by one, the rest as it comes."""
        held = b""
        while True:
            data = source.recv(65536)
            if not data:
                break
            held += data
            while len(held) >= 5 and len(held) >= 1 + struct.unpack("!I", held[1:5])[0]:
                length = 1 + struct.unpack("!I", held[1:5])[0]
                message, held = held[:length], held[length:]
                if message[:1] == b"S" and message[5:].startswith(b"server_version\0"):
                    body = b"server_version\0" + self.version + b"\0"
                    message = b"S" + struct.pack("!I", 4 + len(body)) + body
                try:
                    target.sendall(message)
                except OSError:
                    return
                if message[:1] == b"Z":
                    target.sendall(held)
                    self.copy(source, target)
                    return
        target.close()


class AnswerTest(Case):
    def test_hundreds_are_summed_up(self):
        uri = self.new_database()
        make = "".join(f"CREATE TABLE t{i} (a int, b int, c int);" for i in range(40))
        self.sql(uri, make)
        self.pgbraid("snapshot", "-o", self.folder / "s", db=uri, check=True)
        self.sql(uri, "".join(f"ALTER TABLE t{i} ADD d int, DROP b, ALTER a SET NOT NULL;" for i in range(40)), "CREATE SCHEMA one")
        run = self.expect(3, "verify", "--snapshot", self.folder / "s", db=uri)
        self.assertEqual(len(re.findall(r"^  (missing|extra|changed)", run.stdout, re.M)), 60, run.stdout)
        self.assertIn("61 more are not shown (-v shows all of them, --format json too). Where they all are:", run.stdout)
        self.assertIn("  public.t0: 1 missing, 1 extra, 1 changed\n", run.stdout)
        self.assertIn("  ... and 21 more tables and kinds\n", run.stdout)
        self.assertIn("121 differences (40 missing, 41 extra, 40 changed)", run.stdout.splitlines()[-1])
        self.assertLess(len(run.stdout.splitlines()), 400)
        every = self.expect(3, "verify", "-v", "--snapshot", self.folder / "s", db=uri)
        self.assertEqual(len(re.findall(r"^  (missing|extra|changed)", every.stdout, re.M)), 121)
        self.assertEqual(len(self.answer(uri, "--snapshot", self.folder / "s", status=3)["differences"]), 121)

    def test_an_ignore_that_leaves_nothing_out_is_said(self):
        uri = self.new_database()
        project = self.project({"pgbraid.ini": "[verify]\nignore = table public.tmp_* # the nightly import's\n"})
        self.pgbraid("snapshot", "-o", self.folder / "s", cwd=project, db=uri, check=True)
        answer = self.answer(uri, "--snapshot", self.folder / "s", cwd=project)
        self.assertEqual([note["text"] for note in answer["notes"]],
                         ['"ignore = table public.tmp_*" (the nightly import\'s) left nothing out: is it still needed?'])
        self.sql(uri, "CREATE TABLE tmp_1 (id int)")
        answer = self.answer(uri, "--snapshot", self.folder / "s", cwd=project)
        self.assertEqual((answer["notes"], answer["ignored"][0]["differences"]), ([], 1))

    def test_names_the_object_both_sides_and_the_sql(self):
        uri = self.new_database()
        self.sql(uri, "CREATE TABLE parent (id int PRIMARY KEY)",
                 "CREATE TABLE child (id int, parent_id int CONSTRAINT to_parent REFERENCES parent ON DELETE CASCADE)",
                 "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$\nSELECT 1;\nSELECT 2;\nSELECT 3;\n$$")
        self.pgbraid("snapshot", "-o", self.folder / "s", db=uri, check=True)
        self.sql(uri, "ALTER TABLE child DROP CONSTRAINT to_parent, ADD CONSTRAINT to_parent FOREIGN KEY (parent_id) REFERENCES parent",
                 "CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$\nSELECT 1;\nSELECT 22;\nSELECT 3;\n$$")
        text = self.expect(3, "verify", "--snapshot", self.folder / "s", db=uri).stdout
        self.assertIn("""\
public.child
  changed constraint public.child.to_parent: definition
      expected  FOREIGN KEY (parent_id) REFERENCES public.parent(id) ON DELETE CASCADE
      actual    FOREIGN KEY (parent_id) REFERENCES public.parent(id)
      mend      ALTER TABLE public.child DROP CONSTRAINT to_parent;
""", text)
        # of a long text only the lines that differ
        self.assertIn("      expected  SELECT 2;\n      actual    SELECT 22;\n", text)


class RevisionsTest(Case):
    """Revisions that are no plain ones: the rebuilt side must be as they made it."""

    def test_extension_set_role_irreversible_tablespace_and_none(self):
        self.server.execute("DROP ROLE IF EXISTS vr_owner")
        self.server.execute("CREATE ROLE vr_owner")
        self.addCleanup(self.server.execute, "DROP ROLE IF EXISTS vr_owner")
        MutationCase.make_roles(self.server)  # and the tablespace wide_space
        project = self.project({
            "migrations/a_x.sql": revision("a", "CREATE EXTENSION pg_trgm;\nCREATE SCHEMA app AUTHORIZATION vr_owner;\nSET ROLE vr_owner;\n"
                                           "CREATE TABLE app.t (id int, v text);\nRESET ROLE;"),
            "migrations/b_x.sql": revision("b", "CREATE TABLE app.far (id int) TABLESPACE wide_space;", down=None, parent="a",
                                           head="") + "-- pgbraid:down irreversible nobody wants it back\n",
            "migrations/c_x.sql": revision("c", "CREATE INDEX CONCURRENTLY t_v ON app.t USING gin (v gin_trgm_ops);", parent="b",
                                           head="-- pgbraid:transaction none\n", down="DROP INDEX CONCURRENTLY app.t_v;"),
        })
        uri = self.new_database()
        self.addCleanup(self.server.execute, f'DROP DATABASE IF EXISTS "{self._database}" WITH (FORCE)')
        self.pgbraid("upgrade", cwd=project, db=uri, check=True)
        answer = self.answer(uri, cwd=project)
        self.assertEqual((answer["differences"], answer["notes"], answer["verified"]), ([], [], True))
        self.assertEqual(self.query(uri, "SELECT relowner::regrole::text FROM pg_class WHERE relname = 't'"), [("vr_owner",)])
        self.sql(uri, "ALTER TABLE app.far SET TABLESPACE pg_default", "ALTER TABLE app.t OWNER TO postgres", "DROP INDEX app.t_v",
                 "ALTER EXTENSION pg_trgm SET SCHEMA app")
        answer = self.answer(uri, cwd=project, status=3)
        self.assertEqual({(d["kind"], d["object"], d["property"]) for d in answer["differences"]},
                         {("table", "app.far", "tablespace"), ("table", "app.t", "owner"), ("index", "app.t_v", None),
                          ("extension", "pg_trgm", "schema")})
        for difference in answer["differences"]:
            if difference["kind"] == "extension":
                self.sql(uri, difference["sql"])
        for difference in answer["differences"]:
            if difference["kind"] != "extension":
                self.sql(uri, difference["sql"])
        self.assertEqual(self.answer(uri, cwd=project)["differences"], [])

    def test_no_history_is_nothing_applied(self):
        """A database that pgbraid never saw: what is there is all extra, and nothing is made in it."""
        project, uri = self.copy_example("chat"), self.new_database()
        self.sql(uri, "CREATE TABLE theirs (id int)")
        answer = self.answer(uri, cwd=project, status=3)
        self.assertEqual([(d["object"], d["change"]) for d in answer["differences"]], [("public.theirs", "extra")])
        self.assertEqual(self.query(uri, "SELECT to_regnamespace('pgbraid')::text"), [(None,)])

    def test_dropped_columns_survive_a_dump(self):
        """Positions are counted without the columns that were dropped, and a dump has none."""
        uri, restored = self.new_database(), self.new_database()
        self.sql(uri, "CREATE TABLE t (a int, b int, c int, d int DEFAULT 1)", "ALTER TABLE t DROP b", "ALTER TABLE t ADD e int",
                 "ALTER TABLE t DROP a", "ALTER TABLE t ADD a text", "CREATE INDEX ON t (d, a)", "ALTER TABLE t ADD PRIMARY KEY (c)")
        dump = subprocess.run(["pg_dump", uri], check=True, capture_output=True)
        subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", restored], input=dump.stdout, check=True, capture_output=True)
        self.assertEqual(self.pgbraid("snapshot", db=uri, check=True).stdout, self.pgbraid("snapshot", db=restored, check=True).stdout)

    def test_columns_of_keys_with_odd_names(self):
        """The names of plain keys' columns are taken from the definition: the others must be looked up."""
        uri = self.new_database()
        self.sql(uri, 'CREATE TABLE p (a int, "b)" int, "PERIOD" int, period int, without int, UNIQUE (a, period), UNIQUE ("b)", a), '
                      'UNIQUE ("PERIOD", without), PRIMARY KEY (a) INCLUDE (period))',
                 'CREATE TABLE "c (x)" (a int REFERENCES p ON DELETE SET NULL (a), b int, c int, FOREIGN KEY (b, c) REFERENCES p ("b)", a))',
                 "CREATE TABLE q (a int, b int, FOREIGN KEY (b, a) REFERENCES p (a, period) ON DELETE SET NULL (b))")
        objects = self.pgbraid("snapshot", "--format", "json", db=uri, check=True).json()["objects"]
        found = {(o["in"], o["properties"]["columns"]): (o["properties"].get("references"), o["properties"].get("referenced_columns"))
                 for o in objects if o["kind"] == "constraint"}
        self.assertEqual(found, {
            ("public.p", "a"): (None, None), ("public.p", "a, period"): (None, None), ("public.p", '"b)", a'): (None, None),
            ("public.p", '"PERIOD", without'): (None, None), ('public."c (x)"', "a"): ("public.p", "a"),
            ('public."c (x)"', "b, c"): ("public.p", '"b)", a'), ("public.q", "b, a"): ("public.p", "a, period")})


if __name__ == "__main__":
    harness.main()
