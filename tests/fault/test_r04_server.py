#!/usr/bin/python3
"""R4: faults of the server: our backend terminated, its query cancelled, a crash of all backends with recovery, an
immediate shutdown with a restart; before and after every message that runs something, and during an index build."""

import contextlib
import os
import pwd
import signal
import subprocess
import threading
import time

import faultlib
import harness
import server as servers
import warden
from cutlib import CutTest

FLOOR, FULL_FLOOR = 50, 400
KINDS = ("ddl", "data", "copy", "cic", "enum", "several", "downgrade", "first")


def run_sql(server, sql, seconds=20):
    """On a new connection to the server's own database; tried again while the server comes back."""
    import psycopg2

    deadline = time.monotonic() + seconds
    while True:
        try:
            return server.execute(sql)
        except psycopg2.Error:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


class ServerFaultTest(CutTest):
    def statements(self, ground, committed=False):
        """[(n, at)] of the messages of connection 1 that make the server run something; committed: of those the two that follow
        a COMMIT, and the COMMIT's own."""
        found, near = [], 0
        for conn, direction, n, kind, _, text in self.record(ground):
            if conn != 1 or direction != "F":
                continue
            if "COMMIT" in text:
                near = 3
            if kind in "QSc":
                if near or not committed:
                    found += [(n, "before"), (n, "after")]
                near -= near > 0
        return found

    def at_statements(self, kind, tally, count, act, name, restartable=False, subject=None):
        """subject: a control, which is hit around its COMMITs."""
        ground = self.ground(kind, subject or faultlib.work())
        points = faultlib.spread(self.statements(ground, committed=subject is not None), count)

        def one(attempt, point, proxy):
            n, at = point
            proxy.reset()
            proxy.arm(conn=1, dir="F", n=n, at=at, do="pause")
            process = attempt.start(proxy.uri(attempt.database))
            hit = proxy.hit(20)
            if hit:
                act(ground.server, hit["pid"], lambda: proxy.tell("go"))
            result = attempt.end(process)
            tally.count(hit, result)
            if restartable:
                run_sql(ground.server, "SELECT 1", 60)
            faultlib.check_invariants(attempt, result, tally, f"{kind} {name} {at} message {n}")

        self.each_point(ground, points, one, tally, self.proxy_for)

    def control(self, act, name, count, restartable=False):
        """The build with its history in a second transaction, which the same points must catch: chance decides whether what was
        sent meets the gap, so they are gone through again until it did."""
        tally = faultlib.Tally(f"R4 control: split history, {name}", goal="caught")
        subject = faultlib.Subject(faultlib.tool("pgbraid-split-history"))
        for _ in range(8):
            if not tally.broken:
                self.at_statements("ddl", tally, count, act, name, restartable=restartable, subject=subject)
        self.conclude(tally, must_break=("half",))


def no_go():
    pass


def terminate(server, pid, go=no_go):
    run_sql(server, f"SELECT pg_terminate_backend({pid})")
    go()


def cancel(_, pid, go=no_go):
    """SIGINT, as pg_cancel_backend() sends it, again and again while the held message goes on: a backend that waits for its
    client takes no notice of one."""
    done = threading.Event()

    def send():
        with contextlib.suppress(ProcessLookupError):
            while not done.wait(0.0001):
                os.kill(pid, signal.SIGINT)

    sender = threading.Thread(target=send)
    sender.start()
    go()
    time.sleep(0.01)
    done.set()
    sender.join()


def crash(server, pid, go=no_go):
    """The postmaster ends all others and recovers; another connection shows when that has begun."""
    import psycopg2

    with contextlib.closing(server.connect()) as other, other.cursor() as cursor:
        os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(psycopg2.Error):
            while True:
                cursor.execute("SELECT 1")
                time.sleep(0.002)
    go()


