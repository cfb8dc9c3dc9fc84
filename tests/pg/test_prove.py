#!/usr/bin/python3
"""prove against servers of its own: flawed downgrades, branches that do not commute, what can't be tried, bad input."""

import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import harness  # noqa: E402
import prove_flaws as flaws  # noqa: E402

RUNS, HOLDS = "its upgrade runs", "its verify blocks hold"
ON_ROWS = "its upgrade runs on tables with rows"
RESTORES, REPEATS = "its downgrade restores exactly what was before", "its upgrade after the downgrade makes the same again"
COMMUTES = "both orders make the same"


def revision(ident, parent, up, down="SELECT 1;", header=""):
    parent = f"-- pgbraid:parent {parent}\n" if parent else ""
    down = f"-- pgbraid:down\n{down}\n" if down is not None else ""
    return f"-- Step {ident}\n-- pgbraid:revision {ident}\n{parent}{header}\n-- pgbraid:up\n{up}\n{down}"


class Case(harness.PgbraidTest):
    def prove(self, project, *more, status=0, **named):
        return self.expect(status, "prove", "--format", "json", *more, cwd=project, **named).json()

    def chain(self, *steps, **more):
        """A project of revisions in a row, each (id, up, down)."""
        files, before = {}, None
        for ident, up, down in steps:
            files[f"migrations/{ident}_step.sql"] = revision(ident, before, up, down)
            before = ident
        return self.project({**files, **more})

    def only(self, answer, subject, proof):
        found = [p for p in answer["proofs"] if p["subject"] == subject and p["proof"] == proof]
        self.assertEqual(len(found), 1, f"{subject}: {proof}\n{answer['proofs']}")
        return found[0]

    def failed(self, answer):
        return [(p["subject"], p["proof"]) for p in answer["proofs"] if p["result"] == "failed"]

    def leftovers(self):
        return sorted(path.name for path in (self.folder / "tmp").iterdir())


class DowngradeTest(Case):
    def flawed(self):
        steps = [("root", flaws.BASE_UP, flaws.BASE_DOWN)]
        steps += [(f"f{n:02d}", up, down) for n, (_, up, down, _) in enumerate(flaws.DOWNGRADES)]
        return self.chain(*steps)

    def test_each_flaw_is_found_and_named(self):
        self.assertGreaterEqual(len(flaws.DOWNGRADES), 20)
        answer = self.prove(self.flawed(), "--no-probes", status=3)
        self.assertEqual(self.only(answer, "revision root", RESTORES)["result"], "passed")
        for n, (name, _, _, words) in enumerate(flaws.DOWNGRADES):
            with self.subTest(name):
                proof = self.only(answer, f"revision f{n:02d}", RESTORES)
                self.assertEqual(proof["result"], "failed")
                for word in words:
                    self.assertIn(word, proof["reason"])
                objects = [line for line in proof["reason"].splitlines() if not line.startswith("  ")]
                self.assertEqual(len(objects), 1, proof["reason"])  # and nothing else
                self.assertEqual(proof["reproduce"], [f"pgbraid upgrade f{n:02d}", f"pgbraid downgrade f{n:02d}^"])
        self.assertTrue(answer["complete"])
        self.assertEqual({p["subject"] for p in answer["proofs"] if p["result"] == "failed"},
                         {f"revision f{n:02d}" for n in range(len(flaws.DOWNGRADES))})
        self.assertEqual(self.leftovers(), [])


class BranchesTest(Case):
    def branched(self, one, other):
        return self.project({"migrations/root_x.sql": revision("root", None, flaws.BASE_UP, flaws.BASE_DOWN),
                             "migrations/one_x.sql": revision("one", "root", one),
                             "migrations/two_x.sql": revision("two", "root", other)})

    def test_pairs_that_do_not_commute(self):
        self.assertGreaterEqual(len(flaws.BRANCHES), 10)
        for name, one, other, words in flaws.BRANCHES:
            with self.subTest(name):
                answer = self.prove(self.branched(one, other), "--branches", status=3)
                self.assertEqual(self.failed(answer), [("branches one and two", COMMUTES)])
                reason = answer["proofs"][0]["reason"]
                for word in words:
                    self.assertIn(word, reason)
                self.assertTrue(any("pgbraid" in line for line in answer["proofs"][0]["reproduce"]))
        self.assertEqual(self.leftovers(), [])

    def test_pair_that_commutes(self):
        project = self.branched("ALTER TABLE users ADD COLUMN a int; CREATE ROLE helper; GRANT SELECT ON users TO helper;",
                                "ALTER TABLE users ADD COLUMN b int; CREATE INDEX docs_body ON docs (body);")
        answer = self.prove(project, "--branches")
        proof = self.only(answer, "branches one and two", COMMUTES)
        self.assertEqual(proof["result"], "passed")
        self.assertIn("position", proof["reason"])  # the order of columns is a note
        self.assertEqual(answer["counts"], {"passed": 1, "failed": 0, "not_probed": 0})


if __name__ == "__main__":
    harness.main()
