"""
Diff: what one decision says and another does not, value by value.

Both sides are read from operations and effects as records hold them, so that it does not matter who decided, when, or in
which process. Increases are compared by their amounts: 100 more against 90 more differ by 10, whatever the sum was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, NamedTuple, cast

from ensue.core.app import App
from ensue.core.attempted import Attempted
from ensue.core.canonical import Json, canonical_trusted
from ensue.core.codec import Codec, subtract
from ensue.core.data import fields_of, trusted
from ensue.core.effect import Effect, effect_from_body
from ensue.core.facts import Facts
from ensue.core.frozen import frozen_rows
from ensue.core.model import Model, may_have_changed, row_of
from ensue.core.normal_form import NOTHING, Normal, RowOutcome, Value, normal_form
from ensue.core.operation import Delete, Insert, Operation, increased, updated
from ensue.core.plan import Plan
from ensue.core.record import Record
from ensue.core.version import Version
from ensue.errors import RequestError

Kind = Literal["added", "dropped", "changed"]
Outcome = Literal["same", "differs", "newly_rejected", "newly_accepted", "raised", "unreplayable"]
RAISED: Final = re.compile(r"Step [^:]+: raised [\w.]+")
RAISED_AT: Final = re.compile(r" \([^()]+:\d+\)$")
ROW: Final = re.compile(r"\b([A-Z]\w*)/[^\s,;:]+")
WHOLE = "*"
"""In place of a column: the whole row."""


class ColumnDifference(NamedTuple):
    """
    One value that differs: of one column, or with the column `*` of a whole row (None: no such row).

    `base` and `new` are the values after the event on either side, or the amounts where it is *relative*; `was` is the value before it.
    """

    kind: Kind
    model: str
    id: str
    column: str
    was: Json
    base: Json
    new: Json
    relative: bool = False

    @property
    def row(self) -> str:
        """The row's name, as `Patient/p-17`."""
        return f"{self.model}/{self.id}"


class EffectDifference(NamedTuple):
    """One effect that differs; `base` and `new` are its bodies on either side, None where it is not there."""

    kind: Kind
    effect: str
    key: str
    base: Json
    new: Json


class Side(NamedTuple):
    """
    What one decision came to: *operations* and *effects* as recorded; or why there are none.

    *rejections* are reasons as JSON. A raised error and a missing input are said in words.
    """

    operations: Sequence[Any] = ()
    effects: Sequence[Any] = ()
    rejections: Sequence[Json] = ()
    raised: str | None = None
    missing: str | None = None
    undone: bool = False
    """The event was undone by a correction: it counts as never accepted."""
    facts: Facts | None = None
    """The rows it was decided on, where they are at hand."""

    @property
    def is_accepted(self) -> bool:
        """Whether something was decided at all."""
        return not (self.rejections or self.raised or self.missing or self.undone)


