"""
Session: the contract of one writing connection, and what passes through it.

A session is used by one thread at a time. The order is always `open` (which takes the locks), `load` as often as
needed, then `finish` or `rollback`; `peek` loads outside any transaction. Answers: sqlite.py and postgresql.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Dialect, Table

from ensue.core.data import fields_of
from ensue.core.facts import Facts, Needs, Row
from ensue.core.model import Model
from ensue.errors import LedgerError
from ensue.storage.types import ColumnCodec, column_codec


class Head(NamedTuple):
    """The end of a subject's chain."""

    seq: int
    at: str
    hash: bytes


class Stored(NamedTuple):
    """An event that stands already: where, and what is needed to tell whether a request repeats it."""

    subject: str
    seq: int
    seed: bytes | None
    request: bytes | None


@dataclass
class Opened:
    """What `open` found: the locked heads, the stored ones of the asked event ids, the database's clock (None: use the process's)."""

    heads: dict[str, Head]
    stored: dict[str, Stored]
    now: datetime | None


@dataclass
class Writes:
    """Everything one batch writes, one entry a row, in the order of the tables' columns."""

    heads_new: list[tuple[str, int, str, bytes]] = field(default_factory=list)
    heads_moved: list[tuple[int, str, bytes, str, int]] = field(default_factory=list)
    """seq, at, hash, subject, and the seq it must still have."""
    logic: list[tuple[bytes, bytes]] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)
    links: list[tuple[Any, ...]] = field(default_factory=list)
    payloads: list[tuple[Any, ...]] = field(default_factory=list)
    operations: list[tuple[Any, ...]] = field(default_factory=list)
    effects: list[tuple[Any, ...]] = field(default_factory=list)
    attempts: list[tuple[Any, ...]] = field(default_factory=list)
    reads: list[tuple[Any, ...]] = field(default_factory=list)
    log: list[tuple[str, int, bytes]] = field(default_factory=list)
    rows: list[RowWrite] = field(default_factory=list)


class RowWrite(NamedTuple):
    """Rows of one model written by one statement: inserted or updated (the same columns in each), or deleted by id."""

    kind: str
    model: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    """J1 values in the order of *columns*; of an update and a delete the id comes last."""


class Raced(LedgerError):
    """Somebody else was there first (a head moved or came into being, a row changed, a deadlock): decide again."""


class Lost(LedgerError):
    """The connection broke: again with another. Where the batch was being written (*wrote*), it may have been committed: look first."""

    def __init__(self, message: str, *, wrote: bool) -> None:
        self.wrote = wrote
        super().__init__(message)


class Session(Protocol):
    """One writing connection."""

    models: Mapping[str, ModelTable]

    def open(self, subjects: Sequence[str], event_ids: Sequence[str], needs: Needs, facts: Facts) -> Opened:
        """Begin, lock the heads of *subjects* (sorted) in one statement, then look ids up and load *needs* into *facts*."""
        ...

    def look(self, subjects: Sequence[str], event_ids: Sequence[str], needs: Needs, facts: Facts, *, whole: bool) -> Opened:
        """
        As `open`, on one read-only snapshot and without any lock; `rollback` ends it.

        *whole* promises that nothing more will be asked: then no transaction need be left open.
        """
        ...

    def load(self, needs: Needs, facts: Facts) -> None:
        """Load more, inside the transaction."""
        ...

    def peek(self, needs: Needs, facts: Facts) -> None:
        """Load without locks, outside any transaction."""
        ...

    def hold_counter(self) -> int:
        """Keep everybody else from committing events until this transaction ends. The position that the next event takes."""
        ...

    def heads(self, subjects: Sequence[str]) -> dict[str, Head]:
        """The heads as they stand, not locked."""
        ...

    def stored(self, event_ids: Sequence[str]) -> dict[str, Stored]:
        """Which of these events stand already."""
        ...

    def last_writers(self, model: str, rows: Mapping[str, str | None]) -> list[tuple[str, str, str]]:
        """
        Row id, columns (separated by spaces) and event id of every write to these *rows*, oldest first.

        Each row comes with a chain that all of its writers are in, so that only that chain is searched; None: reference data, any system's.
        """
        ...

    def finish(self, writes: Writes) -> int:
        """Write everything, take positions last, commit. The position of the first event. Raises Refused, Raced, Lost, Unavailable."""
        ...

    def rollback(self) -> None:
        """Give up the transaction; never raises."""
        ...

    def close(self) -> None:
        """Close the connection; never raises."""
        ...


class ModelTable:
    """How one model stands in one database, over *table*: quoted names, and a codec per column."""

    def __init__(self, model: type[Model], table: Table, dialect: Dialect) -> None:
        quote = dialect.identifier_preparer
        self.name = model.__ensue__.name
        self.model = model
        self.table = quote.format_table(table)
        self.plain_name = table.name
        self.external = model.__ensue__.table is not None
        fields = fields_of(model)
        self.columns = fields.names
        self.codecs: dict[str, ColumnCodec] = {
            one.name: column_codec(one.codec, dialect, table.c[one.column] if self.external else None) for one in fields.by_name.values()
        }
        self.quoted: dict[str, str] = {one.name: quote.quote(one.column) for one in fields.by_name.values()}
        self.field_of_column: dict[str, str] = {one.column: one.name for one in fields.by_name.values()}
        self._loaders = [(place, self.codecs[name].load) for place, name in enumerate(self.columns) if not _is_same(self.codecs[name].load)]

    @property
    def select_list(self) -> str:
        """The columns to select, in the order of the model's fields."""
        return ", ".join(self.quoted[name] for name in self.columns)

    def row(self, values: Sequence[Any]) -> Row:
        """A row's J1 values from what the driver gave, in the order of `select_list`."""
        row = dict(zip(self.columns, values, strict=True))
        for place, load in self._loaders:
            row[self.columns[place]] = load(values[place])
        return row

    def store(self, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """*rows* of J1 values as the driver takes them."""
        stores: list[tuple[int, Callable[[Any], Any]]] = [
            (place, self.codecs[name].store) for place, name in enumerate(columns) if not self.codecs[name].plain
        ]
        if not stores:
            return rows
        stored = []
        for row in rows:
            values = list(row)
            for place, store in stores:
                values[place] = store(values[place])
            stored.append(tuple(values))
        return stored


def _is_same(load: Callable[[Any], Any]) -> bool:
    return load.__name__ == "same"


def split_answers(
    wanted: Mapping[tuple[Any, ...], int], columns: tuple[str, ...], rows: Mapping[str, Row]
) -> dict[tuple[Any, ...], dict[str, Row]]:
    """The rows of one statement, by the query each belongs to."""
    answers: dict[tuple[Any, ...], dict[str, Row]] = {values: {} for values in wanted}
    for id, row in rows.items():
        found = answers.get(tuple(row[column] for column in columns))
        if found is not None:
            found[id] = row
    return answers
