"""
Rows: a batch's changes as statements, in an order that the database's unique and foreign keys accept.

In tables of our own, whose rules we know, changes that share nothing under a key are grouped: one statement a table and
kind, each row once. In tables that others declared every event's change is written in its turn, since a rule that we do
not know may be broken on the way. An event that gives a value up and takes it is written a row at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ensue.core.app import App
from ensue.core.facts import Change
from ensue.core.table_keys import TableKeys
from ensue.storage.session import RowWrite


class Constraints:
    """Which columns of which model are under a unique or foreign key: giving a value up and taking it must not share a statement."""

    def __init__(self, app: App, table_keys: TableKeys) -> None:
        self.unique: dict[str, tuple[tuple[str, ...], ...]] = {}
        self.columns: dict[str, frozenset[str]] = {}
        self.tied: set[str] = set()
        """Models whose table has foreign keys."""
        self.external: set[str] = set()
        """Models over tables that others declared."""
        self._keys: dict[str, tuple[tuple[str, ...], ...]] = {}
        """The groups of columns under one key, declared by the model or by the table it was declared over."""
        for model in app.models():
            info = model.__ensue__
            keys = {*info.unique, *table_keys.groups(model)}
            if info.table is not None:
                self.external.add(info.name)
            if table_keys.has_foreign_keys(model):
                self.tied.add(info.name)
            self.unique[info.name] = info.unique
            self.columns[info.name] = frozenset(column for group in keys for column in group) - {"id"}
            self._keys[info.name] = tuple(keys)

    def releases(self, change: Change) -> bool:
        """Whether *change* gives up a value that a key holds, or a row that others may point to."""
        if change.before is None:
            return False
        columns = self.columns[change.model]
        return change.after is None or (bool(columns) and any(change.before[column] != change.after[column] for column in columns))

    def takes(self, change: Change) -> bool:
        """Whether *change* takes a value under a key, or a row's id."""
        if change.after is None:
            return False
        return change.before is None or any(change.before[column] != change.after[column] for column in self.columns[change.model])

    def waits_for(self, change: Change, other: Change) -> bool:
        """Whether *change* takes a value that *other* still holds, and gives up."""
        before, after = other.before, change.after
        if change is other or change.model != other.model or before is None or after is None:
            return False
        return any(group and all(before[column] == after[column] is not None for column in group) for group in self._keys[change.model])

    def may_be_made_again(self, change: Change) -> bool:
        """Whether the row may be deleted and inserted again on the way: only in a table of our own, which nobody points to."""
        return change.model not in self.external and change.before is not None and change.after is not None


def grouped(events: Sequence[Sequence[Change]], constraints: Constraints) -> list[RowWrite]:
    """The changes of several events: the net ones of our own tables, those of others' tables in the order of the events."""
    external = constraints.external
    ours = (change for changes in events for change in changes if change.model not in external)
    theirs = (change for changes in events for change in net_changes(one for one in changes if one.model in external)) if external else ()
    return [*group_changes(net_changes(ours)), *_runs(theirs)]


def _runs(changes: Iterable[Change]) -> list[RowWrite]:
    """Neighbours of one kind share a statement, as long as no row comes twice."""
    runs: list[RowWrite] = []
    ids: set[str] = set()
    for change in changes:
        for write in group_changes([change]):
            if runs and runs[-1][:3] == write[:3] and change.id not in ids:
                runs[-1].rows.extend(write.rows)
            else:
                runs.append(write)
                ids = set()
            ids.add(change.id)
    return runs


def in_turn(changes: Iterable[Change], constraints: Constraints) -> list[RowWrite]:
    """
    The changes of one event, a statement a row: in the event's order, but each after those that hold what it takes.

    Where rows wait for each other in a circle, as in a swap, one of them is deleted and inserted again at the end, since
    neither database checks a unique key at the end of several statements unless the table says so.
    """
    writes: list[RowWrite] = []
    waiting = net_changes(changes)
    while waiting:
        place = next((place for place, one in enumerate(waiting) if not any(constraints.waits_for(one, other) for other in waiting)), None)
        if place is not None:
            writes += group_changes([waiting.pop(place)])
            continue
        place = next((place for place, one in enumerate(waiting) if constraints.may_be_made_again(one)), 0)
        held = waiting.pop(place)
        if not constraints.may_be_made_again(held):
            writes += group_changes([held])  # others may point to the row: the database has the last word
            continue
        writes += group_changes([Change(held.model, held.id, held.before, None)])
        waiting.append(Change(held.model, held.id, None, held.after))
    return writes


def net_changes(changes: Iterable[Change]) -> list[Change]:
    """One change a row: from before the first to after the last."""
    net: dict[tuple[str, str], Change] = {}
    for change in changes:
        key = (change.model, change.id)
        earlier = net.get(key)
        net[key] = change if earlier is None else Change(change.model, change.id, earlier.before, change.after)
    return [change for change in net.values() if change.before is not None or change.after is not None]


def group_changes(changes: Iterable[Change]) -> list[RowWrite]:
    """Changes as statements: inserts, then updates by the set of their columns, then deletes."""
    inserts: dict[str, RowWrite] = {}
    updates: dict[tuple[str, tuple[str, ...]], RowWrite] = {}
    deletes: dict[str, RowWrite] = {}
    for model, id, before, after in changes:
        if before is None and after is not None:
            write = inserts.get(model)
            if write is None:
                write = inserts[model] = RowWrite("insert", model, tuple(after), [])
            write.rows.append(tuple(after.values()))
        elif after is None:
            deletes.setdefault(model, RowWrite("delete", model, ("id",), [])).rows.append((id,))
        elif before is not None:
            columns = tuple([column for column, value in after.items() if value != before[column]])
            if columns:
                write = updates.setdefault((model, columns), RowWrite("update", model, (*columns, "id"), []))
                write.rows.append((*[after[column] for column in columns], id))
    return [*inserts.values(), *updates.values(), *deletes.values()]
