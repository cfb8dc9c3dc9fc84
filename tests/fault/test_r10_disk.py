#!/usr/bin/python3
"""R10: the server's disk has no room from a statement on: what runs in a transaction is rolled back, what does not leaves what
the next run mends once there is room; and the error says so. Without room for its log the server itself stops: then
it comes back, and so do we."""

import contextlib
import os

import faultlib
import harness
import server as servers
from test_r04_server import ServerFaultTest, run_sql

KINDS = ("data", "copy", "first", "several", "cic", "ddl")


class FullDiskTest(ServerFaultTest):
    where = "/base/"

    def setUp(self):
        self.own = servers.start_server(
            preload=faultlib.tool("fulldisk.so"), autovacuum="off", restart_after_crash="on",
            env={"FULLDISK_FLAG": "{dir}/s/full", "FULLDISK_IN": self.where})
        self.addCleanup(self.own.stop)
        self.flag = os.path.join(self.own.socket_dir, "full")
        self.workers = faultlib.WORKERS
        faultlib.WORKERS = 1  # the disk is full for all
        self.addCleanup(setattr, faultlib, "WORKERS", self.workers)
        self.refused = 0

    @property
    def server(self):
        return self.own

    def fill(self, *_):
        with open(self.flag, "w", encoding="ascii"):
            pass

    def room(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.flag)

    def without_room(self, kind, tally, count, subject=None, again=0):
        """The disk fills at a statement; what then fails is judged with room again."""
        ground = self.ground(kind, subject or faultlib.work())
        points = faultlib.spread(self.statements(ground), count)

        def one(attempt, point, proxy):
            n, at = point
            proxy.reset()
            proxy.arm(conn=1, dir="F", n=n, at=at, do="pause")
            process = attempt.start(proxy.uri(attempt.database))
            hit = proxy.hit(20)
            try:
                if hit:
                    self.fill()
                    with contextlib.suppress(ValueError):
                        proxy.tell("go")
                result = attempt.end(process, 90)
                for _ in range(again):  # and without room once more
                    attempt.run()
            finally:
                self.room()
            where = f"{kind} {at} message {n}"
            tally.count(hit, result)
            said = result.stderr + result.stdout
            if "53100" in said:
                self.refused += 1
                if "no space left" not in said.lower() or "room" not in said.lower():
                    tally.broke("wrong", where, f"it does not say what to do: {result}")
                if result.status != 1:
                    tally.broke("wrong", where, f"status {result.status}: {result}")
            run_sql(ground.server, "SELECT 1", 60)
            faultlib.check_invariants(attempt, result, tally, where)

        self.each_point(ground, points, one, tally, self.proxy_for)


class TableSpaceTest(FullDiskTest):
    def test_no_room_for_tables(self):
        tally = faultlib.Tally("R10", floor=faultlib.full(16, 100), goal="rolled back, or mended once there is room")
        for kind in KINDS:
            self.without_room(kind, tally, faultlib.full(4, 40), again=faultlib.full(0, 1))
        tally.note = f"{self.refused} runs met a full disk"
        if self.refused < faultlib.full(4, 30):
            tally.broke("wrong", "the fault", f"only {self.refused} runs met it")
        self.conclude(tally)

    def test_control_half_done(self):
        """psql without ON_ERROR_STOP goes on after the error and ends with 0: the effect of some statements only."""
        import subprocess

        tally = faultlib.Tally("R10 control: psql going on", goal="caught")
        uri = self.server.uri()
        self.query(uri, "CREATE TABLE much (a int)")
        self.fill()
        try:
            done = subprocess.run(["psql", "-Xq", uri, "-c", "INSERT INTO much SELECT generate_series(1, 100000)", "-c",
                                   "SELECT 1"], capture_output=True, text=True, check=False)
        finally:
            self.room()
        if done.returncode == 0 and self.query(uri, "SELECT count(*) FROM much") == [(0,)]:
            tally.broke("false success", "control", done.stderr)
        self.conclude(tally, must_break=("false success",))


class LogSpaceTest(FullDiskTest):
    where = "/pg_wal/"

    def test_no_room_for_the_log(self):
        """A new segment can't be made: the server panics and recovers, which needs room, too."""
        tally = faultlib.Tally("R10 log", floor=faultlib.full(3, 12), goal="resolved once there is room")
        for kind in faultlib.full(("data",), ("data", "copy", "several")):
            self.without_room(kind, tally, faultlib.full(4, 8))
        self.conclude(tally)


if __name__ == "__main__":
    harness.main()
