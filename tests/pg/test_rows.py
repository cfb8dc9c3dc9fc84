#!/usr/bin/python3
"""Generated rows: that they satisfy whatever a schema asks, hold what breaks careless migrations, and are the same
each time; seeds; and what is said where no row can be made."""
import hashlib
import os
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness
from probing import ProbeTest

EVERY_TYPE = """smallint integer bigint numeric numeric(4,1) numeric(3,3) real double precision money text varchar
varchar(3) varchar(80) char(5) "char" name bytea uuid date time time(0) timetz timestamp timestamp(3) timestamptz interval json jsonb
jsonpath xml inet cidr macaddr macaddr8 bit bit(7) bit varying bit varying(9) boolean point line lseg box path polygon
circle tsvector tsquery oid regclass regtype regproc regprocedure regoper regoperator regnamespace regconfig
regdictionary regcollation regrole xid xid8 cid tid pg_lsn int2vector oidvector pg_snapshot txid_snapshot refcursor aclitem
int4range int8range numrange daterange tsrange tstzrange int4multirange nummultirange datemultirange tstzmultirange"""


def types():
    text = EVERY_TYPE.replace("double precision", "double_precision").replace("bit varying", "bit_varying")
    return [word.replace("_precision", " precision").replace("bit_varying", "bit varying") for word in text.split()]


class TypesTest(ProbeTest):
    def test_every_type(self):
        names = types()
        columns = ", ".join(f"c{i} {name} NOT NULL" for i, name in enumerate(names))
        arrays = ", ".join(f"c{i} {name}[] NOT NULL" for i, name in enumerate(names))
        uri = self.database(f"CREATE TABLE plain (id serial, {columns}); CREATE TABLE arrays (id serial, {arrays});")
        self.assertEqual([(row.outcome, row.table, row.n) for row in self.rows(uri)],
                         [("filled", "public.plain", "20"), ("filled", "public.arrays", "20")])
        self.assertEqual(len(names), 81)

    def test_types_of_their_own(self):
        rows = self.rows(self.database("""
            CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree; CREATE EXTENSION cube; CREATE EXTENSION isn;
            CREATE TYPE mood AS ENUM ('sad', 'it''s, "fine"', E'back\\\\slash');
            CREATE DOMAIN positive AS int CHECK (VALUE > 0);
            CREATE DOMAIN small AS positive CHECK (VALUE < 10) NOT NULL;
            CREATE DOMAIN zip AS text CHECK (VALUE ~ '^[A-Z]{2}-\\d{3,5}(-[abc])?$');
            CREATE TYPE place AS (street text, zip zip, size small, moods mood[]);
            CREATE TYPE wordrange AS RANGE (subtype = text);
            CREATE TABLE t (id int PRIMARY KEY, a mood NOT NULL, b mood[] NOT NULL, c small, d small[] NOT NULL, e zip NOT NULL,
                f place NOT NULL, g place[] NOT NULL, h wordrange NOT NULL, i wordmultirange NOT NULL, j hstore NOT NULL,
                k citext NOT NULL, l ltree NOT NULL, m cube NOT NULL, n isbn13 NOT NULL);""".replace("wordmultirange", "wordmultirange")))
        self.assertEqual([(row.outcome, row.n) for row in rows], [("filled", "20")], rows)


