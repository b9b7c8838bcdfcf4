"""Group: the records of a comparison that differ alike, counted, with a few of them whole."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple

from ensue.core.attempted import Attempted
from ensue.core.canonical import Json, canonical_trusted
from ensue.core.codec import instant_text
from ensue.core.data import fields_of
from ensue.core.diff import WHOLE, ColumnDifference, Diff, Side
from ensue.core.frozen import frozen_rows
from ensue.core.record import Record
from ensue.core.spread import Spread

SAMPLES_MAX: Final = 3
Forecast = tuple["Verdict", ...]


class Verdict(NamedTuple):
    """
    What would become of one part of a difference if it were applied today.

    Of rows: `apply`, `no-op`, `superseded` (by the event *by*), `foreign` (changed outside of ensue) or `gone`; of effects:
    `send`, `compensate` or `task`.
    """

    what: str
    verdict: str
    by: str | None = None
    is_effect: bool = False


class Sample(NamedTuple):
    """One record whole, as data: what went in and what came out on either side. The smallest are the easiest to read."""

    size: int
    position: int
    content: dict[str, Any]


@dataclass
class Group:
    """Records of one event type with one signature."""

    type: str
    outcome: str
    signature: tuple[str, ...]
    count: int = 0
    uncovered: int = 0
    """How many of them no expectation covers whole."""
    uncovered_parts: Counter[str] = field(default_factory=Counter)
    """What of them no expectation covers, and how often."""
    first: str = ""
    last: str = ""
    """The moments of the first and the last, as recorded."""
    subjects: Counter[str] = field(default_factory=Counter)
    spreads: dict[str, Spread] = field(default_factory=dict)
    """How far numbers moved, by `Model.column`."""
    positions: array[int] = field(default_factory=lambda: array("q"))
    """Where each of them stands in the ledger, in order: eight bytes a record."""
    attempts: list[str] = field(default_factory=list)
    """The ids of those that are attempts, which stand nowhere, by moment."""
    samples: list[Sample] = field(default_factory=list)
    forecast: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many parts would go which way if they were applied today: (`rows` or `effects`, verdict)."""

    @property
    def largest_share(self) -> float:
        """The share of the subject that has most of the records."""
        return max(self.subjects.values(), default=0) / self.count if self.count else 0.0

    def add(self, diff: Diff, base: Side, new: Side, forecast: Forecast | None, uncovered: Sequence[str]) -> None:
        """Take in one record, of which the *uncovered* parts were not expected."""
        self.count += 1
        self.uncovered += bool(uncovered)
        self.uncovered_parts.update(uncovered)
        self._date(instant_text(diff.record.at))
        self.subjects[diff.record.subject] += 1
        if isinstance(diff.record, Attempted):
            self.attempts.append(diff.record.attempt)
        else:
            self.positions.append(diff.record.position)
        for column, delta, label in _deltas(diff):
            self.spreads.setdefault(column, Spread()).add(delta, label)
        self.forecast.update(("effects" if one.is_effect else "rows", one.verdict) for one in forecast or ())
        record = diff.record
        size = len(canonical_trusted([dict(record.document), list(new.operations), list(new.effects)]))
        if len(self.samples) < SAMPLES_MAX or (size, record.position) < self.samples[-1][:2]:
            self._keep([Sample(size, record.position, sample_content(diff, base, new, forecast))])

    def merge(self, other: Group) -> None:
        """Take over the same group of another part."""
        self.count += other.count
        self.uncovered += other.uncovered
        self.uncovered_parts.update(other.uncovered_parts)
        for moment in filter(None, (other.first, other.last)):
            self._date(moment)
        self.subjects.update(other.subjects)
        self.positions = array("q", sorted((*self.positions, *other.positions)))
        self.attempts += other.attempts
        for column, spread in other.spreads.items():
            self.spreads.setdefault(column, Spread()).merge(spread)
        self.forecast.update(other.forecast)
        self._keep(other.samples)

    def _date(self, moment: str) -> None:
        self.first = min(self.first or moment, moment)
        self.last = max(self.last, moment)

    def _keep(self, samples: Iterable[Sample]) -> None:
        self.samples = sorted([*self.samples, *samples], key=lambda one: one[:2])[:SAMPLES_MAX]

    def as_json(self, of: int) -> dict[str, Any]:
        """The group as data; its share is one of *of* records."""
        return {
            "type": self.type,
            "outcome": self.outcome,
            "signature": list(self.signature),
            "count": self.count,
            "share": round(self.count / of, 6) if of else 0.0,
            "uncovered": self.uncovered,
            "uncovered_parts": dict(sorted(self.uncovered_parts.items())),
            "first": self.first,
            "last": self.last,
            "subjects": len(self.subjects),
            "largest_subject_share": round(self.largest_share, 6),
            "deltas": {column: spread.as_json() for column, spread in sorted(self.spreads.items())},
            "forecast": forecast_json(self.forecast),
            "positions": list(self.positions),
            "attempts": list(self.attempts),
            "samples": [one.content for one in self.samples],
        }


def forecast_json(forecast: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    """A forecast as data: for rows and for effects, verdict to count."""
    found: dict[str, dict[str, int]] = {"rows": {}, "effects": {}}
    for (what, verdict), count in sorted(forecast.items()):
        found[what][verdict] = count
    return found


def sample_content(diff: Diff, base: Side, new: Side, forecast: Forecast | None) -> dict[str, Any]:
    """A record whole: its form, the rows it froze, those that the new side read beyond them, and both outcomes."""
    record = diff.record
    return {
        **diff.as_json(),
        "at": instant_text(record.at),
        "occurred": instant_text(record.occurred) if record.occurred else None,
        "actor": record.actor,
        "form": record.document["form"],
        "state": record.document["state"],
        "read_beyond": _read_beyond(record, new),
        "base": _outcome(base),
        "new": _outcome(new),
        "forecast": None if forecast is None else [one._asdict() for one in forecast],
    }


def _read_beyond(record: Record, new: Side) -> list[Json]:
    """What the new side read that the record did not freeze: model, id and row."""
    if new.facts is None:
        return []
    frozen = frozen_rows(record, record.logic)[0]
    rows = ((model, id, row) for model, id, row in new.facts.all_rows() if row is not None)
    return [[model, id, row] for model, id, row in rows if frozen.get(model, {}).get(id) != row]


def _outcome(side: Side) -> dict[str, Json]:
    return {"operations": list(side.operations), "effects": list(side.effects), "rejections": list(side.rejections)}


def _deltas(diff: Diff) -> Iterator[tuple[str, Decimal, str]]:
    """How far each number moved: `Model.column`, by how much, and a label that is the difference's own."""
    for one in diff.rows:
        if one.column == WHOLE:
            continue
        base, new = (_number(diff, one, value) for value in (one.base, one.new))
        if one.relative:
            base, new = base or Decimal(0), new or Decimal(0)
        if base is not None and new is not None:
            yield f"{one.model}.{one.column}", new - base, f"{diff.record.id} {one.row} {one.column}"


def _number(diff: Diff, one: ColumnDifference, value: Json) -> Decimal | None:
    """The number that a value is; None for what is no number, and for columns that only another checkout has."""
    if value is None or isinstance(value, bool) or not diff.record.app.has_model(one.model):
        return None
    field_ = fields_of(diff.record.app.model(one.model)).by_name.get(one.column)
    decoded = None if field_ is None else field_.codec.decode(value)
    return Decimal(decoded) if isinstance(decoded, (int, Decimal)) and not isinstance(decoded, bool) else None
