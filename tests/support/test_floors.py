#!/usr/bin/python3
"""Holds src/ to src/floors.txt: who may include what, headers that compile alone, calls that are banned.

Each check is also run on a made-up tree that breaks the rule, and must catch it.
"""

import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import harness

ROOT = harness.ROOT
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
BANNED = re.compile(
    r"\b(strcpy|stpcpy|strcat|sprintf|vsprintf|gets|strtok|system|popen|lo_[a-z_0-9]+)\s*\(")
# Comments, strings and character constants; what is in them is no call.
NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def line_of(text, position):
    return text.count("\n", 0, position) + 1


class Floors:
    """src/floors.txt, read."""

    def __init__(self, text):
        self.floor, self.allowed, self.outside = {}, {}, {}
        for number, line in enumerate(text.splitlines(), 1):
            line = line.split("#", 1)[0].strip()
            if not line:
                continue
            if line.startswith("<"):
                header, *modules = line.split()
                self.outside[header.strip("<>")] = modules
                continue
            match = re.fullmatch(r"(\w+) (\d+):(.*)", line)
            if not match:
                raise ValueError(f"floors.txt:{number}: not understood: {line}")
            self.floor[match[1]] = int(match[2])
            self.allowed[match[1]] = set(match[3].split())

    def problems(self):
        """What is wrong with the declaration itself: an unknown module, an edge upwards, a cycle."""
        found = []
        edges = {module: {entry.split("/")[0] for entry in allowed} - {"pgbraid"}
                 for module, allowed in self.allowed.items()}
        for module, targets in edges.items():
            for target in sorted(targets):
                if target not in self.floor:
                    found.append(f"{module} names {target}, which is not declared")
                elif self.floor[target] > self.floor[module]:
                    found.append(f"{module} (floor {self.floor[module]}) names {target} "
                                 f"(floor {self.floor[target]}), which is above it")
        left = {module: set(targets) for module, targets in edges.items()}
        while True:
            done = [module for module, targets in left.items() if not targets & left.keys()]
            if not done:
                break
            for module in done:
                del left[module]
        if left:
            found.append("a cycle among " + ", ".join(sorted(left)))
        return found

    def may_include(self, module, path):
        target = path.split("/")[0]
        return target == module or target in self.allowed[module] or path in self.allowed[module]


def sources(root):
    for path in sorted((root / "src").rglob("*")):
        if path.suffix in (".c", ".h", ".def") and path.is_file():
            yield path


def forbidden_includes(root, floors):
    found = []
    for path in sources(root):
        parts = path.relative_to(root / "src").parts
        module = parts[0]
        text = path.read_text(encoding="utf-8")
        if len(parts) < 2 or module not in floors.floor:
            found.append(f"{path.relative_to(root)}: its folder is not in floors.txt")
            continue
        for match in INCLUDE.finditer(text):
            where = f"{path.relative_to(root)}:{line_of(text, match.start())}"
            kind, name = match[1], match[2]
            for header, modules in floors.outside.items():
                if (name == header or (header.endswith("/") and name.startswith(header))) \
                        and module not in modules:
                    found.append(f"{where}: <{name}> belongs to {', '.join(modules)} alone")
            if ".." in name.split("/"):
                found.append(f"{where}: {name} leaves its folder")
            elif kind == '"' and "/" in name and not floors.may_include(module, name):
                found.append(f"{where}: {module} may not include {name}")
            elif kind == "<" and name.split("/")[0] in (floors.floor.keys() | {"pgbraid"}) and "/" in name:
                found.append(f"{where}: ours is included with quotes, not <{name}>")
    return found


def banned_calls(root):
    found = []
    for path in sources(root):
        code = NOT_CODE.sub(blank, path.read_text(encoding="utf-8"))
        for match in BANNED.finditer(code):
            found.append(f"{path.relative_to(root)}:{line_of(code, match.start())}: {match[1]}() is banned")
    return found


