"""Logic: the steps and shapes that decide an event type at one version, resolved once and named by hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ensue.core.canonical import Json, canonical, parse_trusted
from ensue.core.data import fields_of
from ensue.core.event import Event, Shape
from ensue.core.model import Model, may_have_changed, newest, shape_name
from ensue.core.shapes import check_way_down
from ensue.core.state import StateField
from ensue.core.step import Step
from ensue.core.version import Version
from ensue.errors import DefinitionError


class SteadySlot(NamedTuple):
    """The *columns* that every row frozen under one name has, and the columns and *parents* that a view does not show."""

    columns: frozenset[str]
    parents: tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class Logic:
    """
    What an event type does at *version*.

    `shape` is what callers send; `shapes` are all that the steps read, `shape` first. `document` is the J1 text kept
    once in the ledger, `digest` its SHA-256, which every record names.
    """

    type: str
    version: Version
    shape: Shape
    steps: tuple[Step, ...]
    shapes: tuple[Shape, ...]
    document: bytes
    digest: bytes
    version_text: str
    by_form: bool
    """Whether every id and query follows from the form alone, so that it need be looked for only once."""
    slots: Mapping[str, StateField]
    """The state field that each name in the state of a record stands for."""
    steady: Mapping[str, SteadySlot]
    """Of these, the ones of models that have had one shape only."""


def resolve_steps(steps: Iterable[Step], ended: Mapping[Any, Version], version: Version) -> tuple[Step, ...]:
    """The cascade: every step with `since <= version` by date and order of definition, replaced and ended ones taken out."""
    standing: list[Step] = []
    fitting = [one for one in steps if one.since <= version]
    for step in _in_order(fitting):
        if step.replaces is None:
            standing.append(step)
            continue
        places = [place for place, one in enumerate(standing) if one.function is step.replaces and not _is_ended(one, ended, step.since)]
        if not places:
            raise DefinitionError(
                f"Step {step.name}: it replaces {step.replaces.__name__}, which is no standing step of {step.event.__ensue__.type} "
                f"at {step.since}; name the one that stands."
            )
        standing[places[0]] = step
    for step in fitting:
        if step not in standing and _is_ended(step, ended, version):
            raise DefinitionError(
                f"end_step({step.name}): it was replaced before {ended[step.function]}; end the step that took its place."
            )
    return tuple(one for one in standing if not _is_ended(one, ended, version))


def _is_ended(step: Step, ended: Mapping[Any, Version], at: Version) -> bool:
    return step.function in ended and ended[step.function] <= at


def _in_order(steps: Sequence[Step]) -> list[Step]:
    ordered: list[Step] = []
    for step in sorted(steps, key=lambda one: (one.since, one.order)):
        others = [one for one in ordered if one.since == step.since and one.module != step.module and one.replaces is None]
        type_ = step.event.__ensue__.type
        if step.after is not None:
            places = [place for place, one in enumerate(ordered) if one.function is step.after and one.since == step.since]
            if not places:
                raise DefinitionError(
                    f"Step {step.name}: after={step.after.__name__}, which is no earlier step of {type_} since {step.since}; "
                    "name one of that date."
                )
            if any(one.after is step.after for one in others):
                raise DefinitionError(
                    f"Step {step.name}: a step of another module is after={step.after.__name__} too; "
                    "say which of the two comes after the other."
                )
            ordered.insert(places[0] + 1, step)
        elif others and step.replaces is None:
            raise DefinitionError(
                f"Step {step.name}: {others[0].module} has steps of {type_} since {step.since} too; say the order with after=."
            )
        else:
            ordered.append(step)
    return ordered


def build_logic(type_: str, version: Version, shape: type[Event], steps: tuple[Step, ...]) -> Logic:
    """
    The logic of one type at one version.

    Raises:
        DefinitionError: two steps have one name, or a shape that is read cannot be reached.
    """
    names = [one.name for one in steps]
    origins = [one.origin for one in steps]
    for one in steps:
        if names.count(one.name) > 1 or origins.count(one.origin) > 1:
            raise DefinitionError(
                f"Step {one.name}: two steps of {type_} have this name, or replaced one of this name, at {version}; rename one."
            )
        if one.event is not shape:
            check_way_down(shape, one.event, f"step {one.name}")
    shapes = tuple(dict.fromkeys([shape, *(one.event for one in steps)]))
    for one_shape in shapes:
        _check_models(one_shape)
    document = canonical(
        {
            "type": type_,
            "steps": [{"name": one.name, "origin": one.origin, "since": str(one.since), "shape": one.event.__name__} for one in steps],
            "shapes": [_describe(one) for one in shapes],
            "models": describe_models(_models_touched(steps, shapes)),
        }
    )
    by_form = all(
        not path.column or path.head not in one.__ensue__.state
        for one in shapes
        for field in one.__ensue__.resolution
        for path in field.sources()
    )
    digest = hashlib.sha256(document).digest()
    slots = _slots(shapes)
    return Logic(type_, version, shape, steps, shapes, document, digest, str(version), by_form, slots, _steady(slots))


def slot_of_shape(shape: Shape, name: str) -> str:
    """The name of a state field in records where a newer shape of the event has something else under its own name."""
    return f"{name}__{str(shape.__ensue__.version).replace('-', '_').replace('.', '_')}"


def _slots(shapes: Sequence[Shape]) -> dict[str, StateField]:
    slots: dict[str, StateField] = {}
    for shape in shapes:
        for name, one in shape.__ensue__.state.items():
            slots.setdefault(name, one)
            slots[slot_of_shape(shape, name)] = one
    return slots


def _steady(slots: Mapping[str, StateField]) -> dict[str, SteadySlot]:
    steady: dict[str, SteadySlot] = {}
    for slot, one in slots.items():
        latest = newest(one.model)
        if not may_have_changed(latest):
            columns = fields_of(one.model).all_names
            parents = [(column, parent) for column, parent in latest.__ensue__.parent_columns.items() if column not in columns]
            steady[slot] = SteadySlot(columns, tuple(parents))
    return steady


def _check_models(shape: type[Event]) -> None:
    """What the state of *shape* says of models still holds in their newest shapes, which may have been declared after it."""
    for one in shape.__ensue__.state.values():
        latest, where = newest(one.model), f"{shape.__name__}.{one.name}"
        if one.kind != "new":
            check_way_down(latest, one.model.__ensue__.view_of or one.model, where)
        for column in one.columns or {}:
            if column not in fields_of(latest).by_name:
                raise DefinitionError(
                    f"{where}: related({column}=…) asks for a column that {latest.__name__} has not; "
                    f"it has {', '.join(fields_of(latest).names)}."
                )


def _describe(shape: type[Event]) -> Json:
    info = shape.__ensue__
    form: dict[str, Json] = {one.name: one.codec.describe for one in fields_of(shape).by_name.values()}
    state: dict[str, Json] = {
        one.name: {
            "kind": one.kind,
            "model": one.model.__ensue__.name,
            "columns": {name: field.codec.describe for name, field in fields_of(one.model).by_name.items()},
        }
        for one in info.state.values()
    }
    return {"name": shape.__name__, "version": str(info.version), "form": form, "state": state}


def _models_touched(steps: Iterable[Step], shapes: Iterable[type[Event]]) -> list[type[Model]]:
    """The models of state and contracts."""
    touched = [one.model for shape in shapes for one in shape.__ensue__.state.values()]
    return touched + [model for step in steps for model in step.contract.models]


def describe_models(models: Iterable[type[Model]]) -> dict[str, Json]:
    """
    The newest shape of every one of *models*: what a record's rows were frozen in.

    When the table has changed since, this is what says from which shape those rows must be brought up.
    """
    latest = {model.__ensue__.name: newest(model) for model in models}
    return {
        name: {"shape": shape_name(model), "columns": {one.name: one.codec.describe for one in fields_of(model).by_name.values()}}
        for name, model in sorted(latest.items())
    }


def table_shapes_of(document: bytes) -> dict[str, str] | None:
    """What a logic's *document* says of the shape that each table had, by name of the model; None where it says nothing."""
    said: Any = parse_trusted(document)
    models = said.get("models")
    return None if models is None else {name: model["shape"] for name, model in models.items()}
