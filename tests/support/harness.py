"""What every test of the program stands on.

    import harness

    class UpgradeTest(harness.PgbraidTest):
        def test_all_heads(self):
            project = self.copy_example("therapy")
            uri = self.new_database()
            self.pgbraid("upgrade", cwd=project, db=uri, check=True)
            self.assertEqual(self.query(uri, "SELECT count(*) FROM pgbraid.…"), [(12,)])

    if __name__ == "__main__":
        harness.main()

The program is build-san/pgbraid, or what PGBRAID_BIN says. It runs in a clean environment. The server is the run's
shared private cluster (with_server.py), or one of this process's own, started at first use. Databases,
folders, and whatever still runs in them are gone after the test, and after a kill; a process that a test
leaves behind in its folders fails it. main() writes TAP, one line per test; a skip is a failure. Run a
module by hand:   tests/pg/test_upgrade.py [-k WORD] [-v]   (-v shows each run of the program)
"""

import argparse
import contextlib
import fnmatch
import itertools
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import server as servers  # noqa: E402
import warden  # noqa: E402
from server import ROOT, pgbouncer, private_server, standby_of  # noqa: E402,F401

__all__ = ["ROOT", "PgbraidTest", "Run", "main", "pgbouncer", "private_server", "program", "standby_of"]

# An exit status of the sanitizers' own: a leak must never pass for an expected failure.
SANITIZER_STATUS = 86
VERBOSE = False


def program():
    # PGBRAID_BUILT: meson's word for the folder that the tests run in.
    path = Path(os.environ.get("PGBRAID_BIN") or os.environ.get("PGBRAID_BUILT")
                or ROOT / "build-san" / "pgbraid")
    return path if path.is_absolute() else Path.cwd() / path


class Run:
    """One finished run of the program."""

    def __init__(self, argv, returncode, stdout, stderr, seconds):
        self.argv, self.returncode, self.stdout, self.stderr = argv, returncode, stdout, stderr
        self.seconds = seconds

    def json(self):
        """stdout, which must be exactly one JSON value."""
        try:
            return json.loads(self.stdout)
        except ValueError as problem:
            raise AssertionError(f"stdout is not JSON ({problem})\n{self}") from None

    def __str__(self):
        def part(name, text):
            return f"{name}:\n{text.rstrip()}\n" if text.strip() else f"{name}: nothing\n"

        return (f"$ {shlex.join(map(str, self.argv))}\nexit status {self.returncode}, {self.seconds:.2f} s\n"
                + part("stdout", self.stdout) + part("stderr", self.stderr))


class _Shared:
    """What one process has once: a folder for everything, and the server."""

    workspace = None
    server = None
    numbers = itertools.count(1)

    @classmethod
    def folder(cls):
        if cls.workspace is None:
            # 0755: the program, run as root, starts servers as another user, who must be able to enter.
            cls.workspace = servers.Owned({"mode": 0o755})
        return cls.workspace.dir

    @classmethod
    def cluster(cls):
        if cls.server is None:
            cls.server = servers.Server.from_environment() or servers.start_server()
        return cls.server

    @classmethod
    def stop(cls):
        if cls.server is not None:
            cls.server.stop()
        if cls.workspace is not None:
            cls.workspace.stop()
        cls.server = cls.workspace = None


