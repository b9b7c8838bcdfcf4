"""The clock of a test: it stands still until it is told to move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

START: Final = datetime(2025, 1, 1, tzinfo=UTC)
"""The moment at which tests begin unless they say another: midnight UTC, the first of January 2025."""


class FrozenClock:
    """
    A clock that stands still: `clock = FrozenClock()`, then `ensue.open(app, url, clock=clock)`.

    Args:
        moment: where it stands, with a time zone; default: `START`.

    Raises:
        ValueError: the moment has no time zone.
    """

    def __init__(self, moment: datetime = START) -> None:
        self._moment = aware(moment)

    def __call__(self) -> datetime:
        """The moment at which it stands, in UTC."""
        return self._moment

    def set(self, moment: datetime) -> None:
        """Stand at *moment*, later or earlier. Raises ValueError where it has no time zone."""
        self._moment = aware(moment)

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
        """Move on by so much time, and give the moment at which it stands then."""
        self._moment += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        return self._moment

    def __repr__(self) -> str:
        return f"FrozenClock({self._moment.isoformat()})"


def aware(moment: datetime) -> datetime:
    """*moment* in UTC. Raises ValueError where it has no time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"expected a moment with a time zone, found {moment.isoformat()}; write datetime(…, tzinfo=UTC)")
    return moment.astimezone(UTC)
