"""Seen: what a ledger counted, as far as it belongs to one entry of the catalog: from its date to the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ensue.core.catalog import EventEntry, Seen, SeenCount
from ensue.core.version import Version


@dataclass(frozen=True)
class SeenOfEntry:
    """How often an event type was recorded under an entry's dates, when first and last, and what followed, by name."""

    count: int
    first: str | None
    last: str | None
    operations: Counter[str]
    effects: Counter[str]
    rejections: Counter[str]
    causes: Counter[str]

    def as_json(self) -> dict[str, Any]:
        """As the envelope has it: counts by name."""
        counts = {name: dict(getattr(self, name)) for name in ("operations", "effects", "rejections", "causes")}
        return {"count": self.count, "first": self.first, "last": self.last, **counts}


def seen_of(seen: Seen, entry: EventEntry) -> SeenOfEntry:
    """The counts of one entry."""
    events = [one for one in seen.events if one.type == entry.type and _covers(entry, one.version)]
    return SeenOfEntry(
        sum(one.count for one in events),
        min((one.first for one in events), default=None),
        max((one.last for one in events), default=None),
        *(_counted(entry, counts) for counts in (seen.operations, seen.effects, seen.rejections, seen.causes)),
    )


def count_of(seen: Seen, type: str) -> int:
    """How often an event type was recorded, under whatever version."""
    return sum(one.count for one in seen.events if one.type == type)


def _counted(entry: EventEntry, counts: Iterable[SeenCount]) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in counts:
        if one.type == entry.type and _covers(entry, one.version):
            found[one.name] += one.count
    return found


def _covers(entry: EventEntry, version: str) -> bool:
    date = Version.parse(version)
    return Version.parse(entry.since) <= date and (entry.until is None or date < Version.parse(entry.until))
