"""Operation: a change to a row, inside the transaction. Values only; nothing here touches a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, cast

from ensue.core.codec import Codec
from ensue.core.data import fields_of
from ensue.core.effect import Effect
from ensue.core.fields import Fields
from ensue.core.model import Model
from ensue.errors import CanonicalError, DefinitionError, InvalidForm

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
        names: tuple[str, ...] = self.__slots__
        return tuple(getattr(self, name) for name in names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Operation) and type(self) is type(other) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), repr(self)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._values()))})"


class Insert(Operation[M_co]):
    """A new row."""

    __slots__ = ("row",)

    def __init__(self, row: M_co, /) -> None:
        self.row = row
        checked = _check_row(self, row)
        if checked.__ensue__.view_of is not None:
            raise DefinitionError(f"Insert({type(row).__name__}): a view has only some columns; insert a whole {checked.__ensue__.name}.")
        if not checked.id:
            raise DefinitionError(f"Insert({type(row).__name__}).id: a row has an id; take event.new_id(label).")


class Update(Operation[M_co]):
    """New values for some columns of a row; equal values are dropped, and named in `unchanged`. Only columns the step's row has."""

    __slots__ = ("changes", "row", "unchanged")
    row: M_co
    changes: dict[str, Any]
    unchanged: tuple[str, ...]

    def __init__(self, row: Replaceable[P, M_co], /, *args: P.args, **changes: P.kwargs) -> None:
        self.row = cast(M_co, row)
        if args:
            raise _nameless(self, args)
        checked = _checked(self, row, changes)
        self.changes = {name: value for name, value in checked.items() if getattr(row, name) != value}
        self.unchanged = () if len(self.changes) == len(checked) else tuple(name for name in checked if name not in self.changes)

    def _values(self) -> tuple[Any, ...]:
        return (self.row, self.changes)


class Increase(Operation[M_co]):
    """
    Amounts to add to some columns: integers or decimals, negative to subtract.

    Several add up, and stay relative in compare and correct.
    """

    __slots__ = ("amounts", "row")
    row: M_co
    amounts: dict[str, Any]

    def __init__(self, row: Replaceable[P, M_co], /, *args: P.args, **amounts: P.kwargs) -> None:
        self.row = cast(M_co, row)
        if args:
            raise _nameless(self, args)
        fields = _columns(self, row, amounts)
        self.amounts = {
            name: _amount(f"Increase({type(row).__name__}).{name}", fields.by_name[name].codec, value) for name, value in amounts.items()
        }


class Delete(Operation[M_co]):
    """A row taken away; it is recorded whole, so a view will not do."""

    __slots__ = ("row",)

    def __init__(self, row: M_co, /) -> None:
        self.row = row
        checked = _check_row(self, row)
        if checked.__ensue__.view_of is not None:
            raise DefinitionError(
                f"Delete({type(row).__name__}): the row is recorded whole; refer to {checked.__ensue__.name}, not to a view of it."
            )


class Erase(Operation[M_co]):
    """Empty every column of *purpose* in the subject's rows and records, and cancel what is pending and carries it."""

    __slots__ = ("purpose", "row")

    def __init__(self, subject: M_co, /, purpose: str) -> None:
        self.row, self.purpose = subject, purpose
        if not _check_row(self, subject).__ensue__.subject:
            raise DefinitionError(f"Erase({type(subject).__name__}): only a subject can be erased; name the subject of this row.")
        if type(purpose) is not str or not purpose:
            raise DefinitionError(f"Erase({type(subject).__name__}): expected the name of a purpose, found {purpose!r}.")


class Cancel(Operation[F_co]):
    """
    Stop unfinished effects of earlier events of the event's first subject: of this kind, with this key or any.

    `Cancel(Effect)` means every kind.
    """

    __slots__ = ("effect", "key")

    def __init__(self, effect: type[F_co], /, *, key: str | None = None) -> None:
        self.effect, self.key = effect, key
        given: object = effect
        if not (isinstance(given, type) and issubclass(given, Effect)):
            raise DefinitionError(f"Cancel({given!r}): expected an effect's class.")


def _check_row(operation: Operation[Any], row: object) -> Model:
    if not isinstance(row, Model):
        found = "None" if row is None else type(row).__name__
        raise DefinitionError(f"{type(operation).__name__}({found}): expected a row of a model.")
    return row


def _nameless(operation: Operation[Any], values: tuple[Any, ...]) -> DefinitionError:
    kind = type(operation).__name__
    return DefinitionError(f"{kind}: columns are named, found {values[0]!r:.80} without a name; write {kind}(row, column=value).")


def _columns(operation: Operation[Any], row: object, names: Iterable[str]) -> Fields:
    """The fields of *row*, of which *names* may change."""
    model = type(_check_row(operation, row))
    fields, parents = fields_of(model), model.__ensue__.parent_columns
    if not names:
        raise DefinitionError(f"{type(operation).__name__}({model.__name__}): name at least one column.")
    for name in names:
        if name not in fields.by_name:
            raise DefinitionError(f"{type(operation).__name__}({model.__name__}): no column {name!r}; it has {', '.join(fields.names)}.")
        if name == "id" or name in parents:
            raise DefinitionError(
                f"{type(operation).__name__}({model.__name__}).{name}: ids and parents never change; insert another row instead."
            )
    return fields


def _checked(operation: Operation[Any], row: object, values: Mapping[str, Any]) -> dict[str, Any]:
    """The checked and normalised values of some columns."""
    try:
        return _columns(operation, row, values).validate_some(values)
    except InvalidForm as invalid:
        listed = "; ".join(f"{one.path}: {one.message}" for one in invalid.problems)
        raise DefinitionError(f"{type(operation).__name__}({type(row).__name__}): {listed}.") from None


def _amount(what: str, codec: Codec, amount: Any) -> Any:
    """A checked amount: of the column's type, but not under its constraints, which are for the sum."""
    expected = {"integer": int, "decimal": Decimal}.get(codec.kind)
    if expected is None:
        raise DefinitionError(f"{what}: only integers and decimals can be increased; use Update.")
    if type(amount) is not expected:
        raise DefinitionError(f"{what}: expected an amount of type {expected.__name__}, found {amount!r:.80}.")
    try:
        return codec.decode(codec.encode(amount))
    except CanonicalError as error:
        raise DefinitionError(f"{what}: {error}.") from None


# ---- trusted: what was checked when it was decided --------------------------------------------------------------------
def updated(row: Model, changes: dict[str, Any]) -> Operation[Any]:
    """An `Update` of checked values that all differ."""
    made: Update[Any] = object.__new__(Update)
    made.row, made.changes, made.unchanged = row, changes, ()
    return made


def increased(row: Model, amounts: dict[str, Any]) -> Operation[Any]:
    """An `Increase` by checked amounts."""
    made: Increase[Any] = object.__new__(Increase)
    made.row, made.amounts = row, amounts
    return made
