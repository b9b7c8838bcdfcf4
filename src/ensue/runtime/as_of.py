"""
As of: rows as the events had left them at a position of the ledger, or at a moment.

A moment stands for every record whose own moment is not later. Within a chain moments never go back, and all writes to a
subject's rows are in its chain, so these are the first records of the chain: those that share the moment are in it too.

What no event wrote is known from the first event that saw it: so begins the history of tables that others write too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ensue.core.brought_up import Missing
from ensue.core.correction import CORRECTION
from ensue.core.correction_settled import with_settled
from ensue.core.data import fields_of, trusted
from ensue.core.facts import Row
from ensue.core.frozen import frozen_rows, recorded_operations
from ensue.core.model import Model, may_have_changed, newest
from ensue.core.record import Record
from ensue.core.recorded import check_columns, check_said
from ensue.core.selection import Selection
from ensue.core.shapes import row_in_shape
from ensue.errors import EnsueError, FormatError, RequestError, StepError, UnknownShape
from ensue.runtime.content import UNREADABLE
from ensue.runtime.decoding import record_of
from ensue.runtime.row_history import row_history
from ensue.storage import read
from ensue.storage.database import Storage
from ensue.storage.read import StoredRecord
from ensue.storage.session import ModelTable

if TYPE_CHECKING:
    from sqlalchemy import Connection

AsOf = int | datetime
"""A position, itself included, or a moment."""


def selection_until(connection: Connection, as_of: AsOf) -> Selection:
    """The records up to *as_of*. Raises RequestError for a position that is not there, or a moment without a time zone."""
    if isinstance(as_of, datetime):
        return Selection(until=as_of)
    size = read.size(connection)
    if not 0 <= as_of < size:
        there = f"the newest is {size - 1}" if size else "nothing has happened yet"
        raise RequestError(f"There is no position {as_of} in this ledger; {there}.")
    return Selection(last=as_of)


class Standing:
    """
    The rows of some models as the records that it is told, in their order, leave them.

    What a correction says that holds counts as well: what people kept, and what it took as it was although no event had made it so.
    """

    def __init__(self, models: Mapping[str, ModelTable]) -> None:
        self._tables = models
        self._models = {name: newest(table.model) for name, table in models.items()}
        self._defaults = {
            name: {one.name: one.codec.encode(one.default) for one in fields_of(model).by_name.values() if not one.required}
            for name, model in self._models.items()
        }
        self.rows: dict[str, dict[str, Row]] = {name: {} for name in models}
        """By model and id; J1 values in the newest shape. Of a row that was only seen in part, that part."""

    def see(self, record: Record) -> None:
        """What *record* saw: of rows of our own tables only those that no event before it made or saw."""
        check_said(record.document)
        for _, model, id, columns in record.document["state"]:
            if model in self._models and (id not in self.rows[model] or self._tables[model].external):
                self._know(model, id, self._seen(record, model, id, columns))

    def take(self, record: Record) -> None:
        """What *record* saw, and what it did."""
        self.see(record)
        operations = recorded_operations(record, self._whole, unknown=True)
        if record.type == CORRECTION:
            operations = with_settled(record, operations, self._row)
        for kind, model, id, _, after, _ in operations:
            if model not in self._models or kind in ("cancel", "erase"):
                continue
            if kind == "unknown":
                raise Missing(f"{model}/{id}, of which a view showed too little at position {record.position}")
            if kind == "delete":
                self.rows[model].pop(id, None)
            elif kind == "insert":
                self._know(model, id, {**self._defaults[model], **after}, whole=True)
            else:
                self._know(model, id, after)

    def _seen(self, record: Record, model: str, id: str, columns: Row) -> Row:
        """A row of the state, with the columns of today."""
        if not may_have_changed(self._models[model]):
            return columns
        return frozen_rows(record, record.logic, self._whole)[0][model][id]

    def _row(self, model: str, id: str) -> Row | None:
        """A row, as far as it is known."""
        return self.rows.get(model, {}).get(id)

    def _whole(self, model: str, id: str) -> Row | None:
        """A row where all of it is known."""
        row = self._row(model, id)
        return row if row is not None and len(row) == len(fields_of(self._models[model]).names) else None

    def _know(self, model: str, id: str, columns: Row, *, whole: bool = False) -> None:
        latest = self._models[model]
        check_columns(latest, id, columns, whole=whole, nullable=self._tables[model].external)
        fields = fields_of(latest).by_name
        self.rows[model].setdefault(id, {"id": id}).update({name: value for name, value in columns.items() if name in fields})


@contextmanager
def reading(stored: StoredRecord) -> Iterator[None]:
    """
    Whatever cannot be read meanwhile of a *stored* record is told of that record.

    Raises:
        FormatError: it is not as ensue writes it.
        UnknownShape, StepError: what the application declares today does not lead from its rows to those of now.
        RequestError: it does not tell enough of a row that others wrote.
    """
    what = f"{stored.type} {stored.id} at position {stored.position}"
    try:
        yield
    except Missing as missing:
        said = f"{what} changed {missing.what.rstrip(',')}; how it stood then is not known, since no event saw the rest of it"
        raise RequestError(f"{said}. Where that cannot be, run `ensue verify`.") from missing
    except UnknownShape as error:
        raise UnknownShape(f"{what}: {error} Where all of them are there, run `ensue verify`.") from error
    except StepError as error:
        raise StepError(error.step, f"it was given what {what} says of a row, and {error} If it is right, run `ensue verify`.") from error
    except UNREADABLE as error:
        said = f"{error}".rstrip(".") if isinstance(error, EnsueError) else f"{error!r:.80} came of it"
        raise FormatError(f"{what} cannot be read: {said}. It is not as ensue wrote it; run `ensue verify`.") from error


def past_row(storage: Storage, connection: Connection, model: str, id: str, as_of: AsOf, present: Row | None) -> Row | None:
    """
    A row as of then, None where it was not there; *present* is the row as it stands.

    In a table of our own, what no event inserted was there from the beginning: as it stands where no event wrote it at
    all, else as the first event that did so saw it.
    """
    selection, table = selection_until(connection, as_of), storage.models[model]
    stored = row_history(storage, connection, model, id, present)
    if not stored:
        return None if table.external else present
    standing = Standing({model: table})
    for number, one in enumerate(stored):
        with reading(one):
            record = record_of(storage, one)
            check_said(record.document)
            if number == 0 and not table.external and not _inserts(record, model, id):
                standing.see(record)
            if not selection.takes(record):
                break
            standing.take(record)
    return standing.rows[model].get(id)


def _inserts(record: Record, model: str, id: str) -> bool:
    first = next((one for one in record.document["operations"] if one[1:3] == [model, id]), None)
    if first is None:
        raise FormatError(f"ensue_operation says that it wrote {model}/{id}, and its payload does not")
    return bool(first[0] == "insert")


def row_from(model: type[Model], row: Row) -> Any:
    """A row in the shape or view of *model*; where not all of it is known, what is: the rest cannot be read."""
    names = fields_of(newest(model)).names
    if row.keys() >= set(names):
        return row_in_shape(model, {name: row[name] for name in names})
    fields = fields_of(model).by_name
    return trusted(model, {name: one.codec.decode(row[name]) for name, one in fields.items() if name in row})
