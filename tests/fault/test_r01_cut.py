#!/usr/bin/python3
"""R1, R2: the connection is cut before, inside and after every message, in both directions, over the eight kinds of
work; and the build with its history row in a second transaction, which must be caught."""

import faultlib
import harness
import kinds
from cutlib import CutTest

FLOOR, FULL_FLOOR = 200, 1900


def case(kind):
    def test(self):
        # Beside all around a COMMIT.
        share = faultlib.full(18, 230, 1000000)
        tally = faultlib.Tally(f"R1 {kind}", floor=faultlib.full(FLOOR, FULL_FLOOR) // 8, goal="0 half, 0 false success")
        self.cut_everywhere(kind, faultlib.work(), tally, share)
        self.conclude(tally)

    test.__name__ = f"test_{kind}"
    return test


class EveryMessageTest(CutTest):
    pass


for _kind in kinds.all_kinds():
    setattr(EveryMessageTest, f"test_{_kind.name}", case(_kind.name))


class PositiveControlTest(CutTest):
    def test_history_in_a_second_transaction_is_caught(self):
        tally = faultlib.Tally("R2 split history", goal="caught")
        subject = faultlib.Subject(faultlib.tool("pgbraid-split-history"))
        self.cut_everywhere("ddl", subject, tally, faultlib.full(30, 230, 1000000))
        self.conclude(tally, must_break=("half",))


if __name__ == "__main__":
    harness.main()
