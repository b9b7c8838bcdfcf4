"""Job: what is to be done to many records, and how one process does its part. The same in every process, so that the result is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final, Protocol

from ensue.core.app import App
from ensue.core.comparison import NOISE_MAX, Comparison
from ensue.core.deciding import Decider, PastOf, Standing, UnderVersion, compare_each, compared, no_past, replay_each
from ensue.core.diff import Diff
from ensue.core.model import may_have_changed
from ensue.core.record import Record
from ensue.core.recorded import as_written, each_as_written
from ensue.core.replay_report import ReplayReport
from ensue.core.version import Version
from ensue.runtime.ranges.code import CodeOptions, OtherCode
from ensue.runtime.ranges.source import Part, Source
from ensue.runtime.ranges.walk import WalkedPast, models_read

Told = Callable[[int], None]
"""Told how many records more are done."""
TOLD_RECORDS: Final = 100
TOLD_SECONDS: Final = 0.1
"""So often it is told, at most."""


class Job(Protocol):
    """Something to be done to many records; can be sent to another process."""

    def report(self, app: App) -> Any:
        """A report of nothing yet, which those of parts merge into."""
        ...

    def do(self, source: Source, records: Iterable[Record], report: Any) -> None:
        """Take *records* of *source*, in the ledger's order, into *report*."""
        ...

    def close(self) -> None:
        """Stop what was started for it."""
        ...


@dataclass
class Replaying:
    """Every record is decided as it happened."""

    def report(self, app: App) -> ReplayReport:  # noqa: ARG002  # a comparison asks it for its expectations
        """Nothing replayed yet."""
        return ReplayReport()

    def do(self, source: Source, records: Iterable[Record], report: ReplayReport) -> None:
        """Replay *records*."""
        past_of = _past_of_older_shapes(source)
        each_as_written(records, lambda noted: replay_each(noted, report, past_of))

    def close(self) -> None:
        """Nothing was started."""


@dataclass
class Comparing:
    """Every record is decided under *version* as well, or by other *code*, or by that under that version."""

    version: str | None
    code: CodeOptions | None = None
    noise_max: float = NOISE_MAX
    _other: OtherCode | None = field(default=None, init=False, repr=False, compare=False)

    _kept: tuple[Source, Standing, Decider] | None = field(default=None, init=False, repr=False, compare=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return Comparing, (self.version, self.code, self.noise_max)  # each process starts the other code by itself

    def report(self, app: App) -> Comparison:
        """Nothing compared yet. With other code its own expectations count."""
        expectations = app.expectations() if self.code is None else self._code().expectations
        return Comparison(self.version, None if self.code is None else self.code.shown, self.noise_max, expectations)

    def do(self, source: Source, records: Iterable[Record], report: Comparison) -> None:
        """Compare *records*."""
        report.has_forecast = report.has_forecast or source.has_forecast
        sides, past_of = self._sides(source), _past_of_older_shapes(source)
        each_as_written(records, lambda noted: compare_each(noted, report, *sides, source.forecast, past_of))

    def diff(self, source: Source, record: Record) -> Diff:
        """One record compared."""
        with as_written(record):
            return compared(record, self.version, *self._sides(source))[0]

    def _sides(self, source: Source) -> tuple[Standing, Decider]:
        """What stands for each record, and what decides it otherwise; kept from part to part, with the past that was walked."""
        if self._kept is None or self._kept[0] is not source:
            every = frozenset(model.__ensue__.name for model in source.app.models())
            past = WalkedPast(source.app, every, source.history)
            self._kept = (source, Standing(source.corrected(), past.before), self._decider(source, past))
        return self._kept[1:]

    def _decider(self, source: Source, past: WalkedPast) -> Decider:
        version = None if self.version is None else Version.parse(self.version)
        if self.code is not None or version is None:
            return self._code().decider(source.app, self.version, past.before)
        return UnderVersion(version, WalkedPast(source.app, models_read(source.app, version), source.history).before)

    def _code(self) -> OtherCode:
        if self._other is None:
            assert self.code is not None, "asked for other code only"
            self._other = OtherCode(self.code)
        return self._other

    def close(self) -> None:
        """Stop the other code's process, and forget the past."""
        self._kept = None
        if self._other is not None:
            self._other.close()
            self._other = None


def _past_of_older_shapes(source: Source) -> PastOf:
    """What tells the rest of a row in an older shape of its model, of which a view showed a part; a record has all else that it needs."""
    models = frozenset(model.__ensue__.name for model in source.app.models() if may_have_changed(model))
    return WalkedPast(source.app, models, source.history).before if models else no_past


def do_part(job: Job, source: Source, part: Part, told: Told | None = None) -> Any:
    """The report of one part of *source*; *told* hears how far it is."""
    report = job.report(source.app)
    records = source.records(part)
    job.do(source, records if told is None else _counted(records, told), report)
    return report


def _counted(records: Iterator[Record], told: Told) -> Iterator[Record]:
    count, since = 0, perf_counter()
    for record in records:
        yield record
        count += 1
        if count % TOLD_RECORDS == 0 and perf_counter() - since >= TOLD_SECONDS:
            told(count)
            count, since = 0, perf_counter()
    told(count)
