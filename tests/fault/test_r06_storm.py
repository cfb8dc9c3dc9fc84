#!/usr/bin/python3
"""R6: 32 runners started at once on an empty database, round after round."""

import faultlib
import harness
import storms

RUNNERS, ROUNDS, FULL_ROUNDS = 32, 5, 100


class RunnerStormTest(storms.StormTest):
    def test_every_runner_succeeds_and_each_revision_runs_once(self):
        rounds = faultlib.full(ROUNDS, FULL_ROUNDS)
        tally = faultlib.Tally("R6", floor=RUNNERS * rounds, goal="all exit 0, each revision exactly once")
        self.storm(faultlib.plain(), RUNNERS, rounds, False, tally)
        self.conclude(tally)

    def test_control_without_a_lock(self):
        tally = faultlib.Tally("R6 control: no lock", goal="caught")
        self.storm(faultlib.mini("nolock"), RUNNERS, 2, False, tally, most=40)
        self.conclude(tally, must_break=("failed", "twice"))


if __name__ == "__main__":
    harness.main()
