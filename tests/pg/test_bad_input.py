#!/usr/bin/python3
"""Bad input: a clear error that names file and line, exit status 2, and a database in which nothing was done.

What is wrong with the files or the command is found before the database is even called: a socket is listened at, and nobody comes.
What can only be told beside the history (a revision to go back to, whose file may be gone) reads it, and changes nothing."""

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import harness
from harness import PgbraidTest


def revision(rid, *lines, up="CREATE TABLE made ();", down="DROP TABLE made;"):
    text = f"-- {rid}\n-- pgbraid:revision {rid}\n" + "".join(line + "\n" for line in lines)
    return text + f"-- pgbraid:up\n{up}\n" + (f"-- pgbraid:down\n{down}\n" if down is not None else "")


@contextlib.contextmanager
def nobody_comes(folder):
    """A server's socket that counts who connects."""
    place = pathlib.Path(folder) / "s"
    place.mkdir()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place / ".s.PGSQL.5432"))
    listener.listen()
    came = []

    def serve():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                came.append(connection.recv(100))
                connection.close()
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"host={place} dbname=x connect_timeout=3", came
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


A = {"a_1.sql": revision("a")}

# what is wrong, files beside or instead of a good one, what is said
FILES = [
    ("a duplicate id", {**A, "a_2.sql": revision("a"), "b_1.sql": revision("b", "-- pgbraid:parent a")},
     [r"migrations/a_1\.sql:2:21: error: ", r"a_1\.sql:2 and migrations/a_2\.sql:2", r"a is the parent of migrations/b_1\.sql:3",
      r"pgbraid rename migrations/a_1\.sql"]),
    ("a missing parent", {**A, "b_1.sql": revision("b", "-- pgbraid:parent aa")},
     [r"b_1\.sql:3:19: error: parent aa of revision b has no file", r"Did you mean a \(migrations/a_1\.sql\)\?"]),
    ("a cycle", {"a_1.sql": revision("a", "-- pgbraid:parent b"), "b_1.sql": revision("b", "-- pgbraid:parent a")},
     [r"a -> b -> a", r"a_1\.sql:3", r"b_1\.sql:3"]),
    ("an unknown directive", {"a_1.sql": revision("a", "-- pgbraid:parnet b")}, [r"a_1\.sql:3:12: ", r"Did you mean -- pgbraid:parent\?"]),
    ("no section up", {"a_1.sql": "-- a\n-- pgbraid:revision a\nSELECT 1;\n"}, [r"a_1\.sql:3:1: error: the file has no up section"]),
    ("a psql command", {"a_1.sql": revision("a", up="SELECT 1;\n\\copy t from 'x.csv'")}, [r"a_1\.sql:5:1: .*\\copy", r"COPY"]),
    ("invalid UTF-8", {"a_1.sql": revision("a", up="SELECT '\udcff';").encode("utf-8", "surrogateescape")},
     [r"a_1\.sql:4:9: error: invalid UTF-8"]),
    ("a link that leads out", {**A, "b_1.sql": pathlib.Path("/etc/passwd")}, [r"b_1\.sql is a symbolic link", "It leads to /etc/passwd"]),
    ("a folder for a file", {**A, "b_1.sql": None}, [r"b_1\.sql is not a regular file"]),
    ("a string without end", {"a_1.sql": revision("a", up="SELECT 'x;", down=None)}, [r"a_1\.sql:4:8: .*not closed"]),
    ("a missing dependency", {"a_1.sql": revision("a", "-- pgbraid:depends lib")}, [r"a_1\.sql:3:20: error: "]),
    ("a label twice", {"a_1.sql": revision("a", "-- pgbraid:label x"), "b_1.sql": revision("b", "-- pgbraid:label x")}, [r"x"]),
]

# the same, which only a parser can tell: for the commands that would run it
CONTROL = [
    ("transaction control", {"a_1.sql": revision("a", up="SELECT 1;\nBEGIN;\nSELECT 2;\nCOMMIT;")},
     [r"a_1\.sql:5:1: error: .*BEGIN", "Remove the statement"]),
    ("transaction control in a way back", {**A, "b_1.sql": revision("b", down="DROP TABLE made;\n/* so */ end;")},
     [r"b_1\.sql:7:10: error: .*COMMIT", "Remove the statement"]),
    ("a savepoint outside a transaction",
     {"a_1.sql": revision("a", up="SAVEPOINT s;").replace("-- pgbraid:up", "-- pgbraid:transaction none\n-- pgbraid:up")},
     [r"a_1\.sql:5:1: error: .*SAVEPOINT"]),
]

