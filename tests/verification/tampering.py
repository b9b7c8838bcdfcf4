"""Tampering: what somebody with full rights to the database can do to it, and how to put it back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import settings
from sqlalchemy import Column, Connection, LargeBinary, MetaData, Table, create_engine, delete, event, insert, select, update

from ensue.core.canonical import Json, canonical

Row = dict[str, Any]


class Tampering:
    """Another connection to a ledger's database, that knows nothing of ensue."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url, isolation_level="AUTOCOMMIT")  # connections are kept: PostgreSQL starts a process for each
        quick = "PRAGMA synchronous=OFF" if self.engine.dialect.name == "sqlite" else "SET synchronous_commit=off"
        event.listen(self.engine, "connect", lambda connection, _: connection.execute(quick))
        self.metadata = MetaData()
        self.metadata.reflect(self.engine)

    def table(self, name: str) -> Table:
        """A table, as it is described in the database."""
        return self.metadata.tables[name]

    def rows(self, name: str) -> list[Row]:
        """Every row of a table, in the order of its key."""
        with self.engine.connect() as connection:
            return self._rows(connection, name)

    def place(self, name: str, row: Row) -> tuple[str, int, int] | None:
        """Subject, seq and position of the record that a framework row belongs to."""
        subject, seq = ("event_subject", "event_seq") if name == "ensue_link" else ("subject", "seq")
        if name in ("ensue_ledger", "ensue_head", "ensue_logic"):
            return None
        return next(
            (one["subject"], one["seq"], one["position"])
            for one in self.rows("ensue_log")
            if (one["subject"], one["seq"]) == (row[subject], row[seq])
        )

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """A connection to change anything through; afterwards every table is as it was before."""
        names = [name for name in self.metadata.tables if name != "ensue_migration"]
        with self.engine.connect() as connection:
            before = {name: self._rows(connection, name) for name in names}
            try:
                yield connection
            finally:
                connection.exec_driver_sql("BEGIN")
                for name in names:
                    if self._rows(connection, name) != before[name]:
                        connection.execute(delete(self.table(name)))
                        if before[name]:
                            connection.execute(insert(self.table(name)), before[name])
                connection.exec_driver_sql("COMMIT")

    def set(self, connection: Connection, name: str, row: Row, /, **values: Any) -> None:
        """Give some columns of one row other values."""
        connection.execute(update(self.table(name)).where(*self._key(name, row)).values(**values))

    def delete(self, connection: Connection, name: str, row: Row) -> None:
        """Take one row away."""
        connection.execute(delete(self.table(name)).where(*self._key(name, row)))

    def insert(self, connection: Connection, name: str, row: Row) -> None:
        """Put one row in."""
        connection.execute(insert(self.table(name)), [row])

    def close(self) -> None:
        """Close the connections that are kept."""
        self.engine.dispose()

    def _rows(self, connection: Connection, name: str) -> list[Row]:
        table = self.table(name)
        return [dict(row._mapping) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]

    def _key(self, name: str, row: Row) -> list[Any]:
        return [column == row[column.name] for column in self.table(name).primary_key.columns]


def altered(value: Any, column: Column[Any]) -> Any:
    """Another value that *column* takes."""
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    if isinstance(value, int):
        return value + 1_000
    if value is None:
        return b"tampered" if isinstance(column.type, LargeBinary) else "tampered"
    return value + "~"


# ---- payloads ------------------------------------------------------------------------------------------------------
OTHERS: tuple[Json, ...] = (None, 7, "other", [7], {})


def altered_payloads(data: bytes, parts: tuple[str, ...]) -> list[bytes]:
    """
    A stored payload altered in many ways, as hard as the profile tries.

    One thing is another in a leaf of one of *parts*, a leaf is missing, the end is cut off, or a bit is flipped.
    """
    found = list(_altered_payloads(data, parts))
    return found[:: max(1, 2 * len(found) // settings().max_examples)]


def _altered_payloads(data: bytes, parts: tuple[str, ...]) -> Iterator[bytes]:
    lines = data.splitlines(keepends=True)
    for place, line in enumerate(lines):
        name, value = line[2:-1].split(b" ", 1)
        if name.split(b"/")[0].decode() in parts:
            yield b"".join([*lines[:place], *lines[place + 1 :]])
            for changed in _alterations(json.loads(value)):
                yield b"".join([*lines[:place], b"+ %b %b\n" % (name, canonical(changed)), *lines[place + 1 :]])
    for place in range(0, len(data), 11):
        yield data[:place]
        yield data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]


def _alterations(value: Json) -> Iterator[Json]:
    """*value* with one thing in it altered: another type or value, something missing, something more, another name."""
    yield from (other for other in OTHERS if canonical(other) != canonical(value))
    if isinstance(value, list):
        for place, one in enumerate(value):
            yield [*value[:place], *value[place + 1 :]]
            yield from ([*value[:place], changed, *value[place + 1 :]] for changed in _alterations(one))
        yield [*value, "more"]
    elif isinstance(value, dict):
        for name, one in value.items():
            rest = {key: other for key, other in value.items() if key != name}
            yield rest
            yield {**rest, f"{name}_": one}
            yield from ({**value, name: changed} for changed in _alterations(one))
