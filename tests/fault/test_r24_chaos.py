#!/usr/bin/python3
"""R24: chaos. Faults of all kinds, one to three on the way to the same end, with other commands between them, all drawn from
a seed that is printed; after each the invariants.

    PGBRAID_SEED=4711 …/test_r24_chaos.py       the points of that seed (make check: always the same)
    PGBRAID_SEED=4711/17 …/test_r24_chaos.py    its point 17 alone
"""

import errno
import os
import random
import signal
import time

import faultlib
import harness
import kinds
from test_r04_server import cancel, terminate
from test_r08_alloc import READERS, AllocationTest
from cutlib import CutTest

FLOOR, FULL_FLOOR = 30, 500
SEED, _, ONLY = os.environ.get("PGBRAID_SEED", "").partition("/")
SEED = int(SEED or faultlib.full(2024, time.time_ns() % 1000000))


class ChaosTest(AllocationTest, CutTest):
    """A fault is a function of (attempt, dice, proxy); it returns the run's result, whether the fault was met, and whether it
    was a SIGKILL."""

    def by_cut(self, attempt, dice, proxy):
        conn, direction, n, _, length, _ = dice.choice(attempt.ground.seen)
        proxy.arm(conn=conn, dir=direction, n=n, at=dice.choice(("before", "inside", "after")), k=dice.randint(1, max(1, length)),
                  how=dice.choice(("close", "rst", "half")), keep=dice.choice((20, 200)), stop=dice.choice((0, 0, 30, 200)))
        result = attempt.run(proxy.uri(attempt.database))
        return result, proxy.hit(0.2), False

    def by_server(self, attempt, dice, proxy):
        conn, direction, n, _, _, _ = dice.choice([m for m in attempt.ground.seen if m[1] == "F" and m[3] != "_"])
        proxy.arm(conn=conn, dir=direction, n=n, at=dice.choice(("before", "after")), do="pause")
        process = attempt.start(proxy.uri(attempt.database))
        hit = None
        while hit is None and process.poll() is None:
            hit = proxy.hit(0.05)
        if hit:
            dice.choice((terminate, cancel))(attempt.ground.server, hit["pid"], lambda: proxy.tell("go"))
        return attempt.end(process), hit, False

    def by_killed(self, attempt, dice, _):
        process = attempt.start()
        time.sleep(dice.uniform(0, 0.15))
        process.kill()
        result = attempt.end(process)
        return result, result.status == -signal.SIGKILL, result.status == -signal.SIGKILL

    def by_memory(self, attempt, dice, _):
        result, lines = self.fail_at(attempt, dice.randint(1, 500), dice.random() < 0.5)
        return result, bool(lines) and int(lines[0].split()[3]) > 0, False

    def by_files(self, attempt, dice, _):
        report = attempt.folder / "report"
        report.unlink(missing_ok=True)
        result = attempt.run(subject=faultlib.plain(), env={
            "LD_PRELOAD": faultlib.tool("failfile.so"), "FAILFILE_REPORT": report, "FAILFILE_AT": dice.randint(1, 90),
            "FAILFILE_ERRNO": dice.choice((errno.EIO, errno.ENOSPC, errno.EACCES))})
        return result, report.exists() and " failed 1 " in report.read_text(), False

    def one(self, attempt, point, proxy, tally, faults):
        dice = random.Random(f"{SEED}/{point}")
        for turn in range(turns := dice.randint(1, 3)):
            if dice.random() < 0.3:
                command = dice.choice(READERS)
                run = attempt.run(command=command)
                if run.status not in faultlib.STATUSES:
                    tally.broke("crash", f"seed {SEED}/{point}", f"{command}: {run}")
            fault = dice.choice(faults)
            proxy.reset()
            result, hit, killed = fault(attempt, dice, proxy)
            tally.count(hit, result)
            name = f"seed {SEED}/{point} {attempt.kind.name} fault {turn + 1} {fault.__name__}"
            faultlib.check_invariants(attempt, result, tally, name, killed=killed, rerun=turn + 1 == turns)

    def chaos(self, kind, subject, tally, points, faults):
        ground = self.ground(kind, subject)
        ground.seen = [m for m in self.record(ground) if m[0] > 0]

        def one(attempt, point, proxy):
            self.one(attempt, point, proxy, tally, faults)

        self.each_point(ground, points, one, tally, self.proxy_for)

    def test_chaos(self):
        tally = faultlib.Tally(f"R24 seed {SEED}", floor=0 if ONLY else faultlib.full(FLOOR, FULL_FLOOR), goal="no invariant broken")
        tally.note = f"seed {SEED}"
        every = kinds.all_kinds()
        for number, kind in enumerate(every):
            points = range(number, faultlib.full(5, 60) * len(every), len(every))
            if ONLY:
                points = [int(ONLY)] if int(ONLY) in points else []
            if points:
                self.chaos(kind, faultlib.pgbraid(), tally, points,
                           (self.by_cut, self.by_server, self.by_killed, self.by_memory, self.by_files))
        self.conclude(tally)

    def test_control_split_history(self):
        """The build with its history in a second transaction: chaos goes on until that is seen."""
        tally = faultlib.Tally("R24 control: split history", goal="caught")
        subject = faultlib.Subject(faultlib.tool("pgbraid-split-history"))
        for start in range(0, 1000, 20):
            if not tally.broken:
                self.chaos("ddl", subject, tally, range(start, start + 20), (self.by_cut, self.by_server))
        self.conclude(tally, must_break=("half",))


if __name__ == "__main__":
    harness.main()
