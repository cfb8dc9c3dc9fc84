#!/usr/bin/python3
"""R12: a standby, a read-only database, role or session: refused before the first write, and said plainly."""

import faultlib
import harness
import kinds
import server as servers

READERS = (("status",), ("current",), ("history",), ("upgrade", "--dry-run"))


class ReadOnlyTest(faultlib.FaultTest):
    def setUp(self):
        self.work = self.project(kinds.kind("ddl").files())
        self.tally = faultlib.Tally("R12", floor=3, goal="refused before the first write")

    def refused(self, uri, server, database, words, env=None, before=None):
        """Every command that writes is refused, sends nothing that writes, and those that read still work."""
        start = server.log_size()
        for command in (("upgrade",), ("downgrade", "--yes", "base"), ("stamp", "heads")):
            run = self.pgbraid(*command, cwd=self.work, db=uri, env=env)
            self.tally.count(True)
            if run.returncode != 1 or not any(word in run.stderr.lower() for word in words):
                self.tally.broke("wrong", f"{words[0]} {command}", str(run))
        sent = [line for line in server.log_since(start, database)
                if any(word in line.upper() for word in ("CREATE ", "INSERT ", "DELETE ", "UPDATE "))
                and "statement:" in line or "execute " in line and "INSERT" in line.upper()]
        if sent:
            self.tally.broke("wrong", words[0], f"was sent: {sent[:3]}")
        for command in READERS:
            run = self.pgbraid(*command, cwd=self.work, db=uri, env=env)
            if run.returncode != 0:
                self.tally.broke("wrong", f"{words[0]} {command}", str(run))

    def test_a_standby(self):
        with servers.private_server(wal_level="replica", max_wal_senders="4") as primary, \
                servers.standby_of(primary, log_statement="all") as standby:
            self.refused(standby.uri(), standby, "postgres", ("standby", "recovery"))
            # The positive control: the same project on the primary works, and the standby then shows it.
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


if __name__ == "__main__":
    harness.main()
