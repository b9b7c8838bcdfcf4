"""Report: what verification saw, and the faults it collects on its way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from ensue.errors import Fault

FAULTS_MAX: Final = 100
"""Of one kind; a table that was emptied is told often enough."""


@dataclass(frozen=True)
class Report:
    """What verification saw: how much, what is wrong (first the earliest record), and what others changed in tables they write too."""

    records: int
    chains: int
    rows: int
    faults: tuple[Fault, ...]
    outside: tuple[Fault, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong; changes from outside are no fault."""
        return not self.faults


class Faults:
    """The faults in the order of finding, at most `FAULTS_MAX` of a kind."""

    def __init__(self) -> None:
        self._found: list[Fault] = []
        self._told: Counter[str] = Counter()

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, kind: str, message: str, subject: Any = None, seq: Any = None, position: Any = None) -> None:
        """One fault more, with where it is as far as that is known; what is stored there may be of any type."""
        self._told[kind] += 1
        if self._told[kind] <= FAULTS_MAX:
            self._found.append(Fault(kind, message, subject, seq, position))

    def first_to_last(self) -> tuple[Fault, ...]:
        """In the ledger's order, those without a position at the end; the faults of one record stay in the order of finding."""
        return tuple(sorted(self._found, key=lambda fault: (fault.position is None, fault.position or 0)))
