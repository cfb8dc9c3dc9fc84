#!/usr/bin/python3
"""`stamp --verified`: recorded only if what the revisions make is there as they would make it."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness
from harness import PgbraidTest

A = """-- accounts
-- pgbraid:revision a1
-- pgbraid:up
CREATE TABLE account (id bigint PRIMARY KEY, mail text NOT NULL);
CREATE INDEX account_mail ON account (mail);
-- pgbraid:down
DROP TABLE account;
"""
B = """-- orders
-- pgbraid:revision b2
-- pgbraid:parent a1
-- pgbraid:up
CREATE TABLE orders (
    id bigint PRIMARY KEY,
    account bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    total numeric(10, 2) CHECK (total >= 0)
);
CREATE INDEX orders_account ON orders (account);
ALTER TABLE account ADD COLUMN since date;
DROP INDEX account_mail;
-- pgbraid:down
CREATE INDEX account_mail ON account (mail);
ALTER TABLE account DROP COLUMN since;
DROP TABLE orders;
"""
BY_HAND = B.split("-- pgbraid:up\n")[1].split("-- pgbraid:down")[0]


class VerifiedTest(PgbraidTest):
    def setUp(self):
        super().setUp()
        self.db = self.new_database()
        self.root = self.project({"migrations/a1_accounts.sql": A, "migrations/b2_orders.sql": B})

    def run_it(self, status, *arguments):
        return self.expect(status, *arguments, cwd=self.root, db=self.db)

    def applied(self):
        return [row[0] for row in self.query(self.db, "SELECT id FROM pgbraid.revision ORDER BY id")]

    def by_hand(self, *more):
        self.run_it(0, "upgrade", "a1")
        for sql in (BY_HAND, *more):
            self.query(self.db, sql)

    def refused(self, *expected):
        said = self.run_it(3, "stamp", "--verified", "b2").stderr
        for text in expected:
            self.assertIn(text, said)
        self.assertIn("nothing was stamped", said)
        self.assertEqual(self.applied(), ["a1"])
        return said

    def test_what_is_there_is_recorded(self):
        self.by_hand()
        failed = self.run_it(1, "upgrade")
        self.assertIn("42P07", failed.stderr)
        self.assertIn("pgbraid stamp --verified b2", failed.stderr)
        self.assertEqual(self.applied(), ["a1"])
        said = self.run_it(0, "stamp", "--verified", "b2").stderr
        self.assertRegex(said, r"verified: \d+ objects are as the revisions make them")
        self.assertEqual(self.applied(), ["a1", "b2"])
        self.run_it(0, "upgrade")
        self.run_it(0, "downgrade", "base", "--yes")
        self.assertEqual(self.query(self.db, "SELECT to_regclass('orders')::text, to_regclass('account')::text"),
                         [(None, None)])

    def test_from_nothing(self):
        for text in (A, B):
            self.query(self.db, text.split("-- pgbraid:up\n")[1].split("-- pgbraid:down")[0])
        shown = self.run_it(0, "stamp", "--verified", "--dry-run", "heads")
        self.assertIn("verified:", shown.stderr)
        self.assertIn("stamp b2", shown.stdout)
        self.assertEqual(self.query(self.db, "SELECT to_regnamespace('pgbraid')::text"), [(None,)])
        self.run_it(0, "stamp", "--verified", "heads")
        self.assertEqual(self.applied(), ["a1", "b2"])
        self.run_it(0, "stamp", "--verified", "--purge", "heads")
        self.assertEqual(self.applied(), ["a1", "b2"])

    def test_what_others_have_there_is_theirs(self):
        self.by_hand("CREATE TABLE elsewhere (x int)", "ALTER TABLE account ADD COLUMN nick text",
                     "CREATE INDEX account_nick ON account (nick)")
        self.run_it(0, "stamp", "--verified", "b2")

    def test_a_missing_table(self):
        self.run_it(0, "upgrade", "a1")
        self.refused("missing table public.orders", "missing column public.account.since",
                     "extra index public.account_mail")

    def test_a_column_of_another_type(self):
        self.by_hand("ALTER TABLE orders ALTER total TYPE numeric(12, 2)")
        self.refused("changed column public.orders.total, type: expected numeric(10,2), actual numeric(12,2)")

    def test_a_column_that_may_be_null(self):
        self.by_hand("ALTER TABLE orders ALTER account DROP NOT NULL")
        self.refused("column public.orders.account")

    def test_a_missing_column_on_an_old_table(self):
        self.by_hand("ALTER TABLE account DROP since")
        said = self.refused("missing column public.account.since")
        self.assertNotIn("orders", said)

    def test_a_column_too_many(self):
        self.by_hand("ALTER TABLE orders ADD note text")
        self.refused("extra column public.orders.note")

    def test_a_missing_index(self):
        self.by_hand("DROP INDEX orders_account")
        self.refused("missing index public.orders_account")

    def test_an_index_that_should_be_gone(self):
        self.by_hand("CREATE INDEX account_mail ON account (mail)")
        self.refused("extra index public.account_mail")

    def test_another_foreign_key(self):
        self.by_hand("ALTER TABLE orders DROP CONSTRAINT orders_account_fkey, ADD CONSTRAINT orders_account_fkey"
                     " FOREIGN KEY (account) REFERENCES account")
        self.refused("constraint", "orders_account_fkey", "ON DELETE CASCADE")

    def test_a_missing_check(self):
        self.by_hand("ALTER TABLE orders DROP CONSTRAINT orders_total_check")
        self.refused("missing constraint", "orders_total_check")

    def test_the_table_below_is_gone(self):
        self.by_hand("DROP TABLE account CASCADE")
        self.refused("missing table public.account")

    def test_what_cannot_be_run_is_not_taken_for_equal(self):
        (self.root / "migrations" / "b2_orders.sql").write_text(B.replace("numeric(10, 2)", "no_such_type"))
        self.by_hand()
        self.refused("could not be found out", "b2_orders.sql:8", "no_such_type")

    def test_as_json(self):
        self.by_hand("DROP INDEX orders_account")
        error = self.run_it(3, "stamp", "--verified", "b2", "--format", "json").json()["error"]
        self.assertEqual(error["code"], "findings")
        self.assertIn("missing index public.orders_account", error["detail"])

    def test_nothing_to_record(self):
        self.run_it(0, "upgrade")
        self.run_it(2, "stamp", "--verified", "base")
        self.assertEqual(self.applied(), ["a1", "b2"])


if __name__ == "__main__":
    harness.main()
