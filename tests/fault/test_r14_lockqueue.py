#!/usr/bin/python3
"""R14: a long reader, a migration's ALTER TABLE behind it, and a probing reader behind that: the probe is answered within
lock_timeout + 100 ms, and the migration is applied once the long reader has gone."""

import contextlib
import threading
import time

import faultlib
import harness
import kinds

LOCK_TIMEOUT_MS = 300
FILES = {
    **kinds.FIRST,
    "migrations/b1_alter.sql": kinds.native("b1", "a0", "ALTER TABLE app.person ADD COLUMN nickname text;",
                                            "ALTER TABLE app.person DROP COLUMN nickname;"),
}


class LockQueueTest(faultlib.FaultTest):
    def worst_probe(self, start_migration, seconds, tally, rounds):
        """The longest that a reader waited, in ms, while a long reader held the table and a migration wanted it."""
        import psycopg2

        worst = 0.0
        for number in range(rounds):
            uri = self.new_database()
            work = self.project(kinds.FIRST)
            self.pgbraid("upgrade", cwd=work, db=uri, check=True)
            self.write(work, FILES)
            with contextlib.closing(psycopg2.connect(uri)) as reader, \
                    contextlib.closing(psycopg2.connect(uri)) as probe:
                probe.autocommit = True
                reader.cursor().execute("SELECT count(*) FROM app.person")  # its lock stays until the end
                end = threading.Timer(seconds, reader.close)
                end.start()
                process = start_migration(work, uri)
                deadline = time.monotonic() + seconds + 20
                while process.poll() is None and time.monotonic() < deadline:
                    begin = time.monotonic()
                    with probe.cursor() as cursor:
                        cursor.execute("SELECT count(*) FROM app.person")
                    worst = max(worst, (time.monotonic() - begin) * 1000)
                    tally.count(True)
                    time.sleep(0.01)
                end.join()
                _, stderr = process.communicate(timeout=30)
                if process.returncode != 0:
                    tally.broke("wrong", f"round {number}", f"status {process.returncode}: {stderr}")
                elif not self.query(uri, f"SELECT {kinds.column('app.person', 'nickname')}")[0][0]:
                    tally.broke("false success", f"round {number}")
        return worst

    def test_the_application_is_not_queued(self):
        tally = faultlib.Tally("R14", floor=faultlib.full(100, 500), goal="probe within lock_timeout + 100 ms")

        def migration(work, uri):
            return self.start("upgrade", f"--lock-timeout={LOCK_TIMEOUT_MS}ms", cwd=work, db=uri)

        worst = self.worst_probe(migration, 3, tally, faultlib.full(1, 5))
        tally.note = f"slowest probe {worst:.0f} ms at lock_timeout {LOCK_TIMEOUT_MS} ms"
        tally.name = f"R14 ({tally.note})"
        if worst > LOCK_TIMEOUT_MS + 100:
            tally.broke("slow", "the probe", f"{worst:.0f} ms")
        self.conclude(tally)

    def test_control_without_a_lock_timeout(self):
        tally = faultlib.Tally("R14 control: psql without lock_timeout", goal="caught")
        import subprocess

        def migration(_, uri):
            return subprocess.Popen(["psql", "-XAtq", uri, "-c", "ALTER TABLE app.person ADD COLUMN nickname text"],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

        worst = self.worst_probe(migration, 1.5, tally, 1)
        if worst > LOCK_TIMEOUT_MS + 100:
            tally.broke("slow", "the probe", f"{worst:.0f} ms")
        self.conclude(tally, must_break=("slow",))


if __name__ == "__main__":
    harness.main()
