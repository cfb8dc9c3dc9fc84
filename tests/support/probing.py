"""What test_probes.py and test_rows.py share: schemas made in a database, probe_main run on it, its lines read."""
import collections
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import PgbraidTest  # noqa: E402

Proof = collections.namedtuple("Proof", "result subject proof reason reproduce")
Row = collections.namedtuple("Row", "outcome table n constraint reason")
MAIN = pathlib.Path(os.environ.get("PGBRAID_BUILT", "build-san/pgbraid")).resolve().parent / "tests/support/probe_main"


def unescape(field):
    return field.replace("\\n", "\n").replace("\\t", "\t")


class ProbeTest(PgbraidTest):
    def database(self, *scripts, may_fail=()):
        """A new database with these statements run; each of may_fail is run by itself, whatever comes of it."""
        uri = self.new_database()
        connection = self.connect(uri)
        with connection.cursor() as cursor:
            for script in scripts:
                cursor.execute(script)
            for script in may_fail:
                try:
                    cursor.execute(script)
                except Exception:  # that it fails is what the test is about
                    pass
        connection.close()
        return uri

    def main(self, what, uri, *more, status=0, timeout=300):
        environment = {**self.environment(), "ASAN_OPTIONS": "detect_leaks=1"}
        run = subprocess.run([str(MAIN), what, uri, *map(str, more)], env=environment, timeout=timeout,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(run.returncode, status, run.stderr + run.stdout[-3000:])
        return run

    def rows(self, uri, *more):
        return [Row(*map(unescape, line.split("\t"))) for line in self.main("rows", uri, *more).stdout.splitlines()]

    def proofs(self, uri, *more):
        return [Proof(*map(unescape, line.split("\t"))) for line in self.main("probe", uri, *more).stdout.splitlines()]

    def queries(self, **files):
        """A folder of queries; names without .sql."""
        return str(self.project({f"queries/{name}.sql": text for name, text in files.items()}, name="q") / "queries")

    def show(self, proofs):
        return "\n".join(f"{p.result}: {p.subject}: {p.proof}: {p.reason}" for p in proofs if p.result != "passed")
