#!/usr/bin/python3
"""Does verify see every change? Mutations over three schemas, each found and named and, mostly, mended by its own SQL;
nothing found where nothing changed; and every column of the catalogs behind the model is either mutated or excused.
"""

import fnmatch
import json
import os
import queue
import re
import subprocess
import sys
import threading

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import harness  # noqa: E402
from verify_mutations import MEND, MUTATIONS, NOT_MENDED, REASONS, RESTORE, M  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROLES = ["wide_owner", "wide_reader", '"Wide Writer"', "wide_super SUPERUSER"]
# The catalogs that the model reads. What it only names stands in unmodelled.sql.
MODELLED = """pg_namespace pg_class pg_attribute pg_attrdef pg_constraint pg_index pg_inherits pg_partitioned_table
    pg_sequence pg_rewrite pg_proc pg_aggregate pg_trigger pg_policy pg_type pg_enum pg_range pg_extension
    pg_statistic_ext pg_event_trigger pg_publication pg_publication_rel pg_publication_namespace pg_default_acl
    pg_description pg_depend pg_db_role_setting""".split()


class Case(harness.PgbraidTest):
    """Databases of the three schemas, and runs of snapshot and verify."""

    @classmethod
    def make_roles(cls, server):
        for role in ROLES:
            server.execute(f"DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$")
        connection = psycopg2.connect(server.uri("postgres"))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_tablespace WHERE spcname = 'wide_space'")
            if not cursor.fetchall():
                cursor.execute("SET allow_in_place_tablespaces = on")
                cursor.execute("CREATE TABLESPACE wide_space LOCATION ''")
        connection.close()

    def sql(self, uri, text):
        """Statements one by one where one of them needs to be alone, else together."""
        connection = psycopg2.connect(uri)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                if "CONCURRENTLY" in text or "ADD VALUE" in text:
                    for statement in filter(None, (part.strip() for part in text.split(";\n"))):
                        cursor.execute(statement)
                else:
                    cursor.execute(text)
        finally:
            connection.close()

    def make_schema(self, name):
        """A new database with the schema in it."""
        uri = self.new_database()
        if name == "wide":
            self.make_roles(self.server)
            with open(os.path.join(HERE, "wide_schema.sql"), encoding="utf-8") as file:
                self.sql(uri, file.read())
        else:
            self.pgbraid("upgrade", cwd=self.copy_example_once(name), db=uri, check=True)
        return uri

    def copy_example_once(self, name):
        folder = self.folder / name
        return folder if folder.exists() else self.copy_example(name)

    def take_snapshot(self, uri, name="before.snapshot"):
        path = self.folder / name
        self.pgbraid("snapshot", "-o", path, db=uri, check=True)
        return path

    def verify(self, uri, snapshot):
        """(exit status, answer) of verify --snapshot."""
        run = self.pgbraid("verify", "--snapshot", snapshot, "--format", "json", db=uri)
        self.assertIn(run.returncode, (0, 3), str(run))
        answer = run.json()
        self.assertEqual(run.returncode, 3 if answer["differences"] else 0, str(run))
        return run.returncode, answer

    def assert_equal_schema(self, uri, snapshot):
        status, answer = self.verify(uri, snapshot)
        self.assertEqual((status, answer["differences"]), (0, []))


def said(difference):
    text = f"{difference['kind']} {difference['object']}"
    return f"{text}: {difference['property']}" if difference["property"] else text


def problems(mutation, status, differences):
    """Why this answer to the mutation is wrong; [] when it is right."""
    all_said = [said(difference) for difference in differences]
    found = []
    if status != 3:
        found.append(f"exit status {status}")
    if not any(fnmatch.fnmatchcase(text, mutation.expect) for text in all_said):
        found.append(f"{mutation.expect!r} is not named")
    for text in all_said:
        if not any(fnmatch.fnmatchcase(text, pattern) for pattern in [mutation.expect, *mutation.others]):
            found.append(f"{text!r} is named and was not changed")
    for difference in differences:
        if difference["change"] == "changed" and difference["expected"] == difference["actual"]:
            found.append(f"{said(difference)}: both sides are alike")
    return found


