"""The code blocks of a page: what language, at which line, and whether a block is a file that the reader saves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

FENCE: Final = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
FILE_NAME: Final = re.compile(r"# (?P<name>[\w./-]+\.\w+)(?P<further>, further down)?\n")
RUN: Final = frozenset({"python", "console"})
SHOWN: Final = frozenset({"json", "text", "toml"})


class Block(NamedTuple):
    """One fenced block. `text` has neither fence; `line` is that of its first line in the page."""

    language: str
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """The file it is saved in, which its first line names: `# clinic.py`."""
        found = FILE_NAME.match(self.text)
        return found["name"] if found else None

    @property
    def continues(self) -> bool:
        """Whether it is added to the end of its file: `# clinic.py, further down`."""
        found = FILE_NAME.match(self.text)
        return bool(found and found["further"])


def blocks_of(page: Path) -> list[Block]:
    """Every fenced block of *page*, in order."""
    text = page.read_text(encoding="utf-8")
    return [Block(found["language"], found["text"], text.count("\n", 0, found.start("text")) + 1) for found in FENCE.finditer(text)]