class ChecksTest(ProbeTest):
    """Forms of checks that people write. Every column is NOT NULL, so that null is no way out."""

    CHECKS = (
        ("s text", "s IN ('a', 'b', 'c')"), ("s varchar(20)", "s IN ('a', 'b', 'c')"), ("n int", "n BETWEEN 1 AND 5"),
        ("n numeric(5,2)", "n > 3.25 AND n < 3.5"), ("n int", "n % 7 = 0 AND n > 1000"), ("s text", "s LIKE 'ab\\_%.txt'"),
        ("s text", "s ~ '^[a-z0-9._%+-]+@[a-z0-9.-]+\\.[a-z]{2,}$'"), ("s text", "s ~* '^(north|south)-?(east|west)?$'"),
        ("s text", "length(s) = 17"), ("s text", "char_length(btrim(s)) BETWEEN 3 AND 6"), ("s text", "s = lower(s) AND s <> ''"),
        ("s text", "s = upper(s) AND length(s) = 2"), ("s char(2)", "s ~ '^[A-Z]{2}$'"), ("a int, b int", "a < b"),
        ("a date, b date", "b >= a AND b - a < 30"), ("a timestamptz, b timestamptz", "b > a"),
        ("a int, b int, c int", "a < b AND b < c AND a + b + c = 100"),
        ("d date", "d > DATE '2031-05-05' AND extract(dow FROM d) = 1"), ("d date", "d = date_trunc('month', d)"),
        ("a int[]", "cardinality(a) = 3"), ("a text[]", "a <@ ARRAY['x', 'y', 'z'] AND array_length(a, 1) >= 1"),
        ("a int[]", "0 < ALL (a) AND 7 > ALL (a) AND cardinality(a) > 0"), ("j jsonb", "jsonb_typeof(j) = 'array'"),
        ("j jsonb", "j ? 'kind' AND j ->> 'kind' IN ('in', 'out')"), ("j jsonb", "(j ->> 'n')::int > 5"),
        ("s text, a int, b text", "CASE s WHEN 'number' THEN a > 5 AND b = '' WHEN 'text' THEN a = 0 AND b <> '' ELSE false END"),
        ("s text, done boolean", "(s = 'done') = done"), ("a boolean, b boolean", "a OR b"),
        ("r int4range", "NOT isempty(r) AND lower(r) >= 10 AND upper(r) <= 20"), ("r tstzrange", "lower(r) > '2000-01-01' AND NOT upper_inf(r)"),
        ("i inet", "family(i) = 4"), ("b bytea", "octet_length(b) = 32"), ("n double precision", "n >= -90 AND n <= 90"),
        ("u uuid", "u <> '00000000-0000-0000-0000-000000000000'"), ("n bigint", "n > 4000000000 AND n < 5000000000"),
        ("m int, d int", "m BETWEEN 1 AND 12 AND d BETWEEN 1 AND CASE WHEN m = 2 THEN 29 WHEN m IN (4, 6, 9, 11) THEN 30 ELSE 31 END"),
        ("t time", "t >= '08:00' AND t < '18:00'"), ("i interval", "i > interval '1 hour' AND i < interval '2 days'"),
        ("s text", "s SIMILAR TO '(abc|def)[0-9]+'"), ("s text", "position('@' IN s) > 1"), ("s text", "s ~ '^#[0-9a-fA-F]{6}$'"),
        ("n numeric", "n = round(n, 2) AND n >= 0.01"), ("a int, b int GENERATED ALWAYS AS (a * 2) STORED", "b BETWEEN 10 AND 20"),
        ("s text, t text", "s <> t"), ("a numeric, b numeric", "a + b = 1 AND a >= 0 AND b >= 0"),
    )
    NULLS = (("a int, b int", "num_nonnulls(a, b) = 1"), ("a int, b text", "(a IS NULL) = (b IS NULL)"),
             ("s text NOT NULL, at date", "s <> 'sent' OR at IS NOT NULL"), ("s text", "s IS NULL OR s IN ('a', 'b')"),
             ("s text NOT NULL, a int, b int", "s IN ('a', 'b') AND ((s = 'a') = (a IS NOT NULL)) AND ((s = 'b') = (b IS NOT NULL))"))

    def test_forms(self):
        schema = ""
        for number, (columns, check) in enumerate(self.CHECKS):
            columns = ", ".join(part if "GENERATED" in part else part + " NOT NULL" for part in columns.split(", "))
            schema += f"CREATE TABLE t{number} (id serial PRIMARY KEY, {columns}, CONSTRAINT c CHECK ({check}));\n"
        for number, (columns, check) in enumerate(self.NULLS):
            schema += f"CREATE TABLE n{number} (id serial PRIMARY KEY, {columns}, CONSTRAINT c CHECK ({check}));\n"
        rows = self.rows(self.database(schema))
        self.assertEqual([row for row in rows if row.outcome != "filled"], [])
        self.assertEqual(len(rows), len(self.CHECKS) + len(self.NULLS))
        self.assertEqual({row.n for row in rows}, {"20"}, [row for row in rows if row.n != "20"])


