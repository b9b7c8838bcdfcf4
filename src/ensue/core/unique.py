"""Unique: the rules that a group of columns stands at most once, checked when an event has been decided, in preview too."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from ensue.core.facts import Change, Query
from ensue.core.rejection import AlreadyExists

Groups = Mapping[str, Sequence[Sequence[str]]]
"""The groups of columns that stand at most once, by model."""


def check_unique(changes: Sequence[Change], unique: Groups, ask: Callable[[Query], Collection[str]]) -> None:
    """
    Raise AlreadyExists where a group of columns would stand twice after *changes*.

    *ask* gives the ids of the rows that equal, as they stood before. Columns that a row does not have, since a view does not show them,
    did not change.
    """
    if not any(map(unique.__getitem__, [change.model for change in changes])):
        return
    final = {(change.model, change.id): change.after for change in changes}
    for change in changes:
        for group in unique[change.model]:
            after = final[change.model, change.id]
            if after is None or (change.before is not None and all(change.before.get(column) == after.get(column) for column in group)):
                continue
            values = tuple(after[column] for column in group)
            if any(value is None for value in values):
                continue  # as in SQL, what is not there clashes with nothing
            holders = {id for id in ask((change.model, tuple(group), values)) if (change.model, id) not in final}
            holders |= {
                id
                for (model, id), row in final.items()
                if model == change.model and row is not None and tuple(row.get(column) for column in group) == values
            }
            if holders - {change.id}:
                raise AlreadyExists(model=change.model, fields=", ".join(group))
