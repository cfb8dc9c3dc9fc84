#!/usr/bin/python3
"""Backfills on a real server: counts, faults, resuming, newcomers, wishes, waits, and what is refused beforehand."""
import contextlib
import json
import pathlib
import re
import signal
import sys
import threading
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness
import server as servers
from harness import PgbraidTest

BASE = """-- people and what is made of them
-- pgbraid:revision a1
-- pgbraid:up
CREATE TABLE people (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tags text[], hidden boolean NOT NULL DEFAULT false);
CREATE TABLE tags (person uuid REFERENCES people (id), tag text NOT NULL CHECK (tag <> 'bad'), UNIQUE (person, tag));
-- pgbraid:down
DROP TABLE tags;
DROP TABLE people;
"""
CONTRACT = """-- the old column goes
-- pgbraid:revision b2
-- pgbraid:parent a1
-- pgbraid:depends backfill:tags
-- pgbraid:up
ALTER TABLE people DROP COLUMN tags;
-- pgbraid:down
ALTER TABLE people ADD COLUMN tags text[];
"""
AFTER = "-- behind it\n-- pgbraid:revision c3\n-- pgbraid:parent b2\n-- pgbraid:up\nCREATE TABLE later ();\n"
STATEMENT = """WITH item AS (
    SELECT b.id, t.tag, t.n, CASE WHEN btrim(coalesce(t.tag, '')) = '' THEN 'blank'
           WHEN row_number() OVER (PARTITION BY b.id, t.tag ORDER BY t.n) > 1 THEN 'duplicate' ELSE 'created' END AS outcome
    FROM batch b, unnest(b.tags) WITH ORDINALITY t (tag, n)
), made AS (
    INSERT INTO tags SELECT id, tag FROM item WHERE outcome = 'created'
)
SELECT 'people' AS outcome, (SELECT count(*) FROM batch) AS count, NULL::text AS detail
UNION ALL
SELECT outcome, count(*), NULL FROM item WHERE coalesce(current_setting('pgbraid.verbose', true), '') <> 'on' GROUP BY outcome
UNION ALL
SELECT outcome, 1, id || ' ' || coalesce(tag, 'null') FROM item WHERE current_setting('pgbraid.verbose', true) = 'on'
"""
HEAD = "-- tags of their own\n-- pgbraid:requires a1\n-- pgbraid:source people\n-- pgbraid:key id\n"
FILE = HEAD + "-- pgbraid:filter NOT hidden\n-- pgbraid:batch 100\n\n-- pgbraid:run\n" + STATEMENT + ";\n"
FILL = """INSERT INTO people (tags) SELECT ARRAY['a', 'b' || i %% 7, CASE WHEN i %% 5 = 0 THEN 'a' WHEN i %% 11 = 0 THEN ' ' ELSE 'c' END]
          FROM generate_series(1, %s) i"""
REFERENCE = """WITH item AS (SELECT p.id, t.tag, row_number() OVER (PARTITION BY p.id, t.tag) AS nth
                            FROM people p, unnest(p.tags) t (tag) WHERE NOT p.hidden)
               SELECT count(*) FILTER (WHERE btrim(tag) <> '' AND nth = 1), count(*) FILTER (WHERE btrim(tag) <> '' AND nth > 1),
                      count(*) FILTER (WHERE btrim(tag) = '') FROM item"""


class Base(PgbraidTest):
    files = {"migrations/a1_base.sql": BASE, "backfills/tags.sql": FILE}

    def setUp(self):
        super().setUp()
        self.db = self.new_database()
        self.root = self.project(self.files)

    def run_it(self, status, *arguments, **named):
        return self.expect(status, *arguments, cwd=self.root, db=self.db, **named)

    def prepare(self, rows=1000, target="a1"):
        self.run_it(0, "upgrade", target, "-q")
        self.query(self.db, FILL, (rows,))

    def backfill(self, status=0, *arguments, name="tags"):
        """Runs it with --format json; its summary."""
        run = self.run_it(status, "backfill", "run", name, "--format", "json", *arguments)
        answer = run.json()
        self.last = answer
        return answer["backfills"][0] if answer.get("backfills") else None

    @staticmethod
    def counts(summary):
        return {o["outcome"]: o["count"] for o in summary["outcomes"]}

    def status(self, name="tags"):
        return self.run_it(0, "backfill", "status", name, "--format", "json").json()["backfills"][0]

    def made(self):
        return self.query(self.db, "SELECT count(*) FROM tags")[0][0]

    def write_backfill(self, text, name="tags"):
        (self.root / "backfills" / f"{name}.sql").write_text(text)

    def done_keys(self):
        number = self.query(self.db, "SELECT id FROM pgbraid.backfill WHERE name = 'tags'")[0][0]
        return [r[0] for r in self.query(self.db, f"SELECT unnest(k1)::text FROM pgbraid.backfill_done_{number}")]


