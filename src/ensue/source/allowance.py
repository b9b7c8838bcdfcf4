"""
Allowances: lines on which somebody has said that a rule does not hold, and why.

    drug = min(codes, key=len)  # ensue: allow order because no two codes are of one length

The comment stands behind the statement, or on a line of its own above it.
"""

from __future__ import annotations

import linecache
import re
from typing import Final, NamedTuple

from ensue.source.purity import Spot
from ensue.source.rules import CODES

FORM: Final = re.compile(r"#\s*ensue:\s*allow\b(?P<said>.*)$")
SAID: Final = re.compile(r"\s+(?P<codes>[a-z]+(?:\s*,\s*[a-z]+)*)(?:\s+because\s+(?P<reason>\S.*))?\s*")


class Allowance(NamedTuple):
    """One comment: the line it stands on, what it allows, and why; without a reason it allows nothing."""

    line: int
    covers: int
    codes: frozenset[str]
    reason: str | None

    @property
    def counts(self) -> bool:
        """Whether it is complete: known codes and a reason."""
        return bool(self.codes) and self.codes <= CODES and self.reason is not None

    def is_of(self, spot: Spot) -> bool:
        """Whether it is about this line and rule."""
        return spot.rule.code in self.codes and self.covers in spot.lines


def allowances_in(file: str, first: int, last: int) -> list[Allowance]:
    """The allowances between two lines of a file, and on the one above them."""
    lines = linecache.getlines(file)
    found = []
    for number in range(max(first - 1, 1), min(last, len(lines)) + 1):
        text = lines[number - 1]
        if (match := FORM.search(text)) is None:
            continue
        said = SAID.fullmatch(match["said"].rstrip("\n"))
        covers = number + 1 if text.lstrip().startswith("#") else number
        if covers < first:
            continue
        codes = frozenset(re.split(r"\s*,\s*", said["codes"])) if said is not None else frozenset()
        found.append(Allowance(number, covers, codes, said["reason"] if said is not None else None))
    return found
