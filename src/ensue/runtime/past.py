"""
Past: what stood in the tables just before a record was decided, told from the history of the rows.

Asked only where another version reads what the record did not freeze. A row that no event has written since is as it
stands today; any other is folded from its own history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ensue.core.brought_up import Missing
from ensue.core.correction import CORRECTION
from ensue.core.correction_settled import with_settled
from ensue.core.facts import Facts, Needs, Query, Row
from ensue.core.frozen import frozen_rows, recorded_operations
from ensue.core.record import Record
from ensue.core.recorded import as_written
from ensue.runtime.decoding import record_of
from ensue.runtime.row_history import row_history
from ensue.storage import read
from ensue.storage.database import Storage

if TYPE_CHECKING:
    from sqlalchemy import Connection

ROWS_MAX = 2**31


class TablesPast:
    """The past just before *record*, on one snapshot of its ledger."""

    def __init__(self, storage: Storage, connection: Connection, record: Record) -> None:
        self._storage = storage
        self._connection = connection
        self._record = record
        self._session = storage.looking(connection)

    def row(self, model: str, id: str) -> Row | None:
        """The row as it stood. Raises Missing for a model whose table others write too: nobody knows its past."""
        self._check_ours(model)
        present = self._present(model, id)
        records = [record_of(self._storage, one) for one in row_history(self._storage, self._connection, model, id, present)]
        return folded(records, model, id, self._record.position) if records else present

    def rows(self, query: Query) -> Mapping[str, Row]:
        """The rows that equalled. Raises Missing as `row` does."""
        model, columns, values = query
        self._check_ours(model)
        since = read.rows_written_since(self._connection, model, self._record.position)
        facts, needs = Facts(), Needs()
        needs.query(query, ROWS_MAX)
        self._session.load(needs, facts)
        found = {id: row for id in facts.answer(query) or () if id not in since and (row := facts.row(model, id)) is not None}
        for id in since:
            row = self.row(model, id)
            if row is not None and tuple(row[column] for column in columns) == values:
                found[id] = row
        return found

    def _check_ours(self, model: str) -> None:
        if self._storage.models[model].external:
            raise Missing(f"{model}, whose table others write too")

    def _present(self, model: str, id: str) -> Row | None:
        facts, needs = Facts(), Needs()
        needs.row(model, id)
        self._session.load(needs, facts)
        return facts.row(model, id)


def _only(model: str, id: str, row: Row | None, asked: str, asked_id: str) -> Row | None:
    return row if (asked, asked_id) == (model, id) else None


def folded(records: Iterable[Record], model: str, id: str, position: int) -> Row | None:
    """
    A row as the *records* of its history left it before *position*; None where it was not there.

    What a correction said that holds, and what it took as it was, counts as written. A row that no event inserted was there
    from the beginning, as the first event that changed it saw it.
    """
    row: Row | None = None
    for number, record in enumerate(records):
        with as_written(record):
            writes = _writes(record, model, id, row)
            if number == 0 and writes and writes[0][0] != "insert":
                row = frozen_rows(record, record.logic)[0].get(model, {}).get(id)
            if record.position >= position:
                break
            for kind, _, _, _, after, _ in writes:
                row = None if kind == "delete" else dict(after) if kind == "insert" else {**(row or {}), **after}
    return row


def _writes(record: Record, model: str, id: str, row: Row | None) -> list[Any]:
    """What *record* did to the row, which stood as *row* before, as far as that is known."""
    rest = partial(_only, model, id, row)
    operations = recorded_operations(record, rest, unknown=True)
    if record.type == CORRECTION:
        operations = with_settled(record, operations, rest)
    writes = [one for one in operations if one[1:3] == [model, id] and one[0] not in ("cancel", "erase")]
    if any(one[0] == "unknown" for one in writes):
        raise Missing(f"{model}/{id}, of which a view showed too little at position {record.position}")
    return writes
