"""
As of: rows as the events had left them at a position of the ledger, or at a moment.

A moment stands for every record whose own moment is not later. Within a chain moments never go back, and all writes to a
subject's rows are in its chain, so these are the first records of the chain: those that share the moment are in it too.

What no event wrote is known from the first event that saw it: so begins the history of tables that others write too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ensue.core.brought_up import Missing
from ensue.core.canonical import Json
from ensue.core.data import fields_of, trusted
from ensue.core.facts import Row
from ensue.core.frozen import frozen_rows, recorded_operations
from ensue.core.model import Model, may_have_changed, newest, subjects_of_row
from ensue.core.record import Record
from ensue.core.selection import Selection
from ensue.core.shapes import row_in_shape
from ensue.errors import RequestError
from ensue.runtime.decoding import record_of
from ensue.storage import read
from ensue.storage.database import Storage
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
    """The rows of some models as the records that it is told, in their order, leave them."""

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
        for _, model, id, columns in record.document["state"]:
            if model in self._models and (id not in self.rows[model] or self._tables[model].external):
                self._know(model, id, self._seen(record, model, id, columns))

    def take(self, record: Record) -> None:
        """What *record* saw, and what it did."""
        self.see(record)
        for kind, model, id, _, after, _ in recorded_operations(record, self._whole, unknown=True):
            if model not in self._models or kind in ("cancel", "erase"):
                continue
            if kind == "unknown":
                raise Missing(f"{model}/{id}, of which a view showed too little at position {record.position},")
            if kind == "delete":
                self.rows[model].pop(id, None)
            else:
                self._know(model, id, {**self._defaults[model], **after} if kind == "insert" else after)

    def _seen(self, record: Record, model: str, id: str, columns: Row) -> Row:
        """A row of the state, with the columns of today."""
        if not may_have_changed(self._models[model]):
            return columns
        return frozen_rows(record, record.logic, self._whole)[0][model][id]

    def _whole(self, model: str, id: str) -> Row | None:
        """A row where all of it is known."""
        row = self.rows.get(model, {}).get(id)
        return row if row is not None and len(row) == len(fields_of(self._models[model]).names) else None

    def _know(self, model: str, id: str, columns: Mapping[str, Json]) -> None:
        fields = fields_of(self._models[model]).by_name
        self.rows[model].setdefault(id, {"id": id}).update({name: value for name, value in columns.items() if name in fields})


def past_row(storage: Storage, connection: Connection, model: str, id: str, as_of: AsOf, present: Row | None) -> Row | None:
    """
    A row as of then, None where it was not there; *present* is the row as it stands.

    In a table of our own, what no event inserted was there from the beginning: as it stands where no event wrote it at
    all, else as the first event that did so saw it.
    """
    selection, table = selection_until(connection, as_of), storage.models[model]
    stored = read.records_of_row(connection, model, id, subjects_of_row(newest(table.model), id, present))
    if not stored:
        return None if table.external else present
    standing = Standing({model: table})
    for number, record in enumerate(record_of(storage, one) for one in stored):
        if number == 0 and not table.external and not _inserts(record, model, id):
            standing.see(record)
        if not selection.takes(record):
            break
        standing.take(record)
    return standing.rows[model].get(id)


def _inserts(record: Record, model: str, id: str) -> bool:
    first = next(one for one in record.document["operations"] if one[1:3] == [model, id])
    return bool(first[0] == "insert")


def row_from(model: type[Model], row: Row) -> Any:
    """A row in the shape or view of *model*; where not all of it is known, what is: the rest cannot be read."""
    names = fields_of(newest(model)).names
    if row.keys() >= set(names):
        return row_in_shape(model, {name: row[name] for name in names})
    fields = fields_of(model).by_name
    return trusted(model, {name: one.codec.decode(row[name]) for name, one in fields.items() if name in row})
