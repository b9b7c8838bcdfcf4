"""Event: one action as data. The form the caller sent, the state the decision needs, and what it may know of the world."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, TypeVar

from ensue.core.canonical import Json, check_text
from ensue.core.data import Data, Declared, fields_of, set_values, trusted
from ensue.core.identity import random_number, row_id
from ensue.core.model import Model, is_redefinition
from ensue.core.resolution import check_seen, check_subject, in_order, with_parents
from ensue.core.state import Handle, StateField, state_field
from ensue.core.version import Version
from ensue.errors import CanonicalError, DefinitionError, FieldProblem, InvalidForm, NotLoaded

E = TypeVar("E", bound="Event")
Shape = type["Event"]
"""The class of an event: the fields that events of its type have since a date."""
TYPE_FORM = "lower-case words joined by dots, such as medication.request"


class Context(NamedTuple):
    """All that a step may know of the world."""

    id: str
    at: datetime
    actor: str
    occurred: datetime | None = None


class ChildRef(NamedTuple):
    """Name and model of a Ref to a child, the *column* of one of its parents, and the names of the event's other Refs to that parent."""

    name: str
    model: str
    column: str
    parents: tuple[str, ...]


@dataclass
class EventInfo:
    """What was said of an event's shape in its class line."""

    type: str
    version: Version
    follows: Shape | None = None
    followed_by: Shape | None = None
    system: str | None = None
    seen: tuple[str, ...] = ()
    state: dict[str, StateField] = field(default_factory=dict)
    resolution: tuple[StateField, ...] = ()
    has_child_refs: bool = False
    child_refs: tuple[ChildRef, ...] = ()
    on_wire: tuple[StateField, ...] = ()
    """The state fields that the caller writes."""
    locking: tuple[StateField, ...] = ()
    """The state fields whose chains are the event's: its Refs and News."""
    new: tuple[StateField, ...] = ()
    sendable: frozenset[str] = frozenset()
    """The names of all fields that a caller can send."""


class _Inner:
    """What an event holds beside its fields. Type checkers take every annotation in a Data class for a field, so it has its own."""

    __slots__ = ()  # the places are made in Event: of two bases, only one may have some
    _context: Context | None
    _sent: frozenset[str]


class Event(Data, _Inner):
    """
    One shape of an event type: what the caller sends and what the decision needs to know.

    Class keywords:
        type: the namespaced name, the same for all shapes.
        version: the date since which events have this shape.
        follows: the shape before; `up` and `down` translate, and are derived where names and types agree.
        seen: the fields whose tags the caller must send, as `patient.phone` (state field, column).
        system: the chain of events that write reference data and have no subject.

    Before the ledger has loaded it, a state field reads only its `id`.

    Raises:
        DefinitionError: at the class statement. InvalidForm: when made, with every problem at once.
    """

    __slots__ = ("_context", "_sent")
    __ensue__: ClassVar[EventInfo]
    __ensue_reserved__ = frozenset({"id", "at", "actor", "new_id", "random", "occurred", "up", "down"})

    def __init_subclass__(
        cls,
        *,
        type: str,
        version: str,
        follows: type[Event] | None = None,
        seen: Iterable[str] = (),
        system: str | None = None,
        **keywords: Any,
    ) -> None:
        cls.__ensue__ = EventInfo(
            type,
            Version.declared(version, cls.__name__),
            follows,
            None,
            system or (follows.__ensue__.system if follows else None),
            tuple(seen),
        )
        _check_line(cls)
        super().__init_subclass__(**keywords)
        if follows is not None:
            follows.__ensue__.followed_by = cls

    def __init__(self, **values: Any) -> None:
        fields = fields_of(type(self))
        info = self.__ensue__
        sent = frozenset(values)
        state = {name: values.pop(name) for name in info.state if name in values}
        problems: list[FieldProblem] = []
        try:
            form = fields.validate(values)
        except InvalidForm as invalid:
            form, problems = {}, list(invalid.problems)
        form.update(_handles(info, state, problems))
        if problems:
            raise InvalidForm(type(self).__name__, problems)
        set_values(self, "__dict__", form)
        set_values(self, "_sent", sent)
        set_values(self, "_context", None)

    @classmethod
    def __ensue_split__(cls, declared: dict[str, Declared]) -> dict[str, Declared]:
        if "__ensue__" not in cls.__dict__:  # Event itself
            return declared
        form: dict[str, Declared] = {}
        state: dict[str, StateField] = {}
        for name, one in declared.items():
            found = state_field(cls.__name__, name, one.annotation, one.default)
            if found is None:
                form[name] = one
            else:
                state[name] = found
        info = cls.__ensue__
        info.state = with_parents(cls.__name__, state)
        info.resolution = in_order(cls.__name__, form, info.state)
        refs = [one for one in info.state.values() if one.kind == "ref"]
        info.has_child_refs = any(one.model.__ensue__.parents for one in refs)
        info.child_refs = tuple(_child_refs(refs))
        info.on_wire = tuple(one for one in info.state.values() if one.on_wire)
        info.locking = tuple(one for one in info.state.values() if one.kind in ("ref", "new"))
        info.new = tuple(one for one in info.state.values() if one.kind == "new")
        info.sendable = frozenset((*form, *(one.name for one in info.on_wire)))
        check_subject(cls.__name__, info.state, info.system)
        check_seen(cls.__name__, info.state, info.seen)
        return form

    def __getattr__(self, name: str) -> Any:
        if name in self.__ensue__.state:
            raise NotLoaded(f"{type(self).__name__}.{name} is not loaded: state can be read inside a step, or in a record.")
        if name in Context._fields:  # Python asks here again after a property has raised an AttributeError
            raise NotLoaded(f"{type(self).__name__}.{name} is not known before the ledger has taken the event.")
        raise AttributeError(
            f"{type(self).__name__} has no field {name!r}; it has {', '.join((*fields_of(type(self)).names, *self.__ensue__.state))}"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), dict(self.__dict__), self._context, self._sent)

    @property
    def _known(self) -> Context:
        context = self._context
        if context is None:
            raise NotLoaded
        return context

    @property
    def id(self) -> str:
        """The event's id, a UUIDv8: derived from ledger, actor and key, or random without a key."""
        return self._known.id

    @property
    def at(self) -> datetime:
        """The moment of the decision, UTC."""
        return self._known.at

    @property
    def actor(self) -> str:
        """Who acts, an opaque id."""
        return self._known.actor

    @property
    def occurred(self) -> datetime | None:
        """When it held by the caller's word, UTC; None where the caller did not say."""
        return self._known.occurred

    def new_id(self, label: str) -> str:
        """An id for a new row, a UUIDv8 derived from the event's id and *label*: the same in every replay and version."""
        return row_id(self._known.id, label)

    def random(self, label: str) -> int:
        """A number of 128 bits derived from the event's id and *label*: unpredictable before, the same in every replay."""
        return random_number(self._known.id, label)


