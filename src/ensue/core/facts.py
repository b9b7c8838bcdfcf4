"""
Facts: what is known of the rows, as J1 values in the newest shape: as loaded, and as decided since.

A batch is decided over one `Facts`: what an earlier event of the batch decided is what a later one reads, exactly as
if it had been committed. What is not known is asked for in a `Needs`, for all events of the batch at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from ensue.core.canonical import Json
from ensue.core.model import Model
from ensue.core.shapes import row_in_shape

M = TypeVar("M", bound=Model)
Row = dict[str, Json]
Query = tuple[str, tuple[str, ...], tuple[Json, ...]]
"""A model's name, some of its columns, and the values they must equal (null equals null)."""


Instances = dict[tuple[type[Model], str], tuple[Row, Any]]
"""Rows as instances, by class and id, each with the J1 values that it was made of."""


class Change(NamedTuple):
    """What one operation does to one row: `before` and `after` are whole rows, None where there is none."""

    model: str
    id: str
    before: Row | None
    after: Row | None


class Needs:
    """The rows and queries somebody asked for and nobody has loaded yet."""

    def __init__(self) -> None:
        self.rows: dict[str, set[str]] = {}
        self.queries: dict[tuple[str, tuple[str, ...]], dict[tuple[Json, ...], int]] = {}

    def __bool__(self) -> bool:
        return bool(self.rows or self.queries)

    def row(self, model: str, id: str) -> None:
        """Ask for one row."""
        self.rows.setdefault(model, set()).add(id)

    def query(self, query: Query, limit: int) -> None:
        """Ask for the rows that equal; no more than *limit* and one are wanted."""
        model, columns, values = query
        wanted = self.queries.setdefault((model, columns), {})
        wanted[values] = max(limit, wanted.get(values, 0))


class Facts:
    """Rows by model and id (None: known to be absent), and the answers to queries by equality, kept true under changes."""

    def __init__(self, rows: dict[str, dict[str, Row | None]] | None = None, instances: Instances | None = None) -> None:
        """Over *rows*, which were found, by model and id; *instances* of these may have been made before. Both are added to."""
        self._rows: dict[str, dict[str, Row | None]] = {} if rows is None else rows
        self._answers: dict[str, dict[tuple[str, ...], dict[tuple[Json, ...], set[str]]]] = {}
        self._made: Instances = {} if instances is None else instances
        self._decided: dict[str, set[str]] = {}

    # -- what was loaded
    def learn(self, model: str, ids: Iterable[str], rows: Mapping[str, Row]) -> None:
        """These *ids* were looked up, and *rows* were found; what is known already stands, since it may have been decided since."""
        known = self._rows.setdefault(model, {})
        for id in ids:
            if id not in known:
                known[id] = rows.get(id)

    def learn_absent(self, model: str, id: str) -> None:
        """This id was looked up; where it is not known already, it was not found."""
        self._rows.setdefault(model, {}).setdefault(id, None)

    def relearn(self, model: str, id: str, row: Row) -> None:
        """More of a row of which only some columns were known."""
        self._rows[model][id] = row

    def learn_answer(self, query: Query, rows: Mapping[str, Row]) -> None:
        """The rows that a query found in the database; rows decided since are put in or left out as they stand now."""
        model, columns, values = query
        known = self._rows.setdefault(model, {})
        for id, row in rows.items():
            known.setdefault(id, row)
        matching = set(rows)
        for id in self._decided.get(model, ()):
            (matching.add if _matches(known[id], columns, values) else matching.discard)(id)
        self._answers.setdefault(model, {}).setdefault(columns, {})[values] = matching

    # -- what is known
    def knows(self, model: str, id: str) -> bool:
        """Whether the row was looked up, or decided."""
        return id in self._rows.get(model, ())

    def row(self, model: str, id: str) -> Row | None:
        """The row as it stands, None where there is none. It must be known."""
        return self._rows[model][id]

    def seen(self, model: str, id: str) -> Row | None:
        """As `row`, where it may be unknown: None then too."""
        return self._rows.get(model, {}).get(id)

    def all_rows(self) -> Iterator[tuple[str, str, Row | None]]:
        """Model, id and row of everything that is known, sorted."""
        for model, rows in sorted(self._rows.items()):
            for id, row in sorted(rows.items()):
                yield model, id, row

    def all_answers(self) -> Iterator[tuple[Query, set[str]]]:
        """Every query that was answered, with the ids of the rows that equal."""
        for model, by_columns in self._answers.items():
            for columns, by_values in by_columns.items():
                yield from (((model, columns, values), ids) for values, ids in by_values.items())

    def answer(self, query: Query) -> set[str] | None:
        """The ids of the rows that equal, None where the query was not loaded."""
        model, columns, values = query
        return self._answers.get(model, {}).get(columns, {}).get(values)

    def instance(self, model: type[M], id: str) -> M | None:
        """The row in the shape or view of *model*; the same object as long as the row has not changed."""
        row = self._rows[model.__ensue__.name][id]
        if row is None:
            return None
        made = self._made.get((model, id))
        if made is None or (made[0] is not row and made[0] != row):
            made = self._made[model, id] = (row, row_in_shape(model, row))
        found: M = made[1]
        return found

    # -- what was decided
    def apply(self, changes: Iterable[Change]) -> None:
        """Take over what an event decided."""
        for change in changes:
            self._rows.setdefault(change.model, {})[change.id] = change.after
            self._decided.setdefault(change.model, set()).add(change.id)
            for columns, by_values in self._answers.get(change.model, {}).items():
                if change.before is not None:
                    _discard(by_values, columns, change.before, change.id)
                if change.after is not None:
                    by_value = by_values.get(tuple([change.after[column] for column in columns]))
                    if by_value is not None:
                        by_value.add(change.id)


def _matches(row: Row | None, columns: tuple[str, ...], values: tuple[Any, ...]) -> bool:
    return row is not None and tuple([row[column] for column in columns]) == values


def _discard(by_values: dict[tuple[Json, ...], set[str]], columns: tuple[str, ...], row: Row, id: str) -> None:
    found = by_values.get(tuple([row[column] for column in columns]))
    if found is not None:
        found.discard(id)
