#!/usr/bin/python3
"""R3: kill -9 just before and just after every system call, over four kinds of work."""

import faultlib
import harness

FLOOR, FULL_FLOOR = 200, 2000
KINDS = ("ddl", "copy", "several", "first")


class KillTest(faultlib.FaultTest):
    def killer(self, attempt, *words):
        report = attempt.folder / "report"
        report.unlink(missing_ok=True)
        wrap = [faultlib.tool("killer"), "--report", str(report), *words]
        result = attempt.run(wrap=wrap)
        return result, report.read_text() if report.exists() else ""

    def kill_everywhere(self, kind, subject, tally, count):
        ground = self.ground(kind, subject)
        attempt = ground.attempt()
        attempt.reset()
        result, report = self.killer(attempt)
        self.assertEqual(result.status, 0, f"traced, without a fault: {result}")
        stops = int(report.split()[1])

        def one(attempt, at, _):
            result, report = self.killer(attempt, "--at", str(at))
            hit = report.startswith("killed")
            tally.count(hit, result)
            faultlib.check_invariants(attempt, result, tally, f"{kind} stop {at}: {report.strip()}", killed=hit)

        # The last third is where the work is; loading and connecting come first.
        late = set(range(stops // 3, stops, max(1, stops * 2 // 3 // max(1, count * 2 // 3))))
        self.each_point(ground, faultlib.spread(range(1, stops + 1), count // 3, late), one, tally)


def case(kind):
    def test(self):
        tally = faultlib.Tally(f"R3 {kind}", floor=faultlib.full(FLOOR // len(KINDS), FULL_FLOOR // 5),
                                goal="0 half, lock free or fenced")
        # A few late points are not reached in every run: waits differ.
        self.kill_everywhere(kind, faultlib.plain(), tally, faultlib.full(FLOOR // len(KINDS) + 6, 100000))
        self.conclude(tally)

    return test


class EverySystemCallTest(KillTest):
    pass


for _kind in KINDS:
    setattr(EverySystemCallTest, f"test_{_kind}", case(_kind))


class PositiveControlTest(KillTest):
    def test_history_in_a_second_transaction_is_caught(self):
        tally = faultlib.Tally("R3 control: split history", goal="caught")
        self.kill_everywhere("data", faultlib.mini("split"), tally, faultlib.full(60, 200))
        self.conclude(tally, must_break=("half",))


if __name__ == "__main__":
    harness.main()