class RunTest(Base):
    def test_counts_of_dry_run_real_run_and_second_run(self):
        self.prepare(2500)
        created, duplicate, blank = self.query(self.db, REFERENCE)[0]
        want = {"people": 2500, "created": created, "duplicate": duplicate, "blank": blank}
        before = self.query(self.db, "SELECT count(*) FROM pg_class")
        dry = self.backfill(0, "--dry-run")
        self.assertEqual(self.counts(dry), want)
        self.assertEqual(dry["state"], "dry_run")
        self.assertEqual(self.made(), 0)
        self.assertEqual(self.query(self.db, "SELECT count(*) FROM pg_class"), before)
        self.assertEqual(self.query(self.db, "SELECT count(*) FROM pgbraid.backfill"), [(0,)])
        real = self.backfill()
        self.assertEqual(self.counts(real), want)
        self.assertEqual((real["state"], real["rows"], real["errors"]), ("complete", 2500, 0))
        self.assertEqual(self.made(), created)
        again = self.backfill()
        self.assertEqual((again["rows"], again["outcomes"], again["rows_total"]), (0, [], 2500))
        self.assertEqual(sorted(self.done_keys()),
                         sorted(r[0] for r in self.query(self.db, "SELECT id::text FROM people")))
        self.assertEqual(self.counts(self.status()), want)
        self.assertEqual(self.query(self.db, "SELECT message FROM pgbraid.event WHERE id = 'backfill:tags' ORDER BY seq"),
                         [("complete: 2500 rows, 0 at fault",), ("complete: 0 rows, 0 at fault",)])

    def test_text_summary_and_log(self):
        self.prepare(30)
        run = self.run_it(0, "backfill", "run", "tags")
        self.assertRegex(run.stdout, r"^Backfill tags: complete\n  execution time +\S+ m?s\n  rows read +30\n  people +30\n")
        self.assertIn("  errors          0\n", run.stdout)
        self.assertIn("tags: tags of their own", run.stderr)

    def test_limit_then_the_rest(self):
        self.prepare(700)
        first = self.backfill(0, "--limit", "250")
        self.assertEqual((first["rows"], first["state"]), (250, "stopped"))
        dry = self.backfill(0, "--dry-run")
        self.assertEqual(dry["rows"], 450)
        rest = self.backfill()
        self.assertEqual((rest["rows"], rest["rows_total"], rest["resumed"]), (450, 700, True))
        self.assertEqual(self.counts(dry), self.counts(rest))
        self.assertEqual(self.made(), self.query(self.db, REFERENCE)[0][0])
        self.assertEqual(self.counts(self.status())["people"], 700)

    def test_verbose_names_each_item(self):
        self.prepare(20)
        summary = self.backfill(0, "--verbose")
        items = self.last["items"]
        self.assertEqual(len(items), 60)
        self.assertTrue(all(i["detail"] and i["count"] == 1 for i in items))
        self.assertEqual(self.counts(summary)["people"], 20)
        self.query(self.db, "TRUNCATE tags")
        run = self.run_it(0, "backfill", "run", "tags", "--again", "-v")
        self.assertEqual(len(re.findall(r"^(created|blank|duplicate): [0-9a-f-]{36} ", run.stdout, re.M)), 60)

    def test_progress_events(self):
        self.prepare(500)
        run = self.run_it(0, "backfill", "run", "tags", "--format", "json", "--batch", "100")
        events = [json.loads(line) for line in run.stderr.splitlines()]
        rows = [e["rows"] for e in events if e["event"] == "progress"]
        self.assertEqual(rows, [100, 200, 300, 400, 500])
        self.assertEqual({e["rows_all"] for e in events if e["event"] == "progress"}, {500})

    def test_rate(self):
        self.prepare(300)
        began = time.monotonic()
        self.backfill(0, "--rate", "100")
        self.assertGreater(time.monotonic() - began, 1.8)

    def test_again_begins_anew(self):
        self.prepare(50)
        self.backfill()
        self.query(self.db, "DELETE FROM tags")
        self.assertEqual(self.backfill(0, "--again")["rows"], 50)
        self.assertEqual(self.made(), self.query(self.db, REFERENCE)[0][0])

    def test_an_edited_file(self):
        self.prepare(200)
        self.backfill(0, "--limit", "100")
        self.write_backfill(FILE.replace("'blank'", "'empty'"))
        run = self.run_it(2, "backfill", "run", "tags")
        self.assertIn("was edited since rows were done by it", run.stderr)
        self.assertTrue(self.status()["edited"])
        self.assertEqual(self.backfill(0, "--edited")["rows"], 100)

    def test_only_line_ends_differ(self):
        self.prepare(20)
        self.backfill(0, "--limit", "10")
        self.write_backfill(FILE.replace("\n", "\r\n"))
        self.assertEqual(self.backfill()["rows"], 10)

    def test_reverting_what_it_requires_makes_it_new(self):
        self.prepare(20)
        self.backfill()
        self.run_it(0, "downgrade", "base", "--yes", "-q")
        self.assertEqual(self.status()["state"], "new")
        self.prepare(30)
        self.assertEqual((self.backfill()["rows"], self.made()), (30, self.query(self.db, REFERENCE)[0][0]))

    def test_stamping_does_not(self):
        self.prepare(20)
        self.backfill()
        self.run_it(0, "stamp", "--purge", "a1", "-q")
        self.assertEqual(self.status()["state"], "complete")