class TablesTest(ProbeTest):
    def filled(self, schema, *more, least=1):
        uri = self.database(schema)
        rows = self.rows(uri, *more)
        self.assertEqual([row for row in rows if row.outcome != "filled" or int(row.n) < least], [])
        return uri, rows

    def test_keys(self):
        """Composite keys that share a column, keys to unique columns, one to one, into oneself, MATCH FULL."""
        uri, rows = self.filled("""
            CREATE TABLE tenant (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), code text UNIQUE NOT NULL);
            CREATE TABLE person (tenant_id uuid REFERENCES tenant, nr int, boss int, PRIMARY KEY (tenant_id, nr),
                FOREIGN KEY (tenant_id, boss) REFERENCES person);
            CREATE TABLE project (tenant_id uuid REFERENCES tenant, nr int, lead int NOT NULL, PRIMARY KEY (tenant_id, nr),
                FOREIGN KEY (tenant_id, lead) REFERENCES person);
            CREATE TABLE task (id bigserial PRIMARY KEY, tenant_id uuid NOT NULL, project int NOT NULL, person int,
                FOREIGN KEY (tenant_id, project) REFERENCES project, FOREIGN KEY (tenant_id, person) REFERENCES person);
            CREATE TABLE badge (code text NOT NULL REFERENCES tenant (code), a uuid, b int, UNIQUE (code),
                FOREIGN KEY (a, b) REFERENCES person MATCH FULL);""", least=3)
        self.assertEqual([row.table.split(".")[1] for row in rows], ["tenant", "person", "project", "task", "badge"])
        self.assertGreater(self.query(uri, "SELECT count(*) FROM person WHERE boss IS NOT NULL")[0][0], 0)

    def test_circles(self):
        uri, _ = self.filled("""
            CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, b_id int);
            CREATE TABLE b (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, a_id int NOT NULL REFERENCES a);
            ALTER TABLE a ADD FOREIGN KEY (b_id) REFERENCES b;
            CREATE TABLE c (id uuid PRIMARY KEY, d_id bigint NOT NULL);
            CREATE TABLE d (id bigserial PRIMARY KEY, c_id uuid NOT NULL REFERENCES c);
            ALTER TABLE c ADD FOREIGN KEY (d_id) REFERENCES d;
            CREATE TABLE e (id int PRIMARY KEY, e_id int NOT NULL REFERENCES e, note text);
            CREATE TABLE f (id int PRIMARY KEY, e_id int NOT NULL REFERENCES e);""", least=5)
        self.assertGreater(self.query(uri, "SELECT count(*) FROM a WHERE b_id IS NOT NULL")[0][0], 0)

    def test_partitions_and_inheritance(self):
        uri, _ = self.filled("""
            CREATE TABLE m (at timestamptz NOT NULL, region text NOT NULL, n int CHECK (n > 3), PRIMARY KEY (at, region)) PARTITION BY LIST (region);
            CREATE TABLE m_eu PARTITION OF m FOR VALUES IN ('eu', 'uk') PARTITION BY RANGE (at);
            CREATE TABLE m_eu_24 PARTITION OF m_eu FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
            CREATE TABLE m_us PARTITION OF m FOR VALUES IN ('us');
            CREATE TABLE h (id uuid NOT NULL, v text) PARTITION BY HASH (id);
            CREATE TABLE h0 PARTITION OF h FOR VALUES WITH (MODULUS 3, REMAINDER 0);
            CREATE TABLE h1 PARTITION OF h FOR VALUES WITH (MODULUS 3, REMAINDER 1);
            CREATE TABLE base (id int CHECK (id > 10), name text); CREATE TABLE more (extra int NOT NULL) INHERITS (base);""")
        self.assertEqual(self.query(uri, "SELECT (SELECT count(*) > 0 FROM m_eu_24), (SELECT count(*) > 0 FROM m_us), "
                                         "(SELECT count(*) > 0 FROM h0), (SELECT count(*) > 0 FROM h1)"), [(True,) * 4])

    def test_uniques(self):
        _, rows = self.filled("""
            CREATE EXTENSION btree_gist;
            CREATE TYPE side AS ENUM ('left', 'right');
            CREATE TABLE t (id serial PRIMARY KEY, email text NOT NULL, side side NOT NULL, on_ boolean NOT NULL, slot int NOT NULL CHECK (slot IN (1, 2, 3)),
                UNIQUE (side, on_, slot));
            CREATE UNIQUE INDEX ON t (lower(email));
            CREATE TABLE p (id serial PRIMARY KEY, who int NOT NULL CHECK (who BETWEEN 1 AND 9), active boolean NOT NULL);
            CREATE UNIQUE INDEX ON p (who) WHERE active;
            CREATE TABLE x (id serial PRIMARY KEY, room int NOT NULL, during tstzrange NOT NULL, EXCLUDE USING gist (room WITH =, during WITH &&));
            CREATE TABLE d (id serial PRIMARY KEY, pos int NOT NULL UNIQUE DEFERRABLE INITIALLY DEFERRED);
            CREATE TABLE n (id serial PRIMARY KEY, a int, b text, UNIQUE NULLS NOT DISTINCT (a, b));""", least=5)
        self.assertGreaterEqual(int(next(row.n for row in rows if row.table == "public.t")), 8)

    def test_what_breaks_careless_migrations(self):
        """Nulls, repeated values, long strings, large numbers: so that a step fails here and not in production."""
        uri, _ = self.filled("""CREATE TABLE t (id serial PRIMARY KEY, may text, name varchar(200) NOT NULL, n int NOT NULL,
            big bigint NOT NULL, amount numeric(12,2) NOT NULL, flag boolean, at timestamptz, j jsonb, list int[]);""")
        self.assertEqual(self.query(uri, """
            SELECT count(*) FILTER (WHERE may IS NULL) > 0, count(*) FILTER (WHERE flag IS NULL) > 0,
                   count(DISTINCT name) < count(name), max(length(name)) = 200, min(length(name)) = 0, max(length(may)) > 255,
                   max(n) > 32767, min(n) <= 0, max(big) > 2147483647, max(amount) = 9999999999.99 OR max(amount) > 999999999,
                   min(amount) = 0, count(*) FILTER (WHERE may !~ '^[0-9]+$') > 0, count(*) FILTER (WHERE list = '{}') > 0
              FROM t"""), [(True,) * 13])

    def test_sequences_go_on(self):
        """What a migration adds by default does not collide with what was generated."""
        uri, _ = self.filled("CREATE TABLE a (id serial PRIMARY KEY); CREATE TABLE b (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int);")
        connection = self.connect(uri)
        connection.cursor().execute("INSERT INTO a DEFAULT VALUES; INSERT INTO b (n) VALUES (1)")
        connection.close()

    def test_triggers_that_interfere(self):
        uri = self.database("""
            CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not today'; END $$;
            CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
            CREATE TABLE refused (id serial PRIMARY KEY); CREATE TRIGGER no BEFORE INSERT ON refused FOR EACH ROW EXECUTE FUNCTION no();
            CREATE TABLE lost (id serial PRIMARY KEY); CREATE TRIGGER lose BEFORE INSERT ON lost FOR EACH ROW EXECUTE FUNCTION lose();
            CREATE TABLE ruled (id serial PRIMARY KEY); CREATE RULE r AS ON INSERT TO ruled DO INSTEAD NOTHING;
            CREATE TABLE fine (id serial PRIMARY KEY); CREATE RULE r AS ON INSERT TO fine DO ALSO NOTIFY fine;""")
        rows = {row.table: row for row in self.rows(uri)}
        self.assertEqual({row.outcome for row in rows.values()}, {"filled"})
        for name, reason in (("refused", "not today"), ("lost", "a trigger or a rule loses it"), ("ruled", "a trigger or a rule loses it")):
            self.assertIn("its triggers and rules were left out", rows[f"public.{name}"].reason)
            self.assertIn(reason, rows[f"public.{name}"].reason)
        self.assertEqual(rows["public.fine"].reason, "")

    def test_same_rows_each_time(self):
        schema = """CREATE TABLE a (id serial PRIMARY KEY, s text UNIQUE, n int, d date, j jsonb, u uuid, CHECK (n > 5 OR s IS NULL));
                    CREATE TABLE b (a_id int REFERENCES a, s varchar(9), r int4range, CHECK (length(s) > 3));"""

        def digest(*more):
            uri, _ = self.filled(schema, *more)
            return hashlib.sha256(repr(self.query(uri, "SELECT a::text FROM a ORDER BY id") + self.query(uri, "SELECT b::text FROM b")).encode()).hexdigest()

        self.assertEqual(digest(), digest())
        self.assertEqual(digest("--seed", 5), digest("--seed", 5))
        self.assertNotEqual(digest(), digest("--seed", 5))

    def test_only_empty(self):
        uri = self.database("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1); CREATE TABLE b (a_id int NOT NULL REFERENCES a);"
                            "CREATE TABLE c (id int); INSERT INTO c VALUES (1); DELETE FROM c;")
        self.assertEqual([(row.outcome, row.table, row.n) for row in self.rows(uri, "--only-empty")],
                         [("kept", "public.a", "0"), ("filled", "public.b", "20"), ("filled", "public.c", "20")])
        self.assertEqual(self.query(uri, "SELECT count(*) FROM a")[0][0], 1)

    def test_impossible(self):
        rows = {row.table.split(".")[1]: row for row in self.rows(self.database("""
            CREATE TABLE contrary (id int PRIMARY KEY, n int NOT NULL, CONSTRAINT n_contrary CHECK (n > 5 AND n < 3));
            CREATE TABLE never (id int PRIMARY KEY, CONSTRAINT never_true CHECK (false));
            CREATE TABLE child (id int PRIMARY KEY, up int NOT NULL CONSTRAINT child_up REFERENCES never);
            CREATE TABLE lonely (id int NOT NULL) PARTITION BY RANGE (id);
            CREATE TABLE secret (id int PRIMARY KEY, code text NOT NULL CONSTRAINT secret_code CHECK (md5(code) = 'd41d8cd98f00b204e9800998ecf8427f' AND code <> ''));
            CREATE TABLE good (id int PRIMARY KEY);"""))}
        self.assertEqual({name: (row.outcome, row.constraint) for name, row in rows.items() if name != "lonely"}, {
            "contrary": ("impossible", "n_contrary"), "never": ("impossible", "never_true"), "child": ("impossible", "child_up"),
            "secret": ("impossible", "secret_code"), "good": ("filled", "")})
        self.assertEqual(rows["lonely"].outcome, "impossible")
        self.assertIn("n_contrary", rows["contrary"].reason)
        self.assertIn("public.never has no row to refer to", rows["child"].reason)


