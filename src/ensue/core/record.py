"""Record: a committed event with its plan, its place and its hash. Read once, decoded when somebody asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from ensue.core.app import App
from ensue.core.brought_up import Shapes, operations_brought_up, shape_of, some_brought_up
from ensue.core.canonical import Json
from ensue.core.codec import subtract
from ensue.core.data import fields_of, trusted
from ensue.core.effect import Effect, effect_from_body, effect_of
from ensue.core.event import Context, Event, event_from_form, with_values
from ensue.core.logic import Logic
from ensue.core.model import Model, may_have_changed, newest, row_of
from ensue.core.operation import Cancel, Delete, Erase, Insert, Operation, increased, updated
from ensue.core.plan import Plan
from ensue.core.shapes import row_in_shape
from ensue.core.step import Step
from ensue.errors import FormatError


class Place(NamedTuple):
    """Where a record stands: `seq` in its subject's chain, `position` in the ledger, and the further subjects it links."""

    subject: str
    seq: int
    position: int
    links: tuple[tuple[str, int], ...] = ()


NOTHING_SAID: Final[Mapping[str, Any]] = MappingProxyType({})
ShapesOf = Callable[[str, str, bytes], Mapping[str, str] | None]
"""Knows the shapes that the tables had for a type, at a version, under the logic of a hash."""


def _nothing() -> None:
    """No bytes at hand."""


class Record:
    """
    A committed event: what was asked, what was known, what followed, and where it stands.

    `repeated` says that this answer was given before: the key had been spent on the same request.
    """

    def __init__(
        self,
        app: App,
        *,
        id: str,
        type: str,
        version: str,
        actor: str,
        at: datetime,
        place: Place,
        hash: bytes,
        document: Mapping[str, Any],
        plan: Plan | None = None,
        said: Mapping[str, Any] = NOTHING_SAID,
        table_shapes: Mapping[str, str] | ShapesOf | None = None,
        logic_hash: bytes = b"",
        erased: bool = False,
        outcome: Callable[[], bytes | None] = _nothing,
    ) -> None:
        self.app = app
        self.document = document
        """form, state, operations and effects as recorded."""
        self._given_plan = plan
        self.id = id
        """The event's id, a UUIDv8."""
        self.type = type
        self.version = version
        """The effective version: whose rules applied."""
        self.actor = actor
        self.at = at
        """The moment of the decision, UTC."""
        self.place = place
        self.hash = hash
        """The event's hash, 32 bytes."""
        self.said = said
        """What was said beside, as the header of its event writes it."""
        self._table_shapes = table_shapes
        self.logic_hash = logic_hash
        """The hash of the steps and shapes that decided, 32 bytes."""
        self.erased = erased
        """Whether values of it were erased, so that it cannot be decided again."""
        self.outcome = outcome
        """Gives the J1 bytes of `[operations, effects]` as recorded; None where nobody has them at hand."""
        self.repeated = False

    def placed(self, position: int) -> None:
        """Its position, known when the batch it belongs to is committed."""
        place = self.place
        self.place = Place(place.subject, place.seq, position, place.links)

    def as_repeat(self) -> Record:
        """The same record, as the answer to a request that was answered before."""
        again = copy(self)
        again.repeated = True
        return again

    @property
    def position(self) -> int:
        """Place in the ledger, from 0."""
        return self.place.position

    @property
    def subject(self) -> str:
        """The event's own subject."""
        return self.place.subject

    @property
    def seq(self) -> int:
        """Place in the own subject's chain, from 1."""
        return self.place.seq

    @property
    def subjects(self) -> tuple[str, ...]:
        """Every chain it stands in, its own first."""
        own, links = self.place.subject, self.place.links
        return (own, *[subject for subject, _ in links]) if links else (own,)

    @property
    def cause(self) -> str | None:
        """The id of what made the caller send it: an event, or an effect that was answered."""
        return self._text("cause")

    @property
    def occurred(self) -> datetime | None:
        """
        When it held by the caller's word, UTC; None where the caller did not say.

        Raises:
            FormatError: what stands there is no instant.
        """
        text = self.said.get("occurred")
        if text is None:
            return None
        try:
            return datetime.fromisoformat(text)
        except (TypeError, ValueError):
            raise FormatError(
                f"{self.id}: occurred is {text!r:.60}, which is no instant and not what was written. Run `ensue verify`."
            ) from None

    @property
    def behalf(self) -> str | None:
        """For whom the actor acted."""
        return self._text("behalf")

    @property
    def purpose(self) -> str | None:
        """What for."""
        return self._text("purpose")

    @property
    def requested(self) -> str | None:
        """The version the caller asked for; None where the choice was left to the ledger."""
        return self._text("requested")

    @property
    def corrects(self) -> str | None:
        """The id of the event that this one corrects."""
        return self._text("corrects")

    def _text(self, name: str) -> str | None:
        text = self.said.get(name)
        return text if isinstance(text, str) else None

    @property
    def form(self) -> dict[str, Json]:
        """The parsed form as it stands in the payload, by its names on the wire."""
        return dict(self.document["form"])

    @property
    def state(self) -> list[Json]:
        """The frozen rows: `[[field, model, id, {…}] …]`."""
        return list(self.document["state"])

    @property
    def table_shapes(self) -> Mapping[str, str] | None:
        """The shape that each table had then, as `Person2@2026-02-01`, by name of the model; None where that is not known."""
        shapes = self._table_shapes
        if callable(shapes):
            shapes = self._table_shapes = shapes(self.type, self.version, self.logic_hash)
        return shapes

    @cached_property
    def event(self) -> Event:
        """The event in the shape it was sent, with the rows its decision saw."""
        shape = self.logic.shape
        event = event_from_form(shape, self.document["form"])
        return with_values(
            event,
            _state_values(shape, self.document["state"], lambda: self.table_shapes),
            Context(self.id, self.at, self.actor, self.occurred),
        )

    @cached_property
    def plan(self) -> Plan:
        """What followed, as recorded: rows in the newest shape of their models."""
        if self._given_plan is not None:
            return self._given_plan
        return plan_from(self.app, self.document, self.logic.steps, lambda: self.table_shapes)

    @property
    def logic(self) -> Logic:
        """The steps and shapes of its version, as the application declares them today."""
        return self.app.logic(self.type, self.version)

    def __repr__(self) -> str:
        return f"Record({self.type} {self.id}, {self.place.subject} {self.place.seq}, position {self.place.position})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and (self.id, self.hash) == (other.id, other.hash)

    def __hash__(self) -> int:
        return hash((self.id, self.hash))