def flags():
    done = subprocess.run(["pkg-config", "--cflags", "libpq", "libgit2", "jansson", "inih", "libcrypto"],
                          check=True, capture_output=True, text=True)
    return done.stdout.split()


def compile_alone(command, root, header):
    name = header.relative_to(root / ("include" if (root / "include") in header.parents else "src"))
    # Twice: a header without a guard shows.
    text = f'#include "{name}"\n#include "{name}"\n'
    done = subprocess.run([*command, "-fsyntax-only", f"-I{root / 'src'}", f"-I{root / 'include'}", "-"],
                          input=text, capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [f"{name}:\n{done.stderr[:2000]}"]


def headers_not_alone(root):
    command = ["gcc", "-std=gnu17", "-D_GNU_SOURCE", '-DPGB_VERSION="0"', "-Wall", "-Wextra", "-Werror", "-xc",
               *flags()]
    return [problem for path in sources(root) if path.suffix == ".h"
            for problem in compile_alone(command, root, path)]


def public_headers_not_plain(root):
    """The public headers are C11 without extensions, and C++17."""
    found = []
    for path in sorted((root / "include").rglob("*.h")):
        for command in (["gcc", "-std=c11", "-xc"], ["g++", "-std=c++17", "-xc++"]):
            strict = [*command, "-pedantic-errors", "-Wall", "-Wextra", "-Werror"]
            found += compile_alone(strict, root, path)
    return found


def tests_not_run(root):
    """Test modules that their folder's meson.build does not name: they would never run."""
    found = []
    for path in sorted((root / "tests").rglob("test_*.py")):
        build = path.parent / "meson.build"
        text = build.read_text(encoding="utf-8") if build.exists() else ""
        if f"'{path.stem}'" not in text and f"'{path.name}'" not in text:
            found.append(f"{path.relative_to(root)} is not in {build.relative_to(root)}")
    return found


class TreeTest(unittest.TestCase):
    """The rules, on the real tree."""

    maxDiff = None

    def none(self, problems):
        if problems:
            self.fail("\n" + "\n".join(problems))

    def setUp(self):
        self.floors = Floors((ROOT / "src/floors.txt").read_text(encoding="utf-8"))

    def test_declaration(self):
        self.none(self.floors.problems())

    def test_includes(self):
        self.assertGreater(len(list(sources(ROOT))), 20, "the tree was not found")
        self.none(forbidden_includes(ROOT, self.floors))

    def test_banned_calls(self):
        self.none(banned_calls(ROOT))

    def test_headers_compile_alone(self):
        self.none(headers_not_alone(ROOT))

    def test_public_headers_are_c11_and_cxx17(self):
        self.none(public_headers_not_plain(ROOT))

    def test_every_test_module_is_run(self):
        self.none(tests_not_run(ROOT))


class ControlTest(unittest.TestCase):
    """The rules, on trees that break them."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "src").mkdir()
        (self.root / "include").mkdir()
        self.floors = Floors("base 0:\npg 1: base\nrev 2: base pg/data.h\n<libpq-fe.h> pg\n<git2/ base\n")

    def write(self, path, text):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def includes(self, path, text):
        self.write(path, text)
        return forbidden_includes(self.root, self.floors)

    def test_edge_down_is_allowed(self):
        self.assertEqual(self.includes(
            "src/rev/a.c", '#include <stdio.h>\n#include "base/x.h"\n#include "rev/a.h"\n#include "pg/data.h"\n'), [])

    def test_edge_up(self):
        self.assertEqual(self.includes("src/base/a.c", '\n#include "pg/pg.h"\n'),
                         ["src/base/a.c:2: base may not include pg/pg.h"])

    def test_other_header_of_a_partly_allowed_module(self):
        self.assertEqual(self.includes("src/rev/a.h", ' #  include "pg/pg.h"\n'),
                         ["src/rev/a.h:1: rev may not include pg/pg.h"])

    def test_outside_header(self):
        self.assertEqual(self.includes("src/rev/a.c", "#include <libpq-fe.h>\n"),
                         ["src/rev/a.c:1: <libpq-fe.h> belongs to pg alone"])
        self.assertEqual(self.includes("src/rev/a.c", '#include "libpq-fe.h"\n'),
                         ["src/rev/a.c:1: <libpq-fe.h> belongs to pg alone"])
        self.assertEqual(self.includes("src/rev/a.c", "#include <git2/oid.h>\n"),
                         ["src/rev/a.c:1: <git2/oid.h> belongs to base alone"])
        self.assertEqual(self.includes("src/rev/a.c", ""), [])
        self.assertEqual(self.includes("src/pg/a.c", "#include <libpq-fe.h>\n"), [])

    def test_ways_around(self):
        self.assertEqual(self.includes("src/base/a.c", '#include "../pg/pg.h"\n'),
                         ["src/base/a.c:1: ../pg/pg.h leaves its folder"])
        self.assertEqual(self.includes("src/base/a.c", "#include <pg/pg.h>\n"),
                         ["src/base/a.c:1: ours is included with quotes, not <pg/pg.h>"])
        self.assertEqual(self.includes("src/base/a.c", ""), [])
        self.assertEqual(self.includes("src/cellar/a.c", ""),
                         ["src/cellar/a.c: its folder is not in floors.txt"])

    def test_bad_declarations(self):
        self.assertEqual(len(Floors("base 0: pg\npg 1: base\n").problems()), 2)  # upwards, and a cycle
        self.assertEqual(len(Floors("a 1: b\nb 1: a\n").problems()), 1)
        self.assertEqual(len(Floors("a 1: nobody\n").problems()), 1)
        with self.assertRaises(ValueError):
            Floors("base may include all\n")

    def test_banned_calls(self):
        self.write("src/base/a.c", 'int f(char *a) {\n    strcpy (a, "x");\n    return system("y") + lo_creat(0, 0);\n}\n')
        self.assertEqual([line.split(": ")[1] for line in banned_calls(self.root)],
                         ["strcpy() is banned", "system() is banned", "lo_creat() is banned"])
        self.write("src/base/a.c", '// system(1)\n/* gets(\n) */ char *s = "popen(\\"", *t = "x"; pgb_system(s);'
                                   " my_strcpy(s); snprintf(s, 1, t);\n")
        self.assertEqual(banned_calls(self.root), [])

    def test_header_not_alone(self):
        self.write("src/base/good.h", "#pragma once\n#include <stddef.h>\nsize_t pgb_f(void);\n")
        self.assertEqual(headers_not_alone(self.root), [])
        self.write("src/base/bad.h", "#pragma once\nsize_t pgb_f(void);\n")
        self.assertEqual([problem.split(":")[0] for problem in headers_not_alone(self.root)], ["base/bad.h"])
        self.write("src/base/bad.h", "struct pgb_x {\n    int a;\n};\n")
        self.assertEqual([problem.split(":")[0] for problem in headers_not_alone(self.root)], ["base/bad.h"])

    def test_public_header_not_plain(self):
        self.write("include/pgbraid/good.h", "#ifndef A\n#define A\nint pgb_f(void);\n#endif\n")
        self.assertEqual(public_headers_not_plain(self.root), [])
        self.write("include/pgbraid/bad.h", "#ifndef B\n#define B\nint pgb_g(int class);\n#endif\n")
        self.assertEqual(len(public_headers_not_plain(self.root)), 1)
        self.write("include/pgbraid/bad.h", "#ifndef B\n#define B\nstatic inline int b(void) { return ({ 1; }); }\n#endif\n")
        self.assertEqual(len(public_headers_not_plain(self.root)), 2)

    def test_test_that_is_not_run(self):
        self.write("tests/pg/meson.build", "pg_tests = ['test_a']\n")
        self.write("tests/pg/test_a.py", "")
        self.assertEqual(tests_not_run(self.root), [])
        self.write("tests/pg/test_b.py", "")
        self.assertEqual(tests_not_run(self.root), ["tests/pg/test_b.py is not in tests/pg/meson.build"])


if __name__ == "__main__":
    harness.main()