@dataclass(frozen=True)
class Diff:
    """
    What *version* says of a record that *base_version* did not, value by value.

    `outcome` sums it up: same; differs; newly_rejected and newly_accepted; raised (a step failed: `raised` says where);
    unreplayable (`missing` names the input that the record does not hold). True where there is anything to see.
    """

    record: Record
    base_version: str
    version: str
    outcome: Outcome
    rows: tuple[ColumnDifference, ...] = ()
    effects: tuple[EffectDifference, ...] = ()
    others: tuple[EffectDifference, ...] = ()
    """Cancel and erase operations that differ: the effect kind, or the model, in place of an effect's kind."""
    rejections: tuple[Any, ...] = ()
    """Why the new side refuses, as JSON: code, field, message, values."""
    raised: str | None = None
    missing: str | None = None
    facts: Facts | None = field(default=None, repr=False, compare=False)
    """The rows that the new side was decided on, where they are at hand."""

    def __bool__(self) -> bool:
        return self.outcome != "same"

    @cached_property
    def added(self) -> tuple[Operation[Any] | Effect, ...]:
        """
        The operations and effects that only the new side has. More of an increase is an `Increase` by the difference.

        Raises:
            RequestError: they are about rows or columns that only another checkout has.
        """
        return tuple(objects_of(self, "added"))

    @cached_property
    def dropped(self) -> tuple[Operation[Any] | Effect, ...]:
        """The operations and effects that only the base had. Raises RequestError, as `added`."""
        return tuple(objects_of(self, "dropped"))

    @property
    def changed(self) -> tuple[ColumnDifference | EffectDifference, ...]:
        """What both sides have, with another value."""
        return (*(one for one in self.rows if one.kind == "changed"), *(one for one in self.effects if one.kind == "changed"))

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """
        What differs, without ids and values.

        As `changed Order.amount`, `added LabTask.*` (whole rows), `dropped effect sms`, `newly_rejected order.too_many`; of
        what raised the step, the exception and the line; of what is unreplayable the input.
        """
        if self.outcome == "raised":
            return (f"raised {_without_values(self.raised or '')}",)
        if self.outcome == "unreplayable":
            return (f"unreplayable {(self.missing or '').partition('/')[0]}",)
        if self.outcome == "newly_accepted":
            return (self.outcome,)
        if self.outcome == "newly_rejected":
            return tuple(sorted({f"{self.outcome} {one['code']}" for one in self.rejections})) or (self.outcome,)
        parts = {f"{one.kind} {one.model}.{one.column}" for one in self.rows}
        parts |= {f"{one.kind} effect {one.effect}" for one in (*self.effects, *self.others)}
        return tuple(sorted(parts))

    @property
    def signature(self) -> tuple[str, ...]:
        """What kind of difference this is: records that differ alike have one signature."""
        return self.parts

    def as_json(self) -> dict[str, Any]:
        """The diff as data."""
        return {
            "event": self.record.id,
            **({"attempt": self.record.attempt} if isinstance(self.record, Attempted) else {}),
            "type": self.record.type,
            "position": self.record.position,
            "subject": self.record.subject,
            "base_version": self.base_version,
            "version": self.version,
            "outcome": self.outcome,
            "rows": [one._asdict() for one in self.rows],
            "effects": [one._asdict() for one in self.effects],
            "others": [one._asdict() for one in self.others],
            "rejections": list(self.rejections),
            "raised": self.raised,
            "missing": self.missing,
        }


def _without_values(text: str) -> str:
    """An error as `told` says it, with step, exception and line, but without what it says of one record's values."""
    sentence, _, place = text.removesuffix(")").rpartition(" (") if RAISED_AT.search(text) else (text, "", "")
    raised = RAISED.match(sentence)
    words = raised[0] if raised is not None else ROW.sub(r"\1/…", sentence)[:160]
    return f"{words} ({'/'.join(place.replace(chr(92), '/').split('/')[-2:])})" if place else words


def diff_of(record: Record, base: Side, new: Side, *, base_version: str, version: str) -> Diff:
    """What *new* says of *record* that *base* did not."""
    failed = next((side for side in (new, base) if side.raised is not None or side.missing is not None), None)
    if failed is not None:
        outcome: Outcome = "raised" if failed.raised is not None else "unreplayable"
        return Diff(record, base_version, version, outcome, raised=failed.raised, missing=failed.missing)
    if base.is_accepted and new.is_accepted and is_equal(base, new):
        return Diff(record, base_version, version, "same")
    before = normal_form(base.operations, base.effects) if base.is_accepted else NOTHING
    after = normal_form(new.operations, new.effects) if new.is_accepted else NOTHING
    rows = tuple(_row_differences(before, after, record.app))
    effects = tuple(_effect_differences(before.effects, after.effects))
    others = tuple(_effect_differences({(f"{k} {n}", i): v for (k, n, i), v in before.others.items()},
                                       {(f"{k} {n}", i): v for (k, n, i), v in after.others.items()}))  # fmt: skip
    if base.is_accepted != new.is_accepted:
        outcome = "newly_accepted" if new.is_accepted else "newly_rejected"
    else:
        outcome = "differs" if rows or effects or others else "same"
    return Diff(record, base_version, version, outcome, rows, effects, others, tuple(new.rejections), facts=new.facts)


