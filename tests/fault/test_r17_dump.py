#!/usr/bin/python3
"""R17: what pg_dump writes is a revision as it comes: COPY with its data, \\restrict, an emptied search_path. The schema that it
makes equals the one that was dumped, the data do, too, and a gigabyte of them takes less than 64 MiB of our memory."""

import os
import subprocess
import time

import faultlib
import harness
import server as servers

MIB = 1 << 20
DATA_MIB, FULL_DATA_MIB = 48, 1064  # whose dump is over a gigabyte
MEMORY_MIB = 64

MADE = r"""
CREATE SCHEMA app;
CREATE TYPE app.mood AS ENUM ('sad', 'ok');
CREATE DOMAIN app.word AS text CHECK (VALUE ~ '^\S+$');
CREATE TABLE app.person (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, mood app.mood,
    tags text[] DEFAULT '{}', CHECK (name <> ''));
COMMENT ON TABLE app.person IS 'it''s; a "table" $$ -- pgbraid:down';
CREATE TABLE app.note (id serial PRIMARY KEY, person bigint REFERENCES app.person ON DELETE SET NULL, body text);
CREATE INDEX note_person ON app.note (person) WHERE body IS NOT NULL;
CREATE TABLE app.part (id int, day date) PARTITION BY RANGE (day);
CREATE TABLE app.part_1 PARTITION OF app.part FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE FUNCTION app.f(x int) RETURNS int LANGUAGE plpgsql AS $f$ BEGIN RETURN x + 1; -- ; \.
    END $f$;
CREATE FUNCTION app.g() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;
CREATE VIEW app.v AS SELECT p.name, count(*) FROM app.person p JOIN app.note n ON n.person = p.id GROUP BY 1;
CREATE TABLE app.big (id bigint PRIMARY KEY, body text NOT NULL);
INSERT INTO app.person (name, mood, tags) VALUES (E'tab\there', 'ok', '{a,"b c"}'), (E'back\\slash\nline', NULL, NULL),
    ('\.', 'sad', '{}'), ('-- pgbraid:down', 'ok', '{}'), (E'\\restrict', NULL, '{}');
INSERT INTO app.note (person, body) SELECT 1 + g % 5, repeat('x', g) FROM generate_series(1, 200) g;
INSERT INTO app.part VALUES (1, '2020-05-05');
"""
ROW = 1000  # bytes of a line of app.big in a dump
TABLES = ("app.person", "app.note", "app.part", "app.big")


class DumpTest(faultlib.FaultTest):
    def dump(self, uri, *options, to=None):
        """pg_dump's output as a file, or as text without what differs from one dump to the next."""
        argv = [str(servers.bindir() / "pg_dump"), "--no-sync", *options, "-d", uri]
        if to is not None:
            with open(to, "wb") as file:
                subprocess.run(argv, stdout=file, check=True, env=self.environment())
            return None
        out = subprocess.run(argv, capture_output=True, text=True, check=True, env=self.environment()).stdout
        return "\n".join(line for line in out.splitlines() if not line.startswith("\\"))

    def content(self, uri):
        return [self.query(uri, f"SELECT count(*), sum(hashtextextended(t::text, 0)) FROM {name} t")[0] for name in TABLES]

    def restricted(self, path):
        """With the lines of a pg_dump that writes them: this one's own, or put around it."""
        with open(path, "rb") as file:
            if b"\n\\restrict " in file.read(4096):
                return
        text = path.with_suffix(".text")
        path.rename(text)
        with open(path, "wb") as into:
            into.write(b"\\restrict Zx81\n\n")
            subprocess.run(["cat", str(text)], stdout=into, check=True)
            into.seek(0, os.SEEK_END)
            into.write(b"\n\\unrestrict Zx81\n")
        text.unlink()

    def apply(self, work, uri):
        """Peak memory in MiB and the run's status, of the program without sanitizers."""
        with open(self.folder / "said", "w+b") as said:
            process = subprocess.Popen([faultlib.tool("pgbraid-plain"), "-d", uri, "upgrade"], cwd=work,
                                       env=self.environment(), stdin=subprocess.DEVNULL, stdout=said, stderr=said)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            return usage.ru_maxrss / 1024, process.returncode, said.read().decode("utf-8", "replace")

    def of_size(self, tally, mib):
        source = self.new_database()
        self.query(source, MADE)
        self.query(source, f"INSERT INTO app.big SELECT g, rpad(g::text, {ROW - 12}, 'data ') "
                           f"FROM generate_series(1, {mib * MIB // ROW}) g")
        schema, content = self.dump(source, "-s"), self.content(source)
        work = self.project({"migrations/002_after.sql": "CREATE TABLE public.after_dump (a int);\n"})
        path = work / "migrations" / "001_dump.sql"
        self.dump(source, to=path)
        self.restricted(path)
        size = path.stat().st_size / MIB
        self.query(source.replace(source.split("/")[3].split("?")[0], "postgres"),
                   f'DROP DATABASE "{source.split("/")[3].split("?")[0]}" WITH (FORCE)')
        target = self.new_database()
        begun = time.monotonic()
        peak, status, said = self.apply(work, target)
        seconds = time.monotonic() - begun
        tally.count(True)
        tally.note = f"{size:.0f} MiB in {peak:.1f} MiB of memory and {seconds:.0f} s"
        if status != 0:
            tally.broke("wrong", f"{mib} MiB", f"status {status}: {said[-2000:]}")
            return
        applied = [row[0] for row in self.query(target, "SELECT id FROM pgbraid.revision WHERE state = 'applied' ORDER BY 1")]
        if applied != ["001", "002"]:
            tally.broke("false success", f"{mib} MiB", f"applied {applied}")
        if peak > MEMORY_MIB:
            tally.broke("memory", f"{mib} MiB", f"{peak:.1f} MiB")
        self.query(target, "DROP TABLE public.after_dump")
        if self.dump(target, "-s", "-N", "pgbraid") != schema:
            tally.broke("schema differs", f"{mib} MiB", "pg_dump -s of both")
        if self.content(target) != content:
            tally.broke("data differ", f"{mib} MiB", f"{self.content(target)} instead of {content}")

    def test_data(self):
        tally = faultlib.Tally("R17", floor=1, goal="schema and data equal, memory under 64 MiB")
        self.of_size(tally, faultlib.full(DATA_MIB, FULL_DATA_MIB))
        self.conclude(tally)

    def test_without_data(self):
        tally = faultlib.Tally("R17 small", floor=1, goal="schema and data equal")
        self.of_size(tally, 1)
        tally.note = ""
        self.conclude(tally)

    def test_control_a_program_that_keeps_it_all(self):
        """psql's memory stays small, too; a program that reads a file whole is what the limit is there to catch."""
        tally = faultlib.Tally("R17 control: the whole file in memory", goal="caught")
        path = self.folder / "big"
        with open(path, "wb") as file:
            file.truncate(2 * MEMORY_MIB * MIB)
        process = subprocess.Popen(["/usr/bin/python3", "-c", "import sys; len(open(sys.argv[1], 'rb').read())", str(path)])
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if usage.ru_maxrss / 1024 > MEMORY_MIB:
            tally.broke("memory", "control", f"{usage.ru_maxrss / 1024:.0f} MiB")
        self.conclude(tally, must_break=("memory",))


if __name__ == "__main__":
    harness.main()
