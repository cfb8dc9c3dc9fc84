#!/usr/bin/python3
"""R19: a random password in every source that libpq and pgbraid know; then argv, output, logs, history, the project and
what the server saw are searched: it is found nowhere but where it was put."""

import os
import secrets
import subprocess
import urllib.parse
from pathlib import Path

import faultlib
import harness
import kinds
import server as servers

COMMANDS = (("upgrade",), ("status", "-v"), ("current", "--format", "json"), ("upgrade", "-v", "--dry-run"),
            ("downgrade", "--yes", "base", "-v"))


class SecretsTest(faultlib.FaultTest):
    def setUp(self):
        self.tally = faultlib.Tally("R19", floor=faultlib.full(40, 240), goal="found nowhere")
        # The harness's own sockets may trust; what is tested comes over TCP, with a password.
        self.own = servers.start_server(
            tcp=True, log_statement="all", log_connections="on", log_min_messages="debug1",
            hba="local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        self.addCleanup(self.own.stop)

    def sources(self, password, database):
        """(name, arguments, environment, files in home or project) of each way to say a password."""
        base = {"host": "127.0.0.1", "port": str(self.own.port), "user": "app", "dbname": database, "sslmode": "disable"}
        quoted = urllib.parse.quote(password, safe="")
        url = f"postgresql://app:{quoted}@127.0.0.1:{self.own.port}/{database}?sslmode=disable"
        bare = f"postgresql://app@127.0.0.1:{self.own.port}/{database}?sslmode=disable"
        words = " ".join(f"{k}={v}" for k, v in base.items())
        env = {"PGHOST": base["host"], "PGPORT": base["port"], "PGUSER": "app", "PGDATABASE": database,
               "PGSSLMODE": "disable"}
        escaped = password.replace("\\", "\\\\").replace("'", "\\'")
        passline = password.replace("\\", "\\\\").replace(":", "\\:")
        return [
            ("-d URL", ["-d", url], {}, {}),
            ("-d key=value", ["-d", f"{words} password='{escaped}'"], {}, {}),
            ("DATABASE_URL", [], {"DATABASE_URL": url}, {}),
            ("PGPASSWORD", [], {**env, "PGPASSWORD": password}, {}),
            (".pgpass", ["-d", bare], {}, {"home/.pgpass": f"127.0.0.1:*:*:app:{passline}\n"}),
            ("PGPASSFILE", ["-d", bare], {"PGPASSFILE": str(self.folder / "home/other")},
             {"home/other": f"*:*:*:*:{passline}\n"}),
            ("service", [], {"PGSERVICE": "prod"}, {"home/.pg_service.conf": "[prod]\n" + "".join(
                f"{k}={v}\n" for k, v in base.items()) + f"password={password}\n"}),
            ("pgbraid.ini", ["-d", "prod"], {}, {"project/pgbraid.ini": f"[env prod]\nurl = {url}\n"}),
        ]

    def place(self, files):
        made = []
        for path, text in files.items():
            target = self.folder / path
            target.write_text(text)
            target.chmod(0o600)
            made.append(target)
        return made

    def set_password(self, password):
        """Without the server's log hearing of it."""
        with self.own.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SET log_statement = 'none'; SET log_min_messages = 'warning'; "
                           "SET password_encryption = 'scram-sha-256'")
            cursor.execute("ALTER ROLE app PASSWORD %s", (password,))
        connection.close()

    def search(self, needles, where, texts):
        for text_name, text in texts.items():
            for needle in needles:
                if needle in text:
                    at = text.index(needle)
                    self.tally.broke("secret shown", f"{where}: {text_name}", text[max(0, at - 80):at + 10])

    def everything(self, database, start, made):
        """What may remember: the server's log and tables, the project, home and temporary folders."""
        texts = {"server log": "\n".join(self.own.log_since(start))}
        dump = subprocess.run([str(servers.bindir() / "pg_dump"), self.own.uri(database)], capture_output=True,
                              check=True)
        texts["database"] = dump.stdout.decode("utf-8", "replace")
        for folder, _, files in os.walk(self.folder):
            for name in files:
                path = Path(folder) / name
                if path not in made:
                    texts[str(path)] = path.read_bytes().decode("utf-8", "replace")
        return texts

    def test_every_source(self):
        work = self.project({**kinds.FIRST})
        marks = "aZ9-_." + ":/@ %'\\é"
        for turn in range(faultlib.full(1, 6)):
            password = secrets.token_urlsafe(12) + (marks if turn % 2 == 0 else "")
            if turn % 2 == 0:
                password = password.replace(" ", "").replace("\\", "")  # what every source can carry unquoted
            needles = [password, urllib.parse.quote(password, safe=""), password[:12]]
            database = f"d{turn}"
            self.own.execute(f'CREATE DATABASE "{database}"')
            self.own.execute("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'app') THEN "
                             "CREATE ROLE app SUPERUSER LOGIN; END IF; END $$")
            self.set_password(password)
            for name, arguments, env, files in self.sources(password, database):
                made = self.place(files)
                start = self.own.log_size()
                for command in COMMANDS:
                    self.one(name, command, work, arguments, env, needles, 0)
                self.search(needles, name, self.everything(database, start, made))
                # A password that is refused, and a server that is not there: errors quote what they were given.
                self.set_password("changed")
                self.one(name + ", refused", ("upgrade", "-v"), work, arguments, env, needles, 4)
                self.set_password(password)
                for path in made:
                    path.unlink()
            self.broken_urls(work, password, needles)
        self.conclude(self.tally)

    def one(self, name, command, work, arguments, env, needles, status):
        process = subprocess.Popen([str(harness.program()), *arguments, *command], cwd=work,
                                   env=self.environment(**env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        title = ""
        while process.poll() is None:
            try:
                # What ps shows. What the shell gave is there until the program has begun; the last look counts.
                with open(f"/proc/{process.pid}/cmdline", "rb") as file:
                    title = file.read().decode("utf-8", "replace") or title
            except (FileNotFoundError, ProcessLookupError):
                break
        stdout, stderr = process.communicate(timeout=60)
        self.tally.count(True)
        texts = {"stdout": stdout.decode("utf-8", "replace"), "stderr": stderr.decode("utf-8", "replace")}
        if process.returncode != status:
            self.tally.broke("wrong", f"{name} {command}", f"status {process.returncode} {texts}")
        texts["process title"] = title
        self.search(needles, f"{name} {' '.join(command)}", texts)

    def broken_urls(self, work, password, needles):
        """What libpq can't parse it quotes in its message."""
        for url in (f"postgresql://app:{password}@127.0.0.1:notaport/d", f"postgresql://app:{password}%zz@h/d",
                    f"host=127.0.0.1 password={password} nonsense", f"host=h password='{password}",
                    f"postgresql://app:{password}@[::1/d", f"postgres://app:{password}@h/d?nonsense=1",
                    f"postgresql://h/d?password={password}&x"):
            run = self.pgbraid("status", cwd=work, db=url)
            self.tally.count(True)
            if run.returncode not in (2, 4):
                self.tally.broke("wrong", "a broken URL", str(run))
            self.search(needles, "a broken URL", {"stdout": run.stdout, "stderr": run.stderr})

    def test_control_the_search_finds(self):
        tally = self.tally = faultlib.Tally("R19 control", goal="caught")
        self.search(["geheim"], "control", {"stdout": "postgresql://app:geheim@h/d"})
        self.conclude(tally, must_break=("secret shown",))


if __name__ == "__main__":
    harness.main()