class PgbraidTest(unittest.TestCase):
    maxDiff = None
    longMessage = True
    # After each upgrade and downgrade of an example that succeeds, `verify` must find the database as its revisions make
    # it. A test that changes the schema by hand, or counts what the server sees, sets this to False and says why.
    verify_examples = True

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self._folder = None
        self._database = None
        self._log_start = None
        self._examples = set()
        self.runs = []
        self.verified = 0

    # What the test has.

    @property
    def folder(self):
        """This test's own folder; gone after it."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(dir=_Shared.folder(), prefix="t"))
            os.chmod(self._folder, 0o755)
            for name, mode in (("home", 0o700), ("tmp", 0o1777)):
                (self._folder / name).mkdir()
                os.chmod(self._folder / name, mode)
            self.addCleanup(self._remove_folder)
        return self._folder

    def _remove_folder(self):
        left = []
        for pid in warden.processes_inside(str(self._folder)):
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
                    left.append(f"{pid} {file.read().replace(chr(0), ' ').strip()}")
        warden.kill_inside(str(self._folder))
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None
        if left:
            self.fail("processes were left behind (killed now):\n" + "\n".join(left))

    @property
    def server(self):
        """The shared cluster: socket_dir, port, log, user, process."""
        cluster = _Shared.cluster()
        if self._log_start is None:
            self._log_start = cluster.log_size()
        return cluster

    def new_database(self, template=None):
        """Creates a database and returns its URI; dropped after the test."""
        self._database = name = f"t{os.getpid()}_{next(_Shared.numbers)}"
        from_template = f" TEMPLATE {template}" if template else ""
        self.server.execute(f'CREATE DATABASE "{name}"{from_template}')
        self.addCleanup(self.server.execute, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        return self.server.uri(name)

    def connect(self, uri):
        """A psycopg2 connection in autocommit, closed after the test."""
        import psycopg2

        connection = psycopg2.connect(uri)
        connection.autocommit = True
        self.addCleanup(connection.close)
        return connection

    def query(self, uri, sql, parameters=None):
        """The rows of one statement on a connection of its own ([] where it has none)."""
        import psycopg2

        with contextlib.closing(psycopg2.connect(uri)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql, parameters)
                return cursor.fetchall() if cursor.description else []

    @contextlib.contextmanager
    def holding(self, uri, sql, parameters=None):
        """Within it the locks that a statement takes are held: what needs them stands still, however fast the machine is.
        Gives the function that lets go before the end."""
        import psycopg2

        with contextlib.closing(psycopg2.connect(uri)) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '30s'")
                cursor.execute(sql, parameters)
            yield connection.rollback

    def project(self, files=None, name="project"):
        """A folder with these files ({path: text or bytes})."""
        folder = self.folder / name
        if folder.exists():
            folder = self.folder / f"{name}{next(_Shared.numbers)}"
        folder.mkdir()
        self.write(folder, files or {})
        return folder

    @staticmethod
    def write(folder, files):
        for path, content in files.items():
            target = Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                target.write_bytes(content)
            else:
                target.write_text(content, encoding="utf-8")

    def copy_example(self, name):
        """A copy of examples/NAME."""
        source = ROOT / "examples" / name
        target = self.folder / name
        shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns(".pgbraid"))
        self._examples.add(target)
        return target

    def _verify_example(self, arguments, cwd, db, env):
        """After a run that succeeded: is the example's database what its revisions make?"""
        words = [str(argument) for argument in arguments]
        if not (self.verify_examples and db and cwd and Path(cwd) in self._examples and {"upgrade", "downgrade"} & set(words[:1])
                and not {"--dry-run", "--help", "-h"} & set(words)):
            return
        self.verified += 1
        run, runs = None, list(self.runs)
        try:
            run = self.pgbraid("verify", "--format", "json", cwd=cwd, db=db, env=env)
        finally:
            if run is not None and run.returncode == 0:
                self.runs = runs  # a test looks at its own
        if run.returncode != 0:
            self.fail(f"after `{shlex.join(words)}` verify does not find what the revisions make\n{run}")

    def cli(self):
        """The path of the program under test."""
        return program()

    def environment(self, **more):
        """What the program is run with: nothing of the caller's. A value of None takes a name out."""
        clean = {
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "TZ": "UTC",
            "HOME": str(self.folder / "home"), "TMPDIR": str(self.folder / "tmp"),
            "ASAN_OPTIONS": f"exitcode={SANITIZER_STATUS}:detect_leaks=1:abort_on_error=0",
            "UBSAN_OPTIONS": f"exitcode={SANITIZER_STATUS}:halt_on_error=1:print_stacktrace=1",
            "LSAN_OPTIONS": f"exitcode={SANITIZER_STATUS}",
        }
        for name in ("LLVM_PROFILE_FILE", "GCOV_PREFIX", "GCOV_PREFIX_STRIP"):
            if name in os.environ:
                clean[name] = os.environ[name]
        clean.update(more)
        return {name: str(value) for name, value in clean.items() if value is not None}

    def start(self, *arguments, cwd=None, db=None, env=None, **popen):
        """Starts the program and returns the Popen; killed after the test if it still runs then."""
        argv = [str(program()), *(["-d", db] if db else []), *map(str, arguments)]
        popen = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                 "text": True, "encoding": "utf-8", "errors": "replace", **popen}
        process = subprocess.Popen(argv, cwd=cwd or self.folder, env=self.environment(**(env or {})), **popen)

        def end():
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    with contextlib.suppress(OSError):
                        stream.close()

        self.addCleanup(end)
        return process

    def pgbraid(self, *arguments, cwd=None, db=None, check=False, env=None, input=None, timeout=120):
        """Runs the program to its end. db: a URI, given with -d. check: exit status 0 is asserted."""
        argv = [str(program()), *(["-d", db] if db else []), *map(str, arguments)]
        start = time.monotonic()
        process = subprocess.Popen(
            argv, cwd=cwd or self.folder, env=self.environment(**(env or {})), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, stdin=subprocess.PIPE if input is not None else subprocess.DEVNULL)
        if isinstance(input, str):
            input = input.encode()
        late = False
        try:
            stdout, stderr = process.communicate(input, timeout=timeout)
        except subprocess.TimeoutExpired:
            late = True
            process.kill()
            stdout, stderr = process.communicate()
        run = Run(argv, process.returncode, stdout.decode("utf-8", "replace"),
                  stderr.decode("utf-8", "replace"), time.monotonic() - start)
        self.runs.append(run)
        if VERBOSE:
            print("\n".join("# " + line for line in str(run).splitlines()), flush=True)
        if late:
            self.fail(f"not ended after {timeout} s\n{run}")
        if run.returncode == SANITIZER_STATUS:
            self.fail(f"a sanitizer found something\n{run}")
        if run.returncode < 0:
            self.fail(f"killed by signal {-run.returncode}\n{run}")
        if check and run.returncode != 0:
            self.fail(f"exit status {run.returncode} instead of 0\n{run}")
        if run.returncode == 0:
            self._verify_example(arguments, cwd, db, env)
        return run

    def expect(self, status, *arguments, **named):
        """Runs the program and asserts its exit status."""
        run = self.pgbraid(*arguments, **named)
        if run.returncode != status:
            self.fail(f"exit status {run.returncode} instead of {status}\n{run}")
        return run

    def context(self):
        """What a failed test shows beside its traceback."""
        lines = []
        if self.runs:
            lines += ["last run of the program:", *str(self.runs[-1]).splitlines()]
        if self._log_start is not None and _Shared.server is not None:
            log = _Shared.server.log_since(self._log_start, self._database)
            lines += [f"server log since the test began ({len(log)} lines):", *log[-200:]]
        return lines