class Worker(threading.Thread):
    """One database of a schema, one mutation after the other."""

    def __init__(self, case, schema, template, snapshot, work):
        super().__init__()
        self.case, self.schema, self.template, self.snapshot, self.work = case, schema, template, snapshot, work
        self.failures, self.mended, self.done, self.uri, self.database = [], 0, 0, None, None
        self.fresh = 0

    def restore(self):
        server = self.case.server
        if self.database:
            server.execute(f'DROP DATABASE "{self.database}" WITH (FORCE)')
        self.fresh += 1
        self.database = f"{self.template}_{self.ident}_{self.fresh}"
        server.execute(f'CREATE DATABASE "{self.database}" TEMPLATE "{self.template}"')
        self.uri = server.uri(self.database)

    def contents(self, columns):
        """What stands in columns of the catalogs, in any order."""
        result = {}
        connection = psycopg2.connect(self.uri)
        with connection.cursor() as cursor:
            for column in columns:
                table, name = column.split(".")
                cursor.execute(f"SELECT md5(string_agg(x.v, ',' ORDER BY x.v)) FROM (SELECT {name}::text AS v "
                               f"FROM pg_catalog.{table}) x")
                result[column] = cursor.fetchone()[0]
        connection.close()
        return result

    def undo(self, mutation, differences):
        """Back to how it was; what could not be done is a failure."""
        if mutation.undo == RESTORE:
            if mutation.schema == "wide" and all(d["sql"] for d in differences) and mutation.sql not in NOT_MENDED:
                self.failures.append(f"{mutation.sql}\n    there is SQL for every difference: it has to be tried")
            return False
        if mutation.undo != MEND:
            self.case.sql(self.uri, mutation.undo)
            return True
        for difference in differences:
            if difference["sql"]:
                self.case.sql(self.uri, difference["sql"])
        self.mended += 1
        return True

    def one(self, mutation, last):
        """Mutates, looks, undoes. What is left of the mutation before is seen here: nothing else may be named."""
        before = self.contents(mutation.covers)
        self.case.sql(self.uri, mutation.sql)
        for column, value in self.contents(mutation.covers).items():
            if value == before[column]:
                self.failures.append(f"{mutation.sql}\n    {column} did not change")
        status, answer = self.case.verify(self.uri, self.snapshot)
        wrong = problems(mutation, status, answer["differences"])
        for problem in wrong:
            self.failures.append(f"{mutation.sql}\n    {problem}\n    (after {last})")
        if wrong or not self.undo(mutation, answer["differences"]):
            self.restore()

    def end(self, last):
        status, answer = self.case.verify(self.uri, self.snapshot)
        if status != 0:
            self.failures.append(f"after {last} there is left: {[said(d) for d in answer['differences']]}")

    def run(self):
        try:
            self.restore()
            last = "nothing"
            while True:
                try:
                    mutation = self.work.get_nowait()
                except queue.Empty:
                    self.end(last)
                    break
                try:
                    self.one(mutation, last)
                    last = mutation.sql
                except Exception as error:  # pylint: disable=broad-except
                    self.failures.append(f"{mutation.sql}\n    {type(error).__name__}: {error}")
                    self.restore()
                self.done += 1
        finally:
            if self.database:
                self.case.server.execute(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')


class MutationTest(Case):
    def run_mutations(self, mutations, workers_of):
        """Failures and counts of all mutations."""
        workers = []
        for schema, count in workers_of.items():
            mine = [mutation for mutation in mutations if mutation.schema == schema]
            if not mine:
                continue
            uri = self.make_schema(schema)
            snapshot = self.take_snapshot(uri, f"{schema}.snapshot")
            work = queue.Queue()
            for mutation in mine:
                work.put(mutation)
            workers += [Worker(self, schema, self._database, snapshot, work) for _ in range(count)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return ([failure for worker in workers for failure in worker.failures],
                sum(worker.done for worker in workers), sum(worker.mended for worker in workers))

    def test_every_mutation_is_seen_and_named(self):
        failures, done, mended = self.run_mutations(MUTATIONS, {"wide": 2, "therapy": 1, "chat": 1})
        self.assertEqual(failures, [], "\n" + "\n".join(failures))
        self.assertEqual(done, len(MUTATIONS))
        self.assertEqual(len({mutation.sql for mutation in MUTATIONS}), len(MUTATIONS), "two are the same")
        self.assertGreaterEqual(done, 200)
        self.assertGreaterEqual(mended, 200)
        print(f"# {done} mutations, {mended} mended by the SQL that verify gave")

    def test_control_the_harness_catches_a_blind_verify(self):
        """What changes nothing, another object than is said, and a wrong undo must each be failures."""
        blind = [M("chat", "SELECT 1", "table public.users"),
                 M("chat", "ALTER TABLE tasks ADD COLUMN x int", "column public.tasks.y", undo=RESTORE),
                 M("chat", "ALTER TABLE tasks ADD COLUMN x int", "column public.tasks.x", "pg_class.relname", undo=RESTORE),
                 M("chat", "ALTER TABLE tasks ADD COLUMN x int; DROP INDEX idx_tasks_user_id", "column public.tasks.x", undo=RESTORE)]
        failures, done, _ = self.run_mutations(blind, {"chat": 1})
        text = "\n".join(failures)
        self.assertEqual(done, 4, text)
        for part in ("exit status 0", "'column public.tasks.y' is not named", "pg_class.relname did not change",
                     "'index public.idx_tasks_user_id' is named and was not changed"):
            self.assertIn(part, text)

    def test_every_column_is_mutated_or_excused(self):
        """The columns of this server's catalogs: what is new in another version has to be thought about."""
        rows = self.query(self.server.uri("postgres"), """
            SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
             WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relname = ANY (%s) AND a.attnum > 0
               AND NOT a.attisdropped""", (MODELLED,))
        columns = {f"{table}.{name}" for table, name in rows}
        self.assertEqual({column.split(".")[0] for column in columns}, set(MODELLED))
        covered = {column for mutation in MUTATIONS for column in mutation.covers}
        self.assertEqual(sorted(columns - covered - REASONS.keys()), [], "neither mutated nor excused")
        self.assertEqual(sorted(covered & REASONS.keys()), [], "mutated, so they need no excuse")
        self.assertEqual(sorted((covered | REASONS.keys()) - columns), [], "no such columns")

    def test_the_model_reads_no_other_catalog(self):
        """Every catalog that a query names is walked here, or is one of those that are only named."""
        folder = harness.ROOT / "src" / "catalog" / "sql"
        named = set()
        for path in folder.glob("*.sql"):
            if path.stem not in ("unmodelled", "lock_holders"):
                named |= set(re.findall(r"(?:FROM|JOIN) pg_catalog\.(pg_\w+)\b(?! *\()", path.read_text()))
        # what objects refer to by name, and who owns them
        helpers = {"pg_roles", "pg_am", "pg_tablespace", "pg_collation", "pg_opclass", "pg_operator", "pg_database"}
        self.assertEqual(named - set(MODELLED) - helpers, set())


class NothingTest(Case):
    """None found where nothing was changed."""

    def dump_and_restore(self, uri, *options):
        target = self.new_database()
        dump = subprocess.run(["pg_dump", *options, uri], check=True, capture_output=True)
        subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", target], input=dump.stdout, check=True, capture_output=True)
        return target

    def test_after_dump_and_restore(self):
        for schema in ("wide", "therapy", "chat"):
            with self.subTest(schema):
                uri = self.make_schema(schema)
                if schema == "wide":  # a dump leaves the version of extensions to the server
                    self.sql(uri, "ALTER EXTENSION pg_trgm UPDATE")
                snapshot = self.take_snapshot(uri)
                for options in ([], ["--schema-only"], ["--format=plain", "--no-sync", "--inserts"]):
                    restored = self.dump_and_restore(uri, *options)
                    self.assert_equal_schema(restored, snapshot)
                again = self.take_snapshot(self.dump_and_restore(uri), "again.snapshot")
                self.assertEqual(snapshot.read_bytes(), again.read_bytes())

    def test_after_restoring_a_restored_one(self):
        uri = self.make_schema("wide")
        self.sql(uri, "ALTER EXTENSION pg_trgm UPDATE")
        snapshot = self.take_snapshot(uri)
        self.assert_equal_schema(self.dump_and_restore(self.dump_and_restore(uri)), snapshot)

    def test_changes_that_change_nothing(self):
        uri = self.make_schema("wide")
        snapshot = self.take_snapshot(uri)
        for statement in (
                "ALTER TABLE shop.item ALTER note SET DEFAULT 'x'; ALTER TABLE shop.item ALTER note DROP DEFAULT",
                "ALTER TABLE shop.item ADD COLUMN gone int; ALTER TABLE shop.item DROP COLUMN gone",
                "ALTER TABLE shop.item ALTER note SET STATISTICS -1",
                "ALTER TABLE shop.item ALTER kind TYPE smallint",
                "ALTER TABLE shop.alarm SET (fillfactor = 50); ALTER TABLE shop.alarm RESET (fillfactor)",
                "ALTER INDEX shop.item_note RENAME TO other; ALTER INDEX shop.other RENAME TO item_note",
                "ALTER TABLE shop.item ALTER note SET (n_distinct = 5); ALTER TABLE shop.item ALTER note RESET (n_distinct)",
                "GRANT SELECT ON shop.alarm TO wide_reader; REVOKE SELECT ON shop.alarm FROM wide_reader",
                "GRANT ALL ON shop.alarm TO postgres",
                "ALTER TABLE shop.item OWNER TO wide_owner; ALTER TABLE shop.item OWNER TO postgres",
                "COMMENT ON TABLE shop.alarm IS 'x'; COMMENT ON TABLE shop.alarm IS ''",
                "REINDEX TABLE shop.item", "CLUSTER shop.item", "ANALYZE", "REFRESH MATERIALIZED VIEW shop.mood_count",
                "INSERT INTO shop.item (code, price) VALUES ('a', 1)", "SELECT nextval('shop.ticket')",
                "CREATE TEMP TABLE passing (id int)", "TRUNCATE shop.scratchpad",
                "CREATE OR REPLACE FUNCTION shop.area(w int) RETURNS int LANGUAGE sql AS 'SELECT w'",
                "ALTER TABLE shop.booking DROP CONSTRAINT booking_item; ALTER TABLE shop.booking ADD CONSTRAINT booking_item "
                "FOREIGN KEY (item_id) REFERENCES shop.item ON DELETE RESTRICT"):
            with self.subTest(statement):
                self.sql(uri, statement)
                self.assert_equal_schema(uri, snapshot)

    def test_reached_in_another_order(self):
        one, other = self.new_database(), self.new_database()
        self.sql(one, """
            CREATE TYPE kind AS ENUM ('a', 'b', 'c');
            CREATE TABLE parent (id int PRIMARY KEY, name varchar(9) CHECK (name IN ('x', 'y')));
            CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent ON DELETE CASCADE, k kind DEFAULT 'b', note text);
            CREATE INDEX child_k ON child (k); CREATE INDEX child_note ON child (note);
            CREATE VIEW both_of AS SELECT c.id, p.name FROM child c JOIN parent p ON p.id = c.parent_id;
            CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
            GRANT SELECT, INSERT ON child TO PUBLIC; COMMENT ON TABLE child IS 'small';
            ALTER TABLE child ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON child USING (true)""")
        self.sql(other, """
            CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2';
            CREATE TABLE child (dropped int, id int, parent_id int, k text, note varchar(3));
            COMMENT ON TABLE child IS 'big'; GRANT INSERT ON child TO PUBLIC;
            CREATE INDEX child_note ON child (note);
            CREATE TYPE kind AS ENUM ('c'); ALTER TYPE kind ADD VALUE 'a' BEFORE 'c'""")
        self.sql(other, "ALTER TYPE kind ADD VALUE 'b' AFTER 'a'")
        self.sql(other, """
            ALTER TABLE child DROP dropped; ALTER TABLE child ALTER note TYPE text;
            CREATE TABLE parent (name varchar(9), id int); ALTER TABLE parent DROP id; ALTER TABLE parent ADD id int;
            ALTER TABLE parent ADD CHECK (name IN ('x', 'y'));
            ALTER TABLE parent ADD PRIMARY KEY (id);
            ALTER TABLE child ADD PRIMARY KEY (id);
            CREATE POLICY p ON child USING (true); ALTER TABLE child ENABLE ROW LEVEL SECURITY;
            ALTER TABLE child ALTER k TYPE kind USING k::kind; ALTER TABLE child ALTER k SET DEFAULT 'b';
            ALTER TABLE child ADD FOREIGN KEY (parent_id) REFERENCES parent ON DELETE CASCADE;
            CREATE INDEX child_k ON child (k);
            CREATE VIEW both_of AS SELECT c.id, p.name FROM child c JOIN parent p ON p.id = c.parent_id;
            GRANT SELECT ON child TO PUBLIC; COMMENT ON TABLE child IS 'small';
            CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'""")
        status, answer = self.verify(other, self.take_snapshot(one))
        self.assertEqual((status, answer["differences"]), (0, []))
        # only the order of parent's columns is another, and that is a note
        self.assertEqual({note["object"] for note in answer["notes"]}, {"public.parent.id", "public.parent.name"})

    def test_populated_is_a_note(self):
        uri = self.make_schema("wide")
        snapshot = self.take_snapshot(uri)
        self.sql(uri, "REFRESH MATERIALIZED VIEW shop.mood_count WITH NO DATA")
        status, answer = self.verify(uri, snapshot)
        self.assertEqual((status, answer["differences"]), (0, []))
        self.assertEqual([note["object"] for note in answer["notes"]], ["shop.mood_count"])

    def test_definitions_put_together_are_the_servers(self):
        """indexes.sql writes simple definitions itself: they must be what pg_get_indexdef says."""
        for schema in ("wide", "therapy", "chat"):
            uri = self.make_schema(schema)
            answer = self.pgbraid("snapshot", "--format", "json", db=uri, check=True).json()
            connection = self.connect(uri)
            with connection.cursor() as cursor:
                cursor.execute("SET search_path = ''")
                compared = 0
                for item in answer["objects"]:
                    if item["kind"] == "index" and "definition" in item["properties"]:
                        cursor.execute("SELECT pg_get_indexdef(%s::regclass)", (item["object"],))
                        theirs = cursor.fetchone()[0]
                        if "ARRAY[" not in theirs:
                            self.assertEqual(item["properties"]["definition"], theirs)
                            compared += 1
                self.assertGreater(compared, 5)


if __name__ == "__main__":
    harness.main()