def _state_values(shape: type[Event], state: list[Any], shapes: Shapes) -> dict[str, Any]:
    """What each state field of *shape* read, from the frozen rows; *shapes* says in which shapes they are."""
    values: dict[str, Any] = {}
    for one in shape.__ensue__.state.values():
        rows = [(id, columns) for slot, _, id, columns in state if slot == one.name]
        made = [_frozen_row(one.model, id, columns, shapes) for id, columns in rows]
        if one.kind == "related":
            values[one.name] = tuple(made)
        elif one.kind != "new":
            values[one.name] = made[0] if made else None
    return values


def _frozen_row(model: type[Model], id: str, columns: dict[str, Json], shapes: Shapes) -> Model:
    """A row as *model* reads it; where columns have come since it was frozen, the columns it has."""
    latest = newest(model)
    if may_have_changed(latest):
        shape = shape_of(latest, columns, shapes, whole=False)
        if shape is (model.__ensue__.view_of or model):
            return _row(model, id, columns)
        columns = some_brought_up(latest, columns, shapes)
    if columns.keys() == fields_of(latest).by_name.keys():
        return row_in_shape(model, columns)
    return _row(model, id, columns)


def _row(model: type[Model], id: str, columns: Mapping[str, Json]) -> Model:
    """A row of *model* from some of its columns; what is not there cannot be read."""
    fields = fields_of(model)
    known = {name: fields.by_name[name].codec.decode(value) for name, value in columns.items() if name in fields.by_name}
    return trusted(model, {"id": id, **known})


def plan_from(app: App, document: Mapping[str, Any], steps: Sequence[Step], shapes: Shapes = lambda: None) -> Plan:
    """The plan that a payload's operations and effects say, decided by these *steps*, when the tables had these *shapes*."""
    operations = operations_brought_up(app.find_model, document, shapes)
    effects = document["effects"]
    frozen: dict[tuple[str, str], dict[str, Json]] = {}
    for _, model, id, columns in document["state"]:
        latest = app.find_model(model)
        risen = some_brought_up(latest, columns, shapes) if latest is not None and may_have_changed(latest) else columns
        frozen.setdefault((model, id), {}).update(risen)
    kinds = app.effects()
    return Plan(
        tuple(_operation(app, kinds, one, frozen) for one in operations),
        tuple(_effects(kinds, effects, {step.name: step.origin for step in steps})),
        (),
        tuple(step.name for step in steps),
        tuple(one[5] for one in operations),
        tuple(one[3] for one in effects),
        tuple(operations),
        tuple(effects),
    )


def _operation(
    app: App, kinds: Mapping[str, type[Effect]], recorded: list[Any], frozen: dict[tuple[str, str], dict[str, Json]]
) -> Operation[Any]:
    kind, name, id, before, after, _ = recorded
    if kind == "cancel":
        return Cancel(effect_of(name, kinds), key=id)
    model = app.model(name)
    if kind == "insert":
        frozen[name, id] = dict(after)
        return Insert(row_of(model, after))
    standing = frozen.setdefault((name, id), {})
    if kind == "delete":
        return Delete(row_of(model, before))
    if kind == "erase":
        return Erase(_row(model, id, standing), after["purpose"])
    standing.update(before)
    row = _row(model, id, standing)
    fields = fields_of(model)
    values = {column: fields.by_name[column].codec.decode(value) for column, value in after.items()}
    standing.update(after)
    if kind == "update":
        return updated(row, values)
    return increased(row, {column: subtract(value, row.__dict__[column]) for column, value in values.items()})


def _effects(kinds: Mapping[str, type[Effect]], recorded: list[Any], origins: Mapping[str, str]) -> Iterator[Effect]:
    """The effects as their steps yielded them: one whose key is the default of its step (by name, in *origins*) had none."""
    ordinals: Counter[tuple[str, str]] = Counter()
    for kind, key, body, step in recorded:
        ordinals[step, kind] += 1
        yield effect_from_body(kinds[kind], body, None if key == f"{origins.get(step, step)}/{ordinals[step, kind]}" else key)