class KeyTest(Base):
    def simple(self, table, key, more=""):
        return (f"-- x\n-- pgbraid:requires a1\n-- pgbraid:source {table}\n-- pgbraid:key {key}\n-- pgbraid:batch 3\n{more}"
                "-- pgbraid:run\nWITH m AS (INSERT INTO seen SELECT to_jsonb(b) FROM batch b) "
                "SELECT 'seen' AS outcome, count(*) AS count, NULL::text AS detail FROM batch")

    def check_key(self, create, key, rows):
        self.run_it(0, "upgrade", "a1", "-q")
        self.query(self.db, "CREATE TABLE seen (row jsonb)")
        self.query(self.db, create)
        self.query(self.db, rows)
        self.write_backfill(self.simple("src", key))
        n = self.query(self.db, "SELECT count(*) FROM src")[0][0]
        self.backfill(0, "--limit", "4")
        self.backfill()
        self.assertEqual(self.query(self.db, "SELECT count(*), count(DISTINCT row) FROM seen"), [(n, n)])
        self.assertEqual(self.backfill()["rows"], 0)

    def test_several_columns_in_another_order(self):
        self.check_key("CREATE TABLE src (a text, b int, c text, PRIMARY KEY (b, a))", "a, b",
                       "INSERT INTO src SELECT 'x' || i % 5, i, 'y' FROM generate_series(1, 40) i")

    def test_odd_names_and_partitions(self):
        self.check_key('CREATE TABLE src ("Odd "" Key" bigint PRIMARY KEY) PARTITION BY RANGE ("Odd "" Key");'
                       'CREATE TABLE src_1 PARTITION OF src FOR VALUES FROM (0) TO (20);'
                       'CREATE TABLE src_2 PARTITION OF src DEFAULT', '"Odd "" Key"',
                       "INSERT INTO src SELECT generate_series(1, 40)")

    def test_enum_and_domain_and_collation(self):
        self.check_key("CREATE TYPE mood AS ENUM ('b', 'a', 'c'); CREATE DOMAIN word AS text COLLATE \"C\";"
                       "CREATE TABLE src (m mood, w word, t timestamptz, n numeric, PRIMARY KEY (m, w, t, n))", "m w t n",
                       "INSERT INTO src SELECT m::mood, w, now() + i * interval '1 us', i / 3.0 FROM unnest('{a,b,c}'::text[]) m, "
                       "unnest(ARRAY['Ä', 'b', 'B', 'a b', 'q\"q,{}''']) w, generate_series(1, 3) i")

    def test_a_unique_index_over_a_part_and_arrays(self):
        self.check_key("CREATE TABLE src (a int[] NOT NULL UNIQUE, b int NOT NULL)", "a b",
                       "INSERT INTO src SELECT ARRAY[i, i % 3], i FROM generate_series(1, 40) i")


class FaultTest(Base):
    def spoil(self, *which):
        for nth in which:
            self.query(self.db, "UPDATE people SET tags = tags || 'bad'::text WHERE id = (SELECT id FROM people ORDER BY id OFFSET %s LIMIT 1)",
                       (nth,))

    def test_rows_at_fault_alone(self):
        self.prepare(1000)
        self.spoil(0, 1, 499, 999)
        dry = self.backfill(0, "--dry-run")
        self.assertEqual((dry["errors"], dry["rows"]), (4, 1000))
        real = self.backfill(1)
        self.assertEqual(self.last["error"]["code"], "failed")
        self.assertEqual((real["errors"], real["open_errors"], real["state"]), (4, 4, "errors"))
        self.assertEqual(self.counts(real), self.counts(dry))
        self.assertEqual(self.counts(real)["people"], 996)
        good = "SELECT count(*) FROM people p, LATERAL (SELECT DISTINCT t FROM unnest(p.tags) t WHERE btrim(t) <> '') x WHERE 'bad' <> ALL (p.tags)"
        self.assertEqual(self.made(), self.query(self.db, good)[0][0])
        errors = self.run_it(0, "backfill", "errors", "tags", "--format", "json").json()["errors"]
        bad = [r[0] for r in self.query(self.db, "SELECT id::text FROM people WHERE 'bad' = ANY (tags) ORDER BY 1")]
        self.assertEqual([e["key"] for e in errors], [[b] for b in bad])
        self.assertEqual({e["sqlstate"] for e in errors}, {"23514"})
        self.assertTrue(all("tags_tag_check" in e["message"] for e in errors))

    def test_only_errors_and_accept(self):
        self.prepare(300)
        self.spoil(5, 50, 250)
        self.backfill(1)
        rows = self.query(self.db, "SELECT key[1] FROM pgbraid.backfill_error ORDER BY 1")
        self.query(self.db, "UPDATE people SET tags = '{mended}' WHERE id = %s", (rows[0][0],))
        self.query(self.db, "DELETE FROM people WHERE id = %s", (rows[1][0],))
        again = self.backfill(1, "--only-errors")
        self.assertEqual((again["rows"], again["errors"], again["gone"], again["open_errors"]), (2, 1, 1, 1))
        self.assertEqual(self.query(self.db, "SELECT attempts FROM pgbraid.backfill_error"), [(2,)])
        self.assertEqual(self.query(self.db, "SELECT count(*) FROM tags WHERE tag = 'mended'"), [(1,)])
        self.run_it(0, "backfill", "errors", "tags", "--accept")
        self.assertEqual(self.status()["state"], "complete")
        self.run_it(2, "backfill", "run", "tags", "--only-errors")

    def test_max_errors_stops_just_there(self):
        self.prepare(2000)
        self.query(self.db, "UPDATE people SET tags = '{bad}'")
        summary = self.backfill(1, "--max-errors", "5")
        self.assertIn("more than --max-errors 5", self.last["error"]["message"])
        self.assertGreater(summary["errors"], 5)
        self.assertLess(summary["errors"], 40)
        self.assertEqual(self.status()["state"], "failed")

    def test_one_in_a_hundred(self):
        self.prepare(3000)
        self.query(self.db, "UPDATE people SET tags = tags || 'bad'::text WHERE id IN (SELECT id FROM people ORDER BY md5(id::text) LIMIT 30)")
        summary = self.backfill(1)
        self.assertEqual((summary["errors"], summary["rows"]), (30, 3000))
        self.assertEqual(len(set(self.done_keys())), 3000)

    def test_deferred_constraints_count_for_their_rows(self):
        self.prepare(100)
        self.query(self.db, "CREATE TABLE other (tag text PRIMARY KEY); INSERT INTO other SELECT DISTINCT t FROM people, unnest(tags) t;"
                            "ALTER TABLE tags ADD FOREIGN KEY (tag) REFERENCES other DEFERRABLE INITIALLY DEFERRED")
        self.query(self.db, "UPDATE people SET tags = '{unknown}' WHERE id = (SELECT id FROM people ORDER BY id OFFSET 42 LIMIT 1)")
        summary = self.backfill(1)
        self.assertEqual((summary["errors"], summary["rows"]), (1, 100))
        self.assertEqual(self.query(self.db, "SELECT sqlstate FROM pgbraid.backfill_error"), [("23503",)])

    def test_bad_outcomes_stop_it_before_they_commit(self):
        for outcome, what in (("(SELECT CASE WHEN count(*) > 0 THEN '' ELSE 'x' END FROM batch)", "empty"),
                              ("btrim(' ')", "empty"), ("nullif('a', 'a')", "null")):
            with self.subTest(outcome):
                self.prepare(10)
                self.write_backfill(FILE.replace("SELECT 'people' AS outcome", f"SELECT {outcome} AS outcome"))
                run = self.run_it(1, "backfill", "run", "tags")
                self.assertIn(f"an outcome that is {what}", run.stderr)
                self.assertRegex(run.stderr, r"backfills/tags\.sql:\d+:1: error")
                self.assertEqual(self.made(), 0)
                self.query(self.db, "TRUNCATE people CASCADE")


