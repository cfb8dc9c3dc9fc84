#!/usr/bin/python3
"""The program on a terminal: colour, the moving line, the question before a downgrade. Elsewhere: none of it."""

import os
import pty
import re
import select
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import harness  # noqa: E402
from harness import PgbraidTest  # noqa: E402


class Terminal(PgbraidTest):
    def setUp(self):
        self.project_dir, self.db = self.copy_example("therapy"), self.new_database()

    def on_terminal(self, *arguments, answer=None, env=None, seconds=60):
        """Runs the program with all three descriptors on a terminal; gives what was shown, and the exit status."""
        ours, theirs = pty.openpty()
        process = self.start(*arguments, cwd=self.project_dir, db=self.db, stdin=theirs, stdout=theirs, stderr=theirs,
                             text=False, encoding=None, errors=None, env={"TERM": "xterm", **(env or {})})
        os.close(theirs)
        shown, end = b"", time.monotonic() + seconds
        while time.monotonic() < end:
            if not select.select([ours], [], [], 0.2)[0]:
                if process.poll() is not None:
                    break
                continue
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
            if answer is not None and b"[y/N] " in shown:
                os.write(ours, answer)
                answer = None
        status = process.wait(seconds)
        os.close(ours)
        return shown.decode("utf-8").replace("\r\n", "\n"), status

    def current(self):
        return self.expect(0, "current", "--format=json", cwd=self.project_dir, db=self.db).json()["current"]

    def test_progress_and_colour(self):
        shown, status = self.on_terminal("upgrade")
        self.assertEqual(status, 0, shown)
        self.assertIn("\033[36m7cce0565853d\033[0m", shown)
        self.assertRegex(shown, r" 1/12  upgrade \S*7cce0565853d\S*  auth tables \.\.\.")
        # what stays, once the moving line is overwritten
        lines = [re.sub(r"\033\[[0-9;]*m", "", line.rsplit("\r\033[K", 1)[-1]) for line in shown.strip("\n").split("\n")]
        steps = [line for line in lines if "  upgrade " in line]
        self.assertEqual(len(steps), 12, shown)
        for n, line in enumerate(steps, 1):
            self.assertRegex(line, rf"^ *{n}/12  upgrade \w+  .*  \([0-9.]+ m?s\)$")
        self.assertTrue(lines[-1].startswith("12 revisions upgraded in "), shown)

    def test_bar_of_prove(self):
        shown, status = self.on_terminal("prove", "--no-probes", "--no-rows", seconds=300)
        self.assertEqual(status, 0, shown)
        for way in ("up", "down", "up again"):  # the last of twelve: the bar is full
            self.assertRegex(shown, rf"\r\033\[K#{{24}} 12/12 {way} ")
        self.assertRegex(shown, r"\r\033\[K##\.{22} 1/12 up \033\[36m7cce0565853d\033\[0m")
        # it is overwritten before the findings come
        last = re.sub(r"\033\[[0-9;]*m", "", shown.rsplit("\r\033[K", 1)[-1])
        self.assertNotIn("/12 ", last)
        self.assertIn("0 failed, 0 not probed", last)
        shown, status = self.on_terminal("prove", "--no-probes", "--no-rows", "--no-progress", seconds=300)
        self.assertEqual(status, 0, shown)
        self.assertNotIn("/12 ", shown)

    def test_without_them(self):
        shown, status = self.on_terminal("upgrade", "--no-progress", env={"NO_COLOR": "1"})
        self.assertEqual(status, 0, shown)
        self.assertNotIn("\033", shown)
        self.assertNotIn("...", shown)
        shown, _ = self.on_terminal("status", "--color=never")
        self.assertNotIn("\033", shown)
        shown, _ = self.on_terminal("status", env={"TERM": "dumb"})
        self.assertNotIn("\033", shown)
        shown, _ = self.on_terminal("downgrade", "base", "-q", "--yes", env={"NO_COLOR": "1"})
        self.assertEqual(shown, "")

    def test_the_question(self):
        self.expect(0, "upgrade", cwd=self.project_dir, db=self.db)
        for answer in (b"n\n", b"\n", b"yeah\n", b"\x04"):
            shown, status = self.on_terminal("downgrade", "c3d4", answer=answer)
            self.assertEqual(status, 2, shown)
            self.assertIn("Revert these 7 revisions? [y/N] ", shown)
            self.assertEqual(len(self.current()), 3)
        shown, status = self.on_terminal("downgrade", "f6g7h8i9j0k1", answer=b"y\n")
        self.assertEqual(status, 0, shown)
        self.assertEqual(len(self.current()), 2)
        # one alone, --yes, --dry-run: nothing to ask
        for arguments in (["exports@-1"], ["d4e5f6g7h8i9^", "--yes"], ["base", "-n"]):
            shown, status = self.on_terminal("downgrade", *arguments)
            self.assertEqual(status, 0, shown)
            self.assertNotIn("[y/N]", shown)

    def test_nobody_is_asked_elsewhere(self):
        self.expect(0, "upgrade", cwd=self.project_dir, db=self.db)
        run = self.expect(0, "downgrade", "base", cwd=self.project_dir, db=self.db, input="n\n")
        self.assertNotIn("[y/N]", run.stderr)
        self.assertNotIn("\033", run.stderr)
        self.assertEqual(self.current(), [])


if __name__ == "__main__":
    harness.main()