class BackendTest(ServerFaultTest):
    """On the cluster of the other tests: only our backend is hit."""

    def test_terminated(self):
        tally = faultlib.Tally("R4 terminated", floor=faultlib.full(FLOOR // 2, FULL_FLOOR), goal="0 half, indexes mended")
        for kind in KINDS:
            self.at_statements(kind, tally, faultlib.full(5, 1000), terminate, "terminated")
        self.conclude(tally)

    def test_cancelled(self):
        tally = faultlib.Tally("R4 cancelled", floor=faultlib.full(16, FULL_FLOOR), goal="0 half, indexes mended")
        for kind in KINDS:
            self.at_statements(kind, tally, faultlib.full(3, 1000), cancel, "cancelled")
        self.conclude(tally)

    def test_control_terminated(self):
        self.control(terminate, "terminated", faultlib.full(8, 24))

    def test_control_cancelled(self):
        self.control(cancel, "cancelled", faultlib.full(8, 24))

    def index_build(self, name, act, tally):
        ground = self.ground("cic", faultlib.work())

        def one(attempt, point, _):
            import psycopg2

            # A writer that has not committed: the build waits for it, with its index made but not valid.
            with contextlib.closing(psycopg2.connect(attempt.uri)) as writer:
                writer.cursor().execute("LOCK TABLE app.person IN ROW EXCLUSIVE MODE")
                process = attempt.start()
                pid = self.building(attempt, process)
                tally.count(pid)
                if pid:
                    time.sleep(point / 100)
                    act(ground.server, pid)
                    time.sleep(0.02)
                writer.close()
            result = attempt.end(process)
            faultlib.check_invariants(attempt, result, tally, f"{name} during the index build {point}")

        self.each_point(ground, range(faultlib.full(3, 12)), one, tally)

    def building(self, attempt, process):
        """The backend that builds an index, once its invalid index is there."""
        with attempt.connection() as cursor:
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline and process.poll() is None:
                cursor.execute("SELECT pid FROM pg_stat_progress_create_index WHERE datname = current_database() "
                               "AND EXISTS (SELECT FROM pg_index WHERE NOT indisvalid)")
                found = cursor.fetchone()
                if found:
                    return found[0]
                time.sleep(0.01)
        return None

    def test_during_an_index_build(self):
        tally = faultlib.Tally("R4 during an index build", floor=6, goal="indexes mended by the next run")
        self.index_build("terminated", terminate, tally)
        self.index_build("cancelled", cancel, tally)
        self.conclude(tally)


class WholeServerTest(ServerFaultTest):
    """On a cluster of its own, one point at a time: all backends go."""

    def setUp(self):
        self.own = servers.start_server(autovacuum="off", restart_after_crash="on")
        self.addCleanup(self.own.stop)
        self.workers = faultlib.WORKERS
        faultlib.WORKERS = 1
        self.addCleanup(setattr, faultlib, "WORKERS", self.workers)
        self.again = None

    @property
    def server(self):
        return self.own

    def test_a_crash_of_all_backends(self):
        tally = faultlib.Tally("R4 crash", floor=8, goal="0 half, indexes mended")
        for kind in faultlib.full(("ddl", "several", "copy"), KINDS):
            self.at_statements(kind, tally, faultlib.full(4, 8, 30), crash, "crash", restartable=True)
        self.conclude(tally)

    def shut_down(self, server, _, go=no_go):
        """SIGQUIT to the postmaster, and a new one a moment later."""
        pid = self.again.pid if self.again else server.process
        os.kill(pid, signal.SIGQUIT)
        while self.alive(pid):
            time.sleep(0.01)
        threading.Timer(0.3, self.start_again, (server,)).start()
        go()

    def alive(self, pid):
        if self.again and pid == self.again.pid:
            return self.again.poll() is None
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                return file.read().rpartition(")")[2].split()[0] != "Z"
        except FileNotFoundError:
            return False

    def start_again(self, server):
        user = pwd.getpwnam(servers.USER) if os.geteuid() == 0 else None
        with open(server.log, "ab") as log:
            self.again = subprocess.Popen(
                [str(servers.bindir() / "postgres"), "-D", str(server.dir / "data")], cwd=server.dir,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=lambda: warden.become(user, 0))  # no death signal: it would come with the thread's end

        def end():
            if self.again.poll() is None:
                self.again.send_signal(signal.SIGQUIT)
            self.again.wait()

        self.addCleanup(end)

    def test_immediate_shutdown(self):
        tally = faultlib.Tally("R4 immediate shutdown", floor=4, goal="0 half, indexes mended")
        for kind in faultlib.full(("ddl", "several"), KINDS):
            self.at_statements(kind, tally, faultlib.full(2, 3, 8), self.shut_down, "immediate shutdown", restartable=True)
        self.conclude(tally)

    def test_control_immediate_shutdown(self):
        self.control(self.shut_down, "immediate shutdown", 8, restartable=True)


if __name__ == "__main__":
    harness.main()
