#!/usr/bin/python3
"""The runner of the golden tests, tested with sessions of a made-up program."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE)]

import cram  # noqa: E402
import harness  # noqa: E402

STUB = """#!/bin/sh
case $1 in
heads) echo b; echo "took 12 ms" >&2 ;;
fail) echo "where: $PWD" ; exit 3 ;;
many) seq 5 ;;
bare) printf x ;;
leak) exit 86 ;;
*) echo "$DATABASE_URL" ;;
esac
"""

GOOD = """fixture: made-up

Words are not compared.

  $ pgbraid heads
  b
  took [0-9]+ ms (re)
  $ pgbraid many
  1
  ...
  5
  $ pgbraid fail
  where: $DIR
  [3]

  $ cat <<END >>note
  > two
  > END
  $ cat note
  one
  two
  $ pgbraid bare
  x (no-eol)
  $ true
"""


class CramTest(cram.CramTest):
    def setUp(self):
        stub = self.folder / "stub"
        stub.write_text(STUB, encoding="utf-8")
        stub.chmod(0o755)
        before = os.environ.get("PGBRAID_BIN", "")
        os.environ["PGBRAID_BIN"] = str(stub)
        self.addCleanup(os.environ.__setitem__, "PGBRAID_BIN", before)
        fixtures = self.folder / "fixtures"
        self.write(fixtures, {"made-up/note": "one\n"})
        before_fixtures = cram.FIXTURES
        cram.FIXTURES = (fixtures,)
        self.addCleanup(setattr, cram, "FIXTURES", before_fixtures)

    def file(self, text, name="x.t"):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def differs(self, text, read=cram.read_golden):
        try:
            self.run_file(self.file(text), read)
        except AssertionError as problem:
            return str(problem)
        return self.fail("no difference was seen")

    def test_good(self):
        self.run_file(self.file(GOOD), cram.read_golden)

    def test_differences_are_seen(self):
        for old, new in (("  b\n", "  c\n"), ("[0-9]+ ms", "[a-z]+ ms"), ("  [3]\n", ""), ("  [3]\n", "  [2]\n"),
                         ("  5\n", "  6\n"), ("  two\n  $", "  $"), (" (no-eol)", ""),
                         ("  $ true\n", "  $ true\n  more\n"), ("  $ true\n", "  $ false\n"),
                         ("  b\n", "  b\n  b\n")):
            with self.subTest(old=old, new=new):
                self.assertIn(old, GOOD)
                self.differs(GOOD.replace(old, new))

    def test_diff_names_the_lines(self):
        text = self.differs(GOOD.replace("  b\n", "  c\n"))
        self.assertIn("\n-  c\n+  b\n", text)

    def test_accept(self):
        path = self.file(GOOD.replace("  b\n", "  c\n  d\n").replace("  [3]\n", "  [2]\n"))
        self.run_file(path, cram.read_golden, accept=True)
        self.assertEqual(path.read_text(encoding="utf-8"), GOOD)
        path = self.file("  $ pgbraid heads\n\n  $ pgbraid many\nend\n")
        self.run_file(path, cram.read_golden, accept=True)
        self.assertEqual(path.read_text(encoding="utf-8"),
                         "  $ pgbraid heads\n  b\n  took 12 ms\n\n  $ pgbraid many\n  1\n  2\n  3\n  4\n  5\nend\n")
        self.run_file(path, cram.read_golden)

    def test_markdown(self):
        text = ("# T\n\n```console fixture=made-up\n$ pgbraid heads\nb\ntook * ms (glob)\n```\n\n```sh\n$ not run\n```\n\n"
                "1. item\n\n   ```console\n   $ cat note; echo x >>note\n   one\n   ```\n\n````\n```console\n$ no\n```\n````\n"
                "```console\n$ cat note\none\nx\n```\n")
        self.run_file(self.file(text), cram.read_markdown)
        self.assertIn("\n-   uno\n+   one\n",
                      self.differs(text.replace("   one\n", "   uno\n"), cram.read_markdown))
        self.differs(text.replace("one\nx\n", "one\n"), cram.read_markdown)
        with self.assertRaisesRegex(ValueError, "not closed"):
            cram.read_markdown("```console\n$ x\n")

    def test_dots(self):
        for expected, actual, same in ((["..."], [], True), (["...", "b"], ["a", "b", "b"], True),
                                       (["a", "..."], ["b", "a"], False), (["...", "b", "..."], ["a"], False),
                                       (["a", "...", "b", "...", "c"], list("axbybzc"), True),
                                       ([], ["a"], False), (["a"], [], False), (["..."], ["a"] * 5000, True)):
            with self.subTest(expected=expected):
                self.assertIs(cram.matches(expected, actual), same)

    def test_sanitizer(self):
        self.assertIn("sanitizer", self.differs("  $ pgbraid leak\n  [86]\n"))

    def test_unknown_fixture(self):
        self.assertIn("no fixture", self.differs("fixture: nowhere\n  $ true\n"))

    def test_database(self):
        self.run_file(self.file("database: new\n  $ pgbraid url\n  postgresql:///t*?host=/tmp/* (glob)\n"),
                      cram.read_golden)


if __name__ == "__main__":
    harness.main()