class RefusedTest(Base):
    """Bad input: a clear error, and not one row touched."""

    def refuse(self, text, message, place=None, status=2, code=None):
        self.write_backfill(text)
        run = self.run_it(status, "backfill", "run", "tags")
        self.assertIn(message, run.stderr)
        if place is not None:
            self.assertIn(f"backfills/tags.sql:{place}: error:", run.stderr)
        self.assertEqual(self.made(), 0)
        self.assertEqual(self.query(self.db, "SELECT count(*) FROM pgbraid.backfill"), [(0,)])
        return run

    def file(self, source="people", key="id", statement=STATEMENT, requires="a1"):
        return (f"-- x\n-- pgbraid:requires {requires}\n-- pgbraid:source {source}\n-- pgbraid:key {key}\n"
                f"-- pgbraid:run\n{statement}")

    def test_sources_and_keys(self):
        self.prepare(10)
        self.query(self.db, """CREATE VIEW seen AS SELECT * FROM people; CREATE MATERIALIZED VIEW kept AS SELECT * FROM people;
            CREATE TABLE loose (id int NOT NULL, j json, n int UNIQUE, p int NOT NULL);
            CREATE UNIQUE INDEX ON loose (p) WHERE p > 0;
            CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child () INHERITS (parent)""")
        for source, key, message, place in (
                ("nowhere", "id", "there is no table nowhere", "3:19"),
                ("seen", "id", "seen is a view, whose rows have no key", "3:19"),
                ("kept", "id", "kept is a materialized view", "3:19"),
                ("parent", "id", "tables that inherit from it", "3:19"),
                ("loose", "id", "the key of loose is not unique", "4:16"),
                ("loose", "p", "the key of loose is not unique", "4:16"),
                ("loose", "j", "of type json, which has no order", "4:16"),
                ("loose", "n", "the key column n may be null", "4:16"),
                ("people", "nothing", "people has no column nothing", "4:16")):
            with self.subTest(source=source, key=key):
                self.refuse(self.file(source, key, "SELECT 'a' AS outcome, count(*) AS count, ''::text AS detail FROM batch"),
                            message, place)

    def test_statements(self):
        self.prepare(10)
        for statement, message, status in (
                ("SELECT 1 AS outcome, count(*) AS count, ''::text AS detail FROM batch", "a column outcome that is no text", 2),
                ("SELECT 'a' AS outcome, '1'::text AS count, ''::text AS detail FROM batch", "a column count that is no bigint", 2),
                ("SELECT 'a' AS outcome, count(*) FROM batch", "returns 2 columns", 2),
                ("SELECT 'a' AS name, count(*) AS count, ''::text AS detail FROM batch", "a column name where outcome is wanted", 2),
                ("DELETE FROM tags", "returns nothing", 2),
                ("SELECT nothing FROM batch", 'column "nothing" does not exist', 1),
                ("SELECT 'a' AS outcome, count(*) AS count, ''::text AS detail FROM missing", 'relation "missing" does not exist', 1)):
            with self.subTest(statement):
                run = self.refuse(self.file(statement=statement), message, status=status)
                self.assertIn("backfills/tags.sql:6:", run.stderr)

    def test_an_outcome_without_a_name(self):
        self.prepare(10)
        rest = "count(*) AS count, ''::text AS detail FROM batch"
        for statement, what, place in ((f"SELECT '' AS outcome, {rest}", "empty", "6:8"),
                                       (f"SELECT ' '::text AS outcome, {rest}", "empty", "6:8"),
                                       (f"SELECT NULL::text AS outcome, {rest}", "null", "6:8"),
                                       (f"SELECT 'a' AS outcome, {rest}\nUNION ALL\nSELECT '', 1, 'x'", "empty", "8:8")):
            with self.subTest(statement):
                self.refuse(self.file(statement=statement), f"the statement returns an outcome that is {what}", place)

    def test_the_filter(self):
        self.prepare(10)
        self.refuse(FILE.replace("NOT hidden", "NOT nothing"), 'column "nothing" does not exist', "5:19", 1)

    def test_required_revision(self):
        self.run_it(0, "upgrade", "base", "-q")
        run = self.run_it(2, "backfill", "run", "tags")
        self.assertIn("the backfill tags requires revision a1, which is not applied", run.stderr)
        self.assertIn("pgbraid upgrade a1", run.stderr)
        self.query(self.db, "CREATE TABLE tags (x int)")
        run = self.run_it(2, "backfill", "run", "tags")
        self.assertIn("The table tags exists, but migration a1 is not recorded", run.stderr)
        self.assertIn("pgbraid stamp --verified a1", run.stderr)

    def test_unknown_names(self):
        run = self.run_it(2, "backfill", "run", "tgas")
        self.assertIn("there is no backfill tgas", run.stderr)
        self.assertIn("Did you mean tags?", run.stderr)
        self.run_it(2, "backfill", "pause", "tags")

    def test_a_pooler(self):
        if servers.pgbouncer_program() is None:
            self.fail("no PgBouncer: tools/deps makes one")
        self.prepare(10)
        with servers.pgbouncer(self.server) as pool:
            run = self.expect(1, "backfill", "run", "tags", cwd=self.root,
                              db=pool.uri(re.search(r"///([^?]*)", self.db).group(1)))
        self.assertIn("a pooler in transaction mode", run.stderr)
        self.assertEqual(self.made(), 0)


