#!/usr/bin/python3
"""R5: the answer to COMMIT is lost, with the backend stopped for a while: the outcome that pgbraid tells is the true one,
and "unknown" only where the server could not be asked within the deadline."""

import random

import faultlib
import harness
import kinds
from cutlib import CutTest

FLOOR, FULL = 50, 1000


def one_revision(reverse=False):
    made = kinds.ddl()
    path = "migrations/b1_city.sql"
    if reverse:
        return kinds.Kind("commit, downgrade", before={**made.before, path: made.work[path]}, work={},
                          revisions=made.revisions[:1], command=("downgrade", "--yes", "a0"), reverse=True)
    return kinds.Kind("commit", before=made.before, work={path: made.work[path]}, revisions=made.revisions[:1])


class CommitTest(CutTest):
    def commits(self, ground):
        """The numbers of the client's messages that make the server commit the work, the last of them."""
        seen = [m for m in self.record(ground) if m[0] == 1]
        asked = [(n, kind) for _, direction, n, kind, _, text in seen
                 if direction == "F" and kind in "QP" and text.lstrip("\0 ").upper().startswith("COMMIT")]
        self.assertTrue(asked, "no COMMIT was sent")
        n, kind = asked[-1]
        if kind == "P":
            n = next(m[2] for m in seen if m[1] == "F" and m[2] > n and m[3] in "SH")
        tags = sum(1 for m in seen if m[1] == "B" and m[3] == "C" and m[5].startswith("COMMIT"))
        return n, tags

    def lose(self, subject, tally, count, seed, kind=None):
        ground = self.ground(kind or one_revision(), subject)
        n, tags = self.commits(ground)
        dice = random.Random(seed)
        points = []
        for i in range(count):
            stop = dice.choice((0, 0, 5, 40, 150, 400))
            how = dice.choice(("close", "close", "rst", "half"))
            points.append((i, dice.choice(("answer", "sent", "sent", "before")), how, stop, dice.choice((20, 200, 600))))
        reverse = ground.kind.reverse

        def one(attempt, point, proxy):
            _, what, how, stop, keep = point
            proxy.reset()
            if what == "answer":
                proxy.arm(conn=1, dir="B", type="C", match="COMMIT", nth=tags, at="before", how=how, keep=keep)
            else:
                proxy.arm(conn=1, dir="F", n=n, at="after" if what == "sent" else "before", how=how, keep=keep,
                          stop=stop)
            result = attempt.run(proxy.uri(attempt.database))
            hit = proxy.hit(0.2)
            tally.count(hit, result)
            name = f"seed {seed} {point}"
            if result.status is not None:
                with attempt.connection() as cursor:
                    attempt.quiet(cursor)
                    there = ("b1" in attempt.subject.applied(cursor)) != reverse
                if result.status == 0 and not there:
                    tally.broke("false success", name, str(result))
                elif result.status not in (0, faultlib.UNKNOWN) and there and hit:
                    tally.broke("false failure", name, str(result))
                elif result.status == faultlib.UNKNOWN:
                    tally.broke("unknown in time", name, str(result))
            faultlib.check_invariants(attempt, result, tally, name)

        self.each_point(ground, points, one, tally, self.proxy_for)

    def test_ambiguous_commits(self):
        tally = faultlib.Tally("R5", floor=faultlib.full(FLOOR, FULL), goal="right every time")
        count = faultlib.full(FLOOR, FULL)
        self.lose(faultlib.work(), tally, count - count // 4, 5001)
        self.lose(faultlib.work(), tally, count // 4, 5002, one_revision(reverse=True))
        self.conclude(tally)

    def test_control_blind(self):
        tally = faultlib.Tally("R5 control: taken for success", goal="caught")
        self.lose(faultlib.mini("blind"), tally, 12, 5003)
        self.conclude(tally, must_break=("false success",))

    def test_control_pessimist(self):
        tally = faultlib.Tally("R5 control: taken for failure", goal="caught")
        self.lose(faultlib.mini("pessimist"), tally, 12, 5004)
        self.conclude(tally, must_break=("false failure",))

    def test_the_mini_runner_is_right(self):
        tally = faultlib.Tally("R5 control: a right runner", floor=12)
        self.lose(faultlib.mini(), tally, 12, 5005)
        self.conclude(tally)


if __name__ == "__main__":
    harness.main()
