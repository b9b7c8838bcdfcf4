"""
Normal form: what one decision makes of each row and of each effect.

A map from (model, row id) to what becomes of the row, and from (kind, key) to the effect. The order of steps and their
names are not part of it, and several operations on one row are one outcome. Increases stay relative.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ensue.core.canonical import Json
from ensue.errors import FormatError


class Value(NamedTuple):
    """What becomes of one column: `was` before the event, `now` after it; *relative* where it was increased."""

    was: Json
    now: Json
    relative: bool = False


@dataclass
class RowOutcome:
    """What becomes of one row: it is inserted or deleted whole, or some columns change."""

    inserted: dict[str, Json] | None = None
    deleted: dict[str, Json] | None = None
    columns: dict[str, Value] = field(default_factory=dict)


class Normal(NamedTuple):
    """One side of a diff in normal form."""

    rows: dict[tuple[str, str], RowOutcome]
    effects: dict[tuple[str, str], Json]
    others: dict[tuple[str, str, str], Json]
    """Cancel and erase, by kind, name and key."""


NOTHING = Normal({}, {}, {})


def normal_form(operations: Iterable[Any], effects: Iterable[Any]) -> Normal:
    """
    Operations and effects, as recorded, in normal form.

    Raises:
        FormatError: they are not as any decision writes them: somebody has altered what is stored.
    """
    try:
        return _normal_form(operations, effects)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"The record's operations are not as ensue writes them ({error!r}). Run `ensue verify`.") from error


def _normal_form(operations: Iterable[Any], effects: Iterable[Any]) -> Normal:
    rows: dict[tuple[str, str], RowOutcome] = {}
    others: dict[tuple[str, str, str], Json] = {}
    for kind, model, id, before, after, _ in operations:
        if kind in ("cancel", "erase"):
            others[kind, model, f"{id or ''} {(after or {}).get('purpose', '')}".strip()] = after
        else:
            _fold(rows.setdefault((model, id), RowOutcome()), kind, before, after)
    kept = {key: one for key, one in rows.items() if one.inserted is not None or one.deleted is not None or one.columns}
    return Normal(kept, {(kind, key): body for kind, key, body, _ in effects}, others)


def _fold(row: RowOutcome, kind: str, before: Any, after: Any) -> None:
    """Take a further operation of one event on one row into what becomes of it."""
    if kind == "insert":
        if row.deleted is not None:  # the row comes again in one event: its columns change
            row.columns = {column: Value(row.deleted[column], value) for column, value in after.items() if row.deleted[column] != value}
            row.deleted = None
        else:
            row.inserted = dict(after)
    elif kind == "delete":
        if row.inserted is not None:
            row.inserted = None
        else:
            row.deleted = {**before, **{column: value.was for column, value in row.columns.items()}}
        row.columns = {}
    elif kind not in ("update", "increase"):
        raise ValueError(f"the kind {kind!r}")
    elif row.inserted is not None:
        row.inserted.update(after)
    else:
        for column, value in after.items():
            first = row.columns.get(column)
            row.columns[column] = Value(before[column] if first is None else first.was, value, kind == "increase")
