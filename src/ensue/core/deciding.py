"""Deciding many records again, one after the other: each under its own version, and each under another one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from ensue.core.comparison import Comparison
from ensue.core.diff import Diff, Side, diff_of, says
from ensue.core.facts import Instances
from ensue.core.group import Forecast
from ensue.core.record import Record
from ensue.core.replay import Decided, Past, decide_again, recorded_side, side_of
from ensue.core.replay_report import ReplayReport
from ensue.core.version import Version
from ensue.core.wanted import UNDONE
from ensue.errors import UnknownEventType, VersionError

INSTANCES_MAX: Final = 4_096
"""So many rows are kept as instances: a day of a clinic asks for the same patients and encounters again and again."""
PastOf = Callable[[Record], Past | None]
"""What stood just before a record."""


class Decider(Protocol):
    """Decides a record under what it is compared with."""

    def sides(self, record: Record, base: Side, stands: str) -> tuple[Side, Side]:
        """
        What stands for a record and what comes of it, in one shape.

        *base* is what stands; *stands* the version that does, where the record is not compared under one.
        """
        ...

    def decides_alike(self, record: Record) -> bool:
        """Whether the very steps and shapes of the record's own version decide it, so that nothing can come out otherwise."""
        ...


class UnderVersion:
    """Decides under another version of this code."""

    def __init__(self, version: Version, past_of: PastOf) -> None:
        self._version = version
        self._past_of = past_of
        self._alike: dict[tuple[str, str], bool] = {}

    def decides_alike(self, record: Record) -> bool:
        """By what both versions are resolved to."""
        key = (record.type, record.version)
        if key not in self._alike:
            try:
                own, other = record.logic, record.app.logic(record.type, self._version)
                self._alike[key] = (own.steps, own.shapes) == (other.steps, other.shapes)
            except (VersionError, UnknownEventType):
                self._alike[key] = False
        return self._alike[key]

    def sides(self, record: Record, base: Side, stands: str) -> tuple[Side, Side]:  # noqa: ARG002  # it has a version
        """What comes of it; a type that is not in the version is an input that is missing."""
        return base, side_under(record, self._version, self._past_of(record))


class Standing:
    """What stands for each record: what it says, or what its latest correction made of it."""

    def __init__(self, corrected: Mapping[str, str | None], past_of: PastOf) -> None:
        self._corrected = corrected
        self._past_of = past_of

    def is_as_recorded(self, record: Record) -> bool:
        """Whether it was never corrected."""
        return record.id not in self._corrected

    def side(self, record: Record) -> tuple[Side, str]:
        """That, and the version whose rules stand; `UNDONE` where it is as if it had not happened."""
        if self.is_as_recorded(record):
            return recorded_side(record, self._past_of(record)), record.version
        ruled = self._corrected[record.id]
        if ruled is None:
            return Side(undone=True), UNDONE
        return side_under(record, Version.parse(ruled), self._past_of(record)), ruled


def side_under(record: Record, version: Version, past: Past | None) -> Side:
    """What comes of *record* under *version*; a type that is not in it is an input that is missing."""
    try:
        return side_of(decide_again(record, version, past))
    except (VersionError, UnknownEventType) as error:
        return Side(missing=str(error))


def no_past(record: Record) -> Past | None:  # noqa: ARG001  # of whichever
    """Nobody knows what stood before a record."""
    return None


def replay_each(records: Iterable[Record], report: ReplayReport, past_of: PastOf = no_past) -> None:
    """Decide each record as it happened; *report* takes in what came of it."""
    instances: Instances = {}
    for record in records:
        diff = replayed(record, past_of(record), instances)
        if diff is None:
            report.add_same()
        else:
            report.add(diff)


def replayed(record: Record, past: Past | None, instances: Instances) -> Diff | None:
    """
    As `replay`, None where nothing differs; a record whose version the application no longer knows is unreplayable.

    *instances* are kept from record to record, up to some thousand.
    """
    if len(instances) > INSTANCES_MAX:
        instances.clear()
    try:
        decided = decide_again(record, past=past, instances=instances)
    except (VersionError, UnknownEventType) as error:
        decided = Decided(None, missing=str(error))
    plan = decided.plan
    if plan is not None and not plan.rejections and says(record, plan):
        return None
    return diff_of(record, recorded_side(record, past), side_of(decided), base_version=record.version, version=record.version) or None


def compare_each(
    records: Iterable[Record],
    comparison: Comparison,
    standing: Standing,
    decider: Decider,
    forecast: Callable[[Diff], Forecast | None],
    past_of: PastOf = no_past,
) -> None:
    """
    Decide each record twice: as it happened, and by *decider*, against what stands; *comparison* takes in what came of it.

    What does not even come out the same as it happened is noise, and goes no further.
    """
    instances: Instances = {}
    for record in records:
        past = past_of(record)
        noise = replayed(record, past, instances)
        if noise is not None:
            comparison.noise.add(noise)
            continue
        comparison.noise.add_same()
        if decider.decides_alike(record) and standing.is_as_recorded(record):
            comparison.add_same(record.version)
            continue
        diff, base, new = compared(record, comparison.version, standing, decider)
        told = forecast(diff) if diff and diff.outcome not in ("raised", "unreplayable") else None
        comparison.add(diff, base, new, told)


def compared(record: Record, version: str | None, standing: Standing, decider: Decider) -> tuple[Diff, Side, Side]:
    """
    One record under *version* (None: the one that stands), against what stands; and both sides.

    One that was undone stays so: no version of many records brings back what somebody took back.
    """
    base, stands = standing.side(record)
    base, new = (base, base) if stands == UNDONE else decider.sides(record, base, stands)
    return diff_of(record, base, new, base_version=stands, version=version or stands), base, new
