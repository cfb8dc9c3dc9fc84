#!/usr/bin/python3
"""R20: 1,000 hostile names (quotes, newlines, control and escape sequences, invalid UTF-8, SQL) wherever a name can be
given: nothing is injected, and no raw control byte is printed."""

import os
import random
import re
import subprocess

import faultlib
import harness
import kinds

FULL, SMALL = 1000, 120
PIECES = (b"'", b'"', b"\\", b";", b"--", b"/*", b"*/", b"$$", b"\n", b"\r", b"\t", b"\x1b[31m", b"\x1b]0;x\x07", b"\x9b",
          b"\xff\xfe", b"\xc3", b"\xe2\x80\xae", b"\xc2\x85", b"%s", b"%n", b"{}", b"`id`", b"$(id)", b"' OR 1=1 --",
          b"'); DROP TABLE canary; --", b'"; DROP TABLE canary; --', b"\x01", b"\x7f", b"a", b"Z9", b"_", b"\xc3\xa4",
          b"\xf0\x9f\x92\xa9", b" ", b"..", b"head", b"@", b"^", b":", b"\\i /etc/passwd", b"\xe2\x80\xa8")
# What may stand in output besides printable characters: a newline; a tab comes from files as they are shown.
RAW = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")


def hostile(dice, longest=60):
    while True:
        name = b"".join(dice.choice(PIECES) for _ in range(dice.randint(1, 8)))[:longest]
        if b"\0" not in name and name not in (b".", b".."):
            return name


