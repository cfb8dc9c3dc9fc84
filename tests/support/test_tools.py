#!/usr/bin/python3
"""tools/deps against a made-up dpkg and apt-get, and tools/test-summary against logs of every kind."""

import json
import os
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import harness

ROOT = harness.ROOT

STUBS = {
    # Everything in $STUB/installed is installed.
    "dpkg-query": """
for name; do
    if grep -qx "$name" "$STUB/installed"; then echo "installed $name"; fi
done
""",
    "apt-get": """
echo "$*" >>"$STUB/apt.log"
case " $* " in
*" update "*) touch "$STUB/updated" ;;
*" --download-only "*)
    if [ -e "$STUB/stale" ] && [ ! -e "$STUB/updated" ]; then echo "404 not found"; exit 100; fi ;;
*" --no-download "*)
    ls "$CONF" >"$STUB/seen"
    cat "$CONF"/*.conf >>"$STUB/seen"
    touch "$STUB/installing"
    if [ -e "$STUB/slow" ]; then sleep 2; fi
    if [ -e "$STUB/broken" ]; then echo "dpkg is unhappy"; exit 100; fi
    touch "$STUB/done" ;;
esac
""",
    "id": 'cat "$STUB/uid"\n',
    "sudo": 'if [ "$1" = -n ]; then exit 1; fi; exit 1\n',
}


class DepsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.stub = Path(folder.name)
        (self.stub / "bin").mkdir()
        for name, text in STUBS.items():
            path = self.stub / "bin" / name
            path.write_text("#!/bin/sh\n" + text, encoding="utf-8")
            path.chmod(0o755)
        self.conf = self.stub / "etc" / "createcluster.d"
        (self.stub / "uid").write_text("0\n", encoding="utf-8")
        groups = subprocess.run([ROOT / "tools/deps", "--list", "build", "lint"], check=True,
                                capture_output=True, text=True)
        self.all = groups.stdout.split()
        self.installed(self.all)

    def installed(self, names):
        (self.stub / "installed").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")

    def flag(self, name):
        (self.stub / name).touch()

    def start(self, *groups):
        environment = {"PATH": f"{self.stub}/bin:/usr/bin:/bin", "STUB": str(self.stub), "CONF": str(self.conf),
                       "PGBRAID_CREATECLUSTER_D": str(self.conf), "TMPDIR": str(self.stub)}
        return subprocess.Popen(["sh", ROOT / "tools/deps", *groups], env=environment, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                start_new_session=True)

    def deps(self, *groups):
        process = self.start(*groups)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def wait_for(self, path, there=True):
        deadline = time.monotonic() + 20
        while path.exists() != there:
            self.assertLess(time.monotonic(), deadline, f"{path} did not {'come' if there else 'go'}")
            time.sleep(0.02)

    def test_silent_when_nothing_is_missing(self):
        self.assertEqual(self.deps("build", "lint"), (0, "", ""))
        self.assertFalse((self.stub / "apt.log").exists())

    def test_installs_only_what_is_missing_and_says_so(self):
        self.installed([name for name in self.all if name not in ("gcc", "meson")])
        self.assertEqual(self.deps("build", "lint"), (0, "installing: gcc meson\n", ""))
        log = (self.stub / "apt.log").read_text(encoding="utf-8")
        self.assertTrue(all(line.endswith(" gcc meson") for line in log.splitlines()), log)
        self.assertNotIn("update", log)

    def test_no_cluster_main_during_the_install_and_no_trace_after(self):
        self.installed([])
        self.assertEqual(self.deps("build")[0], 0)
        seen = (self.stub / "seen").read_text(encoding="utf-8")
        self.assertIn("create_main_cluster = false", seen)
        self.assertFalse(self.conf.exists())
        self.assertFalse(self.conf.parent.exists())

    def test_other_peoples_settings_stay(self):
        self.conf.mkdir(parents=True)
        (self.conf / "mine.conf").touch()
        self.installed([])
        self.assertEqual(self.deps("build")[0], 0)
        self.assertEqual([path.name for path in self.conf.iterdir()], ["mine.conf"])

    def test_stale_lists_are_fetched_anew(self):
        self.installed([])
        self.flag("stale")
        self.assertEqual(self.deps("build")[0], 0)
        self.assertTrue((self.stub / "done").exists())

    def test_failed_install(self):
        self.installed([])
        self.flag("broken")
        status, _, err = self.deps("build")
        self.assertEqual(status, 1)
        self.assertIn("dpkg is unhappy", err)
        self.assertIn("could not be installed", err)
        self.assertFalse(self.conf.exists())

    def interrupted(self, end):
        self.installed([])
        self.flag("slow")
        process = self.start("build")
        self.wait_for(self.stub / "installing")
        end(process)
        process.communicate(timeout=60)
        self.wait_for(self.stub / "done")  # dpkg is not cut in the middle
        self.wait_for(self.conf, there=False)
        return process.returncode

    def test_interrupted_install(self):
        self.assertNotEqual(self.interrupted(lambda process: os.killpg(process.pid, signal.SIGINT)), 0)

    def test_terminated_install(self):
        self.assertNotEqual(self.interrupted(lambda process: os.killpg(process.pid, signal.SIGTERM)), 0)

    def test_killed_install(self):
        self.assertEqual(self.interrupted(lambda process: os.killpg(process.pid, signal.SIGKILL)), -9)

    def test_leftover_of_a_power_cut_is_removed(self):
        self.conf.mkdir(parents=True)
        (self.conf / "pgbraid-4194999.conf").touch()
        self.installed([])
        self.assertEqual(self.deps("build")[0], 0)
        self.assertEqual(list(self.conf.iterdir()), [])

    def test_without_rights_says_what_to_run(self):
        self.installed([])
        (self.stub / "uid").write_text("1000\n", encoding="utf-8")
        status, _, err = self.deps("build")
        self.assertEqual(status, 1)
        self.assertRegex(err, r"(?m)^    sh /.*/tools/deps --install gcc ")
        self.assertFalse((self.stub / "apt.log").exists())

    def test_unknown_group(self):
        self.assertEqual(self.deps("nonsense")[0], 2)


