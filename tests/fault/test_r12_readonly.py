#!/usr/bin/python3
"""R12: a standby, a read-only database, role or session: refused before the first write, and said plainly."""

import re
import subprocess

import faultlib
import harness
import kinds
import server as servers

# At the beginning of what the server was told, or of a later line of it: several statements come as one text.
WRITES = re.compile(r"(?:LOG:  statement: |LOG:  execute [^:]*: |^\t)\s*"
                    r"(?:CREATE|ALTER|DROP|INSERT|UPDATE|DELETE|TRUNCATE|COPY|COMMENT|GRANT|REVOKE)\b", re.IGNORECASE)
READERS = (("status",), ("current",), ("history",), ("upgrade", "--dry-run"))


class ReadOnlyTest(faultlib.FaultTest):
    def setUp(self):
        self.work = self.project(kinds.kind("ddl").files())
        self.tally = faultlib.Tally("R12", floor=3, goal="refused before the first write")
        self.subject = faultlib.pgbraid()

    def run_of(self, uri, command):
        return subprocess.run(self.subject.argv(uri, command), cwd=self.work, env=self.environment(), check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")

    def refused(self, uri, server, database, words):
        """Every command that writes is refused, sends nothing that writes, and those that read still work."""
        start = server.log_size()
        for command in (("upgrade",), ("downgrade", "--yes", "base"), ("stamp", "heads")):
            run = self.run_of(uri, command)
            self.tally.count(True)
            if run.returncode != 1 or not any(word in run.stderr.lower() for word in words):
                self.tally.broke("wrong", f"{words[0]} {command}", f"status {run.returncode}: {run.stderr}")
        sent = [line.strip() for line in server.log_since(start, database) if WRITES.search(line)]
        if sent:
            self.tally.broke("was sent", words[0], f"{sent[:3]}")
        for command in READERS:
            run = self.run_of(uri, command)
            if run.returncode != 0:
                self.tally.broke("wrong", f"{words[0]} {command}", f"status {run.returncode}: {run.stderr}")

    def test_a_standby(self):
        with servers.private_server(wal_level="replica", max_wal_senders="4") as primary, \
                servers.standby_of(primary, log_statement="all") as standby:
            self.refused(standby.uri(), standby, "postgres", ("standby", "recovery"))
            # The same project on the primary works.
            self.pgbraid("upgrade", cwd=self.work, db=primary.uri(), check=True)
        self.conclude(self.tally)

    def test_a_read_only_database_and_role(self):
        with servers.private_server(log_statement="all") as server:
            server.execute("CREATE DATABASE ro")
            server.execute("ALTER DATABASE ro SET default_transaction_read_only = on")
            self.refused(server.uri("ro"), server, "ro", ("read-only", "read only"))
            server.execute("CREATE DATABASE rw")
            server.execute("CREATE ROLE reader SUPERUSER LOGIN")
            server.execute("ALTER ROLE reader SET default_transaction_read_only = on")
            self.refused(server.uri("rw", user="reader"), server, "rw", ("read-only", "read only"))
            self.pgbraid("upgrade", cwd=self.work, db=server.uri("rw"), check=True)
        self.conclude(self.tally)

    def test_control_without_the_check(self):
        """The build that takes any target for one that can be written: the server refuses what it sends, and that is seen."""
        self.subject = faultlib.Subject(faultlib.tool("pgbraid-any-target"))
        self.tally.name = "R12 control: any target is written to"
        with servers.private_server(log_statement="all") as server:
            server.execute("CREATE DATABASE ro")
            server.execute("ALTER DATABASE ro SET default_transaction_read_only = on")
            self.refused(server.uri("ro"), server, "ro", ("read-only", "read only"))
        self.conclude(self.tally, must_break=("was sent",))


if __name__ == "__main__":
    harness.main()
