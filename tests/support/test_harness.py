#!/usr/bin/python3
"""The harness tests itself: what it promises, and above all what must be gone after a kill."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import harness
import server
import warden

STUB = """#!/bin/sh
# Stands in for the program.
case $1 in
env) env ;;
json) echo '{"heads": ["a"]}' ;;
fail) echo out; echo why >&2; exit 3 ;;
leak) exit 86 ;;
crash) kill -SEGV $$ ;;
sleep) exec sleep 100 ;;
cat) cat ;;
pwd) pwd ;;
linger) sleep 100 >/dev/null 2>&1 & ;;
args) for a; do echo "<$a>"; done ;;
-d) shift 2; exec "$0" "$@" ;;
esac
"""


def alive(pid):
    """Whether it runs; a zombie doesn't."""
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    return False


class Stubbed(harness.PgbraidTest):
    def setUp(self):
        self.stub = self.folder / "stub"
        self.stub.write_text(STUB, encoding="utf-8")
        self.stub.chmod(0o755)
        before = os.environ.get("PGBRAID_BIN")
        os.environ["PGBRAID_BIN"] = str(self.stub)

        def restore():
            if before is None:
                del os.environ["PGBRAID_BIN"]
            else:
                os.environ["PGBRAID_BIN"] = before

        self.addCleanup(restore)

    def until(self, condition, seconds=20):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True


class ProgramTest(Stubbed):
    def test_environment_is_clean(self):
        names = {"PGHOST": "elsewhere", "PGPASSWORD": "x", "DATABASE_URL": "postgres://elsewhere"}
        os.environ.update(names)
        try:
            seen = dict(line.split("=", 1) for line in self.pgbraid("env").stdout.splitlines())
        finally:
            for name in names:
                del os.environ[name]
        self.assertEqual([name for name in seen if name.startswith("PG") or name == "DATABASE_URL"], [])
        self.assertEqual(seen["LC_ALL"], "C.UTF-8")
        self.assertTrue(seen["HOME"].startswith(str(self.folder)))
        self.assertTrue(seen["TMPDIR"].startswith(str(self.folder)))
        more = self.pgbraid("env", env={"PGHOST": "/x", "HOME": None}).stdout
        self.assertIn("PGHOST=/x\n", more)
        self.assertNotIn("HOME=", more)

    def test_result(self):
        run = self.pgbraid("fail")
        self.assertEqual((run.returncode, run.stdout, run.stderr), (3, "out\n", "why\n"))
        self.assertEqual(self.pgbraid("json", db="x", check=True).json(), {"heads": ["a"]})
        self.assertEqual(self.pgbraid("cat", input="given\n").stdout, "given\n")
        self.assertEqual(self.pgbraid("cat").stdout, "")
        self.assertEqual(self.pgbraid("args", 1, Path("p")).stdout, "<args>\n<1>\n<p>\n")
        with self.assertRaisesRegex(AssertionError, "stdout is not JSON"):
            run.json()

    def test_check_shows_what_was_said(self):
        with self.assertRaisesRegex(AssertionError, r"(?s)exit status 3 instead of 0.*why"):
            self.pgbraid("fail", check=True)
        with self.assertRaisesRegex(AssertionError, "exit status 3 instead of 2"):
            self.expect(2, "fail")
        self.expect(3, "fail")

    def test_what_no_test_may_expect(self):
        with self.assertRaisesRegex(AssertionError, "sanitizer"):
            self.pgbraid("leak")
        with self.assertRaisesRegex(AssertionError, "killed by signal 11"):
            self.pgbraid("crash")
        with self.assertRaisesRegex(AssertionError, "not ended after 0.3 s"):
            self.pgbraid("sleep", timeout=0.3)

    def test_project(self):
        folder = self.project({"a/b.sql": "SELECT 1;\n", "raw": b"\xff"})
        self.assertEqual((folder / "a/b.sql").read_text(encoding="utf-8"), "SELECT 1;\n")
        self.assertEqual((folder / "raw").read_bytes(), b"\xff")
        self.assertNotEqual(self.project(), folder)
        self.assertEqual(self.pgbraid("pwd", cwd=folder).stdout.strip(), str(folder))

    def test_started_program_is_killed(self):
        process = self.start("sleep")
        self.assertTrue(alive(process.pid))
        self.doCleanups()
        self.assertFalse(alive(process.pid))


