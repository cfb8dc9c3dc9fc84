#!/usr/bin/python3
"""Probes: that they see when a schema does not do what it declares, and pass where it does."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness
from probing import ProbeTest

HERE = pathlib.Path(__file__).resolve().parent

FAMILY = """
CREATE TABLE parent (id int PRIMARY KEY, name text);
CREATE TABLE child (id int PRIMARY KEY, parent_id int {null} CONSTRAINT child_parent REFERENCES parent {action}, note text);
"""


def family(action="ON DELETE CASCADE", null=""):
    return FAMILY.format(action=action, null=null)


def function(name, body):
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$;\n"


# name: (schema, statements that may fail, part of the subject, part of the proof, part of the reason)
FLAWED = {
    "a trigger puts the cascaded row back": (
        family() + function("back", "INSERT INTO child VALUES (OLD.id + 100000, NULL, OLD.note); RETURN OLD;")
        + "CREATE TRIGGER back AFTER DELETE ON child FOR EACH ROW EXECUTE FUNCTION back();", (),
        "child_parent", "deletes from public.child", "the child's reference is null"),
    "a rule swallows the delete": (
        family() + "CREATE RULE keep AS ON DELETE TO parent DO INSTEAD NOTHING;", (),
        "child_parent", "deletes from public.child", "does nothing"),
    "a rule makes a soft delete of it": (
        family() + "ALTER TABLE parent ADD gone boolean NOT NULL DEFAULT false;"
        "CREATE RULE soft AS ON DELETE TO parent DO INSTEAD UPDATE parent SET gone = true WHERE id = OLD.id;", (),
        "child_parent", "deletes from public.child", "does nothing"),
    "NOT VALID check with bad rows": (
        "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, -5), (2, -6), (3, 7);"
        "ALTER TABLE t ADD CONSTRAINT n_positive CHECK (n > 0) NOT VALID;", (),
        "n_positive", "rows that were there", "2 rows break it"),
    "NOT VALID foreign key with orphans": (
        "CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child (id int PRIMARY KEY, parent_id int);"
        "INSERT INTO child VALUES (1, 99);"
        "ALTER TABLE child ADD CONSTRAINT child_parent FOREIGN KEY (parent_id) REFERENCES parent NOT VALID;", (),
        "child_parent", "rows that were there", "1 row breaks it"),
    "triggers of the child disabled": (
        family() + "ALTER TABLE child DISABLE TRIGGER ALL;", (),
        "child_parent", "without a parent", "the row was taken"),
    "triggers of the parent disabled": (
        family() + "ALTER TABLE parent DISABLE TRIGGER ALL;", (),
        "child_parent", "deletes from public.child", "still refers to the parent that is gone"),
    "the foreign key's triggers fire on replicas only": (
        family() + """DO $$ DECLARE t name; BEGIN
            FOR t IN SELECT tgname FROM pg_trigger WHERE tgrelid = 'child'::regclass LOOP
                EXECUTE format('ALTER TABLE child ENABLE REPLICA TRIGGER %I', t);
            END LOOP; END $$;""", (),
        "child_parent", "without a parent", "the row was taken"),
    "a trigger keeps the cascade from the child": (
        family() + function("stay", "RETURN NULL;")
        + "CREATE TRIGGER stay BEFORE DELETE ON child FOR EACH ROW EXECUTE FUNCTION stay();", (),
        "child_parent", "deletes from public.child", "still refers to the parent that is gone"),
    "a trigger keeps the delete from the parent": (
        family() + function("stay", "RETURN NULL;")
        + "CREATE TRIGGER stay BEFORE DELETE ON parent FOR EACH ROW EXECUTE FUNCTION stay();", (),
        "child_parent", "deletes from public.child", "does nothing"),
    "a trigger refuses the delete that should cascade": (
        family() + function("never", "RAISE EXCEPTION 'parents stay';")
        + "CREATE TRIGGER never BEFORE DELETE ON parent FOR EACH ROW EXECUTE FUNCTION never();", (),
        "child_parent", "deletes from public.child", "parents stay"),
    "a trigger takes the children away before RESTRICT sees them": (
        family("ON DELETE RESTRICT") + function("first", "DELETE FROM child WHERE parent_id = OLD.id; RETURN OLD;")
        + "CREATE TRIGGER first BEFORE DELETE ON parent FOR EACH ROW EXECUTE FUNCTION first();", (),
        "child_parent", "is refused while", "the child is gone"),
    "a trigger keeps SET NULL from the child": (
        family("ON DELETE SET NULL") + function("stay", "RETURN NULL;")
        + "CREATE TRIGGER stay BEFORE UPDATE ON child FOR EACH ROW EXECUTE FUNCTION stay();", (),
        "child_parent", "to null", "still refers to the parent that is gone"),
    "SET NULL on a column that is NOT NULL": (
        family("ON DELETE SET NULL", "NOT NULL"), (),
        "child_parent", "to null", "violates not-null constraint"),
    "SET NULL against a check": (
        family("ON DELETE SET NULL") + "ALTER TABLE child ADD CONSTRAINT somewhere CHECK (parent_id IS NOT NULL);", (),
        "child_parent", "to null", "somewhere"),
    "a trigger makes null of the default": (
        family("ON DELETE SET DEFAULT") + "ALTER TABLE child ALTER parent_id SET DEFAULT 7;"
        + function("other", "IF NEW.parent_id = 7 THEN NEW.parent_id := NULL; END IF; RETURN NEW;")
        + "CREATE TRIGGER other BEFORE UPDATE ON child FOR EACH ROW EXECUTE FUNCTION other();", (),
        "child_parent", "to its default", "reference is null"),
    "a trigger undoes ON UPDATE CASCADE": (
        family("ON UPDATE CASCADE") + function("old", "NEW.parent_id := OLD.parent_id; RETURN NEW;")
        + "CREATE TRIGGER old BEFORE UPDATE ON child FOR EACH ROW EXECUTE FUNCTION old();", (),
        "child_parent", "changing the key", "refused by the foreign key itself"),
    "a trigger gives the child another parent": (
        family() + function("adopt", "NEW.parent_id := (SELECT min(id) FROM parent); RETURN NEW;")
        + "INSERT INTO parent VALUES (-1, 'first');"
          "CREATE TRIGGER adopt BEFORE INSERT ON child FOR EACH ROW EXECUTE FUNCTION adopt();", (),
        "child_parent", "deletes from public.child", "a trigger changes parent_id"),
    "a check that asks another table, which changed": (
        "CREATE TABLE limits (most int); INSERT INTO limits VALUES (100);"
        "CREATE FUNCTION most() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT most FROM limits';"
        "CREATE TABLE t (id int PRIMARY KEY, n int CONSTRAINT n_most CHECK (n <= most()));"
        "INSERT INTO t VALUES (1, 90); UPDATE limits SET most = 10;", (),
        "n_most", "rows that were there", "1 row breaks it, though it is declared valid"),
    "a unique index whose build failed": (
        "CREATE TABLE t (id int PRIMARY KEY, code text); INSERT INTO t VALUES (1, 'a'), (2, 'a');",
        ("CREATE UNIQUE INDEX CONCURRENTLY t_code ON t (code)",),
        "t_code", "whole", "it is invalid"),
    "a trigger rewrites what the check should refuse": (
        "CREATE TABLE t (id int PRIMARY KEY, state text NOT NULL CONSTRAINT t_state CHECK (state IN ('new', 'done')));"
        + function("mend", "IF NEW.state NOT IN ('new', 'done') THEN NEW.state := 'new'; END IF; RETURN NEW;")
        + "CREATE TRIGGER mend BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION mend();", (),
        "t_state", "a row outside is refused", "a trigger rewrites it"),
    "a trigger loses what the check should refuse": (
        "CREATE TABLE t (id int PRIMARY KEY, n int CONSTRAINT t_n CHECK (n > 0));"
        + function("lose", "IF NEW.n <= 0 THEN RETURN NULL; END IF; RETURN NEW;")
        + "CREATE TRIGGER lose BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION lose();", (),
        "t_n", "a row outside is refused", "neither refused nor there"),
    "a trigger makes the key unique": (
        "CREATE TABLE t (id int PRIMARY KEY, slug text NOT NULL CONSTRAINT t_slug UNIQUE);"
        + function("suffix", "IF EXISTS (SELECT FROM t WHERE slug = NEW.slug) THEN NEW.slug := NEW.slug || '-' || NEW.id; "
                             "END IF; RETURN NEW;")
        + "CREATE TRIGGER suffix BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION suffix();", (),
        "t_slug", "a second row", "a trigger changes slug"),
    "a trigger loses what the exclusion should refuse": (
        "CREATE TABLE t (id int PRIMARY KEY, during int4range NOT NULL, CONSTRAINT t_during EXCLUDE USING gist (during WITH &&));"
        + function("lose", "IF EXISTS (SELECT FROM t WHERE during && NEW.during) THEN RETURN NULL; END IF; RETURN NEW;")
        + "CREATE TRIGGER lose BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION lose();", (),
        "t_during", "conflicts is refused", "neither refused nor there"),
    "a trigger loses rows with null": (
        "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL);"
        + function("lose", "IF NEW.n IS NULL THEN RETURN NULL; END IF; RETURN NEW;")
        + "CREATE TRIGGER lose BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION lose();", (),
        "column public.t.n", "null is refused", "neither refused nor there"),
    "a rule loses what is put in": (
        family() + "CREATE RULE lose AS ON INSERT TO child DO INSTEAD NOTHING;", (),
        "child_parent", "deletes from public.child", "a trigger or a rule loses"),
}


class FlawedTest(ProbeTest):
    """Schemas whose declared and actual behaviour differ. Each names the flaw where it is."""


def flawed_test(name):
    schema, may_fail, subject, proof, reason = FLAWED[name]

    def test(self):
        proofs = self.proofs(self.database(schema, may_fail=may_fail))
        found = [p for p in proofs if subject in p.subject and proof in p.proof and reason in p.reason]
        self.assertEqual([p.result for p in found][:1], ["failed"], self.show(proofs))
        self.assertIn(";", found[0].reproduce, "no statements that reproduce it")

    test.__doc__ = name
    return test


for number, flaw in enumerate(FLAWED):
    setattr(FlawedTest, f"test_{number:02}_{'_'.join(flaw.split())}", flawed_test(flaw))

EVENTS = """
CREATE TABLE account (id int PRIMARY KEY);
CREATE TABLE event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id int NOT NULL REFERENCES account,
    email text NOT NULL,
    body text,
    state text NOT NULL CHECK (state IN ('new', 'done')),
    created_at timestamptz NOT NULL DEFAULT now(),
    gone_at timestamptz,
    data jsonb,
    during tstzrange NOT NULL
);
"""

# name: (index, query)
UNSERVED = {
    "a cast on the column": ("CREATE INDEX i ON event (account_id)", "account_id::text = '17'"),
    "a function on the column": ("CREATE INDEX i ON event (email)", "lower(email) = 'ada@example.org'"),
    "another function than the index has": ("CREATE INDEX i ON event (upper(email))", "lower(email) = 'ada@example.org'"),
    "an operator class for patterns": ("CREATE INDEX i ON event (email text_pattern_ops)", "email > 'x' ORDER BY email LIMIT 10"),
    "the columns in another order": ("CREATE INDEX i ON event (created_at, account_id)", "account_id = 17"),
    "a predicate that does not follow": ("CREATE INDEX i ON event (account_id) WHERE gone_at IS NULL", "account_id = 17"),
    "OR with another column": ("CREATE INDEX i ON event (email)", "email = 'ada' OR body = 'ada'"),
    "a wildcard in front": ("CREATE INDEX i ON event (email)", "email LIKE '%@example.org'"),
    "another collation": ('CREATE INDEX i ON event (email COLLATE "und-x-icu")', "email = 'ada'"),
    "another type": ("CREATE INDEX i ON event (account_id)", "account_id = 17::numeric"),
    "an invalid index": ("CREATE INDEX i ON event (account_id); "
                         "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass", "account_id = 17"),
    "too many rows": ("CREATE INDEX i ON event (state)", "state = 'new'"),
    "another operator": ("CREATE INDEX i ON event (email)", "email <> 'ada'"),
}

SERVED = {
    "equality": ("CREATE INDEX i ON event (account_id)", "account_id = 17"),
    "a parameter": ("CREATE INDEX i ON event (account_id)", "account_id = $1"),
    "newest first": ("CREATE INDEX i ON event (account_id, created_at DESC)", "account_id = $1 ORDER BY created_at DESC LIMIT 20"),
    "an expression": ("CREATE INDEX i ON event (lower(email))", "lower(email) = lower($1)"),
    "a predicate that follows": ("CREATE INDEX i ON event (account_id) WHERE gone_at IS NULL", "account_id = 17 AND gone_at IS NULL"),
    "a pattern": ("CREATE INDEX i ON event (email text_pattern_ops)", "email LIKE 'ada%'"),
    "a document": ("CREATE INDEX i ON event USING gin (data)", """data @> '{"no": "such"}'"""),
    "a range": ("CREATE INDEX i ON event USING gist (during)", "during @> timestamptz '1990-01-01'"),
}


class QueryTest(ProbeTest):
    def ask(self, index, condition, directive="-- pgbraid:uses i"):
        uri = self.database(EVENTS + index)
        folder = self.queries(named=f"-- What is asked\n{directive}\nSELECT id FROM event WHERE {condition};\n")
        proofs = [p for p in self.proofs(uri, "--queries", folder) if p.subject.startswith("query ")]
        self.assertEqual(len(proofs), 1)
        return proofs[0]

    def test_queries_that_do_not_use_their_index(self):
        self.assertGreaterEqual(len(UNSERVED), 10)
        for name, (index, condition) in UNSERVED.items():
            with self.subTest(name):
                proof = self.ask(index, condition)
                self.assertEqual(proof.result, "failed", proof)
                self.assertIn("named.sql:3:1: the plan is ", proof.reason)
                self.assertIn("EXPLAIN SELECT", proof.reproduce)

    def test_queries_that_do(self):
        for name, (index, condition) in SERVED.items():
            with self.subTest(name):
                proof = self.ask(index, condition)
                self.assertEqual(proof.result, "passed", proof)
                self.assertEqual(proof.proof, "What is asked: uses i")

    def test_a_reason_says_why(self):
        self.assertIn("costs more", self.ask(*UNSERVED["too many rows"]).reason)
        self.assertIn("does not fit", self.ask(*UNSERVED["a cast on the column"]).reason)
        self.assertIn("is invalid", self.ask(*UNSERVED["an invalid index"]).reason)

    def test_partitions(self):
        uri = self.database("""
            CREATE TABLE reading (day date NOT NULL, sensor int NOT NULL, value float8) PARTITION BY RANGE (day);
            CREATE TABLE reading_24 PARTITION OF reading FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
            CREATE TABLE reading_25 PARTITION OF reading FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
            CREATE INDEX reading_sensor ON reading (sensor);""")
        folder = self.queries(q="-- pgbraid:uses reading_sensor\nSELECT value FROM reading WHERE sensor = 5;\n")
        proofs = self.proofs(uri, "--queries", folder)
        self.assertEqual([p.result for p in proofs if p.subject.startswith("query")], ["passed"], self.show(proofs))

    def test_several_queries_and_indexes(self):
        uri = self.database(EVENTS + 'CREATE INDEX "The Index" ON event (email); CREATE INDEX b ON event (account_id);')
        folder = self.queries(q='-- pgbraid:uses "The Index"\nSELECT 1 FROM event WHERE email = $1;\n'
                                '-- pgbraid:uses public.b, account_pkey\n'
                                'SELECT 1 FROM event e JOIN account a ON a.id = e.account_id WHERE a.id = $1;\n')
        proofs = [p for p in self.proofs(uri, "--queries", folder) if p.subject.startswith("query")]
        self.assertEqual([(p.proof, p.result) for p in proofs],
                         [('uses "The Index"', "passed"), ("uses public.b", "passed"), ("uses account_pkey", "passed")])

    def test_an_index_that_is_not_there(self):
        proof = self.ask("CREATE INDEX event_email ON event (email)", "email = 'x'", "-- pgbraid:uses event_emial")
        self.assertEqual(proof.result, "failed")
        self.assertIn("named.sql:2:17: no index has the name event_emial; did you mean event_email?", proof.reason)

    def test_a_column_that_is_not_there(self):
        proof = self.ask("CREATE INDEX i ON event (email)", "mail = 'x'")
        self.assertEqual(proof.result, "failed")
        self.assertIn('named.sql:3:28: the server refuses it: column "mail" does not exist', proof.reason)

    def test_broken_files(self):
        uri = self.database(EVENTS + "CREATE INDEX i ON event (email)")
        for text, place, message in (
                ("SELECT 1;\n", "1:1", "nothing says which index this query uses"),
                ("-- pgbraid:uses i\n", "1:1", "no query follows this"),
                ("-- pgbraid:uses\nSELECT 1;\n", "1:1", "no index is named here"),
                ("-- pgbraid:use i\nSELECT 1;\n", "1:12", "this directive has no meaning"),
                ("-- pgbraid:uses i\nSELECT 'x;\n", "2:8", "not closed"),
                ("-- pgbraid:uses i\nSELEC 1;\n", "2:1", "syntax error"),
                ("-- pgbraid:uses i\nSELECT id\nFROM event WHERE WHERE;\n", "3:18", "syntax error"),
                ("\\d event\n", "1:1", "psql command"),
                ("-- pgbraid:uses i\nCOPY event FROM stdin;\n\\.\n", "2:1", "COPY is no query")):
            with self.subTest(text):
                run = self.main("probe", uri, "--queries", self.queries(broken=text), status=2)
                self.assertIn(message, run.stderr)
                self.assertIn(f"broken.sql:{place}", run.stderr)


class HealthyTest(ProbeTest):
    def example(self, name):
        project, uri = self.copy_example(name), self.new_database()
        self.pgbraid("upgrade", cwd=project, db=uri, check=True)
        return uri, self.proofs(uri, "--queries", str(project / "queries"))

    def test_chat(self):
        _, proofs = self.example("chat")
        self.assertEqual({p.result for p in proofs}, {"passed"}, self.show(proofs))
        self.assertEqual(sorted(p.proof for p in proofs if p.subject.startswith("query")), [
            "A conversation's messages in order: uses idx_messages_conversation_id_created_at",
            "A user's conversations by recency: uses idx_conversations_user_id_updated_at",
            "A user's messages, for an audit: uses idx_messages_user_id",
            "Login by email: uses idx_users_email",
            "The dashboard: a user's tasks, newest first: uses idx_tasks_user_id_created_at"])

    def test_therapy(self):
        """Everything passes, and what the practice's people asked is there line by line."""
        uri, proofs = self.example("therapy")
        self.assertEqual({p.result for p in proofs}, {"passed"}, self.show(proofs))
        passed = {(p.subject, p.proof) for p in proofs}
        for table, key in (("treatment_goals", "patient_id"), ("assessment_scores", "patient_id"),
                           ("goal_reminders", "patient_id"), ("timeline_events", "patient_id")):
            self.assertIn((f"foreign key public.{table}.fk_{table}_{key}",
                           f"deleting from public.users deletes from public.{table}"), passed)
        for table, key, parent in (("timeline_events", "therapist_id", "users"),
                                   ("treatment_goals", "session_id", "therapy_sessions"),
                                   ("progress_entries", "session_id", "therapy_sessions")):
            self.assertIn((f"foreign key public.{table}.fk_{table}_{key}",
                           f"deleting from public.{parent} keeps the row of public.{table} and sets {key} to null"), passed)
        outside = [p.subject for p in proofs if p.proof.startswith("a row outside is refused")]
        for check in ("timeline_events.ck_timeline_events_type", "timeline_events.ck_timeline_events_importance",
                      "goal_tracking_config.ck_goal_tracking_config_scale_order",
                      "assessment_scores.ck_assessment_scores_score"):
            self.assertIn(f"check public.{check}", outside)
        self.assertEqual(len([p for p in proofs if p.subject.startswith("query")]), 5)
        # each foreign key three times, each check inside and outside, in figures of the catalog
        keys, checks = self.query(uri, "SELECT count(*) FILTER (WHERE contype = 'f'), count(*) FILTER (WHERE contype = 'c') "
                                       "FROM pg_constraint WHERE connamespace = 'public'::regnamespace")[0]
        self.assertEqual(len([p for p in proofs if p.subject.startswith("foreign key")]), 3 * keys)
        self.assertEqual(len({p.subject for p in proofs if p.subject.startswith("check")}), checks)

    def test_wide(self):
        for role in ("wide_owner", "wide_reader", '"Wide Writer"'):
            self.query(self.server.uri(), f"DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object THEN NULL; END $$; SELECT 1")
        proofs = self.proofs(self.database((HERE / "wide_schema.sql").read_text()))
        self.assertEqual([p for p in proofs if p.result == "failed"], [])
        self.assertEqual([(p.subject, p.proof) for p in proofs if p.result == "not_probed"],
                         [("check shop.booking.booking_recent", "the rows that were there satisfy it")], self.show(proofs))
        self.assertGreater(len(proofs), 60)

    def test_a_new_key_that_another_row_has(self):
        """Half of the keys that a parent could change to are taken: that is no refusal of what is probed."""
        children = "".join(f"CREATE TABLE c{n} (id serial PRIMARY KEY, day int NOT NULL, FOREIGN KEY (day) REFERENCES up ON UPDATE CASCADE);"
                           for n in range(6))
        proofs = self.proofs(self.database(
            "CREATE TABLE up (day int PRIMARY KEY CHECK (day BETWEEN 1 AND 40)) PARTITION BY RANGE (day);"
            "CREATE TABLE low PARTITION OF up FOR VALUES FROM (MINVALUE) TO (MAXVALUE);"
            "INSERT INTO up SELECT generate_series(2, 40, 2);" + children))
        self.assertEqual({p.result for p in proofs}, {"passed"}, self.show(proofs))

    def test_checks_that_candidates_make_fail(self):
        """A cast in a check fails for most values: those are judged one by one, in every probe anew."""
        proofs = self.proofs(self.database(
            "CREATE TABLE t (id int PRIMARY KEY, code text NOT NULL, low numeric(3,2) NOT NULL, high numeric(3,2) NOT NULL,"
            "CONSTRAINT code_number CHECK (code::int > 500), CONSTRAINT in_order CHECK (low < high AND high - low < 3));"))
        self.assertEqual({p.result for p in proofs}, {"passed"}, self.show(proofs))
        self.assertEqual(len([p for p in proofs if p.subject.startswith("check")]), 5)

    def test_actions(self):
        """Every action, on delete and on update, of single, composite and self-referring keys."""
        schema = "CREATE TABLE up (a int, b text, PRIMARY KEY (a, b)); INSERT INTO up VALUES (1, 'one');"
        for number, action in enumerate(("NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT")):
            schema += f"""
                CREATE TABLE c{number} (id serial PRIMARY KEY, a int DEFAULT 1, b text DEFAULT 'one',
                    FOREIGN KEY (a, b) REFERENCES up ON DELETE {action} ON UPDATE {action});
                CREATE TABLE s{number} (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, up_id int DEFAULT NULL
                    REFERENCES s{number} ON DELETE {action} ON UPDATE {action} DEFERRABLE INITIALLY DEFERRED);"""
        schema += """CREATE TABLE part (id int PRIMARY KEY, a int, b text DEFAULT 'one',
                         FOREIGN KEY (a, b) REFERENCES up ON DELETE SET NULL (a));"""
        proofs = self.proofs(self.database(schema))
        self.assertEqual({p.result for p in proofs}, {"passed"}, self.show(proofs))
        self.assertEqual(len([p for p in proofs if p.subject.startswith("foreign key")]), 33)

    def test_nothing_is_left_behind(self):
        uri = self.database(EVENTS)
        self.proofs(uri)
        before = self.query(uri, "SELECT (SELECT count(*) FROM account), (SELECT count(*) FROM event), "
                                 "(SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace)")
        self.proofs(uri)
        after = self.query(uri, "SELECT (SELECT count(*) FROM account), (SELECT count(*) FROM event), "
                                "(SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace)")
        self.assertEqual(before, after)
        self.assertEqual(before[0][:2], (12, 12))

    def test_a_failure_can_be_reproduced(self):
        """Its statements run on an empty database of the same schema, and show it."""
        schema = family("ON DELETE CASCADE") + function("stay", "RETURN NULL;") \
            + "CREATE TABLE top (id int PRIMARY KEY); ALTER TABLE parent ADD top_id int NOT NULL REFERENCES top;" \
            + "CREATE TRIGGER stay BEFORE DELETE ON child FOR EACH ROW EXECUTE FUNCTION stay();"
        failed = [p for p in self.proofs(self.database(schema)) if p.result == "failed"]
        self.assertEqual(len(failed), 1)
        script = failed[0].reproduce
        self.assertEqual(script.count("INSERT INTO public.top"), 1)
        cut = script.replace("ROLLBACK;", "COMMIT;")
        uri = self.database(schema, cut)
        self.assertEqual(self.query(uri, "SELECT count(*) FROM child c WHERE NOT EXISTS (SELECT FROM parent p WHERE p.id = c.parent_id)")[0][0], 1)

    def test_a_trigger_that_fills_in_is_said(self):
        proofs = self.proofs(self.database(
            "CREATE TABLE t (id int PRIMARY KEY, at timestamptz NOT NULL);" + function("now_", "NEW.at := coalesce(NEW.at, now()); RETURN NEW;")
            + "CREATE TRIGGER now_ BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION now_();"))
        found = [p for p in proofs if p.subject == "column public.t.at"]
        self.assertEqual([p.result for p in found], ["passed"])
        self.assertIn("a trigger fills the column in", found[0].reason)

    def test_what_can_not_be_filled_is_not_passed(self):
        proofs = self.proofs(self.database(
            "CREATE TABLE never (id int PRIMARY KEY, n int NOT NULL, CONSTRAINT contrary CHECK (n > 5 AND n < 3));"
            "CREATE TABLE child (id int PRIMARY KEY, never_id int NOT NULL REFERENCES never);"))
        self.assertNotIn("failed", {p.result for p in proofs}, self.show(proofs))
        contrary = [p for p in proofs if "contrary" in p.subject]
        self.assertEqual({p.result for p in contrary}, {"not_probed"})
        self.assertIn("contrary", contrary[0].reason)
        self.assertEqual({p.result for p in proofs if "child_never" in p.subject}, {"not_probed"})


if __name__ == "__main__":
    harness.main()
