"""
Inventory: all that an application is at each of its dates, in the form of a lock, as if everything were published.

What is published is a part of it; whether something published was edited is found by comparing the two.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ensue.core.app import App
from ensue.core.data import fields_of
from ensue.core.event import Event
from ensue.core.logic import Logic
from ensue.core.marks import By
from ensue.core.model import Model, newest
from ensue.core.schema import fields_schema, form_schema, row_schema, values_schema
from ensue.core.shapes import line_of
from ensue.core.state import StateField
from ensue.core.step import Step
from ensue.core.version import Version
from ensue.errors import VersionError
from ensue.source.code import Code, code_of, code_of_step
from ensue.source.lock import Lock, Section
from ensue.source.reach import Reached
from ensue.source.validators import validators_of

DERIVED = "derived"
"""Instead of a hash: the way between two shapes follows from their names and types."""
FINGERPRINT_LENGTH = 12


@dataclass(frozen=True)
class Inventory:
    """The lock that an application could have, and where each step and conversion stands, with all that it reaches."""

    lock: Lock
    code: Mapping[str, Code]
    """By `type/step` (as `visit.register/2025-01-01 write_visit`), or `class.up`."""

    def place(self, owner: str, part: str) -> Reached | None:
        """Where a part of something stands now."""
        code = self.code.get(owner)
        return None if code is None else code.places.get(part)


def inventory(app: App) -> Inventory:
    """
    Everything there is of *app* at every date.

    Raises:
        DefinitionError: it is declared wrongly. SourceMissing: what a step reaches is in no file.
    """
    app.check()
    code: dict[str, Code] = {}
    events = {type_: _event_type(app, type_, code) for type_ in app.types()}
    models = {model.__ensue__.name: _model(model, code) for model in app.models()}
    texts = {entry.version: entry.text for entry in app.entries()}
    versions = {str(one): {"text": texts.get(one, ""), "fingerprint": fingerprint_at(events, str(one))} for one in app.line()}
    return Inventory(Lock(app.name, versions, events, models, _schemas(app)), code)


def step_key(step: Step) -> str:
    """The name of a step in a lock: a type may have two of one name, at different dates."""
    return f"{step.since} {step.name}"


def fingerprint(value: Any) -> str:
    """Twelve hexadecimal digits that stand for *value*, the same everywhere."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:FINGERPRINT_LENGTH]


def fingerprint_at(events: Section, version: str) -> str:
    """What stands for all that a version changed."""
    return fingerprint([[type_, change_at(entry, version)] for type_, entry in sorted(events.items()) if version in entry["versions"]])


def change_at(entry: Section, version: str) -> list[Any]:
    """What an event type is at a date that changed it, in so far as it decides."""
    at = entry["versions"][version]
    shape = entry["shapes"].get(at.get("shape"), {})
    steps = [[key, entry["steps"][key]["code"]] for key in at.get("steps", ())]
    return [at.get("shape"), shape.get("form"), shape.get("state"), shape.get("up"), shape.get("down"), steps]


# ---- events --------------------------------------------------------------------------------------------------------
def _event_type(app: App, type_: str, code: dict[str, Code]) -> Section:
    steps = {step_key(step): _step(app, type_, step, code) for step in app.steps(type_)}
    return {
        "shapes": {shape.__name__: _shape(shape, code) for shape in app.shapes(type_)},
        "steps": steps,
        "versions": _versions(app, type_),
    }


def _versions(app: App, type_: str) -> Section:
    """What the type is at each date that changed it."""
    found: Section = {}
    before: Section | None = None
    for version in app.line():
        now = _at(app, type_, version)
        if now is not None and now != before:
            ended = {step_key(one): _why(app, one) for one in app.steps(type_) if _ends(app, one, version)}
            found[str(version)] = {**now, **({"ended_steps": ended} if ended else {})}
        before = now if now is not None else before
    return found


def _at(app: App, type_: str, version: Version) -> Section | None:
    """Shape and steps of a type at a version; why it ended; None before it begins."""
    try:
        logic: Logic = app.logic(type_, version)
    except VersionError:
        ended = app.ended(type_)
        return {"ended": ended.why} if ended is not None and ended.since <= version else None
    return {"shape": logic.shape.__name__, "steps": [step_key(step) for step in logic.steps]}


def _ends(app: App, step: Step, version: Version) -> bool:
    ended = app.ended(step.function)
    return ended is not None and ended.since == version


