"""
World: every row that the events made, in memory, as it stands after some of them.

Complete facts: a row that is not there was never made, and any query by equality has its answer. A world is folded from
recorded operations in the ledger's order, so it can stand at any position, and more than one can stand side by side:
as it was, and as it would have been, which differ in few rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

from ensue.core.brought_up import Missing
from ensue.core.canonical import Json
from ensue.core.facts import Change, Facts, Query, Row
from ensue.core.model import Model

M = TypeVar("M", bound=Model)
Key = tuple[str, str]
"""Model and id of a row."""
Index = dict[tuple[Json, ...], set[str]]


class World(Facts):
    """
    Facts about every row of some models.

    Args:
        models: the models whose rows are kept; None: all. Operations on others are passed over.
    """

    def __init__(self, models: Collection[str] | None = None) -> None:
        super().__init__()
        self._models = models
        self._indexes: dict[tuple[str, tuple[str, ...]], Index] = {}

    # -- what is known: everything
    def knows(self, model: str, id: str) -> bool:  # noqa: ARG002  # whatever is asked
        """Always: a row that is not here is not there."""
        return True

    def row(self, model: str, id: str) -> Row | None:
        """The row as it stands, None where there is none."""
        return self._rows.get(model, {}).get(id)

    def instance(self, model: type[M], id: str) -> M | None:
        """The row in the shape or view of *model*."""
        return None if self.row(model.__ensue__.name, id) is None else super().instance(model, id)

    def answer(self, query: Query) -> set[str]:
        """The ids of the rows that equal."""
        model, columns, values = query
        index = self._indexes.get((model, columns))
        if index is None:
            index = self._indexes[model, columns] = {}
            for id, row in self._rows.get(model, {}).items():
                if row is not None:
                    index.setdefault(_values(row, columns), set()).add(id)
        return index.get(values, set())

    # -- what happens
    def put(self, model: str, id: str, row: Row | None) -> None:
        """The row stands so from now on; None: it is gone."""
        rows = self._rows.setdefault(model, {})
        before = rows.get(id)
        for (name, columns), index in self._indexes.items():
            if name == model:
                if before is not None:
                    index.get(_values(before, columns), set()).discard(id)
                if row is not None:
                    index.setdefault(_values(row, columns), set()).add(id)
        if row is None:
            rows.pop(id, None)
        else:
            rows[id] = row

    def apply(self, changes: Iterable[Change]) -> None:
        """Take over what an event decided."""
        for change in changes:
            if self._models is None or change.model in self._models:
                self.put(change.model, change.id, change.after)

    def fold(self, operations: Iterable[Any]) -> None:
        """Take over recorded operations, their columns in the newest shapes. Raises Missing where one is unknown."""
        for kind, model, id, _, after, _ in operations:
            if kind in ("cancel", "erase") or (self._models is not None and model not in self._models):
                continue
            if kind == "unknown":
                raise Missing(f"{model}/{id}, of which a view showed too little to bring it up to the newest shape of {model}")
            if kind in ("insert", "delete"):
                self.put(model, id, None if kind == "delete" else dict(after))
            else:
                self.put(model, id, {**(self.row(model, id) or {}), **after})


class Overlay(World):
    """
    A world that is as another one, its *ground*, but for some rows of its own: it holds only what differs.

    As long as a row is not its own, it follows whatever happens to the ground.
    """

    def __init__(self, ground: World, models: Collection[str] | None = None) -> None:
        super().__init__(models)
        self._ground = ground
        self.asked: set[Query] = set()
        """Every query that a decision asked."""
        self.missed: set[Key] = set()
        """Every row that a decision looked for where there was none."""

    @property
    def own(self) -> Mapping[str, Mapping[str, Row | None]]:
        """The rows that are its own, by model and id; None: one that is there in the ground alone."""
        return self._rows

    def is_own(self, model: str, id: str) -> bool:
        """Whether the row is its own."""
        return id in self._rows.get(model, ())

    def knows(self, model: str, id: str) -> bool:
        """Always, and what is not there is noted."""
        if self.row(model, id) is None:
            self.missed.add((model, id))
        return True

    def row(self, model: str, id: str) -> Row | None:
        """The row as it stands here."""
        return self._rows[model][id] if self.is_own(model, id) else self._ground.row(model, id)

    def seen(self, model: str, id: str) -> Row | None:
        """As `row`."""
        return self.row(model, id)

    def instance(self, model: type[M], id: str) -> M | None:
        """The row in the shape or view of *model*."""
        return super().instance(model, id) if self.is_own(model.__ensue__.name, id) else self._ground.instance(model, id)

    def answer(self, query: Query) -> set[str]:
        """The ids of the rows that equal."""
        self.asked.add(query)
        own = self._rows.get(query[0])
        return self._ground.answer(query) if not own else (self._ground.answer(query) - own.keys()) | super().answer(query)

    def put(self, model: str, id: str, row: Row | None) -> None:
        """The row is its own from now on, and stands so; None: it is gone here."""
        super().put(model, id, row)
        self._rows[model][id] = row

    def follow(self, model: str, id: str) -> None:
        """The row is as in the ground again."""
        super().put(model, id, None)
        if not self._rows[model]:
            del self._rows[model]


def _values(row: Row, columns: tuple[str, ...]) -> tuple[Json, ...]:
    return tuple(row.get(column) for column in columns)
