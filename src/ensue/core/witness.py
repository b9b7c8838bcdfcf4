"""
Witness: what a record saw of tables that others write too, and so all that a telling knows of them at its moment.

Of our own tables the events tell everything. In others' a row may come, change or go between two events, and nothing says
when. So an event that is decided again may read what its own record froze, or looked for in vain, and what the telling
itself has made or deleted. Anything else is an input that is missing, and is named.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

from ensue.core.app import App
from ensue.core.brought_up import Missing
from ensue.core.correction import CORRECTION
from ensue.core.facts import Facts, Query, Row
from ensue.core.frozen import Rows, Slots
from ensue.core.identity import row_id
from ensue.core.logic import Logic
from ensue.core.model import Model
from ensue.core.record import Record
from ensue.core.replay import beside, columns_read, seen_by
from ensue.core.shapes import row_in_shape
from ensue.core.world import World

M = TypeVar("M", bound=Model)


class Witnessed(Facts):
    """
    What one event may read in a telling.

    Args:
        world: the rows of the telling.
        recorded: the rows as recorded.
        saw: what the event's record saw.
        shared: the models whose tables others write too.
    """

    def __init__(self, world: World, recorded: World, saw: Facts, shared: Collection[str]) -> None:
        super().__init__()
        self._world = world
        self._recorded = recorded
        self._saw = saw
        self._shared = shared

    def knows(self, model: str, id: str) -> bool:
        """Whether the row can be told: the record saw it, or the telling alone made or deleted it."""
        if model not in self._shared:
            return self._world.knows(model, id)
        if self._saw.knows(model, id):
            return True
        return (self._world.row(model, id) is None) != (self._recorded.row(model, id) is None)

    def row(self, model: str, id: str) -> Row | None:
        """The row as it stands in the telling, in the columns that the record saw or the telling changed."""
        row = self._world.row(model, id)
        known = self._recorded.row(model, id) if model in self._shared else None
        if row is None or known is None:
            return row
        saw = self._saw.seen(model, id) or {}
        return {column: value for column, value in row.items() if column in saw or value != known.get(column)}

    def seen(self, model: str, id: str) -> Row | None:
        """As `row`. Raises Missing where others may have deleted what stood there last."""
        if self._world.row(model, id) is not None and not self.knows(model, id):
            raise Missing(beside(f"{model}/{id}"))
        return self._world.row(model, id)

    def answer(self, query: Query) -> set[str] | None:
        """The ids of the rows that equal, None where the record did not ask the same."""
        ids = self._world.answer(query)
        if query[0] not in self._shared:
            return ids
        saw = self._saw.answer(query)
        if saw is None:
            return None
        stood = self._recorded.answer(query)
        ids = {id for id in ids if id in saw or id not in stood}
        return ids if all(self.knows(query[0], id) for id in ids) else None

    def holders(self, query: Query) -> set[str]:
        """As `answer`. Raises Missing."""
        ids = self.answer(query)
        if ids is None:
            raise Missing(beside(f"{query[0]} by {', '.join(query[1])}"))
        return ids

    def instance(self, model: type[M], id: str) -> M | None:
        """The row in the shape or view of *model*. Raises Missing where the record saw too little of it."""
        name = model.__ensue__.name
        if name not in self._shared:
            return self._world.instance(model, id)
        row = self.row(name, id)
        if row is None:
            return None
        absent = next((column for column in columns_read(model) if column not in row), None)
        if absent is not None:
            raise Missing(beside(f"{name}/{id} {absent}"))
        return row_in_shape(model, row)


def shared_models(app: App) -> frozenset[str]:
    """The models whose tables others write too."""
    return frozenset(model.__ensue__.name for model in app.models() if model.__ensue__.table is not None)


def witnessed_by(record: Record, rows: Rows, slots: Slots, operations: Sequence[Any], shared: Collection[str]) -> Facts:
    """
    What *record* saw of *shared* models: the *rows* it froze, what it looked for in vain, and what its *operations* prove.

    A row that it inserted was not there before, and nobody had a unique value that it took.
    """
    own = record.logic
    wrote = any(model in shared for kind, model, *_ in operations if kind not in ("cancel", "erase"))
    if not wrote and record.type != CORRECTION and not any(one.model_name in shared for one in own.slots.values()):
        return Facts()
    saw = seen_by(record, rows, slots)
    for kind, model, id, _, after, _ in operations:
        if model not in shared or kind not in ("insert", "update", "increase"):
            continue
        if kind == "insert":
            saw.learn(model, (id,), {})
        row = {**(saw.seen(model, id) or {}), **after}
        for group in record.app.model(model).__ensue__.unique:
            query = (model, tuple(group), tuple(row.get(column) for column in group))
            if any(column in after for column in group) and saw.answer(query) is None:
                saw.learn_answer(query, {})
    return saw


def learn_new(saw: Facts, record: Record, logic: Logic) -> None:
    """Rows that *logic* makes under ids derived from the event's were not there: nobody else can have made these ids."""
    for shape in logic.shapes:
        for one in shape.__ensue__.new:
            saw.learn(one.model_name, (row_id(record.id, one.name),), {})
