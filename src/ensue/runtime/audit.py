"""
Audit: some of the newest records, decided again where hash seed and time zone are others.

What it finds is a step that is not pure: it said one thing when the event was committed, and another one now. Nothing is
written, and nothing is performed. Who looks is not on record, since nobody is shown what records hold: what differs is
named, its values are not.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import structlog

from ensue.core.app import App
from ensue.core.record import Record
from ensue.core.replay import decide_again
from ensue.errors import ConfigurationError, EnsueError
from ensue.runtime.decoding import record_of
from ensue.runtime.disagreement import Disagreement, Said, find_disagreement, said_by_plan, said_by_record
from ensue.runtime.elsewhere import ZONES, Elsewhere, Named, app_of, find_name, zone
from ensue.storage import read

if TYPE_CHECKING:
    from ensue.storage.database import Storage

logger = structlog.get_logger("ensue.audit")

LAST: Final = 10_000
CHUNK: Final = 100
FIELDS: Final = ("id", "type", "version", "actor", "at", "place", "hash", "document", "said", "table_shapes", "logic_hash", "erased")
"""What of a record its decision depends on."""


class Differing(NamedTuple):
    """A record that is decided differently now: which, and where the two decisions part."""

    record: Record
    disagreement: Disagreement


@dataclass(frozen=True)
class AuditReport:
    """
    What an audit saw.

    Attributes:
        records: among how many records it chose.
        decided: how many of them it decided again.
        unreplayable: how many of those it could not decide, since they lack an input or their steps are gone.
        elsewhere: whether that was in another process; here only a clock, randomness and what runs leave behind show.
        differing: what was decided differently, by position.
    """

    records: int
    decided: int
    unreplayable: int
    elsewhere: bool
    differing: tuple[Differing, ...]

    @property
    def is_clean(self) -> bool:
        """Whether every record was decided as it was committed."""
        return not self.differing


class Unreplayable(NamedTuple):
    """A record that cannot be decided again, and why."""

    why: str


Answer = Said | Unreplayable
Decider = Callable[[Sequence[Record]], list[list[Answer]]]


def audit_sample(app: App, storage: Storage, rate: float, *, last: int = LAST, after: int | None = None) -> AuditReport:
    """
    Decide a random share of the newest records again; `Ledger.audit_sample` says what is promised.

    Raises:
        ConfigurationError: the rate is no share.
    """
    if not 0 < rate <= 1:
        raise ConfigurationError(f"audit_sample(rate={rate}): the share of records to decide again is above 0 and at most 1, as 0.01.")
    with storage.reader() as connection:
        end = read.size(connection)
    begin = max(0, end - last) if after is None else after + 1
    population = range(min(begin, end), end)
    positions = sorted(random.sample(population, math.ceil(len(population) * rate)))
    audit = _Audit(app, storage, len(population))
    named = find_name(app) if positions else None
    if named is None:
        return audit.report(positions, here, "when it is decided again", elsewhere=False)
    with Elsewhere() as other:
        where = "in another process, with another hash seed and time zone"
        return audit.report(positions, partial(there, other, named), where, elsewhere=True)


class _Audit:
    """Goes through the chosen records, some at a time."""

    def __init__(self, app: App, storage: Storage, population: int) -> None:
        self._app = app
        self._storage = storage
        self._population = population
        self._unreplayable = 0
        self._differing: list[Differing] = []

    def report(self, positions: Sequence[int], decide: Decider, where: str, *, elsewhere: bool) -> AuditReport:
        """Decide the records at *positions* again, and say what differs."""
        for start in range(0, len(positions), CHUNK):
            with self._storage.reader() as connection:
                records = [
                    record_of(self._storage, one, self._app) for one in read.records_at(connection, positions[start : start + CHUNK])
                ]
            for record, answers in zip(records, decide(records), strict=True):
                self._take(record, answers, where)
        return AuditReport(self._population, len(positions), self._unreplayable, elsewhere, tuple(self._differing))

    def _take(self, record: Record, answers: Sequence[Answer], where: str) -> None:
        said = [one for one in answers if isinstance(one, Said)]
        if len(said) < len(answers):
            self._unreplayable += 1
            return
        before = said_by_record(record)
        differences = (find_disagreement(before, one, where, record.logic, with_values=False) for one in said)
        found = next((one for one in differences if one is not None), None)
        if found is not None:
            self._differing.append(Differing(record, found))
            _tell(record, found)


def _tell(record: Record, found: Disagreement) -> None:
    logger.warning(
        "decided differently",
        event_id=record.id,
        type=record.type,
        version=record.version,
        position=record.position,
        step=found.step,
        file=found.file,
        line=found.line,
        remedy=found.remedy,
    )


# ---- deciding ------------------------------------------------------------------------------------------------------
def here(records: Sequence[Record]) -> list[list[Answer]]:
    """What this process says of each record, twice."""
    return [[decide_once(one), decide_once(one)] for one in records]


def there(other: Elsewhere, named: Named, records: Sequence[Record]) -> list[list[Answer]]:
    """What the other process says of each record, in each of its time zones."""
    described = [{name: getattr(one, name) for name in FIELDS} for one in records]
    answers: list[list[Answer]] = other.call(decide_there, named, described, modules=named.modules)
    return answers


def decide_there(named: Named, described: list[dict[str, Any]]) -> list[list[Answer]]:
    """Called in the other process."""
    records = [Record(app_of(named), **one) for one in described]
    answers: list[list[Answer]] = [[] for _ in records]
    for text in ZONES:
        with zone(text):
            for record, found in zip(records, answers, strict=True):
                found.append(decide_once(record))
    return answers


def decide_once(record: Record) -> Answer:
    """What the steps of a record's version say of it now."""
    try:
        decided = decide_again(record)
    except EnsueError as error:  # its event type, or its version, is not the app's any more
        return Unreplayable(str(error))
    if decided.missing is not None:
        return Unreplayable(decided.missing)
    if decided.plan is None:
        failed = re.match(r"Step (\w+):", decided.raised or "")
        return Said(raised=decided.raised, failed=failed[1] if failed else None)
    return said_by_plan(decided.plan)
