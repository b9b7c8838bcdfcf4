"""
Correction settled: what a correction took of rows as it found them, although no event had made them so.

Somebody changed a row beside the ledger, and the correction says what holds since: that it stays, that something else is
written over it, or that it is already what it should be. What was found is on the record, so from there on the row is known
again, and whatever it is changed to later has been changed later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ensue.core.brought_up import Rest, brought_up
from ensue.core.correction_shapes import CorrectionSaid, form_brought_up, kept_operations
from ensue.core.facts import Row
from ensue.core.world import Key


def settled_rows(document: Mapping[str, Any]) -> set[Key]:
    """The rows of which a correction took something as it was."""
    found, form = _found(document), document["form"]
    rows = {(one[0], one[1]) for one in form["changes"] for _ in _taken(one, found.get((one[0], one[1])))}
    return rows | {(model, id) for model, id, _ in form["kept"]}


def with_settled(correction: CorrectionSaid, operations: list[Any], row_of: Rest) -> list[Any]:
    """The *operations* of a correction; before them what it took as it was, behind them what people kept; on rows that *row_of* knows."""
    rows = {
        (model, id): brought_up(correction.app.model(model), columns, lambda: correction.table_shapes)
        for (model, id), columns in _found(correction.document).items()
    }
    taken: list[Any] = []
    for change in form_brought_up(correction)["changes"]:
        model, id = change[:2]
        for columns in _taken(change, rows.get((model, id))):
            known = row_of(model, id)
            if columns is None:
                taken += [["delete", model, id, known, None, ""]] if known is not None else []
            else:
                taken.append(["insert" if known is None else "update", model, id, None, columns, ""])
    return [*taken, *operations, *kept_operations(correction, row_of)]


def _found(document: Mapping[str, Any]) -> dict[Key, Row]:
    return {(model, id): columns for _, model, id, columns in document["state"]}


def _taken(change: list[Any], found: Row | None) -> Iterator[Row | None]:
    """What one change took as it *found* it: the row or some of its columns, None where it took that it is gone; else nothing."""
    _, _, kind, expected, target, decision = change
    forced = decision == "force"
    if kind in ("insert", "delete"):
        if found == target or (forced and (found is not None or kind == "delete")):
            yield found
    elif kind == "update" and found is not None:
        if forced and expected is None:  # a row that the history has not: a whole one was looked at
            yield found
        elif columns := {name: found[name] for name, value in target.items() if forced or found[name] == value != expected[name]}:
            yield columns