class SeedsTest(ProbeTest):
    SCHEMA = """CREATE TABLE secret (id serial PRIMARY KEY, code text NOT NULL CONSTRAINT secret_code CHECK (md5(code) = '5ebe2294ecd0e0f08eab7690d2a6ee69'),
                    note text, n int NOT NULL); CREATE TABLE child (id int PRIMARY KEY, up int NOT NULL REFERENCES secret);"""

    def seeds(self, **files):
        return str(self.project({f"seeds/{name.replace('__', '.')}.csv": text for name, text in files.items()}, name="s") / "seeds")

    def test_seeds(self):
        uri = self.database(self.SCHEMA)
        folder = self.seeds(secret='code,note\r\nsecret,"a ""quoted"", and\ntwo lines"\r\nsecret,\n', other="x\n1\n")
        self.assertEqual([(row.outcome, row.table, row.n) for row in self.rows(uri, "--seeds", folder)],
                         [("seeded", "public.secret", "2"), ("filled", "public.child", "20")])
        self.assertEqual(self.query(uri, "SELECT note, n IS NOT NULL FROM secret ORDER BY id"), [('a "quoted", and\ntwo lines', True), (None, True)])

    def test_schema_in_the_name(self):
        uri = self.database("CREATE SCHEMA s; CREATE TABLE s.t (a int); CREATE TABLE t (a int);")
        self.rows(uri, "--seeds", self.seeds(s__t="a\n7\n", t="a\n8\n"))
        self.assertEqual(self.query(uri, "SELECT (SELECT a FROM s.t), (SELECT a FROM t)"), [(7, 8)])

    def test_probes_take_them(self):
        proofs = self.proofs(self.database(self.SCHEMA), "--seeds", self.seeds(secret="code\nsecret\n"))
        child = [p for p in proofs if "child_up_fkey" in p.subject]
        self.assertEqual(len(child), 3)
        self.assertTrue({p.result for p in child} <= {"passed", "not_probed"}, child)

    def test_broken(self):
        for text, place, message in (
                ("code,nope\nsecret,1\n", ":1:6", 'has no column "nope"'), ("code,note,code\n", ":1:11", "named twice"),
                ("code\nsecret,2\n", ":2:1", "2 fields, but the header names 1 column"), ('code\n"secret\n', ":2:1", "not closed"),
                ('code\n"secret"x\n', ":2:9", "a comma or the line's end"), ('code\nse"cret\n', ":2:3", "a quote may only stand"),
                ("", ":1:1", "the file is empty"), ("code\nwrong\n", ":2:1", 'violates check constraint "secret_code"'),
                ("code,n\nsecret,1\nsecret,many\n", ":3:1", "invalid input syntax for type integer"),
                ("code,id\nsecret,1\nsecret,1\n", ":3:1", "duplicate key"),
                ("a,b,c,d,e,f,g,h,i,j,k,l\n", ":1:1", "has no column")):
            with self.subTest(text):
                run = self.main("rows", self.database(self.SCHEMA), "--seeds", self.seeds(secret=text), status=2)
                self.assertIn(message, run.stderr)
                self.assertIn(f"secret.csv{place}", run.stderr)


