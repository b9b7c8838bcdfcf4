"""
Rebuild: all rows of a ledger once more, in the tables of an empty database, from the operations of its records alone.

Memory does not grow with their number. Only users' tables are rebuilt: a copy of the whole ledger, records included, is
what the database's own backup makes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from ensue.core.app import App
from ensue.core.canonical import Json, canonical_trusted
from ensue.core.correction import CORRECTION
from ensue.core.correction_settled import with_settled
from ensue.core.data import fields_of
from ensue.core.facts import Row
from ensue.core.frozen import recorded_operations
from ensue.core.record import Record
from ensue.core.recorded import each_as_written
from ensue.core.selection import ALL
from ensue.errors import Fault, RequestError, Tampered
from ensue.runtime.decoding import record_of
from ensue.storage import read
from ensue.storage.database import Storage
from ensue.storage.session import RowWrite
from ensue.storage.target import Target, be_patient, filling, ordered_rows

BATCH: Final = 1_000
"""Records whose operations are written together."""
ABSENT: Final = "\U0010ffff"
"""Behind every id."""


@dataclass(frozen=True)
class Rebuilt:
    """
    What was rebuilt.

    Attributes:
        records: how many records were folded.
        rows: how many rows there are now, by model.
        skipped: models over tables that others write too; their rows do not follow from the events alone.
        difference: where the rows are not the live ones, the first difference in a sentence; None where they were not
            compared, or are the same.
    """

    records: int
    rows: Mapping[str, int]
    skipped: tuple[str, ...]
    difference: str | None = None


def rebuild(storage: Storage, url: str, *, check: bool, progress: Callable[[int, int], None] | None) -> Rebuilt:
    """The rows of a ledger, as of one moment. Raises as `rebuild_records`."""
    with storage.snapshot() as connection:
        be_patient(connection)
        size = read.size(connection)
        records = (record_of(storage, stored) for page in _pages(connection) for stored in page)
        compare = None if not check else lambda target: _difference(connection, storage, target)
        return rebuild_records(storage.app, _told(records, size, progress), url, compare)


def _pages(connection: Any) -> Iterator[list[read.StoredRecord]]:
    after = -1
    while page := read.records_selected(connection, ALL, after, BATCH):
        yield page
        after = page[-1].position


def _told(records: Iterator[Record], size: int, progress: Callable[[int, int], None] | None) -> Iterator[Record]:
    for record in records:
        yield record
        if progress is not None and (record.position % BATCH == 0 or record.position + 1 == size):
            progress(record.position + 1, size)


def rebuild_records(app: App, records: Iterable[Record], url: str, compare: Callable[[Target], str | None] | None = None) -> Rebuilt:
    """
    The rows that *records* made, in the tables of an empty database.

    All of it is one transaction: whatever is raised, nothing is there afterwards.

    Args:
        app: the application.
        records: every record of a ledger, from the first on.
        url: the database; its tables are made where there are none.
        compare: looks at the rows and says the first difference.

    Raises:
        RequestError: the database has rows already, records are missing, or values in them were erased.
        Tampered: events change rows that no event made, or made rows that break a rule of their table.
        Unavailable: the database cannot be reached or written.
    """
    with filling(app, url) as target:
        count = 0
        iterator = _gapless(records)
        while batch := list(islice(iterator, BATCH)):
            count += len(batch)
            target.write(_Net(target).of(batch))
        target.finish()
        skipped = tuple(model.__ensue__.name for model in app.models() if model.__ensue__.name not in target.models)
        return Rebuilt(count, target.counts(), skipped, None if compare is None else compare(target))


def _gapless(records: Iterable[Record]) -> Iterator[Record]:
    for expected, record in enumerate(records):
        if record.position != expected:
            raise RequestError(
                f"Expected the record at position {expected}, found {record.position}: rows are rebuilt from every record of a ledger."
            )
        yield record


class _Net:
    """What a batch of records does to the rows together."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._models = target.models
        self._defaults = {
            name: {one.name: one.codec.encode(one.default) for one in fields_of(table.model).by_name.values() if not one.required}
            for name, table in target.models.items()
        }
        self._deleted: dict[tuple[str, str], None] = {}
        self._inserted: dict[tuple[str, str], Row] = {}
        self._updated: dict[tuple[str, str], Row] = {}

    def of(self, records: Iterable[Record]) -> list[RowWrite]:
        """Their writes: deletes first, since a row may come again, then inserts, then updates by their columns."""
        each_as_written(records, self._take_each)
        return list(self._writes())

    def _take_each(self, records: Iterator[Record]) -> None:
        for record in records:
            if record.erased:
                raise RequestError(f"{record.type} {record.id} holds values that were erased: rows cannot be rebuilt from what is gone.")
            operations = recorded_operations(record, self._row, unknown=True)
            if record.type == CORRECTION:
                operations = with_settled(record, operations, self._row)
            for kind, model, id, _, after, _ in operations:
                if model in self._models and kind in ("insert", "update", "increase", "delete", "unknown"):
                    self._take(kind, (model, id), after)

    def _row(self, model: str, id: str) -> Row | None:
        """A row as the records so far made it."""
        key = (model, id)
        if model not in self._models or key in self._inserted:
            return self._inserted.get(key)
        stored = None if key in self._deleted else self._target.row(model, id)
        return None if stored is None else {**stored, **self._updated.get(key, {})}

    def _take(self, kind: str, key: tuple[str, str], after: Mapping[str, Json]) -> None:
        if kind == "insert":
            self._inserted[key] = {**self._defaults[key[0]], **after}
        elif kind == "delete":
            if self._inserted.pop(key, None) is None:
                self._updated.pop(key, None)
                self._deleted[key] = None
        elif kind == "unknown":
            message = f"{'/'.join(key)} is changed by an event, but no event inserted it; such rows cannot be rebuilt. Run `ensue verify`."
            raise Tampered([Fault("row", message)])
        else:
            changed = self._inserted.get(key)
            (self._updated.setdefault(key, {}) if changed is None else changed).update(after)

    def _writes(self) -> Iterator[RowWrite]:
        yield from _grouped("delete", ((model, ("id",), (id,)) for model, id in self._deleted))
        yield from _grouped("insert", ((model, *self._whole(model, row)) for (model, _), row in self._inserted.items()))
        yield from _grouped("update", self._updates())

    def _whole(self, model: str, row: Row) -> tuple[tuple[str, ...], tuple[Json, ...]]:
        columns = self._models[model].columns
        return columns, tuple(row[name] for name in columns)

    def _updates(self) -> Iterator[tuple[str, tuple[str, ...], tuple[Json, ...]]]:
        for (model, id), row in self._updated.items():
            columns = tuple(name for name in self._models[model].columns if name in row)  # others have gone since
            if columns:
                yield model, (*columns, "id"), (*(row[name] for name in columns), id)