def is_equal(base: Side, new: Side) -> bool:
    """A quick look: the very same operations and effects, by the same steps."""
    one: Any = [base.operations, base.effects]
    other: Any = [new.operations, new.effects]
    return canonical_trusted(one) == canonical_trusted(other)


def says(record: Record, plan: Plan) -> bool:
    """
    A quicker look: whether *record* says the very bytes of *plan*.

    Not where a model had other shapes: there the same bytes may mean another row.
    """
    found: Any = [plan.recorded_operations, plan.recorded_effects]
    if canonical_trusted(found) != record.outcome():
        return False
    for _, name, *_ in plan.recorded_operations:
        model = record.app.find_model(name)  # type: ignore[arg-type]  # it is a text
        if model is not None and may_have_changed(model):
            return False
    return True


def _row_differences(base: Normal, new: Normal, app: App) -> Iterable[ColumnDifference]:
    for model, id in sorted(base.rows.keys() | new.rows.keys()):
        one, other = base.rows.get((model, id)), new.rows.get((model, id))
        yield from _differences_of_row(app, model, id, one or RowOutcome(), other or RowOutcome())


def _differences_of_row(app: App, model: str, id: str, base: RowOutcome, new: RowOutcome) -> Iterable[ColumnDifference]:
    if base.inserted is not None and new.inserted is not None:
        for column in sorted(base.inserted.keys() | new.inserted.keys()):
            values = base.inserted.get(column), new.inserted.get(column)
            if not same_value(*values):
                yield ColumnDifference("changed", model, id, column, None, *values)
        return
    if base.inserted is not None:
        yield ColumnDifference("dropped", model, id, WHOLE, None, base.inserted, None)
    if new.inserted is not None:
        yield ColumnDifference("added", model, id, WHOLE, None, None, new.inserted)
    if base.deleted is not None and new.deleted is None:
        yield ColumnDifference("dropped", model, id, WHOLE, base.deleted, None, base.deleted)
    if new.deleted is not None and base.deleted is None:
        yield ColumnDifference("added", model, id, WHOLE, new.deleted, new.deleted, None)
    amount = _amounts(app, model)
    for column in sorted(base.columns.keys() | new.columns.keys()):
        found = _difference_of_column(base.columns.get(column), new.columns.get(column), amount, column)
        if found is not None:
            kind, was, before, after, relative = found
            yield ColumnDifference(kind, model, id, column, was, before, after, relative)


def _difference_of_column(
    base: Value | None, new: Value | None, amount: Callable[[str, Value], Json], column: str
) -> tuple[Kind, Json, Json, Json, bool] | None:
    if base is None:
        assert new is not None, "one side has the column"
        return "added", new.was, (None if new.relative else new.was), (amount(column, new) if new.relative else new.now), new.relative
    if new is None:
        return (
            "dropped",
            base.was,
            (amount(column, base) if base.relative else base.now),
            (None if base.relative else base.was),
            base.relative,
        )
    if base.relative and new.relative:
        amounts = amount(column, base), amount(column, new)
        return None if same_value(*amounts) else ("changed", base.was, *amounts, True)
    return None if same_value(base.now, new.now) else ("changed", base.was, base.now, new.now, False)


def _amounts(app: App, model: str) -> Callable[[str, Value], Json]:
    """How much an increase added, as a J1 value."""

    def amount(column: str, value: Value) -> Json:
        if not app.has_model(model) or column not in fields_of(app.model(model)).by_name:  # only another checkout has it
            return value.now
        codec = fields_of(app.model(model)).by_name[column].codec
        return codec.encode(subtract(codec.decode(value.now), codec.decode(value.was)))

    return amount


