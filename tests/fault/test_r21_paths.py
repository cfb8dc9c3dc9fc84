#!/usr/bin/python3
"""R21: links, FIFOs, devices, folders and `../` in and around the migrations folder: nothing outside it is read, nothing
is waited for."""

import os
import subprocess

import faultlib
import harness
import kinds

CANARY = "CREATE TABLE canary_of_the_outside (id int);\n"


class PathsTest(faultlib.FaultTest):
    def setUp(self):
        self.tally = faultlib.Tally("R21", goal="nothing read outside it")
        self.outside = self.folder / "outside"
        self.outside.mkdir()
        (self.outside / "canary.sql").write_text("-- pgbraid:revision z9\n-- pgbraid:up\n" + CANARY)
        (self.outside / "002_canary.sql").write_text(CANARY)
        (self.outside / "002_canary.down.sql").write_text(CANARY)

    def opened(self, work, *command, uri):
        """Runs a command under strace: its result, and which files of the outside it opened and did not refuse."""
        trace = self.folder / "trace"
        run = subprocess.run(
            ["strace", "-f", "-y", "-e", "trace=open,openat,openat2,read,pread64", "-o", str(trace),
             faultlib.tool("pgbraid-plain"), "-d", uri, *command],
            cwd=work, env=self.environment(), capture_output=True, text=True, errors="replace",
            stdin=subprocess.DEVNULL, timeout=60, check=False)
        lines = trace.read_text(errors="replace").splitlines()
        reads = [line for line in lines if ("read(" in line or "pread64(" in line) and "/outside/" in line]
        return run, reads

    def attack(self, name, build, refused=True, layout="native"):
        work = self.project(kinds.FIRST if layout == "native" else {"migrations/001_a.sql": "CREATE TABLE a (b int);\n"})
        uri = self.new_database()
        build(work)
        for command in (("heads",), ("history",), ("status",), ("upgrade",)):
            try:
                run, reads = self.opened(work, *command, uri=uri)
            except subprocess.TimeoutExpired:
                self.tally.broke("hang", f"{name} {command}")
                continue
            self.tally.count(True)
            if reads:
                self.tally.broke("read outside", f"{name} {command}", reads[0])
            if "canary_of_the_outside" in run.stdout + run.stderr:
                self.tally.broke("read outside", f"{name} {command}", run.stdout + run.stderr)
            if refused and (run.returncode != 2 or not run.stderr.strip()):
                self.tally.broke("wrong", f"{name} {command}", f"status {run.returncode}: {run.stderr}")
            if not refused and run.returncode != 0:
                self.tally.broke("wrong", f"{name} {command}", f"status {run.returncode}: {run.stderr}")
        if self.query(uri, "SELECT to_regclass('canary_of_the_outside') IS NOT NULL")[0][0]:
            self.tally.broke("read outside", name, "and applied")

    def test_what_stands_in_the_folder(self):
        folder = "migrations"
        self.attack("a link to a file outside",
                    lambda w: os.symlink(self.outside / "canary.sql", w / folder / "z9_canary.sql"))
        self.attack("a relative link", lambda w: os.symlink("../../outside/canary.sql", w / folder / "z9_canary.sql"))
        self.attack("a link inside", lambda w: os.symlink("a0_base.sql", w / folder / "z9_again.sql"))
        self.attack("a dangling link", lambda w: os.symlink("nowhere.sql", w / folder / "z9.sql"))
        self.attack("a link loop", lambda w: os.symlink("z9.sql", w / folder / "z9.sql"))
        self.attack("a FIFO", lambda w: os.mkfifo(w / folder / "z9_fifo.sql"))
        self.attack("a folder", lambda w: (w / folder / "z9_folder.sql").mkdir())
        self.attack("a link to a device", lambda w: os.symlink("/dev/zero", w / folder / "z9_zero.sql"))
        self.attack("a link to a folder", lambda w: os.symlink(self.outside, w / folder / "z9_folder.sql"))

        def socket(work):
            import socket as sockets

            s = sockets.socket(sockets.AF_UNIX)
            os.chdir(work / folder)
            s.bind("z9.sql")
            os.chdir("/")
            s.close()

        self.attack("a socket", socket)
        self.attack("a numbered link", lambda w: os.symlink(self.outside / "002_canary.sql", w / folder / "002_canary.sql"),
                    layout="numbered")

        def down(work):
            (work / folder / "002_b.sql").write_text("CREATE TABLE b (c int);\n")
            os.symlink(self.outside / "002_canary.down.sql", work / folder / "002_b.down.sql")

        self.attack("a numbered link to a way back", down, layout="numbered")
        self.attack("a hidden link", lambda w: os.symlink(self.outside / "canary.sql", w / folder / ".z9.sql"),
                    refused=False)
        self.attack("a folder without .sql", lambda w: (w / folder / "old").mkdir(), refused=False)
        self.conclude(self.tally)

    def test_a_link_changed_under_a_running_program(self):
        """A file becomes a link between the reading of the folder and that of the file: O_NOFOLLOW sees it."""
        uri = self.new_database()
        for number in range(faultlib.full(10, 60)):
            work = self.project({**kinds.FIRST, "migrations/b1_x.sql": kinds.native("b1", "a0", "SELECT 1;", "SELECT 1;")})
            path = work / "migrations" / "b1_x.sql"
            process = subprocess.Popen([faultlib.tool("pgbraid-plain"), "-d", uri, "upgrade", "--dry-run"], cwd=work,
                                       env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
            for _ in range(20 + number * 5):
                os.symlink(self.outside / "canary.sql", work / "swap")
                os.rename(work / "swap", path)
                (work / "swap").write_text(kinds.native("b1", "a0", "SELECT 1;", "SELECT 1;"))
                os.rename(work / "swap", path)
            stdout, stderr = process.communicate(timeout=60)
            self.tally.count(True)
            if process.returncode not in (0, 2) or "z9" in stdout + stderr or "canary_of" in stdout + stderr:
                self.tally.broke("read outside", f"race {number}", f"{process.returncode} {stdout}{stderr}")
        self.conclude(self.tally)

    def test_down_names_and_arguments_stay_in_the_folder(self):
        work = self.project(kinds.FIRST)
        for name in ("../outside/canary", "../../outside/canary.sql", "/etc/passwd", "..", "migrations/a0_base.sql/.."):
            run = self.pgbraid("show", name, cwd=work)
            self.tally.count(True)
            if run.returncode != 2 or "canary_of" in run.stdout + run.stderr:
                self.tally.broke("read outside", name, str(run))
        self.conclude(self.tally)

    def test_control_a_program_that_follows_links(self):
        self.tally.name = "R21 control"
        trace = self.folder / "trace"
        os.symlink(self.outside / "canary.sql", self.folder / "link.sql")
        subprocess.run(["strace", "-y", "-e", "trace=openat,read", "-o", str(trace), "cat", str(self.folder / "link.sql")],
                       capture_output=True, check=True)
        if any("read(" in line and "/outside/" in line for line in trace.read_text().splitlines()):
            self.tally.broke("read outside", "cat")
        self.conclude(self.tally, must_break=("read outside",))


if __name__ == "__main__":
    harness.main()
