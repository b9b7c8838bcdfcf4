"""
Binding: from an event and the facts to what its steps receive. Ids by their paths, rows, subjects, and what is frozen.

`Binding.needs` asks for what is not known, wave by wave; `subjects` are the chains to lock; `bind` gives the loaded
event in every shape that the logic reads, and the state section of the payload.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ensue.core.canonical import Json
from ensue.core.data import fields_of
from ensue.core.event import ChildRef, Context, Event, is_whole, sent_form, whole_form, with_values
from ensue.core.facts import Facts, Needs, Query, Row
from ensue.core.identity import row_id
from ensue.core.logic import Logic, slot_of_shape
from ensue.core.marks import By
from ensue.core.model import Model, encoded_row, newest, row_key, subjects_of_row
from ensue.core.rejection import AlreadyExists, NotFound
from ensue.core.shapes import event_in_shape
from ensue.core.state import StateField
from ensue.errors import TooLarge

UNKNOWN: Any = object()


class Bound:
    """An event ready to be decided: in every shape its logic reads, with the rows it declared."""

    __slots__ = ("_shown", "events", "foreign", "new", "read", "state", "subjects")

    def __init__(self, subjects: tuple[str, ...]) -> None:
        self.subjects = subjects
        self.events: dict[type[Event], Event] = {}
        self.state: list[Json] = []
        """The state section of the payload: `[[field, model, id, {…}]…]`."""
        self.read: list[tuple[StateField, str]] = []
        """Every row the steps may see, by the state field that shows it, and its id."""
        self.foreign: list[tuple[int, str, str, tuple[str, ...]]] = []
        """Place in the state, model, id and columns of rows read from other subjects."""
        self.new: list[tuple[str, str]] = []
        """Model and id of every row the event said it would insert."""
        self._shown: dict[tuple[str, str], frozenset[str] | None] | None = None

    @property
    def shown(self) -> dict[tuple[str, str], frozenset[str] | None]:
        """Model and id of every row the steps may see, and so may change; with the columns, where only views show it."""
        if self._shown is None:
            self._shown = {}
            for one, id in self.read:
                key = (one.model_name, id)
                columns = None if one.model.__ensue__.view_of is None else fields_of(one.model).all_names
                before = self._shown.get(key, columns)
                self._shown[key] = None if before is None or columns is None else before | columns
        return self._shown


class Binding:
    """One event, its id and its logic, on the way to being decided. Its whole *form* may be given where a record holds it."""

    __slots__ = ("_complete", "_followed", "_searched", "_sent", "event", "form", "forms", "given", "id", "logic", "shaped", "targets")

    def __init__(self, event: Event, logic: Logic, id: str, form: dict[str, Json] | None = None) -> None:
        self.logic = logic
        self.id = id
        self.given = event
        self.event = _with_new_ids(event, id)
        self.form = whole_form(self.event) if form is None else form
        if len(logic.shapes) == 1:
            self.shaped, self.forms = [self.event], [self.form]
        else:
            self.shaped = [self.event if shape is type(event) else _in_shape(self.event, shape, id) for shape in logic.shapes]
            self.forms = [self.form if one is self.event else whole_form(one) for one in self.shaped]
        self.targets: list[dict[str, Any]] = [{} for _ in self.shaped]
        self._searched: Facts | None = None
        self._complete = self._followed = False
        self._sent: dict[str, Json] | None = None

    @property
    def sent(self) -> dict[str, Json]:
        """The form as sent, without the defaults: what a request digest covers."""
        if self._sent is None:
            self._sent = self.form if is_whole(self.given) else sent_form(self.given)
        return self._sent

    def split_form(self, model_fields: Any, effect_fields: Any, leaves: list[tuple[str, Json]]) -> dict[str, Json]:  # noqa: ARG002  # for forms that hold rows
        """The form with the values that have a purpose moved into *leaves*."""
        return fields_of(type(self.event)).split(self.form, "form", leaves)

    # -- what must be loaded
    def find(self, facts: Facts, needs: Needs) -> bool:
        """
        Follow every path as far as *facts* reach, and ask *needs* for the rest. True when all is known.

        May be called again and again. Where paths lead through rows it starts anew each time, since rows change within a batch.
        """
        if facts is not self._searched:
            self._searched, self._complete = facts, False
        elif self._complete and self.logic.by_form:
            return True
        if not self._followed:
            self._follow(facts)
            self._followed = self.logic.by_form
        complete = True
        for event, targets in zip(self.shaped, self.targets, strict=True):
            for one in event.__ensue__.resolution:
                target = targets[one.name]
                if target is UNKNOWN:
                    complete = False
                elif target is None:
                    continue
                elif one.kind == "related":
                    if facts.answer(target) is None:
                        complete = False
                        needs.query(target, one.limit)
                elif not facts.knows(one.model_name, target):
                    complete = False
                    needs.row(one.model_name, target)
        self._complete = complete
        return complete

    def _follow(self, facts: Facts) -> None:
        """Every target as far as *facts* reach."""
        for place, event in enumerate(self.shaped):
            form = self.forms[place]
            targets = self.targets[place] = {}
            for one in event.__ensue__.resolution:
                targets[one.name] = form.get(one.wire) if one.on_wire else self._target(place, one, targets, facts)

    def _target(self, place: int, one: StateField, targets: dict[str, Any], facts: Facts) -> Any:
        """The id that does not stand in the form itself (None where there is none), the query of a Related, or UNKNOWN."""
        if one.source is None:
            columns, values = [], []
            for column, wanted in (one.columns or {}).items():
                value = (
                    self._value(place, wanted, targets, facts)
                    if isinstance(wanted, By)
                    else fields_of(newest(one.model)).by_name[column].codec.encode(wanted)
                )
                if value is UNKNOWN:
                    return UNKNOWN
                columns.append(column)
                values.append(value)
            return one.model_name, tuple(columns), tuple(values)
        return self._value(place, one.source, targets, facts)

    def _value(self, place: int, path: By, targets: dict[str, Any], facts: Facts) -> Any:
        head = self.shaped[place].__ensue__.state.get(path.head)
        if head is None:
            value: Any = self.forms[place][path.head]
            for part in filter(None, path.column.split(".")):
                value = None if value is None else value[part]
            return value
        id = targets.get(head.name)
        if id is None or id is UNKNOWN or not path.column:
            return id
        if not facts.knows(head.model_name, id):
            return UNKNOWN
        row = facts.instance(head.model, id)
        return None if row is None else encoded_row(row)[path.column]

    def recall(self, facts: Facts, slots: Mapping[str, Mapping[str, Row]]) -> None:
        """
        Follow every path over what a record froze: *facts* know its rows, *slots* which of them each state field had.

        What was looked for and is not there was not there: the record of a decision holds all that it knew.
        """
        for place, event in enumerate(self.shaped):
            form = self.forms[place]
            targets = self.targets[place] = {}
            for one in event.__ensue__.resolution:
                target: Any = form.get(one.wire) if one.on_wire else self._target(place, one, targets, facts)
                targets[one.name] = target
                if one.kind == "related":
                    facts.learn_answer(target, slots.get(self._slot(place, one)[0], {}))
                elif target is not None:
                    facts.learn_absent(one.model_name, target)
        self._searched, self._complete = facts, True

    def under(self, logic: Logic) -> Binding:
        """The same event under another logic: lifted or brought down to its shape. Raises StepError where that fails."""
        return Binding(_in_shape(self.event, logic.shape, self.id), logic, self.id)

    # -- what must be locked
    def subjects(self, facts: Facts) -> tuple[str, ...]:
        """The chains of the event, its own first. All must be known (`find` gave True); a row that is not there adds none."""
        info = self.event.__ensue__
        found: dict[str, None] = {}
        if info.system is not None:
            found[f"system/{info.system}"] = None
        for event, targets in zip(self.shaped, self.targets, strict=True):
            for one in event.__ensue__.locking:
                id = targets.get(one.name)
                if id is None:
                    continue
                row = facts.row(one.model_name, id) if one.kind == "ref" else None
                if row is None and one.kind == "ref":
                    continue
                for subject in subjects_of_row(newest(one.model), id, row):
                    found[subject] = None
        return tuple(found)

    def subjects_by_form(self) -> tuple[str, ...] | None:
        """The chains of the event where the form alone names them, without a look at any row; else None."""
        info = self.event.__ensue__
        found: dict[str, None] = {f"system/{info.system}": None} if info.system is not None else {}
        for place, event in enumerate(self.shaped):
            state = event.__ensue__.state
            named: dict[str, list[str]] = {}
            if event.__ensue__.has_child_refs:
                for one in event.__ensue__.locking:
                    if one.kind == "ref" and one.source is None and (id := self.forms[place].get(one.wire)) is not None:
                        named.setdefault(one.model_name, []).append(str(id))
            for one in event.__ensue__.locking:
                if one.source is not None and not (one.source.head not in state and not one.source.column):
                    return None
                id = self.forms[place].get(one.wire if one.source is None else one.source.head)
                if id is None:
                    continue
                if one.model.__ensue__.subject:
                    found[row_key(one.model, str(id))] = None
                if one.kind == "ref":
                    for parent in one.model.__ensue__.parents:
                        ids = named.get(parent.__ensue__.name, [])
                        if len(ids) != 1:
                            return None
                        found[row_key(parent, ids[0])] = None
        return tuple(found)

    # -- what the steps receive
    def bind(self, facts: Facts, context: Context, subjects: tuple[str, ...], *, freezing: bool = True) -> Bound:
        """
        The event in every shape its logic reads, loaded and frozen; without *freezing* no record will be made of it.

        Raises:
            NotFound: a Ref leads to no row, or to a row of another parent than the event's.
            AlreadyExists: a New row stands already.
            TooLarge: a Related has more rows than its limit.
        """
        bound = Bound(subjects)
        for place, event in enumerate(self.shaped):
            info, targets = event.__ensue__, self.targets[place]
            values: dict[str, Any] = {}
            for name, one in info.state.items():
                values[name] = _read(one, targets[name], facts, bound)
            for child in info.child_refs:
                _check_parents(child, values, facts)
            if freezing:
                self._freeze(place, values, facts, bound)
            bound.events[type(event)] = self._loaded(event, values, context)
        return bound

    def _loaded(self, event: Event, values: Mapping[str, Any], context: Context) -> Event:
        """*event* with the state that was read, and what it may know of the world."""
        return with_values(event, values, context)

    def _freeze(self, place: int, values: Mapping[str, Any], facts: Facts, bound: Bound) -> None:
        """Freeze what the state fields of the shape at *place* read; what an earlier one has frozen is not frozen twice."""
        for name, one in self.shaped[place].__ensue__.state.items():
            slot, is_fresh = self._slot(place, one)
            if not is_fresh or one.kind == "new":
                continue
            value = values[name]
            for row in value if one.kind == "related" else (value,):
                if row is not None:
                    _freeze(one, row.id, facts, bound, slot)

    def _slot(self, place: int, one: StateField) -> tuple[str, bool]:
        """
        The name under which a state field of the shape at *place* is frozen, and whether it is the first to freeze that.

        It is the field's own, unless an earlier shape has frozen something else under it.
        """
        for event, targets in zip(self.shaped[:place], self.targets, strict=False):
            earlier = event.__ensue__.state.get(one.name)
            if earlier is not None:
                is_same = (earlier.kind, targets[one.name]) == (one.kind, self.targets[place][one.name])
                return (one.name, False) if is_same else (slot_of_shape(type(self.shaped[place]), one.name), True)
        return one.name, True


def _in_shape(event: Event, shape: type[Event], id: str) -> Event:
    """*event* in another shape; a row to come has one id in all of them, also where `up` or `down` leaves it out."""
    shaped = event_in_shape(event, shape)
    common = {
        one.name: event.__dict__[one.name]
        for one in shape.__ensue__.state.values()
        if one.kind == "new" and one.name not in shaped.__dict__ and event.__ensue__.state.get(one.name) == one
    }
    return _with_new_ids(with_values(shaped, common, None), id)


def _with_new_ids(event: Event, id: str) -> Event:
    """*event* with the ids of `New` fields that the caller left out, derived from the event's id and the field's name."""
    if not event.__ensue__.new:
        return event
    missing = {one.name: row_id(id, one.name) for one in event.__ensue__.new if one.name not in event.__dict__}
    return with_values(event, missing, None) if missing else event


def _read(one: StateField, target: Any, facts: Facts, bound: Bound) -> Any:
    """The value of one state field."""
    if one.kind == "related":
        return _read_related(one, target, facts, bound)
    if one.kind == "new":
        if facts.row(one.model_name, target) is not None:
            raise AlreadyExists(model=one.model_name, fields="id")
        bound.new.append((one.model_name, target))
        return target
    row = None if target is None else facts.instance(one.model, target)
    if row is None:
        if one.optional and (target is None or one.kind == "lookup"):
            return None
        raise NotFound(model=one.model_name, id="" if target is None else str(target))
    bound.read.append((one, row.id))
    return row


def _read_related(one: StateField, query: Query, facts: Facts, bound: Bound) -> tuple[Model, ...]:
    ids = facts.answer(query)
    assert ids is not None, "find() has asked for every query"
    if len(ids) > one.limit:
        raise TooLarge(f"{one.name}: more than {one.limit} rows of {query[0]} are related; narrow related(…), or raise limit=.")
    rows = []
    for id in sorted(ids):
        row = facts.instance(one.model, id)
        assert row is not None, "answers hold only rows that are there"
        bound.read.append((one, id))
        rows.append(row)
    return tuple(rows)


def _freeze(one: StateField, id: str, facts: Facts, bound: Bound, slot: str) -> None:
    """Freeze under *slot* what the field declares of a row: its columns in the newest shape, of a view only its own."""
    model, view_of = one.model_name, one.model.__ensue__.view_of
    frozen = whole = facts.row(model, id)
    assert whole is not None, "the row was just read"
    if view_of is not None and view_of.__ensue__.followed_by is None:  # an older shape's columns come from the whole row, by down
        frozen = {column: whole[column] for column in fields_of(one.model).names}
    bound.state.append([slot, model, id, frozen])
    if one.kind != "ref":  # a Ref's subjects are the event's
        subjects = subjects_of_row(newest(one.model), id, whole)
        if not subjects or not set(subjects).issubset(bound.subjects):
            bound.foreign.append((len(bound.state) - 1, model, id, tuple(frozen or ())))


def _check_parents(child: ChildRef, values: dict[str, Any], facts: Facts) -> None:
    """A Ref to a child agrees with the event's own Refs to its parent, else the child is not found: nobody reaches another's row."""
    name, model, column, parents = child
    own = values[name]
    if own is None:
        return
    row, is_named = facts.row(model, own.id), False
    assert row is not None, "the row was just read"
    for parent in parents:
        other = values[parent]
        if other is not None:
            if other.id == row[column]:
                return
            is_named = True
    if is_named:
        raise NotFound(model=model, id=own.id)
