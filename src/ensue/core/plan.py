"""Plan: what follows from an event. One object for preview, submit, replay and compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from ensue.core.canonical import Json
from ensue.core.data import fields_of, set_values, trusted
from ensue.core.effect import Effect
from ensue.core.model import Model, newest
from ensue.core.operation import Increase, Insert, Operation, Update
from ensue.core.rejection import Rejection
from ensue.core.shapes import row_brought_up, row_in_shape

M = TypeVar("M", bound=Model)
F = TypeVar("F", bound=Effect)


@dataclass(frozen=True)
class Plan:
    """
    Operations, effects and the steps they came from; or why not.

    `operations[i]` came from the step `operation_steps[i]`, likewise for effects. `recorded_operations` and
    `recorded_effects` are the same as they stand in a record's payload (design §5), before and after included; two plans
    are equal when these are, whatever shape or view of a row a step wrote through.
    """

    operations: tuple[Operation[Any], ...] = field(default=(), compare=False)
    effects: tuple[Effect, ...] = field(default=(), compare=False)
    rejections: tuple[Rejection, ...] = ()
    steps: tuple[str, ...] = ()
    operation_steps: tuple[str, ...] = field(default=(), compare=False)
    effect_steps: tuple[str, ...] = field(default=(), compare=False)
    recorded_operations: tuple[list[Json], ...] = ()
    recorded_effects: tuple[list[Json], ...] = ()

    @property
    def is_rejected(self) -> bool:
        """Whether the event may not happen."""
        return bool(self.rejections)

    def inserted(self, model: type[M]) -> tuple[M, ...]:
        """The rows of *model* that come into being, as they were inserted; a step may have written them in another shape of it."""
        return tuple(_in_shape(one.row, model) for one in self.operations if isinstance(one, Insert) and _is_of(one.row, model))

    def updated(self, model: type[M]) -> tuple[M, ...]:
        """The rows of *model* that change, once each, as they stand afterwards; a row that was read through a view is that view."""
        rows: dict[str, Model] = {}
        for one in self.operations:
            if isinstance(one, (Update, Increase)) and _is_of(one.row, model):
                rows.setdefault(one.row.id, one.row)
        return tuple(_in_shape(self.row(row), model) for row in rows.values())

    def planned(self, effect: type[F]) -> tuple[F, ...]:
        """The effects of this class."""
        return tuple(one for one in self.effects if isinstance(one, effect))

    def row(self, row: M) -> M:
        """*row*, which the plan's event read or inserts, as it stands after this plan."""
        model, id = row.__ensue__.name, row.id
        changes: dict[str, Json] = {}
        for kind, name, changed, _, after, _ in self.recorded_operations:
            if changed == id and name == model and kind in ("insert", "update", "increase"):
                changes |= cast(dict[str, Json], after)
        if not changes:
            return row
        if newest(type(row)) in (type(row), type(row).__ensue__.view_of):
            columns = fields_of(type(row)).by_name
            decoded = {name: columns[name].codec.decode(value) for name, value in changes.items() if name in columns}
            return trusted(type(row), {**row.__dict__, **decoded})
        return row_in_shape(type(row), {**row_brought_up(row, None), **changes})


def decided_plan(
    operations: Sequence[Operation[Any]],
    effects: Sequence[Effect],
    steps: Sequence[str],
    operation_steps: Sequence[str],
    effect_steps: Sequence[str],
    recorded_operations: Sequence[list[Json]],
    recorded_effects: Sequence[list[Json]],
) -> Plan:
    """A plan without rejections, of copies. Written past the freeze in one go: every decision makes one."""
    plan = Plan.__new__(Plan)
    values = {
        "operations": tuple(operations),
        "effects": tuple(effects),
        "rejections": (),
        "steps": tuple(steps),
        "operation_steps": tuple(operation_steps),
        "effect_steps": tuple(effect_steps),
        "recorded_operations": tuple(recorded_operations),
        "recorded_effects": tuple(recorded_effects),
    }
    set_values(plan, "__dict__", values)
    return plan


def _is_of(row: Model, model: type[Model]) -> bool:
    return row.__ensue__.name == model.__ensue__.name


def _in_shape(row: Model, model: type[M]) -> M:
    """*row* as *model* reads it; a view stays what it is, since it has not all columns."""
    if isinstance(row, model) or row.__ensue__.view_of is not None:
        return cast(M, row)
    return row_in_shape(model, row_brought_up(row, None))
