"""
Walk: the past of one record after another, in the ledger's order, told from all that happened before it.

Asking the history of single rows again for every record of a range would read most of the ledger many times. Here every
event is read once, and only when the first record of the range asks: the rows that a version reads stand in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from ensue.core.app import App
from ensue.core.brought_up import Missing
from ensue.core.correction import CORRECTION
from ensue.core.correction_settled import with_settled
from ensue.core.facts import Query, Row
from ensue.core.frozen import recorded_operations
from ensue.core.record import Record
from ensue.core.recorded import as_written
from ensue.core.version import Version
from ensue.core.world import World
from ensue.errors import VersionError


class WalkedPast:
    """What stood before the record, or the position, that was named last. They are named in the ledger's order."""

    def __init__(self, app: App, models: Collection[str], history: Callable[[Collection[str]], Iterator[Record]]) -> None:
        self._app = app
        self._models = models
        self._history = history
        self._position = 0
        self._begin()

    def _begin(self) -> None:
        self._world = World(self._models)
        self._coming: Iterator[Record] | None = None
        self._next: Record | None = None
        self._passed = -1
        self._missing: Missing | None = None

    def before(self, record: Record) -> WalkedPast:
        """The past just before *record*."""
        return self.at(record.position)

    def at(self, position: int) -> WalkedPast:
        """The past just before whatever takes *position*."""
        if position <= self._passed:
            self._begin()
        self._position = position
        return self

    def row(self, model: str, id: str) -> Row | None:
        """The row as it stood. Raises Missing where the records do not tell."""
        return self._world_of(model).row(model, id)

    def rows(self, query: Query) -> Mapping[str, Row]:
        """The rows that equalled. Raises Missing where the records do not tell."""
        world = self._world_of(query[0])
        return {id: row for id in world.answer(query) if (row := world.row(query[0], id)) is not None}

    def _world_of(self, model: str) -> World:
        if self._app.model(model).__ensue__.table is not None:
            raise Missing(f"{model}, whose table others write too")
        if self._missing is not None:
            raise self._missing
        try:
            self._walk()
        except Missing as missing:
            self._missing = missing
            raise
        return self._world

    def _walk(self) -> None:
        """Fold every record before the position."""
        if self._coming is None:
            self._coming = self._history(self._models)
            self._next = next(self._coming, None)
        while self._next is not None and self._next.position < self._position:
            with as_written(self._next):
                self._take(self._next)
            self._passed = self._next.position
            self._next = next(self._coming, None)

    def _take(self, record: Record) -> None:
        operations = recorded_operations(record, self._world.row, unknown=True)
        if record.type == CORRECTION:
            operations = with_settled(record, operations, self._world.row)
        self._world.fold(operations)


def models_read(app: App, version: Version) -> frozenset[str]:
    """The models that events read under *version*: their rows are what a past may be asked for."""
    found: set[str] = set()
    for type_ in app.types():
        try:
            shapes = app.logic(type_, version).shapes
        except VersionError:  # not in this version
            continue
        found |= {one.model_name for shape in shapes for one in shape.__ensue__.state.values()}
    return frozenset(found)