class NamesTest(faultlib.FaultTest):
    def setUp(self):
        self.tally = faultlib.Tally("R20", goal="nothing injected, no raw control byte")
        self.count = faultlib.full(SMALL, FULL)
        self.dice = random.Random(2020)
        self.uri = self.new_database()
        self.query(self.uri, "CREATE TABLE canary AS SELECT 1 AS alive")

    def run_bytes(self, *arguments, cwd, env=None, name=b""):
        environment = {k.encode(): v.encode() if isinstance(v, str) else v for k, v in self.environment().items()}
        environment.update({k.encode(): v for k, v in (env or {}).items()})
        argv = [os.fsencode(str(harness.program()))] + [a if isinstance(a, bytes) else str(a).encode() for a in arguments]
        try:
            run = subprocess.run(argv, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                                 timeout=60, check=False)
        except subprocess.TimeoutExpired:
            self.tally.broke("hang", repr(argv[1:]))
            return None
        self.tally.count(True)
        point = f"{argv[1:]!r} {name!r}"
        if run.returncode not in faultlib.STATUSES:
            self.tally.broke("crash", point, f"{run.returncode} {run.stderr[-1500:]!r}")
        for stream, text in (("stdout", run.stdout), ("stderr", run.stderr)):
            found = RAW.search(text)
            if found:
                at = found.start()
                self.tally.broke("raw byte", point, f"{stream}: {text[max(0, at - 60):at + 20]!r}")
            try:
                text.decode("utf-8")
            except UnicodeDecodeError as problem:
                self.tally.broke("raw byte", point, f"{stream} is not UTF-8: {text[max(0, problem.start - 60):][:90]!r}")
        return run

    def alive(self, point):
        if self.query(self.uri, "SELECT alive FROM canary") != [(1,)]:
            self.tally.broke("injected", point)

    def test_as_arguments(self):
        work = self.project(kinds.FIRST)
        for _ in range(self.count // 3):
            name = hostile(self.dice)
            kind = self.dice.choice((("show", name), ("upgrade", name), ("downgrade", "--yes", name), ("stamp", name),
                                     (b"--" + name,), (name,), ("history", "-r", name), ("-d", name, "status"),
                                     ("-C", name, "heads"), ("upgrade", b"--lock-timeout=" + name)))
            uri = () if kind[0] == "-d" else ("-d", self.uri)
            self.run_bytes(*uri, *kind, cwd=work, name=name)
        self.alive("arguments")
        self.conclude(self.tally)

    def test_as_file_names_titles_and_directives(self):
        for _ in range(self.count // 4):
            name = hostile(self.dice)
            work = self.project({})
            (work / "migrations").mkdir()
            title = name.replace(b"\n", b" ").replace(b"\r", b" ")
            text = (b"-- " + title + b"\n-- pgbraid:revision a1\n" + self.dice.choice((
                b"", b"-- pgbraid:label " + title + b"\n", b"-- pgbraid:parent " + title + b"\n",
                b"-- pgbraid:" + title + b"\n", b"-- pgbraid:allow " + title + b"\n",
                b"-- pgbraid:down irreversible " + title + b"\n"))
                    + b"-- pgbraid:up\nSELECT 1;\n" + self.dice.choice((b"", b"SELECT '" + name + b"';\n", name + b"\n")))
            path = os.path.join(os.fsencode(work), b"migrations", name.replace(b"/", b"_")[:200] + b".sql")
            with open(path, "wb") as file:
                file.write(text)
            for command in (("heads",), ("history", "--format", "json"), ("upgrade",), ("status",)):
                self.run_bytes("-d", self.uri, *command, cwd=work, name=name)
            self.query(self.uri, "DROP SCHEMA IF EXISTS pgbraid CASCADE")
        self.alive("file names")
        self.conclude(self.tally)

    def test_in_the_config(self):
        for _ in range(self.count // 4):
            name = hostile(self.dice)
            line = name.replace(b"\n", b" ").replace(b"\r", b" ")
            key = self.dice.choice((b"[project]\nname = ", b"[project]\nmigrations = ", b"[history]\nschema = ",
                                    b"[env x]\nurl = ", b"[server]\nbin = ", b"[", b"", b"[project]\n"))
            work = self.project(kinds.FIRST)
            (work / "pgbraid.ini").write_bytes(key + line + b"\n")
            for command in (("upgrade",), ("status", "--format", "json")):
                self.run_bytes("-d", self.uri, *command, cwd=work, name=name)
            for (schema,) in self.query(self.uri, "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname "
                                                  "NOT IN ('public', 'information_schema')"):
                quoted = schema.replace('"', '""')
                self.query(self.uri, f'DROP SCHEMA "{quoted}" CASCADE')
        self.alive("the config")
        self.conclude(self.tally)

    def test_names_of_database_objects_and_what_the_server_says(self):
        for _ in range(self.count // 6):
            name = hostile(self.dice, 40).decode("utf-8", "ignore").replace("\0", "")
            if not name:
                continue
            ident = '"' + name.replace('"', '""') + '"'
            work = self.project({"migrations/a1_x.sql": "-- pgbraid:revision a1\n-- pgbraid:up\n"
                                 + self.dice.choice((f"CREATE TABLE {ident} (id int);\nDROP TABLE {ident};\n",
                                                     f"SELECT * FROM {ident};\n",
                                                     f"DO $q1$ BEGIN RAISE EXCEPTION '%', $q2${name}$q2$; END $q1$;\n",
                                                     f"DO $q1$ BEGIN RAISE NOTICE '%', $q2${name}$q2$; END $q1$;\n"))})
            self.run_bytes("-v", "-d", self.uri, "upgrade", cwd=work, name=name.encode())
            self.query(self.uri, "DROP SCHEMA IF EXISTS pgbraid CASCADE")
        self.alive("database objects")
        self.conclude(self.tally)

    def test_control_the_search_finds(self):
        self.tally.name = "R20 control"
        stub = self.folder / "stub"
        stub.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
        stub.chmod(0o755)
        before = os.environ.get("PGBRAID_BIN")
        os.environ["PGBRAID_BIN"] = str(stub)
        try:
            for _ in range(40):
                self.run_bytes(hostile(self.dice), cwd=self.folder)
        finally:
            if before is None:
                del os.environ["PGBRAID_BIN"]
            else:
                os.environ["PGBRAID_BIN"] = before
        self.conclude(self.tally, must_break=("raw byte",))


if __name__ == "__main__":
    harness.main()
