#!/usr/bin/python3
"""The tools that make the faults do what they say, and say what they did."""

import os
import subprocess
import time

import faultlib
import harness


class ProxyTest(faultlib.FaultTest):
    def setUp(self):
        self.database = self.new_database().split("/")[3].split("?")[0]
        self.proxy = faultlib.Proxy(self.folder / "p", self.server)
        self.addCleanup(self.proxy.stop)

    def psql(self, *commands, uri=None):
        words = [word for command in commands for word in ("-c", command)]
        return subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", uri or self.proxy.uri(self.database), *words],
                              capture_output=True, text=True, check=False, timeout=60)

    def direct(self, sql):
        return self.psql(sql, uri=self.server.uri(self.database)).stdout.strip()

    def test_messages_are_counted_and_logged(self):
        log = self.folder / "log"
        self.proxy.tell(f"log {log}")
        self.assertEqual(self.psql("SELECT 41 + 1", "CREATE TABLE t ()").stdout.strip(), "42")
        time.sleep(0.05)
        # Startup, two queries, Terminate.
        self.assertRegex(self.proxy.tell("report"), r"conns=1 cancels=0 1F=4 1B=\d+")
        text = log.read_text()
        self.assertIn("1 F 2 Q 19 SELECT 41 + 1", text)
        self.assertRegex(text, r"1 B \d+ C \d+ CREATE TABLE")

    def test_large_data_passes_unharmed(self):
        made = self.psql("SELECT repeat('0123456789', 2000000)").stdout
        self.assertEqual(len(made), 20000001)

    def test_before_a_message_the_server_has_not_seen_it(self):
        self.proxy.arm(dir="F", n=3, at="before")
        self.assertNotEqual(self.psql("CREATE TABLE a ()", "CREATE TABLE b ()").returncode, 0)
        hit = self.proxy.hit(1)
        self.assertEqual((hit["dir"], hit["n"], hit["type"]), ("F", 3, "Q"))
        self.assertEqual(self.direct("SELECT to_regclass('a') IS NOT NULL, to_regclass('b') IS NULL"), "t|t")

    def test_inside_a_message_it_was_not_run(self):
        self.proxy.arm(dir="F", n=2, at="inside", k=7, how="rst")
        self.assertNotEqual(self.psql("CREATE TABLE a ()").returncode, 0)
        self.assertIsNotNone(self.proxy.hit(1))
        self.assertEqual(self.direct("SELECT to_regclass('a') IS NULL"), "t")

    def test_a_lost_answer_is_of_work_that_was_done(self):
        self.proxy.arm(dir="B", type="C", match="COMMIT", at="before")
        run = self.psql("BEGIN", "CREATE TABLE a ()", "COMMIT")
        self.assertIn("server closed the connection unexpectedly", run.stderr)
        self.assertIsNotNone(self.proxy.hit(1))
        self.assertEqual(self.direct("SELECT to_regclass('a') IS NOT NULL"), "t")

    def test_half_leaves_the_server_side_open_for_a_while(self):
        self.proxy.arm(dir="F", n=3, at="before", how="half", keep=700)
        run = self.psql("BEGIN", "CREATE TABLE a ()")
        self.assertNotEqual(run.returncode, 0)
        count = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{self.database}' AND state ~ 'transaction'"
        self.assertEqual(self.direct(count), "1")
        time.sleep(1)
        self.assertEqual(self.direct(count), "0")

    def test_a_held_connection_waits_and_goes_on(self):
        self.proxy.arm(dir="F", n=2, at="before", do="pause")
        process = subprocess.Popen(["psql", "-XAtq", self.proxy.uri(self.database), "-c", "CREATE TABLE a ()"])
        self.assertGreater(self.proxy.hit(10)["pid"], 1)
        self.assertEqual(self.direct("SELECT to_regclass('a') IS NULL"), "t")
        self.proxy.tell("go")
        self.assertEqual(process.wait(10), 0)
        self.assertEqual(self.direct("SELECT to_regclass('a') IS NULL"), "f")

    def test_a_stopped_backend_commits_later(self):
        self.proxy.arm(dir="F", type="Q", match="COMMIT", at="after", stop=600)
        start = time.monotonic()
        self.assertNotEqual(self.psql("BEGIN", "CREATE TABLE a ()", "COMMIT").returncode, 0)
        self.assertEqual(self.direct("SELECT to_regclass('a') IS NULL"), "t")
        while self.direct("SELECT to_regclass('a') IS NULL") == "t" and time.monotonic() - start < 10:
            time.sleep(0.02)
        self.assertTrue(0.5 < time.monotonic() - start < 5)

    def test_a_byte_is_changed(self):
        self.proxy.arm(dir="B", type="D", do="mutate", k=11, xor=1)
        self.assertEqual(self.psql("SELECT 'abc'").stdout.strip(), "`bc")

    def test_a_cancel_request_arrives(self):
        process = subprocess.Popen(["psql", "-XAtq", self.proxy.uri(self.database), "-c", "SELECT pg_sleep(60)"],
                                   stderr=subprocess.PIPE, text=True)
        while "pg_sleep" not in self.direct(
                "SELECT query FROM pg_stat_activity WHERE state = 'active' AND query ~ '^SELECT pg_sleep'"):
            time.sleep(0.02)
        process.send_signal(2)
        self.assertIn("canceling statement due to user request", process.communicate(timeout=10)[1])
        self.assertIn("conns=1 cancels=1", self.proxy.tell("report"))

    def test_a_delay_adds_its_time_once_for_what_is_pipelined(self):
        self.proxy.tell("delay 20000")

        def seconds(*commands):
            start = time.monotonic()
            self.assertEqual(self.psql(*commands).returncode, 0)
            return time.monotonic() - start

        # Each contestant's best of many, in turns: a busy machine slows single ones.
        few = many = one_trip = 1e9
        for turn in range(20):
            few = min(few, seconds("SELECT 1"))
            many = min(many, seconds(*["SELECT 1"] * 6))
            one_trip = min(one_trip, seconds("SELECT 1;" * 6))
            if turn >= 2 and 0.17 <= many - few < 0.6 and one_trip - few < 0.1:
                break
        # Five more round trips of 40 ms.
        self.assertTrue(0.17 <= many - few < 0.6, (few, many))
        self.assertLess(one_trip - few, 0.1)

    def test_no_server_is_no_answer(self):
        proxy = faultlib.Proxy(self.folder / "q", type("S", (), {
            "socket_dir": str(self.folder), "port": 5432, "user": "x"}))
        self.addCleanup(proxy.stop)
        self.assertEqual(self.psql("SELECT 1", uri=proxy.uri("x")).returncode, 2)