def _why(app: App, step: Step) -> str:
    ended = app.ended(step.function)
    assert ended is not None, "only of a step that ends"
    return ended.why


def _step(app: App, type_: str, step: Step, code: dict[str, Code]) -> Section:
    own = code[f"{type_}/{step_key(step)}"] = code_of_step(step)
    replaced = next((one for one in app.steps(type_) if step.replaces is not None and one.function is step.replaces), None)
    return {
        "code": own.digest,
        "effects": sorted(step.contract.effects),
        "operations": [f"{kind} {name}".strip() for kind, name in sorted(step.contract.operations)],
        "origin": step.origin,
        "parts": dict(own.parts),
        "rejects": sorted(one.code for one in step.rejects),
        "shape": step.event.__name__,
        "text": _text(step.function),
        **({"replaces": step_key(replaced)} if replaced is not None else {}),
    }


def _shape(shape: type[Event], code: dict[str, Code]) -> Section:
    return {
        "since": str(shape.__ensue__.version),
        "form": form_schema(shape),
        "state": {one.name: _state(one) for one in shape.__ensue__.state.values()},
        "text": _text(shape),
        **_conversions(shape, code),
        **_validators(shape, code),
    }


def _state(one: StateField) -> Section:
    return {
        "kind": one.kind,
        "model": one.model_name,
        "class": one.model.__name__,
        "columns": sorted(fields_of(one.model).names),
        **({"by": one.source.path} if one.source is not None else {}),
        **({"optional": True} if one.optional else {}),
        **({"where": {name: _wanted(one, name) for name in one.columns}, "limit": one.limit} if one.columns is not None else {}),
    }


def _wanted(one: StateField, column: str) -> Any:
    """What a column of related rows must equal: a path, or a value as J1."""
    value = (one.columns or {})[column]
    return {"by": value.path} if isinstance(value, By) else fields_of(newest(one.model)).by_name[column].codec.encode(value)


def _conversions(shape: type[Any], code: dict[str, Code]) -> Section:
    """The ways between a shape and the one before it: a hash, `derived`, or null where there is none."""
    if shape.__ensue__.follows is None:
        return {}
    found: Section = {}
    for way in ("up", "down"):
        written = shape.__dict__.get(way, DERIVED)
        function: Callable[..., Any] | None = getattr(written, "__func__", written) if written not in (DERIVED, None) else None
        if function is None:
            found[way] = written
        else:
            own = code[f"{shape.__name__}.{way}"] = code_of(function, [shape, shape.__ensue__.follows])
            found[way], found[f"{way}_parts"] = own.digest, dict(own.parts)
            if why := getattr(function, "__ensue_lossy__", None):
                found["lossy"] = why
    return found


def _validators(shape: type[Any], code: dict[str, Code]) -> Section:
    """What checks the fields in code, which their schema cannot say."""
    functions = validators_of(shape)
    if not functions:
        return {}
    own = code[f"{shape.__name__}.checks"] = code_of(functions[0], functions[1:])
    return {"checks": own.digest, "checks_parts": dict(own.parts)}


# ---- models and the rest -------------------------------------------------------------------------------------------
def _model(model: type[Model], code: dict[str, Code]) -> Section:
    info = model.__ensue__
    shapes = {one.__name__: one for one in line_of(model)}
    return {
        "of": sorted(info.parent_columns.values()),
        "subject": info.subject,
        "unique": sorted(sorted(group) for group in info.unique),
        "shapes": {
            name: {
                "since": str(one.__ensue__.version) if one.__ensue__.version is not None else None,
                "row": row_schema(one),
                "text": _text(one),
                **_conversions(one, code),
                **_validators(one, code),
            }
            for name, one in shapes.items()
        },
    }


def _schemas(app: App) -> Section:
    """The effects that may be caused, and the rejections that may be raised."""
    effects: Section = {
        f"effect {kind}": fields_schema(effect, leave_out=("key", "not_before")) for kind, effect in app.own_effects().items()
    }
    steps: Iterable[Step] = (step for type_ in app.types() for step in app.steps(type_))
    return effects | {f"rejection {one.code}": values_schema(one) for step in steps for one in step.rejects}


def _text(thing: Any) -> str:
    """The own docstring of a class or function, as one paragraph."""
    own = thing.__dict__.get("__doc__") if isinstance(thing, type) else thing.__doc__
    return " ".join(inspect.cleandoc(own or "").split())
