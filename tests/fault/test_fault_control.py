#!/usr/bin/python3
"""The harnesses themselves, on a runner that is known: they pass it when it is right, and catch it when it is wrong."""

import subprocess

import faultlib
import harness
from cutlib import CutTest


class MiniRunnerTest(CutTest):
    """The harness itself, on a runner that is known: right when it is right, caught when it is wrong."""

    def test_a_right_runner_passes(self):
        tally = faultlib.Tally("mini runner", floor=30)
        for kind in ("ddl", "downgrade", "first"):
            self.cut_everywhere(kind, faultlib.mini(), tally, 14)
        self.conclude(tally)

    def test_split_history_is_caught(self):
        tally = faultlib.Tally("mini runner, split history")
        self.cut_everywhere("data", faultlib.mini("split"), tally, 40)
        self.conclude(tally, must_break=("half",))

    def test_blind_success_is_caught(self):
        tally = faultlib.Tally("mini runner, blind")
        self.cut_everywhere("data", faultlib.mini("blind"), tally, 40)
        self.conclude(tally, must_break=("false success",))


class TortureTest(harness.PgbraidTest):
    """The driver of the full figures: each of its rows is there, and what it does not know is refused."""

    def torture(self, *words):
        return subprocess.run(["/usr/bin/python3", str(harness.ROOT / "tests" / "torture"), *words], capture_output=True,
                              text=True, check=False, stdin=subprocess.DEVNULL,
                              env=self.environment(PGBRAID_TORTURE_BUILD=faultlib.TOOLS.parent.parent))

    def test_every_row_has_its_test(self):
        run = self.torture("--list")
        self.assertEqual(run.returncode, 0, run.stderr)
        rows = run.stdout.splitlines()
        self.assertEqual([row.split()[0] for row in rows], [f"R{n}" for n in range(1, 22)])
        self.assertNotIn("not built", run.stdout)

    def test_an_unknown_row(self):
        run = self.torture("R99")
        self.assertEqual(run.returncode, 2)
        self.assertIn("no row R99", run.stderr)


if __name__ == "__main__":
    harness.main()