class CheckTest(Base):
    def findings(self):
        run = self.pgbraid("check", "--format", "json", cwd=self.root)
        return [(f["rule"], f["file"], f["line"], f["column"], f["fix"]) for f in run.json()["findings"] if f["severity"] == "error"]

    def test_files(self):
        cases = {
            HEAD.replace("a1", "a2") + "-- pgbraid:run\nSELECT 1": ("missing-requires", 2, 21, "Did you mean a1?"),
            HEAD.replace("source", "sorce") + "-- pgbraid:run\nSELECT 1": ("unknown-directive", 3, 12, "Did you mean -- pgbraid:source?"),
            HEAD.replace("-- pgbraid:key id\n", "") + "-- pgbraid:run\nSELECT 1": ("missing-directive", 1, 1, "Write, for example: -- pgbraid:key id"),
            HEAD + "-- pgbraid:run\nCREATE TABLE x ()": ("backfill-statement", 6, 1, None),
            HEAD + "-- pgbraid:run\nSELECT 1; SELECT 2": ("backfill-statement", 6, 11, None),
            HEAD + "-- pgbraid:run\n": ("backfill-statement", 5, 1, None),
            HEAD + "SELECT 1": ("missing-directive", 5, 1, None),
            HEAD + "-- pgbraid:filter a) OR (b\n-- pgbraid:run\nSELECT 1": None,
            HEAD + "-- pgbraid:filter a = \n-- pgbraid:run\nSELECT 1": ("backfill-filter", 5, 19, None),
            HEAD + "-- pgbraid:batch none\n-- pgbraid:run\nSELECT 1": ("bad-directive", 5, 18, None),
            HEAD + "-- pgbraid:backfill tug\n-- pgbraid:run\nSELECT 1": ("backfill-name", 5, 21, None),
            HEAD + "-- pgbraid:run\nSELECT 'open": ("not-closed", 6, 8, None),
        }
        for text, want in cases.items():
            with self.subTest(text):
                self.write_backfill(text)
                found = self.findings()
                if want is None:
                    self.assertEqual(found, [])
                    continue
                self.assertEqual(len(found), 1, found)
                self.assertEqual(found[0][:4], (want[0], "backfills/tags.sql", want[1], want[2]))
                if want[3] is not None:
                    self.assertEqual(found[0][4], want[3])
                self.assertEqual(self.pgbraid("check", cwd=self.root).returncode, 3)
                self.run_it(2, "backfill", "list")

    def test_a_revision_that_waits_for_nothing(self):
        self.write(self.root, {"migrations/b2_contract.sql": CONTRACT.replace("backfill:tags", "backfill:tagz")})
        self.assertEqual(self.findings(), [("missing-backfill", "migrations/b2_contract.sql", 4, 20, "Did you mean backfill:tags?")])
        self.run_it(2, "upgrade")


