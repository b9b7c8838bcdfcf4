"""
Shapes: the line of classes that one event type, or one model, has had by date, and the ways up and down it.

A step receives the shape its annotation names, whatever the event's version, so an old step sees what it was written
for. `up` and `down` may be written; where names and types agree and what is added has a default, they are derived.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import partial
from itertools import pairwise
from typing import Any, Literal, TypeVar, cast

from ensue.core.canonical import Json
from ensue.core.data import Data, fields_of, trusted
from ensue.core.event import Event, EventInfo
from ensue.core.model import Model, encoded_row, newest, row_of
from ensue.core.version import Version
from ensue.errors import DefinitionError, EnsueError, StepError

C = TypeVar("C", bound=Callable[..., Any])
M = TypeVar("M", bound=Model)


Watch = Callable[[str, Callable[..., Any]], AbstractContextManager[None]]
"""What watches a conversion while it runs, in development: it is told the name and the function."""
_watching: ContextVar[Watch | None] = ContextVar("watching", default=None)


@contextmanager
def conversions_watched(watch: Watch) -> Iterator[None]:
    """Meanwhile *watch* is around every `up` and `down` that somebody wrote."""
    token = _watching.set(watch)
    try:
        yield
    finally:
        _watching.reset(token)


def lossy(why: str) -> Callable[[C], C]:
    """Mark a `down` that is usable but not whole: `@lossy("the family name cannot be told apart")`."""

    def mark(function: C) -> C:
        function.__ensue_lossy__ = why  # type: ignore[attr-defined]  # functions carry attributes; type checkers do not know
        return function

    return mark


def line_of(shape: type[Any]) -> list[type[Any]]:
    """All the shapes of one type or model, oldest first."""
    first = shape
    while first.__ensue__.follows is not None:
        first = first.__ensue__.follows
    line = [first]
    while line[-1].__ensue__.followed_by is not None:
        line.append(line[-1].__ensue__.followed_by)
    return line


def shape_at(shape: type[Event], version: Version) -> type[Event] | None:
    """The shape that the type of *shape* has at *version*; None before its first."""
    fitting = [one for one in line_of(shape) if one.__ensue__.version <= version]
    return fitting[-1] if fitting else None


def check_line(shape: type[Any]) -> None:
    """Every way up along the line exists. Raises DefinitionError that names the class and what is missing."""
    for older, newer in _pairs(shape):
        if "up" not in newer.__dict__:
            _check_derived(f"{newer.__name__}.up", _slots(older), _slots(newer), newer)


def check_way_down(start: type[Any], end: type[Any], asked_by: str) -> None:
    """A way down from *start* to the older *end* exists, else DefinitionError that names *asked_by*, the step that needs it."""
    line = line_of(start)
    for newer in reversed(line[line.index(end) + 1 : line.index(start) + 1]):
        older = newer.__ensue__.follows
        if "down" in newer.__dict__:
            if newer.__dict__["down"] is None:
                raise DefinitionError(
                    f"{asked_by} reads {end.__name__}, but {newer.__name__} has no down; "
                    f"replace or end the step from {newer.__ensue__.version} on."
                )
        else:
            _check_derived(f"{newer.__name__}.down", _slots(newer), _slots(older), older, f", which {asked_by} needs")


def _pairs(shape: type[Any]) -> list[tuple[type[Any], type[Any]]]:
    line = line_of(shape)
    return list(pairwise(line))


def _slots(shape: type[Any]) -> dict[str, tuple[Any, bool]]:
    """Name to (what it must agree in, whether it must be given) of every field that travels up and down."""
    slots: dict[str, tuple[Any, bool]] = {name: (one.codec.describe, one.required) for name, one in fields_of(shape).by_name.items()}
    info = shape.__ensue__
    if isinstance(info, EventInfo):
        for name, one in info.state.items():
            if one.on_wire:
                slots[name] = ((one.kind, one.model.__ensue__.name), not one.may_be_left_out)
    return slots


def _check_derived(what: str, source: Mapping[str, Any], target: Mapping[str, tuple[Any, bool]], cls: type[Any], why: str = "") -> None:
    for name, (kind, required) in target.items():
        if name not in source:
            if required:
                raise DefinitionError(
                    f"{what} cannot be derived{why}: {cls.__name__}.{name} has no source and no default; "
                    f"write `{what.split('.')[1]}`, or give it a default."
                )
        elif source[name][0] != kind:
            raise DefinitionError(f"{what} cannot be derived{why}: {cls.__name__}.{name} has another type; write `{what.split('.')[1]}`.")


# ---- events --------------------------------------------------------------------------------------------------------
def event_in_shape(event: Event, shape: type[Event]) -> Event:
    """
    *event* in an older or newer *shape* of its type. Its state is still only ids.

    Raises:
        StepError: `up` or `down` raised, or gave something else; a failure of the application, never of the caller.
    """
    if type(event) is shape:
        return event
    line = line_of(shape)
    here, there = line.index(type(event)), line.index(shape)
    for newer in line[here + 1 : there + 1]:
        event = _call(f"{newer.__name__}.up", newer, _conversion(newer, "up", partial(_derived, newer)), event)
    for newer in reversed(line[there + 1 : here + 1]):
        older = newer.__ensue__.follows
        event = _call(f"{newer.__name__}.down", older, _conversion(newer, "down", partial(_derived, older)), event)
    return event


def _call(what: str, expected: type[Any], convert: Callable[..., Any], *arguments: Any) -> Any:
    try:
        made = convert(*arguments)
    except StepError:  # what watches it has found something
        raise
    except EnsueError as error:
        raise StepError(what, f"refused its own result: {error}") from error
    except Exception as error:
        raise StepError(what, f"raised {type(error).__name__}: {error}") from error
    if type(made) is not expected:
        raise StepError(what, f"expected a {expected.__name__}, found {type(made).__name__}.")
    return made


def _conversion(shape: type[Any], name: Literal["up", "down"], derived: Callable[..., Any]) -> Callable[..., Any]:
    """The `up` or `down` that a shape writes itself, watched in development; else the *derived* one."""
    if name not in shape.__dict__:
        return derived
    written: Callable[..., Any] = getattr(shape, name)
    watch = _watching.get()
    return written if watch is None or shape.__dict__[name] is None else partial(_watched, watch, f"{shape.__name__}.{name}", written)


def _watched(watch: Watch, what: str, written: Callable[..., Any], *arguments: Any) -> Any:
    with watch(what, getattr(written, "__func__", written)):
        return written(*arguments)


def _derived(shape: type[Any], source: Data) -> Any:
    names = [*fields_of(shape).names, *(name for name, one in getattr(shape.__ensue__, "state", {}).items() if one.on_wire)]
    return shape(**{name: source.__dict__[name] for name in names if name in source.__dict__})


# ---- models --------------------------------------------------------------------------------------------------------
def some_row_of(model: type[M], encoded: Mapping[str, Json]) -> M:
    """A row of *model* from J1 values of some of its columns; what is not there cannot be read."""
    fields = fields_of(model).by_name
    return trusted(model, {name: fields[name].codec.decode(value) for name, value in encoded.items() if name in fields})


def row_in_shape(model: type[M], encoded: dict[str, Json]) -> M:
    """A row in the shape (or view) of *model*, from the J1 values of the newest shape."""
    whole = model.__ensue__.view_of or model
    if whole.__ensue__.followed_by is None:
        return row_of(model, encoded)
    row: Any = some_row_of(newest(whole), encoded)
    line = line_of(whole)
    for newer in reversed(line[line.index(whole) + 1 :]):
        older = newer.__ensue__.follows
        row = _call(f"{newer.__name__}.down", older, _conversion(newer, "down", partial(_derived_row, older, None)), row)
    return cast(M, row) if model is whole else trusted(model, {name: row.__dict__[name] for name in fields_of(model).names})


def row_moved(row: Model, shape: type[Any]) -> Model:
    """
    A whole row in an older or newer *shape* of its model, where nothing else stands yet.

    Raises:
        StepError: `up` or `down` raised, or gave something else.
    """
    line = line_of(shape)
    here, there = line.index(type(row)), line.index(shape)
    moved: Any = row
    for newer in line[here + 1 : there + 1]:
        moved = _call(f"{newer.__name__}.up", newer, _up, newer, moved, None)
    for newer in reversed(line[there + 1 : here + 1]):
        older = newer.__ensue__.follows
        moved = _call(f"{newer.__name__}.down", older, _conversion(newer, "down", partial(_derived_row, older, None)), moved)
    return cast(Model, moved)


def changes_brought_up(row: Model, changes: Mapping[str, Any], present: dict[str, Json]) -> dict[str, Json]:
    """The J1 values, of the newest shape, that change when an old-shape *row* gets *changes*; *present* is the row in the newest shape."""
    whole = row.__ensue__.view_of or type(row)
    if whole.__ensue__.followed_by is None:
        return fields_of(whole).encode_some(changes)
    changed = trusted(whole, {**row_in_shape(whole, present).__dict__, **changes})
    after = row_brought_up(changed, present)
    return {name: value for name, value in after.items() if value != present[name]}


def row_brought_up(row: Model, present: dict[str, Json] | None) -> dict[str, Json]:
    """The J1 values of *row* in the newest shape of its model; *present* is what stands there, if anything."""
    line = line_of(type(row))
    now: Any = row
    for newer in line[line.index(type(row)) + 1 :]:
        stands = None if present is None else row_in_shape(newer, present)
        now = _call(f"{newer.__name__}.up", newer, _up, newer, now, stands)
        if now.id != row.id:
            raise StepError(f"{newer.__name__}.up", f"gave {row.id} the id {now.id}; a row keeps its id.")
    return fields_of(type(now)).encode_some(now.__dict__) if _is_part(now) else encoded_row(now)


def _up(newer: type[Any], old: Any, present: Any) -> Any:
    if "up" not in newer.__dict__:
        return _derived_row(newer, present, old)
    up = _conversion(newer, "up", newer.up)
    return up(old, present) if len(inspect.signature(newer.up).parameters) > 1 else up(old)


def _derived_row(shape: type[Any], present: Model | None, source: Model) -> Any:
    fields = fields_of(shape).by_name
    values = {} if present is None else {name: value for name, value in present.__dict__.items() if name in fields}
    values.update({name: value for name, value in source.__dict__.items() if name in fields})
    if not _is_part(source):
        return shape(**values)
    added = {name: one.default for name, one in fields.items() if not one.required and name not in fields_of(type(source)).by_name}
    return trusted(shape, {**added, **values})


def _is_part(row: Model) -> bool:
    """Whether some columns of a whole row are not known: a view did not show them."""
    return len(row.__dict__) < len(fields_of(type(row)).names)
