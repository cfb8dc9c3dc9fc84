#!/usr/bin/python3
"""The embeddable library: its header alone in C11 and C++17, its exported symbols, and a program that uses it."""

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import harness  # noqa: E402
from harness import PgbraidTest  # noqa: E402

STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", str(harness.ROOT / "include")]
DIALECTS = {"c": ["cc", "-std=c11", "-x", "c"], "c++": ["c++", "-std=c++17", "-x", "c++"]}


def library():
    return harness.program().parent / "src" / "lib" / "libpgbraid.so"


class Embed(PgbraidTest):
    def build(self, dialect):
        """The program, linked with the library, with the sanitizers that it was built with."""
        target = self.folder / f"embed-{dialect}"
        needed = subprocess.run(["readelf", "-d", str(library())], capture_output=True, text=True, check=True).stdout
        sanitizers = ["-fsanitize=address,undefined"] if "libasan" in needed else []
        subprocess.run([*DIALECTS[dialect], *STRICT, *sanitizers, str(HERE / "embed.c"), "-x", "none", str(library()),
                        f"-Wl,-rpath,{library().parent}", "-o", str(target)], check=True)
        return target

    def run_embed(self, program, *arguments):
        return subprocess.run([str(program), *map(str, arguments)], capture_output=True, text=True, check=False,
                              env=self.environment(), timeout=120)

    def test_exported_symbols_are_the_list(self):
        output = subprocess.run(["nm", "-D", "--defined-only", str(library())], capture_output=True, text=True,
                                check=True).stdout
        symbols = sorted(line.split()[2].split("@")[0] for line in output.splitlines() if line.split()[1] != "A")
        self.assertEqual(symbols, (HERE / "symbols.txt").read_text(encoding="utf-8").split())

    def test_the_header_alone(self):
        for dialect, compiler in DIALECTS.items():
            if shutil.which(compiler[0]) is None:
                self.fail(f"there is no {compiler[0]}")
            subprocess.run([*compiler, *STRICT, "-fsyntax-only", str(harness.ROOT / "include/pgbraid/pgbraid.h")],
                           check=True)

    def test_a_program_goes_up_and_down(self):
        for dialect in DIALECTS:
            project, db = self.copy_example("therapy"), self.new_database()
            run = self.run_embed(self.build(dialect), project, db)
            self.assertEqual((run.returncode, run.stderr), (0, ""), run)
            lines = run.stdout.splitlines()
            self.assertEqual(lines[0].split(",")[1], " project therapy")
            self.assertEqual(lines[1], "7cce0565853d auth tables")
            self.assertIn("4da5acd78939* treatment plan tables (feature 4) <- f6g7h8i9j0k1", lines)
            self.assertIn("applied 0 pending 12 edited 0 missing 0", lines)
            self.assertIn("upgrade 7cce0565853d", lines)
            self.assertIn("done 12 told 12", lines)
            self.assertEqual(sum(line.startswith("current ") for line in lines), 3)
            self.assertIn("reverted 12", lines)
            self.assertEqual(lines[-1], "applied 0 pending 12 edited 0 missing 0")
            shutil.rmtree(project)

    def test_errors_have_their_place(self):
        program = self.build("c")
        run = self.run_embed(program, self.copy_example("therapy-conflict"), "")
        self.assertEqual(run.returncode, 2)
        self.assertIn("migrations/d4e5f6g7h8i9_add_export_tables.sql:2:21: project: two files claim", run.stderr)
        run = self.run_embed(program, self.copy_example("therapy"), "host=/nonexistent")
        self.assertEqual(run.returncode, 4)
        self.assertIn(": connect: ", run.stderr)


if __name__ == "__main__":
    harness.main()
