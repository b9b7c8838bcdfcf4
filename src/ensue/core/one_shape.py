"""
One shape: what two checkouts of an application say of rows and effects, so that it can be compared.

Each decides in the newest shapes that it knows. Whoever also knows the other's shape of a model brings up what the other
says of its rows, by the same `up` that brings up what was recorded. Where the two have gone different ways neither does,
and what is compared are columns by their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ensue.core.app import App
from ensue.core.brought_up import Missing, Rest, operations_brought_up, shapes_said
from ensue.core.canonical import Json
from ensue.core.data import fields_of
from ensue.core.diff import Side
from ensue.core.facts import Row
from ensue.core.frozen import effects_brought_up
from ensue.core.logic import describe_models
from ensue.core.model import Model, newest
from ensue.core.replay import told
from ensue.core.shapes import line_of
from ensue.errors import EnsueError


class Shapes(NamedTuple):
    """The newest shapes that a checkout knows: of each model with its columns, of each kind of effect its fields."""

    models: Mapping[str, Any]
    effects: Mapping[str, Json]

    @property
    def said(self) -> dict[str, str]:
        """The shape of each model, by name."""
        return {name: one["shape"] for name, one in self.models.items()}


def shapes_of(app: App) -> Shapes:
    """Those of *app*."""
    effects = {kind: {one.name: one.codec.describe for one in fields_of(cls).by_name.values()} for kind, cls in app.effects().items()}
    return Shapes(describe_models(app.models()), effects)


def names_that_differ(one: Shapes, other: Shapes) -> frozenset[str]:
    """The models and kinds of effects that both have, and in another shape."""
    pairs = ((one.models, other.models), (one.effects, other.effects))
    return frozenset(name for mine, theirs in pairs for name in mine.keys() & theirs.keys() if mine[name] != theirs[name])


def says_any(side: Side, names: frozenset[str]) -> bool:
    """Whether a side says something of one of these models or effects."""
    return any(one[1] in names for one in side.operations) or any(one[0] in names for one in side.effects)


def side_brought_up(app: App, side: Side, said: Mapping[str, str], rows: Iterable[tuple[str, str, Row | None]], rest: Rest) -> Side:
    """
    A side that was decided in the shapes that are *said*, in the newest ones of *app*.

    *rows* are those that it was decided on, in the same shapes; *rest* knows others, in the newest. A model of which *app* does
    not know that shape stays as it is, and so does a column that came there without a new shape.
    """
    known = {name: shape for name, one in said.items() if (shape := _shape_here(app, name, one)) is not None}
    document = {
        "state": [[None, model, id, _columns_of(known[model], row)] for model, id, row in rows if row is not None and model in known],
        "operations": [_operation_of(known.get(one[1]), one) for one in side.operations],
    }
    try:
        risen = operations_brought_up(lambda name: newest(known[name]) if name in known else None, document, lambda: said, rest)
    except Missing as missing:
        return Side(missing=missing.what)
    except EnsueError as error:
        return Side(raised=told(error))
    operations = [_with_others(new, old, known.get(old[1])) for new, old in zip(risen, side.operations, strict=True)]
    return side._replace(operations=operations, effects=effects_brought_up(app, side.effects))


def _shape_here(app: App, name: str, said: str) -> type[Model] | None:
    latest = app.find_model(name)
    return next(iter(shapes_said(line_of(latest), said)), None) if latest is not None else None


def _columns_of(shape: type[Model], columns: Any) -> Any:
    """Those that the shape has here."""
    return None if columns is None else {name: value for name, value in columns.items() if name in fields_of(shape).by_name}


def _operation_of(shape: type[Model] | None, operation: Any) -> Any:
    kind, model, id, before, after, step = operation
    if shape is None or kind in ("cancel", "erase"):
        return operation
    return [kind, model, id, _columns_of(shape, before), _columns_of(shape, after), step]


def _with_others(risen: Any, operation: Any, shape: type[Model] | None) -> Any:
    """An operation that was brought up, with the columns that the shape does not have here as they were."""
    if shape is None or operation[0] in ("cancel", "erase"):
        return risen
    kind, model, id, before, after, step = risen
    sides = [
        None if new is None else {**{name: value for name, value in (old or {}).items() if name not in fields_of(shape).by_name}, **new}
        for new, old in ((before, operation[3]), (after, operation[4]))
    ]
    return [kind, model, id, *sides, step]
