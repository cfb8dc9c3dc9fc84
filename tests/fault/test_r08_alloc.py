#!/usr/bin/python3
"""R8: every allocation of ours and of libpq's fails, singly and from then on, under the address and leak sanitizers:
a clean error, no signal, no leak, and the invariants. See failmalloc.c for what is left out, and why."""

from pathlib import Path

import faultlib
import harness

FLOOR = 300
# Work, and commands that only read; each fails in its own places.
KINDS = ("first", "several", "downgrade", "copy")
READERS = (("status",), ("history", "--graph"), ("status", "--format", "json"), ("upgrade", "--dry-run"), ("heads",))


PG_QUERY = next(Path("/usr/lib").glob("*/libpg_query.a"), Path("/nonexistent"))


class AllocationTest(faultlib.FaultTest):
    def without(self):
        """libpg_query is linked into the program; what of it is left out of the count."""
        path = self.folder / "without"
        if not path.exists():
            core = faultlib.TOOLS.parent.parent / "src" / "libpgbraid_core.a"
            text = faultlib.linked_in(harness.program(), PG_QUERY, core)
            size = sum(int(b, 16) - int(a, 16) for a, b in (line.split() for line in text.splitlines()))
            self.assertGreater(size, 500000, "libpg_query was not found in the program")
            self.assertLess(text.count("\n"), 16384)
            path.write_text(text)
        return path

    def fail_at(self, attempt, at, forever, command=None, log=None):
        report = attempt.folder / "report"
        report.unlink(missing_ok=True)
        env = {"LD_PRELOAD": faultlib.tool("failmalloc.so"), "FAILMALLOC_REPORT": report,
               "FAILMALLOC_WITHOUT": self.without()}
        env["ASAN_OPTIONS"] = attempt.environment().get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        if log:
            env["FAILMALLOC_LOG"] = log
        if at:
            env["FAILMALLOC_AT"] = at
        if forever:
            env["FAILMALLOC_FOREVER"] = 1
        result = attempt.run(env=env, command=command)
        lines = report.read_text().splitlines() if report.exists() else []
        return result, lines

    def judge(self, result, lines, tally, point):
        """True: an allocation failed."""
        hit = bool(lines) and int(lines[0].split()[3]) > 0
        site = lines[0].partition("first ")[2] if lines else "no report"
        if result.status is None:
            tally.broke("hang", point, f"{site}: {result}")
        elif result.status == harness.SANITIZER_STATUS:
            tally.broke("sanitizer", point, f"{site}: {result}")
        elif result.status not in faultlib.STATUSES:
            tally.broke("crash", point, f"{site}: {result}")
        elif not lines:
            tally.broke("crash", point, f"it ended without its exit handlers: {result}")
        elif result.status != 0 and not (result.stderr + result.stdout).strip():
            tally.broke("wrong", point, f"{site}: status {result.status} without a word")
        return hit

    seen = set()  # places in the code that a test of this run has failed already

    def points(self, attempt, command=None):
        """Every allocation, failing alone and with all after it; and those that are the first of their place."""
        log = attempt.folder / "log"
        log.unlink(missing_ok=True)
        result, lines = self.fail_at(attempt, None, False, command, log)
        self.assertEqual(result.status, 0, f"counted, without a fault: {result}")
        fresh = set()
        with open(log, encoding="ascii") as file:
            for line in file:
                at, site = line.split()
                if site not in self.seen:
                    self.seen.add(site)
                    fresh.add((int(at), False))
        total = int(lines[0].split()[1])
        return [(at, forever) for at in range(1, total + 1) for forever in (False, True)], fresh

    def everywhere(self, kind, subject, tally, count):
        ground = self.ground(kind, subject)
        attempt = ground.attempt()
        attempt.reset()
        points, fresh = self.points(attempt)
        name = ground.kind.name

        def one(attempt, point, _):
            at, forever = point
            result, lines = self.fail_at(attempt, at, forever)
            where = f"{name} allocation {at}{' and all after it' if forever else ''}"
            tally.count(self.judge(result, lines, tally, where), result)
            if result.status in faultlib.STATUSES:
                faultlib.check_invariants(attempt, result, tally, where)

        self.each_point(ground, faultlib.spread(points, count, fresh), one, tally)

    def readers(self, subject, tally, count):
        """Commands that write nothing: the database is the same afterwards."""
        ground = self.ground("ddl", subject)
        for command in READERS:
            attempt = ground.attempt()
            attempt.reset()
            points, fresh = self.points(attempt, command)

            def one(attempt, point, _, command=command):
                at, forever = point
                result, lines = self.fail_at(attempt, at, forever, command)
                where = f"{' '.join(command)} allocation {at}{' and all after it' if forever else ''}"
                tally.count(self.judge(result, lines, tally, where), result)
                with attempt.connection() as cursor:
                    cursor.execute("SELECT probe.state()")
                    if cursor.fetchone()[0] != ground.state_before:
                        tally.broke("wrong", where, "the database was changed")

            self.each_point(ground, faultlib.spread(points, count, fresh), one, tally)


def case(kind):
    def test(self):
        tally = faultlib.Tally(f"R8 {kind}", floor=faultlib.full(55, 250), goal="clean error, no signal, no leak")
        self.everywhere(kind, faultlib.pgbraid(), tally, faultlib.full(60, 300, 1000000))
        self.conclude(tally)

    return test


class WorkTest(AllocationTest):
    pass


for _kind in KINDS:
    setattr(WorkTest, f"test_{_kind}", case(_kind))


class ReaderTest(AllocationTest):
    def test_commands_that_only_read(self):
        tally = faultlib.Tally("R8 readers", floor=faultlib.full(FLOOR - 55 * len(KINDS), 350), goal="clean error, no signal, no leak")
        self.readers(faultlib.pgbraid(), tally, faultlib.full(16, 80, 1000000))
        self.conclude(tally)


if __name__ == "__main__":
    harness.main()
