"""Spread: how numbers are spread, in a fixed amount of memory, and the same whatever order they came in."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

KEPT_MAX: Final = 512
"""Up to so many numbers the quantiles are exact."""
QUANTILES: Final = (5, 25, 50, 75, 95)
"""In hundredths."""


@dataclass
class Spread:
    """
    Count, least and greatest of some numbers, and their quantiles.

    Of more than `KEPT_MAX` numbers those are kept whose labels have the smallest hashes: a sample that is fair and that does
    not depend on order, so that the spreads of parts merge to the spread of the whole.
    """

    count: int = 0
    least: Decimal | None = None
    most: Decimal | None = None
    kept: list[tuple[bytes, Decimal]] = field(default_factory=list)

    def add(self, number: Decimal, label: str) -> None:
        """A number; no two have one *label*."""
        self.count += 1
        self.least = number if self.least is None else min(self.least, number)
        self.most = number if self.most is None else max(self.most, number)
        self._keep(sha256(label.encode()).digest()[:16], number)

    def merge(self, other: Spread) -> None:
        """Take over what *other* has seen."""
        if other.least is None or other.most is None:
            return
        self.count += other.count
        self.least = other.least if self.least is None else min(self.least, other.least)
        self.most = other.most if self.most is None else max(self.most, other.most)
        for place, number in other.kept:
            self._keep(place, number)

    def _keep(self, place: bytes, number: Decimal) -> None:
        if len(self.kept) < KEPT_MAX or place < self.kept[-1][0]:
            insort(self.kept, (place, number))
            del self.kept[KEPT_MAX:]

    def quantiles(self) -> dict[str, str]:
        """Some quantiles by name (`50%`), each a number that was seen."""
        numbers = sorted(number for _, number in self.kept)
        return {f"{share}%": str(numbers[min(len(numbers) - 1, len(numbers) * share // 100)]) for share in QUANTILES} if numbers else {}

    def as_json(self) -> dict[str, Any]:
        """The spread as data."""
        return {"count": self.count, "least": str(self.least), "most": str(self.most), "quantiles": self.quantiles()}