class KillerTest(faultlib.FaultTest):
    def killer(self, *arguments):
        report = self.folder / "report"
        run = subprocess.run([faultlib.tool("killer"), "--report", str(report), *arguments], capture_output=True,
                             text=True, check=False, cwd=self.folder, timeout=60)
        return run, report.read_text() if report.exists() else ""

    def test_stops_are_counted_and_each_one_kills(self):
        script = ["/bin/sh", "-c", "echo one >f; echo two >>f"]
        run, report = self.killer(*script)
        self.assertEqual(run.returncode, 0)
        count = int(report.split()[1])
        self.assertGreater(count, 20)
        sizes = []
        for n in range(1, count + 1):
            (self.folder / "f").unlink(missing_ok=True)
            run, report = self.killer("--at", str(n), *script)
            self.assertEqual(run.returncode, 137, report)
            self.assertTrue(report.startswith(f"killed {n} "), report)
            sizes.append((self.folder / "f").stat().st_size if (self.folder / "f").exists() else -1)
        # Each later point leaves as much or more, and every stage was met.
        self.assertEqual(sizes, sorted(sizes))
        self.assertEqual(set(sizes), {-1, 0, 4, 8})

    def test_threads_are_followed_and_processes_let_go(self):
        program = ("import threading, subprocess, os\n"
                   "t = threading.Thread(target=lambda: os.write(1, b'thread'))\nt.start(); t.join()\n"
                   "subprocess.run(['/bin/sh', '-c', 'echo child; sleep 0.1; echo alive'])\n")
        run, _ = self.killer("/usr/bin/python3", "-c", program)
        self.assertEqual(run.stdout.split(), ["threadchild", "alive"])
        _, report = self.killer("--after", "thread", "--at", "1", "/usr/bin/python3", "-c", program)
        self.assertEqual(report, "killed 1 write entry\n")

    def test_a_status_is_handed_on(self):
        self.assertEqual(self.killer("/bin/sh", "-c", "exit 7")[0].returncode, 7)


