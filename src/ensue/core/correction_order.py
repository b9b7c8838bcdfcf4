"""
Correction order: which of a plan's changes must be written before which, where tables have foreign keys.

Only tables that others declared have any. There a row is inserted after its parents, and deleted before them, although
the events that the changes belong to came in another order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ensue.core.app import App
from ensue.core.world import Key

if TYPE_CHECKING:
    from ensue.core.correction_plan import PlannedChange

RANKS = {"delete": 0, "update": 1, "increase": 1, "insert": 2}
"""Within one correction: what is given up before what is taken."""


def in_order(app: App, found: dict[int, list[PlannedChange]]) -> dict[int, list[PlannedChange]]:
    """The changes by the place of their correction, some in a later one than they would belong to, each list in order."""
    depths = {model.__ensue__.name: _depth(app, model.__ensue__.name) for model in app.models()}
    placed = [(place, change) for place, changes in found.items() for change in changes]
    places = {(change.model, change.id): place for place, change in placed if change.kind in ("insert", "delete")}
    kinds = {(change.model, change.id): change.kind for _, change in placed}
    for _, change in sorted(placed, key=lambda one: depths[one[1].model]):  # a child comes no earlier than its parents
        key = (change.model, change.id)
        if change.kind == "insert":
            places[key] = max([places[key], *(places[one] for one in _parents(app, change) if kinds.get(one) == "insert")])
    for _, change in sorted(placed, key=lambda one: -depths[one[1].model]):  # a parent goes no earlier than its children
        if change.kind == "delete":
            for one in _parents(app, change):
                if kinds.get(one) == "delete":
                    places[one] = max(places[one], places[change.model, change.id])
    ordered: dict[int, list[PlannedChange]] = {}
    for place, change in placed:
        ordered.setdefault(places.get((change.model, change.id), place), []).append(change)
    for changes in ordered.values():
        changes.sort(key=lambda one: (RANKS[one.kind], depths[one.model] * (-1 if one.kind == "delete" else 1)))
    return ordered


def _depth(app: App, name: str) -> int:
    """How many parents stand one above the other."""
    return 1 + max((_depth(app, parent) for parent in app.model(name).__ensue__.parent_columns.values()), default=0)


def _parents(app: App, change: PlannedChange) -> Iterator[Key]:
    """The rows that a row of a table with foreign keys may point to."""
    info, row = app.model(change.model).__ensue__, change.target or change.expected or {}
    if info.table is not None:
        for column, parent in info.parent_columns.items():
            if row.get(column) is not None:
                yield parent, str(row[column])
