"""Event types: each date of one, with its form, state, steps, what may follow, and what has changed since the date before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ensue.core.app import App
from ensue.core.catalog import Caller, Cause, EventEntry, EventTypeEntry, Line, RejectionEntry, StateEntry, StepEntry
from ensue.core.compatibility import compare, worst
from ensue.core.data import fields_of
from ensue.core.description import describe, found_text, operation_text, purpose_of
from ensue.core.event import Event
from ensue.core.logic import Logic
from ensue.core.model import newest
from ensue.core.rejection import AlreadyExists, NotFound, Rejection
from ensue.core.schema import form_schema, values_schema
from ensue.core.step import Step
from ensue.source.catalog.fields import field_entries
from ensue.source.catalog.places import field_texts, place_of


def event_type_entry(app: App, type_: str, logics: Sequence[Logic], callers: tuple[Caller, ...]) -> EventTypeEntry:
    """An event type, from its *logics* at each date at which it changed."""
    end = app.ended(type_)
    entries = tuple(_entry(app, logics, place, callers) for place in range(len(logics)))
    return EventTypeEntry(type_, entries, str(end.since) if end else None, end.why if end else "")


def _entry(app: App, logics: Sequence[Logic], place: int, callers: tuple[Caller, ...]) -> EventEntry:
    logic, before, later = logics[place], logics[place - 1] if place else None, logics[place + 1 :]
    shape, end = logic.shape, app.ended(logic.type)
    schema = {**form_schema(shape), "description": purpose_of(shape)}
    changes = compare(describe(before), describe(logic)) if before else ()
    return EventEntry(
        type=logic.type,
        since=str(logic.version),
        until=str(later[0].version) if later else str(end.since) if end else None,
        name=shape.__name__,
        purpose=purpose_of(shape),
        place=place_of(shape),
        shape_since=str(shape.__ensue__.version),
        down=_way_down(shape),
        system=shape.__ensue__.system,
        demands=shape.__ensue__.seen,
        form=field_entries(schema, _form_texts(shape)),
        schema=schema,
        state=_state(logic),
        steps=tuple(_step(app, one, later) for one in logic.steps),
        operations=_causes(logic, lambda step: (operation_text(*one) for one in step.contract.operations)),
        effects=_causes(logic, lambda step: step.contract.effects),
        rejections=_rejections(logic),
        callers=callers,
        changelog=_changelog(app, before, logic),
        changes=changes,
        compatibility=worst(changes),
    )


# ---- the form and the state ----------------------------------------------------------------------------------------
def _way_down(shape: type[Event]) -> str:
    if shape.__ensue__.follows is None:
        return ""
    if "down" not in shape.__dict__:
        return "whole"
    down = shape.__dict__["down"]
    why = getattr(down, "__ensue_lossy__", None)
    return "none" if down is None else f"lossy: {why}" if why else "whole"


def _form_texts(shape: type[Event]) -> dict[str, str]:
    """Texts of form fields, those of ids under their names on the wire."""
    state = shape.__ensue__.state
    return {state[name].wire if name in state else name: text for name, text in field_texts(shape).items()}


def _state(logic: Logic) -> tuple[StateEntry, ...]:
    """What the shapes in force read; a field that an older shape reads in the same way stands once."""
    found: dict[tuple[str, ...], StateEntry] = {}
    for shape in logic.shapes:
        for one in shape.__ensue__.state.values():
            columns = () if one.kind == "new" else fields_of(one.model).names
            named = "" if shape is logic.shape else shape.__name__
            entry = StateEntry(one.name, one.kind, one.model_name, columns, found_text(one), one.optional or one.may_be_left_out, named)
            found.setdefault((entry.name, entry.kind, entry.model, entry.found, *columns), entry)
    return tuple(found.values())


# ---- steps and what may follow -------------------------------------------------------------------------------------
def _step(app: App, step: Step, later: Sequence[Logic]) -> StepEntry:
    until, ended = None, ""
    gone = next((one for one in later if step not in one.steps), None)
    if gone is not None:
        end, until = app.ended(step.function), str(gone.version)
        follower = next((one.name for one in gone.steps if one.origin == step.origin), None)
        ended = f"{follower} takes its place" if follower else end.why if end else ""
    return StepEntry(
        name=step.name,
        purpose=purpose_of(step.function),
        since=str(step.since),
        place=place_of(step.function),
        shape=step.event.__name__,
        operations=tuple(sorted(operation_text(*one) for one in step.contract.operations)),
        effects=tuple(sorted(step.contract.effects)),
        rejections=tuple(one.code for one in step.rejects),
        origin=step.origin,
        replaces=step.replaces.__name__ if step.replaces else None,
        until=until,
        ended=ended,
    )


def _causes(logic: Logic, named: Callable[[Step], Iterable[str]]) -> tuple[Cause, ...]:
    found: dict[str, list[str]] = {}
    for step in logic.steps:
        for name in sorted(named(step)):
            found.setdefault(name, []).append(step.name)
    return tuple(Cause(name, tuple(steps)) for name, steps in found.items())


def _rejections(logic: Logic) -> tuple[RejectionEntry, ...]:
    """Those that steps declare, then those of ensue itself that state and contracts make possible."""
    found: dict[type[Rejection], list[str]] = {}
    for step in logic.steps:
        for one in step.rejects:
            found.setdefault(one, []).append(step.name)
    kinds = {one.kind for shape in logic.shapes for one in shape.__ensue__.state.values()}
    written = {kind for step in logic.steps for kind, _ in step.contract.operations}
    unique = any(newest(model).__ensue__.unique for step in logic.steps for model in step.contract.models)
    built_in: list[type[Rejection]] = [NotFound] if kinds & {"ref", "lookup"} else []
    built_in += [AlreadyExists] if "new" in kinds or "insert" in written or unique else []
    return (
        *(_rejection(one, tuple(steps)) for one, steps in found.items()),
        *(_rejection(one, (), built_in=True) for one in built_in if one not in found),
    )


def _rejection(one: type[Rejection], steps: tuple[str, ...], *, built_in: bool = False) -> RejectionEntry:
    message = " ".join(purpose_of(one).split())
    return RejectionEntry(one.code, message, one.field, field_entries(values_schema(one), field_texts(one)), steps, built_in)


def _changelog(app: App, before: Logic | None, logic: Logic) -> tuple[Line, ...]:
    """What the application says of this date, as far as it is about this event type."""
    known = before.steps if before else ()
    lines = [Line("version", str(one.version), one.text) for one in app.entries() if one.version == logic.version]
    if before is None or before.shape is not logic.shape:
        lines.append(Line("shape", logic.shape.__name__, purpose_of(logic.shape)))
    lines += [Line("step", one.name, purpose_of(one.function)) for one in logic.steps if one not in known]
    for one in known:
        end = app.ended(one.function)
        if one not in logic.steps and end is not None:
            lines.append(Line("end", one.name, end.why))
    return tuple(lines)
