"""Selection: which records of a ledger are meant, by position, moment, type and subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ensue.core.record import Record
from ensue.errors import RequestError


@dataclass(frozen=True)
class Selection:
    """
    Some records of a ledger: those that fit everything that is said; `Selection()` takes all.

    Args:
        first: the first position.
        last: the last position, itself included.
        since: the first moment (`record.at`), with a time zone.
        until: the last moment, itself included.
        types: event types; none: all.
        subject: records in the chain of this subject, as `Patient/p-17`: its own, and those of others that link it.

    Raises:
        RequestError: a position below zero, a moment without a time zone.
    """

    first: int = 0
    last: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    types: Sequence[str] = ()
    subject: str | None = None

    def __post_init__(self) -> None:
        if self.first < 0 or (self.last is not None and self.last < 0):
            raise RequestError(f"Positions begin with 0; found a selection from {self.first} to {self.last}.")
        for moment in (self.since, self.until):
            if moment is not None and moment.utcoffset() is None:
                raise RequestError(f"A selection takes moments with a time zone; found {moment.isoformat()}, add tzinfo=UTC.")
        object.__setattr__(self, "types", (self.types,) if isinstance(self.types, str) else tuple(self.types))

    def takes(self, record: Record) -> bool:
        """Whether *record* is one of those; for records that are read from a file."""
        return (
            self.first <= record.position
            and (self.last is None or record.position <= self.last)
            and (self.since is None or self.since <= record.at)
            and (self.until is None or record.at <= self.until)
            and (not self.types or record.type in self.types)
            and (self.subject is None or self.subject == record.subject or any(self.subject == one for one, _ in record.place.links))
        )


ALL: Final = Selection()
"""Every record."""
