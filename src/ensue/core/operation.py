"""
Operation: a change to a row, inside the transaction. Values only; nothing here touches a database.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, cast

from ensue.core.canonical import Json
from ensue.core.data import fields_of
from ensue.core.effect import Effect
from ensue.core.model import Model
from ensue.errors import DefinitionError, InvalidForm

P = ParamSpec("P")
M_co = TypeVar("M_co", covariant=True)
F_co = TypeVar("F_co", bound=Effect, covariant=True)


class Replaceable(Protocol[P, M_co]):
    """A row, by its `__replace__`: how type checkers know a model's columns from Python 3.13 on."""

    def __replace__(self, /, *args: P.args, **kwargs: P.kwargs) -> M_co: ...


class Operation(Generic[M_co]):
    """The root of the six operations. Two are equal when kind and values are."""

    __slots__ = ()

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._values() == other._values()  # type: ignore[attr-defined]  # the same type

    def __hash__(self) -> int:
        return hash((type(self), repr(self)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._values()))})"


class Insert(Operation[M_co]):
    """A new row."""

    __slots__ = ("row",)

    def __init__(self, row: M_co, /) -> None:
        self.row = row
        _check_row(self, row)
        if row.__ensue__.view_of is not None:  # type: ignore[attr-defined]  # _check_row has seen to it
            raise DefinitionError(f"Insert({type(row).__name__}): a view has only some columns; insert a whole {type(row).__ensue__.name}.")  # type: ignore[attr-defined]


class Update(Operation[M_co]):
    """New values for some columns of a row; equal values are dropped. Only columns the step's row has."""

    __slots__ = ("changes", "row")
    row: M_co
    changes: dict[str, Any]

    def __init__(self, row: Replaceable[P, M_co], /, *args: P.args, **changes: P.kwargs) -> None:
        self.row = cast(M_co, row)
        checked = _checked(self, row, changes)
        self.changes = {name: value for name, value in checked.items() if getattr(row, name) != value}


class Increase(Operation[M_co]):
    """Amounts to add to some columns (integers or decimals; negative to subtract); several add up, and stay relative in compare and correct."""

    __slots__ = ("amounts", "row")
    row: M_co
    amounts: dict[str, Any]

    def __init__(self, row: Replaceable[P, M_co], /, *args: P.args, **amounts: P.kwargs) -> None:
        self.row = cast(M_co, row)
        self.amounts = _checked(self, row, amounts)
        for name, value in self.amounts.items():
            if type(value) not in (int, Decimal):
                raise DefinitionError(f"Increase({type(row).__name__}).{name}: only integers and decimals can be increased, found {type(value).__name__}; use Update.")


class Delete(Operation[M_co]):
    """A row taken away; it is recorded whole, so a view will not do."""

    __slots__ = ("row",)

    def __init__(self, row: M_co, /) -> None:
        self.row = row
        _check_row(self, row)
        if row.__ensue__.view_of is not None:  # type: ignore[attr-defined]  # _check_row has seen to it
            raise DefinitionError(f"Delete({type(row).__name__}): the row is recorded whole; refer to {type(row).__ensue__.name}, not to a view of it.")  # type: ignore[attr-defined]


class Erase(Operation[M_co]):
    """Empty every column of *purpose* in the subject's rows and records, and cancel what is pending and carries it."""

    __slots__ = ("purpose", "row")

    def __init__(self, subject: M_co, /, purpose: str) -> None:
        self.row, self.purpose = subject, purpose
        _check_row(self, subject)
        if not type(subject).__ensue__.subject:  # type: ignore[attr-defined]  # _check_row has seen to it
            raise DefinitionError(f"Erase({type(subject).__name__}): only a subject can be erased; name the subject of this row.")
        if type(purpose) is not str or not purpose:
            raise DefinitionError(f"Erase({type(subject).__name__}): expected the name of a purpose, found {purpose!r}.")


class Cancel(Operation[F_co]):
    """Stop unfinished effects of earlier events of the event's first subject: of this kind, with this key or any; `Cancel(Effect)` means every kind."""

    __slots__ = ("effect", "key")

    def __init__(self, effect: type[F_co], /, *, key: str | None = None) -> None:
        if not (isinstance(effect, type) and issubclass(effect, Effect)):
            raise DefinitionError(f"Cancel({effect!r}): expected an effect's class.")
        self.effect, self.key = effect, key


def _check_row(operation: Operation[Any], row: Any) -> None:
    if not isinstance(row, Model):
        found = "None" if row is None else type(row).__name__
        raise DefinitionError(f"{type(operation).__name__}({found}): expected a row of a model.")


def _checked(operation: Operation[Any], row: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """The checked and normalised values of some columns."""
    _check_row(operation, row)
    fields, info, name_of_it = fields_of(type(row)), type(row).__ensue__, f"{type(operation).__name__}({type(row).__name__})"
    if not values:
        raise DefinitionError(f"{name_of_it}: name at least one column.")
    for name in values:
        if name not in fields.by_name:
            raise DefinitionError(f"{name_of_it}: no column {name!r}; it has {', '.join(fields.names)}.")
        if name == "id" or name in info.parent_columns:
            raise DefinitionError(f"{name_of_it}.{name}: ids and parents never change; insert another row instead.")
    try:
        checked = fields.validate_some(values)
    except InvalidForm as invalid:
        raise DefinitionError(f"{name_of_it}: {'; '.join(f'{one.path}: {one.message}' for one in invalid.problems)}.") from None
    return checked


def encoded_changes(row: Model, values: Mapping[str, Any]) -> dict[str, Json]:
    """The J1 values of some columns of *row*'s model."""
    return fields_of(type(row)).encode_some(values)
