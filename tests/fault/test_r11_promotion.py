#!/usr/bin/python3
"""R11: the primary dies at a message and its standby is promoted, caught up or lagging behind what the primary had confirmed. The
URL names both, and the program goes on where it may: it never says "applied" of what the promoted server does not
have, builds nothing on a revision that was lost, and the next run converges."""

import contextlib
import os
import signal
import time

import faultlib
import harness
import kinds
import server as servers
from cutlib import CutTest

FLOOR, FULL = 4, 24


class Place:
    """What check_invariants' parts ask of an attempt, on a server of its own."""

    def __init__(self, kind, subject, server):
        self.kind, self.subject, self.server = kind, subject, server

    @contextlib.contextmanager
    def connection(self):
        with contextlib.closing(self.server.connect()) as connection, connection.cursor() as cursor:
            yield cursor


class PromotionTest(CutTest):
    def setUp(self):
        self.kind = kinds.kind("ddl")
        self.subject = faultlib.work()
        self.reference = self.ground(self.kind, self.subject)  # the states before and after, on another server

    def points(self, count):
        """Numbers of the client's messages that run something, the COMMITs among them, spread over the work."""
        seen = [m for m in self.record(self.reference) if m[0] == 1 and m[1] == "F"]
        runs = [(n, "COMMIT" in text) for _, _, n, kind, _, text in seen if kind in "PQS"]
        first = next(i for i, (_, commit) in enumerate(runs) if commit)
        return [n for n, _ in faultlib.spread(runs[max(0, first - 30):], count)]

    def die_and_promote(self, primary, standby):
        os.kill(primary.process, signal.SIGQUIT)
        deadline = time.monotonic() + 30
        while os.path.exists(f"{primary.socket_dir}/.s.PGSQL.{primary.port}") and time.monotonic() < deadline:
            time.sleep(0.01)
        # Not pg_promote(true): it waits with a snapshot, which what is still to be replayed may have to wait for in turn.
        standby.execute("SELECT pg_promote(false)")
        faultlib.wait_for(standby, "SELECT NOT pg_is_in_recovery()")

    def at(self, n, lagging, tally):
        point = f"message {n}, {'lagging' if lagging else 'caught up'}"
        with servers.private_server(wal_level="replica", max_wal_senders="4", autovacuum="off") as primary:
            primary.execute(faultlib.PROBE)
            folder = self.project(self.kind.before)
            self.run_plain(primary.uri(), folder)
            with servers.standby_of(primary) as standby:
                lsn = primary.execute("SELECT pg_current_wal_lsn()")[0][0]
                faultlib.wait_for(standby, f"SELECT pg_last_wal_replay_lsn() >= '{lsn}'")
                if lagging:
                    # What was received is what will be there; nothing more comes.
                    standby.execute("ALTER SYSTEM SET primary_conninfo = ''")
                    standby.execute("SELECT pg_reload_conf()")
                    faultlib.wait_for(standby, "SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver)")
                self.write(folder, self.kind.files())
                proxy = faultlib.Proxy(self.folder / f"p{n}{lagging:d}", primary)
                self.addCleanup(proxy.stop)
                self.work_and_judge(proxy, primary, standby, folder, n, tally, point)

    def run_plain(self, uri, folder):
        result = self.start_it(uri, folder)
        if result.status != 0:
            raise AssertionError(f"before any fault: {result}")

    def start_it(self, uri, folder, meanwhile=None):
        import subprocess

        begun = time.monotonic()
        process = subprocess.Popen(self.subject.argv(uri, ("upgrade",)), cwd=folder, env=self.environment(**self.subject.env),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if meanwhile:
            meanwhile()
        try:
            stdout, stderr = process.communicate(timeout=120)
            status = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            status = None
        return faultlib.Result(process.args, status, stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace"),
                               time.monotonic() - begun)

    def work_and_judge(self, proxy, primary, standby, folder, n, tally, point):
        uri = (f"postgresql:///postgres?host={proxy.dir},{standby.socket_dir}&port={primary.port},{standby.port}"
               f"&user={primary.user}&target_session_attrs=read-write")
        proxy.arm(conn=1, dir="F", n=n, at="before", do="pause")
        hits = []

        def meanwhile():
            hits.append(proxy.hit(30))
            self.die_and_promote(primary, standby)
            with contextlib.suppress(ValueError):
                proxy.tell("cut")
            # A dead machine answers nothing; libpq gives up where somebody answers and hangs up.
            proxy.stop()

        result = self.start_it(uri, folder, meanwhile)
        tally.count(hits[0], result)
        place = Place(self.kind, self.subject, standby)
        if result.status is None:
            tally.broke("hang", point, str(result))
        elif result.status not in faultlib.STATUSES:
            tally.broke("crash", point, str(result))
        with place.connection() as cursor:
            faultlib.wait_for(standby, "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'pgbraid%')")
            faultlib._check_half(place, cursor, tally, point)  # pylint: disable=protected-access
            applied = self.subject.applied(cursor)
            if result.status == 0 and applied != self.reference.applied_after:
                tally.broke("false success", point, f"applied {applied}; {result}")
            for above, below in (("b2", "b1"), ("b3", "b2")):
                if above in applied and below not in applied:
                    tally.broke("built on what was lost", point, f"applied {applied}; {result}")
            again = self.start_it(standby.uri(), folder)
            cursor.execute("SELECT probe.state()")
            state = cursor.fetchone()[0]
            if again.status != 0 or self.subject.applied(cursor) != self.reference.applied_after:
                tally.broke("not converging", point, f"{again}; the run before: {result}")
            elif state != self.reference.state_after:
                tally.broke("not converging", point, str(set(state.splitlines()) ^ set(self.reference.state_after.splitlines())))

    def test_promoted(self):
        tally = faultlib.Tally("R11", floor=faultlib.full(FLOOR, FULL) - 1, goal="never \"applied\" without the row")
        for i, n in enumerate(self.points(faultlib.full(FLOOR, FULL))):
            self.at(n, i % 2 == 0, tally)
        self.conclude(tally)

    def test_control_a_runner_that_goes_on_regardless(self):
        """The runner that takes a lost COMMIT for success says so of a server that never had it."""
        self.subject = faultlib.mini("blind")
        self.reference = self.ground(self.kind, self.subject)
        seen = [m for m in self.record(self.reference) if m[0] == 1 and m[1] == "F" and "COMMIT" in m[5]]
        tally = faultlib.Tally("R11 control", goal="caught")
        self.at(seen[-1][2], True, tally)
        self.conclude(tally, must_break=("false success",))


if __name__ == "__main__":
    harness.main()
