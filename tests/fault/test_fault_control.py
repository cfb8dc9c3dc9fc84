#!/usr/bin/python3
"""The harnesses themselves, on a runner that is known: they pass it when it is right, and catch it when it is wrong."""

import contextlib
import signal
import subprocess
import time
from pathlib import Path

import faultlib
import harness
from cutlib import CutTest


class MiniRunnerTest(CutTest):
    """The harness itself, on a runner that is known: right when it is right, caught when it is wrong."""

    def test_a_right_runner_passes(self):
        tally = faultlib.Tally("mini runner", floor=30)
        for kind in ("ddl", "downgrade", "first"):
            self.cut_everywhere(kind, faultlib.mini(), tally, 14)
        self.conclude(tally)

    def test_split_history_is_caught(self):
        tally = faultlib.Tally("mini runner, split history")
        self.cut_everywhere("data", faultlib.mini("split"), tally, 40)
        self.conclude(tally, must_break=("half",))

    def test_blind_success_is_caught(self):
        tally = faultlib.Tally("mini runner, blind")
        self.cut_everywhere("data", faultlib.mini("blind"), tally, 40)
        self.conclude(tally, must_break=("false success",))


def descendants(pid):
    """{id: (name, when it began)} of a process's children, theirs, and so on."""
    parents, found = {}, {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            name, _, rest = (entry / "stat").read_text(encoding="utf-8", errors="replace").partition("(")[2].rpartition(")")
            words = rest.split()
            if entry.name.isdigit() and words[0] != "Z":
                parents.setdefault(int(words[1]), []).append((int(entry.name), (name, words[19])))
    todo = [pid]
    while todo:
        for child, what in parents.get(todo.pop(), []):
            found[child] = what
            todo.append(child)
    return found


class TortureTest(harness.PgbraidTest):
    """The driver of the full figures: each of its rows is there, what it does not know is refused, a goal that is missed is its
    exit status, and nothing is left of it when it is interrupted."""

    BUILT = faultlib.TOOLS.parent.parent

    def build(self, program=None):
        """A build folder of the test's own, where the driver keeps its files."""
        folder = self.folder / "build"
        folder.mkdir()
        for name in ("tests", "src"):
            (folder / name).symlink_to(self.BUILT / name)
        (folder / "pgbraid").symlink_to(program or self.BUILT / "pgbraid")
        return folder

    def torture(self, *words, build=BUILT):
        return subprocess.run(self.argv(*words), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                              env=self.environment(PGBRAID_TORTURE_BUILD=build))

    def argv(self, *words):
        return ["/usr/bin/python3", str(harness.ROOT / "tests" / "torture"), *words]

    def test_a_goal_that_is_reached_and_one_that_is_missed(self):
        run = self.torture("R12", "R16", build=self.build("/bin/false"))
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertIn("goals missed: R12", run.stdout)
        self.assertRegex(run.stdout, r"\| R16 \|.*\d+ files with \d+ statements equal")

    def test_nothing_is_left_when_it_is_interrupted(self):
        build = self.build()
        for number, status in ((signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)):
            with subprocess.Popen(self.argv("R6"), stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
                                  env=self.environment(PGBRAID_TORTURE_BUILD=build)) as process:
                deadline = time.monotonic() + 60
                began = {}
                while time.monotonic() < deadline and sum(name == "postgres" for name, _ in began.values()) < 8:
                    time.sleep(0.05)
                    began.update(descendants(process.pid))
                self.assertIn("postgres", {name for name, _ in began.values()})
                process.send_signal(number)
                text = process.communicate(timeout=90)[0].decode()
                self.assertEqual(process.returncode, status, text)
            deadline = time.monotonic() + (60 if number == signal.SIGKILL else 0)
            while (left := self.alive(began)) and time.monotonic() < deadline:
                time.sleep(0.05)
            self.assertEqual(left, {}, f"{number.name}: {text}")

    def alive(self, began):
        left = {}
        for pid, (name, when) in began.items():
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                if words[19] == when and words[0] != "Z":
                    left[pid] = name
        return left

    def test_every_row_has_its_test(self):
        run = self.torture("--list")
        self.assertEqual(run.returncode, 0, run.stderr)
        rows = run.stdout.splitlines()
        self.assertEqual([row.split()[0] for row in rows], [f"R{n}" for n in range(1, 25) if n != 23] + ["B1", "B2"])
        self.assertNotIn("not built", run.stdout)

    def test_an_unknown_row(self):
        run = self.torture("R99")
        self.assertEqual(run.returncode, 2)
        self.assertIn("no row R99", run.stderr)


if __name__ == "__main__":
    harness.main()
