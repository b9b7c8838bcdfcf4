"""The frozen clock: it stands still until it is told to move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ensue.testing import START, FrozenClock, given, memory_ledger
from tests.testing.bakery import ADA, PlaceOrder2, bakery


def test_it_stands_still() -> None:
    clock = FrozenClock()

    assert clock() == clock() == START == datetime(2025, 1, 1, tzinfo=UTC)


def test_it_moves_when_it_is_told_to() -> None:
    clock = FrozenClock()

    assert clock.advance(days=1, seconds=1.5) == clock() == START + timedelta(days=1, seconds=1.5)
    clock.set(datetime(2024, 2, 29, 12, tzinfo=UTC))
    assert clock() == datetime(2024, 2, 29, 12, tzinfo=UTC)


def test_it_tells_the_time_in_utc() -> None:
    clock = FrozenClock(datetime(2025, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))))

    assert clock().isoformat() == "2025-01-01T00:00:00+00:00"


def test_a_moment_without_a_zone_is_refused() -> None:
    naive = datetime(2025, 1, 1)  # noqa: DTZ001  # that is the point

    for refusing in (FrozenClock, FrozenClock().set, given(bakery).at):
        with pytest.raises(ValueError, match="with a time zone, found 2025-01-01"):
            refusing(naive)


def test_events_happen_when_the_clock_says() -> None:
    clock = FrozenClock()

    with memory_ledger(bakery, ADA, clock=clock) as ledger:
        first = ledger.submit(PlaceOrder2(loaf="rye", customer="ada"), actor="desk")
        clock.advance(hours=2)
        second = ledger.submit(PlaceOrder2(loaf="rye", customer="ada"), actor="desk")

    assert (first.at, second.at) == (START, START + timedelta(hours=2))
