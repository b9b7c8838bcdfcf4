"""
Fold: what the events made of the rows, and whether the tables hold the same.

Nothing is kept a row. Each value of each row has a keyed fingerprint; what the events wrote is added to a sum and what
they overwrote or deleted is taken away, so that what is left must be the sum over the live tables. Only where two sums
differ are the rows of that model looked at one by one, in a second pass over the records. Tables that others write too
are folded row by row at once, since there a difference is no fault and each row has to be named.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final, NamedTuple, cast

from ensue.core.canonical import Json, canonical_trusted, parse_trusted
from ensue.core.data import fields_of
from ensue.runtime.content import UNREADABLE
from ensue.storage.session import ModelTable

MODULUS: Final = 2**128
Operation = list[Any]
"""One operation as recorded: kind, model, id, before, after, step."""


class Fingerprints:
    """
    Keyed fingerprints of values, to be added up: equal sums mean equal contents, in any order.

    The key is drawn for each run, so that nobody can prepare a change that leaves a sum as it was.
    """

    def __init__(self) -> None:
        self._keyed = blake2b(digest_size=16, key=secrets.token_bytes(32)).copy

    def of(self, value: Any) -> int:
        """The fingerprint of a J1 value."""
        hash = self._keyed()
        hash.update(canonical_trusted(value))
        return int.from_bytes(hash.digest())


class Writer(NamedTuple):
    """The last event that wrote a row."""

    subject: Any
    seq: Any
    position: Any


class Difference(NamedTuple):
    """One row that is not what its events made it: why in words, and who wrote it last (None: nobody did)."""

    model: str
    id: str
    message: str
    writer: Writer | None


def _defaults_of(table: ModelTable) -> dict[str, Json]:
    return {one.name: one.codec.encode(one.default) for one in fields_of(table.model).by_name.values() if not one.required}


class _Table:
    """One model, and how its rows are told by fingerprints."""

    def __init__(self, table: ModelTable, fingerprints: Fingerprints) -> None:
        self.table = table
        self.name = table.name
        self._of = fingerprints.of
        self._columns = frozenset(table.columns)
        self._defaults = _defaults_of(table)

    def inserted(self, after: Mapping[str, Json]) -> Mapping[str, Json]:
        """The row that an insert made: a column that came later has its default."""
        return after if after.keys() == self._columns else {**self._defaults, **after}

    def whole(self, id: str, row: Mapping[str, Json]) -> int:
        """The fingerprint of a row that never changes between insert and delete: quicker than one a column."""
        return self._of([self.name, id, row if row.keys() == self._columns else {name: row[name] for name in row if name in self._columns}])

    def columns(self, id: str, row: Mapping[str, Json]) -> int:
        """The sum over some columns of a row."""
        return sum(self._of([self.name, id, column, value]) for column, value in row.items() if column in self._columns)


class Fold:
    """
    The sums of all models while the records are walked.

    *changed* says which rows some event updates. Rows that a correction *settled* stand apart and are folded each by itself, since
    only their own history says what they were before.
    """

    def __init__(
        self,
        models: Mapping[str, ModelTable],
        fingerprints: Fingerprints,
        changed: set[tuple[str, str]],
        settled: set[tuple[str, str]],
    ) -> None:
        self._fingerprints = fingerprints
        self._tables = {name: _Table(table, fingerprints) for name, table in models.items()}
        self._changed = changed
        self._settled = settled
        self._sums = {name: 0 for name, table in models.items() if not table.external}
        self._counts = dict.fromkeys(self._sums, 0)
        self.unsure: set[str] = set()
        """Models of which some change could not be brought up to the newest shape, so that the sum cannot be right."""
        self.external = {name: RowFold(table) for name, table in models.items() if table.external}
        self.apart = {name: RowFold(models[name]) for name, _ in settled if name in self._sums}

    @property
    def by_row(self) -> dict[str, RowFold]:
        """The models that are folded row by row, of some only the rows that stand apart."""
        return {**self.external, **self.apart}

    def take(self, operations: Iterable[Operation], writer: Writer) -> None:
        """Add one event's operations."""
        for kind, model, id, before, after, _ in operations:
            if (model, id) in self._settled and model in self.apart:
                self.apart[model].take(kind, id, before, after, writer)
            elif model in self._sums:
                self._sums[model] += self._weight(kind, model, id, before, after)
            elif model in self.external:
                self.external[model].take(kind, id, before, after, writer)

    def _weight(self, kind: str, model: str, id: str, before: Any, after: Any) -> int:
        table = self._tables[model]
        if kind == "insert":
            self._counts[model] += 1
            return self._row(table, id, table.inserted(after))
        if kind == "delete":
            self._counts[model] -= 1
            return -self._row(table, id, table.inserted(before))
        if kind in ("update", "increase"):
            return table.columns(id, after) - table.columns(id, before)
        if kind == "unknown":
            self.unsure.add(model)
        return 0

    def _row(self, table: _Table, id: str, row: Mapping[str, Json]) -> int:
        return table.columns(id, row) if (table.name, id) in self._changed else table.whole(id, row)

    def compare(self, rows_of: Callable[[ModelTable], Iterator[tuple[Any, ...]]]) -> tuple[int, list[str]]:
        """Read the live tables: how many rows there are, and the models whose rows are not what the events made."""
        seen, differing = 0, []
        for name, expected in self._sums.items():
            table, found, count = self._tables[name], 0, 0
            apart: list[tuple[Any, ...]] = []
            place_of_id = table.table.columns.index("id")
            for values in rows_of(table.table):
                if name in self.apart and (name, str(values[place_of_id])) in self._settled:
                    apart.append(values)
                    continue
                count += 1
                try:
                    row = table.table.row(values)
                    found += self._row(table, str(row["id"]), row)
                except UNREADABLE:
                    found += 1  # a value no event can have written: the sums will differ
            seen += count + len(apart)
            differs = name in self.apart and self.apart[name].compare(apart)
            if differs or (found - expected) % MODULUS or count != self._counts[name] or name in self.unsure:
                differing.append(name)
        return seen, differing