class FailTest(faultlib.FaultTest):
    """failmalloc and failfile, on the mini runner: right, careless, leaky, and blind to read errors."""

    def go(self, attempt, mode, **env):
        return attempt.run(env={"MINIRUNNER": mode, **{k: str(v) for k, v in env.items()}})

    def malloc(self, attempt, mode, **env):
        report = attempt.folder / "report"
        report.unlink(missing_ok=True)
        result = self.go(attempt, mode, LD_PRELOAD=faultlib.tool("failmalloc.so"), FAILMALLOC_REPORT=report, **env)
        return result, report.read_text().splitlines() if report.exists() else []

    def prepared(self):
        attempt = self.ground("data", faultlib.mini()).attempt()
        attempt.reset()
        return attempt

    def test_allocations_are_counted_and_nothing_is_outstanding(self):
        attempt = self.prepared()
        result, report = self.malloc(attempt, "")
        self.assertEqual(result.status, 0, result)
        words = report[0].split()
        self.assertGreater(int(words[1]), 100)
        self.assertEqual(words[4:6], ["outstanding", "0"], report)

    def test_an_allocation_that_fails_is_told_from_a_crash_and_a_leak(self):
        attempt = self.prepared()
        seen = {"": set(), "careless": set(), "leaky": set()}
        _, report = self.malloc(attempt, "")
        count = int(report[0].split()[1])
        for mode, found in seen.items():
            for at in range(count - 90, count + 1, 2 if mode == "" else 1):
                attempt.reset()
                result, report = self.malloc(attempt, mode, FAILMALLOC_AT=at)
                if result.status is not None and result.status < 0:
                    found.add("crash")
                if report and report[0].split()[5] != "0":
                    found.add("leak")
                if mode and found:
                    break
        self.assertEqual(seen[""], set())
        self.assertEqual(seen["careless"], {"crash"})
        self.assertIn("leak", seen["leaky"])

    def test_under_the_address_sanitizer_too(self):
        source = self.folder / "x.c"
        source.write_text("#include <stdlib.h>\nint main(void) { char *p = malloc(7); if (!p) return 3;\n"
                          "p = realloc(p, 70); if (!p) return 4; return 0; }\n")
        subprocess.run(["gcc", "-w", "-g", "-fsanitize=address", str(source), "-o", str(self.folder / "x")], check=True)
        report = self.folder / "report"
        env = self.environment(LD_PRELOAD=faultlib.tool("failmalloc.so"), FAILMALLOC_REPORT=report)
        env["ASAN_OPTIONS"] += ":verify_asan_link_order=0"
        ends = []
        for at in (1, 2, 3):
            run = subprocess.run([str(self.folder / "x")], env={**env, "FAILMALLOC_AT": str(at)}, check=False,
                                 capture_output=True, text=True)
            ends.append(run.returncode)
        # Both exits of the second and third leak; the sanitizer says so.
        self.assertEqual(ends, [3, harness.SANITIZER_STATUS, harness.SANITIZER_STATUS])
        self.assertIn("LeakSanitizer", run.stderr)

    def test_file_operations_fail(self):
        attempt = self.prepared()
        shim = {"LD_PRELOAD": faultlib.tool("failfile.so"), "FAILFILE_REPORT": attempt.folder / "report",
                "FAILFILE_LOG": attempt.folder / "log"}
        result = self.go(attempt, "", **shim)
        self.assertEqual(result.status, 0, result)
        operations = (attempt.folder / "log").read_text().split()[1::2]
        self.assertIn("opendir", operations)
        at = len(operations) - operations[::-1].index("read")  # the last read
        for mode, expected in (("", 1), ("truncate", 0)):
            attempt.reset()
            result = self.go(attempt, mode, FAILFILE_AT=at, FAILFILE_ERRNO=5, **shim)
            self.assertEqual(result.status, expected, result)
            self.assertIn("operations", (attempt.folder / "report").read_text())


if __name__ == "__main__":
    harness.main()
