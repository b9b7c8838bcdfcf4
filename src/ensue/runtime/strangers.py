"""
Strangers: rows of the ledger's own tables that no event made, and none saw.

A telling of the history does not have them. Where an event that was decided again would have read one, nobody knows
whether it stood there at the time, so that what comes of it would be a guess.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ensue.core.cascade import Retold
from ensue.core.facts import Facts, Needs, Query, Row
from ensue.core.world import Key
from ensue.errors import PlanBlocked
from ensue.storage.database import Storage
from ensue.storage.target import row_ids

if TYPE_CHECKING:
    from sqlalchemy import Connection


def check_no_stranger_was_asked_for(storage: Storage, connection: Connection, retold: Retold) -> None:
    """Raises PlanBlocked where what was decided again would have read a row that no event made or saw."""
    worlds = retold.base, retold.told
    queries: set[Query] = set().union(*(world.asked for world in worlds))
    missed: set[Key] = set().union(*(world.missed for world in worlds))
    for model in sorted({model for model, *_ in queries} | {model for model, _ in missed}):
        if storage.models[model].external:  # of these each record says what it saw
            continue
        ids = {id for id in row_ids(connection, storage.models[model]) if retold.recorded.row(model, id) is None}
        for id, row in _rows(storage, connection, model, ids):
            if (model, id) in missed or any(_answers(row, query) for query in queries if query[0] == model):
                raise PlanBlocked(
                    f"{model}/{id} stands in its table, but no event made it or saw it, and what is decided again would read it: "
                    "what would have been is not known. Run `ensue verify`. Nothing was corrected."
                )


def _rows(storage: Storage, connection: Connection, model: str, ids: set[str]) -> Iterable[tuple[str, Row]]:
    facts, needs = Facts(), Needs()
    for id in ids:
        needs.row(model, id)
    if needs:
        storage.looking(connection).load(needs, facts)
    return [(id, row) for id in sorted(ids) if (row := facts.row(model, id)) is not None]


def _answers(row: Row, query: Query) -> bool:
    _, columns, values = query
    return tuple(row.get(column) for column in columns) == values