class RandomTest(ProbeTest):
    """Random schemas: whatever is made of these parts, every table is filled and every probe passes."""

    TYPES = ("int", "bigint", "text", "varchar(30)", "numeric(8,2)", "date", "timestamptz", "boolean", "uuid", "jsonb", "int[]", "mood", "grade")
    CHECKS = {"int": ("{0} > 3", "{0} BETWEEN -5 AND 40", "{0} <> 7", "{0} IN (1, 2, 30)"), "text": ("length({0}) >= 3", "{0} <> ''", "{0} LIKE 'a%'"),
              "varchar(30)": ("{0} IN ('x', 'y', 'zed')", "{0} ~ '^[a-z]+'"), "numeric(8,2)": ("{0} >= 0", "{0} < 500.5"),
              "date": ("{0} > DATE '2019-01-01'", "{0} < DATE '2060-01-01'"), "bigint": ("{0} IS NULL OR {0} > 0",)}

    def schema(self, seed):
        rnd = random.Random(seed)
        parts = ["CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN grade AS int CHECK (VALUE BETWEEN 1 AND 6);"]
        for t in range(12):
            key = rnd.choice(("serial", "bigint GENERATED ALWAYS AS IDENTITY", "uuid DEFAULT gen_random_uuid()", "int", "text"))
            columns, checks, tail = [f"id {key} PRIMARY KEY"], [], []
            for c in range(rnd.randint(1, 7)):
                kind = rnd.choice(self.TYPES)
                columns.append(f"c{c} {kind}{rnd.choice(('', ' NOT NULL'))}")
                if kind in self.CHECKS and rnd.random() < 0.5:
                    checks.append(f"CHECK ({rnd.choice(self.CHECKS[kind]).format(f'c{c}')})")
                if kind not in ("boolean", "mood", "grade", "jsonb") and not checks and rnd.random() < 0.15:
                    checks.append(f"UNIQUE (c{c})")
            for f in range(rnd.randint(0, 3) if t else 0):
                up = rnd.randrange(t + 1)
                null = "" if up == t else rnd.choice(("", " NOT NULL"))
                action = rnd.choice(("CASCADE", "NO ACTION", "RESTRICT") + (() if null else ("SET NULL",)))
                columns.append(f"f{f} {{key{up}}}{null} REFERENCES t{up} ON DELETE {action} ON UPDATE {rnd.choice(('CASCADE', 'NO ACTION'))}")
            if rnd.random() < 0.3:
                columns.append("lo int NOT NULL, hi int NOT NULL")
                checks.append("CHECK (lo < hi)")
            plain = {"serial": "int", "bigint GENERATED ALWAYS AS IDENTITY": "bigint", "uuid DEFAULT gen_random_uuid()": "uuid"}.get(key, key)
            parts.append((t, plain, f"CREATE TABLE t{t} ({', '.join(columns + checks + tail)});"))
        keys = {f"key{part[0]}": part[1] for part in parts[1:]}
        return parts[0] + "\n".join(part[2].format(**keys) for part in parts[1:])

    def test_random_schemas(self):
        # The same ones every time; others with make torture's variable.
        first = int(time.time()) % 100000 * 10 if os.environ.get("PGBRAID_TORTURE") else 748090
        for seed in range(first, first + 10):
            with self.subTest(seed=seed):
                schema = self.schema(seed)
                uri = self.database(schema)
                rows = self.rows(uri, "--seed", seed)
                self.assertEqual([row for row in rows if row.outcome != "filled"], [], f"seed {seed}\n{schema}")
                self.assertEqual(len(rows), 12)
                proofs = self.proofs(uri, "--seed", seed)
                self.assertEqual([p for p in proofs if p.result == "failed"], [], f"seed {seed}\n{schema}")
                # Nothing but what another foreign key refuses first; of some 150 proofs a few, by the schema's chance.
                open_ = [p for p in proofs if p.result == "not_probed"]
                for p in open_:
                    self.assertIn("violates foreign key constraint", p.reason, f"seed {seed}\n{schema}")
                self.assertLess(len(open_) * 10, len(proofs), f"seed {seed}\n{self.show(proofs)}\n{schema}")


class SizeTest(ProbeTest):
    def chain(self, n):
        return "".join(f"CREATE TABLE t{i} (id serial PRIMARY KEY, name text NOT NULL, up int{f' NOT NULL REFERENCES t{i - 1}' if i else ''});" for i in range(n))

    def test_time_grows_with_the_tables(self):
        small, large = self.database(self.chain(100)), self.database(self.chain(800))
        figures = []
        for uri in (small, large):
            began = time.monotonic()
            rows = self.rows(uri)
            figures.append(time.monotonic() - began)
            self.assertEqual({row.n for row in rows}, {"20"})
        self.assertLess(figures[1], max(figures[0], 0.5) * 8 * 3, figures)


if __name__ == "__main__":
    harness.main()
