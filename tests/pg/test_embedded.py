"""The embedded PostgreSQL: one server whoever comes, recovery from every kill, nothing left behind."""

import json
import os
import pty
import pwd
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import harness  # noqa: E402
import server as servers  # noqa: E402
import warden  # noqa: E402


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def server_user():
    """Whom the server runs as: (uid, gid)."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    entry = pwd.getpwnam("postgres")
    return entry.pw_uid, entry.pw_gid


class Embedded(harness.PgbraidTest):
    def setUp(self):
        self.root = self.project({"migrations/.keep": ""})
        self.state = self.root / ".pgbraid"
        self.addCleanup(self.end)

    def end(self):
        """Nothing of ours is left running, whatever the test did; and no socket folder stays."""
        self.pgbraid("db", "stop", cwd=self.root)

    def psql(self, sql, cwd=None, **named):
        return self.pgbraid("db", "psql", "--", "-AtXc", sql, cwd=cwd or self.root, **named)

    def answer(self, sql, **named):
        return self.psql(sql, check=True, **named).stdout.strip()

    def status(self, cwd=None):
        return self.pgbraid("db", "status", "--format", "json", cwd=cwd or self.root, check=True).json()

    def starts(self):
        return (self.state / "log").read_text().count("starting PostgreSQL")

    def pid(self):
        return int((self.state / "data/postmaster.pid").read_text().split()[0])

    def wait_for_query(self, word):
        """Until a session runs such a query."""
        def runs():
            url = self.status()["url"]
            return url and self.query(
                url.replace("/default?", "/postgres?"),
                "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE %s"
                " AND pid <> pg_backend_pid()", (f"%{word}%",))

        self.assertTrue(wait_until(runs), f"no query with {word} runs")

    def assertNothingLeft(self):
        self.assertEqual(warden.processes_inside(str(self.folder)), [])
        self.assertEqual([path.name for path in (self.folder / "tmp").iterdir()], [])
        self.assertFalse((self.state / "data/postmaster.pid").exists())


class OrdinaryUse(Embedded):
    def test_a_command_starts_it_and_stops_it(self):
        self.assertEqual(self.status()["initialised"], False)
        self.assertFalse(self.state.exists(), "looking makes nothing")
        self.answer("CREATE TABLE t AS SELECT 42 AS n")
        self.assertNothingLeft()
        self.assertEqual(self.answer("SELECT n FROM t"), "42")
        self.assertNothingLeft()
        self.assertEqual((self.state / ".gitignore").read_text().splitlines()[-1], "*")
        state = self.status()
        self.assertEqual((state["running"], state["initialised"], state["url"]), (False, True, None))

    def test_settings_and_reach(self):
        self.pgbraid("db", "start", cwd=self.root, check=True)
        shown = self.answer("SELECT current_setting('listen_addresses') || '|' || current_setting('fsync') || '|'"
                            " || current_setting('server_encoding') || '|' || current_setting('max_connections')"
                            " || '|' || current_user")
        self.assertEqual(shown, "|on|UTF8|100|postgres")
        folder = Path(re.search(r"host=([^&]+)", self.status()["url"])[1])
        self.assertEqual(folder.stat().st_mode & 0o7777, 0o700)
        self.assertEqual(folder.stat().st_uid, server_user()[0])
        self.assertLessEqual(len(str(folder / ".s.PGSQL.5432")), 107)
        self.assertEqual(os.getsid(self.pid()), os.getpgid(self.pid()))
        self.assertNotEqual(os.getsid(self.pid()), os.getsid(0))

    def test_start_keeps_and_stop_stops(self):
        first = self.pgbraid("db", "start", "--format", "json", cwd=self.root, check=True).json()
        self.assertEqual((first["running"], first["kept"], first["started"]), (True, True, True))
        self.assertEqual(self.answer("SELECT 1"), "1")
        again = self.pgbraid("db", "start", "--format", "json", cwd=self.root, check=True).json()
        self.assertEqual((again["started"], again["pid"]), (False, first["pid"]))
        url = self.pgbraid("db", "url", cwd=self.root, check=True).stdout
        self.assertEqual(url, first["url"] + "\n")
        self.assertEqual(self.query(url.strip(), "SELECT current_database()"), [("default",)])
        stopped = self.pgbraid("db", "stop", "--format", "json", cwd=self.root, check=True).json()
        self.assertEqual((stopped["stopped"], stopped["running"]), (True, False))
        self.assertNothingLeft()
        run = self.pgbraid("db", "stop", cwd=self.root, check=True)
        self.assertIn("was not running", run.stderr)
        self.assertEqual(self.starts(), 1)
        # what db start said holds for that run of the server only
        self.answer("SELECT 1")
        self.assertNothingLeft()

    def test_url_needs_a_running_server(self):
        run = self.expect(4, "db", "url", cwd=self.root)
        self.assertEqual(run.stdout, "")
        self.assertIn("pgbraid db start", run.stderr)
        self.assertFalse(self.state.exists())

    def test_database_is_named_after_the_project(self):
        self.write(self.root, {"pgbraid.ini": "[project]\nname = Therapy-Praxis 2\n"})
        self.assertEqual(self.answer("SELECT current_database()"), "therapy_praxis_2")
        self.write(self.root, {"pgbraid.ini": "[project]\nname = postgres\n"})
        self.assertEqual(self.answer("SELECT current_database()"), "project_postgres")

    def test_environment_of_libpq_leads_nowhere_else(self):
        env = {"PGPORT": "1", "PGUSER": "nobody", "PGDATABASE": "nope", "PGSSLMODE": "verify-full"}
        self.assertEqual(self.answer("SELECT current_user", env=env), "postgres")

    def test_psql_exit_status(self):
        run = self.expect(1, "db", "psql", "--", "-c", "SELECT nope", cwd=self.root)
        self.assertIn("nope", run.stderr)
        self.assertNothingLeft()


class AtOnce(Embedded):
    def storm(self, count, sql="SELECT pg_sleep(0.5)"):
        runs = [self.start("db", "psql", "--", "-AtXc", sql, cwd=self.root) for _ in range(count)]
        for run in runs:
            out, errors = run.communicate(timeout=120)
            self.assertEqual(run.returncode, 0, out + errors)

    def test_two_from_nothing(self):
        self.storm(2)
        self.assertEqual(self.starts(), 1)
        self.assertNothingLeft()

    def test_ten_from_nothing(self):
        self.storm(10, "SELECT pg_sleep(2)")
        self.assertEqual(self.starts(), 1)
        self.assertNothingLeft()

    def test_many_that_come_and_go(self):
        """Each stops it if it is the last, while others come: all are served."""
        for _ in range(3):
            self.storm(6, "SELECT pg_sleep(random() * 0.2)")
        self.assertNothingLeft()

    def test_db_start_ten_times_at_once(self):
        runs = [self.start("db", "start", "--format", "json", cwd=self.root) for _ in range(10)]
        answers = [json.loads(run.communicate(timeout=120)[0]) for run in runs]
        self.assertEqual(len({answer["pid"] for answer in answers}), 1)
        self.assertEqual([answer["started"] for answer in answers].count(True), 1)


    def test_reset_among_starts(self):
        """Whoever waits for the lock of a folder that is removed makes a new one."""
        self.pgbraid("db", "start", cwd=self.root, check=True)
        runs = [self.start("db", *words, cwd=self.root) for words in
                (["reset", "--yes"], ["start"], ["start"], ["reset", "--yes"], ["start"])]
        for run in runs:
            out, errors = run.communicate(timeout=120)
            # a start whose server is stopped under it may say so; nothing may be stuck or half made
            self.assertIn(run.returncode, (0, 4), out + errors)
        self.assertEqual(self.answer("SELECT 7"), "7")


class Recovery(Embedded):
    def test_stale_pid_files(self):
        self.answer("CREATE TABLE t AS SELECT 7 AS n")
        uid, gid = server_user()
        other = self.project({"migrations/.keep": ""}, name="other")
        running = self.pgbraid("db", "start", "--format", "json", cwd=other, check=True).json()
        self.addCleanup(self.pgbraid, "db", "stop", cwd=other)
        lines = "{}\n" + str(self.state / "data") + "\n1\n5432\n/tmp\n\n  1 1\nready   \n"
        for text in (lines.format(os.getpid()), lines.format(running["pid"]), lines.format(2**22 - 1),
                     lines.format(1), lines.format(-5), "garbage\n", "", "1" * 9000):
            with self.subTest(text[:20]):
                path = self.state / "data/postmaster.pid"
                path.write_text(text)
                os.chown(path, uid, gid)
                self.assertEqual(self.answer("SELECT n FROM t"), "7")
                self.assertFalse(path.exists())
        self.assertEqual(self.status(cwd=other)["pid"], running["pid"], "another project's server was hit")

    def test_killed_server(self):
        self.pgbraid("db", "start", cwd=self.root, check=True)
        self.answer("CREATE TABLE t AS SELECT 7 AS n")
        os.kill(self.pid(), signal.SIGKILL)
        self.assertEqual(self.answer("SELECT n FROM t"), "7")
        self.assertNothingLeft()  # it was that run of the server that was kept

    def test_killed_server_whose_backend_goes_on(self):
        self.pgbraid("db", "start", cwd=self.root, check=True)
        busy = self.start("db", "psql", "--", "-c", "SELECT count(*) FROM generate_series(1, 10000000000)",
                          cwd=self.root)
        self.wait_for_query("generate_series")
        os.kill(self.pid(), signal.SIGKILL)
        self.assertEqual(self.answer("SELECT 7"), "7")
        busy.communicate(timeout=60)
        self.assertNothingLeft()

    def test_killed_command(self):
        run = self.start("db", "psql", "--", "-Atc", "SELECT pg_sleep(60)", cwd=self.root)
        self.assertTrue(wait_until(lambda: self.status()["running"]))
        first = self.pid()
        run.kill()
        run.wait()
        self.assertEqual(self.answer("SELECT 7"), "7")
        self.assertEqual(self.starts(), 1, "the running one is used")
        self.assertNothingLeft()
        self.assertFalse(os.path.exists(f"/proc/{first}/exe"))

    def test_killed_at_any_moment_of_the_first_start(self):
        for delay in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 1.1, 1.4, 1.8):
            with self.subTest(delay):
                root = self.project({"migrations/.keep": ""}, name=f"p{delay}")
                run = self.start("db", "psql", "--", "-Atc", "SELECT 1", cwd=root)
                time.sleep(delay)
                run.kill()
                run.wait()
                self.assertEqual(self.answer("SELECT 7", cwd=root), "7")
                self.assertEqual([path.name for path in (root / ".pgbraid").glob("init-*")], [])
                self.assertTrue(wait_until(lambda: not warden.processes_inside(str(root)), 5),
                                "something still runs")

    def test_socket_folder_that_is_gone(self):
        url = self.pgbraid("db", "start", "--format", "json", cwd=self.root, check=True).json()["url"]
        folder = Path(re.search(r"host=([^&]+)", url)[1])
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        self.assertEqual(self.status()["running"], False)
        self.assertEqual(self.answer("SELECT 7"), "7")
        self.assertNothingLeft()

    def test_stopped_under_a_command(self):
        run = self.start("db", "psql", "--", "-Atc", "SELECT pg_sleep(60)", cwd=self.root)
        self.assertTrue(wait_until(lambda: self.status()["running"]))
        self.pgbraid("db", "stop", cwd=self.root, check=True)
        run.communicate(timeout=60)
        self.assertNotEqual(run.returncode, 0)
        self.assertNothingLeft()

    def test_ctrl_c_does_not_reach_the_server(self):
        run = self.start("db", "psql", "--", "-Atc", "SELECT pg_sleep(60)", cwd=self.root,
                         start_new_session=True)
        self.wait_for_query("pg_sleep")
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does: psql cancels, pgbraid waits for it
        run.communicate(timeout=60)
        self.assertEqual(run.returncode, 1)
        self.assertNothingLeft()
        self.assertNotIn("not properly shut down", (self.state / "log").read_text())


class Refusals(Embedded):
    def test_data_of_another_major_version(self):
        self.answer("SELECT 1")
        (self.state / "data/PG_VERSION").write_text("99\n")
        run = self.expect(1, "db", "start", cwd=self.root)
        self.assertIn("apt-get install postgresql-99", run.stderr)
        self.assertIn("db reset", run.stderr)

    def test_server_that_does_not_start(self):
        self.answer("SELECT 1")
        with open(self.state / "data/postgresql.conf", "a", encoding="utf-8") as file:
            file.write("shared_buffers = 'a lot'\n")
        run = self.expect(4, "db", "start", cwd=self.root)
        self.assertIn("shared_buffers", run.stderr)
        self.assertIn(str(self.state / "log"), run.stderr)
        self.assertNothingLeft()

    def test_no_server_programs(self):
        run = self.expect(1, "db", "start", cwd=self.root, env={"PGBRAID_SERVER_BIN": "/nonexistent"})
        self.assertIn("PGBRAID_SERVER_BIN", run.stderr)
        run = self.expect(1, "db", "start", cwd=self.root, env={"PGBRAID_SERVER_BIN": str(self.root)})
        self.assertIn("no PostgreSQL server", run.stderr)

    def test_option_d(self):
        run = self.expect(2, "db", "start", cwd=self.root, db="postgresql:///x")
        self.assertIn("embedded", run.stderr)
        self.assertFalse(self.state.exists())

    def test_data_in_single_user_mode(self):
        """A person mends something: neither taken away nor ended."""
        self.answer("SELECT 1")
        uid, gid = server_user()
        options = {"user": uid, "group": gid, "extra_groups": []} if os.geteuid() == 0 else {}
        single = subprocess.Popen(
            [Path(servers.bindir()) / "postgres", "--single", "-D", self.state / "data", "postgres"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **options)
        try:
            self.assertTrue(wait_until((self.state / "data/postmaster.pid").exists))
            for command in ("start", "stop"):
                run = self.expect(1, "db", command, cwd=self.root)
                self.assertIn(f"process {single.pid}", run.stderr)
            self.assertIsNone(single.poll())
        finally:
            single.communicate(b"", timeout=60)
        self.assertEqual(single.returncode, 0)
        self.assertEqual(self.answer("SELECT 1"), "1")

    def test_state_folder_that_is_a_link(self):
        target = self.folder / "elsewhere"
        target.mkdir()
        self.state.symlink_to(target)
        run = self.expect(2, "db", "start", cwd=self.root)
        self.assertIn("symbolic link", run.stderr)
        self.assertEqual(list(target.iterdir()), [])

    def test_reset(self):
        self.assertIn("no embedded database", self.pgbraid("db", "reset", cwd=self.root, check=True).stderr)
        self.answer("CREATE TABLE t AS SELECT 7 AS n")
        run = self.expect(2, "db", "reset", cwd=self.root)
        self.assertIn("--yes", run.stderr)
        self.assertEqual(self.answer("SELECT n FROM t"), "7")
        self.pgbraid("db", "start", cwd=self.root, check=True)
        self.pgbraid("db", "reset", "--yes", cwd=self.root, check=True)
        self.assertFalse(self.state.exists())
        self.assertEqual(warden.processes_inside(str(self.folder)), [])
        self.assertEqual(self.answer("SELECT to_regclass('t') IS NULL"), "t")

    def test_reset_keeps_what_is_not_its_own(self):
        self.answer("SELECT 1")
        (self.state / "mine.txt").write_text("kept")
        self.pgbraid("db", "reset", "--yes", cwd=self.root, check=True)
        self.assertEqual(sorted(path.name for path in self.state.iterdir()), [".gitignore", "mine.txt"])

    def test_reset_asks_on_a_terminal(self):
        self.answer("SELECT 1")
        for typed, gone in ((b"n\n", False), (b"\n", False), (b"y\n", True)):
            with self.subTest(typed):
                main, terminal = pty.openpty()
                try:
                    run = self.start("db", "reset", cwd=self.root, stdin=terminal, stderr=terminal)
                    os.write(main, typed)
                    self.assertEqual(run.wait(timeout=60), 0 if gone else 2)
                finally:
                    os.close(main)
                    os.close(terminal)
                self.assertEqual(self.state.exists(), not gone)


class Places(Embedded):
    def test_long_path(self):
        root = self.folder / ("x" * 120) / ("y" * 120)
        root.mkdir(parents=True)
        self.assertEqual(self.answer("SELECT 7", cwd=root), "7")
        self.assertTrue((root / ".pgbraid/data").is_dir())
        # nor does a long TMPDIR matter
        self.assertEqual(self.answer("SELECT 7", cwd=root, env={"TMPDIR": str(root)}), "7")

    def test_folder_that_the_server_cannot_enter(self):
        outer = self.folder / "closed"
        root = outer / "project"
        root.mkdir(parents=True)
        states = self.folder / "states"
        states.mkdir()
        if os.geteuid() == 0:
            os.chmod(outer, 0o700)
        else:
            os.chmod(root, 0o500)
            self.addCleanup(os.chmod, root, 0o700)
        env = {"XDG_STATE_HOME": str(states)}
        self.answer("CREATE TABLE t AS SELECT 7 AS n", cwd=root, env=env)
        made = list((states / "pgbraid").iterdir())
        self.assertEqual(len(made), 1)
        self.assertTrue((made[0] / "data").is_dir())
        self.assertEqual((made[0] / "project").read_text().strip(), str(root))
        if os.geteuid() == 0:
            self.assertEqual((root / ".pgbraid/location").read_text().strip(), str(made[0]))
        self.assertEqual(self.answer("SELECT n FROM t", cwd=root, env=env), "7")
        # another project of the same name has its own
        twin = self.folder / "closed2" / "project"
        twin.mkdir(parents=True)
        os.chmod(twin if os.geteuid() else twin.parent, 0o500)
        self.assertEqual(self.answer("SELECT to_regclass('t') IS NULL", cwd=twin, env=env), "t")
        for folder in (root, twin):
            self.pgbraid("db", "reset", "--yes", cwd=folder, env=env, check=True)
        self.assertEqual(list(states.iterdir()), [])

    def test_as_root_the_project_of_another_stays_theirs(self):
        if os.geteuid() != 0:
            self.assertNotEqual(server_user()[0], 0)
            return
        nobody = pwd.getpwnam("nobody")
        os.chown(self.root, nobody.pw_uid, nobody.pw_gid)
        self.assertEqual(self.answer("SELECT 7"), "7")
        for path in (self.state, self.state / "log", self.state / "data", self.state / "users.lock"):
            self.assertEqual(path.stat().st_uid, nobody.pw_uid, path)


class Secrets(Embedded):
    def test_password_is_not_in_the_process_title(self):
        """A server that never answers holds the program while its title is read."""
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            port = listener.getsockname()[1]
            url = f"postgresql://u:hunter2@127.0.0.1:{port}/d?sslmode=disable&connect_timeout=5"
            run = self.start("-d", url, "current", cwd=self.root)
            listener.settimeout(30)
            connection = listener.accept()[0]
            title = Path(f"/proc/{run.pid}/cmdline").read_bytes()
            connection.close()
            out, errors = run.communicate(timeout=60)
        self.assertNotIn(b"hunter2", title)
        self.assertIn(b"current", title)
        self.assertNotIn("hunter2", out + errors)
        self.assertEqual(run.returncode, 4)


if __name__ == "__main__":
    harness.main()