# files, command, what is said; known without a database
COMMANDS = [
    (A, ["upgrade", "b"], ['no revision or label is called "b"']),
    (A, ["upgrade", "ab", "--dry-run"], ['no revision or label is called "ab"', "Did you mean a|did you mean a|nearest|a"]),
    ({**A, "ab_1.sql": revision("ab1"), "ab_2.sql": revision("ab2")}, ["upgrade", "ab"], ["fits 2 revisions", "ab1", "ab2", "say one of ab1, ab2"]),
    ({**A, "b_1.sql": revision("b")}, ["upgrade", "head"], ["there are 2 heads", "say one of a, b|a@head"]),
    (A, ["upgrade", "a+1"], ["goes past"]),
    (A, ["upgrade", "--one-trnsaction"], ["unknown option '--one-trnsaction'", "did you mean --one-transaction"]),
    (A, ["upgrade", "a:a"], ["a range"]),
]

# The same beside the history: a revision whose file is gone may be meant, or what is relative to what is applied.
BESIDE_THE_HISTORY = [
    (A, ["downgrade", "-1"], ["goes past the base"]),
    (A, ["downgrade", "nope"], ['called "nope"']),
    (A, ["stamp", "--purge", "nope"], ['called "nope"']),
]


class BadInputTest(PgbraidTest):
    def files(self, number, files):
        root = self.project({f"migrations/{name}": text for name, text in files.items() if isinstance(text, (str, bytes))},
                            name=f"case{number}")
        for name, thing in files.items():
            if thing is None:
                (root / "migrations" / name).mkdir()
            elif isinstance(thing, pathlib.Path):
                (root / "migrations" / name).symlink_to(thing)
        return root

    def test_the_files(self):
        with nobody_comes(self.folder) as (conninfo, came):
            for number, (what, files, said) in enumerate(FILES + CONTROL):
                root = self.files(number, files)
                looking = [["status"], ["current"]] if number < len(FILES) else [["upgrade", "--dry-run"]]
                for command in (["upgrade"], ["downgrade", "base"], ["stamp", "heads"], *looking):
                    with self.subTest(what=what, command=command):
                        errors = self.expect(2, *command, "-d", conninfo, cwd=root).stderr
                        for pattern in said:
                            self.assertRegex(errors, pattern)
                        self.assertEqual(came, [], "called a server")
            # the listener does see who comes
            root = self.files(99, A)
            self.expect(4, "status", "-d", conninfo, cwd=root)
            self.assertNotEqual(came, [])

    def test_commands(self):
        with nobody_comes(self.folder) as (conninfo, came):
            for number, (files, command, said) in enumerate(COMMANDS):
                root = self.files(number, files)
                with self.subTest(command=command):
                    errors = self.expect(2, *command, "-d", conninfo, cwd=root).stderr
                    for pattern in said:
                        self.assertRegex(errors, pattern)
                    self.assertEqual(came, [], "called a server")

    def test_no_transaction_control_after_all(self):
        """PREPARE and END are words of other statements, too; and what a revision allows is told when its turn comes."""
        root = self.files(0, {"a_1.sql": revision("a", up="PREPARE q AS SELECT 1;\nEXECUTE q;\nCREATE TABLE made ();")})
        db = self.new_database()
        self.expect(0, "upgrade", cwd=root, db=db)
        (root / "migrations/b_1.sql").write_text(revision("b", "-- pgbraid:parent a",
                                                          "-- pgbraid:allow transaction-control never to run here", up="COMMIT;"))
        self.expect(0, "upgrade", "a", cwd=root, db=db)
        self.assertRegex(self.expect(2, "upgrade", cwd=root, db=db).stderr, r"b_1\.sql:6:1: error: .*COMMIT")

    def test_unreadable(self):
        root = self.files(0, A)
        (root / "migrations/a_1.sql").chmod(0)
        for folder in (root, root / "migrations"):
            folder.chmod(0o755)
        as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        with nobody_comes(self.folder) as (conninfo, came):
            run = subprocess.run([*as_nobody, str(harness.program()), "upgrade", "-d", conninfo], cwd=root, env=self.environment(),
                                 capture_output=True, text=True, check=False)
            self.assertEqual(run.returncode, 2, run.stderr)
            self.assertIn("cannot open migrations/a_1.sql: Permission denied", run.stderr)
            self.assertEqual(came, [])

    def test_beside_the_history(self):
        for number, (files, command, said) in enumerate(BESIDE_THE_HISTORY):
            with self.subTest(command=command, files=files):
                root, db = self.files(number, files), self.new_database()
                errors = self.expect(2, *command, cwd=root, db=db).stderr
                for pattern in said:
                    self.assertRegex(errors, pattern)
                self.assertEqual(self.query(db, "SELECT to_regnamespace('pgbraid'), to_regclass('made')"), [(None, None)])


if __name__ == "__main__":
    harness.main()