class RowFold:
    """The rows of one model as the events made them, each by itself; of a row that others inserted, what the events saw of it."""

    def __init__(self, table: ModelTable) -> None:
        self._table = table
        self._rows: dict[str, bytes] = {}
        self._writers: dict[str, Writer] = {}
        self._forgotten: set[str] = set()
        self._columns = frozenset(table.columns)
        self._defaults = _defaults_of(table)
        self.differences: list[Difference] = []

    def take(self, kind: str, id: str, before: Any, after: Any, writer: Writer) -> None:
        """Add one operation on a row of this model; of a row to which nobody can say what was done, nothing is said any more."""
        if kind == "unknown":
            self.forget(id)
        if kind not in ("insert", "update", "increase", "delete"):
            return
        known = self._row(id)
        if kind == "insert" and known:
            self._differs(id, "an event inserted it, but it stood already", writer)
        elif before is not None and (columns := self._differing(before, known)):
            self._differs(id, f"an event found other values than those before it had made in {', '.join(columns)}", writer)
        self._writers[id] = writer
        if kind == "delete":
            self._rows.pop(id, None)
        else:
            self._rows[id] = canonical_trusted({**(self._defaults if kind == "insert" else known), **after})

    def forget(self, id: str) -> None:
        """Do not judge this row: a record that wrote it cannot be read."""
        self._forgotten.add(id)

    def compare(self, rows: Iterable[tuple[Any, ...]]) -> list[Difference]:
        """Read the live table. Returns every row that differs, one that no event inserted without a writer."""
        place_of_id = self._table.columns.index("id")
        missing = set(self._rows)
        for values in rows:
            id = str(values[place_of_id])
            writer = self._writers.get(id)
            if id not in missing:
                self._differs(
                    id,
                    "the table has this row, but its events deleted it" if writer else "the table has this row, but no event inserted it",
                    writer,
                )
                continue
            missing.discard(id)
            try:
                columns = self._differing(self._row(id), self._table.row(values))
            except UNREADABLE as error:
                self._differs(id, f"the table has values that cannot be read ({error})", writer)
                continue
            if columns:
                self._differs(id, f"the row is not what its events made it in {', '.join(columns)}", writer)
        for id in sorted(missing):
            self._differs(id, "its events made this row, but the table has it no more", self._writers[id])
        return self.differences

    def known(self, id: str) -> dict[str, Json] | None:
        """The row as the events so far made it, None where they made none."""
        return self._row(id) or None

    def _row(self, id: str) -> dict[str, Json]:
        kept = self._rows.get(id)
        return {} if kept is None else cast(dict[str, Json], parse_trusted(kept))

    def _differing(self, expected: Mapping[str, Json], found: Mapping[str, Json]) -> list[str]:
        """The columns of both that have other bytes."""
        return [
            one
            for one in expected
            if one in self._columns and one in found and canonical_trusted(expected[one]) != canonical_trusted(found[one])
        ]

    def _differs(self, id: str, why: str, writer: Writer | None) -> None:
        if id not in self._forgotten and (writer is not None or not self._table.external):
            self.differences.append(Difference(self._table.name, id, f"{self._table.name}/{id}: {why}.", writer))
