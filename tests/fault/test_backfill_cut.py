#!/usr/bin/python3
"""B2: a backfill's connection is cut before, inside and after each message of each COMMIT, both ways, and at others: of its
begin, its batches with their checkpoints and rows at fault, its end; and of pause, resume, cancel and accept, which are
statements that commit by themselves. What the program says is true, and the next run comes to the same end."""

import contextlib

import faultlib
import harness
from backfilllib import Course
from cutlib import messages, points_of

ROWS, BATCH, FAULT = 44, 11, 19


class Work:
    """A command that is cut, and how it is known what it did."""

    words, before = (), ()
    ends = 0  # of the command without a fault

    def __init__(self, course):
        self.course = course
        self.did = set()  # was it done when the run was cut

    def prepare(self):
        self.course.reset()
        for words in self.before:
            self.course.run(*words)
        self.course.quiet()

    def judge(self, result, tally, point):
        self.course.check(result, tally, point)

    def again(self, tally, point):
        self.course.converge(tally, point)


class Whole(Work):
    """From its begin to its end, with rows at fault."""

    ends = 1

    def __init__(self, course):
        super().__init__(course)
        self.words = course.words()


class Resumed(Whole):
    """What an earlier run left."""

    def __init__(self, course):
        super().__init__(course)
        self.before = (course.words("--limit", str(BATCH)),)


class OnlyErrors(Whole):
    """The rows at fault once more."""

    def __init__(self, course):
        super().__init__(course)
        self.before = (course.words(),)
        self.words = course.words("--only-errors")

    def judge(self, result, tally, point):
        # Rows at fault are tried once more; each is counted by the run that tried it, and none is lost.
        left = self.course.quiet()
        if left:
            tally.broke("left behind", point, str(left))
        state = self.course.state()
        if {**state, "run_rows": 0, "state": ""} != {**self.course.want, "run_rows": 0, "state": ""}:
            tally.broke("half", point, f"{state}; {result}")
        tries, run = self.course.ask("SELECT (SELECT sum(attempts)::int FROM pgbraid.backfill_error),"
                                     " (SELECT coalesce(sum(errors), 0)::int FROM pgbraid.backfill_run)")[0]
        if tries != run:
            tally.broke("half", point, f"{tries} tries are recorded with the rows, {run} with the runs; {result}")
        if result.status not in (1, 4):
            tally.broke("wrong", point, str(result))

    def again(self, tally, point):
        self.course.backfill("--only-errors")
        if self.course.goals() != self.course.want_goals:
            tally.broke("not converging", point, "the goals differ")


class Wish(Work):
    """pause, resume, cancel: the wish and its event are both there, or neither."""

    wanted = event = None

    def __init__(self, course):
        super().__init__(course)
        self.words = ("backfill", self.event, "goals")
        self.before = (course.words("--limit", str(BATCH)),)
        if self.event == "resume":
            self.before += (("backfill", "pause", "goals"),)

    def stands(self):
        wanted, state = self.course.ask("SELECT wanted, state FROM pgbraid.backfill")[0]
        return (state if self.event == "cancel" else wanted) == self.wanted

    def judge(self, result, tally, point):
        self.course.quiet()
        asked = self.stands()
        self.did.add(asked)
        events = self.course.ask(f"SELECT count(*) FROM pgbraid.event WHERE event = '{self.event}'"
                                 " AND seq > (SELECT max(seq) FROM pgbraid.event WHERE event = 'backfill')")[0][0]
        if events != asked:
            tally.broke("half", point, f"the wish stands: {asked}, {events} events; {result}")
        if result.status == 0 and not asked:
            tally.broke("false success", point, str(result))
        if self.course.problems(self.course.state()):
            tally.broke("half", point, str(self.course.state()))

    def again(self, tally, point):
        self.course.run(*self.words)
        if not self.stands():
            tally.broke("not converging", point, "asked again, the wish does not stand")
        self.course.run("backfill", "resume", "goals")
        self.course.converge(tally, point)


class Pause(Wish):
    wanted, event = "pause", "pause"


class Resume(Wish):
    wanted, event = "", "resume"


class Cancel(Wish):
    wanted, event = "cancelled", "cancel"


