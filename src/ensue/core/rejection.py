"""
Rejection: a typed reason why an event may not happen. An answer to the caller, not an error of the program.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

from ensue.core.annotations import Namespace
from ensue.core.canonical import Json
from ensue.core.data import Data, fields_of
from ensue.errors import DefinitionError, InvalidForm, Rejected

R = TypeVar("R", bound="Rejection")


@dataclass_transform(kw_only_default=True, frozen_default=False)
class Rejection(Rejected):
    """
    One typed reason: `class Allergic(Rejection, code="medication.allergic", field="drug")`.

    The docstring is the message, with its fields in braces. `code` is for programs, `field` names the form field to mark.
    Raise it in a step; `submit` raises it to the caller, `preview` returns it in the plan.
    """

    __ensue_values__: ClassVar[type[Data]]
    code: ClassVar[str]
    field: ClassVar[str | None]

    def __init_subclass__(cls, *, code: str, field: str | None = None, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if not cls.__dict__.get("__doc__"):
            raise DefinitionError(f"{cls.__name__}: a rejection says why in its docstring; write one sentence, with fields in braces.")
        cls.code, cls.field = code, field
        names = [name for name in cls.__dict__.get("__annotations__", {}) if not name.startswith("_")]
        for name in names:
            if name in ("code", "field", "reasons", "args"):
                raise DefinitionError(f"{cls.__name__}.{name}: this name is taken by ensue itself; choose another field name.")
        cls.__ensue_values__ = _values_class(cls, names)

    if not TYPE_CHECKING:  # type checkers make one from the fields

        def __init__(self, **values: Any) -> None:
            checked = self.__ensue_values__(**values)
            self.__dict__.update(checked.__dict__)
            Exception.__init__(self, " ".join((type(self).__doc__ or "").split()).format(**checked.__dict__))

    @property
    def reasons(self) -> tuple[Rejection, ...]:
        """This reason alone."""
        return (self,)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.values() == other.values()  # type: ignore[attr-defined]  # the same type

    def __hash__(self) -> int:
        return hash((type(self), str(self)))

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), {name: self.__dict__[name] for name in fields_of(self.__ensue_values__).names})

    def values(self) -> dict[str, Json]:
        """The J1 values of the reason's fields."""
        fields = fields_of(self.__ensue_values__)
        return fields.encode({name: self.__dict__[name] for name in fields.names})

    def as_json(self) -> dict[str, Json]:
        """The reason as data: code, field, message and values."""
        return {"code": self.code, "field": self.field, "message": str(self), "values": self.values()}


def _rebuild(cls: type[R], values: dict[str, Any]) -> R:
    return cls(**values)


def _values_class(cls: type[Rejection], names: list[str]) -> type[Data]:
    """The reason's fields as a Data class, so that they are checked and encoded like every other value."""
    hints = Namespace(cls.__module__).hints(cls, {cls.__name__: cls})
    body = {"__annotations__": {name: hints[name] for name in names}, "__module__": cls.__module__}
    body.update({name: cls.__dict__[name] for name in names if name in cls.__dict__})
    try:
        return type(cls.__name__, (Data,), body)
    except InvalidForm as error:  # a default of the wrong type
        raise DefinitionError(f"{cls.__name__}: {error}") from None


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
