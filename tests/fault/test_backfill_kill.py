#!/usr/bin/python3
"""B1: a backfill that is killed at hundreds of random moments, resumed, and compared with an undisturbed run: kill -9 at a
system call or at a message, its connection cut, its backend terminated, its query cancelled, a signal, crashes of the
whole server, and a standby that lags and is promoted. PGBRAID_SEED says which moments."""

import concurrent.futures
import contextlib
import os
import random
import signal
import time

import faultlib
import harness
import server as servers
from backfilllib import Course
from cutlib import messages

FLOOR, FULL_FLOOR = 200, 2000
ROWS, BATCH, FAULT = 400, 5, 97
SEED = int(os.environ.get("PGBRAID_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
# Of 20: most kill, at a system call.
KINDS = ["kill at a call"] * 9 + ["kill at a message"] * 3 + ["cut"] * 3 + ["terminate"] * 3 + ["cancel", "interrupt"]


class Disturber:
    """One course under faults at moments of one dice."""

    def __init__(self, test, server, name, dice):
        self.course, self.dice = Course(test, server, name, ROWS, BATCH, FAULT), dice
        self.report = self.course.folder / "report"
        self.proxy = faultlib.Proxy(self.course.folder / "p", server)
        test.addCleanup(self.proxy.stop)
        # How long an undisturbed run is in system calls and messages, and one that finds nothing to do.
        self.course.reset()
        self.calls, self.messages = self.count_calls(), None
        self.idle_calls = self.count_calls()
        self.course.reset()
        self.messages = self.count_messages()
        self.idle_messages = self.count_messages()

    def count_calls(self):
        self.report.unlink(missing_ok=True)
        self.course.backfill(wrap=[faultlib.tool("killer"), "--report", str(self.report)])
        return int(self.report.read_text().split()[1])

    def count_messages(self):
        """Of the client's direction, on the working connection."""
        log = self.course.folder / "messages"
        self.proxy.reset()
        self.proxy.tell(f"log {log}")
        self.course.backfill(uri=self.proxy.uri(self.course.database))
        self.proxy.tell("log -")
        sent = [m[0] for m in messages(log) if m[1] == "F" and m[0] > 0]
        log.unlink()
        # The connection that works is not the first one.
        self.conn = max(set(sent), key=sent.count)
        return sent.count(self.conn)

    def moment(self, whole, idle, left):
        """Most lie in the work that is left, some before it."""
        if self.dice.random() < 0.15:
            return self.dice.randint(1, idle)
        return int(idle * 0.7 + self.dice.random() ** 2 * max(2, (whole - idle) * left / ROWS))

    def disturb(self, left, kinds, crash=None):
        """(was it hit, killed, the result, what and where)."""
        kind = self.dice.choice(kinds)
        course = self.course
        if kind == "kill at a call":
            n = self.moment(self.calls, self.idle_calls, left)
            self.report.unlink(missing_ok=True)
            result = course.backfill(wrap=[faultlib.tool("killer"), "--report", str(self.report), "--at", str(n)])
            hit = self.report.exists() and self.report.read_text().startswith("killed")
            return hit, hit, result, f"{kind} {n}"
        n = self.moment(self.messages, self.idle_messages, left)
        at = self.dice.choice(("before", "after"))
        self.proxy.reset()
        if kind == "cut":
            direction, how = self.dice.choice("FB"), self.dice.choice(("close", "rst", "half"))
            at = self.dice.choice((at, "inside"))
            self.proxy.arm(conn=self.conn, dir=direction, n=n, at=at, k=3, how=how, keep=100)
            result = course.backfill(uri=self.proxy.uri(course.database))
            return self.proxy.hit(), False, result, f"{kind} {how} {direction} {at} message {n}"
        self.proxy.arm(conn=self.conn, dir="F", n=n, at=at, do="pause")
        process = course.start(*course.words(), uri=self.proxy.uri(course.database))
        hit = None
        while hit is None and process.poll() is None:
            hit = self.proxy.hit(0.05)
        if hit is not None:
            if not hit["pid"] and kind in ("crash", "terminate", "cancel"):
                # So early that its backend has not said its number: 0 would be all processes of ours.
                hit = None
            elif kind == "kill at a message":
                process.send_signal(signal.SIGKILL)
            elif kind == "interrupt":
                process.send_signal(signal.SIGINT)
            elif kind == "crash":
                crash(hit["pid"])
            else:
                course.ask(f"SELECT pg_{kind}_backend({hit['pid']})")
            with contextlib.suppress(ValueError):
                self.proxy.tell("go")
        return hit, hit is not None and kind == "kill at a message", course.end(process), f"{kind} {at} message {n}"

    def go(self, tally, wanted, kinds=None, crash=None, in_the_middle=0):
        """Rounds of a course, each disturbed until it comes through or some times, then let run to its end. How often it was hit
        behind a batch of that run, which then came to no end; at least in_the_middle times."""
        middle = 0
        while (tally.hit < wanted or middle < in_the_middle) and sum(tally.broken.values()) < 10:
            self.course.reset()
            left = ROWS
            for _ in range(8):
                hit, killed, result, point = self.disturb(left, kinds or KINDS, crash)
                tally.count(hit, result)
                point = f"seed {SEED}: {point}, {left} rows left"
                state = self.course.check(result, tally, point, killed)
                before, left = left, ROWS - (state["rows_done"] if state else 0)
                middle += bool(hit) and 0 < left < before
                if left == 0:
                    break
            self.course.converge(tally, f"after {point}")
        return middle


class KillTest(faultlib.FaultTest):
    def test_at_random_moments(self):
        print(f"# PGBRAID_SEED={SEED}", flush=True)
        wanted = faultlib.full(FLOOR, FULL_FLOOR)
        tally = faultlib.Tally("B1 killed at random moments", floor=wanted, goal="as undisturbed")
        disturbers = [Disturber(self, self.server, f"w{number}", random.Random(SEED + number))
                      for number in range(faultlib.WORKERS)]
        with concurrent.futures.ThreadPoolExecutor(len(disturbers)) as pool:
            middle = sum(pool.map(lambda d: d.go(tally, wanted, in_the_middle=wanted // 10), disturbers))
        tally.note = f"{middle} of them behind batches of their run"
        print(f"# {tally.note}", flush=True)
        self.conclude(tally)

    def test_the_server_crashes(self):
        """Its own server: a backend killed hard makes it end all others and recover, as an immediate restart does."""
        server = servers.start_server(restart_after_crash="on", autovacuum="off")
        self.addCleanup(server.stop)
        wanted = faultlib.full(20, 200)
        tally = faultlib.Tally("B1 crashes of the server", floor=wanted, goal="as undisturbed")
        disturber = Disturber(self, server, "crash", random.Random(SEED))
        disturber.go(tally, wanted, ["crash"], lambda pid: os.kill(pid, signal.SIGKILL))
        self.conclude(tally)

    def test_a_standby_that_lags_is_promoted(self):
        """The server that answers after the loss has not all that this run had committed: it says so, and the next run
        goes on from what is there."""
        tally = faultlib.Tally("B1 promoted", floor=faultlib.full(3, 20), goal="told, and as undisturbed")
        dice = random.Random(SEED)
        for number in range(faultlib.full(3, 20)):
            with contextlib.ExitStack() as stack:
                primary = stack.enter_context(servers.private_server(wal_level="replica", max_wal_senders="4", autovacuum="off"))
                course = Course(self, primary, f"p{number}", 100, 5, 19)
                course.reset()
                standby = stack.enter_context(servers.standby_of(primary))
                proxy = faultlib.Proxy(course.folder / "p", primary)
                stack.callback(proxy.stop)
                self.lag(course, primary, standby, proxy, dice, tally)
        self.conclude(tally)

    def lag(self, course, primary, standby, proxy, dice, tally):
        host = f"host={proxy.dir},{standby.socket_dir}&port={primary.port},{standby.port}&user={primary.user}"
        uri = f"postgresql:///{course.database}?{host}&target_session_attrs=read-write"
        log = course.folder / "messages"
        proxy.reset()
        proxy.tell(f"log {log}")
        course.backfill(uri=uri)
        proxy.tell("log -")
        commits = [(m[0], m[2]) for m in messages(log) if m[1] == "F" and "COMMIT" in m[5]]
        self.assertGreater(len(commits), 20)
        conn, commits = commits[-1][0], [n for _, n in commits[-20:]]
        course.reset()
        # Its begin and some batches reach the standby, some more do not.
        proxy.reset()
        proxy.arm(conn=conn, dir="F", n=commits[6], at="after", do="pause")
        process = course.start(*course.words(), uri=uri)
        hit = proxy.hit(20)
        faultlib.wait_for(standby, f"SELECT pg_last_wal_replay_lsn() >= '{primary.execute('SELECT pg_current_wal_lsn()')[0][0]}'")
        standby.execute("ALTER SYSTEM SET primary_conninfo = ''")
        standby.execute("SELECT pg_reload_conf()")
        faultlib.wait_for(standby, "SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver)")
        proxy.arm(conn=conn, dir="F", n=commits[dice.randint(9, 13)], at=dice.choice(("before", "after")), do="pause")
        proxy.tell("go")
        hit = hit and proxy.hit(20)
        os.kill(primary.process, signal.SIGQUIT)
        course.connection.close()
        course.connection, course.server = None, standby
        while os.path.exists(f"{primary.socket_dir}/.s.PGSQL.{primary.port}"):
            time.sleep(0.01)
        standby.execute("SELECT pg_promote(true, 60)")
        faultlib.wait_for(standby, "SELECT NOT pg_is_in_recovery()")
        with contextlib.suppress(ValueError):
            proxy.tell("cut")
        proxy.stop()
        result = course.end(process)
        tally.count(hit, result)
        course.uri = standby.uri(course.database)
        # What it says that it did, it did, on the server that is gone.
        course.check(result, tally, "promoted", killed=True)
        if result.status != 1 or "lags behind the one before" not in result.stdout:
            tally.broke("wrong", "promoted", f"it does not say that the server lags: {result}")
        course.converge(tally, "promoted")

    def test_control(self):
        """The looking is of use: a batch whose record is missing, and one that is done twice, are seen."""
        course = Course(self, self.server, "control", 60, 5, 31)
        for spoil in ("INSERT INTO goals (session, person, item) SELECT session, person, item FROM goals LIMIT 1",
                      "DELETE FROM goals WHERE id = (SELECT max(id) FROM goals)",
                      "DELETE FROM pgbraid.backfill_done_{number} WHERE seq = 3",
                      "UPDATE pgbraid.backfill_outcome SET count = count + 1 WHERE outcome = 'goals'",
                      "DELETE FROM pgbraid.backfill_error WHERE key = (SELECT min(key) FROM pgbraid.backfill_error)"):
            with self.subTest(spoil):
                course.reset()
                course.backfill()
                number = course.ask("SELECT id FROM pgbraid.backfill")[0][0]
                self.assertEqual(course.problems(course.state()), [])
                course.ask(spoil.format(number=number))
                self.assertTrue(course.problems(course.state()))
        print("# control: each of 5 records that were spoilt was found")


if __name__ == "__main__":
    harness.main()