class HeldTest(Base):
    files = {**Base.files, "migrations/b2_contract.sql": CONTRACT, "migrations/c3_after.sql": AFTER}

    def test_held_back(self):
        self.prepare(50)
        run = self.run_it(0, "upgrade")
        self.assertIn("b2 is held back until backfill tags is complete: pgbraid backfill run tags", run.stderr)
        self.assertIn("c3 is held back: it needs b2", run.stderr)
        self.assertEqual(self.run_it(0, "current", "--format", "json").json()["current"], ["a1"])
        status = self.run_it(0, "status", "--format", "json").json()
        self.assertEqual(status["held"], [{"revision": "b2", "backfill": "tags"}, {"revision": "c3", "backfill": None}])
        self.assertEqual(status["pending"], ["b2", "c3"])
        self.assertIn("held back until backfill tags is complete", self.run_it(0, "status").stdout)
        plan = self.run_it(0, "upgrade", "--dry-run", "--format", "json").json()
        self.assertEqual((plan["plan"], [h["revision"] for h in plan["held"]]), ([], ["b2", "c3"]))
        self.assertIn("b2 waits for the backfill tags", self.run_it(2, "upgrade", "c3").stderr)
        self.assertEqual(self.status()["waiting"], ["b2"])
        self.backfill()
        self.run_it(0, "upgrade")
        self.assertEqual(self.run_it(0, "current", "--format", "json").json()["current"], ["c3"])

    def test_in_its_place(self):
        self.prepare(80)
        answer = self.run_it(0, "upgrade", "--with-backfills", "--format", "json").json()
        self.assertEqual([d["revision"] for d in answer["done"]], ["b2", "c3"])
        self.assertEqual((answer["backfills"][0]["rows"], answer["current"]), (80, ["c3"]))
        self.assertEqual(self.run_it(0, "upgrade", "--with-backfills", "--format", "json").json()["done"], [])

    def test_from_nothing(self):
        answer = self.run_it(0, "upgrade", "--with-backfills", "--format", "json").json()
        self.assertEqual([d["revision"] for d in answer["done"]], ["a1", "b2", "c3"])

    def course(self, *targets):
        """What the dry run shows: names in order, backfills as in the event log."""
        plan = self.run_it(0, "upgrade", *targets, "--dry-run", "--with-backfills", "--format", "json").json()
        self.assertEqual([s["revision"] for s in plan["plan"]], [s["revision"] for s in plan["course"] if s["revision"]])
        return [s["revision"] or "backfill:" + s["backfill"] for s in plan["course"]], plan.get("held", [])

    def test_the_dry_run_shows_the_whole_course(self):
        simple = ("-- later\n-- pgbraid:requires c3\n-- pgbraid:source people\n-- pgbraid:key id\n-- pgbraid:run\n"
                  "SELECT 'seen' AS outcome, count(*) AS count, NULL::text AS detail FROM batch")
        self.write(self.root, {
            "backfills/later.sql": simple,
            "migrations/d4_beside.sql": "-- beside\n-- pgbraid:revision d4\n-- pgbraid:parent a1\n-- pgbraid:up\nSELECT 1;\n",
            "migrations/e5_last.sql": "-- last\n-- pgbraid:revision e5\n-- pgbraid:parent c3, d4\n-- pgbraid:depends backfill:later, backfill:tags\n-- pgbraid:up\nSELECT 1;\n",
        })
        want = ["a1", "d4", "backfill:tags", "b2", "c3", "backfill:later", "e5"]
        for applied in ([], ["a1"], ["d4"]):
            with self.subTest(applied):
                if applied:
                    self.run_it(0, "upgrade", "-q", *applied)
                done = self.run_it(0, "current", "--format", "json").json()["current"]
                before = {"a1"} | set(done) if done else set()
                self.assertEqual(self.course(), ([name for name in want if name not in before], []))
        text = self.run_it(0, "upgrade", "--dry-run", "--with-backfills").stdout.splitlines()
        self.assertEqual(text[:2], ["backfill tags, tags of their own", "upgrade b2, the old column goes"])
        self.assertEqual(self.course("b2"), (["backfill:tags", "b2"], []))
        self.assertEqual(self.query(self.db, "SELECT count(*) FROM pgbraid.backfill"), [(0,)])
        # A backfill that can't be run: what waits for it stays held.
        self.write(self.root, {
            "backfills/stuck.sql": simple.replace("requires c3", "requires h8"),
            "migrations/g7_stuck.sql": "-- stuck\n-- pgbraid:revision g7\n-- pgbraid:parent a1\n-- pgbraid:depends backfill:stuck\n-- pgbraid:up\nSELECT 1;\n",
            "migrations/h8_behind.sql": "-- behind\n-- pgbraid:revision h8\n-- pgbraid:parent g7\n-- pgbraid:up\nSELECT 1;\n",
        })
        self.assertEqual(self.course(), (want[2:], [{"revision": "g7", "backfill": "stuck"}, {"revision": "h8", "backfill": None}]))
        for name in ("backfills/stuck", "migrations/g7_stuck", "migrations/h8_behind"):
            (self.root / f"{name}.sql").unlink()
        # The real course is the one that was shown.
        self.run_it(0, "upgrade", "--with-backfills")
        events = self.query(self.db, "SELECT id FROM pgbraid.event WHERE event IN ('upgrade', 'backfill') ORDER BY seq")
        self.assertEqual([row[0] for row in events], want)
        self.assertEqual(self.course(), ([], []))

    def test_faults_hold_it_back(self):
        self.prepare(20)
        self.query(self.db, "UPDATE people SET tags = '{bad}' WHERE id = (SELECT min(id::text)::uuid FROM people)")
        self.run_it(1, "upgrade", "--with-backfills")
        self.assertEqual(self.run_it(0, "current", "--format", "json").json()["current"], ["a1"])
        self.run_it(0, "backfill", "errors", "tags", "--accept")
        self.run_it(0, "upgrade")
        self.assertEqual(self.run_it(0, "current", "--format", "json").json()["current"], ["c3"])

    def test_what_does_not_fit(self):
        self.prepare(1)
        self.run_it(2, "upgrade", "--with-backfills", "--sql")
        self.run_it(2, "upgrade", "--with-backfills", "--one-transaction")


