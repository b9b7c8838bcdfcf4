"""
Correction order: which of a plan's changes must be written before which.

A unique value is given up before another row takes it. In tables that others declared a row is written after the rows that
it refers to, and these are deleted only when nobody refers to them any more, although the events that the changes belong to
came in another order. What must wait goes into a later correction; what waits for each other goes into one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ensue.core.app import App
from ensue.core.facts import Row
from ensue.core.table_keys import Group, TableKeys
from ensue.core.world import Key, World

if TYPE_CHECKING:
    from ensue.core.correction_plan import PlannedChange

RANKS = {"delete": 0, "update": 1, "increase": 1, "insert": 2}
"""Within one correction, where nothing else says: what is given up before what is taken."""
Value = tuple[str, Group, tuple[Any, ...]]
"""What a key holds: a model, some of its columns, and their values in one row."""


def in_order(
    app: App, keys: TableKeys, base: World, told: World, found: Mapping[int, Sequence[PlannedChange]]
) -> dict[int, list[PlannedChange]]:
    """The changes that lead from *base* to *told* by the place of their correction, some in a later one, each list in order."""
    placed = [(place, change) for place, changes in found.items() for change in changes]
    changes = [change for _, change in placed]
    waits = _Waiting(app, keys, base, told).of(changes)
    together: dict[int, list[int]] = {}
    for number, place in enumerate(_places([place for place, _ in placed], waits)):
        together.setdefault(place, []).append(number)
    for numbers in together.values():
        numbers.sort(key=lambda number: RANKS[changes[number].kind])
    return {place: [changes[number] for number in _sorted(numbers, waits)] for place, numbers in together.items()}


class _Waiting:
    """What must be written before each change, by the keys of the tables."""

    def __init__(self, app: App, keys: TableKeys, base: World, told: World) -> None:
        self._base, self._told = base, told
        self._references = keys.references()
        self._groups = {model.__ensue__.name: {*map(tuple, model.__ensue__.unique), *keys.groups(model)} for model in app.models()}
        for one in (one for its in self._references.values() for one in its):
            self._groups[one.parent].add(one.parent_columns)

    def of(self, changes: Sequence[PlannedChange]) -> list[set[int]]:
        """By its number, the numbers of the changes that come before each."""
        waits: list[set[int]] = [set() for _ in changes]
        made: dict[Value, list[int]] = {}
        ended: dict[Value, list[int]] = {}
        parts: dict[tuple[Key, Group], list[int]] = {}
        for number, change in enumerate(changes):
            for group in self._touched(change, self._groups[change.model]):
                parts.setdefault(((change.model, change.id), group), []).append(number)
                for rows, values in ((self._told, made), (self._base, ended)):
                    for value in _values(rows.row(change.model, change.id), change.model, group, group):
                        values.setdefault(value, []).append(number)
        for value, numbers in made.items():
            for number in numbers:
                waits[number].update(ended.get(value, ()))
        for numbers in parts.values():  # the columns of one key change at once
            for number in numbers:
                waits[number].update(numbers)
        for number, change in enumerate(changes):
            for one in self._references[change.model]:
                if not self._touched(change, [one.columns]):
                    continue
                for value in _values(self._told.row(change.model, change.id), one.parent, one.columns, one.parent_columns):
                    waits[number].update(made.get(value, ()))
                for value in _values(self._base.row(change.model, change.id), one.parent, one.columns, one.parent_columns):
                    for ending in ended.get(value, ()):
                        waits[ending].add(number)
        for number, its in enumerate(waits):
            its.discard(number)
        return waits

    def _touched(self, change: PlannedChange, groups: Collection[Group]) -> list[Group]:
        """The groups of columns that *change* is about."""
        whole = change.kind in ("insert", "delete")
        return [group for group in groups if whole or any(column in (change.target or {}) for column in group)]


def _values(row: Row | None, model: str, columns: Group, held_as: Group) -> Iterator[Value]:
    """What the key over *held_as* of *model* holds where *columns* of *row* do; nothing where one of them is null."""
    if row is not None and None not in (values := tuple(row.get(column) for column in columns)):
        yield model, held_as, values


def _places(places: list[int], waits: Sequence[set[int]]) -> list[int]:
    """The places where nothing comes before what it waits for."""
    followers: list[list[int]] = [[] for _ in places]
    for number, before in enumerate(waits):
        for one in before:
            followers[one].append(number)
    moved = deque(range(len(places)))
    while moved:
        number = moved.popleft()
        for follower in followers[number]:
            if places[follower] < places[number]:
                places[follower] = places[number]
                moved.append(follower)
    return places


def _sorted(numbers: Sequence[int], waits: Sequence[set[int]]) -> list[int]:
    """*numbers* as they come, but each after those it waits for; where they wait in a circle the database has the last word."""
    members, begun, done = set(numbers), set[int](), dict[int, None]()
    for first in numbers:
        stack = [first]
        while stack:
            number = stack[-1]
            if number in begun:
                done.setdefault(stack.pop())
                continue
            begun.add(number)
            stack.extend(sorted((waits[number] & members) - begun, reverse=True))
    return list(done)
