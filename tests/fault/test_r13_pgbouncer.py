#!/usr/bin/python3
"""R13: PgBouncer in transaction mode, 16 clients: always detected; transactional revisions are applied once under a
transaction's lock, others refused until a direct URL is given; no lock is leaked."""

import subprocess

import faultlib
import harness
import kinds
import server as servers
import storms

CLIENTS, ROUNDS, FULL_ROUNDS = 16, 4, 100


class PoolerTest(faultlib.FaultTest):
    def rounds(self, files, ids, tally, rounds, expect, subject=None, clients=CLIENTS, more=()):
        work = self.project(files)
        with servers.pgbouncer(self.server, mode="transaction", default_pool_size=8) as pool:
            for number in range(rounds):
                uri = self.new_database()
                database = uri.split("/")[3].split("?")[0]
                pooled = pool.uri(database)
                argv = (subject or faultlib.pgbraid()).argv(pooled, ("upgrade", "-v", *more))
                processes = [subprocess.Popen(argv, cwd=work, env=self.environment(), text=True, errors="replace",
                                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                             for _ in range(clients)]
                for process in processes:
                    _, stderr = process.communicate(timeout=120)
                    tally.count(True)
                    if process.returncode not in expect:
                        tally.broke("wrong", f"round {number}", f"status {process.returncode}: {stderr[-600:]}")
                    if not any(w in stderr.lower() for w in ("pooler", "nothing to do")):
                        tally.broke("not detected", f"round {number}", stderr[-600:])
                locks = self.query(uri, "SELECT pid, objid FROM pg_locks WHERE locktype = 'advisory' AND database = "
                                        "(SELECT oid FROM pg_database WHERE datname = current_database())")
                if locks:
                    tally.broke("left behind", f"round {number}", f"advisory locks {locks}")
                if 0 in expect:
                    there = self.query(uri, "SELECT to_regclass('app.journal') IS NOT NULL")[0][0]
                    counts = dict(self.query(uri, "SELECT revision, count(*) FROM app.journal GROUP BY 1")) if there else {}
                    if counts != {i: 1 for i in ids}:
                        tally.broke("twice", f"round {number}", str(counts))
                    status = self.pgbraid("status", cwd=work, db=uri)
                    if status.returncode != 0:
                        tally.broke("wrong", f"round {number}", str(status))
                elif self.query(uri, "SELECT to_regclass('app.journal') IS NOT NULL AND EXISTS (SELECT FROM pg_index "
                                     "WHERE NOT indisvalid)")[0][0]:
                    tally.broke("invalid index", f"round {number}")
                # The pooler keeps its connections to each database that it has seen.
                self.server.execute(f'DROP DATABASE "{database}" WITH (FORCE)')

    def test_transactional_revisions(self):
        kind = storms.storm_kind(False)
        rounds = faultlib.full(ROUNDS, FULL_ROUNDS)
        tally = faultlib.Tally("R13", floor=CLIENTS * rounds, goal="always detected, no lock leaked")
        self.rounds(kind.work, [r.id for r in kind.revisions], tally, rounds, {0})
        self.conclude(tally)

    def test_others_are_refused_until_a_direct_url_is_given(self):
        kind = kinds.kind("several")
        tally = faultlib.Tally("R13 transaction none", floor=CLIENTS, goal="refused, direct URL works")
        files = {**kind.files(), "migrations/a0_base.sql": kind.before["migrations/a0_base.sql"]}
        self.rounds(files, [], tally, faultlib.full(1, 10), {1})
        uri = self.new_database()
        self.pgbraid("upgrade", cwd=self.project(files), db=uri, check=True)
        self.conclude(tally)

    def test_control_a_program_that_sees_no_pooler(self):
        """Its lock stays behind on whatever backend it was taken on, and the other client waits for it in vain."""
        kind = storms.storm_kind(False)
        tally = faultlib.Tally("R13 control: no pooler is seen", goal="caught")
        self.rounds(kind.work, [r.id for r in kind.revisions], tally, 1, {0, 1},
                    faultlib.Subject(faultlib.tool("pgbraid-no-pooler")), clients=2, more=("--lock-wait", "2s"))
        self.conclude(tally, must_break=("left behind", "not detected"))


if __name__ == "__main__":
    harness.main()
