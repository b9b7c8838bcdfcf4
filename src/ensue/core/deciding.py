"""Deciding many records again, one after the other: each under its own version, and each under another one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from ensue.core.comparison import Comparison
from ensue.core.diff import Diff, Side, diff_of, is_equal
from ensue.core.group import Forecast
from ensue.core.record import Record
from ensue.core.replay import Past, decide_again, recorded_side, side_of
from ensue.core.replay_report import ReplayReport
from ensue.core.version import Version
from ensue.errors import UnknownEventType, VersionError

PastOf = Callable[[Record], Past | None]
"""What stood just before a record."""


class Decider(Protocol):
    """Decides a record under what it is compared with."""

    def side(self, record: Record) -> Side:
        """What comes of it."""
        ...


class UnderVersion:
    """Decides under another version of this code."""

    def __init__(self, version: Version, past_of: PastOf) -> None:
        self._version = version
        self._past_of = past_of

    def side(self, record: Record) -> Side:
        """What comes of it; a type that is not in the version is an input that is missing."""
        try:
            return side_of(decide_again(record, self._version, self._past_of(record)))
        except (VersionError, UnknownEventType) as error:
            return Side(missing=str(error))


def replay_each(records: Iterable[Record], report: ReplayReport) -> None:
    """Decide each record as it happened; *report* takes in what came of it."""
    for record in records:
        diff = replayed(record)
        if diff is None:
            report.add_same()
        else:
            report.add(diff)


def replayed(record: Record) -> Diff | None:
    """As `replay`, None where nothing differs; a record whose version the application no longer knows is unreplayable."""
    base = recorded_side(record)
    try:
        new = side_of(decide_again(record))
    except (VersionError, UnknownEventType) as error:
        new = Side(missing=str(error))
    if new.is_accepted and is_equal(base, new):
        return None
    diff = diff_of(record, base, new, base_version=record.version, version=record.version)
    return diff or None


def compare_each(records: Iterable[Record], comparison: Comparison, decider: Decider, forecast: Callable[[Diff], Forecast | None]) -> None:
    """
    Decide each record twice: as it happened, and by *decider*; *comparison* takes in what came of it.

    What does not even come out the same as it happened is noise, and goes no further.
    """
    for record in records:
        noise = replayed(record)
        if noise is not None:
            comparison.noise.add(noise)
            continue
        comparison.noise.add_same()
        base, new = recorded_side(record), decider.side(record)
        version = record.version if comparison.version is None else comparison.version
        diff = diff_of(record, base, new, base_version=record.version, version=version)
        comparison.add(diff, base, new, forecast(diff) if diff and diff.outcome not in ("raised", "unreplayable") else None)
