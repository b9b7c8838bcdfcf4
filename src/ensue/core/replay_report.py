"""Replay report: how many records still decide what they decided, and which do not. Reports of parts merge to that of the whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from ensue.core.diff import Diff

KEPT_MAX: Final = 20
"""How many differing records a report keeps whole; all are counted."""


@dataclass
class ReplayReport:
    """
    What replaying many records came to. True where something differs.

    `outcomes` counts by outcome (`same`, `differs`, `newly_rejected`, `newly_accepted`, `raised`, `unreplayable`);
    `differing` are the first records that differ, in the ledger's order, as data (`Diff.as_json`).
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    differing: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = field(default=0.0, compare=False)
    """How long it took, by the clock on the wall."""

    @property
    def records(self) -> int:
        """How many records were decided again."""
        return self.outcomes.total()

    @property
    def different(self) -> int:
        """How many of them do not come to the same."""
        return self.records - self.outcomes["same"]

    @property
    def events_per_second(self) -> float:
        """Speed of the whole; 0 where nothing was done."""
        return self.records / self.seconds if self.seconds else 0.0

    def __bool__(self) -> bool:
        return self.different > 0

    def add(self, diff: Diff) -> None:
        """Take in one record; records come in the ledger's order."""
        self.outcomes[diff.outcome] += 1
        if diff and len(self.differing) < KEPT_MAX:
            self.differing.append(diff.as_json())

    def add_same(self) -> None:
        """Take in one record that comes out the same."""
        self.outcomes["same"] += 1

    def merge(self, other: ReplayReport) -> None:
        """Take over the report of another part; order does not matter. Seconds are those of whoever has the whole."""
        self.outcomes.update(other.outcomes)
        self.differing = sorted([*self.differing, *other.differing], key=lambda one: int(one["position"]))[:KEPT_MAX]

    def as_json(self) -> dict[str, Any]:
        """The report as data."""
        return {
            "records": self.records,
            "different": self.different,
            "outcomes": dict(sorted(self.outcomes.items())),
            "differing": self.differing,
            "seconds": round(self.seconds, 3),
            "events_per_second": round(self.events_per_second),
        }
