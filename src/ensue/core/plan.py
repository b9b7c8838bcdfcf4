"""
Plan: what follows from an event. One object for preview, submit, replay and compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from ensue.core.canonical import Json
from ensue.core.data import trusted
from ensue.core.effect import Effect
from ensue.core.model import Model
from ensue.core.operation import Delete, Increase, Insert, Operation, Update
from ensue.core.rejection import Rejection

M = TypeVar("M", bound=Model)
F = TypeVar("F", bound=Effect)


@dataclass(frozen=True)
class Plan:
    """
    Operations, effects and the steps they came from; or why not.

    `operations[i]` came from the step `operation_steps[i]`, likewise for effects. `recorded_operations` and
    `recorded_effects` are the same as they stand in a record's payload (design §5), before and after included.
    """

    operations: tuple[Operation[Any], ...] = ()
    effects: tuple[Effect, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    steps: tuple[str, ...] = ()
    operation_steps: tuple[str, ...] = ()
    effect_steps: tuple[str, ...] = ()
    recorded_operations: tuple[list[Json], ...] = ()
    recorded_effects: tuple[list[Json], ...] = ()

    @property
    def is_rejected(self) -> bool:
        """Whether the event may not happen."""
        return bool(self.rejections)

    def inserted(self, model: type[M]) -> tuple[M, ...]:
        """The rows of *model* that come into being."""
        return tuple(one.row for one in self.operations if isinstance(one, Insert) and _is_of(one.row, model))

    def updated(self, model: type[M]) -> tuple[M, ...]:
        """The rows of *model* that change, once each, as they stand afterwards."""
        rows: dict[str, M] = {}
        for one in self.operations:
            if isinstance(one, (Update, Increase)) and _is_of(one.row, model):
                rows.setdefault(cast(Model, one.row).id, cast(M, one.row))
        return tuple(self.row(row) for row in rows.values())

    def planned(self, effect: type[F]) -> tuple[F, ...]:
        """The effects of this class."""
        return tuple(one for one in self.effects if isinstance(one, effect))

    def row(self, row: M) -> M:
        """*row* as it stands after this plan; a row this plan inserts may be given as it was inserted."""
        return row_after(row, self.operations)


def _is_of(row: Any, model: type[Model]) -> bool:
    return isinstance(row, model) or (isinstance(row, Model) and row.__ensue__.name == model.__ensue__.name and row.__ensue__.view_of is model)


def row_after(row: M, operations: Sequence[Operation[Any]]) -> M:
    """*row* with the updates and increases that *operations* hold for it, in its own shape."""
    values = dict(row.__dict__)
    name, id = row.__ensue__.name, row.id
    for one in operations:
        if isinstance(one, (Update, Increase, Delete)) and one.row.__ensue__.name == name and one.row.id == id:
            if isinstance(one, Update):
                values.update({column: value for column, value in one.changes.items() if column in values})
            elif isinstance(one, Increase):
                values.update({column: values[column] + amount for column, amount in one.amounts.items() if column in values})
    return cast(M, trusted(type(row), values))
