"""
Frozen: the rows that a record holds, in the newest shapes of their models.

A row was frozen in the shape that its table had then. Where the model has a newer one since, the row is brought up by
the same `up` that brings an old step's writes up; a column that came without a new shape has its default.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ensue.core.canonical import Json
from ensue.core.data import fields_of
from ensue.core.effect import BESIDE_BODY, Effect
from ensue.core.facts import Row
from ensue.core.logic import Logic
from ensue.core.model import Model, newest, row_of
from ensue.core.record import Record
from ensue.core.shapes import line_of, row_brought_up
from ensue.core.state import StateField

Rows = dict[str, dict[str, Row]]
Slots = dict[str, dict[str, Row]]


def frozen_rows(record: Record, own: Logic) -> tuple[Rows, Slots]:
    """The rows in a record's state: by model and id, all that is known of each; and by slot."""
    rows: Rows = {}
    slots: Slots = {}
    for slot, name, id, columns in record.document["state"]:
        row = _frozen_row(record, name, own.slots.get(slot), columns)
        by_id = rows.setdefault(name, {})
        known = by_id.get(id)
        row = by_id[id] = row if known is None else {**known, **row}
        slots.setdefault(slot, {})[id] = row
    return rows, slots


def _frozen_row(record: Record, name: str, one: StateField | None, columns: dict[str, Json]) -> Row:
    model = record.app.model(name) if one is None else one.model  # of a correction, which has no state fields, whole rows
    latest = newest(model)
    names = fields_of(latest).by_name.keys()
    if latest.__ensue__.follows is None and columns.keys() == names:
        return columns
    view_of = model.__ensue__.view_of
    if view_of is not None and columns.keys() != names:
        return {**_parents(latest, record.subjects), **columns}
    return brought_up(latest, columns, record.table_shapes)


def brought_up(latest: type[Model], columns: Mapping[str, Json], table_shapes: Mapping[str, str] | None = None) -> Row:
    """A whole row as it was recorded, in the newest shape of its model; *table_shapes* says which shape tables had then."""
    shape = _shape_of(latest, columns, table_shapes)
    fields = fields_of(shape).by_name
    whole = {name: columns[name] if name in columns else one.codec.encode(one.default) for name, one in fields.items()}
    return whole if shape is latest else row_brought_up(row_of(shape, whole), None)


def recorded_operations(record: Record) -> list[Any]:
    """A record's operations with their columns in the newest shapes of the models, those that came since among them."""
    operations: list[Any] = record.document["operations"]
    if not any(_is_older(record, one) for one in operations):
        return operations
    standing = {(model, id): columns for _, model, id, columns in record.document["state"]}
    return [_risen(record, one, standing) if one[0] not in ("cancel", "erase") else one for one in operations]


def _is_older(record: Record, operation: list[Any]) -> bool:
    kind, name, _, before, after, _ = operation
    if kind in ("cancel", "erase"):
        return False
    latest = record.app.model(name)
    return latest.__ensue__.follows is not None or (kind in ("insert", "delete") and len(after or before) != len(fields_of(latest).names))


def recorded_effects(record: Record) -> list[Any]:
    """A record's effects; a field that came to their classes since has its default."""
    effects: list[Any] = record.document["effects"]
    if not effects:
        return effects
    kinds = record.app.effects()
    bodies = [_with_fields(kinds.get(kind), body) for kind, _, body, _ in effects]
    if all(body is one[2] for body, one in zip(bodies, effects, strict=True)):
        return effects
    return [[kind, key, body, step] for body, (kind, key, _, step) in zip(bodies, effects, strict=True)]


def _with_fields(effect: type[Effect] | None, body: dict[str, Json]) -> dict[str, Json]:
    fields = {} if effect is None else fields_of(effect).by_name
    if len(body) + len(BESIDE_BODY) >= len(fields) and "not_before" not in body:
        return body
    since = [one for name, one in fields.items() if name not in body and name not in BESIDE_BODY and not one.required]
    return {**body, **{one.name: one.codec.encode(one.default) for one in since}} if since else body


def _risen(record: Record, operation: list[Any], standing: dict[tuple[str, str], Any]) -> list[Any]:
    """One operation brought up; *standing* is what is known of each row, in the shape of the record, and moves along."""
    kind, name, id, before, after, step = operation
    if not _is_older(record, operation):
        return operation
    latest = record.app.model(name)
    if kind in ("insert", "delete"):
        standing[name, id] = after
        whole = brought_up(latest, after or before, record.table_shapes)
        return [kind, name, id, *((None, whole) if kind == "insert" else (whole, None)), step]
    whole_before = {**standing.get((name, id), {}), **before}
    standing[name, id] = whole_after = {**whole_before, **after}
    was, now = (brought_up(latest, columns, record.table_shapes) for columns in (whole_before, whole_after))
    changed = [column for column in now if now[column] != was[column]]
    return [kind, name, id, {column: was[column] for column in changed}, {column: now[column] for column in changed}, step]


def _shape_of(latest: type[Model], columns: Mapping[str, Json], table_shapes: Mapping[str, str] | None) -> type[Model]:
    """The shape that recorded *columns* have: the one the record names, else the newest they fit."""
    line: list[type[Model]] = line_of(latest)
    said = None if table_shapes is None else table_shapes.get(latest.__ensue__.name)
    for shape in reversed(line):
        if said is not None and shape.__name__ != said and any(one.__name__ == said for one in line):
            continue
        fields = fields_of(shape).by_name
        if columns.keys() <= fields.keys() and all(not one.required or one.name in columns for one in fields.values()):
            return shape
    return latest


def _parents(model: type[Model], subjects: Iterable[str]) -> dict[str, Any]:
    """The columns that point to parents, as far as a record's chains tell them: what a view of a child may not show."""
    found: dict[str, Any] = {}
    for column, parent in model.__ensue__.parent_columns.items():
        ids = [subject.partition("/")[2] for subject in subjects if subject.partition("/")[0] == parent]
        found[column] = ids[0] if len(ids) == 1 else None
    return found
