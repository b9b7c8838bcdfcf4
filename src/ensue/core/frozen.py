"""Frozen: the rows that a record holds, and what it did to rows, in the newest shapes of their models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from ensue.core.app import App
from ensue.core.brought_up import Rest, brought_up, nobody, operations_brought_up, some_brought_up
from ensue.core.canonical import Json
from ensue.core.data import fields_of
from ensue.core.effect import BESIDE_BODY, Effect
from ensue.core.facts import Row
from ensue.core.logic import Logic
from ensue.core.model import may_have_changed, newest
from ensue.core.record import Record
from ensue.core.state import StateField

Rows = dict[str, dict[str, Row]]
Slots = dict[str, dict[str, Row]]


def frozen_rows(record: Record, own: Logic, rest: Rest = nobody) -> tuple[Rows, Slots]:
    """
    The rows in a record's state: by model and id, all that is known of each; and by slot.

    Raises:
        Missing: a view showed too little of a row to bring it up, and *rest* does not know it either.
    """
    rows: Rows = {}
    slots: Slots = {}
    subjects = record.subjects
    for slot, name, id, columns in record.document["state"]:
        steady = own.steady.get(slot)
        if steady is None or columns.keys() != steady.columns:
            row = _frozen_row(record, name, own.slots.get(slot), columns, rest)
        elif steady.parents:
            row = {**_parents(steady.parents, subjects), **columns}
        else:
            row = columns
        by_id = rows.get(name)
        if by_id is None:
            rows[name] = {id: row}
        else:
            by_id[id] = row = {**by_id[id], **row} if id in by_id else row
        slots.setdefault(slot, {})[id] = row
    return rows, slots


def _frozen_row(record: Record, name: str, one: StateField | None, columns: dict[str, Json], rest: Rest) -> Row:
    model = record.app.model(name) if one is None else one.model  # of a correction, which has no state fields, whole rows
    latest = newest(model)
    if model.__ensue__.view_of is None or columns.keys() == fields_of(latest).by_name.keys():
        return brought_up(latest, columns, lambda: record.table_shapes)
    parents = _parents(tuple(latest.__ensue__.parent_columns.items()), record.subjects)
    if not may_have_changed(latest):
        return {**parents, **columns}
    shown = {**{name: value for name, value in parents.items() if value is not None}, **columns}
    return {**parents, **some_brought_up(latest, shown, lambda: record.table_shapes, rest)}


def recorded_operations(record: Record, rest: Rest = nobody, *, unknown: bool = False) -> list[Any]:
    """
    A record's operations with their columns in the newest shapes of the models, those that came since among them.

    Raises:
        Missing: as `operations_brought_up`.
    """
    return operations_brought_up(record.app.find_model, record.document, lambda: record.table_shapes, rest, unknown=unknown)


def recorded_effects(record: Record) -> list[Any]:
    """A record's effects; a field that came to their classes since has its default."""
    return effects_brought_up(record.app, record.document["effects"])


def effects_brought_up(app: App, effects: Sequence[Any]) -> list[Any]:
    """Effects as recorded, with every field that their classes have now and that has a default."""
    if not effects:
        return list(effects)
    kinds = app.effects()
    bodies = [_with_fields(kinds.get(kind), body) for kind, _, body, _ in effects]
    if all(body is one[2] for body, one in zip(bodies, effects, strict=True)):
        return list(effects)
    return [[kind, key, body, step] for body, (kind, key, _, step) in zip(bodies, effects, strict=True)]


def _with_fields(effect: type[Effect] | None, body: dict[str, Json]) -> dict[str, Json]:
    fields = {} if effect is None else fields_of(effect).by_name
    if len(body) + len(BESIDE_BODY) >= len(fields) and "not_before" not in body:
        return body
    since = [one for name, one in fields.items() if name not in body and name not in BESIDE_BODY and not one.required]
    return {**body, **{one.name: one.codec.encode(one.default) for one in since}} if since else body


@lru_cache(maxsize=1024)  # the same for every child of a patient, and for all that follow in one chain
def _parents(parents: tuple[tuple[str, str], ...], subjects: tuple[str, ...]) -> Mapping[str, Any]:
    """The columns that point to *parents*, as far as a record's chains tell them: what a view of a child may not show."""
    found: dict[str, Any] = {}
    for column, parent in parents:
        start = parent + "/"
        ids = [subject[len(start) :] for subject in subjects if subject.startswith(start)]
        found[column] = ids[0] if len(ids) == 1 else None
    return found