# past the freeze, as the slots do it
_set_context, _set_sent = Event._context.__set__, Event._sent.__set__  # type: ignore[attr-defined, union-attr]


def _child_refs(refs: list[StateField]) -> Iterator[ChildRef]:
    for one in refs:
        for column, parent in one.model.__ensue__.parent_columns.items():
            parents = tuple(other.name for other in refs if other.model_name == parent and other is not one)
            if parents:
                yield ChildRef(one.name, one.model_name, column, parents)


def _rebuild(cls: type[E], values: dict[str, Any], context: Context | None, sent: frozenset[str]) -> E:
    return _with(trusted(cls, values), context, sent)


def _check_line(cls: type[Event]) -> None:
    info = cls.__ensue__
    parts = info.type.split(".")
    if not all(part and part.replace("_", "a").isalnum() and part.isascii() and part == part.lower() for part in parts):
        raise DefinitionError(f"{cls.__name__}: {info.type!r} is no event type; use {TYPE_FORM}.")
    if parts[0] == "ensue" and not cls.__module__.startswith("ensue."):
        raise DefinitionError(f"{cls.__name__}: types that begin with ensue. are the framework's; choose another namespace.")
    if info.follows is None:
        return
    before = info.follows.__ensue__
    if before.type != info.type:
        raise DefinitionError(
            f"{cls.__name__}: follows {info.follows.__name__} of type {before.type!r}, but its own is {info.type!r}; a type keeps its name."
        )
    if not before.version < info.version:
        raise DefinitionError(
            f"{cls.__name__}: version {info.version} is not after {before.version} of {info.follows.__name__}; give it a later date."
        )
    if before.followed_by is not None and not is_redefinition(cls, before.followed_by):
        raise DefinitionError(
            f"{cls.__name__}: {info.follows.__name__} is already followed by {before.followed_by.__name__}; follow that one."
        )


