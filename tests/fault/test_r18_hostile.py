#!/usr/bin/python3
"""R18: a server that lies: every kind of message that it sends is changed in its type, its length, or its bytes. The program ends
with a clean error or goes on; no crash, no read outside its memory (address and undefined behaviour sanitizers), and no
waiting beyond what the server itself keeps it waiting for."""

import random
import subprocess
import time

import faultlib
import harness
from cutlib import CutTest

FLOOR, FULL = 60, 1200
KINDS = ("ddl", "copy", "several", "first")
# A message whose length was made longer never ends; then the server's side is closed, as a person would.
PATIENCE = 4


class HostileServerTest(CutTest):
    def points(self, kind, subject, count, seed):
        """(n, offset, xor) over every message of the server: its type, each byte of its length, and bytes of its body."""
        ground = self.ground(kind, subject)
        dice = random.Random(seed)
        points, kinds_of = [], {}
        for conn, direction, n, letter, length, _ in self.record(ground):
            if conn != 1 or direction != "B":
                continue
            offsets = [0, 1, 2, 3, 4] + [5 + dice.randrange(max(1, length - 5)) for _ in range(4)]
            for offset in offsets:
                if offset < length:
                    points.append((n, offset, dice.choice((1, 2, 4, 128, 255))))
                    kinds_of.setdefault(letter, points[-1])
        # One of each kind of message at least.
        return ground, faultlib.spread(points, count, set(kinds_of.values()))

    def lie(self, kind, tally, count, seed):
        subject = faultlib.pgbraid()
        ground, points = self.points(kind, subject, count, seed)

        def one(attempt, point, proxy):
            n, offset, flip = point
            proxy.reset()
            proxy.arm(conn=1, dir="B", n=n, do="mutate", k=offset, xor=flip)
            process = attempt.start(proxy.uri(attempt.database))
            deadline = time.monotonic() + PATIENCE
            while process.poll() is None and time.monotonic() < deadline:
                try:
                    process.wait(0.05)
                except subprocess.TimeoutExpired:
                    continue
            if process.poll() is None:
                ground.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name <> "
                               f"'faultlib' AND datname = '{attempt.database}'")
            result = attempt.end(process)
            hit = proxy.hit(0.2)
            tally.count(hit, result)
            where = f"seed {seed} {kind} message {n} byte {offset} xor {flip}"
            if result.status is None:
                tally.broke("hang", where, str(result))
            elif result.status == harness.SANITIZER_STATUS:
                tally.broke("sanitizer", where, str(result))
            elif result.status not in faultlib.STATUSES:
                tally.broke("crash", where, str(result))
            elif result.status != 0 and not (result.stderr + result.stdout).strip():
                tally.broke("wrong", where, f"status {result.status} without a word")

        self.each_point(ground, points, one, tally, self.proxy_for)

    def test_control_a_client_that_believes_everything(self):
        """The harness sees a lie that is believed: COMMIT comes to the server as another word and is refused, the answer never
        comes, and the client takes that for success."""
        tally = faultlib.Tally("R18 control", goal="caught")
        ground = self.ground("data", faultlib.mini("blind"))

        def one(attempt, _, proxy):
            proxy.reset()
            proxy.arm(conn=1, dir="F", type="Q", match="COMMIT", do="mutate", k=5, xor=1)
            proxy.arm(conn=1, dir="B", type="E", at="before", how="close")
            result = attempt.run(proxy.uri(attempt.database))
            tally.count(proxy.hit(0.2), result)
            faultlib.check_invariants(attempt, result, tally, "COMMIT mutated")

        self.each_point(ground, range(2), one, tally, self.proxy_for)
        self.conclude(tally, must_break=("false success",))


def case(kind, seed):
    def test(self):
        share = faultlib.full(FLOOR, FULL) // len(KINDS)
        tally = faultlib.Tally(f"R18 {kind}", floor=share * 9 // 10, goal="clean error")
        self.lie(kind, tally, share, seed)
        self.conclude(tally)

    return test


for _seed, _kind in enumerate(KINDS, 1800):
    setattr(HostileServerTest, f"test_{_kind}", case(_kind, _seed))


if __name__ == "__main__":
    harness.main()