class SummaryTest(unittest.TestCase):
    def summary(self, *entries, listed=()):
        """entries: (name, protocol, result, returncode, stdout[, stderr])."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            with open(folder / "log", "w", encoding="utf-8") as log:
                for title, _, result, code, stdout, *stderr in entries:
                    json.dump({"name": f"pgbraid:pg / {title}", "stdout": stdout, "result": result,
                               "returncode": code, "command": ["run", title], "stderr": "".join(stderr)}, log)
                    log.write("\n")
            tests = [{"name": entry[0], "cmd": ["run", entry[0]], "protocol": entry[1]} for entry in entries]
            tests += [{"name": name, "cmd": ["run", name], "protocol": "tap"} for name in listed]
            (folder / "tests").write_text(json.dumps(tests), encoding="utf-8")
            done = subprocess.run(
                ["/usr/bin/python3", ROOT / "tools/test-summary", "--log", folder / "log", "--tests",
                 folder / "tests"], capture_output=True, text=True, check=False)
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout.splitlines()

    def fails(self, wanted, *entries, passed=0, failed=1, listed=()):
        status, lines = self.summary(*entries, listed=listed)
        self.assertEqual((status, lines[-1]), (1, f"{passed} passed, {failed} failed"), "\n".join(lines))
        self.assertIn(wanted, "\n".join(lines))

    def test_all_good(self):
        self.assertEqual(
            self.summary(("a", "tap", "OK", 0, "TAP version 13\n1..2\nok 1 - x\nok 2 - y\n"),
                         ("b", "exitcode", "OK", 0, "whatever")),
            (0, ["3 passed, 0 failed"]))

    def test_failed_case_with_its_words(self):
        self.fails("FAILED pg / a: y: failed\n    why\n",
                   ("a", "tap", "FAIL", 1, "1..2\nok 1 - x\nnot ok 2 - y\n# why\n"), passed=1)

    def test_skip_and_todo(self):
        self.fails("skipped, which counts as failed (no server)",
                   ("a", "tap", "SKIP", 0, "1..1\nok 1 - x # SKIP no server\n"))
        self.fails("marked TODO", ("a", "tap", "OK", 0, "1..1\nnot ok 1 - x # TODO later\n"))
        self.fails("skipped", ("a", "exitcode", "SKIP", 77, ""))
        self.fails("produced no test case", ("a", "tap", "SKIP", 0, "1..0 # skip all\n"))

    def test_crash(self):
        self.fails("killed by signal 11", ("a", "tap", "ERROR", -11, "ok 1 - x\nok 2 - y\n1..2\n"), passed=2)
        self.fails("reported 1", ("a", "tap", "ERROR", 0, "1..2\nok 1 - x\n"), passed=1)
        self.fails("exit status 3, though", ("a", "tap", "ERROR", 3, "1..1\nok 1 - x\n", "boom"), passed=1)
        self.fails("boom", ("a", "tap", "ERROR", 3, "1..1\nok 1 - x\n", "boom"), passed=1)
        self.fails("ran out of time", ("a", "tap", "TIMEOUT", -15, "1..1\nok 1 - x\n"), passed=1)
        self.fails("failed", ("a", "exitcode", "FAIL", 1, "last words"))

    def test_failing_cases_explain_the_exit_status(self):
        self.fails("failed", ("a", "tap", "ERROR", 1, "not ok 1 - x\n1..1\n"))

    def test_nothing_ran(self):
        self.fails("no test ran")
        self.fails("a: never ran", listed=["a"])


if __name__ == "__main__":
    harness.main()