def _handles(info: EventInfo, given: Mapping[str, Any], problems: list[FieldProblem]) -> dict[str, Any]:
    """Handles for the ids and rows a caller wrote; what is wrong with them is added to *problems*."""
    found: dict[str, Any] = {}
    for name, one in info.state.items():
        if name not in given:
            if one.on_wire and not one.may_be_left_out:
                problems.append(FieldProblem(one.wire, "missing", "is required and was not given"))
            elif one.kind in ("ref", "lookup") and one.on_wire:
                found[name] = None
            continue
        value = given[name]
        if not one.on_wire:
            problems.append(FieldProblem(name, "unknown", "is loaded by the ledger and cannot be given"))
            continue
        id = value.id if isinstance(value, (Handle, Model)) else value
        if id is None and one.optional:
            found[name] = None
        elif type(id) is not str or not id:
            problems.append(FieldProblem(one.wire, "type", f"expected the id of a {one.model.__ensue__.name}, found {value!r}"[:200]))
        elif isinstance(value, Model) and value.__ensue__.name != one.model.__ensue__.name:
            problems.append(FieldProblem(one.wire, "type", f"expected a {one.model.__ensue__.name}, found a {value.__ensue__.name}"))
        else:
            try:
                check_text(id)
                found[name] = id if one.kind == "new" else Handle(id, name)
            except CanonicalError as error:
                problems.append(FieldProblem(one.wire, "text", str(error)))
    return found


# ---- the wire ------------------------------------------------------------------------------------------------------
def read_event(cls: type[E], wire: Mapping[str, Json]) -> E:
    """
    An event from J1 values of outside, by their names on the wire.

    Raises:
        InvalidForm: fields are missing, unknown or of the wrong type: all of them at once.
    """
    fields, info = fields_of(cls), cls.__ensue__
    by_wire = {one.wire: one for one in info.state.values() if one.on_wire}
    problems: list[FieldProblem] = []
    state = {by_wire[name].name: value for name, value in wire.items() if name in by_wire}
    values: dict[str, Any] = fields.read({name: value for name, value in wire.items() if name not in by_wire}, problems)
    if not problems:
        return cls(**values, **state)
    for place, problem in enumerate(problems):
        if problem.code == "unknown" and problem.path in wire:  # the state fields on the wire are its fields too
            named = ", ".join((*by_wire, *fields.names))
            problems[place] = FieldProblem(problem.path, "unknown", f"is no field of {cls.__ensue__.type}; its fields are {named}")
    fields.find_further(values, problems)
    _handles(info, state, problems)
    raise InvalidForm(cls.__name__, problems)


def sent_form(event: Event) -> dict[str, Json]:
    """The form as sent: what the caller gave, by its names on the wire, without the defaults."""
    return whole_form(event, event._sent)


def is_whole(event: Event) -> bool:
    """Whether the caller gave every field there is, so that the form as sent is the whole form."""
    return event._sent >= event.__ensue__.sendable


def whole_form(event: Event, only: frozenset[str] | None = None) -> dict[str, Json]:
    """The parsed form by its names on the wire, defaults filled; or only the fields named in *only*."""
    fields = fields_of(type(event))
    values = event.__dict__
    form = fields.encode_own(values) if only is None else fields.encode_some({name: values[name] for name in fields.names if name in only})
    for one in event.__ensue__.on_wire:
        if only is None or one.name in only:
            value = values.get(one.name)
            form[one.wire] = value if value is None or type(value) is str else value.id
    return form


def event_from_form(cls: type[E], form: Mapping[str, Json]) -> E:
    """An event from a form that `whole_form` gave; nothing is checked again."""
    fields = fields_of(cls)
    values = fields.decode_own(form)
    for one in cls.__ensue__.on_wire:
        id = form.get(one.wire)
        if id is not None:
            values[one.name] = id if one.kind == "new" else Handle(str(id), one.name)
        elif one.kind != "new":
            values[one.name] = None
    return _with(trusted(cls, values), None, fields.all_names)


def bare_event(cls: type[E], form: Mapping[str, Json]) -> E | None:
    """As `event_from_form`, without the state, which `complete` puts in; None where *form* has not exactly the fields of *cls*."""
    fields, values = fields_of(cls), {**form}
    for one in cls.__ensue__.on_wire:
        values.pop(one.wire, None)
    if len(form) != len(cls.__ensue__.sendable) or len(values) != len(fields.names) or not fields.all_names.issuperset(values):
        return None
    return _with(trusted(cls, fields.decode_taken(values)), None, fields.all_names)


def complete(event: E, state: Mapping[str, Any], context: Context) -> E:
    """*event*, which nobody else has seen, with state put in, and what it may know of the world."""
    event.__dict__.update(state)
    _set_context(event, context)
    return event


def with_values(event: E, changes: Mapping[str, Any], context: Context | None) -> E:
    """A copy of *event* with state put in, and what it may know of the world."""
    return _with(trusted(type(event), {**event.__dict__, **changes}), context, event._sent)


def _with(event: E, context: Context | None, sent: frozenset[str]) -> E:
    _set_context(event, context)
    _set_sent(event, sent)
    return event
