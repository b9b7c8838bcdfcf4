"""
Items: what a test expects and what a plan holds, brought to one form, so that J1 values can be compared with J1 values.

Rows in an older shape of their model are brought up to the newest, as the ledger does when it writes them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from ensue.core.canonical import Json
from ensue.core.codec import Codec, add, subtract
from ensue.core.data import fields_of
from ensue.core.effect import Effect, effect_body
from ensue.core.model import Model, encoded_row, newest
from ensue.core.operation import Cancel, Delete, Erase, Increase, Insert, Operation, Update
from ensue.core.plan import Plan
from ensue.core.rejection import Rejection
from ensue.core.shapes import changes_brought_up, row_brought_up, row_in_shape

ANY_ID: Final = "<any id>"
"""Where a test expects an id, or any other text, that it does not care to name: `Insert(Visit(id=ANY_ID, …))`."""

Row = dict[str, Json]
Rows = dict[tuple[str, str], Row]
"""Rows as J1 values in the newest shape, by model and id."""
Expected = Operation[Any] | Effect | Rejection
"""What may be expected of an event."""


@dataclass(frozen=True)
class Item:
    """
    One operation, effect or rejection: what it is, which one, and its values.

    `id` is a row's id, the key of an effect or of what is cancelled, or None where a rejection, or any key, is meant.
    `has_default_key`: an effect whose key is what a step's name and the ordinal give (design §7), or that a test expects
    without a key. `origin` is the step it came from, for people.
    """

    kind: str
    name: str
    id: str | None
    values: Mapping[str, Json]
    has_default_key: bool = False
    origin: str | None = None

    def matches(self, found: Item) -> bool:
        """Whether *found* is what this one, which was expected, says."""
        return (
            (self.kind, self.name) == (found.kind, found.name)
            and (fits(self.id, found.id) or (self.has_default_key and found.has_default_key))
            and self.values.keys() == found.values.keys()
            and all(fits(value, found.values[name]) for name, value in self.values.items())
        )

    @property
    def title(self) -> str:
        """What it is in a line: `Insert Visit/v-1`, `Sms`, `Overdrawn`."""
        if self.kind in ("Effect", "Rejection"):
            return self.name if self.id is None else f"{self.name}, key {self.id}"
        if self.kind == "Cancel":
            return f"Cancel {self.name}, {'any key' if self.id is None else f'key {self.id}'}"
        return f"{self.kind} {self.name}/{self.id}"


def fits(expected: Json, found: Json) -> bool:
    """Whether *found* is the expected value; `ANY_ID` in its place, or nested in it, fits every text."""
    if expected == ANY_ID:
        return isinstance(found, str)
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(fits(value, found[name]) for name, value in expected.items())
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(fits, expected, found))
    return type(expected) is type(found) and expected == found


# ---- what a plan holds ---------------------------------------------------------------------------------------------
def items_of_plan(plan: Plan, origins: Mapping[str, str]) -> list[Item]:
    """
    Everything a plan holds, as it stands in the record.

    *origins* are the names under which steps make default keys, by their own names (`Step.origin`).
    """
    items = [
        _recorded(operation, recorded, step)
        for operation, recorded, step in zip(plan.operations, plan.recorded_operations, plan.operation_steps, strict=True)
    ]
    ordinals: Counter[tuple[str, Json]] = Counter()
    for effect, (kind, key, body, _), step in zip(plan.effects, plan.recorded_effects, plan.effect_steps, strict=True):
        ordinals[step, kind] += 1
        is_default = key == f"{origins[step]}/{ordinals[step, kind]}"
        items.append(Item("Effect", type(effect).__name__, str(key), _object(body), is_default, step))
    return items + [_rejection(one) for one in plan.rejections]


def _recorded(operation: Operation[Any], recorded: Sequence[Json], step: str) -> Item:
    kind, name, id, before, after, _ = recorded
    if isinstance(operation, Cancel):
        return _cancel(operation, step)
    values = {} if isinstance(operation, Delete) else _object(after)
    if isinstance(operation, Insert):
        values = {column: value for column, value in values.items() if column != "id"}
    if isinstance(operation, Increase):
        values = _amounts(newest(type(operation.row)), _object(before), values)
    return Item(str(kind).capitalize(), str(name), str(id), values, origin=step)


def _object(value: Json) -> Row:
    assert isinstance(value, dict)
    return value


# ---- what a test expects -------------------------------------------------------------------------------------------
def items_expected(expected: Sequence[Expected], standing: Rows) -> list[Item]:
    """
    What a test says must follow. *standing* are the rows that an update or increase may be of, before it.

    An update or increase that changes nothing is left out, as the ledger leaves it out.
    """
    items = [_expected(one, standing) for one in expected]
    return [one for one in items if one.values or one.kind not in ("Update", "Increase")]


def _expected(one: Expected, standing: Rows) -> Item:
    match one:
        case Effect():
            return Item("Effect", type(one).__name__, one.key, effect_body(one), one.key is None)
        case Rejection():
            return _rejection(one)
        case Cancel():
            return _cancel(one)
        case Insert():
            row = row_brought_up(one.row, None)
            return Item("Insert", _name(one.row), str(row.pop("id")), row)
        case Update():
            return Item("Update", _name(one.row), one.row.id, changes_brought_up(one.row, one.changes, _present(one.row, standing)))
        case Increase():
            return Item("Increase", _name(one.row), one.row.id, _increase(one, _present(one.row, standing)))
        case Delete():
            return Item("Delete", _name(one.row), one.row.id, {})
        case Erase():
            return Item("Erase", _name(one.row), one.row.id, {"purpose": one.purpose})
    raise TypeError(f"then() takes operations, effects and rejections, found {one!r:.80}")


def _name(row: Model) -> str:
    return row.__ensue__.name


def _present(row: Model, standing: Rows) -> Row:
    """*row* as it stands in the newest shape; where there is none, as the test itself says it is."""
    known = standing.get((_name(row), row.id))
    if known is not None:
        return known
    return encoded_row(row) if row.__ensue__.view_of is not None else row_brought_up(row, None)


def _increase(one: Increase[Any], present: Row) -> Row:
    """The amounts by columns of the newest shape."""
    model = type(one.row)
    if newest(model) is model or model.__ensue__.view_of is not None:
        return {column: _amount(fields_of(model).by_name[column].codec, amount) for column, amount in one.amounts.items() if amount}
    row: Any = row_in_shape(model, present)
    after = changes_brought_up(one.row, {column: add(getattr(row, column), amount) for column, amount in one.amounts.items()}, present)
    return _amounts(newest(model), present, after)


def _amounts(model: type[Model], before: Row, after: Row) -> Row:
    """By how much columns differ."""
    codecs = {name: one.codec for name, one in fields_of(model).by_name.items()}
    return {
        column: _amount(codecs[column], subtract(codecs[column].decode(value), codecs[column].decode(before[column])))
        for column, value in after.items()
    }


def _amount(codec: Codec, amount: int | Decimal) -> Json:
    return codec.encode(amount)


def _cancel(one: Cancel[Any], origin: str | None = None) -> Item:
    return Item("Cancel", one.effect.__name__, one.key, {}, origin=origin)


def _rejection(one: Rejection) -> Item:
    return Item("Rejection", type(one).__name__, None, one.values())
