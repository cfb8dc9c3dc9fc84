#!/usr/bin/python3
"""What `report` tells of backfills, in each of its forms."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import harness  # noqa: E402
from harness import PgbraidTest  # noqa: E402

REVISION = """-- items
-- pgbraid:revision a1
-- pgbraid:up
CREATE TABLE item (id int PRIMARY KEY, size int);
CREATE TABLE small (id int PRIMARY KEY, size int CHECK (size >= 0));
INSERT INTO item SELECT n, n - 3 FROM generate_series(1, 10) AS n;
-- pgbraid:down
DROP TABLE small, item;
"""
LATER = """-- notes
-- pgbraid:revision b2
-- pgbraid:parent a1
-- pgbraid:up
CREATE TABLE note (id int);
-- pgbraid:down
DROP TABLE note;
"""
BACKFILL = """-- small items
-- pgbraid:requires a1
-- pgbraid:source item
-- pgbraid:key id

-- pgbraid:run
WITH kept AS (INSERT INTO small SELECT id, size FROM batch WHERE size < 5 RETURNING id)
SELECT 'kept <b>small</b> *items*' AS outcome, (SELECT count(*) FROM kept) AS count, NULL::text AS detail
UNION ALL SELECT 'too large', count(*), NULL FROM batch WHERE size >= 5
"""


class ReportBackfillsTest(PgbraidTest):
    def setUp(self):
        super().setUp()
        self.db = self.new_database()
        self.root = self.project({"migrations/a1_items.sql": REVISION, "backfills/sizes.sql": BACKFILL})
        self.run_it(0, "upgrade", "-q")

    def run_it(self, status, *arguments):
        return self.expect(status, *arguments, cwd=self.root, db=self.db)

    def report(self, form, *arguments):
        return self.run_it(0, "report", "--no-verify", "--format", form, *arguments)

    def test_lines_of_the_summary(self):
        """Each is one line: where it was names the database once, and what has no way back stands side by side."""
        for rid, parent in (("c3", "a1"), ("d4", "c3")):
            (self.root / f"migrations/{rid}_x.sql").write_text(
                f"-- {rid}\n-- pgbraid:revision {rid}\n-- pgbraid:parent {parent}\n-- pgbraid:down irreversible lost\n-- pgbraid:up\nSELECT 1;\n",
                encoding="utf-8")
        self.run_it(0, "upgrade", "-q")
        text = self.report("text").stdout
        self.assertRegex(text, r"\nWhere: +database \S+, PostgreSQL \d+\.\d+, (socket|host) \S+, port \d+, as \S+\n")
        self.assertRegex(text, r"\nWay back: .*d4: irreversible: lost; c3: irreversible: lost\n")

    def test_none_that_ran_is_none_told_of(self):
        self.assertEqual(self.report("json").json()["backfills"], [])
        for form in ("text", "markdown", "html"):
            self.assertNotIn("Backfills", self.report(form).stdout)

    def test_with_its_counts_and_errors(self):
        self.run_it(1, "backfill", "run", "sizes")
        for arguments in ((), ("--all",)):
            told = self.report("json", *arguments).json()["backfills"]
            self.assertEqual([(b["name"], b["state"], b["rows"], b["errors"], b["outcomes"]) for b in told],
                             [("sizes", "errors", 10, 2, {"kept <b>small</b> *items*": 5, "too large": 3})])
            self.assertLessEqual(told[0]["started"], told[0]["ended"])
            self.assertGreater(told[0]["duration_us"], 0)
        for form, name in (("text", "kept <b>small</b> *items*"), ("markdown", "kept \\<b\\>small\\</b\\> \\*items\\*"),
                           ("html", "kept &lt;b&gt;small&lt;/b&gt; *items*")):
            said = self.report(form).stdout
            for text in ("Backfills", "sizes", "10 rows", name, "3 too large", "2 rows at fault"):
                self.assertIn(text, said, form)

    def test_complete_once_its_errors_are_mended(self):
        self.run_it(1, "backfill", "run", "sizes")
        self.query(self.db, "UPDATE item SET size = 0 WHERE size < 0")
        self.run_it(0, "backfill", "run", "sizes", "--only-errors")
        told = self.report("json").json()["backfills"][0]
        self.assertEqual((told["state"], told["errors"], told["outcomes"]),
                         ("complete", 0, {"kept <b>small</b> *items*": 7, "too large": 3}))

    def test_what_ran_before_the_upgrade_is_not_of_it(self):
        self.run_it(1, "backfill", "run", "sizes")
        self.write(self.root, {"migrations/b2_notes.sql": LATER})
        self.run_it(0, "upgrade", "-q")
        self.assertEqual(self.report("json").json()["backfills"], [])
        self.assertEqual(len(self.report("json", "--all").json()["backfills"]), 1)
        # Its file is not needed to tell of it.
        (self.root / "backfills" / "sizes.sql").unlink()
        self.assertEqual(len(self.report("json", "--all").json()["backfills"]), 1)


if __name__ == "__main__":
    harness.main()
