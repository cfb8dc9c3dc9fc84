#!/usr/bin/python3
"""The documentation's ```console blocks, run and compared (see cram.py). --accept writes what the program says now."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE)]

import cram  # noqa: E402
import harness  # noqa: E402


class Docs(cram.CramTest):
    def test_fences(self):
        """Every file can be read, also those without a session."""
        for path in files():
            with self.subTest(path=path):
                cram.read_markdown(path.read_text(encoding="utf-8"))


def files():
    candidates = [*harness.ROOT.glob("*.md"), *(harness.ROOT / "docs").rglob("*.md"),
                  *(harness.ROOT / "examples").rglob("*.md")]
    return sorted(path for path in candidates if path.is_file())


def with_sessions():
    return [path for path in files() if "```console" in path.read_text(encoding="utf-8")]


if __name__ == "__main__":
    cram.main(Docs, harness.ROOT, with_sessions(), cram.read_markdown)