class ServerTest(Stubbed):
    def test_databases_are_new_and_dropped(self):
        first, second = self.new_database(), self.new_database()
        self.query(first, "CREATE TABLE t (x int)")
        self.assertEqual(self.query(second, "SELECT to_regclass('t')"), [(None,)])
        connection = self.connect(first)
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_database()")
            name = cursor.fetchone()[0]
        self.doCleanups()
        self.assertEqual(
            self.server.execute(f"SELECT count(*) FROM pg_database WHERE datname = '{name}'"), [(0,)])

    def test_unix_socket_only_and_not_root(self):
        self.assertEqual(self.server.execute("SHOW listen_addresses"), [("",)])
        self.assertLess(len(self.server.socket_dir) + len("/.s.PGSQL.5432"), 60)
        self.assertEqual(os.stat(self.server.socket_dir).st_mode & 0o777, 0o700)
        with open(f"/proc/{self.server.process}/status", encoding="ascii") as status:
            uids = next(line for line in status if line.startswith("Uid:")).split()[1:]
        self.assertNotIn("0", uids)

    def test_log_of_this_test_only(self):
        uri, other = self.new_database(), self.new_database()
        for target, mark in ((uri, "mine"), (other, "other")):
            self.query(target, f"DO $$BEGIN RAISE WARNING 'mark {mark}\nsecond line {mark}'; END$$")
        database = uri.split("/")[3].split("?")[0]
        lines = "\n".join(self.server.log_since(self._log_start, database))
        self.assertIn("mark mine", lines)
        self.assertIn("second line mine", lines)
        self.assertNotIn("other", lines)

    def test_private_server_with_settings_tcp_and_tls(self):
        with harness.private_server(tcp=True, ssl=True, wal_level="logical", max_connections=7) as own:
            self.assertEqual(own.execute("SHOW wal_level"), [("logical",)])
            self.assertEqual(own.execute("SHOW max_connections"), [("7",)])
            uri = own.uri(tcp=True, sslmode="verify-full", sslrootcert=str(own.dir / "server.crt"))
            self.assertEqual(
                self.query(uri, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"), [(True,)])
            pid, folder = own.process, own.dir
        self.assertFalse(alive(pid))
        self.assertFalse(folder.exists())

    def test_standby(self):
        with harness.private_server() as primary, harness.standby_of(primary) as standby:
            self.assertEqual(standby.execute("SELECT pg_is_in_recovery()"), [(True,)])
            primary.execute("CREATE TABLE streamed AS SELECT 1 AS x")
            self.assertTrue(self.until(
                lambda: standby.execute("SELECT to_regclass('streamed') IS NOT NULL") == [(True,)]))

    def test_pgbouncer(self):
        name = self.new_database().split("/")[3].split("?")[0]
        with harness.pgbouncer(self.server, mode="transaction", default_pool_size=1) as pool:
            self.assertEqual(pool.execute("SELECT current_database()", name), [(name,)])
            self.assertIn(("pool_mode", "transaction"),
                          [row[:2] for row in pool.execute("SHOW CONFIG", "pgbouncer")])
            # Two clients on one backend: what a session lock must not survive.
            one, two = self.connect(pool.uri(name)), self.connect(pool.uri(name))
            pids = []
            for connection in (one, two):
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_backend_pid()")
                    pids.append(cursor.fetchone()[0])
            self.assertEqual(pids[0], pids[1])


OWNER = """
import sys, time
sys.path.insert(0, {support!r})
import harness, server
with server.private_server() as own:
    print(own.process, own.dir, own.owned.warden.pid, flush=True)
    time.sleep(100)
"""


class EndingTest(Stubbed):
    """Nothing stays, however the owner ends."""

    def owner(self):
        code = OWNER.format(support=str(server.SUPPORT))
        process = subprocess.Popen(["/usr/bin/python3", "-c", code], stdout=subprocess.PIPE, text=True,
                                   start_new_session=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        postgres, folder, watcher = process.stdout.readline().split()
        self.assertTrue(alive(postgres))
        return process, postgres, Path(folder), watcher

    def gone(self, postgres, folder):
        self.assertTrue(self.until(lambda: not alive(postgres)), "the server still runs")
        self.assertTrue(self.until(lambda: not folder.exists()), "its folder is still there")

    def test_owner_killed(self):
        process, postgres, folder, _ = self.owner()
        process.send_signal(signal.SIGKILL)
        self.gone(postgres, folder)

    def test_owners_group_killed(self):
        process, postgres, folder, _ = self.owner()
        os.killpg(process.pid, signal.SIGKILL)
        self.gone(postgres, folder)

    def test_owner_interrupted(self):
        process, postgres, folder, _ = self.owner()
        process.send_signal(signal.SIGTERM)
        self.gone(postgres, folder)

    def test_warden_killed(self):
        process, postgres, folder, watcher = self.owner()
        os.kill(int(watcher), signal.SIGKILL)
        self.assertTrue(self.until(lambda: not alive(postgres)), "the server outlived its warden")
        process.kill()
        # The next warden sweeps what is old enough.
        os.utime(folder, (0, 0))
        with server.Owned({}):
            pass
        self.assertFalse(folder.exists())

    def test_with_server_killed(self):
        process = subprocess.Popen(
            ["/usr/bin/python3", str(server.SUPPORT / "with_server.py"), "sh", "-c",
             'echo $$; echo "$PGBRAID_TEST_SERVER"; exec sleep 100'],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        command = process.stdout.readline().strip()
        shared = json.loads(process.stdout.readline())
        self.assertTrue(alive(shared["process"]))
        process.kill()
        self.gone(shared["process"], Path(shared["socket_dir"]).parent)
        self.assertTrue(self.until(lambda: not alive(command)), "the command still runs")

    def test_with_server_passes_the_exit_status_on(self):
        done = subprocess.run(["/usr/bin/python3", str(server.SUPPORT / "with_server.py"), "sh", "-c", "exit 5"],
                              check=False)
        self.assertEqual(done.returncode, 5)

    def test_failed_start_leaves_nothing(self):
        before = {name for name in os.listdir("/tmp") if name.startswith(warden.PREFIX)}
        with self.assertRaisesRegex(RuntimeError, "did not start"):
            server.start_server(shared_buffers="nonsense")
        after = {name for name in os.listdir("/tmp") if name.startswith(warden.PREFIX)}
        self.assertEqual(after - before, set())


class ReportingTest(Stubbed):
    """What main() says about a module whose tests fail in every way there is."""

    def tap(self, body, *arguments):
        module = self.folder / "test_made_up.py"
        module.write_text(
            f"import sys\nsys.path.insert(0, {str(server.SUPPORT)!r})\nimport harness, subprocess, unittest\n"
            + textwrap.dedent(body) + "\nharness.main()\n", encoding="utf-8")
        done = subprocess.run(["/usr/bin/python3", str(module), *arguments], capture_output=True, text=True,
                              check=False, env={**os.environ, "PGBRAID_BIN": str(self.stub)})
        return done.returncode, done.stdout

    def test_every_kind_of_failure(self):
        status, out = self.tap("""
            class T(harness.PgbraidTest):
                def test_a_good(self): pass
                def test_b_fails(self):
                    self.pgbraid("fail")
                    self.assertEqual(1, 2)
                def test_c_raises(self): 1 / 0
                @unittest.skip("no time")
                def test_d_skipped(self): pass
                @unittest.expectedFailure
                def test_e_expected(self): self.fail()
                @unittest.expectedFailure
                def test_f_unexpected(self): pass
                def test_g_subtests(self):
                    for i in range(3):
                        with self.subTest(i=i): self.assertNotEqual(i, 1)
                def test_h_leaves_a_process(self): self.pgbraid("linger")
                def test_i_logs(self):
                    uri = self.new_database()
                    self.query(uri, "DO $$BEGIN RAISE WARNING 'a sign'; END$$")
                    self.fail()
            """)
        self.assertEqual(status, 1)
        results = [line for line in out.splitlines() if line.startswith(("ok", "not ok"))]
        self.assertEqual(results, [
            "ok 1 - T.test_a_good", "not ok 2 - T.test_b_fails", "not ok 3 - T.test_c_raises",
            "not ok 4 - T.test_d_skipped", "not ok 5 - T.test_e_expected", "not ok 6 - T.test_f_unexpected",
            "not ok 7 - T.test_g_subtests", "not ok 8 - T.test_h_leaves_a_process", "not ok 9 - T.test_i_logs"])
        self.assertEqual(out.splitlines()[-1], "1..9")
        for part in ("# stderr:\n# why", "ZeroDivisionError", "skipped (no time)", "(i=1)",
                     "processes were left behind", "a sign"):
            self.assertIn(part, out)

    def test_fixture_that_fails(self):
        status, out = self.tap("""
            class T(harness.PgbraidTest):
                @classmethod
                def setUpClass(cls): raise OSError("no ground")
                def test_a(self): pass
            """)
        self.assertEqual(status, 1)
        self.assertIn("not ok 1 - setUpClass", out)

    def test_no_test_is_a_failure(self):
        status, out = self.tap("")
        self.assertEqual((status, out.splitlines()[1]), (1, "not ok 1 - no test in this module"))

    def test_good_module_and_a_choice(self):
        body = """
            class T(harness.PgbraidTest):
                def test_a(self): pass
                def test_b(self): pass
            """
        self.assertEqual(self.tap(body), (0, "TAP version 13\nok 1 - T.test_a\nok 2 - T.test_b\n1..2\n"))
        self.assertEqual(self.tap(body, "-k", "b"), (0, "TAP version 13\nok 1 - T.test_b\n1..1\n"))


if __name__ == "__main__":
    sys.exit(harness.main())
