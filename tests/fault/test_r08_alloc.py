#!/usr/bin/python3
"""R8: every allocation of ours and of libpq's fails, singly and from then on, under the address and leak sanitizers:
a clean error, no signal, no leak, and the invariants. See failmalloc.c for what is left out, and why."""

import subprocess
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

    def choose(self, points, fresh, count):
        """In make torture all of them; else `count`, and the first of each place. The allocations of two runs are not quite
        the same in number (the program waits for the server more often or less): a few of the last are not reached."""
        chosen = points if faultlib.TORTURE else faultlib.spread(points, count, fresh)
        self.wanted += len(chosen)
        return chosen

    def setUp(self):
        self.wanted = 0

    def conclude_all(self, tally):
        tally.floor = max(tally.floor, self.wanted * 95 // 100)
        self.conclude(tally)

    def everywhere(self, kind, subject, tally, count=None, only=None):
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
                # Most end before anything is written; of those, every tenth is followed by the next run all the same.
                faultlib.check_invariants(attempt, result, tally, where, same=at % 10 != 0)

        self.each_point(ground, only(attempt, points) if only else self.choose(points, fresh, count), one, tally)

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
                    cursor.execute("SELECT probe.everything()")
                    attempt.as_before = cursor.fetchone()[0] == ground.all_before
                    if not attempt.as_before:
                        tally.broke("wrong", where, "the database was changed")

            self.each_point(ground, self.choose(points, fresh, count), one, tally)


def case(kind):
    def test(self):
        tally = faultlib.Tally(f"R8 {kind}", floor=faultlib.full(55, 800), goal="clean error, no signal, no leak")
        self.everywhere(kind, faultlib.pgbraid(), tally, 60)
        self.conclude_all(tally)

    return test


class WorkTest(AllocationTest):
    pass


for _kind in KINDS:
    setattr(WorkTest, f"test_{_kind}", case(_kind))


class ReaderTest(AllocationTest):
    def test_commands_that_only_read(self):
        tally = faultlib.Tally("R8 readers", floor=faultlib.full(FLOOR - 55 * len(KINDS), 2000),
                               goal="clean error, no signal, no leak")
        self.readers(faultlib.pgbraid(), tally, 16)
        self.conclude_all(tally)


class PositiveControlTest(AllocationTest):
    """A build that uses an arena's memory without a look at whether it was given (wrong.c)."""

    def without(self):
        path = self.folder / "nothing"
        path.touch()
        return path

    def from_arena(self, attempt, points):
        """Of the points those where the arena itself asks for memory, singly: what this build does not check."""
        table = subprocess.run(["nm", "-nS", "--defined-only", attempt.subject.path], capture_output=True, text=True, check=True)
        ours = [(int(words[0], 16), int(words[0], 16) + int(words[1], 16)) for words in map(str.split, table.stdout.splitlines())
                if len(words) == 4 and words[3].startswith("pgb_arena_")]
        with open(attempt.folder / "log", encoding="ascii") as log:
            asked = [(int(at), int(site.rpartition("+")[2], 16)) for at, site in map(str.split, log) if site.startswith("exe+")]
        arenas = {at for at, site in asked if any(a <= site < b for a, b in ours)}
        return [point for point in points if point[0] in arenas and not point[1]]

    def test_memory_that_is_not_checked(self):
        tally = faultlib.Tally("R8 control: unchecked memory", goal="caught")
        subject = faultlib.Subject(faultlib.tool("pgbraid-careless"))
        self.everywhere("data", subject, tally, only=lambda *of: faultlib.spread(self.from_arena(*of), 20))
        self.conclude(tally, must_break=("crash",))


if __name__ == "__main__":
    harness.main()
