#!/usr/bin/python3
"""R7: 16 runners started at once, with CREATE INDEX CONCURRENTLY, which waits for every snapshot in the database."""

import faultlib
import harness
import storms

RUNNERS, ROUNDS, FULL_ROUNDS = 16, 5, 50


class IndexStormTest(storms.StormTest):
    def test_no_deadlock_and_no_invalid_index(self):
        rounds = faultlib.full(ROUNDS, FULL_ROUNDS)
        tally = faultlib.Tally("R7", floor=RUNNERS * rounds, goal="0 deadlocks, 0 invalid")
        self.storm(faultlib.plain(), RUNNERS, rounds, True, tally)
        self.conclude(tally)

    def test_control_with_a_blocking_lock(self):
        tally = faultlib.Tally("R7 control: pg_advisory_lock", goal="caught")
        self.storm(faultlib.mini("blocking"), 8, 2, True, tally, most=40)
        self.conclude(tally, must_break=("deadlock", "failed", "invalid index"))


if __name__ == "__main__":
    harness.main()
