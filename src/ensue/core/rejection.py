"""Rejection: a typed reason why an event may not happen. An answer to the caller, not an error of the program."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from string import Formatter
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

from ensue.core.canonical import Json
from ensue.core.data import Data, fields_of
from ensue.errors import DefinitionError, Rejected

R = TypeVar("R", bound="Rejection")


class Reason(Data):
    """The fields of a rejection, checked and encoded like every other value."""

    __slots__ = ()
    __ensue_reserved__ = frozenset({"args", "as_json", "code", "field", "reasons", "values"})


@dataclass_transform(kw_only_default=True, frozen_default=False)
class Rejection(Rejected):
    """
    One typed reason: `class Allergic(Rejection, code="medication.allergic", field="drug")`.

    The docstring is the message, with its fields in braces. `code` is for programs, `field` names the form field to mark.
    Raise it in a step; `submit` raises it to the caller, `preview` returns it in the plan.

    Raises:
        DefinitionError: at the class statement: no docstring, or one that names no field; a field's type or name cannot be.
    """

    __ensue_reason__: ClassVar[type[Reason]] = Reason
    code: ClassVar[str]
    field: ClassVar[str | None]

    def __init_subclass__(cls, *, code: str, field: str | None = None, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.code, cls.field = code, field
        cls.__ensue_reason__ = _reason_of(cls)
        _check_message(cls)

    if not TYPE_CHECKING:  # type checkers make one from the fields

        def __init__(self, **values: Any) -> None:
            self.__dict__.update(self.__ensue_reason__(**values).__dict__)
            Exception.__init__(self, _message_of(type(self)).format(**self.__dict__))

    @property
    def reasons(self) -> tuple[Rejection, ...]:
        """This reason alone."""
        return (self,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rejection) and type(self) is type(other) and self.values() == other.values()

    def __hash__(self) -> int:
        return hash((type(self), str(self)))

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), {name: self.__dict__[name] for name in fields_of(self.__ensue_reason__).names})

    def values(self) -> dict[str, Json]:
        """The J1 values of the reason's fields."""
        fields = fields_of(self.__ensue_reason__)
        return fields.encode({name: self.__dict__[name] for name in fields.names})

    def as_json(self) -> dict[str, Json]:
        """The reason as data: code, field, message and values."""
        return {"code": self.code, "field": self.field, "message": str(self), "values": self.values()}


def _rebuild(cls: type[R], values: dict[str, Any]) -> R:
    return cls(**values)


def _reason_of(cls: type[Rejection]) -> type[Reason]:
    """The class of the fields that *cls* declares, over those that it inherits."""
    declared = inspect.get_annotations(cls)
    body: dict[str, Any] = {name: cls.__dict__[name] for name in declared if name in cls.__dict__}
    body |= {"__annotations__": declared, "__module__": cls.__module__, "__qualname__": cls.__qualname__}
    return type(cls.__name__, (cls.__ensue_reason__,), body)


def _message_of(cls: type[Rejection]) -> str:
    return " ".join((cls.__dict__["__doc__"] or "").split())


def _check_message(cls: type[Rejection]) -> None:
    if not _message_of(cls):
        raise DefinitionError(f"{cls.__name__}: a rejection says why in its docstring; write one sentence, with fields in braces.")
    names = {name for base in cls.__mro__ if issubclass(base, Rejection) for name in inspect.get_annotations(base)}
    try:
        wanted = [name.partition(".")[0].partition("[")[0] for _, name, _, _ in Formatter().parse(_message_of(cls)) if name is not None]
    except ValueError as error:
        raise DefinitionError(f"{cls.__name__}: its docstring is no message: {error}; write a brace that is meant as such twice.") from None
    for name in wanted:
        if name not in names or name in ("code", "field"):
            raise DefinitionError(
                f"{cls.__name__}.{name}: the message names a field that is not declared; declare `{name}: str`, or rename it."
            )


class Rejections(Rejected):
    """Several reasons at once: `raise Rejections([TooYoung(...), NoConsent()])`."""

    def __init__(self, reasons: Sequence[Rejection]) -> None:
        if not reasons:
            raise DefinitionError("Rejections([]): a refusal needs at least one reason.")
        super().__init__(reasons)


class NotFound(Rejection, code="not_found"):
    """There is no {model} {id}."""

    model: str
    id: str


class AlreadyExists(Rejection, code="already_exists"):
    """There is a {model} with the same {fields} already."""

    model: str
    fields: str
