#!/usr/bin/python3
"""The harnesses themselves, on a runner that is known: they pass it when it is right, and catch it when it is wrong."""

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


if __name__ == "__main__":
    harness.main()
