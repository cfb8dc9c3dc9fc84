#!/usr/bin/python3
"""R9: every file operation of ours fails, with the error that a disk, a quota or a permission gives: a clean error, and
nothing of a revision was sent if it could not be read."""

import errno

import faultlib
import harness

FLOOR, FULL_FLOOR = 100, 600
ERRORS = (errno.EIO, errno.ENOSPC, errno.EACCES)
READING = ("open", "openat", "open64", "openat64", "read", "pread", "pread64", "fdopendir", "opendir", "readdir",
           "readdir64", "fstat", "fstat64", "lseek", "lseek64")


class FileTest(faultlib.FaultTest):
    def fail_at(self, attempt, at, number, short=False):
        report, log = attempt.folder / "report", attempt.folder / "log"
        for path in (report, log):
            path.unlink(missing_ok=True)
        env = {"LD_PRELOAD": faultlib.tool("failfile.so"), "FAILFILE_REPORT": report, "FAILFILE_LOG": log,
               "FAILFILE_ERRNO": number}
        if at:
            env["FAILFILE_AT"] = at
        if short:
            env["FAILFILE_SHORT"] = 1
        result = attempt.run(env=env)
        operations = [line.split()[1] for line in log.read_text().splitlines()] if log.exists() else []
        return result, operations, report.read_text() if report.exists() else ""

    def everywhere(self, kind, subject, tally, count, name):
        ground = self.ground(kind, subject)
        attempt = ground.attempt()
        attempt.reset()
        result, operations, _ = self.fail_at(attempt, None, 0)
        self.assertEqual(result.status, 0, f"counted, without a fault: {result}")
        points = [(at, number) for at in range(1, len(operations) + 1) for number in ERRORS]

        def one(attempt, point, _):
            at, number = point
            result, seen, report = self.fail_at(attempt, at, number)
            hit = " failed 1 " in report
            tally.count(hit, result)
            what = seen[at - 1] if len(seen) >= at else "?"
            where = f"{name} operation {at} ({what}) {errno.errorcode[number]}"
            faultlib.check_invariants(attempt, result, tally, where)

        self.each_point(ground, faultlib.spread(points, count), one, tally)

    def test_every_operation(self):
        tally = faultlib.Tally("R9", floor=faultlib.full(FLOOR, FULL_FLOOR), goal="clean error, no SQL sent if reading failed")
        for kind in ("first", "copy", "several", "downgrade"):
            self.everywhere(kind, faultlib.plain(), tally, faultlib.full(34, 2000), kind)
        self.conclude(tally)

    def test_nothing_is_sent_of_a_file_that_could_not_be_read(self):
        """The server's own log is asked what it was told. All is read and parsed before the first BEGIN; what fails later,
        while a file streams by again, is rolled back, as check_invariants() sees."""
        tally = faultlib.Tally("R9 nothing sent", floor=8, goal="no SQL sent if reading failed")
        ground = self.ground("ddl", faultlib.plain())
        attempt = ground.attempt()
        attempt.reset()
        _, operations, _ = self.fail_at(attempt, None, 0)
        reads = [n for n, what in enumerate(operations, 1) if what in READING]
        marks = ("app.city", "app.adult", "app.street")
        silent = []
        for at in faultlib.spread(reads, faultlib.full(24, 400)):
            attempt.reset()
            ground.execute(f'ALTER DATABASE "{attempt.database}" SET log_statement = \'all\'')
            start = self.server.log_size()
            result, _, report = self.fail_at(attempt, at, errno.EIO)
            sent = [line for line in self.server.log_since(start, attempt.database) if any(m in line for m in marks)]
            tally.count(" failed 1 " in report, result)
            if result.status not in (0, 4) and not sent:
                silent.append(at)
            elif sent and result.status != 0 and "while applying" not in result.stderr:
                tally.broke("wrong", f"operation {at} ({operations[at - 1]})", f"{sent[:2]}; {result}")
            faultlib.check_invariants(attempt, result, tally, f"operation {at}")
        # Two passes over each of the three files, and the folder, lie before the first statement.
        if len(silent) < len(reads) and max(silent, default=0) < 30:
            tally.broke("wrong", "the first statement is sent too early", f"after operation {max(silent, default=0)}")
        self.conclude(tally)

    def test_control_an_error_taken_for_the_end(self):
        tally = faultlib.Tally("R9 control: read errors ignored", goal="caught")
        self.everywhere("data", faultlib.mini("truncate"), tally, 200, "data")
        self.conclude(tally, must_break=("half", "false success", "not converging"))


if __name__ == "__main__":
    harness.main()