class Accept(Work):
    words = ("backfill", "errors", "goals", "--accept")

    def __init__(self, course):
        super().__init__(course)
        self.before = (course.words(),)

    def look(self):
        return self.course.ask("SELECT (SELECT count(*) FROM pgbraid.backfill_error WHERE accepted), (SELECT count(*) FROM"
                               " pgbraid.backfill_error), (SELECT state FROM pgbraid.backfill),"
                               " (SELECT count(*) FROM pgbraid.event WHERE event = 'accept' AND seq >"
                               " (SELECT max(seq) FROM pgbraid.event WHERE event = 'backfill'))")[0]

    def judge(self, result, tally, point):
        self.course.quiet()
        found = self.look()
        self.did.add(found[0] > 0)
        errors = self.course.want["errors"]
        if found not in ((0, errors, "errors", 0), (errors, errors, "complete", 1)):
            tally.broke("half", point, f"{found}; {result}")
        if result.status == 0 and found[0] != errors:
            tally.broke("false success", point, str(result))

    def again(self, tally, point):
        self.course.run(*self.words)
        if self.look()[:3] != (self.course.want["errors"], self.course.want["errors"], "complete"):
            tally.broke("not converging", point, str(self.look()))


# What goes on where a run stopped differs little from the whole.
WORKS = (Whole, *faultlib.full((), (Resumed,)), OnlyErrors, Pause, Resume, Cancel, Accept)


def case(kind, control=None):
    """control: what runs instead of the program, and must break."""
    def test(self):
        name = f"{kind.__name__.lower()}{'_control' if control else ''}"
        tally = (faultlib.Tally("B2 control: a batch apart from its record", goal="caught") if control else
                 faultlib.Tally(f"B2 {name}", floor=faultlib.full(22, 60), goal="0 half, nothing twice"))
        course = Course(self, self.server, name, ROWS, BATCH, FAULT)
        if control:
            course.subject = faultlib.Subject(faultlib.tool(control))
        proxy = faultlib.Proxy(course.folder / "p", course.server)
        self.addCleanup(proxy.stop)
        work = kind(course)
        work.prepare()
        log = course.folder / "messages"
        proxy.reset()
        proxy.tell(f"log {log}")
        result = course.run(*work.words, uri=proxy.uri(course.database))
        self.assertEqual(result.status, kind.ends, f"through the proxy, without a fault: {result}")
        proxy.tell("log -")
        seen = messages(log)
        points, critical = points_of(seen)
        commits = sum(1 for m in seen if m[1] == "F" and "COMMIT" in m[5])
        if issubclass(kind, Whole):
            # Its begin, its batches, the search for what is left.
            self.assertGreaterEqual(commits, {Whole: 6, Resumed: 5, OnlyErrors: 2}[kind], "COMMITs were not seen")
            chosen = faultlib.spread(points, faultlib.full(20, 400, 1000000), critical)
        else:
            # It commits by itself, and is answered with this tag.
            tag = "INSERT 0 1" if issubclass(kind, Wish) else "SELECT 1"
            answer = max(i for i, m in enumerate(seen) if m[1] == "B" and m[5].rstrip("\0. ") == tag)
            near = {m[:3] for m in seen[answer - 8:answer + 3]}
            chosen = faultlib.spread(points, faultlib.full(8, 60, 1000000), {p for p in points if p[:3] in near})
        for number, (conn, direction, n, at, k) in enumerate(chosen):
            how, stop = ("close", "half", "rst")[number % 3], (0, 0, 40)[number % 3 if direction == "F" else 0]
            point = f"{name} {conn} {direction} {n} {at} {how}"
            work.prepare()
            proxy.reset()
            proxy.arm(conn=conn, dir=direction, n=n, at=at, k=k, how=how, keep=100, stop=stop)
            result = course.run(*work.words, uri=proxy.uri(course.database))
            tally.count(proxy.hit(0.2), result)
            with contextlib.suppress(ValueError):
                proxy.reset()
            work.judge(result, tally, point)
            work.again(tally, point)
            if sum(tally.broken.values()) > (0 if control else 10):
                break
        print(f"# {commits} COMMITs, {len(critical)} points around them", flush=True)
        self.conclude(tally, must_break=("half",) if control else ())
        if not issubclass(kind, Whole):
            self.assertEqual(work.did, {True, False}, "the cuts lie on one side of its commit")

    return test


class CutTest(faultlib.FaultTest):
    pass


for _kind in WORKS:
    setattr(CutTest, f"test_{_kind.__name__.lower()}", case(_kind))
CutTest.test_control = case(Whole, "pgbraid-apart")


if __name__ == "__main__":
    harness.main()
