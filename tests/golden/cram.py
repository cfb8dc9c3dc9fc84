"""Runs console sessions that are written down, and compares: golden tests and the documentation's examples.

A session is a list of commands, each with what it prints (stdout and stderr as one) and its exit status:

    $ pgbraid heads              a command; a here-document or a `\\` goes on in lines that start with `> `
    4da5acd78939  treatment …    what it prints, compared exactly, except for lines that end in
    in [0-9]+ ms (re)            a regular expression
    in * ms (glob)               * and ?
    in 12 ms                     durations, ISO times, UUIDs and clients (who@where (process N)) match any such
    ...                          any number of lines, none too
    [3]                          its exit status, where that is not 0

In a golden test (*.t) these lines are indented by two spaces, and every other line is a comment, but for those at its
top: `fixture: NAME` copies examples/NAME or tests/golden/fixtures/NAME in first, `database: new` sets DATABASE_URL to
an empty database. In Markdown a session is a block fenced as ```console, with the same words in the fence's line:
```console fixture=therapy database=new. A block without words goes on where the block before it ended.

Each command is one `sh -c` in the session's folder. `pgbraid` is the program under test. The session's folder is shown
as $DIR. With nothing on a terminal, output is what a pipe sees.
"""

import difflib
import fnmatch
import re
import shutil
import subprocess
from pathlib import Path

import harness

FIXTURES = (harness.ROOT / "tests" / "golden" / "fixtures", harness.ROOT / "examples")


class Command:
    def __init__(self, line, indent):
        self.line = line  # of the `$`, from 0
        self.end = line + 1  # after its last expected line
        self.indent = indent
        self.text = ""
        self.expected = []
        self.actual = []


class Session:
    """Commands that share a folder, and what they stand on."""

    def __init__(self, fixture=None, database=None):
        self.fixture, self.database = fixture, database
        self.commands = []


def _goes_on(lines, number, last, indent):
    """Whether the empty line stands within a command's output: output follows, no comment and no command."""
    after = next((line for line in lines[number:last] if line != ""), "")
    return after.startswith(indent) and not after.startswith(indent + "$ ")


def _command_lines(lines, first, last, indent, session):
    """Reads lines[first:last], which are a session's, into it."""
    command = None
    for number in range(first, last):
        line = lines[number]
        if indent and not line.startswith(indent):
            if line == "" and command is not None and _goes_on(lines, number, last, indent):
                command.expected.append("")
                command.end = number + 1
            else:
                command = None
            continue
        text = line[len(indent):]
        if text.startswith("$ "):
            command = Command(number, indent)
            command.text = text[2:]
            session.commands.append(command)
        elif command is not None and text.startswith("> ") and not command.expected:
            command.text += "\n" + text[2:]
        elif command is not None and text == ">" and not command.expected:
            command.text += "\n"
        elif command is not None:
            command.expected.append(text)
        elif indent == "" and text.strip():
            raise ValueError(f"line {number + 1}: output without a command before it: {text}")
        else:
            continue
        command.end = number + 1


def read_golden(text):
    """The sessions of a .t file: one."""
    lines = text.splitlines()
    words = {}
    for line in lines:
        match = re.fullmatch(r"(fixture|database): (\S+)", line)
        if match:
            words[match[1]] = match[2]
    session = Session(**words)
    _command_lines(lines, 0, len(lines), "  ", session)
    return [session]


def read_markdown(text):
    """The sessions of a Markdown file's ```console blocks."""
    lines = text.splitlines()
    sessions, start, words = [], None, ""
    for number, line in enumerate(lines):
        fence = re.match(r"^\s*(`{3,})(.*)$", line)
        if not fence:
            continue
        if start is not None:
            if fence[2].strip() == "" and len(fence[1]) >= ticks:
                if info[:1] == ["console"]:
                    words = dict(word.split("=", 1) for word in info[1:])
                    if words or not sessions:
                        sessions.append(Session(**words))
                    _command_lines(lines, start, number, indent, sessions[-1])
                start = None
        else:
            start, ticks, info = number + 1, len(fence[1]), fence[2].split()
            indent = line[: len(line) - len(line.lstrip())]
    if start is not None:
        raise ValueError(f"line {start}: a fence that is not closed")
    return sessions