def _effect_differences(base: Mapping[tuple[str, str], Json], new: Mapping[tuple[str, str], Json]) -> Iterable[EffectDifference]:
    for kind, key in sorted(base.keys() | new.keys()):
        if (kind, key) not in new:
            yield EffectDifference("dropped", kind, key, base[kind, key], None)
        elif (kind, key) not in base:
            yield EffectDifference("added", kind, key, None, new[kind, key])
        elif not same_value(base[kind, key], new[kind, key]):
            yield EffectDifference("changed", kind, key, base[kind, key], new[kind, key])


def same_value(one: Json, other: Json) -> bool:
    """Whether two J1 values have the same bytes; 1 is not true."""
    return one == other and canonical_trusted(one) == canonical_trusted(other)


# ---- as objects ----------------------------------------------------------------------------------------------------
def objects_of(diff: Diff, kind: Kind) -> Iterable[Operation[Any] | Effect]:
    """The operations and effects that a diff *added* or *dropped*, a row's columns together; rows as the event saw them."""
    app, record = diff.record.app, diff.record
    _check_columns(app, diff)
    seen = frozen_rows(record, record.logic)[0]
    sets: dict[tuple[str, str, bool], list[ColumnDifference]] = {}
    for one in diff.rows:
        if one.kind == kind and one.column == WHOLE:
            model = app.model(one.model)
            row = cast("dict[str, Json]", one.was if one.was is not None else one.new if kind == "added" else one.base)
            yield Insert(row_of(model, row)) if one.was is None else Delete(row_of(model, row))
        elif one.kind == kind or (kind == "added" and one.kind == "changed" and one.relative):
            sets.setdefault((one.model, one.id, one.relative), []).append(one)
    for (name, id, relative), columns in sets.items():
        model = app.model(name)
        codecs = {one.column: fields_of(model).by_name[one.column].codec for one in columns}
        values = {one.column: _value_of(codecs[one.column], one) for one in columns}
        shown = diff.facts.row(name, id) if diff.facts is not None and diff.facts.knows(name, id) else seen.get(name, {}).get(id)
        changed = _row(model, id, {**(shown or {}), **{one.column: one.was for one in columns}})
        yield increased(changed, values) if relative else updated(changed, values)
    for one_effect in diff.effects:
        if one_effect.kind == kind:
            yield _effect(diff, one_effect, one_effect.new if kind == "added" else one_effect.base)


def _check_columns(app: App, diff: Diff) -> None:
    """Rows and columns are those of this application. Raises RequestError: of another checkout there are no classes here."""
    for one in diff.rows:
        model = app.find_model(one.model)
        columns = [column for row in (one.was, one.base, one.new) for column in (row if isinstance(row, dict) else ())]
        for column in columns if one.column == WHOLE else [one.column]:
            if model is None or column not in fields_of(model).by_name:
                raise RequestError(f"{one.model}.{column} is of another checkout, so there is no operation on it here; read Diff.rows.")


def _value_of(codec: Codec, one: ColumnDifference) -> Any:
    if one.kind == "changed":  # of an increase: the difference
        return subtract(codec.decode(one.new), codec.decode(one.base))
    return codec.decode(one.new if one.kind == "added" else one.base)


def _row(model: type[Model], id: str, columns: Mapping[str, Json]) -> Model:
    fields = fields_of(model).by_name
    return trusted(model, {"id": id, **{name: fields[name].codec.decode(value) for name, value in columns.items() if name in fields}})


def _effect(diff: Diff, one: EffectDifference, body: Any) -> Effect:
    """The effect as its step yielded it: without a key where it is the default one."""
    app, type_ = diff.record.app, diff.record.type
    found: Any = app.effects()[one.effect]
    origins = {
        step.origin for version in (diff.base_version, diff.version) if version for step in app.logic(type_, Version.parse(version)).steps
    }
    step, _, ordinal = one.key.rpartition("/")
    effect: Effect = effect_from_body(found, body, None if step in origins and ordinal.isdigit() else one.key)
    return effect