def _grouped(kind: str, rows: Iterable[tuple[str, tuple[str, ...], tuple[Json, ...]]]) -> Iterator[RowWrite]:
    writes: dict[tuple[str, tuple[str, ...]], RowWrite] = {}
    for model, columns, values in rows:
        writes.setdefault((model, columns), RowWrite(kind, model, columns, [])).rows.append(values)
    yield from writes.values()


def _difference(connection: Any, storage: Storage, target: Target) -> str | None:
    """The first row, by model and id, that is not the same here and there."""
    for name in target.models:
        live, made = ordered_rows(connection, storage.models[name]), target.rows(name)
        found = _first_difference(live, made)
        if found is not None:
            return f"{name}/{found}"
    return None


def _first_difference(live: Iterator[Row], made: Iterator[Row]) -> str | None:
    while True:
        here, there = next(live, None), next(made, None)
        if here is None and there is None:
            return None
        ids = (str(here["id"]) if here else ABSENT, str(there["id"]) if there else ABSENT)
        if here is None or ids[1] < ids[0]:
            return f"{ids[1]}: the events made this row, and the table has it no more."
        if there is None or ids[0] < ids[1]:
            return f"{ids[0]}: the table has this row, and no event made it."
        columns = [name for name in here if canonical_trusted(here[name]) != canonical_trusted(there[name])]
        if columns:
            return f"{ids[0]}: the row is not what its events made it in {', '.join(columns)}."
