"""The command line: `ensue`, one command a file. Exit codes and the JSON envelope live here and nowhere below."""

from __future__ import annotations

import gc
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the program with the arguments it was called with, and leave with its exit code."""
    try:
        from ensue.cli.program import run  # what imports this package alone need not wait for a command line

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while the program started, or while it printed
        code = 130
    gc.freeze()  # else the interpreter, at its end, searches all that was imported for cycles: a third of a short command's time
    sys.exit(code)