class BesideTest(Base):
    """While it runs."""

    def begin(self, *arguments):
        process = self.start("backfill", "run", "tags", "--format", "json", *arguments, cwd=self.root, db=self.db)
        self.wait_for("SELECT count(*) > 0 FROM pgbraid.backfill WHERE batches > 0")
        return process

    def wait_for(self, condition, seconds=30):
        end = time.monotonic() + seconds
        while True:
            with contextlib.suppress(Exception):
                if self.query(self.db, condition)[0][0]:
                    return
            if time.monotonic() > end:
                self.fail(f"never true: {condition}")
            time.sleep(0.02)

    def last_row(self):
        """Within it no run gets past the last row: it is under way, and comes to no end."""
        return self.holding(self.db, "SELECT FROM people ORDER BY id DESC LIMIT 1 FOR UPDATE")

    def end(self, process, status=0):
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, status, out + err)
        return json.loads(out)

    def test_newcomers_below_the_checkpoint(self):
        self.prepare(300)
        low = [str(uuid.UUID(int=i)) for i in range(1, 21)]
        with self.last_row(), contextlib.closing(self.connect(self.db)) as late, late.cursor() as cursor:
            process = self.begin("--batch", "10", "--rate", "150")
            late.autocommit = False
            cursor.execute("INSERT INTO people (id, tags) SELECT unnest(%s::uuid[]), '{late}'", (low[:10],))
            self.query(self.db, "INSERT INTO people (id, tags) SELECT unnest(%s::uuid[]), '{late}'", (low[10:],))
            # done already, and changed: it is not done twice
            self.query(self.db, "UPDATE people SET tags = tags || 'changed'::text WHERE id = (SELECT person FROM tags ORDER BY person LIMIT 1)")
            time.sleep(0.3)
            late.commit()
        summary = self.end(process)["backfills"][0]
        self.assertEqual((summary["rows"], summary["state"]), (320, "complete"))
        self.assertEqual(self.query(self.db, "SELECT count(*) FROM tags WHERE tag = 'late'"), [(20,)])
        self.assertEqual(self.query(self.db, "SELECT count(*) FROM tags WHERE tag = 'changed'"), [(0,)])
        keys = self.done_keys()
        self.assertEqual(len(keys), len(set(keys)))

    def test_two_at_once(self):
        self.prepare(300)
        with self.last_row():
            first = self.begin("--batch", "10", "--rate", "200")
            impatient = self.run_it(5, "backfill", "run", "tags", "--lock-wait", "0")
            self.assertIn("another run of backfill tags is under way", impatient.stderr)
            second = self.start("backfill", "run", "tags", "--format", "json", cwd=self.root, db=self.db)
            self.wait_for("SELECT count(*) > 1 FROM pg_stat_activity WHERE application_name = 'pgbraid'"
                          " AND datname = current_database()")
        rows = [self.end(p)["backfills"][0]["rows"] for p in (first, second)]
        self.assertEqual(rows, [300, 0])
        self.assertEqual(self.made(), self.query(self.db, REFERENCE)[0][0])

    def test_revisions_are_applied_meanwhile(self):
        self.prepare(300)
        self.write(self.root, {"migrations/d4_other.sql": "-- o\n-- pgbraid:revision d4\n-- pgbraid:up\nCREATE TABLE beside ();\n"})
        with self.last_row():
            process = self.begin("--batch", "10", "--rate", "150")
            self.run_it(0, "upgrade", "d4", "-q")
            self.assertIsNone(process.poll(), "it ended before the upgrade did")
        self.end(process)

    def test_a_required_revision_goes(self):
        self.prepare(300)
        with self.last_row():
            process = self.begin("--batch", "10", "--rate", "150")
            self.run_it(0, "stamp", "base", "-q")
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, out + err)
        self.assertIn("was reverted", json.loads(out)["error"]["message"])
        self.assertEqual(len(self.done_keys()), self.query(self.db, "SELECT rows_done FROM pgbraid.backfill")[0][0])

    def test_pause_resume_cancel(self):
        self.prepare(400)
        with self.last_row():
            process = self.begin("--batch", "10", "--rate", "50")
            self.run_it(0, "backfill", "pause", "tags")
            self.wait_for("SELECT wanted = 'pause' FROM pgbraid.backfill")
            # The wish is seen behind the batch under way: from then on nothing moves.
            self.wait_for("SELECT bool_or(state = 'idle' AND query LIKE '%wanted%' AND state_change < clock_timestamp() - interval '50 ms')"
                          " FROM pg_stat_activity WHERE application_name = 'pgbraid' AND datname = current_database()")
            before = self.query(self.db, "SELECT rows_done FROM pgbraid.backfill")
            self.assertEqual(self.status()["state"], "paused")
            time.sleep(0.5)
            self.assertEqual(self.query(self.db, "SELECT rows_done FROM pgbraid.backfill"), before)
            self.run_it(0, "backfill", "resume", "tags")
            self.wait_for(f"SELECT rows_done > {before[0][0]} FROM pgbraid.backfill")
            self.run_it(0, "backfill", "cancel", "tags")
        answer = self.end(process, 1)
        self.assertIn("was cancelled", answer["error"]["message"])
        self.assertEqual(answer["backfills"][0]["state"], "cancelled")
        self.assertEqual(self.status()["state"], "cancelled")
        self.assertEqual(self.backfill()["rows_total"], 400)

    def test_paused_while_none_runs(self):
        self.prepare(100)
        self.backfill(0, "--limit", "10")
        self.run_it(0, "backfill", "pause", "tags")
        self.assertIn("the backfill tags is paused", self.run_it(2, "backfill", "run", "tags").stderr)
        self.run_it(0, "backfill", "resume", "tags")
        self.assertEqual(self.backfill()["rows"], 90)

    def test_interrupted_finishes_the_batch(self):
        self.prepare(400)
        self.query(self.db, "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.005); RETURN NEW; END $$;"
                            "CREATE TRIGGER slow BEFORE INSERT ON tags FOR EACH ROW EXECUTE FUNCTION slow()")
        with self.last_row():
            process = self.begin("--batch", "40", "--lock-timeout", "60s")
            process.send_signal(signal.SIGINT)
        answer = self.end(process, 1)
        self.assertEqual(answer["error"]["code"], "interrupted")
        rows = answer["backfills"][0]["rows"]
        self.assertEqual(rows % 40, 0)
        self.assertEqual(answer["backfills"][0]["state"], "stopped")
        self.assertEqual(len(self.done_keys()), rows)

    def test_a_second_signal_rolls_it_back(self):
        self.prepare(60)
        self.query(self.db, "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.05); RETURN NEW; END $$;"
                            "CREATE TRIGGER slow BEFORE INSERT ON tags FOR EACH ROW EXECUTE FUNCTION slow()")
        process = self.start("backfill", "run", "tags", "--batch", "60", cwd=self.root, db=self.db)
        self.wait_for("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.2)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.wait_for("SELECT count(*) = 0 FROM pg_stat_activity WHERE query LIKE 'WITH item%' AND state <> 'idle'")
        self.assertEqual(self.made(), 0)
        self.query(self.db, "DROP TRIGGER slow ON tags")
        self.assertEqual(self.backfill()["rows"], 60)

    def test_a_lock_that_is_not_had(self):
        self.prepare(60)
        with contextlib.closing(self.connect(self.db)) as other, other.cursor() as cursor:
            other.autocommit = False
            cursor.execute("LOCK TABLE tags IN ACCESS EXCLUSIVE MODE")
            process = self.start("backfill", "run", "tags", "--lock-timeout", "100ms", "--format", "json", cwd=self.root, db=self.db)
            time.sleep(1.2)
            self.assertIsNone(process.poll())
            other.rollback()
        summary = self.end(process)["backfills"][0]
        self.assertEqual((summary["rows"], summary["errors"]), (60, 0))

    def test_others_that_wait_make_it_stand_still(self):
        self.prepare(200)
        self.query(self.db, "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(77); RETURN NEW; END $$;"
                            "CREATE TRIGGER gate BEFORE INSERT ON tags FOR EACH ROW EXECUTE FUNCTION gate()")
        ask = "UPDATE people SET hidden = false WHERE id = (SELECT min(id::text)::uuid FROM people)"
        asker = threading.Thread(target=self.query, args=(self.db, ask))
        with self.holding(self.db, "SELECT pg_advisory_xact_lock(77)"):
            process = self.start("backfill", "run", "tags", "--format", "json", "--batch", "100", "--lock-timeout", "60s",
                                 cwd=self.root, db=self.db)
            here = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            self.wait_for(f"SELECT count(*) > 0 {here} AND wait_event = 'advisory'")
            asker.start()
            asking = f"{here} AND query LIKE 'UPDATE people SET hidden%' AND wait_event_type = 'Lock'"
            self.wait_for(f"SELECT count(*) > 0 {asking}")
            # The batch comes to no end before it has been looked who waits for it.
            self.wait_for(f"SELECT count(*) > 0 {here} AND query LIKE '%pg_blocking_pids(a.pid)%' AND state = 'idle'"
                          f" AND query_start > (SELECT query_start + interval '50 ms' {asking})")
        out, err = process.communicate(timeout=60)
        asker.join()
        self.assertEqual(process.returncode, 0, out + err)
        self.assertIn("others wait for its locks", err)


if __name__ == "__main__":
    harness.main()