def _show(text):
    for line in text.splitlines():
        print("# " + line)


class TapResult(unittest.TestResult):
    """One TAP line per test. What is not plainly passed, has failed."""

    def __init__(self):
        super().__init__()
        self.count = 0
        self.failed = 0
        self.problems = []
        self.context = []

    def startTest(self, test):
        super().startTest(test)
        self.problems, self.context = [], []

    def stopTest(self, test):
        super().stopTest(test)
        self.count += 1
        name = test.id().removeprefix("__main__.").replace("#", "")
        if self.problems:
            self.failed += 1
        print(f"{'not ok' if self.problems else 'ok'} {self.count} - {name}")
        for problem in self.problems:
            _show(problem)
        _show("\n".join(self.context))
        sys.stdout.flush()

    def _problem(self, test, text):
        self.problems.append(text)
        # Now, before the cleanups take the folder and the database away.
        if isinstance(test, PgbraidTest) and not self.context:
            self.context = test.context()

    def _raised(self, test, error):
        text = "".join(traceback.format_exception(*error))
        if not isinstance(test, unittest.TestCase):  # setUpClass, setUpModule: no startTest
            self.count += 1
            self.failed += 1
            print(f"not ok {self.count} - {str(test).replace('#', '')}")
            _show(text)
            return
        self._problem(test, text)

    def addError(self, test, err):
        self._raised(test, err)

    def addFailure(self, test, err):
        self._raised(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._problem(test, f"{subtest}\n" + "".join(traceback.format_exception(*err)))

    def addSkip(self, test, reason):
        text = f"skipped ({reason}); a skip counts as a failure"
        if isinstance(test, unittest.TestCase):
            self._problem(test, text)
        else:
            self.count += 1
            self.failed += 1
            print(f"not ok {self.count} - {test}")
            _show(text)

    def addExpectedFailure(self, test, err):
        self._problem(test, "expected to fail; that counts as a failure")

    def addUnexpectedSuccess(self, test):
        self._problem(test, "expected to fail, and passed")


def _all_tests(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from _all_tests(test)
        else:
            yield test


def run_suite(suite, pattern=None):
    """Runs and reports; the exit status."""
    if pattern:
        wanted = pattern if "*" in pattern else f"*{pattern}*"
        suite = unittest.TestSuite(test for test in _all_tests(suite) if fnmatch.fnmatch(test.id(), wanted))
    result = TapResult()
    print("TAP version 13", flush=True)
    try:
        suite.run(result)
    finally:
        _Shared.stop()
    if result.count == 0:
        result.count = result.failed = 1
        print("not ok 1 - no test in this module")
    print(f"1..{result.count}", flush=True)
    return 1 if result.failed else 0


def main(module="__main__"):
    global VERBOSE
    parser = argparse.ArgumentParser(description="Runs this module's tests and reports in TAP.")
    parser.add_argument("-k", dest="pattern", help="only tests whose name contains this")
    parser.add_argument("-v", dest="verbose", action="store_true", help="show each run of the program")
    options = parser.parse_args()
    VERBOSE = options.verbose
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[module])
    sys.exit(run_suite(suite, options.pattern))
