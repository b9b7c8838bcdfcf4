"""The console: where text for people goes. Imported when there is something to print, since rich takes its time."""

from __future__ import annotations

import os
from typing import IO, NoReturn

from rich.console import Console

PIPED_WIDTH = 100
"""Columns of text where no terminal says how many there are."""


class PlainConsole(Console):
    """A console that takes text as it is (no markup, no guessed colours) and leaves a closed pipe to the program."""

    def on_broken_pipe(self) -> NoReturn:
        """Raise BrokenPipeError, where rich itself would end the program with 1."""
        raise BrokenPipeError


def console_on(stream: IO[str]) -> Console:
    """A console on *stream*; without colours where it is no terminal, or NO_COLOR is set."""
    width = None if stream.isatty() or "COLUMNS" in os.environ else PIPED_WIDTH
    return PlainConsole(file=stream, width=width, markup=False, emoji=False, highlight=False)