# What differs from run to run, and may stand in a session as it was once: durations, times, run ids, clients.
MASKS = [(re.compile(pattern), mask) for pattern, mask in (
    (r"\b[0-9]+ min [0-9]+ s\b|\b[0-9]+(\.[0-9]+)? m?s\b", "DURATION"),
    (r"\b20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+[+-][0-9:]+", "TIME"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UUID"),
    (r"\S+@\S+ \(process [0-9]+\)", "CLIENT"))]


def masked(line):
    for pattern, mask in MASKS:
        line = pattern.sub(mask, line)
    return line


def line_matches(expected, actual):
    if expected == actual or masked(expected) == masked(actual):
        return True
    if expected.endswith(" (re)"):
        return re.fullmatch(expected[:-5], actual) is not None
    if expected.endswith(" (glob)"):
        pattern = expected[:-7].replace("[", "[[]")
        return fnmatch.fnmatchcase(actual, pattern)
    return False


def matches(expected, actual):
    """Whether the lines match; `...` stands for any number of them."""
    at = seen = 0
    back = None  # the last `...`, and the first line that it has not taken yet
    while seen < len(actual):
        if at < len(expected) and expected[at] == "...":
            at += 1
            back = (at, seen)
        elif at < len(expected) and line_matches(expected[at], actual[seen]):
            at, seen = at + 1, seen + 1
        elif back is not None:
            back = (back[0], back[1] + 1)
            at, seen = back
        else:
            return False
    return all(line == "..." for line in expected[at:])


def merge(expected, actual):
    """What --accept writes: the actual lines, with the expected patterns that still match theirs."""
    if matches(expected, actual):
        return expected
    patterns = [line for line in expected if line.endswith((" (re)", " (glob)"))]
    return [next((pattern for pattern in patterns if line_matches(pattern, line)), line) for line in actual]


class CramTest(harness.PgbraidTest):
    """One case per file. A subclass lists its files with add_files()."""

    def run_session(self, session):
        folder = self.project(name="session")
        if session.fixture:
            source = next((base / session.fixture for base in FIXTURES if (base / session.fixture).is_dir()), None)
            if source is None:
                self.fail(f"no fixture {session.fixture}")
            shutil.copytree(source, folder, dirs_exist_ok=True, symlinks=True,
                            ignore=shutil.ignore_patterns(".pgbraid"))
        binaries = self.folder / "bin"
        if not binaries.exists():
            binaries.mkdir()
            (binaries / "pgbraid").symlink_to(harness.program())
        environment = self.environment()
        environment["PATH"] = f"{binaries}:{environment['PATH']}"
        if session.database == "new":
            environment["DATABASE_URL"] = self.new_database()
        for command in session.commands:
            try:
                done = subprocess.run(
                    ["sh", "-c", command.text], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
                status, output = done.returncode, done.stdout
            except subprocess.TimeoutExpired as late:
                status, output = "not ended after 120 s", late.stdout or b""
            text = output.decode("utf-8", "replace").replace(str(folder), "$DIR")
            command.actual = text.splitlines()
            if text and not text.endswith("\n"):
                command.actual[-1] += " (no-eol)"
            if status == harness.SANITIZER_STATUS:
                self.fail(f"a sanitizer found something\n$ {command.text}\n{text}")
            if status != 0:
                command.actual.append(f"[{status}]")

    def run_file(self, path, read, accept=False):
        text = path.read_text(encoding="utf-8")
        sessions = read(text)
        lines = text.splitlines()
        wanted = list(lines)
        for session in sessions:
            self.run_session(session)
        for command in reversed([command for session in sessions for command in session.commands]):
            # Blank lines that end the expected output are the file's layout.
            expected = list(command.expected)
            layout = []
            while expected and expected[-1] == "":
                layout.append(expected.pop())
            if not matches(expected, command.actual):
                first = command.end - len(command.expected)
                wanted[first:command.end] = [
                    (command.indent + line).rstrip() if line == "" else command.indent + line
                    for line in merge(expected, command.actual) + layout]
        if wanted == lines:
            return
        if accept:
            path.write_text("\n".join(wanted) + "\n", encoding="utf-8")
            print(f"# accepted: {path}")
            return
        self.fail("\n" + "\n".join(difflib.unified_diff(lines, wanted, "expected", "actual", lineterm="")))

    @classmethod
    def add_files(cls, base, paths, read, accept=False):
        for path in sorted(paths):
            name = re.sub(r"\W+", "_", str(path.relative_to(base).with_suffix("")))

            def case(self, path=path):
                self.run_file(path, read, accept)

            setattr(cls, f"test_{name}", case)


def main(test, base, paths, read, module="__main__"):
    """A test program: each file a case, --accept rewrites what differs."""
    import sys

    accept = "--accept" in sys.argv
    if accept:
        sys.argv.remove("--accept")
    test.add_files(Path(base), paths, read, accept)
    harness.main(module)
