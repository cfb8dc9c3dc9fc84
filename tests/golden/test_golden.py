#!/usr/bin/python3
"""Golden tests: each tests/golden/*.t is a session (see cram.py). --accept writes what the program says now."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE)]

import cram  # noqa: E402


class Golden(cram.CramTest):
    pass


if __name__ == "__main__":
    cram.main(Golden, HERE, HERE.glob("*.t"), cram.read_golden)
